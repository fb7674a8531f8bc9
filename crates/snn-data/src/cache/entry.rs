//! Entries of a cache on disk: files that say what they were made from.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `SNNCACHE` |
//! | 4 | version of this layout |
//! | 64 | fingerprint of the cache |
//! | 8, n | length and path of the recording |
//! | 8, n | length and part of the recording |
//! | 8 | copy |
//! | 48 | length of the recording's file, times of its last write and change in ns, its inode |
//! | 8 | class |
//! | n | the packed sample |
//! | 4 | CRC-32 of all before |
//!
//! All numbers are little-endian.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::state::FileState;
use crate::dataset::Origin;
use crate::replace::{TEMPORARY, replace_with};

const MAGIC: &[u8] = b"SNNCACHE";
/// Raised whenever the layout changes.
const VERSION: u32 = 1;
/// Of the names of entries.
const EXTENSION: &str = "entry";
/// After this long, whoever wrote a temporary file is not there any more.
const ABANDONED: Duration = Duration::from_secs(3600);
/// Bytes of CRC-32.
const CRC: usize = 4;

/// One entry: what it is of, and where it lies.
pub(super) struct Entry {
    pub path: PathBuf,
    /// All that the entry was made from, but for the state of the recording's file.
    key: Vec<u8>,
    label: usize,
}

impl Entry {
    pub fn new(
        folder: &Path,
        fingerprint: &str,
        origin: &Origin,
        copy: usize,
        label: usize,
    ) -> Self {
        let mut key = MAGIC.to_vec();
        key.extend(VERSION.to_le_bytes());
        key.extend(fingerprint.as_bytes());
        for text in [origin.path.as_os_str().as_encoded_bytes(), origin.part.as_bytes()] {
            key.extend((text.len() as u64).to_le_bytes());
            key.extend(text);
        }
        key.extend((copy as u64).to_le_bytes());
        let name = format!("{:.32}.{EXTENSION}", format!("{:x}", Sha256::digest(&key)));
        Self { path: folder.join(name), key, label }
    }

    /// What an entry begins with if it is right.
    fn header(&self, state: FileState) -> Vec<u8> {
        let label = (self.label as u64).to_le_bytes();
        [&self.key[..], &state.to_bytes(), &label].concat()
    }

    /// The packed sample in a file, if it is whole and was made from just this.
    pub fn payload<'a>(&self, state: FileState, file: &'a [u8]) -> Option<&'a [u8]> {
        let payload = file.strip_prefix(&self.header(state)[..])?;
        let (payload, _) = payload.split_last_chunk::<CRC>()?;
        let (checked, crc) = file.split_last_chunk::<CRC>()?;
        (crc32fast::hash(checked).to_le_bytes() == *crc).then_some(payload)
    }

    /// Writes the file, and says how many bytes it has.
    ///
    /// Under another name first, which no one else has, so that all who read it see all of it. It is not
    /// waited for until it is on the disk: what a power cut leaves, the CRC tells.
    pub fn write(&self, state: FileState, payload: &[u8]) -> io::Result<usize> {
        let mut bytes = self.header(state);
        bytes.reserve_exact(payload.len() + CRC);
        bytes.extend(payload);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        replace_with(&self.path, |file| file.write_all(&bytes))?;
        Ok(bytes.len())
    }
}

/// Removes entries, and also those that are being written.
pub(super) fn remove_all(folder: &Path) -> io::Result<()> {
    remove(folder, |path| has_extension(path, EXTENSION) || has_extension(path, TEMPORARY))
}

/// Removes what processes that were ended have left.
pub(super) fn remove_abandoned(folder: &Path) -> io::Result<()> {
    let oldest = SystemTime::now().checked_sub(ABANDONED);
    remove(folder, |path| {
        let modified = || fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        has_extension(path, TEMPORARY) && modified() < oldest
    })
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

fn remove(folder: &Path, which: impl Fn(&Path) -> bool) -> io::Result<()> {
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if which(&path) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                // Someone else was faster.
                _ => {}
            }
        }
    }
    Ok(())
}

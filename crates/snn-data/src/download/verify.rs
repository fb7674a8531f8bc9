//! Whether a file is what was published.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use md5::Md5;
use sha2::{Digest, Sha256};

use crate::DataError;
use crate::remote::{Hash, Remote};

/// Compares a file with its hash.
pub(super) fn verify(remote: &Remote, path: &Path) -> Result<(), DataError> {
    let unreadable = |source| DataError::File { path: path.into(), source };
    let no_gzip = |source| DataError::Download {
        url: remote.url.into(),
        source: Box::<io::Error>::new(source),
    };
    let file = BufReader::with_capacity(1 << 16, File::open(path).map_err(unreadable)?);
    let (kind, expected, found) = match remote.hash {
        Hash::Md5(expected) => ("MD5", expected, digest::<Md5>(file).map_err(unreadable)?),
        Hash::UnpackedSha256(expected) => {
            let found = digest::<Sha256>(MultiGzDecoder::new(file)).map_err(no_gzip)?;
            ("unpacked SHA-256", expected, found)
        }
    };
    if found == expected {
        return Ok(());
    }
    Err(DataError::Hash { url: remote.url.into(), kind, expected, found })
}

fn digest<D: Digest + Write>(mut from: impl Read) -> io::Result<String> {
    let mut digest = D::new();
    io::copy(&mut from, &mut digest)?;
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

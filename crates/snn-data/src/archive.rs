//! Unpacking archives: a folder is whole or not there.
//!
//! By the name of the archive: `.zip` (stored or deflated entries; a zip among them is unpacked as well, where
//! it lies, one level deep), `.tar`, `.tar.gz`, `.tgz`, and `.gz` of a single file.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use tar::EntryType;
use zip::ZipArchive;

use crate::DataError;

const BUFFER: usize = 1 << 16;

/// Unpacks an archive into a temporary folder and gives what becomes `target` its name when all is there.
///
/// That is what would be `target` if the archive were unpacked where it lies. If there is no such thing, it is
/// the folder of all that the archive holds. Only one process at a time may unpack to a target.
pub(crate) fn unpack(archive: &Path, target: &Path) -> Result<(), DataError> {
    let temporary = target.with_added_extension("unpacking");
    let result = unpack_to(&temporary, archive, target);
    if fs::exists(&temporary).unwrap_or(true) {
        // The first error is the one worth reporting; the next try removes what stays.
        let _ = fs::remove_dir_all(&temporary);
    }
    result
}

fn unpack_to(temporary: &Path, archive: &Path, target: &Path) -> Result<(), DataError> {
    let file_error = |path: &Path| {
        let path = path.to_path_buf();
        |source| DataError::File { path, source }
    };
    // What an interrupted unpacking has left.
    match fs::remove_dir_all(temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
    .map_err(file_error(temporary))?;
    let content = temporary.join("content");
    fs::create_dir_all(&content).map_err(file_error(&content))?;

    let open = || File::open(archive).map(|file| BufReader::with_capacity(BUFFER, file));
    let file = open().map_err(file_error(archive))?;
    let unpacking = Unpacking { archive, temporary };
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    if name.ends_with(".zip") {
        let zip = ZipArchive::new(file).map_err(|error| file_error(archive)(error.into()))?;
        unpacking.zip(zip, &content, None)?;
    } else if name.ends_with(".tar") {
        unpacking.tar(file, &content)?;
    } else if name.ends_with(".tar.gz") || name.ends_with(".tgz") {
        unpacking.tar(MultiGzDecoder::new(file), &content)?;
    } else if let Some(name) = name.strip_suffix(".gz") {
        let unpacked = write(&mut MultiGzDecoder::new(file), &content.join(name));
        unpacked.map_err(|source| unpacking.error(name, source))?;
    } else {
        let problem = io::Error::new(ErrorKind::Unsupported, "neither zip nor tar nor gzip");
        return Err(file_error(archive)(problem));
    }

    let beside = archive.parent().and_then(|folder| target.strip_prefix(folder).ok());
    let inside = content.join(beside.unwrap_or(target));
    let whole = if inside.exists() { inside } else { content };
    fs::rename(whole, target).map_err(file_error(target))
}

/// An archive on its way to a folder.
struct Unpacking<'a> {
    archive: &'a Path,
    /// For what is needed for a while.
    temporary: &'a Path,
}

impl Unpacking<'_> {
    /// Unpacks the archive, or a zip that is an entry of it.
    fn zip(
        &self,
        mut zip: ZipArchive<BufReader<File>>,
        to: &Path,
        outer: Option<&str>,
    ) -> Result<(), DataError> {
        for index in 0..zip.len() {
            // Which one it is, until its name is known.
            let name = zip.by_index_data(index).and_then(|entry| Ok(entry.name()?.into_owned()));
            let name = name.map_err(|error| self.error(index, error.into()))?;
            let entry_name = match outer {
                Some(outer) => format!("{outer}: {name}"),
                None => name.clone(),
            };
            let error = |source| self.error(&entry_name, source);
            let mut entry = zip.by_index(index).map_err(|source| error(source.into()))?;
            // Packers on Windows have written the separator of that system.
            let path = place(to, Path::new(&name.replace('\\', "/"))).map_err(error)?;
            let size = entry.size();
            if entry.is_symlink() {
                return Err(error(link()));
            } else if entry.is_dir() {
                fs::create_dir_all(&path).map_err(error)?;
            } else if outer.is_none() && name.to_lowercase().ends_with(".zip") {
                let inner = self.temporary.join("inner.zip");
                write_sized(&mut entry, size, &inner).map_err(error)?;
                let file = File::open(&inner).map_err(error)?;
                let file = BufReader::with_capacity(BUFFER, file);
                let inner_zip = ZipArchive::new(file).map_err(|source| error(source.into()))?;
                self.zip(inner_zip, path.parent().unwrap_or(to), Some(&name))?;
            } else {
                write_sized(&mut entry, size, &path).map_err(error)?;
            }
        }
        Ok(())
    }

    fn tar(&self, from: impl Read, to: &Path) -> Result<(), DataError> {
        let mut from = Ended { from, ended: false };
        let mut tar = tar::Archive::new(&mut from);
        let file_error = |source| DataError::File { path: self.archive.into(), source };
        // The entry before the one that cannot be found tells where the archive is broken.
        let mut last = String::new();
        for entry in tar.entries().map_err(file_error)? {
            let mut entry = entry.map_err(|source| self.error(format!("after {last}"), source))?;
            let name = entry.path().map_err(file_error)?.into_owned();
            last = name.display().to_string();
            let error = |source| self.error(&last, source);
            let path = place(to, &name).map_err(error)?;
            match entry.header().entry_type() {
                EntryType::Directory => fs::create_dir_all(&path).map_err(error)?,
                EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                    let size = entry.size();
                    write_sized(&mut entry, size, &path).map_err(error)?;
                }
                // What `git archive` writes in front.
                EntryType::XGlobalHeader => {}
                EntryType::Link | EntryType::Symlink => return Err(error(link())),
                other => {
                    let problem = format!("an entry of type {other:?}");
                    return Err(error(io::Error::new(ErrorKind::Unsupported, problem)));
                }
            }
        }
        // Entries end with a block of zeros, not with the file.
        let rest = match from.ended {
            true => Err(ErrorKind::UnexpectedEof.into()),
            // To its end, where gzip has a checksum.
            false => io::copy(&mut from, &mut io::sink()),
        };
        rest.map_err(|source| self.error(format!("after {last}"), source)).map(drop)
    }

    fn error(&self, entry: impl Display, source: io::Error) -> DataError {
        DataError::Archive { path: self.archive.into(), entry: entry.to_string(), source }
    }
}

/// Where an entry goes, which has to be inside of the folder.
fn place(folder: &Path, name: &Path) -> io::Result<PathBuf> {
    let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    match name.components().all(inside) {
        true => Ok(folder.join(name)),
        false => Err(io::Error::new(ErrorKind::InvalidData, "leads out of the folder")),
    }
}

fn link() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "a link, which may lead out of the folder")
}

fn write(from: &mut impl Read, path: &Path) -> io::Result<u64> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = BufWriter::with_capacity(BUFFER, File::create(path)?);
    let written = io::copy(from, &mut file)?;
    file.flush()?;
    Ok(written)
}

/// Writes an entry that says how many bytes it has.
fn write_sized(from: &mut impl Read, size: u64, path: &Path) -> io::Result<()> {
    match write(from, path)? == size {
        true => Ok(()),
        false => Err(ErrorKind::UnexpectedEof.into()),
    }
}

/// A reader that remembers whether it came to the end.
struct Ended<R> {
    from: R,
    ended: bool,
}

impl<R: Read> Read for Ended<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.ended |= read == 0 && !buffer.is_empty();
        Ok(read)
    }
}

#[cfg(test)]
mod tests;

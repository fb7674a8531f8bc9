//! A published file: where it comes from, where it lies, what is in it.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::DataError;

/// A file that is published.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    /// Where it is published.
    pub url: &'static str,
    /// Where it lies in the data folder, as it is published.
    pub path: &'static str,
    /// What is in it.
    #[cfg_attr(not(feature = "download"), expect(dead_code, reason = "downloads are verified"))]
    pub hash: Hash,
}

/// How the right content is known, in hexadecimal digits of lower case.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "download"), expect(dead_code, reason = "downloads are verified"))]
pub(crate) enum Hash {
    /// MD5 of the file.
    Md5(&'static str),
    /// SHA-256 of what a gzip file holds. Packing it again changes the file, but not this.
    UnpackedSha256(&'static str),
}

impl Remote {
    /// The content of a file that is published packed by gzip, and the file it was read from: that of
    /// [`path`](Self::path), or the same without `.gz`, unpacked.
    pub(crate) fn read(&self, folder: &Path) -> Result<(PathBuf, Vec<u8>), DataError> {
        let unpacked = self.unpacked(folder);
        for (path, packed) in [(unpacked.clone(), false), (folder.join(self.path), true)] {
            let content = match fs::read(&path) {
                Ok(bytes) if packed => unpack(&bytes),
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                other => other,
            };
            return match content {
                Ok(content) => Ok((path, content)),
                Err(source) => Err(DataError::File { path, source }),
            };
        }
        Err(self.missing(unpacked))
    }

    /// Where the content of a file that is published packed by gzip lies once it is unpacked.
    pub(crate) fn unpacked(&self, folder: &Path) -> PathBuf {
        folder.join(self.path).with_extension("")
    }

    /// The error that `path`, which is this file or comes from it, is not there.
    pub(crate) fn missing(&self, path: PathBuf) -> DataError {
        DataError::Missing { path, url: self.url.into() }
    }
}

fn unpack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    MultiGzDecoder::new(bytes).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const CONTENT: &[u8] = b"spikes";
    const FILE: Remote =
        Remote { url: "http://nowhere/file.gz", path: "set/file.gz", hash: Hash::Md5("") };

    fn pack(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn write(folder: &Path, name: &str, bytes: &[u8]) {
        fs::create_dir_all(folder.join("set")).unwrap();
        fs::write(folder.join("set").join(name), bytes).unwrap();
    }

    #[test]
    fn a_file_is_read_packed_or_not() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "file.gz", &pack(CONTENT));
        let (path, content) = FILE.read(folder.path()).unwrap();
        assert_eq!((path, content.as_slice()), (folder.path().join("set/file.gz"), CONTENT));
        write(folder.path(), "file", b"unpacked");
        let (path, content) = FILE.read(folder.path()).unwrap();
        assert_eq!(
            (path, content.as_slice()),
            (folder.path().join("set/file"), b"unpacked".as_slice())
        );
    }

    #[test]
    fn without_a_file_the_error_says_where_to_get_it() {
        let folder = tempfile::tempdir().unwrap();
        let error = FILE.read(folder.path()).unwrap_err();
        assert!(matches!(error, DataError::Missing { .. }));
        let path = folder.path().join("set/file");
        let expected = format!(
            "{} is missing; it can be downloaded from http://nowhere/file.gz",
            path.display()
        );
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_packed_file_that_is_cut_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let packed = pack(CONTENT);
        write(folder.path(), "file.gz", &packed[..packed.len() - 3]);
        let error = FILE.read(folder.path()).unwrap_err();
        assert!(
            matches!(error, DataError::File { .. }) && error.to_string().contains("set/file.gz")
        );
    }
}

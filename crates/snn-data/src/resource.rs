//! A published file: where it comes from, where it lies, what is in it.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::DataError;

/// A file that is published packed, by gzip.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// Where it lies in the data folder, unpacked; packed, with `.gz` behind it.
    pub path: PathBuf,
    /// Where it is published, packed.
    pub url: String,
    /// SHA-256 of the content. Not of the packed file: packing it again changes that.
    #[cfg_attr(not(feature = "download"), expect(dead_code, reason = "downloads are verified"))]
    pub sha256: &'static str,
}

impl Resource {
    /// The content, and the file it was read from, which may be unpacked or packed.
    pub(crate) fn read(&self, folder: &Path) -> Result<(PathBuf, Vec<u8>), DataError> {
        for (path, packed) in [(self.unpacked(folder), false), (self.packed(folder), true)] {
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
        Err(DataError::Missing { path: self.unpacked(folder), url: self.url.clone() })
    }

    fn unpacked(&self, folder: &Path) -> PathBuf {
        folder.join(&self.path)
    }

    fn packed(&self, folder: &Path) -> PathBuf {
        self.unpacked(folder).with_added_extension("gz")
    }
}

fn unpack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    MultiGzDecoder::new(bytes).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(feature = "download")]
mod download {
    use std::fs::File;
    use std::time::Duration;

    use sha2::{Digest, Sha256};
    use ureq::Agent;

    use super::*;

    /// How long a server may be silent.
    const PATIENCE: Duration = Duration::from_secs(60);

    impl Resource {
        /// Downloads the file, unless it is there.
        pub(crate) fn download(&self, folder: &Path) -> Result<(), DataError> {
            let path = self.packed(folder);
            if path.exists() || self.unpacked(folder).exists() {
                return Ok(());
            }
            let file = |source| DataError::File { path: path.clone(), source };
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(file)?;
            }
            // Under another name until it is known to be right, and whole.
            let temporary = path.with_added_extension(format!("{}.tmp", std::process::id()));
            let fetched =
                self.fetch(&temporary).and_then(|()| fs::rename(&temporary, &path).map_err(file));
            if fetched.is_err() {
                // The first error is the one worth reporting.
                let _ = fs::remove_file(&temporary);
            }
            fetched
        }

        fn fetch(&self, to: &Path) -> Result<(), DataError> {
            let network =
                |source| DataError::Download { url: self.url.clone(), source: Box::new(source) };
            let file = |source| DataError::File { path: to.into(), source };
            let config = Agent::config_builder()
                .timeout_connect(Some(PATIENCE))
                .timeout_recv_response(Some(PATIENCE))
                .timeout_per_read(Some(PATIENCE))
                .build();
            let response = Agent::new_with_config(config).get(&self.url).call();
            let response = response.map_err(|error| network(error.into_io()))?;
            let mut written = File::create(to).map_err(file)?;
            io::copy(&mut response.into_body().into_reader(), &mut written).map_err(network)?;
            written.sync_all().map_err(file)?;
            let content = unpack(&fs::read(to).map_err(file)?).map_err(network)?;
            let found = format!("{:x}", Sha256::digest(content));
            match found == self.sha256 {
                true => Ok(()),
                false => {
                    Err(DataError::Hash { url: self.url.clone(), expected: self.sha256, found })
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! What can be wrong with the files of a data set.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a data set cannot be read. Every variant names the file or the address.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file or folder that is not there.
    #[error("{} is missing; it can be downloaded from {url}", path.display())]
    Missing {
        /// The file, or the folder that an archive is unpacked to.
        path: PathBuf,
        /// Where it is published.
        url: String,
    },
    /// A file that is not there and may not be fetched.
    #[error("{} is missing; the network was not used to download it from {url}", path.display())]
    Offline {
        /// The file.
        path: PathBuf,
        /// Where it is published.
        url: String,
    },
    /// A file that cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system or the unpacking said.
        source: io::Error,
    },
    /// A file that holds something else.
    #[error("{}: byte {offset}: {problem}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Where, after unpacking.
        offset: usize,
        /// What was expected and what is there.
        problem: String,
    },
    /// An archive that cannot be unpacked. Nothing of it was kept.
    #[error("{}: {entry}: {source}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// The entry of it.
        entry: String,
        /// What the operating system or the unpacking said.
        source: io::Error,
    },
    /// A download that failed. What has come is kept for the next one.
    #[error("cannot download {url}: {source}")]
    Download {
        /// The address.
        url: String,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A download with other content than it should have. Nothing of it was kept.
    #[error("{url}: expected {kind} {expected}, got {found}")]
    Hash {
        /// The address.
        url: String,
        /// Which hash: MD5, SHA-256, or that of a gzip file's content, unpacked SHA-256.
        kind: &'static str,
        /// Hash of the right content.
        expected: &'static str,
        /// Hash of what came.
        found: String,
    },
}

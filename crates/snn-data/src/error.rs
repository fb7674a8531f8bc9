//! What can be wrong with the files of a data set.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a data set cannot be read. Every variant names the file or the address.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file that is not there.
    #[error("there is neither {} nor {0}.gz; it can be downloaded from {url}", path.display())]
    Missing {
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
    /// A download that failed.
    #[error("cannot download {url}: {source}")]
    Download {
        /// The address.
        url: String,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A download with other content than it should have. Nothing of it was kept.
    #[error("{url}: expected content with SHA-256 {expected}, got {found}")]
    Hash {
        /// The address.
        url: String,
        /// SHA-256 of the right content, unpacked.
        expected: &'static str,
        /// SHA-256 of what came.
        found: String,
    },
}

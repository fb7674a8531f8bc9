//! What can go wrong with a cache.

use std::io;
use std::path::PathBuf;

use burn::data::dataset::DatasetError;
use thiserror::Error;

use super::{PackError, PrepareError};

/// Why a sample cannot be had. Every variant names the file.
///
/// That an entry is missing, damaged or old is no error: it is made again.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CacheError {
    /// A recording that cannot be read.
    #[error("{}: {source}", path.display())]
    Recording {
        /// Its file.
        path: PathBuf,
        /// What the data set says.
        source: DatasetError,
    },
    /// A recording of which nothing can be made.
    #[error("{}: {source}", path.display())]
    Prepare {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        source: PrepareError,
    },
    /// The file of a recording, of which not even the size can be told.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file of a recording that someone else writes to.
    #[error("{}: the recording changes while it is read", path.display())]
    Changing {
        /// The file.
        path: PathBuf,
    },
    /// An entry or a folder of the cache that cannot be written. Entries that are there can still be read.
    #[error("cannot write to the cache: {}: {source}", path.display())]
    Write {
        /// The entry or the folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A value in memory that cannot be unpacked.
    #[error("{}: {source}", path.display())]
    Pack {
        /// The file of the recording that it was made of.
        path: PathBuf,
        /// What is wrong.
        source: PackError,
    },
}

impl CacheError {
    /// Whether another recording may do better.
    pub(super) fn is_of_recording(&self) -> bool {
        !matches!(self, Self::Write { .. })
    }
}

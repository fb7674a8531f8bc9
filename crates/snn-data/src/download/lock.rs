//! One process at a time.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use crate::DataError;

/// The right to make a file or a folder. Ends with the process, however that ends.
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Waits until no other process has it.
    pub(super) fn take(target: &Path) -> Result<Self, DataError> {
        let path = target.with_added_extension("lock");
        let open = || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        match open() {
            Ok(file) => Ok(Self { path, _file: file }),
            Err(source) => Err(DataError::File { path, source }),
        }
    }

    /// Gives it back once the target is there. Not before: a process that waits for the removed file and one
    /// that makes a new one would both have the lock. They would both find the target.
    pub(super) fn remove(self) {
        // Without harm if it stays.
        let _ = fs::remove_file(&self.path);
    }
}

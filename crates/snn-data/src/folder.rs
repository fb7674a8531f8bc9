//! Where data sets lie.

use std::env;
use std::path::PathBuf;

/// The folder of data sets where no other is named: `SNN_DATA_DIR`, else `snn` in the user's cache
/// folder. `None` where there is no such folder, as in a browser.
pub fn data_folder() -> Option<PathBuf> {
    match env::var_os("SNN_DATA_DIR") {
        Some(folder) if !folder.is_empty() => Some(folder.into()),
        _ => Some(dirs::cache_dir()?.join("snn")),
    }
}

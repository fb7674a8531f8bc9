//! Files that are not part of the repository, or not only.

use std::io::Write;
use std::path::PathBuf;

/// A real file or folder, where `SNN_DATA_DIR` says that it is, or beside the checkout. `None` if there is no
/// such thing beside the checkout; if it was asked for, that is an error of whoever reads it.
pub fn real(name: &str) -> Option<PathBuf> {
    if let Some(folder) = set("SNN_DATA_DIR") {
        return Some(folder.join(name));
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    if !path.exists() {
        // Not `eprintln!`, whose text the test harness hides where a test passes.
        let notice =
            format!("skipped: SNN_DATA_DIR is not set, and there is no {}", path.display());
        writeln!(std::io::stderr(), "{notice}").expect("standard error can be written");
        return None;
    }
    Some(path)
}

/// The folder of the golden vectors: `SNN_GOLDEN_DIR`, or beside the checkout, or the copies in it.
pub fn golden() -> PathBuf {
    if let Some(folder) = set("SNN_GOLDEN_DIR") {
        return folder;
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let shared = root.join("../shared/golden");
    if shared.is_dir() { shared } else { root.join("tests/golden") }
}

/// The folder that a variable names. An empty one names none.
fn set(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

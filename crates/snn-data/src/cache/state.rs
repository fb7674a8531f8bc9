//! How to tell that a file is still the same.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::CacheError;

/// Longer than the clock that files are stamped with stands still: up to 10 ms on Linux, 16 on Windows.
const TICK: Duration = Duration::from_millis(20);
/// The same where stamps are whole seconds, or every second one.
const COARSE_TICK: Duration = Duration::from_secs(2);
/// How often a file may change while it is read.
const TRIES: usize = 5;

/// What changes when a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileState {
    bytes: u64,
    /// When it was written, in ns after 1970. Anyone can set that.
    modified: i128,
    /// When anything of it was changed, in ns after 1970. No one can set that. 0 where it is not known.
    changed: i128,
    /// Which file it is, of all that had its name. 0 where it is not known.
    inode: u64,
}

impl FileState {
    pub fn of(path: &Path) -> Result<Self, CacheError> {
        let state = fs::metadata(path).and_then(|metadata| Self::from_metadata(&metadata));
        state.map_err(|source| CacheError::File { path: path.into(), source })
    }

    #[cfg(unix)]
    fn from_metadata(metadata: &Metadata) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        let nanoseconds = |s: i64, ns: i64| i128::from(s) * 1_000_000_000 + i128::from(ns);
        Ok(Self {
            bytes: metadata.len(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        })
    }

    #[cfg(not(unix))]
    fn from_metadata(metadata: &Metadata) -> io::Result<Self> {
        let modified = since_1970(metadata.modified()?);
        Ok(Self { bytes: metadata.len(), modified, changed: 0, inode: 0 })
    }

    pub fn to_bytes(self) -> [u8; 48] {
        let mut bytes = [0; 48];
        bytes[..8].copy_from_slice(&self.bytes.to_le_bytes());
        bytes[8..24].copy_from_slice(&self.modified.to_le_bytes());
        bytes[24..40].copy_from_slice(&self.changed.to_le_bytes());
        bytes[40..].copy_from_slice(&self.inode.to_le_bytes());
        bytes
    }

    /// For how long another change might get the time stamps that the file has now.
    fn unsettled(self, now: SystemTime) -> Duration {
        let stamp = if self.changed == 0 { self.modified } else { self.changed };
        let tick = if stamp % 1_000_000_000 == 0 { COARSE_TICK } else { TICK };
        // Of a stamp in the future, by a clock that is ahead of this one, nothing better is known.
        let age = (since_1970(now) - stamp).max(0);
        let age = Duration::from_nanos(u64::try_from(age).unwrap_or(u64::MAX));
        tick.saturating_sub(age)
    }
}

fn since_1970(time: SystemTime) -> i128 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_nanos() as i128,
        Err(before) => -(before.duration().as_nanos() as i128),
    }
}

/// Reads a file with `read`, and the state that it had all the while. Any later change makes another state.
///
/// A file that was changed just now is waited for until its time stamps would be others if it changed
/// again. One that changes while it is read is read again, a few times.
pub(super) fn read_settled<T>(
    path: &Path,
    read: impl Fn() -> Result<T, CacheError>,
) -> Result<(FileState, T), CacheError> {
    for _ in 0..TRIES {
        let state = FileState::of(path)?;
        thread::sleep(state.unsettled(SystemTime::now()));
        let result = read();
        if FileState::of(path)? == state {
            return Ok((state, result?));
        }
    }
    Err(CacheError::Changing { path: path.into() })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs::{File, FileTimes};

    use super::*;

    fn state(changed: i128) -> FileState {
        FileState { bytes: 0, modified: 0, changed, inode: 1 }
    }

    #[test]
    fn a_change_of_just_now_is_waited_for() {
        let now = UNIX_EPOCH + Duration::from_secs(100);
        let unsettled = |changed| state(changed).unsettled(now).as_millis();
        assert_eq!(unsettled(99_995_000_000), 15);
        assert_eq!(unsettled(99_979_000_000), 0);
        assert_eq!(unsettled(700_000_000_001), 20);
        // Whole seconds.
        assert_eq!(unsettled(99_000_000_000), 1000);
        assert_eq!(unsettled(-5), 0);
        assert_eq!(
            FileState { modified: 99_995_000_000, ..state(0) }.unsettled(now).as_millis(),
            15
        );
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording");
        fs::write(&path, [0]).unwrap();
        let reads = Cell::new(0);
        let read = |changes: u8| {
            reads.set(0);
            read_settled(&path, || {
                let content = fs::read(&path).unwrap();
                reads.set(reads.get() + 1);
                if reads.get() <= changes {
                    fs::write(&path, [10 + reads.get()]).unwrap();
                    // Also an error may come from what was half written.
                    return Err(CacheError::Changing { path: "half".into() });
                }
                Ok(content)
            })
        };
        let (state, content) = read(2).unwrap();
        assert_eq!((content, reads.get()), (vec![12], 3));
        assert_eq!(FileState::of(&path).unwrap(), state);
        let error = read(u8::MAX).unwrap_err();
        assert!(matches!(error, CacheError::Changing { path: of } if of == path));
        assert_eq!(usize::from(reads.get()), TRIES);
    }

    #[cfg(unix)]
    #[test]
    fn a_change_with_the_same_length_and_time_shows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording");
        fs::write(&path, [0, 1]).unwrap();
        let (state, _) = read_settled(&path, || Ok(())).unwrap();
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        fs::write(&path, [2, 3]).unwrap();
        let times = FileTimes::new().set_modified(modified);
        File::options().write(true).open(&path).unwrap().set_times(times).unwrap();
        let now = FileState::of(&path).unwrap();
        assert_eq!((now.bytes, now.modified), (state.bytes, state.modified));
        assert_ne!(now, state);
    }
}

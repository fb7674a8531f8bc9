//! Making all entries of a cache.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::CacheError;

/// What to do about a recording that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBad {
    /// Stop, with its error.
    Stop,
    /// Go on with the others, and say in the end which it was.
    Skip,
}

/// A recording that cannot be read.
#[derive(Debug)]
pub struct BadRecording {
    /// Which.
    pub index: usize,
    /// Why; names its file.
    pub error: CacheError,
}

/// Calls `make` for every index, from some threads at once.
///
/// An error to stop for is that of the first index that has one, whichever thread is the fastest: threads take
/// the indices in order, and finish what they have taken.
pub(super) fn fill(
    len: usize,
    workers: NonZeroUsize,
    on_bad: OnBad,
    progress: impl Fn(usize, usize) + Sync,
    make: impl Fn(usize) -> Result<(), CacheError> + Sync,
) -> Result<Vec<BadRecording>, CacheError> {
    let stops = |error: &CacheError| on_bad == OnBad::Stop || !error.is_of_recording();
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    // Held while `progress` runs, so that it is called once at a time, and counts up.
    let finished = Mutex::new((0, Vec::new()));
    let work = || {
        while !stopped.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= len {
                return;
            }
            let made = make(index);
            let mut finished = finished.lock().unwrap_or_else(PoisonError::into_inner);
            let (done, bad) = &mut *finished;
            if let Err(error) = made {
                if stops(&error) {
                    stopped.store(true, Ordering::Relaxed);
                }
                bad.push(BadRecording { index, error });
            }
            *done += 1;
            progress(*done, len);
        }
    };
    thread::scope(|scope| {
        for _ in 0..workers.get().min(len) {
            scope.spawn(work);
        }
    });
    let (_, mut bad) = finished.into_inner().unwrap_or_else(PoisonError::into_inner);
    bad.sort_by_key(|bad| bad.index);
    match bad.iter().position(|bad| stops(&bad.error)) {
        Some(first) => Err(bad.swap_remove(first).error),
        None => Ok(bad),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn bad(index: usize) -> CacheError {
        CacheError::Changing { path: index.to_string().into() }
    }

    fn run(
        workers: usize,
        on_bad: OnBad,
        make: impl Fn(usize) -> Result<(), CacheError> + Sync,
    ) -> (Result<Vec<BadRecording>, CacheError>, Vec<usize>) {
        let seen = Mutex::new(Vec::new());
        let workers = NonZeroUsize::new(workers).unwrap();
        let progress = |done, total| {
            assert_eq!(total, 40);
            seen.lock().unwrap().push(done);
        };
        (fill(40, workers, on_bad, progress, make), seen.into_inner().unwrap())
    }

    #[test]
    fn the_first_bad_one_stops_it() {
        for workers in [1, 8] {
            let make = |index| if index % 10 == 7 { Err(bad(index)) } else { Ok(()) };
            let (filled, seen) = run(workers, OnBad::Stop, make);
            assert!(
                matches!(filled, Err(CacheError::Changing { path }) if path.as_os_str() == "7")
            );
            assert_eq!(seen, (1..=seen.len()).collect::<Vec<_>>());
            assert!(seen.len() < 40 || workers > 1);
        }
    }

    #[test]
    fn bad_ones_are_skipped_and_named() {
        for workers in [1, 8] {
            let make = |index| if index % 10 == 7 { Err(bad(index)) } else { Ok(()) };
            let (filled, seen) = run(workers, OnBad::Skip, make);
            let filled: Vec<_> = filled.unwrap().iter().map(|bad| bad.index).collect();
            assert_eq!((filled, seen), (vec![7, 17, 27, 37], (1..=40).collect()));
        }
    }

    #[test]
    fn a_full_disk_is_never_skipped() {
        let full = |index: usize| match index {
            3 => Err(bad(3)),
            5 => Err(CacheError::Write {
                path: "5".into(),
                source: io::ErrorKind::StorageFull.into(),
            }),
            _ => Ok(()),
        };
        let (filled, _) = run(1, OnBad::Skip, full);
        assert!(matches!(filled, Err(CacheError::Write { path, .. }) if path.as_os_str() == "5"));
    }
}

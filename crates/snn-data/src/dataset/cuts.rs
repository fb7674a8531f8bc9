//! Parts of long recordings, by time.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::files::{Reading, broken, events_of};
use crate::DataError;
use crate::events::Events;
use crate::format::IndexedFile;

/// Events between two whose times are kept.
const STEP: usize = 1 << 12;

/// Files of which parts are read. One that was read once is not read as a whole again: it is known
/// where in it which time is, if its events are sorted, its format is one that is streamed, and
/// nothing is made of its events when they are read.
#[derive(Clone, Default)]
pub(super) struct Cuts(Arc<Mutex<HashMap<PathBuf, Arc<Timed>>>>);

struct Timed {
    file: IndexedFile,
    events: usize,
    /// The time of every [`STEP`]th event.
    times: Vec<i64>,
}

impl Cuts {
    /// The events of a file with `time.start <= t < time.end`.
    pub fn read(
        &self,
        reading: &impl Reading,
        path: &Path,
        time: &Range<i64>,
    ) -> Result<Events, DataError> {
        let Some(options) = reading.options() else {
            return cut(path, &reading.read(path)?, time);
        };
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        if let Some(known) = known {
            return cut(path, &known.file.events(known.range(time))?, time);
        }
        // Others may read the same file meanwhile; that does no harm, and nobody waits.
        let (recording, file) = IndexedFile::read(path, &options)?;
        let events = events_of(path, recording)?;
        if let Some(file) = file.filter(|_| events.is_sorted()) {
            let times = events.t().iter().step_by(STEP).copied().collect();
            let timed = Arc::new(Timed { file, events: events.len(), times });
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path.into(), timed);
        }
        cut(path, &events, time)
    }
}

impl Timed {
    /// Events among which all of a time are.
    fn range(&self, time: &Range<i64>) -> Range<usize> {
        let before = self.times.partition_point(|t| *t < time.start).saturating_sub(1);
        let behind = self.times.partition_point(|t| *t < time.end);
        before * STEP..(behind.max(before) * STEP).min(self.events)
    }
}

/// A copy, as a slice would keep all events in memory.
fn cut(path: &Path, events: &Events, time: &Range<i64>) -> Result<Events, DataError> {
    let columns = events.iter().filter(|event| time.contains(&event.t)).collect();
    Events::from_columns(columns, events.sensor())
        .map_err(|error| broken(path, 0, error.to_string()))
}

impl fmt::Debug for Cuts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cuts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Event;
    use crate::format::{Options, write};

    fn events(times: impl Iterator<Item = i64>) -> Events {
        let event = |t: i64| Event { t, x: (t % 7) as u16, y: (t % 5) as u16, p: t % 2 == 0 };
        Events::on_smallest_sensor(times.map(event).collect()).unwrap()
    }

    #[test]
    fn the_second_part_is_read_without_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.es");
        // Every time three times: the borders are within runs of the same time.
        let whole = events((0..60_000).map(|k| k / 3));
        write(&path, &whole).unwrap();
        let cuts = Cuts::default();
        let ranges =
            [0..20_000, 0..1, 1365..1366, 1366..5000, 7..7, 19_999..30_000, 30_000..30_001];
        for time in [ranges.clone(), ranges].concat() {
            let cut = cuts.read(&Options::default(), &path, &time).unwrap();
            assert_eq!(cut.t(), whole.between(time.clone()).t(), "{time:?}");
            assert_eq!(cut.x(), whole.between(time).x());
        }
        let known = cuts.0.lock().unwrap();
        let timed = &known[&path];
        assert_eq!(timed.times.len(), 60_000_usize.div_ceil(STEP));
        let part = timed.range(&(1366..1400));
        assert!(part.len() <= 2 * STEP && part.start <= 3 * 1366 && part.end >= 3 * 1400);
    }

    #[test]
    fn of_events_that_are_not_sorted_none_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.npy");
        write(&path, &events([5, 1, 9, 2, 5].into_iter())).unwrap();
        for _ in 0..2 {
            let cut = Cuts::default().read(&Options::default(), &path, &(2..9)).unwrap();
            assert_eq!(cut.t(), [5, 2, 5]);
        }
    }
}

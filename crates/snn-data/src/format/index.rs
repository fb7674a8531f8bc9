//! Events out of the middle of a file.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::decoder::Feeder;
use super::detect::detect;
use super::file::{broken, decode_file, map};
use super::{FormatError, Options, Recording, on_sensor};
use crate::DataError;
use crate::events::{Columns, Events, SensorSize};

/// Bytes between two places from which events can be decoded.
const STEP: usize = 1 << 18;

/// A file of events, of which any are read without those before them.
///
/// It knows what its decoder knew at a place in every 256 KiB of the file.
pub(crate) struct IndexedFile {
    path: PathBuf,
    sensor: SensorSize,
    places: Vec<Place>,
}

struct Place {
    /// Events before it.
    events: usize,
    feeder: Feeder,
}

impl IndexedFile {
    /// Reads a recording, and finds out where its events are; not, if its format is read as a whole.
    pub(crate) fn read(
        path: &Path,
        options: &Options,
    ) -> Result<(Recording, Option<Self>), DataError> {
        let bytes = map(path)?;
        let format = detect(path, &bytes, options).map_err(broken(path))?;
        if !format.value.is_streamed(&bytes) {
            return Ok((decode_file(path, &bytes, format, options)?.0, None));
        }
        let whole = || {
            let Some(mut feeder) = Feeder::open(format.value, &bytes, true, options)? else {
                return Err(FormatError::new(bytes.len(), "the file ends within its header"));
            };
            let (mut columns, mut places) = (Columns::default(), Vec::new());
            while feeder.offset < bytes.len() {
                places.push(Place { events: columns.len(), feeder: feeder.clone() });
                step(&mut feeder, &bytes, &mut columns)?;
            }
            Ok((on_sensor(columns, feeder.sensor)?, places))
        };
        let (events, places) = whole().map_err(broken(path))?;
        let index = Self { path: path.into(), sensor: events.sensor(), places };
        Ok((Recording::Events(events), Some(index)))
    }

    /// Some events by their number.
    pub(crate) fn events(&self, range: Range<usize>) -> Result<Events, DataError> {
        let bytes = map(&self.path)?;
        let some = || {
            let after = self.places.partition_point(|place| place.events <= range.start);
            let Some(place) = self.places[..after].last() else {
                return on_sensor(Columns::default(), Some(self.sensor));
            };
            let mut feeder = place.feeder.clone();
            feeder.sensor = Some(self.sensor);
            let mut columns = Columns::default();
            while place.events + columns.len() < range.end && feeder.offset < bytes.len() {
                step(&mut feeder, &bytes, &mut columns)?;
            }
            on_sensor(columns, feeder.sensor).map(|events| {
                let [start, end] =
                    [range.start, range.end].map(|event| (event - place.events).min(events.len()));
                events.slice(start..end)
            })
        };
        some().map_err(broken(&self.path))
    }
}

/// Decodes the next part of a file: [`STEP`] bytes, or more if something in it is longer.
fn step(feeder: &mut Feeder, bytes: &[u8], columns: &mut Columns) -> Result<(), FormatError> {
    let rest = bytes.get(feeder.offset..).unwrap_or_default();
    let mut size = STEP;
    loop {
        let part = &rest[..size.min(rest.len())];
        if feeder.feed(part, columns)? > 0 {
            return Ok(());
        }
        if part.len() == rest.len() {
            return feeder.finish(rest);
        }
        size *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Event;
    use crate::format::{Format, encode, write};

    #[test]
    fn events_from_the_middle_are_those_of_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        // Several steps of the file, and upper bits of times that were said long before.
        let event =
            |k: i64| Event { t: 40 * k, x: (k % 77) as u16, y: (k % 50) as u16, p: k % 3 == 0 };
        let columns: Columns = (0..200_000).map(event).collect();
        let events = Events::on_smallest_sensor(columns).unwrap();
        for extension in ["raw", "aedat", "es", "npz"] {
            let path = folder.path().join("recording").with_extension(extension);
            write(&path, &events).unwrap();
            let read = IndexedFile::read(&path, &Options::default());
            let (Recording::Events(whole), index) = read.unwrap() else { panic!("spikes") };
            assert_eq!((whole.t(), whole.x()), (events.t(), events.x()), "{extension}");
            let Some(index) = index else {
                assert_eq!(extension, "npz");
                continue;
            };
            assert!(index.places.len() > 2, "{extension}");
            for range in [0..1, 5..5, 65_530..131_080, 199_999..200_000, 0..200_000] {
                let some = index.events(range.clone()).unwrap();
                assert_eq!(some, whole.slice(range.clone()), "{extension}, {range:?}");
            }
        }
    }

    #[test]
    fn a_file_that_ends_early_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording.es");
        let events = Events::on_smallest_sensor(
            [Event { t: 0, x: 3, y: 2, p: true }; 4].into_iter().collect(),
        );
        let bytes = encode(Format::EventStream, &events.unwrap()).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        let Err(error) = IndexedFile::read(&path, &Options::default()) else { panic!("read") };
        assert!(error.to_string().contains("recording.es"), "{error}");
    }
}

//! N-MNIST: MNIST's digits, seen by a camera that moves, 60,000 for training and 10,000 for tests.
//!
//! Orchard, Jayawant, Cohen and Thakor, *Converting static image datasets to spiking neuromorphic
//! datasets using saccades*, Frontiers in Neuroscience 9, 2015. An ATIS camera looks at each digit in
//! three saccades of about 105 ms. Released under CC BY-SA 4.0
//! (<https://www.garrickorchard.com/datasets/n-mnist>).
//!
//! Below the data folder, where the number of a file is that of the image in MNIST, from 1:
//!
//! ```text
//! nmnist/Train/<digit>/<number>.bin   nmnist/Test/<digit>/<number>.bin
//! ```

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{EventFiles, Reading, broken, events_of, in_class, misplaced, missing};
use super::order::files;
#[cfg(feature = "download")]
use crate::download::Downloader;
use crate::events::{Event, Events, SensorSize};
use crate::format::{self, Format, Options};
#[cfg(feature = "download")]
use crate::remote::{Hash, Remote};
use crate::{DataError, Part};

/// The names of the classes: the label of a digit is its value.
pub const CLASSES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
/// The part of the camera's sensor that the recordings are of.
pub const SENSOR: SensorSize = SensorSize { width: 34, height: 34, polarities: 2 };

const SOURCE: &str = "https://data.mendeley.com/datasets/468j46mzdv/1";
const EXPECTED: &str = "<digit>/<number>.bin";

/// One part of N-MNIST.
pub type NMnist = EventFiles<NMnistOptions>;

/// How the recordings are read; as they are, by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NMnistOptions {
    /// Only events before 100 ms: those of the first of three saccades.
    pub first_saccade_only: bool,
    /// Takes the motion of the camera out, so that the digit stays where it is.
    ///
    /// In three saccades of 105 ms, the digit goes along the sides of a triangle with the corners
    /// (0, 0), (3.5, 7) and (7, 0). Its place at the time of an event is subtracted from the event's,
    /// and (4, 2) is added. An event that is then outside of 0 to 33 is left out; of the others, the
    /// place is rounded, and halves to the even number. This is the rule of Tonic 1.7, after the
    /// authors' own script.
    pub stabilize: bool,
}

/// Downloads a part and unpacks it: 1.1 GB for both, packed.
///
/// # Errors
///
/// A file cannot be downloaded or written, or has other content than it should have.
#[cfg(feature = "download")]
pub fn download(folder: &Path, part: Part, downloader: &Downloader) -> Result<(), DataError> {
    let (remote, unpacked) = match part {
        Part::Train => (
            Remote {
                url: "https://data.mendeley.com/public-files/datasets/468j46mzdv/files/39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded",
                path: "nmnist/train.zip",
                hash: Hash::Md5("20959b8e626244a1b502305a9e6e2031"),
            },
            "nmnist/Train",
        ),
        Part::Test => (
            Remote {
                url: "https://data.mendeley.com/public-files/datasets/468j46mzdv/files/05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded",
                path: "nmnist/test.zip",
                hash: Hash::Md5("69ca8762b2fe404d9b9bad1103e97832"),
            },
            "nmnist/Test",
        ),
    };
    downloader.fetch_and_unpack(&remote, folder, unpacked)
}

impl NMnist {
    /// Finds the recordings of a part below the data folder.
    ///
    /// # Errors
    ///
    /// There are none, or one is not in the folder of a digit.
    pub fn open(folder: &Path, part: Part, options: NMnistOptions) -> Result<Self, DataError> {
        let root = folder.join(match part {
            Part::Train => "nmnist/Train",
            Part::Test => "nmnist/Test",
        });
        Self::of(recordings(&root)?, options)
    }

    /// Finds the recordings of any folder, in `<root>/<digit>/<number>.bin`: a part that lies
    /// elsewhere, or some of its recordings. The classes are the ten digits, whichever are there.
    ///
    /// # Errors
    ///
    /// There are none, or one is elsewhere.
    pub fn open_folder(root: &Path, options: NMnistOptions) -> Result<Self, DataError> {
        let found = recordings(root)?;
        // Else the folder of both parts would be one that has all their recordings.
        let elsewhere = |path: &&PathBuf| path.parent().and_then(Path::parent) != Some(root);
        if let Some(path) = found.iter().find(elsewhere) {
            let problem = format!("expected it as {EXPECTED} below {}", root.display());
            return Err(misplaced(path, problem));
        }
        Self::of(found, options)
    }

    fn of(found: Vec<PathBuf>, options: NMnistOptions) -> Result<Self, DataError> {
        let items = found.into_iter().map(|path| in_class(path, &CLASSES));
        Ok(Self::new(CLASSES, items.collect::<Result<_, _>>()?, Some(SENSOR), options))
    }
}

/// All recordings below a folder.
fn recordings(root: &Path) -> Result<Vec<PathBuf>, DataError> {
    let found = if root.is_dir() { files(root, &["bin"])? } else { Vec::new() };
    if found.is_empty() {
        return Err(missing(root, EXPECTED, SOURCE));
    }
    Ok(found)
}

impl Reading for NMnistOptions {
    fn read(&self, path: &Path) -> Result<Events, DataError> {
        let format = Some(Format::AtisBin);
        let options = Options { format, sensor: Some(SENSOR), ..Options::default() };
        let events = events_of(path, format::read_with(path, &options)?)?;
        if *self == Self::default() {
            return Ok(events);
        }
        let first = |event: &Event| !self.first_saccade_only || event.t < 100_000;
        let place = |event| if self.stabilize { stabilized(event) } else { Some(event) };
        let columns = events.iter().filter(first).filter_map(place).collect();
        Events::from_columns(columns, SENSOR).map_err(|error| broken(path, 0, error.to_string()))
    }
}

/// Duration of a saccade, in µs.
const SACCADE: i64 = 105_000;

/// Where the digit is when a saccade begins, and how far it goes.
const WAYS: [[[f64; 2]; 2]; 3] =
    [[[0.0, 0.0], [3.5, 7.0]], [[3.5, 7.0], [3.5, -7.0]], [[7.0, 0.0], [-7.0, 0.0]]];

/// The event where it would be if the camera did not move; `None` outside of the sensor.
fn stabilized(event: Event) -> Option<Event> {
    // A saccade ends with the event at its end.
    let number = ((event.t - 1).max(0) / SACCADE).min(2);
    let [start, way] = WAYS[number as usize];
    let since = (event.t - number * SACCADE) as f64;
    let [x, y] = [(event.x, 4.0, 0), (event.y, 2.0, 1)].map(|(place, added, axis)| {
        added + f64::from(place) - start[axis] - way[axis] * since / SACCADE as f64
    });
    let inside = |place: f64| (0.0..=33.0).contains(&place);
    let rounded = |place: f64| place.round_ties_even() as u16;
    (inside(x) && inside(y)).then(|| Event { x: rounded(x), y: rounded(y), ..event })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digit_that_moves_along_the_triangle_stays() {
        // Where the picture of one point is at these times.
        for (t, x, y) in [
            (0, 10, 12),
            (30_000, 11, 14),
            (60_000, 12, 16),
            (150_000, 15, 16),
            (210_000, 17, 12),
            (240_000, 15, 12),
            (315_000, 10, 12),
        ] {
            let event = stabilized(Event { t, x, y, p: true }).unwrap();
            assert_eq!((event.x, event.y, event.t), (14, 14, t), "{t}");
        }
        // 14.5 and 15.5: halves to the even number.
        let half = |x| stabilized(Event { t: 15_000, x, y: 13, p: false }).unwrap();
        assert_eq!([half(11).x, half(12).x], [14, 16]);
        assert_eq!(half(12).y, 14);
    }

    #[test]
    fn what_leaves_the_sensor_is_left_out() {
        let event = |t, x, y| stabilized(Event { t, x, y, p: true });
        assert_eq!(event(0, 29, 31).map(|event| (event.x, event.y)), Some((33, 33)));
        assert_eq!(event(0, 30, 31), None);
        assert_eq!(event(0, 29, 32), None);
        // 33.0 + 0.4 would be rounded to a pixel of the sensor.
        assert_eq!(event(18_000, 30, 10), None);
        assert_eq!(event(105_000, 0, 4), None);
        assert_eq!(event(105_000, 0, 5).map(|event| (event.x, event.y)), Some((0, 0)));
    }
}

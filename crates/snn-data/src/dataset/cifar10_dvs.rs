//! CIFAR10-DVS: 1000 pictures of each class of CIFAR-10, moved on a screen in front of a camera.
//!
//! Li, Liu, Ji, Li and Shi, *CIFAR10-DVS: an event-stream dataset for object classification*,
//! Frontiers in Neuroscience 11, 2017. There is no division into parts. Below the data folder, one of:
//!
//! ```text
//! cifar10_dvs/aedat/<class>/cifar10_<class>_<number>.aedat
//! cifar10_dvs/aedat4/<class>/cifar10_<class>_<number>.aedat4
//! ```

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::files::{EventFiles, Layout, Reading, broken, events_of};
use crate::DataError;
#[cfg(feature = "download")]
use crate::download::Downloader;
use crate::events::{Event, Events, SensorSize};
use crate::format::{self, Camera, Format, Options};
#[cfg(feature = "download")]
use crate::remote::{Hash, Remote};

/// The names of the classes.
pub const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
/// The sensor, of a DVS128.
pub const SENSOR: SensorSize = SensorSize { width: 128, height: 128, polarities: 2 };

/// CIFAR10-DVS.
pub type Cifar10Dvs = EventFiles<Cifar10DvsRelease>;

/// In which form the data set is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cifar10DvsRelease {
    /// As its authors published it, in AEDAT 2.0.
    ///
    /// The events are turned as SpikingJelly turns them: the column is 127 less the row of the
    /// address, and the row 127 less its column.
    Original,
    /// As Tonic offers it, in AEDAT 4, with rows and columns as in the files.
    Tonic,
}

/// The archives of the original release: where they are from, where they go, unpacked and not, and their MD5.
#[cfg(feature = "download")]
const ORIGINAL: [(&str, &str, &str, &str); 10] = [
    (
        "https://ndownloader.figshare.com/files/7712788",
        "cifar10_dvs/aedat/airplane.zip",
        "cifar10_dvs/aedat/airplane",
        "0afd5c4bf9ae06af762a77b180354fdd",
    ),
    (
        "https://ndownloader.figshare.com/files/7712791",
        "cifar10_dvs/aedat/automobile.zip",
        "cifar10_dvs/aedat/automobile",
        "8438dfeba3bc970c94962d995b1b9bdd",
    ),
    (
        "https://ndownloader.figshare.com/files/7712794",
        "cifar10_dvs/aedat/bird.zip",
        "cifar10_dvs/aedat/bird",
        "a9c207c91c55b9dc2002dc21c684d785",
    ),
    (
        "https://ndownloader.figshare.com/files/7712812",
        "cifar10_dvs/aedat/cat.zip",
        "cifar10_dvs/aedat/cat",
        "52c63c677c2b15fa5146a8daf4d56687",
    ),
    (
        "https://ndownloader.figshare.com/files/7712815",
        "cifar10_dvs/aedat/deer.zip",
        "cifar10_dvs/aedat/deer",
        "b6bf21f6c04d21ba4e23fc3e36c8a4a3",
    ),
    (
        "https://ndownloader.figshare.com/files/7712818",
        "cifar10_dvs/aedat/dog.zip",
        "cifar10_dvs/aedat/dog",
        "f379ebdf6703d16e0a690782e62639c3",
    ),
    (
        "https://ndownloader.figshare.com/files/7712842",
        "cifar10_dvs/aedat/frog.zip",
        "cifar10_dvs/aedat/frog",
        "cad6ed91214b1c7388a5f6ee56d08803",
    ),
    (
        "https://ndownloader.figshare.com/files/7712851",
        "cifar10_dvs/aedat/horse.zip",
        "cifar10_dvs/aedat/horse",
        "e7cbbf77bec584ffbf913f00e682782a",
    ),
    (
        "https://ndownloader.figshare.com/files/7712836",
        "cifar10_dvs/aedat/ship.zip",
        "cifar10_dvs/aedat/ship",
        "41c7bd7d6b251be82557c6cce9a7d5c9",
    ),
    (
        "https://ndownloader.figshare.com/files/7712839",
        "cifar10_dvs/aedat/truck.zip",
        "cifar10_dvs/aedat/truck",
        "89f3922fd147d9aeff89e76a2b0b70a7",
    ),
];

/// Downloads and unpacks a release.
///
/// # Errors
///
/// A file cannot be downloaded or written, or has other content than it should have.
#[cfg(feature = "download")]
pub fn download(
    folder: &Path,
    release: Cifar10DvsRelease,
    downloader: &Downloader,
) -> Result<(), DataError> {
    match release {
        Cifar10DvsRelease::Original => {
            ORIGINAL.into_iter().try_for_each(|(url, path, unpacked, md5)| {
                let remote = Remote { url, path, hash: Hash::Md5(md5) };
                downloader.fetch_and_unpack(&remote, folder, unpacked)
            })
        }
        Cifar10DvsRelease::Tonic => {
            let remote = Remote {
                url: "https://figshare.com/ndownloader/files/38023437",
                path: "cifar10_dvs/CIFAR10DVS.zip",
                hash: Hash::Md5("ce3a4a0682dc0943703bd8f749a7701c"),
            };
            // It holds an archive for each class.
            downloader.fetch_and_unpack(&remote, folder, "cifar10_dvs/aedat4")
        }
    }
}

impl Cifar10Dvs {
    /// Finds the recordings below the data folder.
    ///
    /// # Errors
    ///
    /// There are none, or one is not in the folder of a class.
    pub fn open(folder: &Path, release: Cifar10DvsRelease) -> Result<Self, DataError> {
        let layout = match release {
            Cifar10DvsRelease::Original => Layout {
                roots: &["cifar10_dvs/aedat"],
                extensions: &["aedat"],
                expected: "<class>/cifar10_<class>_<number>.aedat",
                source: "https://figshare.com/articles/dataset/CIFAR10-DVS_New/4724671",
            },
            Cifar10DvsRelease::Tonic => Layout {
                roots: &["cifar10_dvs/aedat4"],
                extensions: &["aedat4"],
                expected: "<class>/cifar10_<class>_<number>.aedat4",
                source: "https://figshare.com/ndownloader/files/38023437",
            },
        };
        let items = layout.items(folder, &CLASSES)?;
        Ok(Self::new(CLASSES, items, Some(SENSOR), release))
    }
}

impl Reading for Cifar10DvsRelease {
    fn read(&self, path: &Path) -> Result<Events, DataError> {
        match self {
            Self::Tonic => {
                let options = Options { format: Some(Format::Aedat4), ..Options::default() };
                events_of(path, format::read_with(path, &options)?)
            }
            Self::Original => {
                let (format, camera) = (Some(Format::Aedat2), Some(Camera::Dvs128));
                let options = Options { format, camera, ..Options::default() };
                let events = events_of(path, format::read_with(path, &options)?)?;
                // A DVS128 has columns and rows from 0 to 127.
                let turned = |event: Event| Event { x: 127 - event.y, y: 127 - event.x, ..event };
                Events::from_columns(events.iter().map(turned).collect(), SENSOR)
                    .map_err(|error| broken(path, 0, error.to_string()))
            }
        }
    }
}

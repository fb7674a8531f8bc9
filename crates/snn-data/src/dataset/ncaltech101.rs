//! N-Caltech101: Caltech101's pictures, seen by a camera that moves, 8709 recordings.
//!
//! Orchard, Jayawant, Cohen and Thakor, *Converting static image datasets to spiking neuromorphic
//! datasets using saccades*, Frontiers in Neuroscience 9, 2015. 100 classes and a background; there is
//! no division into parts. Released under CC BY 4.0
//! (<https://www.garrickorchard.com/datasets/n-caltech101>).
//!
//! Below the data folder:
//!
//! ```text
//! ncaltech101/Caltech101/<class>/<name>.bin
//! ```

use std::path::Path;

use super::files::{
    EventFiles, Layout, Reading, broken, events_of, folder_name, in_class, sorted_names,
};
use crate::DataError;
#[cfg(feature = "download")]
use crate::download::Downloader;
use crate::events::{Event, Events, SensorSize};
use crate::format::{self, Format, Options};
#[cfg(feature = "download")]
use crate::remote::{Hash, Remote};

/// The sensor on which networks usually take the recordings. Pictures are of different sizes, and so are the
/// recordings.
pub const SENSOR: SensorSize = SensorSize { width: 240, height: 180, polarities: 2 };

const SOURCE: &str = "https://www.garrickorchard.com/datasets/n-caltech101";

/// N-Caltech101.
pub type NCaltech101 = EventFiles<NCaltech101Reading>;

/// How the recordings are read: with the first column and the first row that have events as 0, as
/// Tonic 1.7 does.
#[derive(Debug, Clone, Copy)]
pub struct NCaltech101Reading;

/// Downloads and unpacks the data set.
///
/// # Errors
///
/// The file cannot be downloaded or written, or has other content than it should have.
#[cfg(feature = "download")]
pub fn download(folder: &Path, downloader: &Downloader) -> Result<(), DataError> {
    let remote = Remote {
        url: "https://data.mendeley.com/public-files/datasets/cy6cvx3ryv/files/36b5c52a-b49d-4853-addb-a836a8883e49/file_downloaded",
        path: "ncaltech101/Caltech101.zip",
        hash: Hash::Md5("66201824eabb0239c7ab992480b50ba3"),
    };
    downloader.fetch_and_unpack(&remote, folder, "ncaltech101/Caltech101")
}

impl NCaltech101 {
    /// Finds the recordings below the data folder.
    ///
    /// The classes are the folders with recordings, sorted as files are. Each recording is on the
    /// smallest sensor that has all its events; to have them all on one, say
    /// [`on_sensor`](Self::on_sensor), with [`SENSOR`] for example.
    ///
    /// # Errors
    ///
    /// There are none.
    pub fn open(folder: &Path) -> Result<Self, DataError> {
        let layout = Layout {
            roots: &["ncaltech101/Caltech101"],
            extensions: &["bin"],
            expected: "<class>/<name>.bin",
            source: SOURCE,
        };
        let files = layout.files(folder)?;
        let classes = sorted_names(files.iter().filter_map(|path| folder_name(path)));
        let items = files.into_iter().map(|path| in_class(path, &classes));
        let items = items.collect::<Result<_, _>>()?;
        Ok(Self::new(classes, items, None, NCaltech101Reading))
    }
}

impl Reading for NCaltech101Reading {
    fn read(&self, path: &Path) -> Result<Events, DataError> {
        let options = Options { format: Some(Format::AtisBin), ..Options::default() };
        let events = events_of(path, format::read_with(path, &options)?)?;
        let first = |places: &[u16]| places.iter().copied().min().unwrap_or(0);
        let (left, top) = (first(events.x()), first(events.y()));
        let moved = |event: Event| Event { x: event.x - left, y: event.y - top, ..event };
        Events::on_smallest_sensor(events.iter().map(moved).collect())
            .map_err(|error| broken(path, 0, error.to_string()))
    }
}

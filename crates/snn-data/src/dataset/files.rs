//! Recordings of a camera in files, each with a class: what all data sets of recordings are.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::iter::successors;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::data::dataset::{Dataset, DatasetError};

use super::cuts::Cuts;
use super::order::{files, natural};
use super::{Origin, Recordings, Sample};
use crate::DataError;
use crate::events::{Events, SensorSize};
use crate::format::{self, Options, Recording};

/// How the files of a data set are read.
///
/// What [`fmt::Debug`] makes of it is part of the [`Origin`] of each sample: it must show all that
/// changes what is read.
pub trait Reading: fmt::Debug + Clone + Send + Sync {
    /// The events of a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is broken, or holds no events of a camera.
    fn read(&self, path: &Path) -> Result<Events, DataError> {
        events_of(path, format::read(path)?)
    }

    /// The options with which [`format::read_with`] reads the same events as [`read`](Self::read), if
    /// there are any: then a part of a file may be read without the rest of it.
    fn options(&self) -> Option<Options> {
        None
    }
}

/// Recordings of a camera in files, or parts of them by time, each with a class.
///
/// Nothing is read before a sample is asked for. The samples are sorted by the path of their file,
/// one part of it after the other, and in each name runs of digits by the number that they are; so
/// the order is the same on every file system. Times are in µs. Events keep the order that they
/// have in the file; the transform [`SortByTime`](crate::transform::SortByTime) sorts them by time.
#[derive(Debug, Clone)]
pub struct EventFiles<R> {
    classes: Arc<[String]>,
    items: Vec<Item>,
    /// Of each item, the number of the recording that it is or is a window of.
    recordings: Vec<usize>,
    sensor: Option<SensorSize>,
    reading: R,
    cuts: Cuts,
}

/// One recording.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub path: PathBuf,
    pub label: usize,
    /// Which part of the file, in µs; all of it without.
    pub time: Option<Range<i64>>,
}

impl<R: Reading> EventFiles<R> {
    pub(super) fn new(
        classes: impl IntoIterator<Item = impl Into<String>>,
        items: Vec<Item>,
        sensor: Option<SensorSize>,
        reading: R,
    ) -> Self {
        let classes = classes.into_iter().map(Into::into).collect();
        let recordings = (0..items.len()).collect();
        Self { classes, items, recordings, sensor, reading, cuts: Cuts::default() }
    }

    /// The sensor of all recordings. If there is none, each is on the one that its file states, or
    /// else on the smallest that has all its events.
    pub fn sensor(&self) -> Option<SensorSize> {
        self.sensor
    }

    /// The same recordings, all on one sensor. An event outside of it is an error when the recording
    /// is read.
    pub fn on_sensor(self, sensor: SensorSize) -> Self {
        Self { sensor: Some(sensor), ..self }
    }

    /// The smallest sensor that has those of all recordings. Reads them all, unless they have one.
    ///
    /// # Errors
    ///
    /// A recording cannot be read.
    pub fn union_sensor(&self) -> Result<SensorSize, DataError> {
        if let Some(sensor) = self.sensor {
            return Ok(sensor);
        }
        let mut union = SensorSize { width: 0, height: 0, polarities: 1 };
        for index in 0..self.items.len() {
            let SensorSize { width, height, polarities } = self.read(index)?.sensor();
            union.width = union.width.max(width);
            union.height = union.height.max(height);
            union.polarities = union.polarities.max(polarities);
        }
        Ok(union)
    }

    /// Reads all recordings, and returns the indices of those that cannot be read, with the reason.
    /// [`without`](Self::without) leaves them out.
    pub fn broken(&self) -> Vec<(usize, DataError)> {
        (0..self.items.len()).filter_map(|index| Some((index, self.read(index).err()?))).collect()
    }

    /// The same recordings but some. The classes stay as they are.
    pub fn without(mut self, indices: &[usize]) -> Self {
        let left_out: HashSet<usize> = indices.iter().copied().collect();
        let all = self.items.into_iter().zip(self.recordings).enumerate();
        let kept = all.filter(|(index, _)| !left_out.contains(index));
        (self.items, self.recordings) = kept.map(|(_, item)| item).unzip();
        self
    }

    /// The same recordings, cut into windows of `length` µs that follow each other from the first
    /// event of each recording on. Each window is a sample of its recording's class; those of a
    /// recording are in the order of time, and have its sensor, not the smallest of their own.
    ///
    /// A window is from its start up to its end, which is not part of it, and may have no events. What
    /// is left at the end of a recording, with its last event before the last µs of a whole window, is
    /// left out; so is a recording without a whole window. Of a part of a file, as in IBM's DVS
    /// Gesture, every window is within that part.
    ///
    /// Reads every recording once, to find its first and its last event. In a
    /// [`Folder`](super::folder::Folder) and in IBM's DVS Gesture, a file of sorted events in a format
    /// that is [streamed](crate::format) is read as a whole for the first of its windows, and in parts
    /// for the others; any other file is read as a whole for each window.
    ///
    /// # Errors
    ///
    /// A recording cannot be read.
    ///
    /// # Panics
    ///
    /// `length` is not above 0.
    pub fn windows(self, length: i64) -> Result<Self, DataError> {
        assert!(length > 0, "windows of {length} µs");
        let (mut items, mut recordings) = (Vec::new(), Vec::new());
        for (index, item) in self.items.iter().enumerate() {
            let events = self.read(index)?;
            // They need not be sorted.
            let times = events.t().iter().min().zip(events.t().iter().max());
            for time in times.into_iter().flat_map(|(first, last)| windows(*first, *last, length)) {
                items.push(Item { time: Some(time), ..item.clone() });
                recordings.push(self.recordings[index]);
            }
        }
        Ok(Self { items, recordings, ..self })
    }

    /// The number of the recording that a sample is, or that it is a [window](Self::windows) of: its
    /// index in the set as it was opened. Windows with the same number are those of one recording, one
    /// after the other.
    ///
    /// ([`Origin::path`] does not tell: a file may have several recordings.)
    pub fn recording(&self, index: usize) -> usize {
        self.recordings[index]
    }

    /// The events of a recording.
    fn read(&self, index: usize) -> Result<Events, DataError> {
        let Item { path, time, .. } = &self.items[index];
        let events = match time {
            None => self.reading.read(path)?,
            Some(time) => self.cuts.read(&self.reading, path, time)?,
        };
        match self.sensor {
            Some(sensor) if sensor != events.sensor() => {
                let events = Events::from_columns(events.into_columns(), sensor);
                events.map_err(|error| broken(path, 0, error.to_string()))
            }
            _ => Ok(events),
        }
    }
}

impl<R: Reading> Dataset<Sample<Events>> for EventFiles<R> {
    fn get(&self, index: usize) -> Result<Sample<Events>, DatasetError> {
        let data = self.read(index).map_err(DatasetError::new)?;
        Ok(Sample { data, label: self.items[index].label })
    }

    fn len(&self) -> usize {
        self.items.len()
    }
}

impl<R: Reading> Recordings<Events> for EventFiles<R> {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn label(&self, index: usize) -> usize {
        self.items[index].label
    }

    fn origin(&self, index: usize) -> Origin {
        let Item { path, time, .. } = &self.items[index];
        let part = format!("{:?}, sensor {:?}, time {time:?}", self.reading, self.sensor);
        Origin { path: path.clone(), part }
    }
}

/// The whole windows of a recording.
fn windows(first: i64, last: i64, length: i64) -> impl Iterator<Item = Range<i64>> {
    let starts = successors(Some(first), move |start| start.checked_add(length));
    starts.map_while(move |start| {
        let end = start.checked_add(length)?;
        (end - 1 <= last).then_some(start..end)
    })
}

/// The events of a file that was read.
pub(super) fn events_of(path: &Path, recording: Recording) -> Result<Events, DataError> {
    match recording {
        Recording::Events(events) => Ok(events),
        Recording::Spikes(_) => {
            Err(broken(path, 0, "expected events of a camera, got spikes of neurons"))
        }
    }
}

pub(super) fn broken(path: &Path, offset: usize, problem: impl Into<String>) -> DataError {
    DataError::Format { path: path.into(), offset, problem: problem.into() }
}

/// A folder without what a data set has, which is to be got elsewhere.
pub(super) fn missing(folder: &Path, expected: &str, source: &str) -> DataError {
    let problem = format!("expected {expected} below this folder; the data set is from {source}");
    let source = io::Error::new(io::ErrorKind::NotFound, problem);
    DataError::File { path: folder.into(), source }
}

/// A file or folder that is not where the layout of its data set has one.
pub(super) fn misplaced(path: &Path, problem: impl Into<String>) -> DataError {
    let source = io::Error::new(io::ErrorKind::InvalidData, problem.into());
    DataError::File { path: path.into(), source }
}

/// The layout of a data set with one folder of files for each class.
pub(super) struct Layout<'a> {
    /// Where the folders may be, below the folder of data sets: the first one that is there.
    pub roots: &'a [&'a str],
    /// Extensions of the files.
    pub extensions: &'a [&'a str],
    /// What is to be there, in words.
    pub expected: &'a str,
    /// Where the data set is from.
    pub source: &'a str,
}

impl Layout<'_> {
    /// The files of the data set, sorted.
    pub fn files(&self, folder: &Path) -> Result<Vec<PathBuf>, DataError> {
        let all = self.roots.iter().map(|root| folder.join(root)).collect::<Vec<_>>();
        let Some(root) = all.iter().find(|root| root.is_dir()) else {
            return Err(missing(&all[0], self.expected, self.source));
        };
        let found = files(root, self.extensions)?;
        if found.is_empty() {
            return Err(missing(root, self.expected, self.source));
        }
        Ok(found)
    }

    /// The files, where the folder that a file is in names its class.
    pub fn items(&self, folder: &Path, classes: &[&str]) -> Result<Vec<Item>, DataError> {
        self.files(folder)?.into_iter().map(|path| in_class(path, classes)).collect()
    }
}

/// A file in the folder of its class.
pub(super) fn in_class(path: PathBuf, classes: &[impl AsRef<str>]) -> Result<Item, DataError> {
    let name = folder_name(&path);
    match classes.iter().position(|class| Some(class.as_ref()) == name) {
        Some(label) => Ok(Item { path, label, time: None }),
        None => {
            let names: Vec<&str> = classes.iter().map(AsRef::as_ref).collect();
            let problem =
                format!("expected it in a folder of a class, one of {}", names.join(", "));
            Err(misplaced(&path, problem))
        }
    }
}

/// The name of the folder that a file is in.
pub(super) fn folder_name(path: &Path) -> Option<&str> {
    path.parent()?.file_name()?.to_str()
}

/// Each name once, sorted as files are.
pub(super) fn sorted_names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = names.map(Into::into).collect();
    names.sort_by(|a, b| natural(a.as_bytes(), b.as_bytes()));
    names.dedup();
    names
}

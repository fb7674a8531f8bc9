//! DVS Gesture: eleven gestures of 29 people under three kinds of light.
//!
//! Amir et al., *A low power, fully event-based gesture recognition system*, CVPR 2017. Released under
//! CC BY 4.0 (<https://research.ibm.com/interactive/dvsgesture/>). Below the data folder, one of:
//!
//! ```text
//! dvs_gesture/DvsGesture/trials_to_train.txt   dvs_gesture/DvsGesture/trials_to_test.txt
//! dvs_gesture/DvsGesture/<trial>.aedat         dvs_gesture/DvsGesture/<trial>_labels.csv
//!
//! dvs_gesture/ibmGestureTrain/user<number>_<light>/<label>.npy
//! dvs_gesture/ibmGestureTest/user<number>_<light>/<label>.npy
//! ```

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{EventFiles, Item, Layout, Reading, broken, events_of, misplaced, missing};
use super::order::natural;
#[cfg(feature = "download")]
use crate::download::Downloader;
use crate::events::{Events, SensorSize};
use crate::format::{self, ColumnSelection, Format, FormatError, Options, TimeUnit};
#[cfg(feature = "download")]
use crate::remote::{Hash, Remote};
use crate::{DataError, Part};

/// The names of the classes.
pub const CLASSES: [&str; 11] = [
    "hand_clapping",
    "right_hand_wave",
    "left_hand_wave",
    "right_arm_clockwise",
    "right_arm_counter_clockwise",
    "left_arm_clockwise",
    "left_arm_counter_clockwise",
    "arm_roll",
    "air_drums",
    "air_guitar",
    "other_gestures",
];
/// The sensor, of a DVS128.
pub const SENSOR: SensorSize = SensorSize { width: 128, height: 128, polarities: 2 };

const IBM: &str = "https://research.ibm.com/interactive/dvsgesture/";
const FIGSHARE: &str = "https://figshare.com/ndownloader/files/38022171 (training) and \
                        https://figshare.com/ndownloader/files/38020584 (tests)";

/// One part of DVS Gesture.
pub type DvsGesture = EventFiles<DvsGestureRelease>;

/// In which form the data set is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DvsGestureRelease {
    /// As IBM published it: an AEDAT 3.1 file for each trial, in which a person makes all gestures,
    /// and a table of when which gesture begins and ends, in µs, the end not included. 1176 recordings to
    /// train with, 288 to test with.
    ///
    /// The times are as in the tables, one of which lets a gesture end after the next one began
    /// (`user22_led`).
    Ibm,
    /// As Tonic offers it: a file for each gesture, with times in whole ms, which are µs here. 1077
    /// recordings to train with, 264 to test with.
    Tonic,
}

/// Downloads and unpacks a part of the data set as Tonic offers it. The release of IBM must be got by
/// hand.
///
/// # Errors
///
/// A file cannot be downloaded or written, or has other content than it should have.
#[cfg(feature = "download")]
pub fn download(folder: &Path, part: Part, downloader: &Downloader) -> Result<(), DataError> {
    let (remote, unpacked) = match part {
        Part::Train => (
            Remote {
                url: "https://figshare.com/ndownloader/files/38022171",
                path: "dvs_gesture/ibmGestureTrain.tar.gz",
                hash: Hash::Md5("3a8f0d4120a166bac7591f77409cb105"),
            },
            "dvs_gesture/ibmGestureTrain",
        ),
        Part::Test => (
            Remote {
                url: "https://figshare.com/ndownloader/files/38020584",
                path: "dvs_gesture/ibmGestureTest.tar.gz",
                hash: Hash::Md5("56070e45dadaa85fff82e0fbfbc06de5"),
            },
            "dvs_gesture/ibmGestureTest",
        ),
    };
    downloader.fetch_and_unpack(&remote, folder, unpacked)
}

impl DvsGesture {
    /// Finds the recordings of a part below the data folder.
    ///
    /// The recordings of a trial are in the order of its table, and of its labels in Tonic's release.
    ///
    /// # Errors
    ///
    /// There are none; or a trial has no file or no table, or its table is not one.
    pub fn open(folder: &Path, part: Part, release: DvsGestureRelease) -> Result<Self, DataError> {
        let items = match release {
            DvsGestureRelease::Ibm => trials(&folder.join("dvs_gesture/DvsGesture"), part)?,
            DvsGestureRelease::Tonic => gestures(folder, part)?,
        };
        Ok(Self::new(CLASSES, items, Some(SENSOR), release))
    }
}

impl Reading for DvsGestureRelease {
    fn read(&self, path: &Path) -> Result<Events, DataError> {
        events_of(path, format::read_with(path, &self.options().unwrap_or_default())?)
    }

    fn options(&self) -> Option<Options> {
        Some(match self {
            Self::Ibm => Options::default(),
            Self::Tonic => Options {
                format: Some(Format::Npy),
                columns: Some(ColumnSelection::xypt()),
                time_unit: Some(TimeUnit::Milliseconds),
                ..Options::default()
            },
        })
    }
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> DataError {
    move |source| DataError::File { path: path.into(), source }
}

/// The files of Tonic's release: the name of a file is its label.
fn gestures(folder: &Path, part: Part) -> Result<Vec<Item>, DataError> {
    let layout = Layout {
        roots: match part {
            Part::Train => &["dvs_gesture/ibmGestureTrain"],
            Part::Test => &["dvs_gesture/ibmGestureTest"],
        },
        extensions: &["npy"],
        expected: "user<number>_<light>/<label>.npy",
        source: FIGSHARE,
    };
    let item = |path: PathBuf| {
        let name = path.file_stem().and_then(|name| name.to_str());
        match name.and_then(|name| name.parse().ok()).filter(|label| *label < CLASSES.len()) {
            Some(label) => Ok(Item { path, label, time: None }),
            None => Err(misplaced(&path, "expected a name that is a label from 0 to 10")),
        }
    };
    layout.files(folder)?.into_iter().map(item).collect()
}

/// The gestures of all trials of a part of IBM's release.
fn trials(folder: &Path, part: Part) -> Result<Vec<Item>, DataError> {
    let list = folder.join(match part {
        Part::Train => "trials_to_train.txt",
        Part::Test => "trials_to_test.txt",
    });
    if !list.is_file() {
        return Err(missing(folder, "trials_to_train.txt and trials_to_test.txt", IBM));
    }
    let text = fs::read_to_string(&list).map_err(unreadable(&list))?;
    let mut trials: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    trials.sort_by(|a, b| natural(a.as_bytes(), b.as_bytes()));
    let mut items = Vec::new();
    for trial in trials {
        let path = folder.join(trial);
        if path.parent() != Some(folder) || !path.is_file() {
            let problem = format!("{} names it, but there is no such file", list.display());
            return Err(misplaced(&path, problem));
        }
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let labels = folder.join(format!("{name}_labels.csv"));
        let text = fs::read_to_string(&labels).map_err(unreadable(&labels))?;
        let rows = table(&text).map_err(|error| broken(&labels, error.offset, error.problem))?;
        items.extend(rows.into_iter().map(|(label, time)| Item {
            path: path.clone(),
            label,
            time: Some(time),
        }));
    }
    if items.is_empty() {
        return Err(missing(folder, "trials with gestures", IBM));
    }
    Ok(items)
}

/// The first line of a table.
const HEAD: &str = "class,startTime_usec,endTime_usec";

/// Class, from 0, and time of each row of a table.
fn table(text: &str) -> Result<Vec<(usize, Range<i64>)>, FormatError> {
    let mut rows = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let row = line.trim();
        if offset == 0 && row != HEAD {
            let problem = format!("expected a first line {HEAD}, got {row:?}");
            return Err(FormatError { offset, problem });
        }
        if offset > 0 && !row.is_empty() {
            let numbers = row.split(',').map(|cell| cell.trim().parse::<i64>().ok());
            match numbers.collect::<Option<Vec<_>>>().as_deref() {
                Some(&[class @ 1..=11, start, end]) if start <= end => {
                    rows.push((class as usize - 1, start..end));
                }
                _ => {
                    let wanted = "a class from 1 to 11, a start and an end not before it";
                    let problem = format!("expected {wanted}, got {row:?}");
                    return Err(FormatError { offset, problem });
                }
            }
        }
        offset += line.len();
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_gestures() {
        let text = format!("{HEAD}\r\n1,80048239,85092709\r\n\r\n11, 90 , 91\r\n8,5,5");
        let rows = table(&text).unwrap();
        assert_eq!(rows, [(0, 80_048_239..85_092_709), (10, 90..91), (7, 5..5)]);
        assert_eq!(table("").unwrap(), []);
        for (row, why) in [
            ("12,1,2", "12,1,2"),
            ("0,1,2", ""),
            ("1,3,2", ""),
            ("1,2", ""),
            ("1,2,3,4", ""),
            ("a,1,2", ""),
        ] {
            let FormatError { offset, problem } =
                table(&format!("{HEAD}\n3,1,2\n{row}\n")).unwrap_err();
            assert_eq!(offset, HEAD.len() + 1 + 6);
            assert!(problem.starts_with("expected a class from 1 to 11") && problem.contains(why));
        }
        assert_eq!(table("1,2,3\n").unwrap_err().offset, 0);
    }
}

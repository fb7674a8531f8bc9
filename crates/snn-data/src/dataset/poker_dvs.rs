//! POKER-DVS: the pips of poker cards that are browsed in front of a camera.
//!
//! Serrano-Gotarredona and Linares-Barranco, *Poker-DVS and MNIST-DVS. Their history, how they were
//! made, and other details*, Frontiers in Neuroscience 9, 2015. In the form in which Tonic ships it,
//! below the data folder:
//!
//! ```text
//! poker_dvs/pips_train/<cl|he|di|sp>/<name>.npy   poker_dvs/pips_test/<cl|he|di|sp>/<name>.npy
//! ```

use std::path::Path;

use super::files::{EventFiles, Layout, Reading, events_of};
use crate::events::{Events, SensorSize};
use crate::format::{self, ColumnSelection, Format, Options, TimeUnit};
use crate::{DataError, Part};

/// The names of the classes.
pub const CLASSES: [&str; 4] = ["club", "heart", "diamond", "spade"];
/// The window around a pip.
pub const SENSOR: SensorSize = SensorSize { width: 35, height: 35, polarities: 2 };

const FOLDERS: [&str; 4] = ["cl", "he", "di", "sp"];

/// One part of POKER-DVS.
pub type PokerDvs = EventFiles<PokerDvsReading>;

/// How the recordings are read: rows of t, x, y and polarity, with times in µs.
#[derive(Debug, Clone, Copy)]
pub struct PokerDvsReading;

impl PokerDvs {
    /// Finds the recordings of a part below the data folder.
    ///
    /// # Errors
    ///
    /// There are none, or one is not in the folder of a class.
    pub fn open(folder: &Path, part: Part) -> Result<Self, DataError> {
        let layout = Layout {
            roots: match part {
                Part::Train => &["poker_dvs/pips_train"],
                Part::Test => &["poker_dvs/pips_test"],
            },
            extensions: &["npy"],
            expected: "<cl|he|di|sp>/<name>.npy",
            source: "the files pips_train.tar.gz and pips_test.tar.gz in tonic/datasets of \
                     https://github.com/neuromorphs/tonic",
        };
        let items = layout.items(folder, &FOLDERS)?;
        Ok(Self::new(CLASSES, items, Some(SENSOR), PokerDvsReading))
    }
}

impl Reading for PokerDvsReading {
    fn read(&self, path: &Path) -> Result<Events, DataError> {
        let options = self.options().unwrap_or_default();
        events_of(path, format::read_with(path, &options)?)
    }

    fn options(&self) -> Option<Options> {
        Some(Options {
            format: Some(Format::Npy),
            columns: Some(ColumnSelection::txyp()),
            time_unit: Some(TimeUnit::Microseconds),
            ..Options::default()
        })
    }
}

//! ASL-DVS: letters of the American sign language, 100,800 recordings of 100 ms.
//!
//! Bi, Chadha, Abbas, Bourtsoulatze and Andreopoulos, *Graph-based object classification for
//! neuromorphic vision sensing*, ICCV 2019 (<https://github.com/PIX2NVS/NVS2Graph>). There is no
//! division into parts. Below the data folder, at any depth:
//!
//! ```text
//! asl_dvs/<letter>/<name>.mat
//! ```

use std::path::Path;

use super::files::{EventFiles, Layout, Reading};
use crate::DataError;
use crate::events::SensorSize;

/// The names of the classes. Two have no recordings: the signs of j and z are movements.
pub const CLASSES: [&str; 26] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s",
    "t", "u", "v", "w", "x", "y", "z",
];
/// The sensor, of a DAVIS240C.
pub const SENSOR: SensorSize = SensorSize { width: 240, height: 180, polarities: 2 };

/// ASL-DVS.
pub type AslDvs = EventFiles<AslDvsReading>;

/// How the recordings are read: as [`format::mat`](crate::format::mat) does, with rows from
/// the top.
#[derive(Debug, Clone, Copy)]
pub struct AslDvsReading;

impl AslDvs {
    /// Finds the recordings below the data folder.
    ///
    /// # Errors
    ///
    /// There are none, or one is not in the folder of a letter.
    pub fn open(folder: &Path) -> Result<Self, DataError> {
        let layout = Layout {
            roots: &["asl_dvs"],
            extensions: &["mat"],
            expected: "<letter>/<name>.mat",
            source: "https://github.com/PIX2NVS/NVS2Graph",
        };
        let items = layout.items(folder, &CLASSES)?;
        Ok(Self::new(CLASSES, items, Some(SENSOR), AslDvsReading))
    }
}

impl Reading for AslDvsReading {}

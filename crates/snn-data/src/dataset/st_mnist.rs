//! ST-MNIST: digits that people wrote with a finger on 10 x 10 tactile sensors.
//!
//! See et al., *ST-MNIST - the spiking tactile MNIST neuromorphic dataset*, arXiv:2005.04319, 2020.
//! There is no division into parts. Below the data folder, at any depth:
//!
//! ```text
//! stmnist/<digit>/<name>.mat
//! ```
//!
//! A table `LUT.mat`, which comes with them, is no recording.

use std::path::Path;

use super::files::{EventFiles, Layout, Reading, in_class, missing};
use crate::DataError;
use crate::events::SensorSize;

/// The names of the classes: the label of a digit is its value.
pub const CLASSES: [&str; 10] = super::nmnist::CLASSES;
/// The taxels.
pub const SENSOR: SensorSize = SensorSize { width: 10, height: 10, polarities: 2 };

const SOURCE: &str = "https://scholarbank.nus.edu.sg/bitstream/10635/168106/2/\
                      STMNIST%20dataset%20NUS%20Tee%20Research%20Group.zip, where a form must be filled in";

/// ST-MNIST.
pub type StMnist = EventFiles<StMnistReading>;

/// How the recordings are read: as [`format::mat`](crate::format::mat) does.
#[derive(Debug, Clone, Copy)]
pub struct StMnistReading;

impl StMnist {
    /// Finds the recordings below the data folder.
    ///
    /// # Errors
    ///
    /// There are none, or one is not in the folder of a digit.
    pub fn open(folder: &Path) -> Result<Self, DataError> {
        let layout = Layout {
            roots: &["stmnist"],
            extensions: &["mat"],
            expected: "<digit>/<name>.mat",
            source: SOURCE,
        };
        let mut files = layout.files(folder)?;
        files.retain(|path| !path.file_stem().is_some_and(|name| name.eq_ignore_ascii_case("LUT")));
        if files.is_empty() {
            return Err(missing(&folder.join("stmnist"), layout.expected, layout.source));
        }
        let items = files.into_iter().map(|path| in_class(path, &CLASSES));
        let items = items.collect::<Result<_, _>>()?;
        Ok(Self::new(CLASSES, items, Some(SENSOR), StMnistReading))
    }
}

impl Reading for StMnistReading {}

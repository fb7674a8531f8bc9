//! N-Cars: 100 ms of what a camera in a car sees, with another car in it or not. 15,422 recordings to
//! train with, 8607 to test with.
//!
//! Sironi, Brambilla, Bourdis, Lagorce and Benosman, *HATS: histograms of averaged time surfaces for
//! robust event-based object classification*, CVPR 2018. Below the data folder:
//!
//! ```text
//! ncars/n-cars_train/<background|cars>/<name>.dat   ncars/n-cars_test/<background|cars>/<name>.dat
//! ```
//!
//! They may be in a folder `Prophesee_Dataset_n_cars` in `ncars`, as they are published.

use std::path::Path;

use super::files::{EventFiles, Layout, Reading};
use crate::events::SensorSize;
use crate::{DataError, Part};

/// The names of the classes.
pub const CLASSES: [&str; 2] = ["background", "cars"];
/// The largest window that a recording is of.
pub const SENSOR: SensorSize = SensorSize { width: 120, height: 100, polarities: 2 };

/// One part of N-Cars.
pub type NCars = EventFiles<NCarsReading>;

/// How the recordings are read: as they are.
#[derive(Debug, Clone, Copy)]
pub struct NCarsReading;

impl NCars {
    /// Finds the recordings of a part below the data folder.
    ///
    /// # Errors
    ///
    /// There are none, or one is not in the folder of a class.
    pub fn open(folder: &Path, part: Part) -> Result<Self, DataError> {
        let layout = Layout {
            roots: match part {
                Part::Train => {
                    &["ncars/n-cars_train", "ncars/Prophesee_Dataset_n_cars/n-cars_train"]
                }
                Part::Test => &["ncars/n-cars_test", "ncars/Prophesee_Dataset_n_cars/n-cars_test"],
            },
            extensions: &["dat"],
            expected: "<background|cars>/<name>.dat",
            source: "https://www.prophesee.ai/2018/03/13/dataset-n-cars/",
        };
        let items = layout.items(folder, &CLASSES)?;
        Ok(Self::new(CLASSES, items, Some(SENSOR), NCarsReading))
    }
}

impl Reading for NCarsReading {}

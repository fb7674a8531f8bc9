//! MNIST-DVS: digits of MNIST that move slowly on a screen in front of a camera, 10,000 of them at each
//! of three sizes.
//!
//! Serrano-Gotarredona and Linares-Barranco, *Poker-DVS and MNIST-DVS. Their history, how they were
//! made, and other details*, Frontiers in Neuroscience 9, 2015. 128 x 128 pixels, about 2.3 s each. There
//! are no parts to train and to test with. Anywhere below `mnist_dvs` in the data folder:
//!
//! ```text
//! mnist_<digit>_scale<04|08|16>_<number>.aedat
//! ```

use std::path::Path;

use super::files::{EventFiles, Item, Layout, Reading, misplaced, missing};
use crate::DataError;
use crate::events::SensorSize;

/// The names of the classes: the label of a digit is its value.
pub const CLASSES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
/// The sensor of the camera.
pub const SENSOR: SensorSize = SensorSize { width: 128, height: 128, polarities: 2 };

const SOURCE: &str = "http://www2.imse-cnm.csic.es/caviar/MNISTDVS.html";
const EXPECTED: &str = "mnist_<digit>_scale<04|08|16>_<number>.aedat";

/// How large the digits are: 4, 8 or 16 times those of MNIST, before the camera made them smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MnistDvsScale {
    /// 4 times.
    Four,
    /// 8 times.
    Eight,
    /// 16 times.
    Sixteen,
}

/// MNIST-DVS at one size.
pub type MnistDvs = EventFiles<MnistDvsReading>;

/// How the recordings are read: as they are.
#[derive(Debug, Clone, Copy)]
pub struct MnistDvsReading;

impl MnistDvs {
    /// Finds the recordings of a size below the data folder.
    ///
    /// # Errors
    ///
    /// There are none, or one has another name.
    pub fn open(folder: &Path, scale: MnistDvsScale) -> Result<Self, DataError> {
        let layout = Layout {
            roots: &["mnist_dvs"],
            extensions: &["aedat"],
            expected: EXPECTED,
            source: SOURCE,
        };
        let wanted = match scale {
            MnistDvsScale::Four => "04",
            MnistDvsScale::Eight => "08",
            MnistDvsScale::Sixteen => "16",
        };
        let mut items = Vec::new();
        for path in layout.files(folder)? {
            let Some((label, scale)) = path.file_stem().and_then(|name| parse(name.to_str()?))
            else {
                return Err(misplaced(&path, format!("expected the name {EXPECTED}")));
            };
            if scale == wanted {
                items.push(Item { path, label, time: None });
            }
        }
        match items.is_empty() {
            true => Err(missing(&folder.join("mnist_dvs"), EXPECTED, SOURCE)),
            false => Ok(Self::new(CLASSES, items, Some(SENSOR), MnistDvsReading)),
        }
    }
}

impl Reading for MnistDvsReading {}

/// Digit and size, from the name of a file.
fn parse(name: &str) -> Option<(usize, &str)> {
    let rest = name.strip_prefix("mnist_")?;
    let (digit, rest) = rest.split_once("_scale")?;
    let (scale, _) = rest.split_once('_')?;
    let label = CLASSES.iter().position(|class| *class == digit)?;
    Some((label, scale))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Recordings;
    use crate::events::Events;
    use crate::format;
    use burn::data::dataset::Dataset;

    #[test]
    fn recordings_of_a_size_are_found_wherever_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let wave =
            Events::new(vec![0, 9], vec![3, 1], vec![0, 1], vec![true, false], SENSOR).unwrap();
        let root = folder.path().join("mnist_dvs");
        for (below, name) in [
            ("grabbed_data0/scale4", "mnist_0_scale04_0001"),
            ("grabbed_data7/scale4", "mnist_7_scale04_0002"),
            ("grabbed_data7/scale8", "mnist_7_scale08_0002"),
        ] {
            std::fs::create_dir_all(root.join(below)).unwrap();
            format::write(root.join(below).join(name).with_extension("aedat"), &wave).unwrap();
        }
        let data = MnistDvs::open(folder.path(), MnistDvsScale::Four).unwrap();
        let labels: Vec<usize> = (0..data.len()).map(|index| data.label(index)).collect();
        assert_eq!(labels, [0, 7]);
        assert_eq!(data.get(1).unwrap().data, wave);
        let error = MnistDvs::open(folder.path(), MnistDvsScale::Sixteen).unwrap_err().to_string();
        assert!(error.contains("scale<04|08|16>"), "{error}");
        format::write(root.join("other.aedat"), &wave).unwrap();
        let error = MnistDvs::open(folder.path(), MnistDvsScale::Four).unwrap_err().to_string();
        assert!(error.contains("other.aedat"), "{error}");
    }
}

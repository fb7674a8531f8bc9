//! N-TIDIGITS18: spoken digits as spikes of 64 channels of a silicon cochlea.
//!
//! Anumula, Neil, Delbruck and Liu, *Feature representations for neuromorphic audio spike streams*,
//! Frontiers in Neuroscience 12, 2018 (<https://doi.org/10.3389/fnins.2018.00023>). The speech is that of
//! TIDIGITS: single digits, and sequences of up to seven.
//!
//! Below the data folder: `ntidigits/n-tidigits.hdf5`.

use std::path::{Path, PathBuf};

use burn::data::dataset::{Dataset, DatasetError};

use super::{Origin, Recordings, Sample};
#[cfg(feature = "download")]
use crate::Downloader;
use crate::events::Spikes;
use crate::format::hdf5::{self, in_file};
use crate::remote::{Hash, Remote};
use crate::{DataError, Part};

/// Names of the classes, by label: `o` is "oh" and `z` is "zero".
pub const CLASSES: [&str; 11] = ["o", "1", "2", "3", "4", "5", "6", "7", "8", "9", "z"];

const FILE: Remote = Remote {
    url: "https://www.dropbox.com/scl/fi/1x4lxt9yyw25sc3tez8oi/n-tidigits.hdf5?e=2&rlkey=w8gi5udvib2zqzosusa5tr3wq&dl=1",
    path: "ntidigits/n-tidigits.hdf5",
    hash: Hash::Md5("360a2d11e5429555c9197381cf6b58e0"),
};

/// The recordings of one digit of a part, in the order of the file. Spikes are read when they are asked
/// for; they are in the order of the file, with times in µs.
pub struct NTidigits {
    all: NTidigitsSequences,
    /// The recordings of one digit, among all.
    single: Vec<usize>,
    classes: Vec<String>,
}

/// All recordings of a part, in the order of the file.
pub struct NTidigitsSequences {
    file: hdf5::NTidigits,
    path: PathBuf,
    part: Part,
    digits: Vec<Vec<usize>>,
}

/// A recording of one digit or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpokenDigits {
    /// Spikes, with times in µs.
    pub spikes: Spikes,
    /// What is spoken: indices into [`CLASSES`].
    pub digits: Vec<usize>,
}

/// Downloads the file, with both parts, unless it is in the data folder.
///
/// # Errors
///
/// It cannot be downloaded or written, or has another hash than the published one.
#[cfg(feature = "download")]
pub fn download(folder: &Path, downloader: &Downloader) -> Result<(), DataError> {
    downloader.fetch(&FILE, folder).map(drop)
}

impl NTidigits {
    /// Opens the single digits of a part.
    ///
    /// # Errors
    ///
    /// As [`NTidigitsSequences::open`].
    pub fn open(folder: &Path, part: Part) -> Result<Self, DataError> {
        let all = NTidigitsSequences::open(folder, part)?;
        let single = (0..all.len()).filter(|index| all.digits[*index].len() == 1).collect();
        Ok(Self { all, single, classes: CLASSES.map(String::from).to_vec() })
    }
}

impl Dataset<Sample<Spikes>> for NTidigits {
    fn get(&self, index: usize) -> Result<Sample<Spikes>, DatasetError> {
        let data = self.all.spikes(self.single[index])?;
        Ok(Sample { data, label: self.label(index) })
    }

    fn len(&self) -> usize {
        self.single.len()
    }
}

impl Recordings<Spikes> for NTidigits {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn label(&self, index: usize) -> usize {
        self.all.digits[self.single[index]][0]
    }

    fn origin(&self, index: usize) -> Origin {
        let part = format!("{:?}, recording {}", self.all.part, self.single[index]);
        Origin { path: self.all.path.clone(), part }
    }
}

impl NTidigitsSequences {
    /// Opens all recordings of a part.
    ///
    /// # Errors
    ///
    /// The file is missing, has not the layout that [`hdf5::NTidigits`] describes, or has a recording of
    /// something else than digits.
    pub fn open(folder: &Path, part: Part) -> Result<Self, DataError> {
        let path = folder.join(FILE.path);
        if !path.exists() {
            return Err(FILE.missing(path));
        }
        let file = hdf5::NTidigits::open(&path, part)?;
        let mut digits = Vec::with_capacity(file.len());
        for id in (0..file.len()).filter_map(|index| file.id(index)) {
            match spoken(id) {
                Some(spoken) => digits.push(spoken),
                None => {
                    let problem = format!("expected a recording that ends with -DIGITS, got {id}");
                    return Err(DataError::Format { path, offset: 0, problem });
                }
            }
        }
        Ok(Self { file, path, part, digits })
    }

    /// The name of a recording: who speaks, which take, and what.
    pub fn id(&self, index: usize) -> Option<&str> {
        self.file.id(index)
    }

    fn spikes(&self, index: usize) -> Result<Spikes, DatasetError> {
        let spikes = self.file.spikes(index);
        spikes.map_err(|error| DatasetError::new(in_file(&self.path, error)))
    }
}

impl Dataset<SpokenDigits> for NTidigitsSequences {
    fn get(&self, index: usize) -> Result<SpokenDigits, DatasetError> {
        let digits = self.digits[index].clone();
        Ok(SpokenDigits { spikes: self.spikes(index)?, digits })
    }

    fn len(&self) -> usize {
        self.digits.len()
    }
}

/// The digits at the end of the name of a recording; none if there are none.
fn spoken(id: &str) -> Option<Vec<usize>> {
    let (_, digits) = id.rsplit_once('-').filter(|(_, digits)| !digits.is_empty())?;
    let class = |digit: char| CLASSES.iter().position(|class| class.starts_with(digit));
    digits.chars().map(class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_a_name() {
        assert_eq!(spoken("man-ae-a-z2o"), Some(vec![10, 2, 0]));
        assert_eq!(spoken("woman-bd-b-9"), Some(vec![9]));
        assert_eq!([spoken("woman-bd-9b"), spoken("man-"), spoken("5")], [None, None, None]);
    }
}

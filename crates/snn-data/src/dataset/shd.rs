//! Spiking Heidelberg Digits and Spiking Speech Commands: spoken words as spikes of 700 channels of a
//! cochlea model.
//!
//! Cramer, Stradmann, Schemmel and Zenke, *The Heidelberg spiking data sets for the systematic evaluation
//! of spiking neural networks*, IEEE TNNLS 33, 2022 (<https://doi.org/10.1109/TNNLS.2020.3044364>).
//!
//! Below the data folder:
//!
//! ```text
//! shd/shd_train.h5  shd/shd_test.h5
//! ssc/ssc_train.h5  ssc/ssc_valid.h5  ssc/ssc_test.h5
//! ```

use std::path::{Path, PathBuf};

use burn::data::dataset::{Dataset, DatasetError};
use serde::{Deserialize, Serialize};

use super::{Origin, Recordings, Sample};
#[cfg(feature = "download")]
use crate::Downloader;
use crate::events::Spikes;
use crate::format::hdf5::{self, in_file};
use crate::remote::{Hash, Remote};
use crate::{DataError, Part};

/// Which part of the Spiking Speech Commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SscPart {
    /// To train with.
    Train,
    /// To choose parameters with.
    Valid,
    /// To test with.
    Test,
}

/// One part of the Spiking Heidelberg Digits, or of the Spiking Speech Commands. Spikes are read when
/// they are asked for; they are in the order of the file, with times in µs.
pub struct Shd {
    file: hdf5::Shd,
    path: PathBuf,
    classes: Vec<String>,
    labels: Vec<usize>,
}

/// Downloads a part of the Spiking Heidelberg Digits, unless it is in the data folder.
///
/// # Errors
///
/// It cannot be downloaded, unpacked or written, or has another hash than the published one.
#[cfg(feature = "download")]
pub fn download(folder: &Path, part: Part, downloader: &Downloader) -> Result<(), DataError> {
    let file = digits(part);
    downloader.fetch_and_unpack(&file, folder, unpacked(&file))
}

/// Downloads a part of the Spiking Speech Commands, unless it is in the data folder.
///
/// # Errors
///
/// As [`download`].
#[cfg(feature = "download")]
pub fn download_ssc(
    folder: &Path,
    part: SscPart,
    downloader: &Downloader,
) -> Result<(), DataError> {
    let file = commands(part);
    downloader.fetch_and_unpack(&file, folder, unpacked(&file))
}

impl Shd {
    /// Opens a part of the Spiking Heidelberg Digits: the digits from 0 to 9, in English and German.
    ///
    /// # Errors
    ///
    /// The file is missing, has not the layout that [`hdf5::Shd`] describes, or has a label without a
    /// name.
    pub fn open(folder: &Path, part: Part) -> Result<Self, DataError> {
        Self::read(folder, &digits(part))
    }

    /// Opens a part of the Spiking Speech Commands: 35 English words.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_ssc(folder: &Path, part: SscPart) -> Result<Self, DataError> {
        Self::read(folder, &commands(part))
    }

    fn read(folder: &Path, remote: &Remote) -> Result<Self, DataError> {
        let path = folder.join(unpacked(remote));
        if !path.exists() {
            return Err(remote.missing(path));
        }
        let file = hdf5::Shd::open(&path)?;
        let classes = file.keys().to_vec();
        let labels: Vec<usize> = (0..file.len()).filter_map(|index| file.label(index)).collect();
        if let Some(index) = labels.iter().position(|label| *label >= classes.len()) {
            let (label, classes) = (labels[index], classes.len());
            let problem = format!(
                "labels: recording {index} is of class {label}, but extra/keys names {classes} classes"
            );
            return Err(DataError::Format { path, offset: 0, problem });
        }
        Ok(Self { file, path, classes, labels })
    }

    /// Who speaks in a recording, as a number; none if the file does not tell.
    pub fn speaker(&self, index: usize) -> Option<usize> {
        self.file.speaker(index)
    }
}

impl Dataset<Sample<Spikes>> for Shd {
    fn get(&self, index: usize) -> Result<Sample<Spikes>, DatasetError> {
        let label = self.label(index);
        let spikes = self.file.spikes(index);
        let data = spikes.map_err(|error| DatasetError::new(in_file(&self.path, error)))?;
        Ok(Sample { data, label })
    }

    fn len(&self) -> usize {
        self.file.len()
    }
}

impl Recordings<Spikes> for Shd {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn label(&self, index: usize) -> usize {
        self.labels[index]
    }

    fn origin(&self, index: usize) -> Origin {
        Origin { path: self.path.clone(), part: format!("recording {index}") }
    }
}

/// Where a file is, below the data folder, once it is unpacked.
fn unpacked(remote: &Remote) -> &'static str {
    remote.path.trim_end_matches(".zip")
}

fn digits(part: Part) -> Remote {
    match part {
        Part::Train => Remote {
            url: "https://zenkelab.org/datasets/shd_train.h5.zip",
            path: "shd/shd_train.h5.zip",
            hash: Hash::Md5("f3252aeb598ac776c1b526422d90eecb"),
        },
        Part::Test => Remote {
            url: "https://zenkelab.org/datasets/shd_test.h5.zip",
            path: "shd/shd_test.h5.zip",
            hash: Hash::Md5("1503a5064faa34311c398fb0a1ed0a6f"),
        },
    }
}

fn commands(part: SscPart) -> Remote {
    match part {
        SscPart::Train => Remote {
            url: "https://zenkelab.org/datasets/ssc_train.h5.zip",
            path: "ssc/ssc_train.h5.zip",
            hash: Hash::Md5("d102be95e7144fcc0553d1f45ba94170"),
        },
        SscPart::Valid => Remote {
            url: "https://zenkelab.org/datasets/ssc_valid.h5.zip",
            path: "ssc/ssc_valid.h5.zip",
            hash: Hash::Md5("b4eee3516a4a90dd0c71a6ac23a8ae43"),
        },
        SscPart::Test => Remote {
            url: "https://zenkelab.org/datasets/ssc_test.h5.zip",
            path: "ssc/ssc_test.h5.zip",
            hash: Hash::Md5("a35ff1e9cffdd02a20eb850c17c37748"),
        },
    }
}

#[cfg(all(test, feature = "download"))]
mod tests {
    use std::fs::{self, File};
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    const FILE: &[u8] = include_bytes!("../../../../tests/fixtures/hdf5/shd_pytables.h5");

    #[test]
    fn an_archive_that_is_there_is_unpacked_and_opened() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("ssc")).unwrap();
        let archive = File::create(folder.path().join("ssc/ssc_valid.h5.zip")).unwrap();
        let mut archive = ZipWriter::new(archive);
        archive.start_file("ssc_valid.h5", SimpleFileOptions::default()).unwrap();
        archive.write_all(FILE).unwrap();
        archive.finish().unwrap();

        let offline = Downloader::new().offline(true);
        assert!(Shd::open_ssc(folder.path(), SscPart::Valid).is_err());
        download_ssc(folder.path(), SscPart::Valid, &offline).unwrap();
        let set = Shd::open_ssc(folder.path(), SscPart::Valid).unwrap();
        assert_eq!((set.labels(), set.get(3).unwrap().data.len()), (vec![0, 19, 3, 3], 600));
        let missing = download(folder.path(), Part::Test, &offline).unwrap_err().to_string();
        assert!(missing.contains("shd/shd_test.h5"), "{missing}");
    }
}

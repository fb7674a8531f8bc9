//! MNIST: handwritten digits, 60,000 for training and 10,000 for tests.
//!
//! LeCun, Bottou, Bengio and Haffner, *Gradient-based learning applied to document recognition*,
//! Proceedings of the IEEE 86, 1998. [`fashion_mnist`](crate::dataset::fashion_mnist) has files of the
//! same layout, and [`s_mnist`](crate::dataset::s_mnist) makes spikes of the images.
//!
//! Below the data folder, packed with gzip (then `.gz` is behind the name) or not:
//!
//! ```text
//! mnist/train-images-idx3-ubyte   mnist/train-labels-idx1-ubyte
//! mnist/t10k-images-idx3-ubyte    mnist/t10k-labels-idx1-ubyte
//! ```

use std::path::{Path, PathBuf};

use burn::data::dataset::{Dataset, DatasetError};
use serde::{Deserialize, Serialize};

#[cfg(feature = "download")]
use crate::Downloader;
use crate::idx;
use crate::remote::{Hash, Remote};
use crate::{DataError, Part};

/// Number of classes: the label of a digit is its value.
pub const CLASSES: usize = 10;
/// Width and height of an image in pixels.
pub const SIDE: usize = 28;

const PIXELS: usize = SIDE * SIDE;

/// One part of MNIST, in memory: 60,000 samples to train with, 10,000 by other writers to test with.
#[derive(Debug, Clone)]
pub struct Mnist {
    /// The file of the images.
    path: PathBuf,
    images: Vec<u8>,
    labels: Vec<u8>,
}

/// An image and the digit it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MnistSample {
    /// Row by row from the top, [`SIDE`] squared; 0 is the background, 255 the pen.
    pub image: Vec<u8>,
    /// From 0 to 9.
    pub label: usize,
}

/// Downloads the files that are missing from the data folder, 11 MB in all. What comes is compared
/// with the hash of the original before it is kept.
///
/// # Errors
///
/// If a file cannot be downloaded or written, or has other content.
#[cfg(feature = "download")]
pub fn download(folder: &Path, downloader: &Downloader) -> Result<(), DataError> {
    fetch(folder, files, downloader)
}

/// Downloads what is there neither packed nor unpacked of the files of both parts.
#[cfg(feature = "download")]
pub(crate) fn fetch(
    folder: &Path,
    files: fn(Part) -> [Remote; 2],
    downloader: &Downloader,
) -> Result<(), DataError> {
    let files = [Part::Train, Part::Test].into_iter().flat_map(files);
    let mut missing = files.filter(|file| !file.unpacked(folder).exists());
    missing.try_for_each(|file| downloader.fetch(&file, folder).map(drop))
}

impl Mnist {
    /// Reads a part from the data folder.
    ///
    /// # Errors
    ///
    /// If a file is missing, cannot be read, or does not hold one label from 0 to 9 for each image of
    /// 28 by 28 pixels.
    pub fn open(folder: &Path, part: Part) -> Result<Self, DataError> {
        Self::read(folder, &files(part))
    }

    /// Reads published files of images and of labels.
    pub(crate) fn read(folder: &Path, [images, labels]: &[Remote; 2]) -> Result<Self, DataError> {
        let (images_path, images) = images.read(folder)?;
        let (shape, images) = values(&images_path, &images)?;
        let wrong = |path: &Path, offset, problem| {
            Err(DataError::Format { path: path.into(), offset, problem })
        };
        let &[count, SIDE, SIDE] = shape.as_slice() else {
            let problem = format!("expected images of shape [N, {SIDE}, {SIDE}], got {shape:?}");
            return wrong(&images_path, 4, problem);
        };
        let (labels_path, labels) = labels.read(folder)?;
        let (shape, labels) = values(&labels_path, &labels)?;
        if shape != [count] {
            let problem = format!("expected labels of {count} images, got shape {shape:?}");
            return wrong(&labels_path, 4, problem);
        }
        if let Some(index) = labels.iter().position(|label| usize::from(*label) >= CLASSES) {
            let problem = format!("expected a label from 0 to 9, got {}", labels[index]);
            return wrong(&labels_path, 8 + index, problem);
        }
        Ok(Self { path: images_path, images, labels })
    }

    /// The classes of all samples.
    pub fn labels(&self) -> Vec<usize> {
        (0..self.labels.len()).map(|index| self.label(index)).collect()
    }

    /// The class of a sample.
    pub(crate) fn label(&self, index: usize) -> usize {
        usize::from(self.labels[index])
    }

    /// The file of the images.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The pixels of an image, row by row.
    pub(crate) fn image(&self, index: usize) -> &[u8] {
        &self.images[index * PIXELS..][..PIXELS]
    }
}

impl Dataset<MnistSample> for Mnist {
    fn get(&self, index: usize) -> Result<MnistSample, DatasetError> {
        Ok(MnistSample { image: self.image(index).to_vec(), label: self.label(index) })
    }

    fn len(&self) -> usize {
        self.labels.len()
    }
}

/// Shape and values of an IDX file.
fn values(path: &Path, bytes: &[u8]) -> Result<(Vec<usize>, Vec<u8>), DataError> {
    match idx::decode(bytes) {
        Ok(idx) => Ok((idx.shape, idx.values.to_vec())),
        Err(idx::IdxError { offset, problem }) => {
            Err(DataError::Format { path: path.into(), offset, problem })
        }
    }
}

/// The files of images and of labels.
fn files(part: Part) -> [Remote; 2] {
    let file = |url, path, sha256| Remote { url, path, hash: Hash::UnpackedSha256(sha256) };
    match part {
        Part::Train => [
            file(
                "https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz",
                "mnist/train-images-idx3-ubyte.gz",
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            ),
            file(
                "https://ossci-datasets.s3.amazonaws.com/mnist/train-labels-idx1-ubyte.gz",
                "mnist/train-labels-idx1-ubyte.gz",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            ),
        ],
        Part::Test => [
            file(
                "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-images-idx3-ubyte.gz",
                "mnist/t10k-images-idx3-ubyte.gz",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            ),
            file(
                "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz",
                "mnist/t10k-labels-idx1-ubyte.gz",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        ],
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// An IDX file.
    fn file(shape: &[u32], values: &[u8]) -> Vec<u8> {
        let sizes = shape.iter().flat_map(|size| size.to_be_bytes());
        let magic = [0, 0, 8, shape.len() as u8];
        magic.into_iter().chain(sizes).chain(values.iter().copied()).collect()
    }

    fn open(images: &[u8], labels: &[u8]) -> Result<Mnist, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let set = folder.path().join("mnist");
        fs::create_dir(&set).unwrap();
        fs::write(set.join("t10k-images-idx3-ubyte"), images).unwrap();
        fs::write(set.join("t10k-labels-idx1-ubyte"), labels).unwrap();
        Mnist::open(folder.path(), Part::Test)
    }

    #[test]
    fn images_and_labels_belong_together() {
        let pixels: Vec<u8> = (0..3 * PIXELS).map(|k| (k / PIXELS) as u8).collect();
        let data = open(&file(&[3, 28, 28], &pixels), &file(&[3], &[7, 0, 9])).unwrap();
        assert_eq!((data.len(), data.labels()), (3, vec![7, 0, 9]));
        for (index, label) in [7, 0, 9].into_iter().enumerate() {
            let expected = MnistSample { image: vec![index as u8; PIXELS], label };
            assert_eq!(data.get(index).unwrap(), expected);
        }
    }

    #[test]
    fn files_that_do_not_fit_are_refused_with_name_and_place() {
        let images = file(&[2, 28, 28], &[0; 2 * PIXELS]);
        let labels = file(&[2], &[1, 2]);
        for (images, labels, expected) in [
            (&file(&[2, 28], &[0; 56]), &labels, "images-idx3-ubyte: byte 4: expected images"),
            (&images[..100].to_vec(), &labels, "images-idx3-ubyte: byte 100: expected 1568 values"),
            (&images, &file(&[3], &[1, 2, 3]), "labels-idx1-ubyte: byte 4: expected labels of 2"),
            (&images, &file(&[2], &[1, 10]), "labels-idx1-ubyte: byte 9: expected a label"),
            (&images, &images, "labels-idx1-ubyte: byte 4: expected labels of 2"),
        ] {
            let error = open(images, labels).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn without_files_the_error_names_the_mirror() {
        let folder = tempfile::tempdir().unwrap();
        let error = Mnist::open(folder.path(), Part::Train).unwrap_err().to_string();
        let [file, _] = files(Part::Train);
        assert!(
            error.contains("mnist/train-images-idx3-ubyte") && error.ends_with(file.url),
            "{error}"
        );
    }
}

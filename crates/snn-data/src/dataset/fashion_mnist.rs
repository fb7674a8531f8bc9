//! Fashion-MNIST: pictures of clothes, 60,000 for training and 10,000 for tests.
//!
//! Xiao, Rasul and Vollgraf, *Fashion-MNIST: a novel image dataset for benchmarking machine learning
//! algorithms*, 2017 (arXiv:1708.07747). The files have the names and the layout of those of
//! [`mnist`](crate::mnist), and lie in the folder `fashion-mnist` below the data folder.

use std::path::Path;

#[cfg(feature = "download")]
use crate::Downloader;
use crate::mnist::Mnist;
use crate::remote::{Hash, Remote};
use crate::{DataError, Part};

/// Names of the classes, by label.
pub const CLASSES: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

/// Reads a part from the data folder.
///
/// # Errors
///
/// As [`Mnist::open`].
pub fn open(folder: &Path, part: Part) -> Result<Mnist, DataError> {
    Mnist::read(folder, &files(part))
}

/// Downloads the files that are missing from the data folder, 31 MB in all.
///
/// # Errors
///
/// If a file cannot be downloaded or written, or has other content.
#[cfg(feature = "download")]
pub fn download(folder: &Path, downloader: &Downloader) -> Result<(), DataError> {
    crate::mnist::fetch(folder, files, downloader)
}

/// The files of images and of labels, with the hashes that <https://github.com/zalandoresearch/fashion-mnist>
/// states.
fn files(part: Part) -> [Remote; 2] {
    match part {
        Part::Train => [
            Remote {
                url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-images-idx3-ubyte.gz",
                path: "fashion-mnist/train-images-idx3-ubyte.gz",
                hash: Hash::Md5("8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            },
            Remote {
                url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-labels-idx1-ubyte.gz",
                path: "fashion-mnist/train-labels-idx1-ubyte.gz",
                hash: Hash::Md5("25c81989df183df01b3e8a0aad5dffbe"),
            },
        ],
        Part::Test => [
            Remote {
                url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-images-idx3-ubyte.gz",
                path: "fashion-mnist/t10k-images-idx3-ubyte.gz",
                hash: Hash::Md5("bef4ecab320f06d8554ea6380940ec79"),
            },
            Remote {
                url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-labels-idx1-ubyte.gz",
                path: "fashion-mnist/t10k-labels-idx1-ubyte.gz",
                hash: Hash::Md5("bb300cfdad3c16e7a12a480ee83cd310"),
            },
        ],
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use burn::data::dataset::Dataset;

    use super::*;

    #[test]
    fn files_of_its_own_folder_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let missing = open(folder.path(), Part::Test).unwrap_err().to_string();
        assert!(missing.contains("fashion-mnist/t10k-images-idx3-ubyte"), "{missing}");
        let set = folder.path().join("fashion-mnist");
        fs::create_dir(&set).unwrap();
        let images = [&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28], [5; 784].as_slice()];
        fs::write(set.join("t10k-images-idx3-ubyte"), images.concat()).unwrap();
        fs::write(set.join("t10k-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 1, 9]).unwrap();
        let data = open(folder.path(), Part::Test).unwrap();
        let sample = data.get(0).unwrap();
        assert_eq!((data.len(), sample.image), (1, vec![5; 784]));
        assert_eq!(CLASSES[sample.label], "Ankle boot");
    }
}

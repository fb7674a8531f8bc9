//! Data sets: what they have in common, and those that are known by name.

pub mod asl_dvs;
pub mod cifar10_dvs;
mod cuts;
pub mod dvs_gesture;
pub mod dvs_lip;
pub mod files;
pub mod folder;
pub mod mnist_dvs;
pub mod ncaltech101;
pub mod ncars;
pub mod nmnist;
mod order;
pub mod poker_dvs;
pub mod st_mnist;
#[cfg(test)]
mod tests;

pub mod fashion_mnist;
pub mod image_folder;
#[cfg(feature = "hdf5")]
pub mod ntidigits;
pub mod s_mnist;
#[cfg(feature = "hdf5")]
pub mod shd;

use std::path::PathBuf;

use burn::data::dataset::Dataset;
use serde::{Deserialize, Serialize};

/// A recording, or what was made of it, and its class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample<T> {
    /// The recording.
    pub data: T,
    /// Its class, from 0: an index into [`Recordings::classes`].
    pub label: usize,
}

impl<T> Sample<T> {
    /// The same class with other data.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Sample<U> {
        Sample { data: change(self.data), label: self.label }
    }
}

/// Where a sample is read from: what must have stayed as it was for what was made of the sample
/// before to be still right.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The file.
    pub path: PathBuf,
    /// What of the file, and how it is read: all parameters on which the sample depends.
    pub part: String,
}

/// A data set of recordings in files, in an order that is the same on every file system.
///
/// As with every [`Dataset`], an index that is not below [`len`](Dataset::len) is a panic.
pub trait Recordings<T>: Dataset<Sample<T>> {
    /// The names of the classes.
    fn classes(&self) -> &[String];

    /// The class of a sample, without reading it.
    fn label(&self, index: usize) -> usize;

    /// Where a sample is read from.
    fn origin(&self, index: usize) -> Origin;

    /// The classes of all samples.
    fn labels(&self) -> Vec<usize> {
        (0..self.len()).map(|index| self.label(index)).collect()
    }
}

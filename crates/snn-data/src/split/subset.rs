//! Part of a data set, as a data set.

use std::sync::Arc;

use burn::data::dataset::{Dataset, DatasetError};

use super::SplitError;
use crate::dataset::{Origin, Recordings};

/// Some samples of a data set, in any order. Parts of the same set share it.
#[derive(Debug)]
pub struct Subset<D: ?Sized> {
    indices: Vec<usize>,
    dataset: Arc<D>,
}

impl<D: ?Sized> Subset<D> {
    /// The samples with some indices, in their order.
    ///
    /// # Errors
    ///
    /// The set does not have one of them.
    pub fn new<S>(dataset: Arc<D>, indices: Vec<usize>) -> Result<Self, SplitError>
    where
        D: Dataset<S>,
    {
        let samples = D::len(&dataset);
        match indices.iter().find(|index| **index >= samples) {
            Some(&index) => Err(SplitError::Index { index, samples }),
            None => Ok(Self { indices, dataset }),
        }
    }

    /// Where in the whole set the samples are.
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }
}

impl<D: ?Sized> Clone for Subset<D> {
    fn clone(&self) -> Self {
        Self { indices: self.indices.clone(), dataset: Arc::clone(&self.dataset) }
    }
}

impl<S, D: Dataset<S> + ?Sized> Dataset<S> for Subset<D> {
    fn get(&self, index: usize) -> Result<S, DatasetError> {
        D::get(&self.dataset, self.indices[index])
    }

    fn len(&self) -> usize {
        self.indices.len()
    }
}

impl<T, D: Recordings<T> + ?Sized> Recordings<T> for Subset<D> {
    fn classes(&self) -> &[String] {
        self.dataset.classes()
    }

    fn label(&self, index: usize) -> usize {
        self.dataset.label(self.indices[index])
    }

    fn origin(&self, index: usize) -> Origin {
        self.dataset.origin(self.indices[index])
    }
}

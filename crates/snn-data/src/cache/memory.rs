//! A cache in memory.

use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::data::dataset::{Dataset, DatasetError};

use super::fill::fill;
use super::{BadRecording, CacheError, OnBad, Pack};
use crate::dataset::{Origin, Recordings, Sample};

/// The samples of a data set, packed in memory from when they were first asked for.
///
/// It holds `m · n + Σ (b + 16)` bytes, where `n` is the number of samples, `m` that of bytes of a
/// `Mutex<Option<Arc<[u8]>>>` (24 on Linux), and `b` that of bytes of each sample that was asked for,
/// [packed](Pack::pack). Each thread that reads has one sample unpacked besides.
///
/// Threads that ask for the same sample at once wait for the first of them to make it. That a recording
/// has changed since is not noticed.
pub struct MemoryCache<T, D> {
    dataset: D,
    entries: Vec<Mutex<Option<Arc<[u8]>>>>,
    samples: PhantomData<fn() -> T>,
}

impl<T: Pack, D: Recordings<T>> MemoryCache<T, D> {
    /// Of a data set, without any sample yet.
    pub fn new(dataset: D) -> Self {
        let entries = (0..dataset.len()).map(|_| Mutex::default()).collect();
        Self { dataset, entries, samples: PhantomData }
    }

    /// The data set.
    pub fn dataset(&self) -> &D {
        &self.dataset
    }

    /// Bytes that it holds, as said [above](Self).
    pub fn bytes(&self) -> usize {
        let of = |index| self.entry(index).as_ref().map_or(0, |packed| packed.len() + 16);
        size_of_val(&*self.entries) + (0..self.entries.len()).map(of).sum::<usize>()
    }

    /// Forgets all samples.
    pub fn clear(&self) {
        (0..self.entries.len()).for_each(|index| *self.entry(index) = None);
    }

    /// Reads all samples that it does not have yet, with some threads; calls `progress` with how many
    /// recordings are done, and how many there are. Says which are bad.
    ///
    /// # Errors
    ///
    /// With [`OnBad::Stop`], that of the first recording that cannot be read.
    pub fn fill(
        &self,
        workers: NonZeroUsize,
        on_bad: OnBad,
        progress: impl Fn(usize, usize) + Sync,
    ) -> Result<Vec<BadRecording>, CacheError> {
        fill(self.len(), workers, on_bad, progress, |index| {
            let mut entry = self.entry(index);
            if entry.is_none() {
                self.make(index, &mut entry)?;
            }
            Ok(())
        })
    }

    fn entry(&self, index: usize) -> MutexGuard<'_, Option<Arc<[u8]>>> {
        // An entry is set in one step: whoever panicked has left it empty.
        self.entries[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make(&self, index: usize, entry: &mut Option<Arc<[u8]>>) -> Result<Sample<T>, CacheError> {
        let recording =
            |source| CacheError::Recording { path: self.dataset.origin(index).path, source };
        let sample = self.dataset.get(index).map_err(recording)?;
        *entry = Some(sample.data.pack().into());
        Ok(sample)
    }

    fn sample(&self, index: usize) -> Result<Sample<T>, CacheError> {
        let mut entry = self.entry(index);
        let Some(packed) = entry.clone() else { return self.make(index, &mut entry) };
        drop(entry);
        let pack = |source| CacheError::Pack { path: self.dataset.origin(index).path, source };
        let data = T::unpack(&packed).map_err(pack)?;
        Ok(Sample { data, label: self.dataset.label(index) })
    }
}

impl<T: Pack, D: Recordings<T>> Dataset<Sample<T>> for MemoryCache<T, D> {
    fn get(&self, index: usize) -> Result<Sample<T>, DatasetError> {
        self.sample(index).map_err(DatasetError::new)
    }

    fn len(&self) -> usize {
        self.entries.len()
    }
}

impl<T: Pack, D: Recordings<T>> Recordings<T> for MemoryCache<T, D> {
    fn classes(&self) -> &[String] {
        self.dataset.classes()
    }

    fn label(&self, index: usize) -> usize {
        self.dataset.label(index)
    }

    fn origin(&self, index: usize) -> Origin {
        self.dataset.origin(index)
    }
}

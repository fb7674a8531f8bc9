//! Batches of a data set, made in several threads.

mod queue;

#[cfg(test)]
mod tests;

use std::error::Error;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use burn::data::dataset::{Dataset, DatasetError};
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

pub use queue::Batches;

use crate::sampler::Sampler;
use queue::{Job, Queue};

/// Reads the samples of a data set and makes batches of them, in several threads.
///
/// The batches and their order depend on the data set, the sampler and the seed, and not on the
/// number of threads: the random numbers for a batch are those of seed, epoch and its number.
///
/// Beyond the batches that the caller has taken, at most `workers + prefetch` exist, those that are
/// being made included. One that is being made takes, besides its own memory, that of its samples.
///
/// ```
/// # use burn::data::dataset::{Dataset, DatasetError};
/// use snn_data::loader::Loader;
/// use snn_data::sampler::Sampler;
/// # struct Numbers;
/// # impl Dataset<f32> for Numbers {
/// #     fn get(&self, index: usize) -> Result<f32, DatasetError> { Ok(index as f32) }
/// #     fn len(&self) -> usize { 10 }
/// # }
/// let dataset = std::sync::Arc::new(Numbers);
/// let loader = Loader::new(dataset, |samples: Vec<f32>, _| Ok(samples.iter().sum::<f32>()));
/// let loader = loader.batch_size(4).sampler(Sampler::Shuffled).seed(7).workers(2);
/// for epoch in 0..3 {
///     let sums = loader.epoch(epoch).collect::<Result<Vec<f32>, _>>()?;
///     assert_eq!((sums.len(), sums.iter().sum::<f32>()), (3, 45.0));
/// }
/// # Ok::<(), snn_data::loader::LoadError>(())
/// ```
pub struct Loader<'a, B> {
    samples: usize,
    make: Arc<Make<'a, B>>,
    sampler: Sampler,
    seed: u64,
    batch_size: usize,
    drop_last: bool,
    workers: usize,
    prefetch: usize,
}

/// Makes a batch; nothing if it was told to stop.
type Make<'a, B> = dyn Fn(Job<'_>, &AtomicBool) -> Option<Result<B, LoadError>> + Send + Sync + 'a;

/// Why there is no batch.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A sample that cannot be read.
    #[error("batch {batch}, sample {index} of the set: {source}")]
    Sample {
        /// Number of the batch in its epoch, from 0.
        batch: usize,
        /// The sample.
        index: usize,
        /// What is wrong.
        source: DatasetError,
    },
    /// Samples that cannot be made into a batch.
    #[error("batch {batch}: {source}")]
    Collate {
        /// Number of the batch in its epoch, from 0.
        batch: usize,
        /// What is wrong.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl<'a, B: Send + 'a> Loader<'a, B> {
    /// Batches of one sample, in the order of the set, made in the caller's thread.
    ///
    /// The data set is borrowed or in an [`Arc`]. `collate` makes a batch of samples, with random
    /// numbers if it needs some.
    pub fn new<S, D, C>(dataset: D, collate: C) -> Self
    where
        S: 'a,
        D: Deref<Target: Dataset<S>> + Send + Sync + 'a,
        C: Fn(Vec<S>, &mut ChaCha8Rng) -> Result<B, Box<dyn Error + Send + Sync>>
            + Send
            + Sync
            + 'a,
    {
        let samples = dataset.len();
        let make = move |mut job: Job<'_>, stop: &AtomicBool| {
            let batch = job.batch;
            let mut samples = Vec::with_capacity(job.indices.len());
            for &index in job.indices {
                // A batch of large recordings takes seconds.
                if stop.load(Ordering::Relaxed) {
                    return None;
                }
                match dataset.get(index) {
                    Ok(sample) => samples.push(sample),
                    Err(source) => return Some(Err(LoadError::Sample { batch, index, source })),
                }
            }
            let made = collate(samples, &mut job.rng);
            Some(made.map_err(|source| LoadError::Collate { batch, source }))
        };
        Self {
            samples,
            make: Arc::new(make),
            sampler: Sampler::Sequential,
            seed: 0,
            batch_size: 1,
            drop_last: false,
            workers: 0,
            prefetch: 2,
        }
    }

    /// Which samples an epoch has, in which order.
    pub fn sampler(self, sampler: Sampler) -> Self {
        Self { sampler, ..self }
    }

    /// What all random numbers come from.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Number of samples in a batch.
    ///
    /// # Panics
    ///
    /// It is 0.
    pub fn batch_size(self, batch_size: usize) -> Self {
        assert!(batch_size > 0, "batches of no samples");
        Self { batch_size, ..self }
    }

    /// Whether a last batch that is not full is left out.
    pub fn drop_last(self, drop_last: bool) -> Self {
        Self { drop_last, ..self }
    }

    /// Number of threads. With 0, batches are made in the caller's, one at a time when it asks for it.
    pub fn workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    /// Number of batches that are made in advance, besides one for each thread.
    pub fn prefetch(self, prefetch: usize) -> Self {
        Self { prefetch, ..self }
    }

    /// The batches of an epoch, as indices of their samples.
    ///
    /// # Panics
    ///
    /// The sampler has weights for another number of samples.
    pub fn order(&self, epoch: u64) -> Vec<Vec<usize>> {
        let order = self.sampler.order(self.samples, self.seed, epoch);
        let batches = order.chunks(self.batch_size);
        let kept = batches.filter(|batch| !self.drop_last || batch.len() == self.batch_size);
        kept.map(<[usize]>::to_vec).collect()
    }

    /// Runs something with the batches of an epoch in an order of the caller's: as
    /// [`batches`](Loader::batches), of a data set that is borrowed. The threads end before this
    /// function does.
    ///
    /// # Panics
    ///
    /// As [`batches`](Loader::batches).
    pub fn scope<R>(
        &self,
        epoch: u64,
        order: Vec<Vec<usize>>,
        run: impl FnOnce(&mut Batches<'a, B>) -> R,
    ) -> R {
        let workers = self.workers.min(order.len());
        thread::scope(|scope| {
            // Dropped at the end of this closure, by a panic too: that stops the threads.
            let mut batches = Batches::new(self.queue(epoch, order));
            for _ in 0..workers {
                let queue = batches.queue();
                scope.spawn(move || queue.work());
            }
            run(&mut batches)
        })
    }

    fn queue(&self, epoch: u64, order: Vec<Vec<usize>>) -> Queue<'a, B> {
        let window = if self.workers == 0 { 0 } else { self.workers + self.prefetch };
        Queue::new(Arc::clone(&self.make), self.seed, epoch, order, window)
    }
}

impl<B: Send + 'static> Loader<'static, B> {
    /// The batches of an epoch. The threads start at once.
    ///
    /// # Panics
    ///
    /// As [`batches`](Self::batches) and [`order`](Self::order).
    pub fn epoch(&self, number: u64) -> Batches<'static, B> {
        self.batches(number, self.order(number))
    }

    /// Batches in an order of the caller's: the samples of each, as indices.
    ///
    /// # Panics
    ///
    /// The system has no room for the threads. The iterator panics where the data set or the
    /// function for batches does.
    pub fn batches(&self, epoch: u64, order: Vec<Vec<usize>>) -> Batches<'static, B> {
        let workers = self.workers.min(order.len());
        let mut batches = Batches::new(self.queue(epoch, order));
        for _ in 0..workers {
            let queue = batches.queue();
            batches.threads.push(thread::spawn(move || queue.work()));
        }
        batches
    }
}

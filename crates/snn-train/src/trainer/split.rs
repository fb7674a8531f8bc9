//! The samples of a split, and the batches of an epoch.

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::{Dataset, DatasetError};
use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::classify::Batch;

/// The samples of a split, and how they become batches.
pub struct Split<'a, I> {
    pub(super) len: usize,
    batches: Box<MakeBatches<'a, I>>,
}

/// Makes the batches of an epoch.
type MakeBatches<'a, I> = dyn Fn(Plan) -> Batches<'a, I> + 'a;

/// Which batches an epoch has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// From 1; 0 for a validation.
    pub epoch: usize,
    /// The samples of each batch.
    pub batches: Vec<Vec<usize>>,
    /// How many batches, the first ones, were done before a resumption. They are not made again.
    pub done: usize,
}

impl Plan {
    /// The batches that are to be made, each with a generator of its own for what is drawn at random in it.
    pub fn with_generators(self, seed: u64) -> impl Iterator<Item = (Vec<usize>, ChaCha8Rng)> {
        let numbered = self.batches.into_iter().enumerate().skip(self.done);
        numbered.map(move |(number, batch)| (batch, generator(seed, self.epoch, number)))
    }
}

/// A generator for a batch, from 0, of an epoch: a resumed run draws what it would have drawn.
pub fn generator(seed: u64, epoch: usize, batch: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(((epoch as u64) << 32) | batch as u64);
    rng
}

/// Batches in their order, made when they are asked for or ahead of it.
pub type Batches<'a, I> = Box<dyn Iterator<Item = Result<Batch<I>, DatasetError>> + 'a>;

impl<'a, I> Split<'a, I> {
    /// `len` samples; `batches` makes the batches of a plan but for those that were done, and may make
    /// them ahead.
    pub fn new(len: usize, batches: impl Fn(Plan) -> Batches<'a, I> + 'a) -> Self {
        Self { len, batches: Box::new(batches) }
    }

    /// The samples of a Burn data set, made into batches on `device`.
    pub fn from_dataset<S: 'a>(
        dataset: &'a dyn Dataset<S>,
        batcher: &'a dyn Batcher<S, Batch<I>>,
        device: &Device,
    ) -> Self {
        let device = device.clone();
        Self::new(dataset.len(), move |plan| {
            let device = device.clone();
            let batch = move |indices| Ok(batcher.batch(dataset.get_many(indices)?, &device));
            Box::new(plan.batches.into_iter().skip(plan.done).map(batch))
        })
    }

    /// The batches of all samples, in their order.
    pub fn all(&self, batch_size: usize) -> Batches<'a, I> {
        self.batches(0, &(0..self.len).collect::<Vec<_>>(), batch_size, 0)
    }

    /// The batches of samples in an order, without those that were done.
    pub(super) fn batches(
        &self,
        epoch: usize,
        order: &[usize],
        batch_size: usize,
        done: usize,
    ) -> Batches<'a, I> {
        let batches = order.chunks(batch_size).map(<[usize]>::to_vec).collect();
        (self.batches)(Plan { epoch, batches, done })
    }
}

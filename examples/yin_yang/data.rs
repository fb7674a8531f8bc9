//! Points as spikes.

use std::error::Error;

use burn::data::dataset::DatasetError;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use snn::core::encode::CoordinatesToSpikes;
use snn::data::yin_yang::{YinYang, YinYangSample};
use snn::prelude::*;
use snn::train::trainer::Split;

/// A data set as spikes, on a device.
pub struct Encoded {
    /// `[T, N, 5]`
    spikes: Tensor<3>,
    /// `[N]`
    labels: Tensor<1, Int>,
}

/// Spikes `[T, B, 5]`, and where the noise of this batch comes from.
pub type Input = (Tensor<3>, ChaCha8Rng);

impl Encoded {
    pub fn new(
        data: &YinYang,
        encoder: &CoordinatesToSpikes,
        device: &Device,
    ) -> Result<Self, Box<dyn Error>> {
        let labels: Vec<i64> = data.samples().iter().map(|sample| sample.label as i64).collect();
        Ok(Self {
            spikes: encoder.encode(coordinates(data.samples()), device)?,
            labels: Tensor::from_data(labels.as_slice(), device),
        })
    }

    /// Batches with noise of their own in every epoch; a validation always has the same.
    pub fn split(&self, noise_seed: u32) -> Split<'_, Input> {
        let batch = |indices: Vec<usize>, rng: ChaCha8Rng| -> Result<_, DatasetError> {
            let indices: Vec<i64> = indices.iter().map(|index| *index as i64).collect();
            let indices = Tensor::<1, Int>::from_data(indices.as_slice(), &self.labels.device());
            Ok(Batch {
                input: (self.spikes.clone().select(1, indices.clone()), rng),
                targets: self.labels.clone().select(0, indices),
                mask: None,
            })
        };
        Split::new(self.labels.dims()[0], move |plan| {
            let batches = plan.with_generators(noise_seed.into());
            Box::new(batches.map(move |(indices, rng)| batch(indices, rng)))
        })
    }
}

/// Coordinates of samples, `[N, 4]`.
pub fn coordinates(samples: &[YinYangSample]) -> TensorData {
    let values: Vec<f64> = samples.iter().flat_map(|sample| sample.coordinates).collect();
    TensorData::new(values, [samples.len(), 4])
}

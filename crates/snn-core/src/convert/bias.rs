//! Biases that make up for what spikes get wrong on average.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::Tensor;

use super::normalize::by_channel;
use super::{Conversion, Units};
use crate::sequential::{Activation, Sequential, SequentialState, Weights};

impl Conversion {
    /// Adds to the biases what the rates of each channel lack, on average over `data`, `[B, ...]`, when
    /// the network sees each sample for so many `steps`; layer by layer, first to last.
    ///
    /// Li et al., *A Free Lunch From ANN: Towards Efficient, Accurate Spiking Neural Networks
    /// Calibration*, ICML 2021, section 3.2. For networks whose every step gets what `ann`, the original,
    /// gets ([`bias_steps`](super::ConversionConfig::bias_steps) of 1).
    ///
    /// # Panics
    ///
    /// If `ann` is not the network that was converted, or there are no steps or no samples.
    pub fn correct_biases<const D: usize>(
        &mut self,
        ann: &Sequential,
        data: &Tensor<D>,
        steps: usize,
    ) {
        // Without gradients, dropout and statistics of a batch, also where the networks are trained.
        let data = data.clone().without_autodiff();
        let analog = means(&ann.valid(), &data, None, |_| true);
        for Units { analog: original, spiking, weights, gain, scale } in self.units.clone() {
            let rates = means(&self.network.valid(), &data, Some(steps), |layer| layer == spiking);
            let (rates, target) = (&rates[&spiking], &analog[&original]);
            let each = rates.len() / scale.len();
            let lacking: Vec<f32> = scale
                .iter()
                .enumerate()
                .map(|(channel, scale)| {
                    let mean = |values: &[f32]| {
                        let values = &values[channel * each..(channel + 1) * each];
                        values.iter().sum::<f32>() / each as f32
                    };
                    (mean(target) / scale - mean(rates)) * self.subtract / gain
                })
                .collect();
            if let Some(mut weights) = Weights::of(&mut self.network.layers[weights]) {
                weights.add(&lacking);
            }
        }
    }
}

/// Samples that run at once.
const CHUNK: usize = 16;

/// Means of the outputs of layers over time, samples and pixels, for each channel; of samples seen once, or for
/// so many steps.
fn means<const D: usize>(
    network: &Sequential,
    data: &Tensor<D>,
    steps: Option<usize>,
    of: impl Fn(usize) -> bool,
) -> BTreeMap<usize, Vec<f32>> {
    // Sums, and how many numbers they are of.
    let mut sums: BTreeMap<usize, (Vec<f64>, usize)> = BTreeMap::new();
    let mut watch = |layer: usize, _: &Activation, output: &Activation| {
        if !of(layer) {
            return;
        }
        let channels = output.sample().first().copied().unwrap_or(1);
        let (sums, count) = sums.entry(layer).or_insert_with(|| (vec![0.0; channels], 0));
        let values = by_channel(output.rows().clone(), channels);
        *count += values[0].len();
        sums.iter_mut()
            .zip(values)
            .for_each(|(sum, values)| *sum += values.into_iter().map(f64::from).sum::<f64>());
    };
    for samples in data.clone().split(CHUNK, 0) {
        let x = match steps {
            None => Activation::step(samples),
            Some(steps) => Activation::constant(samples, steps),
        };
        network.run(x, SequentialState::default(), None, Some(&mut watch));
    }
    let mean = |(sums, count): (Vec<f64>, usize)| {
        sums.into_iter().map(|sum| (sum / count as f64) as f32).collect()
    };
    sums.into_iter().map(|(layer, sums)| (layer, mean(sums))).collect()
}

//! Biases that make up for what spikes get wrong on average.

use burn::tensor::Tensor;

use super::normalize::by_channel;
use super::weights::Weights;
use super::{Conversion, Units};
use crate::sequential::{Activation, Sequential, SequentialState};

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
        let data = data.clone().detach();
        let analog = means(ann, Activation::step(data.clone()), |_| true);
        for Units { analog: original, spiking, weights, scale } in self.units.clone() {
            let x = Activation::constant(data.clone(), steps);
            let rates = means(&self.network, x, |layer| layer == spiking);
            let (rates, target) = (&rates[0].1, &analog[original].1);
            let each = rates.len() / scale.len();
            let lacking: Vec<f32> = scale
                .iter()
                .enumerate()
                .map(|(channel, scale)| {
                    let mean = |values: &[f32]| {
                        let values = &values[channel * each..(channel + 1) * each];
                        values.iter().sum::<f32>() / each as f32
                    };
                    (mean(target) / scale - mean(rates)) * self.threshold
                })
                .collect();
            if let Some(mut weights) = Weights::of(&mut self.network.layers[weights]) {
                weights.add(&lacking);
            }
        }
    }
}

/// Numbers of layers, and the means of their outputs over time, samples and pixels, for each channel.
fn means(
    network: &Sequential,
    x: Activation,
    of: impl Fn(usize) -> bool,
) -> Vec<(usize, Vec<f32>)> {
    let mut means = Vec::new();
    let mut watch = |layer: usize, _: &Activation, output: &Activation| {
        let channels = output.sample().first().copied().unwrap_or(1);
        let mean = |values: Vec<f32>| values.iter().sum::<f32>() / values.len() as f32;
        if of(layer) {
            let rows = output.rows().clone();
            means.push((layer, by_channel(rows, channels).into_iter().map(mean).collect()));
        }
    };
    network.run(x, SequentialState::default(), None, Some(&mut watch));
    means
}

//! 12C5-MP2-LIF-64C5-MP2-LIF-1024FC10-LIF, the convolutional spiking network of snnTorch's tutorial 6.

use burn::data::dataloader::batcher::Batcher;
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use snn::core::sequential::LayerError;
use snn::data::mnist::{MnistSample, SIDE};
use snn::prelude::*;

use super::csnn::{csnn, hidden_counts};

#[derive(Module, Debug)]
pub struct Csnn {
    pub layers: Sequential,
    #[module(skip)]
    steps: usize,
}

impl Csnn {
    /// A network that looks at an image for `steps` steps.
    pub fn new(steps: usize, seed: u32, device: &Device) -> Result<Self, LayerError> {
        let layers = csnn([1, 12, 64], 64 * 4 * 4, 10, seed, device)?;
        Ok(Self { layers, steps })
    }

    /// Spikes of the ten output neurons, `[T, B, 10]`, of images `[B, 1, 28, 28]`.
    pub fn spikes(&self, images: Tensor<4>) -> Tensor<3> {
        self.layers.forward_static(images, self.steps, SequentialState::default()).0
    }
}

impl SpikingNetwork for Csnn {
    /// Images, `[B, 1, 28, 28]`.
    type Input = Tensor<4>;

    fn run(&self, images: Tensor<4>) -> Activity {
        let rest = SequentialState::default();
        let (output, _, recording) =
            self.layers.forward_static_recorded(images, self.steps, rest, Record::Outputs);
        Activity { output, spike_counts: hidden_counts(&recording) }
    }
}

/// Images as the tutorial normalizes them, by a mean of 0 and a standard deviation of 1: from 0 to 1.
pub struct ToImages;

impl Batcher<MnistSample, Batch<Tensor<4>>> for ToImages {
    fn batch(&self, samples: Vec<MnistSample>, device: &Device) -> Batch<Tensor<4>> {
        let pixels = samples.iter().flat_map(|sample| &sample.image);
        let pixels: Vec<f32> = pixels.map(|pixel| f32::from(*pixel) / 255.0).collect();
        let labels: Vec<i64> = samples.iter().map(|sample| sample.label as i64).collect();
        let shape = [samples.len(), 1, SIDE, SIDE];
        Batch {
            input: Tensor::from_data(TensorData::new(pixels, shape), device),
            targets: Tensor::from_data(labels.as_slice(), device),
            mask: None,
        }
    }
}

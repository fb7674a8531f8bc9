//! The network: analog while it is trained, spiking afterwards.

use burn::module::{Module, Param};
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::AvgPool2dConfig;
use burn::nn::{LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor};
use snn::core::layer::{DropoutConfig, QuantizedReluConfig};
use snn::core::sequential::{Layer, LayerError};
use snn::prelude::*;

use super::draw::draw_weights;

/// Three times C3-ReLU-AP2, then dropout, 32 units and one for each class, no biases. `levels` makes units that know so many
/// activations, and are ready for as many time steps.
pub fn cnn(
    side: usize,
    classes: usize,
    levels: Option<usize>,
    seed: u32,
    device: &Device,
) -> Result<Sequential, LayerError> {
    let units = || match levels {
        Some(levels) => LayerConfig::from(QuantizedReluConfig::new(levels, 4.0)),
        None => LayerConfig::Relu,
    };
    let conv = |channels| {
        Conv2dConfig::new(channels, [3, 3])
            .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
            .with_bias(false)
    };
    let pooled = side / 2 / 2 / 2;
    let mut network = SequentialConfig::new()
        .layer(conv([1, 16]))
        .layer(units())
        .layer(AvgPool2dConfig::new([2, 2]))
        .layer(conv([16, 32]))
        .layer(units())
        .layer(AvgPool2dConfig::new([2, 2]))
        .layer(conv([32, 32]))
        .layer(units())
        .layer(AvgPool2dConfig::new([2, 2]))
        .layer(DropoutConfig::new(0.25).with_channelwise(true))
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(32 * pooled * pooled, 32).with_bias(false))
        .layer(units())
        .layer(LinearConfig::new(32, classes).with_bias(false))
        .layer(LayerConfig::Relu)
        .init(device)?;
    draw_weights(&mut network, seed);
    // Activations are positive and much alike: with weights of both signs, a class may start below zero for every
    // image, where its unit has no gradient, and be lost for good.
    if let Some(Layer::Linear(last)) = network.layers.iter_mut().rev().nth(1) {
        last.weight = Param::from_tensor(last.weight.val().abs().detach());
    }
    Ok(network)
}

/// The network as it is trained: one look at an image or at all events of a recording.
#[derive(Module, Debug)]
pub struct Analog {
    pub layers: Sequential,
}

impl SpikingNetwork for Analog {
    /// `[B, 1, H, W]`
    type Input = Tensor<4>;

    fn run(&self, images: Tensor<4>) -> Activity {
        let (output, _) = self.layers.step::<4, 2>(images, SequentialState::default());
        Activity { output: output.unsqueeze_dim(0), spike_counts: Vec::new() }
    }
}

/// The network that it becomes.
#[derive(Module, Debug)]
pub struct Spiking {
    pub layers: Sequential,
}

impl SpikingNetwork for Spiking {
    /// Numbers of events, `[T, B, 1, H, W]`.
    type Input = Tensor<5>;

    fn run(&self, events: Tensor<5>) -> Activity {
        let (output, _) = self.layers.forward::<5, 3>(events, SequentialState::default());
        Activity { output, spike_counts: Vec::new() }
    }
}

//! The convolutional spiking network of snnTorch's tutorials: C5-MP2-LIF-C5-MP2-LIF-FC-LIF.

#[path = "draw.rs"]
mod draw;

use burn::nn::LinearConfig;
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::MaxPool2dConfig;
use burn::tensor::{Device, Tensor};
use snn::core::sequential::LayerError;
use snn::prelude::*;

use draw::draw_weights;

/// Neurons behind the first convolution, in [`csnn`].
pub const FIRST: usize = 2;
/// Neurons behind the second convolution.
pub const SECOND: usize = 5;

/// Maps of the input and of both convolutions, neurons behind the second one, classes.
pub fn csnn(
    [input, first, second]: [usize; 3],
    features: usize,
    classes: usize,
    seed: u32,
    device: &Device,
) -> Result<Sequential, LayerError> {
    let lif = LifConfig::snntorch_leaky(0.5).with_surrogate(Surrogate::FastSigmoid { slope: 25.0 });
    let mut layers = SequentialConfig::new()
        .layer(Conv2dConfig::new([input, first], [5, 5]))
        .layer(MaxPool2dConfig::new([2, 2]))
        .layer(lif.clone())
        .layer(Conv2dConfig::new([first, second], [5, 5]))
        .layer(MaxPool2dConfig::new([2, 2]))
        .layer(lif.clone())
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(features, classes))
        .layer(lif)
        .init(device)?;
    draw_weights(&mut layers, seed);
    Ok(layers)
}

/// Spikes of the hidden neurons of a [`csnn`], summed over time, `[B, neurons]` each.
pub fn hidden_counts(recording: &Recording) -> Vec<Tensor<2>> {
    let counts = |layer| -> Tensor<2> {
        let counts: Tensor<4> = sum_over_time(recording.outputs::<5>(layer).detach());
        counts.flatten(1, 3)
    };
    vec![counts(FIRST), counts(SECOND)]
}

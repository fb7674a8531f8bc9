//! The convolutional spiking network of snnTorch's tutorials: C5-MP2-LIF-C5-MP2-LIF-FC-LIF.

use burn::module::Param;
use burn::nn::LinearConfig;
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::MaxPool2dConfig;
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use snn::core::sequential::{Layer, LayerError};
use snn::prelude::*;

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
    // Drawn here rather than by Burn, so that every device starts from the same weights.
    let mut rng = ChaCha8Rng::seed_from_u64(seed.into());
    for layer in &mut layers.layers {
        match layer {
            Layer::Conv2d(conv) => {
                let [_, channels, height, width] = conv.weight.dims();
                draw(&mut conv.weight, conv.bias.as_mut(), channels * height * width, &mut rng);
            }
            Layer::Linear(linear) => {
                let [inputs, _] = linear.weight.dims();
                draw(&mut linear.weight, linear.bias.as_mut(), inputs, &mut rng);
            }
            _ => {}
        }
    }
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

/// Weights and biases, uniform within `±1 / sqrt(fan_in)`, as PyTorch draws them.
fn draw<const D: usize>(
    weight: &mut Param<Tensor<D>>,
    bias: Option<&mut Param<Tensor<1>>>,
    fan_in: usize,
    rng: &mut ChaCha8Rng,
) {
    fill(weight, fan_in, rng);
    if let Some(bias) = bias {
        fill(bias, fan_in, rng);
    }
}

fn fill<const D: usize>(param: &mut Param<Tensor<D>>, fan_in: usize, rng: &mut ChaCha8Rng) {
    let (shape, device) = (param.dims(), param.device());
    let bound = 1.0 / (fan_in as f32).sqrt();
    let values: Vec<f32> =
        (0..shape.iter().product()).map(|_| bound * (2.0 * rng.random::<f32>() - 1.0)).collect();
    *param = Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), &device));
}

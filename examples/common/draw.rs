//! Weights drawn as PyTorch draws them.

use burn::module::Param;
use burn::tensor::{Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use snn::core::sequential::Layer;
use snn::prelude::*;

/// Draws weights and biases of convolutions and linear layers anew, uniform within `±1 / sqrt(fan_in)`: here rather
/// than by Burn, so that every device starts from the same ones.
pub fn draw_weights(network: &mut Sequential, seed: u32) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed.into());
    for layer in &mut network.layers {
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
}

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

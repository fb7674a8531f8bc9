//! Converted networks against their originals, and spike for spike against loops over numbers.

mod folding;
mod loops;
mod rates;
mod refused;
mod scales;
mod spikes;

use burn::module::{Module, ModuleMapper, Param, RunningState};
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::AvgPool2dConfig;
use burn::nn::{LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::layer::DropoutConfig;
use crate::sequential::{Layer, LayerConfig, SequentialConfig, SequentialState};

fn device() -> Device {
    Device::default()
}

fn rest() -> SequentialState {
    SequentialState::default()
}

fn values<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().convert::<f32>().try_to_vec().unwrap()
}

/// Draws parameters that are multiples of 1/16, with which nothing is ever rounded.
struct Drawn(ChaCha8Rng);

impl Drawn {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn sixteenths(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.0.random_range(-10..=10) as f32 / 16.0).collect()
    }

    fn below(&mut self, number: usize) -> usize {
        self.0.random_range(0..number)
    }

    /// Numbers of events, none most of the time.
    fn events<const D: usize>(&mut self, shape: [usize; D]) -> Tensor<D> {
        let count = shape.iter().product();
        let events = (0..count).map(|_| (self.0.random_range(0..8) - 5).max(0) as f32).collect();
        Tensor::from_data(TensorData::new::<f32, _>(events, shape), &device())
    }

    /// Numbers from 0 to 1.
    fn image<const D: usize>(&mut self, shape: [usize; D]) -> Tensor<D> {
        let values = (0..shape.iter().product()).map(|_| self.0.random::<f32>()).collect();
        Tensor::from_data(TensorData::new::<f32, _>(values, shape), &device())
    }
}

impl ModuleMapper for Drawn {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = param.dims();
        let values = self.sixteenths(shape.iter().product());
        Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), &param.device()))
    }
}

fn drawn(config: SequentialConfig, seed: u64) -> Sequential {
    config.init(&device()).unwrap().map(&mut Drawn::new(seed))
}

fn analog<const I: usize, const O: usize>(network: &Sequential, x: &Tensor<I>) -> Tensor<O> {
    network.step(x.clone(), rest()).0
}

fn convolutional() -> SequentialConfig {
    SequentialConfig::new()
        .layer(
            Conv2dConfig::new([2, 4], [3, 3])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .with_bias(false),
        )
        .layer(LayerConfig::Relu)
        .layer(AvgPool2dConfig::new([2, 2]))
        .layer(DropoutConfig::new(0.5))
        .layer(
            Conv2dConfig::new([4, 6], [2, 2]).with_stride([2, 2]).with_groups(2).with_bias(false),
        )
        .layer(LayerConfig::Relu)
        .layer(AvgPool2dConfig::new([2, 2]))
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(6, 5))
        .layer(LayerConfig::Relu)
        .layer(LinearConfig::new(5, 3).with_bias(false))
        .layer(LayerConfig::Relu)
}

/// With running statistics that are not those it starts with.
fn with_statistics(mut network: Sequential, seed: u64) -> Sequential {
    for layer in &mut network.layers {
        if let Layer::BatchNorm(norm) = layer {
            let features = norm.gamma.dims()[0];
            let mut draw = Drawn::new(seed);
            let mean = Tensor::<1>::from_floats(draw.sixteenths(features).as_slice(), &device());
            norm.running_mean = RunningState::new(mean);
            norm.running_var = RunningState::new(draw.image([features]) + 0.5);
        }
    }
    network
}

fn faithful() -> ConversionConfig {
    ConversionConfig::new().with_v_min(None).with_initial_membrane(0.5)
}

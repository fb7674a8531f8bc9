//! A network with its input, how active its neurons are, and its beginnings.

use std::path::Path;

use burn::module::{Module, Param};
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Tensor};
use snn::core::sequential::Layer;
use snn::prelude::*;

/// What a network sees.
#[derive(Clone)]
pub enum Input {
    /// `[T, B, N]`
    Vectors(Tensor<3>),
    /// `[T, B, C, H, W]`
    Frames(Tensor<5>),
    /// `[B, C, H, W]`, the same at every step
    Image { image: Tensor<4>, steps: usize },
}

impl Input {
    pub fn run<const O: usize>(&self, network: &Sequential) -> Tensor<O> {
        let rest = SequentialState::default();
        match self.clone() {
            Self::Vectors(x) => network.forward(x, rest).0,
            Self::Frames(x) => network.forward(x, rest).0,
            Self::Image { image, steps } => network.forward_static(image, steps, rest).0,
        }
    }

    /// The mean of what comes out, over everything.
    pub fn mean(&self, network: &Sequential) -> Tensor<1> {
        let flat = network.layers.iter().any(|layer| matches!(layer, Layer::Flatten(_)));
        match flat || matches!(self, Self::Vectors(_)) {
            true => self.run::<3>(network).mean(),
            false => self.run::<5>(network).mean(),
        }
    }

    /// A few samples of it, without a graph.
    fn some(&self) -> Self {
        let some = |batch: usize| batch.min(8);
        match self.clone() {
            Self::Vectors(x) => {
                let samples = some(x.dims()[1]);
                Self::Vectors(x.narrow(1, 0, samples).inner())
            }
            Self::Frames(x) => {
                let samples = some(x.dims()[1]);
                Self::Frames(x.narrow(1, 0, samples).inner())
            }
            Self::Image { image, steps } => {
                let samples = some(image.dims()[0]);
                Self::Image { image: image.narrow(0, 0, samples).inner(), steps }
            }
        }
    }
}

/// What the example `mnist_csnn` saves: a classifier, in it its network, in that the layers.
#[derive(Module, Debug)]
struct Saved {
    network: Layers,
}

#[derive(Module, Debug)]
struct Layers {
    layers: Sequential,
}

/// `layers` with weights from a file of the example.
pub fn trained(layers: Sequential, file: &Path) -> Sequential {
    let bytes = std::fs::read(file).expect("a file of weights");
    let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes)).expect("a record");
    let saved = Saved { network: Layers { layers } }.try_load_record(record);
    saved.expect("weights of this network").network.layers
}

/// The layers up to this one.
pub fn prefix(network: &Sequential, last: usize) -> Sequential {
    Sequential::new(network.layers[..=last].to_vec())
}

pub fn scale(layer: &mut Layer, factor: f64) {
    match layer {
        Layer::Conv2d(conv) => conv.weight = scaled(&conv.weight, factor),
        Layer::Linear(linear) => linear.weight = scaled(&linear.weight, factor),
        _ => {}
    }
}

fn scaled<const D: usize>(weight: &Param<Tensor<D>>, factor: f64) -> Param<Tensor<D>> {
    Param::from_tensor((weight.val() * factor).detach())
}

fn neurons(network: &Sequential) -> Vec<usize> {
    let layers = network.layers.iter().enumerate();
    let neurons = layers.filter(|(_, l)| matches!(l, Layer::Neuron(_) | Layer::Recurrent(_)));
    neurons.map(|(index, _)| index).collect()
}

/// Spikes per neuron and step of each layer of neurons, of a few samples.
pub fn rates(network: &Sequential, input: &Input) -> Vec<f64> {
    let (network, input) = (network.valid(), input.some());
    neurons(&network).iter().map(|&k| rate(&prefix(&network, k), &input)).collect()
}

fn rate(network: &Sequential, input: &Input) -> f64 {
    input.mean(network).into_scalar::<f32>().into()
}

/// Scales the weights in front of each layer of neurons until they spike with this probability.
pub fn set_activity(network: &mut Sequential, input: &Input, wanted: f64) {
    let (mut first, input) = (0, input.some());
    for k in neurons(network) {
        let (mut low, mut high) = (1e-2f64, 1e3f64);
        for _ in 0..16 {
            let factor = (low * high).sqrt();
            let mut network = prefix(network, k).valid();
            network.layers[first..k].iter_mut().for_each(|layer| scale(layer, factor));
            if rate(&network, &input) < wanted {
                low = factor;
            } else {
                high = factor;
            }
        }
        network.layers[first..k].iter_mut().for_each(|layer| scale(layer, high));
        first = k + 1;
    }
}

//! The networks, as a user of the library writes them.

use std::path::Path;

use burn::module::Module;
use burn::nn::LinearConfig;
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::MaxPool2dConfig;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Int, Tensor};
use snn::prelude::*;
use snn::train::loss::cross_entropy;

use crate::Clock;
use crate::conversion::images;
use crate::network::{Input, prefix, rates, scale, set_activity, trained};

pub const CASES: [&str; 6] = ["C1", "C2", "C3", "C4", "C5", "C7"];

/// One forward pass, backward pass and, where the case trains, optimizer step.
pub type Iteration = Box<dyn FnMut(&mut Clock)>;

pub struct Case {
    pub iteration: Iteration,
    /// Spikes per neuron and step of each layer of neurons in `Sequential`.
    pub rates: Vec<f64>,
    /// The same for the first layer, the first two, and so on: forward and backward of a mean.
    pub prefixes: Vec<(String, Iteration)>,
}

impl Case {
    pub fn new(name: &str, run: &Run) -> Self {
        run.device.seed(0);
        match name {
            "C1" => onn(run),
            "C2" => mnist(run),
            "C3" => dvs(run),
            "C4" => poker(run),
            "C5" => yin_yang(run),
            "C7" => lif_only(run),
            _ => panic!("no case {name}; there are {}", CASES.join(", ")),
        }
    }

    /// What is not a network.
    pub fn alone(iteration: Iteration) -> Self {
        Self { iteration, rates: Vec::new(), prefixes: Vec::new() }
    }

    /// Calibrates `network` before `iteration` makes a training iteration of it.
    fn of(
        mut network: Sequential,
        input: Input,
        run: &Run,
        iteration: impl FnOnce(Sequential, Input) -> Iteration,
    ) -> Self {
        if let Some(activity) = run.activity {
            set_activity(&mut network, &input, activity);
        }
        let prefixes = (0..network.layers.len()).map(|last| {
            let (network, input) = (prefix(&network, last), input.clone());
            let name = network.layers[last].name();
            (format!("{last} {name}"), training(network, false, move |net| input.mean(net)))
        });
        Self {
            rates: rates(&network, &input),
            prefixes: prefixes.collect(),
            iteration: iteration(network, input),
        }
    }
}

/// How a case is to be run.
pub struct Run<'a> {
    pub device: &'a Device,
    pub size: usize,
    pub activity: Option<f64>,
    pub batch: Option<usize>,
    /// Weights of C2, and the data folder.
    pub trained: Option<(&'a Path, &'a Path)>,
}

impl Run<'_> {
    /// Samples of a batch.
    fn batch(&self, default: usize) -> usize {
        self.batch.unwrap_or(default)
    }

    /// Data without a gradient.
    fn random<const D: usize>(&self, shape: [usize; D], distribution: Distribution) -> Tensor<D> {
        Tensor::from_inner(Tensor::random(shape, distribution, &self.device.clone().inner()))
    }

    fn classes(&self, batch: usize, classes: usize) -> Tensor<1, Int> {
        Tensor::random([batch], Distribution::Uniform(0.0, classes as f64), self.device)
    }

    fn init(&self, network: SequentialConfig) -> Sequential {
        network.init(self.device).expect("a valid configuration")
    }
}

fn training<M: Module + 'static>(
    module: M,
    adam: bool,
    loss: impl Fn(&M) -> Tensor<1> + 'static,
) -> Iteration {
    let mut optimizer = AdamConfig::new().init();
    let mut module = Some(module);
    Box::new(move |clock| {
        let Some(network) = module.take() else { return };
        let loss = loss(&network);
        clock.lap("forward");
        let gradients = loss.backward();
        clock.lap("backward");
        module = Some(match adam {
            true => {
                let gradients = GradientsParams::from_grads(gradients, &network);
                // So small that all iterations are as active as the first.
                let network = optimizer.step(1e-9, network, gradients);
                clock.lap("step");
                network
            }
            false => network,
        });
    })
}

fn lif(beta: f64) -> LifConfig {
    LifConfig::snntorch_leaky(beta).with_surrogate(Surrogate::FastSigmoid { slope: 25.0 })
}

/// One dense layer over 500 steps.
fn onn(run: &Run) -> Case {
    let (size, batch) = (run.size, run.batch(16));
    let layers = SequentialConfig::new().layer(LinearConfig::new(size, size)).layer(lif(0.9));
    let mut network = run.init(layers);
    scale(&mut network.layers[0], 4.0);
    let input = Input::Vectors(run.random([500, batch, size], Distribution::Bernoulli(0.05)));
    Case::of(network, input, run, |network, input| {
        training(network, false, move |net| input.run::<3>(net).sum())
    })
}

fn csnn(maps: [usize; 3], features: usize, classes: usize, run: &Run) -> Sequential {
    let [input, first, second] = maps;
    let layers = SequentialConfig::new()
        .layer(Conv2dConfig::new([input, first], [5, 5]))
        .layer(MaxPool2dConfig::new([2, 2]))
        .layer(lif(0.5))
        .layer(Conv2dConfig::new([first, second], [5, 5]))
        .layer(MaxPool2dConfig::new([2, 2]))
        .layer(lif(0.5))
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(features, classes))
        .layer(lif(0.5));
    run.init(layers)
}

/// Convolutions on an image that is shown for 50 steps.
fn mnist(run: &Run) -> Case {
    let batch = run.batch(128);
    let mut image = run.random([batch, 1, 28, 28], Distribution::Uniform(0.0, 1.0));
    let targets = run.classes(batch, 10);
    let mut network = csnn([1, 12, 64], 1024, 10, run);
    if let Some((weights, folder)) = run.trained {
        network = trained(network, weights);
        image = Tensor::from_inner(images(folder, batch, &run.device.clone().inner()));
    }
    let input = Input::Image { image, steps: 50 };
    let loss = ReadoutCrossEntropy::ce_rate();
    Case::of(network, input, run, |network, input| {
        training(network, true, move |net| loss.forward(input.run(net), targets.clone()))
    })
}

/// Convolutions on frames of events.
fn dvs(run: &Run) -> Case {
    let batch = run.batch(64);
    let shape = [25, batch, 2, 32, 32];
    let events = run.random(shape, Distribution::Bernoulli(0.05));
    let counts = run.random(shape, Distribution::Uniform(1.0, 4.0)).floor();
    let targets = run.classes(batch, 11);
    let loss = MseCountLoss::new().with_correct_rate(0.8).with_incorrect_rate(0.2);
    let (network, input) = (csnn([2, 12, 32], 800, 11, run), Input::Frames(events * counts));
    Case::of(network, input, run, |network, input| {
        training(network, true, move |net| loss.forward(input.run(net), targets.clone()))
    })
}

/// Layers, and a leaky integrator whose largest membrane is the score.
#[derive(Module, Debug)]
struct Classifier<N: Neuron> {
    layers: Sequential,
    readout: N,
}

fn classifier<N: Neuron + 'static>(
    layers: SequentialConfig,
    readout: N,
    input: Tensor<3>,
    classes: usize,
    run: &Run,
) -> Case {
    let [_, batch, _] = input.dims();
    let targets = run.classes(batch, classes);
    Case::of(run.init(layers), Input::Vectors(input), run, |layers, input| {
        training(Classifier { layers, readout }, true, move |net| {
            let current = input.run::<3>(&net.layers);
            let rest = net.readout.initial_state([batch, classes], &current.device());
            let (scores, _) = net.readout.max_over_time(current, rest);
            cross_entropy(scores, targets.clone(), None, 0.0).mean()
        })
    })
}

fn dense(from: usize, to: usize) -> LinearConfig {
    LinearConfig::new(from, to).with_bias(false)
}

fn cuba_lif() -> CubaLifConfig {
    CubaLifConfig::new(Decay::factor(0.9), lif(0.9))
}

/// A recurrent layer on sparse input.
fn poker(run: &Run) -> Case {
    let layers = SequentialConfig::new()
        .layer(dense(2450, 100))
        .layer(LayerConfig::recurrent(cuba_lif(), RecurrentConfig::new(100)))
        .layer(dense(100, 4));
    let readout = LiConfig::new(Decay::factor(0.9)).init(run.device).expect("a decay below 1");
    let input = run.random([100, run.batch(32), 2450], Distribution::Bernoulli(0.01));
    classifier(layers, readout, input, 4, run)
}

/// Few neurons, short sequences.
fn yin_yang(run: &Run) -> Case {
    let layers =
        SequentialConfig::new().layer(dense(5, 120)).layer(cuba_lif()).layer(dense(120, 3));
    let readout = CubaLiConfig::new(Decay::factor(0.9), LiConfig::new(Decay::factor(0.9)));
    let readout = readout.init(run.device).expect("decays below 1");
    let input = run.random([30, run.batch(75), 5], Distribution::Bernoulli(0.2));
    classifier(layers, readout, input, 3, run)
}

/// Neurons alone, and the gradient of their input.
fn lif_only(run: &Run) -> Case {
    let lif: Lif = lif(0.9).init(run.device).expect("a decay below 1");
    let batch = run.batch(32);
    let x = run.random([100, batch, 4096], Distribution::Uniform(0.0, 0.3)).require_grad();
    let iteration = training(lif, false, move |lif| {
        let rest = lif.initial_state([batch, 4096], &x.device());
        // Spikes are counted as they come, and not kept.
        lif.sum_over_time(x.clone(), rest).0.sum()
    });
    Case { iteration, rates: Vec::new(), prefixes: Vec::new() }
}

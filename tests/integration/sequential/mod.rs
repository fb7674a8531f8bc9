//! Networks by configuration.

mod shapes;
mod time;

use burn::config::Config;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::{BatchNormConfig, LinearConfig};
use burn::optim::{GradientsParams, SgdConfig};
use burn::store::ModuleRecord;
use burn::tensor::{Device, Gradients, Tensor};
use snn::core::layer::{DropoutConfig, time_distributed};
use snn::core::neuron::{AnyNeuron, CubaLifConfig, LiConfig, LifConfig, Neuron, NorseParameters};
use snn::core::recurrent::RecurrentConfig;
use snn::core::sequential::{Layer, LayerConfig, Sequential, SequentialConfig, SequentialState};
use snn::core::{Decay, Values};

use crate::layers::{assert_close, loss, numbers};
use crate::{test_device, values};

fn rest() -> SequentialState {
    SequentialState::default()
}

/// A network of many parts, for samples `[2, 6, 8]`.
fn convolutional() -> SequentialConfig {
    let lif = LifConfig::snntorch_leaky(vec![0.5, 0.7, 0.9])
        .with_threshold(Values::One(0.6))
        .with_learn_beta(true)
        .with_learn_threshold(true);
    let norse = NorseParameters { v_th: 0.02, ..Default::default() };
    let recurrent = CubaLifConfig::norse_lif_recurrent(norse);
    SequentialConfig::new()
        .layer(Conv2dConfig::new([2, 3], [3, 3]).with_bias(false)) // [3, 4, 6]
        .layer(BatchNormConfig::new(3))
        .layer(MaxPool2dConfig::new([2, 2])) // [3, 2, 3]
        .layer(lif)
        .layer(LayerConfig::Flatten) // [18]
        .layer(LinearConfig::new(18, 4))
        .layer(LayerConfig::recurrent(recurrent, RecurrentConfig::new(4)))
        .layer(LinearConfig::new(4, 3))
        .layer(LiConfig::new(Decay::factor(0.8)).with_learn_beta(true))
}

/// The same with the layers of `network`: output, and spikes of its two hidden layers.
fn by_hand(network: &Sequential, x: Tensor<5>) -> (Tensor<3>, Tensor<5>, Tensor<3>) {
    let [
        Layer::Conv2d(conv),
        Layer::BatchNorm(norm),
        Layer::MaxPool2d(pool),
        Layer::Neuron(AnyNeuron::Lif(lif)),
        Layer::Flatten(_),
        Layer::Linear(first),
        Layer::Recurrent(recurrent),
        Layer::Linear(second),
        Layer::Neuron(AnyNeuron::Li(readout)),
    ] = &network.layers[..]
    else {
        panic!("other layers: {network:?}")
    };
    let device = x.device();
    let [_, batch, ..] = x.dims();
    let x: Tensor<5> = time_distributed(x, |x| pool.forward(norm.forward(conv.forward(x))));
    let (maps, _) = lif.forward(x, lif.initial_state([batch, 3, 2, 3], &device));
    let x: Tensor<3> = time_distributed(maps.clone(), |x: Tensor<4>| x.flatten::<2>(1, 3));
    let rest = recurrent.initial_state([batch, 4], &device);
    let (hidden, _) = recurrent.forward(first.forward(x), rest);
    let rest = readout.initial_state([batch, 3], &device);
    let (y, _) = readout.forward(second.forward(hidden.clone()), rest);
    (y, maps, hidden)
}

/// The network of `config`, with weights that are the same in every run.
fn network(config: SequentialConfig, device: &Device) -> Sequential {
    struct Drawn(u64);
    impl ModuleMapper for Drawn {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            self.0 += 1;
            // The decays and thresholds of neurons, shifts and running statistics stay.
            if D == 1 {
                return param;
            }
            param.map(|weight| {
                let (dims, learned) = (weight.dims(), weight.is_require_grad());
                let inputs = weight.shape().num_elements() / dims[..2].iter().max().unwrap_or(&1);
                let scale = 2.0 / (inputs as f64).sqrt();
                let weight = numbers(dims, self.0, &weight.device()).mul_scalar(scale);
                weight.set_require_grad(learned)
            })
        }
    }
    config.init(device).unwrap().map(&mut Drawn(100))
}

/// The gradients of all parameters that are learned, in order.
fn gradients(module: &impl Module, gradients: &Gradients) -> Vec<Vec<f32>> {
    struct Collector<'a>(&'a Gradients, Vec<Vec<f32>>);
    impl ModuleVisitor for Collector<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if param.val().is_require_grad() {
                self.1.push(values(param.val().grad(self.0).expect("a gradient")));
            }
        }
    }
    let mut collector = Collector(gradients, Vec::new());
    module.visit(&mut collector);
    collector.1
}

fn assert_same_gradients(got: Vec<Vec<f32>>, expected: Vec<Vec<f32>>) {
    let sizes = |gradients: &[Vec<f32>]| gradients.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(sizes(&got), sizes(&expected));
    for (got, expected) in got.concat().into_iter().zip(expected.concat()) {
        assert!((got - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{got}, {expected}");
    }
}

#[test]
fn a_network_is_its_layers_and_neurons_by_hand() {
    let device = test_device().autodiff();
    let network = network(convolutional(), &device);
    let x = numbers([7, 2, 2, 6, 8], 1, &device).mul_scalar(2.0);

    let (y, state) = network.forward::<5, 3>(x.clone(), rest());
    let (expected, maps, hidden) = by_hand(&network, x);
    assert_eq!(y.dims(), [7, 2, 3]);
    assert_close(y.clone(), expected.clone());
    for spikes in [values(maps), values(hidden)] {
        let rate = spikes.iter().sum::<f32>() / spikes.len() as f32;
        assert!(rate > 0.02 && rate < 0.9, "a rate of {rate} shows little");
    }
    assert_eq!(state.v::<4>(3).unwrap().dims(), [2, 3, 2, 3]);
    assert_eq!(state.fields::<2>(6).len(), 3, "membrane, current, last spikes");
    assert!(state.v::<2>(5).is_none(), "a linear layer has none");

    let got = gradients(&network, &loss(y).backward());
    // Kernel; scale and shift; decay, threshold; two linear layers; recurrence; decay.
    assert_eq!(got.len(), 1 + 2 + 2 + 4 + 1 + 1);
    assert!(got.iter().all(|gradient| gradient.iter().any(|g| *g != 0.0)), "{got:?}");
    assert_same_gradients(got, gradients(&network, &loss(expected).backward()));
}

#[test]
fn a_network_from_json_and_a_record_is_the_same_network() {
    let device = test_device();
    let config = convolutional();
    let json = serde_json::to_vec(&config).unwrap();
    let network = config.init(&device).unwrap();
    let record = network.clone().into_record().into_bytes().unwrap();

    let rebuilt = SequentialConfig::load_binary(&json).unwrap().init(&device).unwrap();
    let x = numbers([4, 2, 2, 6, 8], 2, &device);
    let run = |network: &Sequential| values(network.forward::<5, 3>(x.clone(), rest()).0);
    assert_ne!(run(&rebuilt), run(&network), "drawn anew");
    let rebuilt = rebuilt.load_record(ModuleRecord::from_bytes(record).unwrap());
    assert_eq!(run(&rebuilt), run(&network));
}

#[test]
fn an_optimizer_trains_it_and_valid_runs_it_without_dropout() {
    let device = test_device().autodiff();
    let config = SequentialConfig::new()
        .layer(LinearConfig::new(3, 16))
        .layer(LifConfig::snntorch_leaky(0.9))
        .layer(DropoutConfig::new(0.5))
        .layer(LinearConfig::new(16, 1))
        .layer(LiConfig::new(Decay::factor(0.9)));
    let mut network = network(config, &device);
    let x = numbers([5, 4, 3], 3, &device).add_scalar(1.0);
    let error = |network: &Sequential, x: Tensor<3>| {
        let (y, _) = network.forward::<3, 3>(x, rest());
        y.sub_scalar(1.0).square().mean()
    };
    let valid =
        |network: &Sequential| values(error(&network.valid(), x.clone().without_autodiff()))[0];
    let before = valid(&network);
    assert_eq!(before, valid(&network));
    let mut optimizer = SgdConfig::new().init();
    for _ in 0..20 {
        let gradients =
            GradientsParams::from_grads(error(&network, x.clone()).backward(), &network);
        network = optimizer.step(0.01, network, gradients);
    }
    let after = valid(&network);
    assert!(after < 0.7 * before, "{before} to {after}");
}

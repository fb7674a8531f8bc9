//! Steps, chunks, static inputs, recordings.

use burn::nn::conv::Conv2dConfig;
use burn::nn::{BatchNormConfig, LinearConfig};
use burn::tensor::{Device, Tensor};
use snn::core::layer::{
    BatchNormThroughTimeConfig, DropoutConfig, TemporalEffectiveBatchNormConfig,
    ThresholdDependentBatchNormConfig,
};
use snn::core::neuron::{
    AlifConfig, AlphaConfig, AnyNeuronConfig, CubaLiConfig, CubaLifConfig, DeltaLeakyConfig,
    LiConfig, LifConfig, Neuron, NeuronState, NonlinearIfConfig,
};
use snn::core::recurrent::{ConvRecurrentConfig, OneToOneConfig, RecurrentConfig};
use snn::core::sequential::{
    ConnectionConfig, Layer, LayerConfig, Record, RecurrentLayerConfig, Sequential,
    SequentialConfig,
};
use snn::core::{Decay, Values};

use super::{assert_same_gradients, convolutional, gradients, network, rest};
use crate::layers::{assert_close, loss, numbers};
use crate::{test_device, values};

fn leaky() -> LifConfig {
    LifConfig::snntorch_leaky(vec![0.5, 0.7, 0.8, 0.9])
}

fn synaptic() -> CubaLifConfig {
    CubaLifConfig::snntorch_synaptic(0.8, 0.7)
}

fn adaptive() -> AlifConfig {
    AlifConfig::new(synaptic(), Decay::factor(0.9), 0.4)
}

fn alpha() -> AlphaConfig {
    AlphaConfig::new(Decay::factor(0.9), LifConfig::snntorch_leaky(0.8))
}

fn delta() -> DeltaLeakyConfig {
    DeltaLeakyConfig::new(LifConfig::snntorch_leaky(0.9))
}

fn quadratic() -> NonlinearIfConfig {
    NonlinearIfConfig::quadratic(synaptic(), 0.4, 0.0, 0.5)
}

fn readout() -> LiConfig {
    LiConfig::new(Decay::factor(0.9))
}

fn synaptic_readout() -> CubaLiConfig {
    CubaLiConfig::new(Decay::factor(0.8), LiConfig::new(Decay::factor(0.7)))
}

/// Every kind of neuron and dense connection, over `[4]`.
fn neuron_layers() -> Vec<LayerConfig> {
    let dense = || RecurrentConfig::new(4);
    let weights = OneToOneConfig::new(Values::Each(vec![0.3, -0.5, 0.7, -0.9]));
    let one_to_one =
        RecurrentLayerConfig::new(synaptic().into(), ConnectionConfig::OneToOne(weights));
    vec![
        leaky().into(),
        synaptic().into(),
        adaptive().into(),
        alpha().into(),
        delta().into(),
        quadratic().into(),
        readout().into(),
        synaptic_readout().into(),
        LayerConfig::recurrent(leaky(), dense()),
        LayerConfig::recurrent(synaptic(), dense().with_autapses(false).with_bias(true)),
        LayerConfig::recurrent(adaptive(), dense()),
        one_to_one.into(),
    ]
}

/// `[T, B, N]`, strong enough for spikes.
fn currents(shape: [usize; 3], device: &Device) -> Tensor<3> {
    numbers(shape, 5, device).add_scalar(0.4).mul_scalar(1.5)
}

#[test]
fn any_neuron_runs_as_the_one_that_it_holds() {
    fn check<N: Neuron>(any: impl Into<AnyNeuronConfig>, neuron: N) {
        let device = test_device();
        let x = currents([9, 2, 4], &device);
        let any = any.into().init(&device).unwrap();
        let (got, got_states) = any.record(x.clone(), any.initial_state([2, 4], &device));
        let (expected, states) = neuron.record(x.clone(), neuron.initial_state([2, 4], &device));
        assert_eq!(values(got), values(expected.clone()), "{}", any.name());
        assert!(values(expected).into_iter().any(|z| z != 0.0), "{}", any.name());
        let (got, expected) = (got_states.tensors(), states.tensors());
        assert_eq!(got.len(), expected.len());
        got.into_iter().zip(expected).for_each(|(a, b)| assert_close(a.clone(), b.clone()));
        let (_, last) = any.forward(x.clone(), any.initial_state([2, 4], &device));
        let (_, expected) = neuron.forward(x, neuron.initial_state([2, 4], &device));
        assert_close(last.v().clone(), expected.v().clone());
    }
    let device = test_device();
    check(leaky(), leaky().init(&device).unwrap());
    check(synaptic(), synaptic().init(&device).unwrap());
    check(adaptive(), adaptive().init(&device).unwrap());
    check(alpha(), alpha().init(&device).unwrap());
    check(delta(), delta().init(&device).unwrap());
    check(quadratic(), quadratic().init(&device).unwrap());
    check(readout(), readout().init(&device).unwrap());
    check(synaptic_readout(), synaptic_readout().init(&device).unwrap());
}

#[test]
fn steps_and_chunks_with_carried_state_are_one_pass() {
    let device = test_device();
    for layer in neuron_layers() {
        let config = SequentialConfig::new()
            .layer(layer)
            .layer(DropoutConfig::new(0.5))
            .layer(BatchNormConfig::new(4))
            .layer(LayerConfig::Relu)
            .layer(LinearConfig::new(4, 2))
            .layer(readout());
        let network = network(config, &device);
        let x = currents([9, 2, 4], &device);
        let (whole, last) = network.forward::<3, 3>(x.clone(), rest());
        for lengths in [vec![2, 4, 3], vec![1; 9]] {
            let (mut state, mut start, mut parts) = (rest(), 0, Vec::new());
            for length in lengths {
                let chunk = x.clone().narrow(0, start, length);
                let part = if length == 1 {
                    let y: Tensor<2>;
                    (y, state) = network.step(chunk.squeeze_dim::<2>(0), state);
                    y.unsqueeze_dim(0)
                } else {
                    let y: Tensor<3>;
                    (y, state) = network.forward(chunk, state);
                    y
                };
                parts.push(part);
                start += length;
            }
            assert_close(Tensor::cat(parts, 0), whole.clone());
            let (got, expected) = (state.fields::<2>(0), last.fields::<2>(0));
            assert!(!got.is_empty());
            assert_close(Tensor::cat(got, 0), Tensor::cat(expected, 0));
            assert_close(state.v::<2>(5).unwrap(), last.v(5).unwrap());
        }
    }
}

#[test]
fn steps_of_maps_are_one_pass() {
    let device = test_device();
    let connection = ConnectionConfig::Conv2d(ConvRecurrentConfig::new(2, [3, 1]));
    let config = SequentialConfig::new()
        .layer(RecurrentLayerConfig::new(synaptic().into(), connection))
        .layer(Conv2dConfig::new([2, 3], [2, 2]))
        .layer(LifConfig::snntorch_leaky(vec![0.5, 0.7, 0.9]).with_threshold(Values::One(0.2)));
    let network = network(config, &device);
    let x = numbers([6, 2, 2, 3, 4], 8, &device).add_scalar(0.5);
    let (whole, last) = network.forward::<5, 5>(x.clone(), rest());
    assert!(values(whole.clone()).into_iter().sum::<f32>() > 5.0);
    let (mut state, mut steps) = (rest(), Vec::new());
    for t in 0..6 {
        let y: Tensor<4>;
        (y, state) = network.step(x.clone().narrow(0, t, 1).squeeze_dim::<4>(0), state);
        steps.push(y);
    }
    assert_close(Tensor::stack(steps, 0), whole);
    assert_close(state.v::<4>(2).unwrap(), last.v(2).unwrap());
}

#[test]
fn a_detached_state_ends_the_gradient() {
    let device = test_device().autodiff();
    let network = SequentialConfig::new().layer(readout()).init(&device).unwrap();
    let x = currents([3, 2, 4], &device).require_grad();
    let (_, state) = network.forward::<3, 3>(x.clone(), rest());
    let after = |state| {
        let (y, _) = network.forward::<3, 3>(currents([2, 2, 4], &device).require_grad(), state);
        x.grad(&y.sum().backward())
    };
    assert!(after(state.clone()).is_some());
    assert!(after(state.detach()).is_none());
}

/// A static image gives the same as the image at every step, gradients included.
fn check_static(network: &Sequential, batch: usize) {
    let (device, steps) = (test_device().autodiff(), 4);
    let image = numbers([batch, 2, 5, 5], 4, &device).mul_scalar(3.0);
    let sequence = image.clone().unsqueeze_dim::<5>(0).repeat_dim(0, steps);
    let (got, state) = network.forward_static::<4, 3>(image, steps, rest());
    let (expected, last) = network.forward::<5, 3>(sequence, rest());
    assert_eq!(got.dims(), [steps, batch, 3]);
    assert_close(got.clone(), expected.clone());
    let readout = network.layers.len() - 1;
    assert_close(state.v::<2>(readout).unwrap(), last.v(readout).unwrap());
    let got = gradients(network, &loss(got).backward());
    assert_same_gradients(got, gradients(network, &loss(expected).backward()));
}

#[test]
fn a_static_image_is_the_image_at_every_step() {
    let device = test_device().autodiff();
    let norms: [LayerConfig; 4] = [
        BatchNormConfig::new(3).into(),
        ThresholdDependentBatchNormConfig::new(3, 1.0).into(),
        TemporalEffectiveBatchNormConfig::new(4, 3).into(),
        BatchNormThroughTimeConfig::new(4, 3).into(),
    ];
    for norm in norms {
        let config = SequentialConfig::new()
            .layer(Conv2dConfig::new([2, 3], [3, 3]).with_bias(false))
            .layer(norm)
            .layer(LayerConfig::Relu)
            .layer(LifConfig::snntorch_leaky(0.9))
            .layer(LayerConfig::Flatten)
            .layer(LinearConfig::new(27, 3))
            .layer(readout());
        let network = network(config, &device);
        check_static(&network, 1);
        check_static(&network, 2);
    }
}

#[test]
fn a_static_image_loses_the_same_neurons_to_dropout_at_every_step() {
    let device = test_device().autodiff();
    let config = SequentialConfig::new()
        .layer(DropoutConfig::new(0.5))
        .layer(LiConfig::new(Decay::factor(0.0)));
    let x = Tensor::<2>::ones([2, 64], &device);
    let (y, _) = network(config, &device).forward_static::<2, 3>(x, 3, rest());
    let y = values(y);
    assert_eq!(y, y[..128].repeat(3));
    assert!(y.contains(&0.0) && y.contains(&2.0));
}

#[test]
fn a_static_input_without_neurons_is_the_same_output_at_every_step() {
    let device = test_device();
    let network = SequentialConfig::new().layer(LinearConfig::new(4, 3)).init(&device).unwrap();
    let x = numbers([2, 4], 4, &device);
    let (y, _) = network.forward_static::<2, 3>(x.clone(), 5, rest());
    let (once, _) = network.step::<2, 2>(x, rest());
    assert_eq!(values(y), values(once).repeat(5));
}

#[test]
fn recordings_are_those_of_the_neurons_and_carry_gradients() {
    let device = test_device().autodiff();
    for layer in [leaky().into(), LayerConfig::recurrent(synaptic(), RecurrentConfig::new(4))] {
        let config = SequentialConfig::new()
            .layer(LinearConfig::new(3, 4))
            .layer(layer)
            .layer(LinearConfig::new(4, 2))
            .layer(readout());
        let network = network(config, &device);
        let x = currents([6, 2, 3], &device).mul_scalar(2.0);
        let record = Record::OutputsAndMembranes;
        let (y, state, recording) = network.forward_recorded::<3, 3>(x.clone(), rest(), record);
        assert_eq!(recording.layers().collect::<Vec<_>>(), [1, 3]);
        let (plain, last) = network.forward::<3, 3>(x.clone(), rest());
        assert_close(y.clone(), plain);
        assert_close(recording.outputs::<3>(3), y);
        assert_close(state.v::<2>(1).unwrap(), last.v(1).unwrap());
        assert_close(Tensor::cat(state.fields::<2>(1), 0), Tensor::cat(last.fields::<2>(1), 0));

        let [Layer::Linear(linear), neuron, ..] = &network.layers[..] else { panic!() };
        let current = linear.forward(x);
        let (spikes, membranes): (Tensor<3>, Tensor<3>) = match neuron {
            Layer::Neuron(neuron) => {
                let (z, states) = neuron.record(current, neuron.initial_state([2, 4], &device));
                (z, states.v().clone())
            }
            Layer::Recurrent(neuron) => {
                let (z, states) = neuron.record(current, neuron.initial_state([2, 4], &device));
                (z, states.v().clone())
            }
            other => panic!("{other:?}"),
        };
        assert_close(recording.outputs(1), spikes.clone());
        assert_close(recording.membranes(1), membranes.clone());
        assert!(values(spikes.clone()).contains(&1.0));

        let gradient = |spikes: Tensor<3>, membranes: Tensor<3>| {
            let loss = loss(spikes) + loss(membranes.square());
            values(linear.weight.val().grad(&loss.backward()).unwrap())
        };
        let got = gradient(recording.outputs(1), recording.membranes(1));
        assert!(got.iter().any(|g| *g != 0.0));
        assert_same_gradients(vec![got], vec![gradient(spikes, membranes)]);
    }
}

#[test]
fn a_static_run_records_every_step() {
    let device = test_device();
    let network = network(convolutional(), &device);
    let image = numbers([2, 2, 6, 8], 6, &device);
    let record = Record::Outputs;
    let (y, _, recording) =
        network.forward_static_recorded::<4, 3>(image.clone(), 3, rest(), record);
    let (expected, _) = network.forward_static::<4, 3>(image, 3, rest());
    assert_close(y, expected);
    assert_eq!(recording.layers().collect::<Vec<_>>(), [3, 6, 8]);
    assert_eq!(recording.outputs::<5>(3).dims(), [3, 2, 3, 2, 3]);
}

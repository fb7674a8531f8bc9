//! No neuron broadcasts a state over a batch, or an input over its neurons: step and sequence refuse it alike.

use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{Device, Tensor};
use snn::core::neuron::*;
use snn::core::recurrent::{ConvRecurrentConfig, OneToOneConfig, RecurrentConfig};
use snn::core::{Decay, Values};

use crate::test_device;

/// Every neuron, with a decay of its membrane for each of three neurons or channels.
macro_rules! each {
    ($check:ident, $device:expr) => {{
        let (device, beta) = ($device, || Decay::factor(vec![0.5, 0.7, 0.9]));
        let lif = || LifConfig::new(beta());
        let cuba = || CubaLifConfig::new(Decay::factor(0.95), lif());
        let drift = Drift::Quadratic { square: 0.1, linear: 0.0, constant: 0.0 };
        let any = |config: AnyNeuronConfig| config.init(device).unwrap();
        $check(lif().init(device).unwrap());
        $check(cuba().init(device).unwrap());
        $check(AlifConfig::new(cuba(), Decay::factor(0.9), 0.3).init(device).unwrap());
        $check(AlphaConfig::new(Decay::factor(0.95), lif()).init(device).unwrap());
        $check(DeltaLeakyConfig::new(lif()).init(device).unwrap());
        $check(NonlinearIfConfig::new(cuba(), drift).init(device).unwrap());
        $check(LiConfig::new(beta()).init(device).unwrap());
        $check(CubaLiConfig::new(Decay::factor(0.9), LiConfig::new(beta())).init(device).unwrap());
        $check(any(AnyNeuronConfig::Lif(lif())));
        $check(any(AnyNeuronConfig::Li(LiConfig::new(beta()))));
        $check(any(AnyNeuronConfig::CubaLif(cuba())));
        $check(RefractoryConfig::new(2.0).init(lif().init(device).unwrap()).unwrap());
        $check(RecurrentConfig::new(3).init(lif().init(device).unwrap(), device).unwrap());
        $check(
            RecurrentConfig::new(3).init(any(AnyNeuronConfig::CubaLif(cuba())), device).unwrap(),
        );
        $check(
            OneToOneConfig::new(Values::One(0.1))
                .init(cuba().init(device).unwrap(), device)
                .unwrap(),
        );
    }};
}

/// One way to run a neuron.
type Run<'a> = Box<dyn FnOnce() + 'a>;

/// The message with which `run` panics.
pub fn panic_of(run: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("it was not refused");
    panic.downcast_ref::<String>().cloned().expect("a formatted message")
}

/// Every way to run a neuron; each must panic with a message that begins so.
fn refused<N: Neuron>(neuron: &N, x: Tensor<2>, state: N::State<2>, expected: &str) {
    let sequence = x.clone().unsqueeze_dim::<3>(0).repeat_dim(0, 2);
    let copies = || (sequence.clone(), state.clone());
    let runs: [(&str, Run<'_>); 5] = [
        ("step", Box::new(|| drop(neuron.step(x, state.clone())))),
        ("forward", Box::new(|| drop(neuron.forward(copies().0, copies().1)))),
        ("record", Box::new(|| drop(neuron.record(copies().0, copies().1)))),
        ("max_over_time", Box::new(|| drop(neuron.max_over_time(copies().0, copies().1)))),
        ("sum_over_time", Box::new(|| drop(neuron.sum_over_time(copies().0, copies().1)))),
    ];
    for (name, run) in runs {
        let message = panic_of(run);
        assert!(message.starts_with(expected), "{name} of {}: {message}", type_name::<N>());
        assert!(message.contains(": begin with `") || message.contains(": give `"), "{message}");
    }
}

const SHAPE: [usize; 2] = [4, 3];

/// The input has the right shape, one field of the state has another, which a backend might broadcast.
fn each_field<N: Neuron>(neuron: N) {
    let device = test_device();
    let rest = || neuron.initial_state(SHAPE, &device);
    let x = Tensor::<2>::ones(SHAPE, &device);
    let (z, last) = neuron.step(x.clone(), rest());
    assert_eq!((z.dims(), last.dims()), (SHAPE, SHAPE));
    for field in 0..rest().tensors().len() {
        for shape in [[1, 3], [4, 1], [1, 1], [2, 3], [3, 4]] {
            let mut state = rest();
            *state.tensors_mut()[field] = Tensor::zeros(shape, &device);
            let expected = format!(
                "expected a state of shape [4, 3], the shape of one step of the input, found {shape:?} in field "
            );
            refused(&neuron, x.clone(), state, &expected);
        }
    }
    // One sample in the input, a batch in the state.
    let expected =
        "expected a state of shape [1, 3], the shape of one step of the input, found [4, 3]";
    refused(&neuron, Tensor::ones([1, 3], &device), rest(), expected);
}

/// Input and state agree, but the neuron has values for three neurons.
fn each_width<N: Neuron>(neuron: N) {
    let device = test_device();
    for shape in [[4, 1], [4, 2]] {
        let state = neuron.initial_state(shape, &device);
        let expected = format!(
            "expected input for 3 neurons (channels), for which the neuron layer has values of their own, found \
             shape {shape:?}"
        );
        refused(&neuron, Tensor::ones(shape, &device), state, &expected);
    }
}

#[test]
fn states_of_another_shape_are_refused() {
    let device: &Device = &test_device();
    each!(each_field, device);
}

#[test]
fn inputs_for_another_number_of_neurons_are_refused() {
    let device: &Device = &test_device();
    each!(each_width, device);
}

#[test]
fn maps_are_refused_like_vectors() {
    let device = test_device();
    let lif = LifConfig::snntorch_leaky(vec![0.5, 0.9]).init(&device).unwrap();
    let neuron = ConvRecurrentConfig::new(2, [3, 3]).init(lif, &device).unwrap();
    let x = || Tensor::<4>::ones([2, 2, 5, 4], &device);
    let rest = |shape: [usize; 4]| neuron.initial_state(shape, &device);
    neuron.step(x(), rest([2, 2, 5, 4]));
    for shape in [[1, 2, 5, 4], [2, 1, 5, 4], [2, 2, 1, 4], [2, 2, 5, 1], [1, 1, 1, 1]] {
        let expected = format!(
            "expected a state of shape [2, 2, 5, 4], the shape of one step of the input, found {shape:?}"
        );
        let message = panic_of(|| drop(neuron.step(x(), rest(shape))));
        assert!(message.starts_with(&expected), "{message}");
        let sequence = x().unsqueeze_dim::<5>(0);
        let message = panic_of(|| drop(neuron.forward(sequence, rest(shape))));
        assert!(message.starts_with(&expected), "{message}");
    }
}

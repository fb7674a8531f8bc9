//! Fused sequences against the same sequences step by step: values and gradients.

mod options;
mod results;

use burn::tensor::{Device, Gradients, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Kernels, composite, forward, linear, record};
use crate::coefficient::Coefficient;
use crate::decay::Decay;
use crate::neuron::{InputOrder, LifConfig, Neuron, NeuronState, Reset, ResetTiming};
use crate::surrogate::{SpikeTest, Surrogate};

/// Numbers of both signs, some of them enough to spike.
pub(super) fn numbers<const D: usize>(shape: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let count = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|_| rng.random_range(-0.4..1.2)).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

pub(super) fn on_gpu() -> bool {
    Kernels::of(Device::default().as_dispatch()) == Some(Kernels::Gpu)
}

/// More than a segment; on a GPU fewer, where each step of the composite path is compiled anew, and
/// segments are left to the test of shapes.
pub(super) fn steps() -> usize {
    if on_gpu() { 5 } else { 33 }
}

pub(super) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// What a path gives: each array by name.
pub(super) type Outcome = Vec<(String, Vec<f32>)>;

/// Spikes, states and gradients of a loss on all of them; `more` adds gradients of its own.
pub(super) fn outcome<N: Neuron, const D: usize, const S: usize>(
    neuron: &N,
    learned: &[&Coefficient],
    shape: [usize; D],
    fused: bool,
    more: impl Fn(&Gradients) -> Outcome,
) -> Outcome {
    let device = Device::default().autodiff();
    let x = numbers(shape, 1, &device).require_grad();
    let step: [usize; S] = core::array::from_fn(|axis| shape[axis + 1]);
    let mut state = neuron.initial_state::<S>(step, &device);
    let mut starts = Vec::new();
    for (k, field) in state.tensors_mut().into_iter().enumerate() {
        let start = numbers(step, 10 + k as u64, &device).require_grad();
        *field = start.clone();
        starts.push(start);
    }
    let (output, states) = match fused {
        true => record(neuron, x.clone(), state.clone()),
        false => composite::record(neuron, x.clone(), state.clone()),
    };
    let (again, last) = match fused {
        true => forward(neuron, x.clone(), state),
        false => composite::forward(neuron, x.clone(), state),
    };
    let mut all: Outcome = vec![
        ("output".into(), values(output.clone())),
        ("output without record".into(), values(again.clone())),
    ];
    let weighted = |tensor: Tensor<D>, seed| (tensor * numbers(shape, seed, &device)).sum();
    let mut loss = weighted(output, 20) + weighted(again, 21);
    for (k, trace) in states.tensors().into_iter().enumerate() {
        all.push((format!("state {k}"), values(trace.clone())));
        loss = loss + weighted(trace.clone(), 22 + k as u64);
    }
    for (k, field) in last.tensors().into_iter().enumerate() {
        all.push((format!("last {k}"), values(field.clone())));
        loss = loss + (field.clone() * numbers(step, 30 + k as u64, &device)).sum();
    }
    let gradients = loss.backward();
    all.push(("d x".into(), values(x.grad(&gradients).unwrap())));
    for (k, start) in starts.into_iter().enumerate() {
        all.push((format!("d start {k}"), values(start.grad(&gradients).unwrap())));
    }
    for (k, coefficient) in learned.iter().enumerate() {
        let param = coefficient.param().unwrap().val();
        let gradient = param.grad(&gradients).unwrap_or_else(|| param.zeros_like());
        all.push((format!("d coefficient {k}"), values(gradient)));
    }
    all.extend(more(&gradients));
    all
}

/// Outcome in one operation, and step by step.
fn both<N: Neuron, const D: usize, const S: usize>(
    what: &str,
    neuron: &N,
    learned: &[&Coefficient],
    shape: [usize; D],
) -> [Outcome; 2] {
    let x: Tensor<D> = numbers(shape, 1, &Device::default());
    assert!(linear(neuron, &x).is_some(), "{what}: not in one operation");
    [true, false].map(|fused| outcome::<N, D, S>(neuron, learned, shape, fused, |_| vec![]))
}

/// Both ways of a spiking neuron give the same. Returns how many spikes there were.
fn agree<N: Neuron, const D: usize, const S: usize>(
    what: &str,
    neuron: &N,
    learned: &[&Coefficient],
    shape: [usize; D],
) -> f32 {
    let [fused, expected] = both::<N, D, S>(what, neuron, learned, shape);
    compare(what, &fused, &expected, true);
    fused[0].1.iter().sum()
}

/// `spikes`: outputs are spikes, which are the same or wrong.
pub(super) fn compare(what: &str, fused: &Outcome, expected: &Outcome, spikes: bool) {
    assert_eq!(fused.len(), expected.len());
    for ((name, got), (_, expected)) in fused.iter().zip(expected) {
        assert_eq!(got.len(), expected.len(), "{what}: {name}");
        let scale = expected.iter().fold(1.0, |largest: f32, x| largest.max(x.abs()));
        for (k, (got, expected)) in got.iter().zip(expected).enumerate() {
            let limit = match spikes && name.starts_with("output") {
                true => 0.0,
                false => 1e-5 * expected.abs() + 4e-6 * scale,
            };
            assert!((got - expected).abs() <= limit, "{what}: {name}[{k}]: {got}, {expected}");
        }
    }
}

/// `work` gives the same bits on any number of threads.
#[cfg(feature = "rayon")]
pub(super) fn same_on_any_number_of_threads(what: &str, work: impl Fn() -> Outcome + Sync) {
    let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(&work)
    };
    let expected = on(1);
    for threads in [2, 3, 7] {
        for ((name, got), (_, expected)) in on(threads).iter().zip(&expected) {
            assert!(bits(got) == bits(expected), "{what}, {threads} threads: {name}");
        }
    }
}

pub(super) fn base() -> LifConfig {
    LifConfig::new(Decay::factor(0.9))
        .with_surrogate(Surrogate::FastSigmoid { slope: 5.0 })
        .with_learn_beta(true)
        .with_learn_threshold(true)
}

/// Every reset, at every time, in and out of the gradient.
pub(super) fn resets() -> Vec<(String, LifConfig)> {
    let mut all = Vec::new();
    for reset in [Reset::Subtract, Reset::ToValue(0.0), Reset::ToValue(-0.2), Reset::None] {
        for timing in [
            ResetTiming::Immediate,
            ResetTiming::NextStepBeforeInput,
            ResetTiming::NextStepAfterInput,
            ResetTiming::ImmediateLessPending,
        ] {
            for detach in [true, false] {
                let config =
                    base().with_reset(reset).with_reset_timing(timing).with_detach_reset(detach);
                all.push((format!("{reset:?}, {timing:?}, {detach}"), config));
            }
        }
    }
    all
}

pub(super) const SPIKE_TESTS: [SpikeTest; 4] = [
    SpikeTest::Above,
    SpikeTest::AtOrAbove,
    SpikeTest::Multiple { max: None },
    SpikeTest::Multiple { max: Some(2) },
];

/// Every order in which input, decay and membrane may come.
pub(super) const ORDERS: [InputOrder; 4] = [
    InputOrder::SameStep,
    InputOrder::SameStepBeforeDecay,
    InputOrder::SameStepAfterDecay,
    InputOrder::NextStep,
];

//! How a neuron runs over a sequence: in one operation where it is a linear neuron on a device that has
//! the kernels, else step by step.

#![cfg_attr(
    not(any(feature = "flex", feature = "ndarray")),
    allow(dead_code, unused_variables, reason = "only the CPU backends have kernels so far")
)]

mod backend;
pub(crate) mod composite;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod cpu;
mod fused;
mod program;
mod recurrent;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod slices;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod step;
#[cfg(test)]
mod tests;

use burn::tensor::Tensor;

use crate::neuron::{Neuron, NeuronState};
pub(crate) use fused::Gain;
pub use fused::Linear;
pub(crate) use program::{FiringProgram, Program};

/// Runs `neuron` over `[T, B, ...]` from `state`; keeps the last state only.
pub(crate) fn forward<N: Neuron, const D: usize, const S: usize>(
    neuron: &N,
    input: Tensor<D>,
    state: N::State<S>,
) -> (Tensor<D>, N::State<S>) {
    check(&input, &state);
    if is_empty(&input) {
        return (input, state);
    }
    match linear(neuron, &input) {
        Some(linear) => match linear.connection {
            Some(dense) => recurrent::forward::<N, D, S>(&linear, dense, input, state),
            None => fused::forward::<N, D, S>(linear, input, state),
        },
        None => composite::forward(neuron, input, state),
    }
}

/// Runs `neuron` over `[T, B, ...]` from `state`; keeps the state after every step.
pub(crate) fn record<N: Neuron, const D: usize, const S: usize>(
    neuron: &N,
    input: Tensor<D>,
    state: N::State<S>,
) -> (Tensor<D>, N::State<D>) {
    check(&input, &state);
    if is_empty(&input) {
        let states = neuron.initial_state(input.dims(), &input.device());
        return (input, states);
    }
    match linear(neuron, &input) {
        Some(linear) => match linear.connection {
            Some(dense) => recurrent::record(neuron, &linear, dense, input, state),
            None => fused::record(neuron, linear, input, state),
        },
        None => composite::record(neuron, input, state),
    }
}

/// What runs in one operation, if it does there.
fn linear<'a, N: Neuron, const D: usize>(neuron: &'a N, input: &Tensor<D>) -> Option<Linear<'a>> {
    let supported = |linear: &Linear| fused::supports(input) && recurrent::supports(linear, input);
    neuron.linear().filter(supported)
}

/// A batch of nothing, which not every backend can put together from steps.
fn is_empty<const D: usize>(input: &Tensor<D>) -> bool {
    input.dims().contains(&0)
}

fn check<const D: usize, const S: usize>(input: &Tensor<D>, state: &impl NeuronState<S>) {
    let (input, state) = (input.dims(), state.dims());
    assert!(input[0] > 0, "a sequence needs at least one time step, got shape {input:?}");
    assert!(
        input[1..] == state,
        "input of shape {input:?} goes with a state of shape {:?}, got {state:?}",
        &input[1..],
    );
}

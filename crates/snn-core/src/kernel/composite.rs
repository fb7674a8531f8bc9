//! Sequences from ordinary tensor operations, one step after another: the readable reference.

use burn::tensor::Tensor;

use crate::neuron::{Neuron, NeuronState};

/// Runs `neuron` over `[T, B, ...]` from `state`; keeps the last state only.
pub(crate) fn forward<N: Neuron, const D: usize, const S: usize>(
    neuron: &N,
    input: Tensor<D>,
    mut state: N::State<S>,
) -> (Tensor<D>, N::State<S>) {
    let mut outputs = Vec::with_capacity(input.dims()[0]);
    for x in steps_of(input) {
        let (output, next) = neuron.update(x, state);
        outputs.push(output);
        state = next;
    }
    (Tensor::stack(outputs, 0), state)
}

/// Runs `neuron` over `[T, B, ...]` from `state`; keeps the state after every step.
pub(crate) fn record<N: Neuron, const D: usize, const S: usize>(
    neuron: &N,
    input: Tensor<D>,
    mut state: N::State<S>,
) -> (Tensor<D>, N::State<D>) {
    let steps = steps_of(input);
    let (mut outputs, mut states) =
        (Vec::with_capacity(steps.len()), Vec::with_capacity(steps.len()));
    for x in steps {
        let (output, next) = neuron.update(x, state);
        outputs.push(output);
        states.push(next.clone());
        state = next;
    }
    (Tensor::stack(outputs, 0), stack(neuron, &states))
}

/// States of consecutive steps, `[B, ...]` each, as one state of `[T, B, ...]`.
fn stack<N: Neuron, const D: usize, const S: usize>(
    neuron: &N,
    states: &[N::State<S>],
) -> N::State<D> {
    // Any state will do to be filled.
    let mut stacked = neuron.initial_state([1; D], &states[0].v().device());
    for (field, slot) in stacked.tensors_mut().into_iter().enumerate() {
        let steps = states.iter().map(|state| state.tensors()[field].clone()).collect();
        *slot = Tensor::stack(steps, 0);
    }
    stacked
}

/// The steps `[B, ...]` of a sequence `[T, B, ...]`.
///
/// Halves the sequence until single steps are left. The gradient of a slice is a tensor of zeros as
/// large as what it was cut from: cut one by one from the sequence, T steps cost T of those, and the
/// backward pass grows with the square of T. Cut by halves, every level costs two.
fn steps_of<const D: usize, const S: usize>(sequence: Tensor<D>) -> Vec<Tensor<S>> {
    let length = sequence.dims()[0];
    if length == 1 {
        return vec![sequence.squeeze_dim(0)];
    }
    let half = length / 2;
    let mut steps = steps_of(sequence.clone().narrow(0, 0, half));
    steps.extend(steps_of(sequence.narrow(0, half, length - half)));
    steps
}

//! Neurons as a layer of a network.

use burn::tensor::Tensor;

use super::activation::Activation;
use crate::neuron::{Neuron, NeuronState};

/// What a layer with a state leaves behind.
pub(super) struct Traces {
    /// Fields of the last state, of the shape of a step of its input, `[B, C, H, W]` each.
    pub(super) last: Vec<Tensor<4>>,
    /// Membranes after every step, if asked for.
    pub(super) membranes: Option<Activation>,
}

/// Runs neurons over `[T, B, ...]` of rank `D`, 3 for `[N]` and 5 for `[C, H, W]`, with states of rank
/// `S`.
pub(super) fn run<N: Neuron, const D: usize, const S: usize>(
    neuron: &N,
    x: &Activation,
    start: Option<Vec<Tensor<4>>>,
    membranes: bool,
) -> (Activation, Traces) {
    let input = x.for_neurons::<D>();
    let (dims, device) = (input.dims(), input.device());
    let mut shape = [1; S];
    shape.copy_from_slice(&dims[1..]);
    let state = match start {
        None => neuron.initial_state(shape, &device),
        Some(start) => {
            // Any state will do to be filled.
            let mut state = neuron.initial_state([1; S], &device);
            for (slot, field) in state.tensors_mut().into_iter().zip(start) {
                *slot = field.reshape(shape);
            }
            state
        }
    };
    let (output, last, membranes) = match membranes {
        false => {
            let (output, last) = neuron.forward(input, state);
            (output, fields(&last, x), None)
        }
        true => {
            let (output, states) = neuron.record(input, state);
            let last = states.tensors().into_iter();
            let last = last.map(|field| field.clone().narrow(0, dims[0] - 1, 1));
            let last = last.map(|field| field.reshape(x.step_dims())).collect();
            (output, last, Some(x.with(states.v().clone())))
        }
    };
    (x.with(output), Traces { last, membranes })
}

fn fields<const S: usize>(state: &impl NeuronState<S>, x: &Activation) -> Vec<Tensor<4>> {
    state.tensors().into_iter().map(|field| field.clone().reshape(x.step_dims())).collect()
}

//! A linear neuron whose output comes back through a dense connection, over a sequence: all steps in one
//! operation.
//!
//! ```text
//! z_t, state_t ← step(x_t + d_t, state_{t-1})        d_{t+1} = z_t · W + b
//! ```

mod backend;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod cpu;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod product;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod slices;
#[cfg(feature = "cube")]
mod stepwise;
#[cfg(test)]
mod tests;

use burn::backend::Dispatch;
use burn::tensor::{DType, Tensor};

use self::backend::RecurrentBackend;
use super::fused::{self, Linear};
use super::program::Program;
use crate::coefficient::{Coefficient, Level};
use crate::neuron::{Neuron, NeuronState};
use crate::recurrent::Dense;

/// [`Neuron::forward`] in one operation.
pub(super) fn forward<N: Neuron, const D: usize, const S: usize>(
    linear: &Linear<'_>,
    dense: &Dense,
    input: Tensor<D>,
    mut state: N::State<S>,
) -> (Tensor<D>, N::State<S>) {
    let (dims, dtype) = (input.dims(), input.dtype());
    let Packed { x, start, coefficients, weight, bias } =
        pack::<N, D, S>(linear, dense, input, &state);
    let (output, last) = Dispatch::recurrent(
        x.into_dispatch(),
        start.into_dispatch(),
        coefficients.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        program(linear),
    );
    let output = Tensor::<2>::from_dispatch(output).cast(dtype).reshape(dims);
    let last = Tensor::<2>::from_dispatch(last).cast(dtype);
    let row = |row: usize| last.clone().narrow(0, row, 1).reshape(state.dims());
    let fields = [row(0), row(1)];
    let z = fused::graded(linear, row(2));
    let mut slots = state.tensors_mut();
    if let Some(slot) = slots.pop() {
        *slot = z;
    }
    for (slot, field) in slots.into_iter().zip(fields) {
        *slot = field;
    }
    (fused::graded(linear, output), state)
}

/// [`Neuron::record`] in one operation.
pub(super) fn record<N: Neuron, const D: usize, const S: usize>(
    neuron: &N,
    linear: &Linear<'_>,
    dense: &Dense,
    input: Tensor<D>,
    state: N::State<S>,
) -> (Tensor<D>, N::State<D>) {
    let (dims, dtype) = (input.dims(), input.dtype());
    let Packed { x, start, coefficients, weight, bias } =
        pack::<N, D, S>(linear, dense, input, &state);
    let (output, membranes, currents) = Dispatch::recurrent_recorded(
        x.into_dispatch(),
        start.into_dispatch(),
        coefficients.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        program(linear),
    );
    let sequence = |result| Tensor::<2>::from_dispatch(result).cast(dtype).reshape(dims);
    let output = fused::graded(linear, sequence(output));
    // Any state will do to be filled.
    let mut states: N::State<D> = neuron.initial_state([1; D], &state.v().device());
    let mut slots = states.tensors_mut();
    if let Some(slot) = slots.pop() {
        *slot = output.clone();
    }
    for (slot, trace) in slots.into_iter().zip([membranes, currents].map(sequence)) {
        *slot = trace;
    }
    (output, states)
}

fn program(linear: &Linear<'_>) -> Program {
    Program { inner: 1, ..linear.program.clone() }
}

/// All in 32-bit numbers, whatever the input is of.
struct Packed {
    /// `[T, B·N]`
    x: Tensor<2>,
    /// `[3, B·N]`: membrane, synaptic current, recurrent current of the first step.
    start: Tensor<2>,
    /// `[4, n]`
    coefficients: Tensor<2>,
    /// `[N, N]`
    weight: Tensor<2>,
    /// `[1, N]`
    bias: Tensor<2>,
}

fn pack<N: Neuron, const D: usize, const S: usize>(
    linear: &Linear<'_>,
    dense: &Dense,
    input: Tensor<D>,
    state: &N::State<S>,
) -> Packed {
    let (dims, device) = (input.dims(), input.device());
    let (columns, size) = (dims[1..].iter().product::<usize>(), dims[D - 1]);
    let single = (&device, DType::F32);
    let row = |field: Tensor<S>| field.reshape([1, columns]).cast(DType::F32);
    let mut fields = state.tensors();
    // The recurrent current, not the output that it comes from: outputs in a state are graded.
    let last = fields.pop().unwrap_or_else(|| state.v());
    let current = row(dense.forward(last.clone()));
    let mut rows: Vec<Tensor<2>> = fields.into_iter().map(|field| row(field.clone())).collect();
    if rows.len() == 1 {
        rows.push(Tensor::zeros([1, columns], single));
    }
    rows.push(current);
    let bias = dense.linear.bias.as_ref();
    Packed {
        x: input.reshape([dims[0], columns]).cast(DType::F32),
        start: Tensor::cat(rows, 0),
        coefficients: fused::coefficients(linear, &device),
        weight: graded(linear, dense.weight()).cast(DType::F32),
        bias: bias.map_or_else(
            || Tensor::zeros([1, size], single),
            |bias| bias.val().unsqueeze().cast(DType::F32),
        ),
    }
}

/// Weights `[from, to]` for spikes that are not graded.
fn graded(linear: &Linear<'_>, weight: Tensor<2>) -> Tensor<2> {
    match linear.graded.map(Coefficient::level::<1>) {
        None => weight,
        Some(Level::Scalar(factor)) => Level::Scalar(factor).times(weight),
        Some(Level::Tensor(factors)) => weight * factors.unsqueeze_dim::<2>(1),
    }
}

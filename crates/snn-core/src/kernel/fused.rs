//! From a neuron and its tensors to a fused sequence, and back.

use burn::backend::{Dispatch, DispatchTensor};
use burn::tensor::{DType, Device, Tensor};

use super::Kernels;
use super::backend::SequenceBackend;
use super::program::{Outputs, Program};
use crate::coefficient::{Coefficient, Level};
use crate::neuron::{Neuron, NeuronState};
use crate::recurrent::Dense;

/// A linear neuron taken apart: what runs as a fused sequence.
pub struct Linear<'a> {
    pub(crate) program: Program,
    pub(crate) alpha: Option<&'a Coefficient>,
    pub(crate) beta: &'a Coefficient,
    pub(crate) gain: Gain,
    pub(crate) threshold: Option<&'a Coefficient>,
    /// Value of a spike.
    pub(crate) graded: Option<&'a Coefficient>,
    /// The way from its output back to its input, one step later.
    pub(crate) connection: Option<&'a Dense>,
}

/// What the current is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Gain {
    Number(f64),
    OneMinusBeta,
}

/// Whether the sequence runs in one operation there.
pub(super) fn supports<const D: usize>(linear: &Linear<'_>, input: &Tensor<D>) -> bool {
    let half = matches!(input.dtype(), DType::F16 | DType::BF16);
    // Along the last axis is along the neurons: a connection goes no further.
    let connected = linear.connection.is_none() || D <= 3;
    let runs = match Kernels::of(input.device().as_dispatch()) {
        Some(Kernels::Cpu) => true,
        Some(Kernels::Gpu) => linear.program.has_formula(),
        None => false,
    };
    D >= 2 && connected && (half || input.dtype() == DType::F32) && runs
}

/// [`Neuron::forward`] in one operation.
pub(super) fn forward<N: Neuron, const D: usize, const S: usize>(
    linear: Linear<'_>,
    input: Tensor<D>,
    mut state: N::State<S>,
) -> (Tensor<D>, N::State<S>) {
    let (dims, dtype) = (input.dims(), input.dtype());
    let packed = pack::<N, D, S>(&linear, input, &state);
    let Packed { x, state: start, coefficients, program } = packed;
    let (output, last) = Dispatch::linear(
        x.into_dispatch(),
        start.into_dispatch(),
        coefficients.into_dispatch(),
        program,
    );
    let output = Tensor::<2>::from_dispatch(output).cast(dtype).reshape(dims);
    set_last(&mut state, last, dtype);
    (graded(&linear, output), state)
}

/// [`Neuron::forward`] in one operation, without the outputs themselves.
pub(super) fn reduced<N: Neuron, const D: usize, const S: usize>(
    linear: &Linear<'_>,
    input: Tensor<D>,
    mut state: N::State<S>,
    outputs: Outputs,
) -> (Tensor<S>, N::State<S>) {
    let dtype = input.dtype();
    let Packed { x, state: start, coefficients, program } = pack::<N, D, S>(linear, input, &state);
    let (output, last) = Dispatch::linear_reduced(
        x.into_dispatch(),
        start.into_dispatch(),
        coefficients.into_dispatch(),
        program,
        outputs,
    );
    set_last(&mut state, last, dtype);
    let output = Tensor::<2>::from_dispatch(output).narrow(0, 0, 1);
    (output.cast(dtype).reshape(state.dims()), state)
}

/// Takes the state apart again.
fn set_last<const S: usize>(state: &mut impl NeuronState<S>, last: DispatchTensor, dtype: DType) {
    let (last, shape) = (Tensor::<2>::from_dispatch(last).cast(dtype), state.dims());
    for (row, slot) in state.tensors_mut().into_iter().enumerate() {
        *slot = last.clone().narrow(0, row, 1).reshape(shape);
    }
}

/// [`Neuron::record`] in one operation.
pub(super) fn record<N: Neuron, const D: usize, const S: usize>(
    neuron: &N,
    linear: Linear<'_>,
    input: Tensor<D>,
    state: N::State<S>,
) -> (Tensor<D>, N::State<D>) {
    let (dims, dtype) = (input.dims(), input.dtype());
    let packed = pack::<N, D, S>(&linear, input, &state);
    let Packed { x, state: start, coefficients, program } = packed;
    let (output, membranes, currents) = Dispatch::linear_recorded(
        x.into_dispatch(),
        start.into_dispatch(),
        coefficients.into_dispatch(),
        program,
    );
    let sequence = |result| Tensor::<2>::from_dispatch(result).cast(dtype).reshape(dims);
    // Any state will do to be filled.
    let mut states: N::State<D> = neuron.initial_state([1; D], &state.v().device());
    let traces = [membranes, currents].map(sequence);
    for (slot, trace) in states.tensors_mut().into_iter().zip(traces) {
        *slot = trace;
    }
    (graded(&linear, sequence(output)), states)
}

/// All in 32-bit numbers, whatever the input is of: a membrane adds up over many steps.
struct Packed {
    x: Tensor<2>,
    state: Tensor<2>,
    coefficients: Tensor<2>,
    program: Program,
}

fn pack<N: Neuron, const D: usize, const S: usize>(
    linear: &Linear<'_>,
    input: Tensor<D>,
    state: &N::State<S>,
) -> Packed {
    let dims = input.dims();
    let columns = dims[1..].iter().product::<usize>();
    // Neurons are along axis 1 of one step, or along its only one.
    let axis = D.min(3) - 1;
    let device = input.device();
    let row = |field: &Tensor<S>| field.clone().reshape([1, columns]).cast(DType::F32);
    let mut rows: Vec<Tensor<2>> = state.tensors().into_iter().map(row).collect();
    if rows.len() == 1 {
        rows.push(Tensor::zeros([1, columns], (&device, DType::F32)));
    }
    Packed {
        x: input.reshape([dims[0], columns]).cast(DType::F32),
        state: Tensor::cat(rows, 0),
        coefficients: coefficients(linear, &device),
        program: Program { inner: dims[axis + 1..].iter().product(), ..linear.program.clone() },
    }
}

/// `[4, n]`: decay of the current, decay of the membrane, gain, threshold.
pub(super) fn coefficients(linear: &Linear<'_>, device: &Device) -> Tensor<2> {
    let beta = linear.beta.level();
    let gain = match linear.gain {
        Gain::Number(gain) => Level::Scalar(gain),
        Gain::OneMinusBeta => complement(&beta),
    };
    let level =
        |coefficient: Option<&Coefficient>| coefficient.map_or(Level::Scalar(0.0), |c| c.level());
    let rows = [level(linear.alpha), beta, gain, level(linear.threshold)];
    let n = rows.iter().map(len).max().unwrap_or(1);
    Tensor::stack(rows.into_iter().map(|row| expanded(row, n, device)).collect(), 0)
}

/// How many values it has of its own.
fn len(level: &Level<1>) -> usize {
    match level {
        Level::Scalar(_) => 1,
        Level::Tensor(values) => values.dims()[0],
    }
}

fn complement(level: &Level<1>) -> Level<1> {
    match level {
        Level::Scalar(value) => Level::Scalar(1.0 - value),
        Level::Tensor(values) => Level::Tensor(values.clone().neg() + 1.0),
    }
}

fn expanded(level: Level<1>, n: usize, device: &Device) -> Tensor<1> {
    match level {
        Level::Scalar(value) => Tensor::full([n], value, (device, DType::F32)),
        Level::Tensor(values) => values.cast(DType::F32).expand([n]),
    }
}

pub(super) fn graded<const D: usize>(linear: &Linear<'_>, output: Tensor<D>) -> Tensor<D> {
    match linear.graded.map(Coefficient::level::<1>) {
        None | Some(Level::Scalar(1.0)) => output,
        Some(Level::Scalar(value)) => output.mul_scalar(value),
        Some(Level::Tensor(values)) => {
            let mut shape = [1; D];
            shape[D.min(3) - 1] = values.dims()[0];
            output * values.reshape(shape)
        }
    }
}

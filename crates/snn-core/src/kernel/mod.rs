//! How a neuron runs over a sequence: in one operation where it is a linear neuron on a device that has
//! the kernels, else step by step.

mod backend;
pub(crate) mod composite;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod cpu;
#[cfg(feature = "cube")]
mod cube;
mod fused;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod matrix;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod pass;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod products;
mod program;
mod recurrent;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod rows;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod slices;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod sparse;
#[cfg(any(feature = "flex", feature = "ndarray", feature = "cube"))]
mod step;
#[cfg(test)]
mod tests;

use burn::backend::DispatchDevice;
use burn::nn;
use burn::nn::conv::Conv2d;
use burn::nn::pool::{AvgPool2d, MaxPool2d};
use burn::tensor::{Device, Tensor};

use crate::decode;
use crate::neuron::Neuron;
pub(crate) use fused::Gain;
pub use fused::Linear;
use program::Outputs;
pub(crate) use program::{FiringProgram, Program};

/// Runs `neuron` over `[T, B, ...]` from `state`; keeps the last state only.
pub(crate) fn forward<N: Neuron, const D: usize, const S: usize>(
    neuron: &N,
    input: Tensor<D>,
    state: N::State<S>,
) -> (Tensor<D>, N::State<S>) {
    check(neuron, &input, &state);
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

/// Runs `neuron` over `[T, B, ...]` from `state`; the largest output over time, and the last state.
pub(crate) fn max_over_time<N: Neuron, const D: usize, const S: usize>(
    neuron: &N,
    input: Tensor<D>,
    state: N::State<S>,
) -> (Tensor<S>, N::State<S>) {
    // Graded spikes may be of either sign, and are made outside of the kernel.
    match reducible(neuron, &input, &state).filter(|linear| linear.graded.is_none()) {
        Some(linear) => fused::reduced::<N, D, S>(&linear, input, state, Outputs::Maximum),
        None => {
            let (output, state) = forward(neuron, input, state);
            (decode::max_over_time(output), state)
        }
    }
}

/// Runs `neuron` over `[T, B, ...]` from `state`; the sum of outputs over time, and the last state.
pub(crate) fn sum_over_time<N: Neuron, const D: usize, const S: usize>(
    neuron: &N,
    input: Tensor<D>,
    state: N::State<S>,
) -> (Tensor<S>, N::State<S>) {
    match reducible(neuron, &input, &state) {
        Some(linear) => {
            let (sum, state) = fused::reduced::<N, D, S>(&linear, input, state, Outputs::Sum);
            (fused::graded(&linear, sum.unsqueeze_dim::<D>(0)).squeeze_dim(0), state)
        }
        None => {
            let (output, state) = forward(neuron, input, state);
            (decode::sum_over_time(output), state)
        }
    }
}

/// What runs in one operation that need not keep its outputs.
fn reducible<'a, N: Neuron, const D: usize, const S: usize>(
    neuron: &'a N,
    input: &Tensor<D>,
    state: &N::State<S>,
) -> Option<Linear<'a>> {
    check(neuron, input, state);
    linear(neuron, input).filter(|linear| linear.connection.is_none() && !is_empty(input))
}

/// Runs `neuron` over `[T, B, ...]` from `state`; keeps the state after every step.
pub(crate) fn record<N: Neuron, const D: usize, const S: usize>(
    neuron: &N,
    input: Tensor<D>,
    state: N::State<S>,
) -> (Tensor<D>, N::State<D>) {
    check(neuron, &input, &state);
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

/// What a device has kernels of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kernels {
    #[cfg_attr(not(any(feature = "flex", feature = "ndarray")), allow(dead_code))]
    Cpu,
    #[cfg_attr(not(feature = "cube"), allow(dead_code))]
    Gpu,
}

impl Kernels {
    /// Those of a device, if it has some.
    fn of(device: &DispatchDevice) -> Option<Self> {
        match device {
            #[cfg(feature = "flex")]
            DispatchDevice::Flex(_) => Some(Self::Cpu),
            #[cfg(feature = "ndarray")]
            DispatchDevice::NdArray(_) => Some(Self::Cpu),
            #[cfg(feature = "cube")]
            DispatchDevice::Cube(_) => Some(Self::Gpu),
            DispatchDevice::Autodiff(device) => Self::of(&device.clone().inner()),
            #[allow(unreachable_patterns, reason = "where every backend of the build has kernels")]
            _ => None,
        }
    }
}

/// Whether a device computes in the memory of the host.
pub(crate) fn is_cpu(device: &Device) -> bool {
    Kernels::of(device.as_dispatch()) == Some(Kernels::Cpu)
}

/// What runs in one operation, if it does there.
fn linear<'a, N: Neuron, const D: usize>(neuron: &'a N, input: &Tensor<D>) -> Option<Linear<'a>> {
    neuron.linear().filter(|linear| fused::supports(linear, input))
}

/// `layer.forward(x)`, on CPU backends at a cost that grows with the numbers of `x` that are not zero.
pub(crate) fn linear_layer(layer: &nn::Linear, x: Tensor<2>) -> Tensor<2> {
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    if let Some(y) = products::linear(layer, &x) {
        return y;
    }
    layer.forward(x)
}

/// The same for a convolution, and the max pooling behind it.
pub(crate) fn conv2d(layer: &Conv2d, pool: Option<&MaxPool2d>, x: Tensor<4>) -> Tensor<4> {
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    if let Some(y) = products::conv2d(layer, pool, &x) {
        return y;
    }
    match pool {
        // Not at once, but one after the other.
        Some(pool) => max_pool2d(pool, conv2d(layer, None, x)),
        None => layer.forward(x),
    }
}

/// The same for max pooling, which remembers a byte for each window.
pub(crate) fn max_pool2d(layer: &MaxPool2d, x: Tensor<4>) -> Tensor<4> {
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    if let Some(y) = products::max_pool2d(layer, &x) {
        return y;
    }
    layer.forward(x)
}

/// The same for average pooling, or for the sums of its windows.
pub(crate) fn avg_pool2d(layer: &AvgPool2d, sums: bool, x: Tensor<4>) -> Tensor<4> {
    let size = (layer.kernel_size[0] * layer.kernel_size[1]) as f64;
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    if let Some(y) = products::sum_pool2d(layer, if sums { 1.0 } else { 1.0 / size }, &x) {
        return y;
    }
    let means = layer.forward(x);
    if sums { means * size } else { means }
}

/// A batch of nothing, which not every backend can put together from steps.
fn is_empty<const D: usize>(input: &Tensor<D>) -> bool {
    input.dims().contains(&0)
}

/// # Panics
///
/// If there are no steps, or the state does not fit.
fn check<N: Neuron, const D: usize, const S: usize>(
    neuron: &N,
    input: &Tensor<D>,
    state: &N::State<S>,
) {
    let dims = input.dims();
    assert!(dims[0] > 0, "a sequence needs at least one time step, got shape {dims:?}");
    neuron.check(&dims[1..], state);
}

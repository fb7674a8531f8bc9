//! The time axis as a tensor.

use burn::tensor::{Device, Int, Tensor};

/// `0, 1, ..., steps - 1` as `[T, 1, ...]`, to be compared with one time for each neuron.
pub(crate) fn step_axis<const D: usize>(steps: usize, device: &Device) -> Tensor<D> {
    let mut shape = [1; D];
    shape[0] = steps;
    Tensor::<1, Int>::arange(0..steps as i64, device).float().reshape(shape)
}

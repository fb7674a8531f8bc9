//! Recordings of different lengths in one batch: steps of a recording, and padding.
//!
//! A mask is `[T, B]`: 1 at the steps of a recording, 0 after its last. A recording without a step, empty
//! or over before this chunk of a longer sequence, has a column of zeros.

use burn::tensor::{Bool, Int, Tensor};

/// Zeroes the padded steps of `sequence` `[T, B, ...]`, and their gradient. The mask is `[T, B]`.
///
/// For sums over time that take no mask of their own:
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use snn_train::loss::zero_padding;
/// use snn_train::regularize::l1_rate;
///
/// let device = Device::default();
/// let spikes = Tensor::<3>::ones([2, 2, 5], &device); // [T, B, N]
/// let mask = Tensor::from_floats([[1.0, 1.0], [1.0, 0.0]], &device);
/// let penalty = l1_rate(zero_padding(spikes, &mask));
/// assert_eq!(penalty.into_scalar::<f32>(), 15.0);
/// ```
///
/// # Panics
///
/// If the mask has another shape, or the sequence fewer than two axes.
pub fn zero_padding<const D: usize>(sequence: Tensor<D>, mask: &Tensor<2>) -> Tensor<D> {
    fill_padding(sequence, mask, 0.0)
}

/// `value` at the padded steps, without a gradient.
pub(super) fn fill_padding<const D: usize>(
    sequence: Tensor<D>,
    mask: &Tensor<2>,
    value: f64,
) -> Tensor<D> {
    let shape = sequence.dims();
    check_mask(&shape, Some(mask));
    let mut mask_shape = [1; D];
    mask_shape[..2].copy_from_slice(&shape[..2]);
    // Not a product: a network's output at padding may be infinite or NaN.
    let padding: Tensor<D, Bool> = mask.clone().equal_elem(0.0).reshape(mask_shape);
    sequence.mask_fill(padding.expand(shape), value)
}

/// Steps of each recording, `[1, B, 1]`.
pub(super) fn lengths(mask: &Tensor<2>) -> Tensor<3> {
    mask.clone().sum_dim(0).unsqueeze_dim(2)
}

/// Steps of each recording as a divisor, `[1, B, 1]`: 1 for a recording without a step, all of whose
/// sums are 0.
pub(super) fn divisors(mask: &Tensor<2>) -> Tensor<3> {
    lengths(mask).clamp_min(1.0)
}

/// `values` `[S, B, C]`, 0 without gradient for recordings without a step.
pub(super) fn zero_empty(values: Tensor<3>, mask: &Tensor<2>) -> Tensor<3> {
    let shape = values.dims();
    values.mask_fill(lengths(mask).equal_elem(0.0).expand(shape), 0.0)
}

/// Whether each recording has a step, `[B]`.
pub(crate) fn has_steps(mask: &Tensor<2>) -> Tensor<1, Bool> {
    mask.clone().sum_dim(0).squeeze_dim::<1>(0).greater_scalar(0.0)
}

/// 1 at the last step of each recording, `[T, B, 1]`.
pub(super) fn last_steps(mask: &Tensor<2>) -> Tensor<3> {
    let steps = mask.dims()[0] as i64;
    let step = Tensor::<1, Int>::arange(1..steps + 1, &mask.device()).float();
    step.reshape([-1, 1, 1]).equal(lengths(mask)).float()
}

/// The mean over the steps of each recording, `[S, B, C]` to `[1, B, C]`; 0 for a recording without a
/// step. `S` is 1 for values that are not at every step.
pub(crate) fn mean_over_steps(values: Tensor<3>, mask: Option<&Tensor<2>>) -> Tensor<3> {
    match mask {
        Some(mask) if values.dims()[0] > 1 => {
            zero_padding(values, mask).sum_dim(0) / divisors(mask)
        }
        Some(mask) => zero_empty(values, mask),
        None => values.mean_dim(0),
    }
}

/// Panics unless a sequence of this shape has a step, and the mask an entry for each sample and step.
pub(super) fn check_mask(shape: &[usize], mask: Option<&Tensor<2>>) {
    let [steps, batch, ..] = *shape else {
        panic!("expected a sequence [T, B, ...], found shape {shape:?}");
    };
    assert!(steps > 0, "expected at least one time step, got shape {shape:?}");
    if let Some(mask) = mask {
        let got = mask.dims();
        assert_eq!(got, [steps, batch], "expected a mask [{steps}, {batch}], got {got:?}");
    }
}

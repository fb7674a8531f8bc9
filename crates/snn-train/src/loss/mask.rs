//! Recordings of different lengths in one batch: which steps are of a recording, and which fill up.
//!
//! A mask is `[T, B]`: 1 at the steps of a recording, 0 behind its last. Every recording has at least
//! one step.

use burn::tensor::Tensor;

/// `values` `[T, B, C]` with zeros behind the last step of a recording.
pub(super) fn cleared(values: Tensor<3>, mask: &Tensor<2>) -> Tensor<3> {
    values * of_steps(mask)
}

/// Steps of each recording, `[1, B, 1]`.
pub(super) fn lengths(mask: &Tensor<2>) -> Tensor<3> {
    of_steps(mask).sum_dim(0)
}

/// 1 at the last step of each recording, `[T, B, 1]`.
pub(super) fn last_steps(mask: &Tensor<2>) -> Tensor<3> {
    let [steps, batch] = mask.dims();
    let after = Tensor::cat(
        vec![mask.clone().narrow(0, 1, steps - 1), Tensor::zeros([1, batch], &mask.device())],
        0,
    );
    of_steps(&(mask.clone() - after))
}

/// The mean over the steps of each recording, `[S, B, C]` to `[1, B, C]`. Of scores that are not at
/// every step, `S` is 1.
pub(crate) fn mean_over_steps(values: Tensor<3>, mask: Option<&Tensor<2>>) -> Tensor<3> {
    match mask {
        Some(mask) if values.dims()[0] > 1 => cleared(values, mask).sum_dim(0) / lengths(mask),
        _ => values.mean_dim(0),
    }
}

/// Panics unless there is a mask for each sample and step.
pub(super) fn check_mask(sequence: &Tensor<3>, mask: Option<&Tensor<2>>) {
    let [steps, batch, _] = sequence.dims();
    if let Some(mask) = mask {
        let got = mask.dims();
        assert_eq!(got, [steps, batch], "expected a mask [{steps}, {batch}], got {got:?}");
    }
}

/// `[T, B]` as `[T, B, 1]`.
pub(super) fn of_steps(mask: &Tensor<2>) -> Tensor<3> {
    mask.clone().unsqueeze_dim(2)
}

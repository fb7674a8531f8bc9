//! Class indices, and what they ask of each output.

use burn::tensor::{Int, Tensor};

/// `1` at the class, `0` elsewhere: `[...]` to `[..., C]`. `E` is `D + 1`.
pub(crate) fn one_hot<const D: usize, const E: usize>(
    targets: Tensor<D, Int>,
    classes: usize,
) -> Tensor<E> {
    let index = Tensor::<1, Int>::arange(0..classes as i64, &targets.device());
    targets.unsqueeze_dim::<E>(D).equal(index.unsqueeze()).float()
}

/// `on` at the class, `off` elsewhere: `[...]` to `[..., C]`. `E` is `D + 1`.
pub(super) fn on_off<const D: usize, const E: usize>(
    targets: Tensor<D, Int>,
    classes: usize,
    on: f64,
    off: f64,
) -> Tensor<E> {
    one_hot(targets, classes).mul_scalar(on - off).add_scalar(off)
}

/// One weight for each class, `[C]`; panics if there are more or fewer.
pub(super) fn class_weights(weights: &[f64], like: &Tensor<1, Int>, classes: usize) -> Tensor<1> {
    assert_eq!(
        weights.len(),
        classes,
        "expected one weight for each of {classes} classes, got {}",
        weights.len()
    );
    Tensor::from_data(weights, &like.device())
}

/// The weight of each target's class, `[B]`; panics if there is not one weight for each class.
pub(super) fn target_weights(
    weights: &[f64],
    targets: Tensor<1, Int>,
    classes: usize,
) -> Tensor<1> {
    class_weights(weights, &targets, classes).select(0, targets)
}

/// Panics unless there is one target for each sample.
pub(crate) fn check_targets(batch: usize, targets: &Tensor<1, Int>) {
    let [got] = targets.dims();
    assert_eq!(got, batch, "expected one target for each of {batch} samples, got {got}");
}

//! Class indices, and the targets they set for each output.

use burn::tensor::{Bool, Int, Tensor};
use snn_core::memory::is_on_host;

/// When class indices out of range are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LabelCheck {
    /// At once, where the indices are in the host's memory. Elsewhere the results are NaN: reading the
    /// indices would wait for everything that the device has yet to compute.
    Now,
    /// By the caller, with the results.
    Later,
}

/// Class indices, `[B]` or, with a class for every step, `[T, B]`.
pub(crate) struct Targets<const D: usize> {
    indices: Tensor<D, Int>,
    classes: usize,
    /// Whether nobody finds indices out of range.
    unchecked: bool,
}

impl<const D: usize> Targets<D> {
    /// Panics unless `indices` has this shape and, as far as they are checked now, each is below `classes`.
    pub(crate) fn new(
        indices: Tensor<D, Int>,
        shape: [usize; D],
        classes: usize,
        check: LabelCheck,
    ) -> Self {
        let got = indices.dims();
        match (&shape[..], &got[..]) {
            ([batch], [got]) => {
                assert_eq!(got, batch, "expected one target for each of {batch} samples, got {got}")
            }
            _ => assert_eq!(got, shape, "expected targets {shape:?}, got {got:?}"),
        }
        let readable = is_readable(&indices);
        if check == LabelCheck::Now && readable {
            check_range("class", &indices, classes);
        }
        Self { indices, classes, unchecked: check == LabelCheck::Now && !readable }
    }

    /// Number of classes.
    pub(crate) fn classes(&self) -> usize {
        self.classes
    }

    /// The class indices.
    pub(crate) fn indices(&self) -> Tensor<D, Int> {
        self.indices.clone()
    }

    /// The same for each of `steps` steps, `[B]` to `[steps · B]`.
    pub(super) fn repeat(&self, steps: usize) -> Self {
        Self { indices: self.indices().repeat_dim(0, steps), ..*self }
    }

    /// Whether each output is that of the class, `[..., C]`. `E` is `D + 1`.
    pub(crate) fn is_class<const E: usize>(&self) -> Tensor<E, Bool> {
        let index = Tensor::<1, Int>::arange(0..self.classes as i64, &self.indices.device());
        self.indices().unsqueeze_dim::<E>(D).equal(index.unsqueeze())
    }

    /// `1` at the class, `0` elsewhere, `[..., C]`; NaN where an index out of range was not found. `E`
    /// is `D + 1`.
    pub(crate) fn one_hot<const E: usize>(&self) -> Tensor<E> {
        self.poison(self.is_class().float())
    }

    /// `on` at the class, `off` elsewhere, `[..., C]`. `E` is `D + 1`.
    pub(super) fn on_off<const E: usize>(&self, on: f64, off: f64) -> Tensor<E> {
        self.one_hot().mul_scalar(on - off).add_scalar(off)
    }

    /// Weight of each target's class, `[..., 1]`; panics unless there is one weight for each class. `E`
    /// is `D + 1`.
    pub(super) fn weights<const E: usize>(&self, weights: &[f64]) -> Tensor<E> {
        (self.one_hot() * self.class_weights(weights).unsqueeze()).sum_dim(D)
    }

    /// Weight of each class, `[C]`; panics unless there is one for each.
    pub(super) fn class_weights(&self, weights: &[f64]) -> Tensor<1> {
        let (classes, got) = (self.classes, weights.len());
        assert_eq!(got, classes, "expected one weight for each of {classes} classes, got {got}");
        Tensor::from_data(weights, &self.indices.device())
    }

    /// `values` `[..., K]`, NaN where an index out of range was not found. `E` is `D + 1`.
    pub(crate) fn poison<const E: usize>(&self, values: Tensor<E>) -> Tensor<E> {
        if !self.unchecked {
            return values;
        }
        let shape = values.dims();
        let above = self.indices().greater_equal_scalar(self.classes as i64);
        let outside = self.indices().lower_scalar(0).bool_or(above);
        values.mask_fill(outside.unsqueeze_dim::<E>(D).expand(shape), f64::NAN)
    }
}

/// Whether reading a tensor waits for nothing.
fn is_readable<const D: usize>(indices: &Tensor<D, Int>) -> bool {
    #[cfg(test)]
    if simulation::IS_ON.get() {
        return false;
    }
    is_on_host(&indices.device())
}

#[cfg(test)]
pub(crate) use simulation::simulate_device_memory;

#[cfg(test)]
mod simulation {
    use std::cell::Cell;

    thread_local!(pub(super) static IS_ON: Cell<bool> = const { Cell::new(false) });

    /// Runs as if tensors were in the memory of a GPU.
    pub(crate) fn simulate_device_memory(run: impl FnOnce()) {
        IS_ON.set(true);
        run();
        IS_ON.set(false);
    }
}

/// Panics unless every class index `[B]` or `[T, B]` is below `classes`. Reads them: free only on CPUs.
pub(crate) fn check_range<const D: usize>(what: &str, indices: &Tensor<D, Int>, classes: usize) {
    let found = outside(indices.to_data().iter::<i64>(), classes);
    if let Some((index, class)) = found {
        let batch = indices.dims()[D - 1];
        let place = match D {
            1 => format!("sample {index}"),
            _ => format!("sample {} at step {}", index % batch, index / batch),
        };
        panic!("{}", out_of_range(what, class, &place, classes));
    }
}

/// The first index that is not below `classes`, and its position.
pub(crate) fn outside(
    indices: impl IntoIterator<Item = i64>,
    classes: usize,
) -> Option<(usize, i64)> {
    let inside = |class: i64| usize::try_from(class).is_ok_and(|class| class < classes);
    indices.into_iter().enumerate().find(|(_, class)| !inside(*class))
}

/// Error message for a class index out of range.
pub(crate) fn out_of_range(what: &str, class: i64, place: &str, classes: usize) -> String {
    let last = classes.saturating_sub(1);
    if (what, class) == ("prediction", -1) {
        return format!(
            "expected predictions from 0 to {last}, found none of {place}: its scores are NaN"
        );
    }
    format!(
        "expected class indices from 0 to {last} for {classes} classes, found {what} {class} of {place}; \
         number the classes from 0, or give the network an output for each"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{classes, values};

    #[test]
    fn what_is_not_found_at_once_is_nan() {
        // Class 1 of 3, then 3 and -1, which are none.
        simulate_device_memory(|| {
            let targets = Targets::new(classes(&[1, 3, -1]), [3], 3, LabelCheck::Now);
            let hot = values(targets.one_hot::<2>());
            assert_eq!(hot[..3], [0.0, 1.0, 0.0]);
            assert!(hot[3..].iter().all(|x| x.is_nan()), "{hot:?}");
            let weights = values(targets.weights::<2>(&[2.0, 3.0, 4.0]));
            assert_eq!(weights[0], 3.0);
            assert!(weights[1..].iter().all(|x| x.is_nan()), "{weights:?}");
        });
    }

    #[test]
    #[should_panic(
        expected = "expected class indices from 0 to 2 for 3 classes, found class 3 of sample 1 at step 1"
    )]
    fn a_class_of_a_step_is_named_with_its_step() {
        // [T, B] = [2, 2], row by row.
        let indices = classes(&[0, 2, 1, 3]).reshape([2, 2]);
        Targets::new(indices, [2, 2], 3, LabelCheck::Now);
    }
}

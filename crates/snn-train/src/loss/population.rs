//! Population code: several output neurons for each class.

use burn::tensor::Tensor;

/// The sum over each class's neurons, `[..., N]` to `[..., C]`. Class `c` owns a contiguous slice of
/// `N / C` neurons, from `c N / C` on, as in snnTorch.
///
/// # Panics
///
/// If `N` is not a multiple of `classes`.
pub fn population_sums<const D: usize>(outputs: Tensor<D>, classes: usize) -> Tensor<D> {
    let mut shape = outputs.dims();
    let neurons = shape[D - 1];
    assert!(
        classes > 0 && neurons.is_multiple_of(classes),
        "expected a multiple of {classes} classes as the number of outputs, got {neurons}"
    );
    let rows = shape[..D - 1].iter().product::<usize>() * classes;
    shape[D - 1] = classes;
    outputs.reshape([rows, neurons / classes]).sum_dim(1).reshape(shape)
}

/// Sums over the populations of a number of classes, if there is one.
pub(super) fn by_class(sequence: Tensor<3>, classes: Option<usize>) -> Tensor<3> {
    match classes {
        Some(classes) => population_sums(sequence, classes),
        None => sequence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::values;
    use burn::tensor::Device;

    #[test]
    fn classes_own_contiguous_slices() {
        let x = [[[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]], [[0.0, 1.0, 0.0, 0.0, 1.0, 1.0]]];
        let x = Tensor::<3>::from_floats(x, &Device::default());
        assert_eq!(values(population_sums(x.clone(), 3)), [3.0, 12.0, 48.0, 1.0, 0.0, 2.0]);
        assert_eq!(values(population_sums(x, 2)), [7.0, 56.0, 1.0, 2.0]);
    }

    #[test]
    #[should_panic(expected = "expected a multiple of 4 classes as the number of outputs, got 6")]
    fn classes_share_the_outputs_evenly() {
        population_sums(Tensor::<2>::zeros([1, 6], &Device::default()), 4);
    }
}

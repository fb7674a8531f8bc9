//! Shares of samples that were classified right.

use burn::tensor::{Bool, Int, Tensor};

use crate::loss::{Inverse, LabelCheck, Readout, Targets, mean_over_steps};

/// Share of samples whose class has the largest score, `[1]`, from scores `[B, C]` and class indices
/// `[B]`. The first of tied classes counts. A sample with a score that is NaN is wrong.
///
/// # Panics
///
/// If there is not one target for each sample; on a CPU if a target is not a class, see
/// [`metric`](super#class-indices).
pub fn accuracy(scores: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    top_k_accuracy(scores, targets, 1)
}

/// Share of samples whose class spikes most often, from spikes `[T, B, C]`. The first of tied classes
/// counts. snnTorch `accuracy_rate`.
///
/// # Panics
///
/// If there are no steps; as [`accuracy`].
pub fn accuracy_rate(spikes: Tensor<3>, targets: Tensor<1, Int>) -> Tensor<1> {
    of_readout(Readout::Sum, spikes, targets, None)
}

/// Computes [`accuracy_rate`] for recordings of different lengths. The mask `[T, B]` is 1 at the steps
/// of a recording; a recording without a step is not right.
///
/// # Panics
///
/// Also if the mask has another shape.
pub fn accuracy_rate_masked(
    spikes: Tensor<3>,
    targets: Tensor<1, Int>,
    mask: &Tensor<2>,
) -> Tensor<1> {
    of_readout(Readout::Sum, spikes, targets, Some(mask))
}

/// Share of samples whose class spikes first, from spikes `[T, B, C]`. A silent neuron counts as one
/// that spikes at the last step; the first of tied classes counts, so class 0 if all are silent.
/// snnTorch `accuracy_temporal`.
///
/// # Panics
///
/// If there are no steps; as [`accuracy`].
pub fn accuracy_temporal(spikes: Tensor<3>, targets: Tensor<1, Int>) -> Tensor<1> {
    of_readout(Readout::FirstSpike(Inverse::Negate), spikes, targets, None)
}

/// Computes [`accuracy_temporal`] for recordings of different lengths. The mask `[T, B]` is 1 at the
/// steps of a recording; a recording without a step is not right.
///
/// # Panics
///
/// Also if the mask has another shape.
pub fn accuracy_temporal_masked(
    spikes: Tensor<3>,
    targets: Tensor<1, Int>,
    mask: &Tensor<2>,
) -> Tensor<1> {
    of_readout(Readout::FirstSpike(Inverse::Negate), spikes, targets, Some(mask))
}

/// Share of samples whose class is among the `k` with the largest scores, `[1]`; of tied classes the
/// first ones are. NaN counts as larger than every number, as in PyTorch's `topk`, but a class whose
/// own score is NaN is never right.
///
/// # Panics
///
/// If `k` is not from 1 to the number of classes; as [`accuracy`].
pub fn top_k_accuracy(scores: Tensor<2>, targets: Tensor<1, Int>, k: usize) -> Tensor<1> {
    let [batch, classes] = scores.dims();
    let targets = Targets::new(targets, [batch], classes, LabelCheck::Now);
    share(are_among(scores, &targets, k), &targets, None)
}

/// Whether each sample's class has the largest score, `[B]`, as [`accuracy`] counts them.
///
/// # Panics
///
/// As [`accuracy`]. Where class indices are not checked, a sample whose index is out of range is wrong.
pub fn correct(scores: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1, Bool> {
    correct_checked(scores, targets, LabelCheck::Now)
}

/// As [`correct`], with a choice of when class indices are checked.
pub(crate) fn correct_checked(
    scores: Tensor<2>,
    targets: Tensor<1, Int>,
    check: LabelCheck,
) -> Tensor<1, Bool> {
    let [batch, classes] = scores.dims();
    are_among(scores, &Targets::new(targets, [batch], classes, check), 1)
}

/// Class with the largest score of each sample, `[B]`, from scores `[B, C]`; the first of tied classes.
/// -1 for a sample with a score that is NaN: no class was predicted.
pub fn predictions(scores: Tensor<2>) -> Tensor<1, Int> {
    let shape = scores.dims();
    let scores = scores.detach();
    let largest = scores.clone().max_dim(1);
    // Comparisons with NaN are false on every backend; which index `argmax` returns is not the same on all.
    let numbers = scores.clone().lower_equal(largest.clone()).all_dim(1).squeeze_dim::<1>(1);
    let class = Tensor::<1, Int>::arange(0..shape[1] as i64, &scores.device());
    let class = class.unsqueeze_dim::<2>(0).expand(shape);
    let others = scores.equal(largest).bool_not();
    let first = class.mask_fill(others, shape[1] as i64).min_dim(1).squeeze_dim::<1>(1);
    first.mask_fill(numbers.bool_not(), -1)
}

fn of_readout(
    readout: Readout,
    spikes: Tensor<3>,
    targets: Tensor<1, Int>,
    mask: Option<&Tensor<2>>,
) -> Tensor<1> {
    let scores = readout.scores(spikes, mask).squeeze_dim::<2>(0);
    let [batch, classes] = scores.dims();
    let targets = Targets::new(targets, [batch], classes, LabelCheck::Now);
    share(are_among(scores, &targets, 1), &targets, mask)
}

/// Mean over the batch, 0 for recordings without a step.
fn share(right: Tensor<1, Bool>, targets: &Targets<1>, mask: Option<&Tensor<2>>) -> Tensor<1> {
    let right: Tensor<2> = targets.poison(right.float().unsqueeze_dim(1));
    mean_over_steps(right.unsqueeze_dim(0), mask).mean()
}

/// Whether each sample's class is among the `k` with the largest scores, `[B]`.
fn are_among(scores: Tensor<2>, targets: &Targets<1>, k: usize) -> Tensor<1, Bool> {
    let classes = targets.classes();
    assert!((1..=classes).contains(&k), "expected a k from 1 to {classes} classes, got {k}");
    let scores = scores.detach();
    let is_class = targets.is_class::<2>();
    let right = scores.clone().mask_fill(is_class.clone().bool_not(), 0.0).sum_dim(1);
    let class = Tensor::<1, Int>::arange(0..classes as i64, &scores.device());
    let not_before = class.unsqueeze_dim::<2>(0).greater_equal(targets.indices().unsqueeze_dim(1));
    // Counted, not sorted: the order that a sort leaves tied classes in depends on the backend. The
    // classes that are not ahead are counted, the right one among them: comparisons with NaN are false.
    let tied = right.clone().equal(scores.clone()).bool_and(not_before);
    let not_ahead = right.greater(scores).bool_or(tied).int().sum_dim(1).squeeze_dim::<1>(1);
    // An index out of range that was not checked is no class, and so is not among them.
    let exists = is_class.any_dim(1).squeeze_dim::<1>(1);
    not_ahead.greater_scalar((classes - k) as i64).bool_and(exists)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{classes, trains, values};
    use crate::loss::population_sums;
    use burn::tensor::Device;

    #[test]
    fn the_busiest_and_the_earliest_neuron() {
        // Neuron 0 spikes most, neuron 1 first.
        let spikes = || trains(5, &[&[1, 2, 3], &[0], &[4]]);
        let rate = |class| values(accuracy_rate(spikes(), classes(&[class])))[0];
        let temporal = |class| values(accuracy_temporal(spikes(), classes(&[class])))[0];
        assert_eq!([rate(0), rate(1), rate(2)], [1.0, 0.0, 0.0]);
        assert_eq!([temporal(0), temporal(1), temporal(2)], [0.0, 1.0, 0.0]);
    }

    #[test]
    fn the_first_of_tied_classes_counts() {
        let silent = || trains(5, &[&[], &[], &[]]);
        for class in 0..3 {
            let expected = [if class == 0 { 1.0 } else { 0.0 }];
            assert_eq!(values(accuracy_rate(silent(), classes(&[class]))), expected);
            assert_eq!(values(accuracy_temporal(silent(), classes(&[class]))), expected);
        }
    }

    #[test]
    fn the_values_of_snntorch() {
        let spikes = [
            [[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]],
            [[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]],
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
            [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]],
        ];
        let spikes = Tensor::<3>::from_floats(spikes, &Device::default().autodiff());
        assert_eq!(values(accuracy_rate(spikes.clone(), classes(&[0, 2]))), [0.5]);
        assert_eq!(values(accuracy_temporal(spikes, classes(&[0, 2]))), [0.5]);
    }

    #[test]
    fn populations_vote_together() {
        let spikes = || trains(3, &[&[0], &[1], &[0, 1, 2], &[]]);
        let of = |class| values(accuracy_rate(population_sums(spikes(), 2), classes(&[class])));
        assert_eq!((of(0), of(1)), (vec![0.0], vec![1.0]));
    }

    #[test]
    fn the_best_k() {
        let device = Device::default().autodiff();
        let scores = || Tensor::<2>::from_floats([[3.0, 1.0, 2.0], [1.0, 1.0, 1.0]], &device);
        let top = |k| values(top_k_accuracy(scores(), classes(&[2, 1]), k))[0];
        assert_eq!([top(1), top(2), top(3)], [0.0, 1.0, 1.0]);
    }

    #[test]
    fn a_score_that_is_not_a_number_is_never_right() {
        const NAN: f32 = f32::NAN;
        let device = Device::default().autodiff();
        let top = |scores: [f32; 3], class, k| {
            let scores = Tensor::<2>::from_floats([scores], &device);
            values(top_k_accuracy(scores, classes(&[class]), k))[0]
        };
        for k in 1..=3 {
            assert_eq!(top([NAN; 3], 0, k), 0.0);
            assert_eq!(top([NAN, 1.0, 2.0], 0, k), 0.0);
        }
        // A NaN elsewhere counts as ahead: 2 is second, 1 is third.
        assert_eq!([1, 2, 3].map(|k| top([NAN, 1.0, 2.0], 2, k)), [0.0, 1.0, 1.0]);
        assert_eq!([1, 2, 3].map(|k| top([NAN, 1.0, 2.0], 1, k)), [0.0, 0.0, 1.0]);
        // Infinities are numbers: the first of two is the larger.
        let inf = f32::INFINITY;
        assert_eq!([0, 1, 2].map(|class| top([-inf, inf, inf], class, 1)), [0.0, 1.0, 0.0]);
        assert_eq!([0, 1, 2].map(|class| top([-inf, -inf, -inf], class, 1)), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn predictions_are_what_the_accuracy_counts() {
        const NAN: f32 = f32::NAN;
        let device = Device::default().autodiff();
        let inf = f32::INFINITY;
        let scores = [
            [1.0, 3.0, 2.0],
            [1.0, 1.0, 1.0],
            [NAN, 3.0, 2.0],
            [3.0, 1.0, NAN],
            [NAN; 3],
            [-inf; 3],
            [0.0, inf, inf],
        ];
        let scores = Tensor::<2>::from_floats(scores, &device);
        let found = predictions(scores.clone()).into_data().iter::<i64>().collect::<Vec<_>>();
        assert_eq!(found, [1, 0, -1, -1, -1, 0, 1]);
        for class in 0..3 {
            let right = correct(scores.clone(), classes(&[class; 7])).into_data();
            let right = right.iter::<bool>().collect::<Vec<_>>();
            assert_eq!(right, found.iter().map(|found| *found == class).collect::<Vec<_>>());
        }
    }

    #[test]
    #[should_panic(expected = "expected a k from 1 to 3 classes, got 4")]
    fn there_are_no_more_than_all_classes() {
        top_k_accuracy(Tensor::zeros([1, 3], &classes(&[0]).device()), classes(&[0]), 4);
    }

    #[test]
    #[should_panic(expected = "expected one target for each of 1 samples, got 2")]
    fn every_sample_has_one_target() {
        accuracy_rate(trains(3, &[&[0], &[]]), classes(&[0, 1]));
    }
}

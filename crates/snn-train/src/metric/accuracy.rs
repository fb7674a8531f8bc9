//! Shares of samples that were classified right.

use burn::tensor::{Int, Tensor};

use crate::loss::{check_targets, first_spike_times};

/// Share of samples whose class has the largest score, `[1]`, from scores `[B, C]` and class indices
/// `[B]`. The first of tied classes counts.
///
/// # Panics
///
/// If there is not one target for each sample.
pub fn accuracy(scores: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    top_k_accuracy(scores, targets, 1)
}

/// Share of samples whose class spikes most often, from spikes `[T, B, C]`. The first of tied classes
/// counts. snnTorch `accuracy_rate`.
///
/// # Panics
///
/// If there is not one target for each sample.
pub fn accuracy_rate(spikes: Tensor<3>, targets: Tensor<1, Int>) -> Tensor<1> {
    accuracy(spikes.sum_dim(0).squeeze_dim(0), targets)
}

/// Share of samples whose class spikes first, from spikes `[T, B, C]`. A silent neuron counts as one
/// that spikes at the last step; the first of tied classes counts, so class 0 if all are silent.
/// snnTorch `accuracy_temporal`.
///
/// # Panics
///
/// If there are no steps, or not one target for each sample.
pub fn accuracy_temporal(spikes: Tensor<3>, targets: Tensor<1, Int>) -> Tensor<1> {
    accuracy(first_spike_times(spikes).neg(), targets)
}

/// Share of samples whose class is among the `k` with the largest scores, `[1]`; of tied classes the
/// first ones are.
///
/// # Panics
///
/// If there is not one target for each sample, or `k` is not from 1 to the number of classes.
pub fn top_k_accuracy(scores: Tensor<2>, targets: Tensor<1, Int>, k: usize) -> Tensor<1> {
    let [batch, classes] = scores.dims();
    check_targets(batch, &targets);
    assert!((1..=classes).contains(&k), "expected a k from 1 to {classes} classes, got {k}");
    // Counted, not sorted: the order that a sort leaves tied classes in depends on the backend.
    let scores = scores.detach();
    let targets: Tensor<2, Int> = targets.unsqueeze_dim(1);
    let right = scores.clone().gather(1, targets.clone());
    let class = Tensor::<1, Int>::arange(0..classes as i64, &targets.device());
    let before = class.unsqueeze_dim(0).lower(targets);
    let tied = scores.clone().equal(right.clone());
    let ahead = scores.greater(right).bool_or(tied.bool_and(before));
    ahead.int().sum_dim(1).lower_scalar(k as i64).float().mean_dim(0).flatten(0, 1)
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

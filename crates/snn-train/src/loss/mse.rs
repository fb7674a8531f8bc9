//! Mean squared error between what a sequence did and what its class asks for.

use burn::config::Config;
use burn::tensor::{Int, Tensor};

use super::Readout;
use super::mask::mean_over_steps;
use super::population::by_class;
use super::target::{LabelCheck, Targets};

/// `(score - target)²`, where the target is `on_target` for the neuron of the class and
/// `off_target` for all others.
#[derive(Config, Debug, PartialEq)]
pub struct ReadoutMse {
    /// What is compared with the target. At every step: the mean over steps.
    pub readout: Readout,
    /// Target of the right class.
    #[config(default = 1.0)]
    pub on_target: f64,
    /// Target of each other class.
    #[config(default = 0.0)]
    pub off_target: f64,
    /// Population code: the outputs are shared by this many classes, and
    /// [`population_sums`](super::population_sums) comes before the readout.
    #[config(default = "None")]
    pub classes: Option<usize>,
    /// One weight for each class, which multiplies the loss of its samples.
    #[config(default = "None")]
    pub weights: Option<Vec<f64>>,
}

impl ReadoutMse {
    /// The membrane of the right class should be at 1 at every step, others at 0. snnTorch
    /// `mse_membrane_loss`, except that a negative `off_target` is taken as it is: snnTorch raises
    /// it to 0 if it is below the `on_target`.
    #[doc(alias = "mse_membrane_loss")]
    pub fn mse_membrane() -> Self {
        Self::new(Readout::EachStep)
    }

    /// Firing rates, in spikes per step, should be `correct` and `incorrect`. lava-dl `SpikeRate`,
    /// whose default is the sum over samples and classes; with a `moving_window`, use
    /// [`Readout::MovingMean`] (there the sum runs over steps as well). Spyx `mse_spikerate` (which
    /// multiplies the targets by the number of steps) with `correct = 0.25`.
    #[doc(alias = "SpikeRate")]
    #[doc(alias = "mse_spikerate")]
    pub fn spike_rate(correct: f64, incorrect: f64) -> Self {
        Self { on_target: correct, off_target: incorrect, ..Self::new(Readout::Mean) }
    }

    /// Mean over batch and classes, `[1]`, from a sequence `[T, B, C]` and class indices `[B]`.
    ///
    /// # Panics
    ///
    /// See [`forward_no_reduction`](Self::forward_no_reduction).
    pub fn forward(&self, sequence: Tensor<3>, targets: Tensor<1, Int>) -> Tensor<1> {
        self.forward_no_reduction(sequence, targets).mean()
    }

    /// Computes [`forward`](Self::forward) for recordings of different lengths, see
    /// [`loss`](super). The mask is `[T, B]`.
    ///
    /// # Panics
    ///
    /// Also if the mask has another shape.
    pub fn forward_masked(
        &self,
        sequence: Tensor<3>,
        targets: Tensor<1, Int>,
        mask: &Tensor<2>,
    ) -> Tensor<1> {
        self.of_sequence(sequence, targets, Some(mask)).mean()
    }

    /// Loss of each sample and class, `[B, C]`, weights included.
    ///
    /// # Panics
    ///
    /// If there are no steps, not one target for each sample, not one weight for each class, or a
    /// number of outputs that `classes` does not divide; on a CPU if a target is not a class, see
    /// [`loss`](super#class-indices).
    pub fn forward_no_reduction(&self, sequence: Tensor<3>, targets: Tensor<1, Int>) -> Tensor<2> {
        self.of_sequence(sequence, targets, None)
    }

    fn of_sequence(
        &self,
        sequence: Tensor<3>,
        targets: Tensor<1, Int>,
        mask: Option<&Tensor<2>>,
    ) -> Tensor<2> {
        let scores = self.scores(sequence, mask);
        let [_, batch, classes] = scores.dims();
        self.losses(scores, &Targets::new(targets, [batch], classes, LabelCheck::Now), mask)
    }

    /// As [`forward`](Self::forward) with a class for every step, `[T, B]`; for readouts at every
    /// step. snnTorch `time_var_targets=True`.
    ///
    /// # Panics
    ///
    /// If the readout is not at every step, if there is not one target for each sample and step,
    /// and where [`forward_no_reduction`](Self::forward_no_reduction) does.
    pub fn forward_each_step(&self, sequence: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<1> {
        let [steps, batch, _] = sequence.dims();
        let each_step = matches!(self.readout, Readout::EachStep | Readout::MovingMean { .. });
        assert!(each_step, "expected a readout at every step, got {:?}", self.readout);
        let scores = self.scores(sequence, None);
        let targets = Targets::new(targets, [steps, batch], scores.dims()[2], LabelCheck::Now);
        let wanted = targets.on_off(self.on_target, self.off_target);
        let weights = self.weights.as_ref().map(|weights| targets.weights(weights));
        errors(scores, wanted, weights, None).mean()
    }

    /// Scores `[S, B, C]`, summed over populations: what is compared with the targets.
    pub(super) fn scores(&self, sequence: Tensor<3>, mask: Option<&Tensor<2>>) -> Tensor<3> {
        self.readout.scores(by_class(sequence, self.classes), mask)
    }

    /// Loss of each sample and class, `[B, C]`, from what [`scores`](Self::scores) returned.
    pub(super) fn losses(
        &self,
        scores: Tensor<3>,
        targets: &Targets<1>,
        mask: Option<&Tensor<2>>,
    ) -> Tensor<2> {
        let wanted = targets.on_off::<2>(self.on_target, self.off_target).unsqueeze();
        let weights = self.weights.as_ref().map(|w| targets.weights::<2>(w).unsqueeze());
        errors(scores, wanted, weights, mask)
    }
}

/// Weighted squared errors, mean over steps, `[B, C]`. Wanted are `[1, B, C]` or `[T, B, C]`, weights
/// `[1, B, 1]` or `[T, B, 1]`.
fn errors(
    scores: Tensor<3>,
    wanted: Tensor<3>,
    weights: Option<Tensor<3>>,
    mask: Option<&Tensor<2>>,
) -> Tensor<2> {
    let errors = (scores - wanted).square();
    let errors = match weights {
        Some(weights) => errors * weights,
        None => errors,
    };
    mean_over_steps(errors, mask).squeeze_dim(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{assert_close, classes, differentiate, sequence, trains, values};

    #[test]
    fn membranes_are_compared_at_every_step() {
        // Neuron 0 at 1, 0; neuron 1 at 0, 1; class 1: targets -0.5 and 2.
        let mem = || trains(2, &[&[0], &[1]]);
        let loss = ReadoutMse::mse_membrane().with_on_target(2.0).with_off_target(-0.5);
        let each = values(loss.forward_no_reduction(mem(), classes(&[1])));
        assert_close(&each, &[(2.25 + 0.25) / 2.0, (4.0 + 1.0) / 2.0]);
        assert_close(&values(loss.forward(mem(), classes(&[1]))), &[1.875]);
    }

    #[test]
    fn classes_may_change_from_step_to_step() {
        let targets = classes(&[0, 1]).reshape([2, 1]);
        let loss = ReadoutMse::mse_membrane().with_weights(Some(vec![1.0, 10.0]));
        let right = loss.forward_each_step(trains(2, &[&[0], &[1]]), targets.clone());
        assert_eq!(values(right), [0.0]);
        // Wrong at the second step only, in both neurons.
        let wrong = loss.forward_each_step(trains(2, &[&[0, 1], &[]]), targets);
        assert_eq!(values(wrong), [5.0]);
    }

    #[test]
    fn rates_are_compared_once_or_in_a_window() {
        let spikes = || trains(4, &[&[0, 1], &[3]]);
        let loss = ReadoutMse::spike_rate(0.5, 0.0);
        assert_close(&values(loss.forward(spikes(), classes(&[0]))), &[0.0625 / 2.0]);
        let windowed = ReadoutMse { readout: Readout::MovingMean { window: 2 }, ..loss };
        // 0.5, 1, 0.5, 0 against 0.5; 0, 0, 0, 0.5 against 0.
        let each = values(windowed.forward_no_reduction(spikes(), classes(&[0])));
        assert_close(&each, &[(0.25 + 0.25) / 4.0, 0.25 / 4.0]);
    }

    #[test]
    fn weights_are_those_of_the_sample() {
        let x = || Tensor::<3>::zeros([2, 2, 2], &classes(&[0]).device());
        let loss = ReadoutMse::mse_membrane().with_weights(Some(vec![2.0, 3.0]));
        let each = values(loss.forward_no_reduction(x(), classes(&[1, 0])));
        assert_eq!(each, [0.0, 3.0, 2.0, 0.0]);
    }

    #[test]
    fn gradients_are_finite_differences() {
        for readout in [Readout::EachStep, Readout::Mean, Readout::MovingMean { window: 2 }] {
            let loss = ReadoutMse::new(readout)
                .with_on_target(0.7)
                .with_classes(Some(2))
                .with_weights(Some(vec![1.0, 2.0]));
            differentiate(sequence([3, 2, 4]), |x| {
                let targets = Tensor::from_data([1, 0], &x.device());
                loss.forward(x, targets)
            });
        }
    }

    #[test]
    #[should_panic(expected = "expected targets [2, 1], got [1, 1]")]
    fn every_step_has_its_target() {
        let loss = ReadoutMse::mse_membrane();
        loss.forward_each_step(trains(2, &[&[0]]), classes(&[0]).reshape([1, 1]));
    }

    #[test]
    #[should_panic(expected = "expected a readout at every step, got Sum")]
    fn a_target_for_every_step_needs_a_readout_at_every_step() {
        let loss = ReadoutMse::new(Readout::Sum);
        loss.forward_each_step(trains(1, &[&[0]]), classes(&[0]).reshape([1, 1]));
    }
}

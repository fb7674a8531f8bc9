//! Mean squared error of spike counts.

use burn::config::Config;
use burn::tensor::{Int, Tensor};

use super::Readout;
use super::mask::{divisors, lengths, mean_over_steps};
use super::population::by_class;
use super::target::{LabelCheck, Targets};

/// `(count - target)² / T`. The target is the whole number of spikes below `T · rate`, times the
/// number of neurons of a class. snnTorch `mse_count_loss`, after SLAYER (Shrestha and Orchard,
/// *SLAYER: Spike Layer Error Reassignment in Time*, NeurIPS 2018).
#[derive(Config, Debug, PartialEq)]
#[doc(alias = "mse_count_loss")]
pub struct MseCountLoss {
    /// Target of the right class, in spikes per step.
    #[config(default = 1.0)]
    pub correct_rate: f64,
    /// Target of each other class, in spikes per step.
    #[config(default = 0.0)]
    pub incorrect_rate: f64,
    /// Population code: the outputs are shared by this many classes; see
    /// [`population_sums`](super::population_sums).
    #[config(default = "None")]
    pub classes: Option<usize>,
    /// One weight for each class, which multiplies the loss of its samples.
    #[config(default = "None")]
    pub weights: Option<Vec<f64>>,
}

impl MseCountLoss {
    /// Mean over batch and classes, `[1]`, from spikes `[T, B, N]` and class indices `[B]`.
    ///
    /// # Panics
    ///
    /// See [`forward_no_reduction`](Self::forward_no_reduction).
    pub fn forward(&self, spikes: Tensor<3>, targets: Tensor<1, Int>) -> Tensor<1> {
        self.forward_no_reduction(spikes, targets).mean()
    }

    /// Computes [`forward`](Self::forward) for recordings of different lengths, see
    /// [`loss`](super). The mask is `[T, B]`.
    ///
    /// # Panics
    ///
    /// Also if the mask has another shape.
    pub fn forward_masked(
        &self,
        spikes: Tensor<3>,
        targets: Tensor<1, Int>,
        mask: &Tensor<2>,
    ) -> Tensor<1> {
        self.of_sequence(spikes, targets, Some(mask)).mean()
    }

    /// Loss of each sample and class, `[B, C]`, weights included.
    ///
    /// # Panics
    ///
    /// If there are no steps, not one target for each sample, not one weight for each class, or a
    /// number of outputs that `classes` does not divide; on a CPU if a target is not a class, see
    /// [`loss`](super#class-indices).
    pub fn forward_no_reduction(&self, spikes: Tensor<3>, targets: Tensor<1, Int>) -> Tensor<2> {
        self.of_sequence(spikes, targets, None)
    }

    fn of_sequence(
        &self,
        spikes: Tensor<3>,
        targets: Tensor<1, Int>,
        mask: Option<&Tensor<2>>,
    ) -> Tensor<2> {
        let shape = spikes.dims();
        let scores = self.scores(spikes, mask);
        let targets = Targets::new(targets, [shape[1]], scores.dims()[2], LabelCheck::Now);
        self.losses(scores, &targets, shape, mask)
    }

    /// Spikes of each class, `[1, B, C]`.
    pub(super) fn scores(&self, spikes: Tensor<3>, mask: Option<&Tensor<2>>) -> Tensor<3> {
        Readout::Sum.scores(by_class(spikes, self.classes), mask)
    }

    /// Loss of each sample and class, `[B, C]`, of the [`scores`](Self::scores) of spikes `[T, B, N]`.
    pub(super) fn losses(
        &self,
        scores: Tensor<3>,
        targets: &Targets<1>,
        [steps, _, neurons]: [usize; 3],
        mask: Option<&Tensor<2>>,
    ) -> Tensor<2> {
        let device = scores.device();
        let per_class = (neurons / targets.classes()) as f64;
        let (lengths, divisors) = match mask {
            Some(mask) => (lengths(mask), divisors(mask)),
            None => {
                let all = Tensor::full([1, 1, 1], steps as f64, &device);
                (all.clone(), all)
            }
        };
        // Whole numbers of products in f64, for every length that a recording can have: in f32, 100
        // times 0.29 is 29 and not 28.
        let target = |rate: f64| {
            let of = |steps| (steps as f64 * rate * per_class).trunc() as f32;
            let all: Vec<f32> = (0..=steps).map(of).collect();
            let all = Tensor::<1>::from_data(all.as_slice(), &device);
            all.select(0, lengths.clone().int().flatten::<1>(0, 2)).reshape(lengths.dims())
        };
        let (on, off) = (target(self.correct_rate), target(self.incorrect_rate));
        let right: Tensor<3> = targets.one_hot::<2>().unsqueeze();
        let wanted = off.clone() + right * (on - off);
        let errors = (scores - wanted).square() / divisors;
        let errors = match &self.weights {
            Some(weights) => errors * targets.weights::<2>(weights).unsqueeze(),
            None => errors,
        };
        mean_over_steps(errors, mask).squeeze_dim(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{assert_close, classes, differentiate, sequence, trains, values};

    #[test]
    fn counts_are_compared_with_whole_numbers() {
        // Counts 3 and 1. T = 4: targets trunc(3.6) = 3 and trunc(0.8) = 0 for class 0.
        let spikes = || trains(4, &[&[0, 1, 2], &[3]]);
        let loss = MseCountLoss::new().with_correct_rate(0.9).with_incorrect_rate(0.2);
        assert_eq!(values(loss.forward_no_reduction(spikes(), classes(&[0]))), [0.0, 0.25]);
        // Targets 0 and 3.
        assert_eq!(values(loss.forward(spikes(), classes(&[1]))), [(9.0 + 4.0) / 8.0]);
    }

    #[test]
    fn populations_multiply_the_target() {
        // Counts 3 and 2 of two neurons each; targets 2 · 4 and 0.
        let spikes = trains(4, &[&[0, 1], &[2], &[1], &[3]]);
        let loss = MseCountLoss::new().with_classes(Some(2));
        assert_eq!(values(loss.forward_no_reduction(spikes, classes(&[0]))), [25.0 / 4.0, 1.0]);
    }

    #[test]
    fn a_silent_layer_is_as_far_away_as_its_target() {
        let loss = MseCountLoss::new().with_weights(Some(vec![1.0, 2.0]));
        let silent = trains(6, &[&[], &[]]);
        assert_close(&values(loss.forward(silent, classes(&[1]))), &[2.0 * 36.0 / 6.0 / 2.0]);
    }

    #[test]
    fn gradients_are_finite_differences() {
        let loss = MseCountLoss::new().with_correct_rate(0.5).with_classes(Some(2));
        differentiate(sequence([3, 2, 4]), |x| {
            let targets = Tensor::from_data([1, 0], &x.device());
            loss.forward(x, targets)
        });
    }
}

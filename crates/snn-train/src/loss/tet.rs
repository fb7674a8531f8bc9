//! Temporal efficient training.

use burn::config::Config;
use burn::tensor::{Int, Tensor};

use super::cross_entropy::entropy;
use super::mask::{check_mask, mean_over_steps, zero_padding};
use super::target::{LabelCheck, Targets};

/// `(1 - λ) · mean_t CE(x[t], y) + λ · mean (x - φ)²`: every step is held to the class by itself, and
/// outputs are kept near a common value. Deng et al., *Temporal Efficient Training of Spiking Neural
/// Network via Gradient Re-weighting*, ICLR 2022.
#[derive(Config, Debug, PartialEq)]
#[doc(alias = "temporal_efficient_training_cross_entropy")]
pub struct TetLoss {
    /// Share `λ` of the second term, `lamb` in the authors' code. With 0 it is SpikingJelly's
    /// `temporal_efficient_training_cross_entropy`.
    pub lambda: f64,
    /// Value `φ` that outputs are kept near, usually the threshold; `means` in the authors' code.
    #[config(default = 1.0)]
    pub mean: f64,
}

impl TetLoss {
    /// Mean over the batch, `[1]`, from outputs `[T, B, C]` and class indices `[B]`.
    ///
    /// # Panics
    ///
    /// If there are no steps, or not one target for each sample; on a CPU if a target is not a class, see
    /// [`loss`](super#class-indices).
    pub fn forward(&self, outputs: Tensor<3>, targets: Tensor<1, Int>) -> Tensor<1> {
        self.forward_no_reduction(outputs, targets).mean()
    }

    /// Computes [`forward`](Self::forward) for recordings of different lengths, see
    /// [`loss`](super). The mask is `[T, B]`.
    ///
    /// # Panics
    ///
    /// Also if the mask has another shape.
    pub fn forward_masked(
        &self,
        outputs: Tensor<3>,
        targets: Tensor<1, Int>,
        mask: &Tensor<2>,
    ) -> Tensor<1> {
        self.losses(outputs, targets, Some(mask)).mean()
    }

    /// Loss of each sample, `[B]`.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    pub fn forward_no_reduction(&self, outputs: Tensor<3>, targets: Tensor<1, Int>) -> Tensor<1> {
        self.losses(outputs, targets, None)
    }

    fn losses(
        &self,
        outputs: Tensor<3>,
        targets: Tensor<1, Int>,
        mask: Option<&Tensor<2>>,
    ) -> Tensor<1> {
        let shape = outputs.dims();
        check_mask(&shape, mask);
        let outputs = match mask {
            Some(mask) => zero_padding(outputs, mask),
            None => outputs,
        };
        let targets = Targets::new(targets, [shape[1]], shape[2], LabelCheck::Now);
        let entropy = entropy(outputs.clone(), &targets, None, 0.0).mul_scalar(1.0 - self.lambda);
        let spread = outputs.sub_scalar(self.mean).square().mean_dim(2).mul_scalar(self.lambda);
        mean_over_steps(entropy + spread, mask).flatten(0, 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{assert_close, classes, differentiate, sequence, trains, values};

    #[test]
    fn the_second_term_is_the_distance_from_the_mean() {
        // One step: outputs 1 and 0, class 0; then 0 and 0.
        let x = || trains(2, &[&[0], &[]]);
        let entropy = ((1.0 + (-1f32).exp()).ln() + 2f32.ln()) / 2.0;
        let loss = |loss: TetLoss| values(loss.forward(x(), classes(&[0])));
        assert_close(&loss(TetLoss::new(0.0)), &[entropy]);
        assert_close(&loss(TetLoss::new(1.0)), &[0.75]);
        let mixed = TetLoss::new(0.25).with_mean(2.0);
        assert_close(&loss(mixed), &[0.75 * entropy + 0.25 * (1.0 + 4.0 + 4.0 + 4.0) / 4.0]);
    }

    #[test]
    fn gradients_are_finite_differences() {
        differentiate(sequence([3, 2, 4]), |x| {
            let targets = Tensor::from_data([3, 0], &x.device());
            TetLoss::new(0.3).forward(x, targets)
        });
    }
}

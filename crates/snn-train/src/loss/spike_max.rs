//! The share of the spikes that is the right class's.

use burn::config::Config;
use burn::tensor::{Int, Tensor};

use super::Readout;
use super::mask::mean_over_steps;
use super::target::{LabelCheck, Targets};

/// `-ln p`, where `p = (r + ε) / Σ (r + ε)` is the share of the right class in the firing rates.
/// lava-dl `SpikeMax(mode="probability")` (Shrestha, Zhu and Sun, *Spikemax: Spike-Based Loss Methods
/// for Classification*, IJCNN 2022); its mode `softmax` is
/// [`ReadoutCrossEntropy`](super::ReadoutCrossEntropy) with the readout of this one.
///
/// lava-dl adds ε to the sum alone, so that a sample whose class is silent costs infinity.
#[derive(Config, Debug, PartialEq)]
#[doc(alias = "SpikeMax")]
pub struct SpikeMaxLoss {
    /// [`Readout::Mean`], or [`Readout::MovingMean`] for lava-dl's `moving_window`. No score may be
    /// negative.
    #[config(default = "Readout::Mean")]
    pub readout: Readout,
    /// Rate `ε` that every class has for free. It bounds the gradient of a silent class by `1/ε`.
    #[config(default = 1e-3)]
    pub epsilon: f64,
}

impl SpikeMaxLoss {
    /// Mean over the batch, `[1]`, from spikes `[T, B, C]` and class indices `[B]`.
    ///
    /// # Panics
    ///
    /// If there are no steps, or not one target for each sample; on a CPU if a target is not a class, see
    /// [`loss`](super#class-indices).
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
        self.losses(spikes, targets, Some(mask)).mean()
    }

    /// Loss of each sample, `[B]`.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    pub fn forward_no_reduction(&self, spikes: Tensor<3>, targets: Tensor<1, Int>) -> Tensor<1> {
        self.losses(spikes, targets, None)
    }

    fn losses(
        &self,
        spikes: Tensor<3>,
        targets: Tensor<1, Int>,
        mask: Option<&Tensor<2>>,
    ) -> Tensor<1> {
        let rates = self.readout.scores(spikes, mask).add_scalar(self.epsilon);
        let [_, batch, classes] = rates.dims();
        let targets = Targets::new(targets, [batch], classes, LabelCheck::Now);
        let right = rates.clone() * targets.one_hot::<2>().unsqueeze();
        let losses = rates.sum_dim(2).log() - right.sum_dim(2).log();
        mean_over_steps(losses, mask).flatten(0, 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{assert_close, classes, differentiate, sequence, trains, values};

    #[test]
    fn the_loss_is_the_logarithm_of_a_share() {
        let loss = SpikeMaxLoss::new().with_epsilon(1e-6);
        let of = |spikes, class| values(loss.forward(spikes, classes(&[class])))[0];
        // 3 of 4 spikes.
        let spikes = || trains(4, &[&[0, 1, 2], &[1]]);
        assert!((of(spikes(), 0) - (4.0f32 / 3.0).ln()).abs() < 1e-4);
        assert!((of(spikes(), 1) - 4f32.ln()).abs() < 1e-4);
        assert_close(&[of(trains(4, &[&[], &[]]), 0)], &[2f32.ln()]);
    }

    #[test]
    fn a_window_looks_at_every_step() {
        let loss =
            SpikeMaxLoss::new().with_readout(Readout::MovingMean { window: 1 }).with_epsilon(0.5);
        // Shares of class 0: 1.5 of 2, then 0.5 of 1.
        let value = values(loss.forward(trains(2, &[&[0], &[]]), classes(&[0])));
        assert_close(&value, &[((4.0f32 / 3.0).ln() + 2f32.ln()) / 2.0]);
    }

    #[test]
    fn gradients_are_finite_differences() {
        differentiate(sequence([3, 2, 3]).square(), |x| {
            let targets = Tensor::from_data([2, 0], &x.device());
            SpikeMaxLoss::new().with_epsilon(0.1).forward(x, targets)
        });
    }
}

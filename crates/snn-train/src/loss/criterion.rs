//! Any loss that compares scores with classes.

use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use super::target::{LabelCheck, Targets};
use super::{MseCountLoss, ReadoutCrossEntropy, ReadoutMse};

/// A loss for classification: what makes scores of a readout's output, and compares them with the
/// class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Criterion {
    /// Cross entropy.
    CrossEntropy(ReadoutCrossEntropy),
    /// Mean squared error.
    Mse(ReadoutMse),
    /// Mean squared error of spike counts.
    MseCount(MseCountLoss),
}

impl Criterion {
    /// Loss `[1]` and scores `[S, B, C]` of a sequence `[T, B, N]`, where `S` is `T` if the scores are at
    /// every step, else 1. Scores are multiplied by `scale` before they are compared. The `mask`
    /// `[T, B]` is 1 at the steps of a recording, see [`loss`](super); scores at padded steps, and those
    /// of a recording without a step, are 0.
    ///
    /// # Panics
    ///
    /// Where the loss does.
    pub fn forward(
        &self,
        sequence: Tensor<3>,
        scale: f64,
        targets: Tensor<1, Int>,
        mask: Option<&Tensor<2>>,
    ) -> (Tensor<1>, Tensor<3>) {
        self.forward_checked(sequence, scale, targets, mask, LabelCheck::Now)
    }

    /// Computes the loss of each sample, `[B]`, weights included, and the scores of
    /// [`forward`](Self::forward). The mean of these losses is the loss, unless it is a [weighted
    /// mean](ReadoutCrossEntropy::weighted_mean).
    ///
    /// # Panics
    ///
    /// Where the loss does.
    pub fn forward_no_reduction(
        &self,
        sequence: Tensor<3>,
        scale: f64,
        targets: Tensor<1, Int>,
        mask: Option<&Tensor<2>>,
    ) -> (Tensor<1>, Tensor<3>) {
        let (losses, scores, _) = self.losses(sequence, scale, targets, mask, LabelCheck::Now);
        (losses, scores)
    }

    /// As [`forward`](Self::forward), with a choice of when class indices are checked.
    pub(crate) fn forward_checked(
        &self,
        sequence: Tensor<3>,
        scale: f64,
        targets: Tensor<1, Int>,
        mask: Option<&Tensor<2>>,
        check: LabelCheck,
    ) -> (Tensor<1>, Tensor<3>) {
        let (losses, scores, targets) = self.losses(sequence, scale, targets, mask, check);
        let loss = match self {
            Self::CrossEntropy(loss) => loss.mean(losses, &targets),
            Self::Mse(_) | Self::MseCount(_) => losses.mean(),
        };
        (loss, scores)
    }

    fn losses(
        &self,
        sequence: Tensor<3>,
        scale: f64,
        targets: Tensor<1, Int>,
        mask: Option<&Tensor<2>>,
        check: LabelCheck,
    ) -> (Tensor<1>, Tensor<3>, Targets<1>) {
        let shape = sequence.dims();
        let scores = match self {
            Self::CrossEntropy(loss) => loss.scores(sequence, mask),
            Self::Mse(loss) => loss.scores(sequence, mask),
            Self::MseCount(loss) => loss.scores(sequence, mask),
        };
        let scores = scores * scale;
        let [_, batch, classes] = scores.dims();
        let targets = Targets::new(targets, [batch], classes, check);
        let of_classes = |losses: Tensor<2>| losses.mean_dim(1).squeeze_dim(1);
        let losses = match self {
            Self::CrossEntropy(loss) => loss.losses(scores.clone(), &targets, mask),
            Self::Mse(loss) => of_classes(loss.losses(scores.clone(), &targets, mask)),
            Self::MseCount(loss) => of_classes(loss.losses(scores.clone(), &targets, shape, mask)),
        };
        (losses, scores, targets)
    }
}

impl From<ReadoutCrossEntropy> for Criterion {
    fn from(loss: ReadoutCrossEntropy) -> Self {
        Self::CrossEntropy(loss)
    }
}

impl From<ReadoutMse> for Criterion {
    fn from(loss: ReadoutMse) -> Self {
        Self::Mse(loss)
    }
}

impl From<MseCountLoss> for Criterion {
    fn from(loss: MseCountLoss) -> Self {
        Self::MseCount(loss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{assert_close, classes, gradient, sequence};
    use crate::loss::{Inverse, Readout};

    /// Every kind of loss and readout.
    fn all() -> Vec<Criterion> {
        let readouts = [
            Readout::EachStep,
            Readout::MovingMean { window: 2 },
            Readout::Sum,
            Readout::Mean,
            Readout::Max,
            Readout::Last,
            Readout::FirstSpike(Inverse::Negate),
            Readout::FirstSpike(Inverse::Reciprocal),
        ];
        let weights = || Some(vec![1.0, 3.0]);
        let crossed = readouts.map(|r| ReadoutCrossEntropy::new(r).with_classes(Some(2)).into());
        let squared = readouts.map(|r| ReadoutMse::new(r).with_weights(Some(vec![1.0; 4])).into());
        let count = MseCountLoss::new().with_correct_rate(0.7).with_incorrect_rate(0.3);
        let counts = [count.clone().with_classes(Some(2)).with_weights(weights()), count];
        crossed.into_iter().chain(squared).chain(counts.map(Criterion::from)).collect()
    }

    #[test]
    fn a_recording_counts_the_same_alone_and_filled_up_in_a_batch() {
        // What the network did behind the end is not zero.
        let (steps, lengths, targets) = (5, [3, 5, 1], [1, 0, 1]);
        let x = || sequence([steps, 3, 4]);
        let mask: Vec<f32> = (0..steps)
            .flat_map(|t| lengths.map(|length| if t < length { 1.0 } else { 0.0 }))
            .collect();
        let mask = Tensor::<1>::from_floats(mask.as_slice(), &x().device()).reshape([steps, 3]);
        for criterion in all() {
            let of = |x: Tensor<3>, targets: &[i64], mask: Option<&Tensor<2>>| {
                gradient(x, |x| criterion.forward(x, 1.5, classes(targets), mask).0)
            };
            let (loss, gradients) = of(x(), &targets, Some(&mask));
            let mut expected = vec![0.0; gradients.len()];
            let mut losses = 0.0;
            for (b, length) in lengths.into_iter().enumerate() {
                let alone = x().narrow(1, b, 1).narrow(0, 0, length).detach();
                let (loss, gradient) = of(alone, &targets[b..=b], None);
                losses += loss / 3.0;
                for (k, slope) in gradient.into_iter().enumerate() {
                    expected[(k / 4 * 3 + b) * 4 + k % 4] = slope / 3.0;
                }
            }
            assert_close(&[loss], &[losses]);
            let close = gradients.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5);
            assert!(close, "{criterion:?}: {gradients:?} instead of {expected:?}");
        }
    }

    #[test]
    #[should_panic(expected = "expected a mask [5, 2], got [4, 2]")]
    fn a_mask_is_of_every_step() {
        let mask = Tensor::ones([4, 2], &sequence([1, 1, 1]).device());
        let criterion = Criterion::from(ReadoutCrossEntropy::ce_count());
        criterion.forward(sequence([5, 2, 3]), 1.0, classes(&[0, 1]), Some(&mask));
    }
}

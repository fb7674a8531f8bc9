//! Cross entropy of what a sequence says about the class.

use burn::config::Config;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

use super::mask::mean_over_steps;
use super::population::by_class;
use super::target::{LabelCheck, Targets};
use super::{Inverse, Readout};

/// Cross entropy between the softmax of a [`Readout`] and the classes.
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
/// use snn_train::loss::ReadoutCrossEntropy;
///
/// let device = Device::default();
/// let spikes = Tensor::<3>::zeros([25, 8, 10], &device); // [T, B, C]
/// let targets = Tensor::<1, Int>::zeros([8], &device);
/// let loss = ReadoutCrossEntropy::ce_count().forward(spikes, targets);
/// assert!((loss.into_scalar::<f32>() - 10f32.ln()).abs() < 1e-6);
/// ```
#[derive(Config, Debug, PartialEq)]
#[doc(alias = "CrossEntropyLoss")]
pub struct ReadoutCrossEntropy {
    /// What is compared with the class. At every step: the mean over steps.
    pub readout: Readout,
    /// Population code: the outputs are shared by this many classes, and
    /// [`population_sums`](super::population_sums) comes before the readout.
    #[config(default = "None")]
    pub classes: Option<usize>,
    /// One weight for each class, which multiplies the loss of its samples.
    #[config(default = "None")]
    pub weights: Option<Vec<f64>>,
    /// Label smoothing `ε`: a class is asked for with `1 - ε + ε / C`, each other with `ε / C`.
    #[config(default = 0.0)]
    pub smoothing: f64,
    /// Divide by the sum of the weights of the batch, as PyTorch does, not by the number of
    /// samples.
    #[config(default = false)]
    pub weighted_mean: bool,
}

impl ReadoutCrossEntropy {
    /// Cross entropy at every step, and the mean over them: the right class should spike at every
    /// step. snnTorch `ce_rate_loss`. With [`classes`](Self::classes) the sums over populations are
    /// compared; snnTorch then compares neurons, and takes two weights: the first neurons' and all
    /// others'.
    #[doc(alias = "ce_rate_loss")]
    pub fn ce_rate() -> Self {
        Self::new(Readout::EachStep)
    }

    /// Cross entropy of the spike counts. snnTorch `ce_count_loss`.
    #[doc(alias = "ce_count_loss")]
    pub fn ce_count() -> Self {
        Self::new(Readout::Sum)
    }

    /// Cross entropy of the largest membrane over time: the `NLLLoss(log_softmax(max))` of SpyTorch
    /// and Norse's examples. snnTorch `ce_max_membrane_loss`.
    #[doc(alias = "ce_max_membrane_loss")]
    pub fn ce_max_membrane() -> Self {
        Self::new(Readout::Max)
    }

    /// Cross entropy of the inverted times of first spikes: the right class should spike first.
    /// snnTorch `ce_temporal_loss`; unlike its other losses that one divides by the sum of weights.
    #[doc(alias = "ce_temporal_loss")]
    pub fn ce_temporal(inverse: Inverse) -> Self {
        Self { weighted_mean: true, ..Self::new(Readout::FirstSpike(inverse)) }
    }

    /// Cross entropy of the integral of the membranes with label smoothing 0.3. Spyx
    /// `integral_crossentropy`.
    #[doc(alias = "integral_crossentropy")]
    pub fn integral() -> Self {
        Self { smoothing: 0.3, ..Self::new(Readout::Sum) }
    }

    /// Mean over the batch, `[1]`, from a sequence `[T, B, C]` and class indices `[B]`.
    ///
    /// # Panics
    ///
    /// See [`forward_no_reduction`](Self::forward_no_reduction).
    pub fn forward(&self, sequence: Tensor<3>, targets: Tensor<1, Int>) -> Tensor<1> {
        self.of_sequence(sequence, targets, None)
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
        self.of_sequence(sequence, targets, Some(mask))
    }

    /// Loss of each sample, `[B]`, weights included.
    ///
    /// # Panics
    ///
    /// If there are no steps, not one target for each sample, not one weight for each class, a
    /// number of outputs that `classes` does not divide, or a smoothing outside `[0, 1]`; on a CPU if
    /// a target is not a class, see [`loss`](super#class-indices).
    pub fn forward_no_reduction(&self, sequence: Tensor<3>, targets: Tensor<1, Int>) -> Tensor<1> {
        let scores = self.scores(sequence, None);
        let [_, batch, classes] = scores.dims();
        let targets = Targets::new(targets, [batch], classes, LabelCheck::Now);
        self.losses(scores, &targets, None)
    }

    fn of_sequence(
        &self,
        sequence: Tensor<3>,
        targets: Tensor<1, Int>,
        mask: Option<&Tensor<2>>,
    ) -> Tensor<1> {
        let scores = self.scores(sequence, mask);
        let [_, batch, classes] = scores.dims();
        let targets = Targets::new(targets, [batch], classes, LabelCheck::Now);
        self.mean(self.losses(scores, &targets, mask), &targets)
    }

    /// Scores `[S, B, C]`, summed over populations: what is compared with the class.
    pub(super) fn scores(&self, sequence: Tensor<3>, mask: Option<&Tensor<2>>) -> Tensor<3> {
        self.readout.scores(by_class(sequence, self.classes), mask)
    }

    /// Loss of each sample, `[B]`, weights included, from what [`scores`](Self::scores) returned.
    pub(super) fn losses(
        &self,
        scores: Tensor<3>,
        targets: &Targets<1>,
        mask: Option<&Tensor<2>>,
    ) -> Tensor<1> {
        let losses = entropy(scores, targets, self.weights.as_deref(), self.smoothing);
        mean_over_steps(losses, mask).flatten(0, 2)
    }

    /// Mean over the batch, `[1]`, of the [`losses`](Self::losses).
    pub(super) fn mean(&self, losses: Tensor<1>, targets: &Targets<1>) -> Tensor<1> {
        match &self.weights {
            Some(weights) if self.weighted_mean => {
                let weights = targets.weights::<2>(weights).sum();
                // Where all weights are 0, so is every loss.
                let none = weights.clone().equal_elem(0.0);
                losses.sum() / weights.mask_fill(none, 1.0)
            }
            _ => losses.mean(),
        }
    }
}

/// Cross entropy of each sample, `[B]`: `-Σ_c w_c q_c ln softmax(logits)_c`, where `q` is 1 for the
/// class and 0 for others before smoothing. PyTorch `CrossEntropyLoss(reduction="none")`.
///
/// For the mean, Burn's `CrossEntropyLoss` does the same.
///
/// # Panics
///
/// If there is not one target for each row of logits `[B, C]`, not one weight for each class, or a
/// smoothing outside `[0, 1]`; on a CPU if a target is not a class, see [`loss`](super#class-indices).
pub fn cross_entropy(
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    weights: Option<&[f64]>,
    smoothing: f64,
) -> Tensor<1> {
    let [batch, classes] = logits.dims();
    let targets = Targets::new(targets, [batch], classes, LabelCheck::Now);
    entropy(logits.unsqueeze(), &targets, weights, smoothing).flatten(0, 2)
}

/// Cross entropy of each step and sample, `[S, B, 1]`, of scores `[S, B, C]`.
pub(super) fn entropy(
    scores: Tensor<3>,
    targets: &Targets<1>,
    weights: Option<&[f64]>,
    smoothing: f64,
) -> Tensor<3> {
    assert!((0.0..=1.0).contains(&smoothing), "expected a smoothing from 0 to 1, got {smoothing}");
    let [steps, batch, classes] = scores.dims();
    let targets = targets.repeat(steps);
    let wanted = targets.one_hot::<2>().mul_scalar(1.0 - smoothing);
    let wanted = wanted.add_scalar(smoothing / classes as f64);
    let wanted = match weights {
        Some(weights) => wanted * targets.class_weights(weights).unsqueeze(),
        None => wanted,
    };
    let likelihoods = log_softmax(scores.reshape([steps * batch, classes]), 1);
    (likelihoods * wanted).sum_dim(1).neg().reshape([steps, batch, 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{assert_close, classes, differentiate, sequence, trains, values};
    use burn::nn::loss::CrossEntropyLossConfig;
    use burn::tensor::Device;

    /// The rows `[100|011] [001|110] [100|010] [110|000]` that the values below were computed on by
    /// snnTorch, with classes 0 and 2.
    fn spikes() -> Tensor<3> {
        let spikes = [
            [[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]],
            [[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]],
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
            [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]],
        ];
        Tensor::from_floats(spikes, &Device::default().autodiff())
    }

    #[test]
    fn values_are_those_of_snntorch() {
        let loss = |loss: ReadoutCrossEntropy| values(loss.forward(spikes(), classes(&[0, 2])))[0];
        assert_close(&[loss(ReadoutCrossEntropy::ce_rate())], &[1.111297]);
        assert_close(&[loss(ReadoutCrossEntropy::ce_count())], &[1.239545]);
        assert_close(&[loss(ReadoutCrossEntropy::ce_max_membrane())], &[1.098612]);
        assert_close(&[loss(ReadoutCrossEntropy::ce_temporal(Inverse::Negate))], &[0.605503]);
        assert_close(&[loss(ReadoutCrossEntropy::ce_temporal(Inverse::Reciprocal))], &[0.844929]);
    }

    #[test]
    fn weights_and_smoothing_are_those_of_burn() {
        let device = Device::default().autodiff();
        let logits = || sequence([1, 4, 3]).squeeze_dim::<2>(0);
        let targets = || classes(&[2, 0, 2, 1]);
        for smoothing in [0.0, 0.2] {
            let weights = [0.5, 2.0, 1.5];
            let burn = CrossEntropyLossConfig::new()
                .with_weights(Some(weights.map(|w| w as f32).to_vec()))
                .with_smoothing(Some(smoothing as f32))
                .init(&device);
            let own = ReadoutCrossEntropy::new(Readout::Last)
                .with_weights(Some(weights.to_vec()))
                .with_smoothing(smoothing)
                .with_weighted_mean(true);
            let expected = values(burn.forward(logits(), targets()));
            assert_close(&values(own.forward(logits().unsqueeze(), targets())), &expected);
            let plain = own.with_weighted_mean(false);
            let sum = values(plain.forward_no_reduction(logits().unsqueeze(), targets()));
            assert_close(
                &values(plain.forward(logits().unsqueeze(), targets())),
                &[sum.iter().sum::<f32>() / 4.0],
            );
            // Weights of the batch: 1.5 + 0.5 + 1.5 + 2.
            assert_close(&[sum.iter().sum::<f32>() / 5.5], &expected);
        }
    }

    #[test]
    fn populations_are_summed_before_the_readout() {
        // Counts 3 and 1; first spikes 0 and 1.
        let spikes = || trains(4, &[&[2], &[0, 3], &[1], &[]]);
        let of = |loss: ReadoutCrossEntropy| {
            values(loss.with_classes(Some(2)).forward(spikes(), classes(&[1])))
        };
        let expected = |right: f32, wrong: f32| (1.0 + (wrong - right).exp()).ln();
        assert_close(&of(ReadoutCrossEntropy::ce_count()), &[expected(1.0, 3.0)]);
        let first = ReadoutCrossEntropy::ce_temporal(Inverse::Negate);
        assert_close(&of(first), &[expected(-1.0, 0.0)]);
    }

    #[test]
    fn without_spikes_all_classes_are_as_likely() {
        let loss = |loss: ReadoutCrossEntropy| {
            values(loss.forward(trains(5, &[&[], &[], &[]]), classes(&[1])))
        };
        for readout in [Readout::EachStep, Readout::Sum, Readout::FirstSpike(Inverse::Negate)] {
            assert_close(&loss(ReadoutCrossEntropy::new(readout)), &[3f32.ln()]);
        }
    }

    #[test]
    fn gradients_are_finite_differences() {
        let readouts = [
            Readout::EachStep,
            Readout::MovingMean { window: 2 },
            Readout::Sum,
            Readout::Mean,
            Readout::Max,
            Readout::Last,
        ];
        for readout in readouts {
            let loss = ReadoutCrossEntropy::new(readout)
                .with_weights(Some(vec![1.0, 3.0, 0.5]))
                .with_smoothing(0.1)
                .with_classes(Some(3));
            let device = |x: &Tensor<3>| x.device();
            differentiate(sequence([3, 2, 6]), |x| {
                let targets = Tensor::from_data([2, 1], &device(&x));
                loss.forward(x, targets)
            });
        }
    }

    #[test]
    #[should_panic(expected = "expected one target for each of 2 samples, got 3")]
    fn every_sample_has_one_target() {
        ReadoutCrossEntropy::ce_rate().forward(spikes(), classes(&[0, 1, 2]));
    }

    #[test]
    #[should_panic(expected = "expected one weight for each of 3 classes, got 2")]
    fn every_class_has_one_weight() {
        let loss = ReadoutCrossEntropy::ce_count().with_weights(Some(vec![1.0, 2.0]));
        loss.forward(spikes(), classes(&[0, 1]));
    }

    #[test]
    #[should_panic(expected = "expected a smoothing from 0 to 1, got 1.5")]
    fn smoothing_is_a_share() {
        let loss = ReadoutCrossEntropy::ce_count().with_smoothing(1.5);
        loss.forward(spikes(), classes(&[0, 1]));
    }
}

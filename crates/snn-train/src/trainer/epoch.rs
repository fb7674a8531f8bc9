//! The order of an epoch's samples, the sums over them, and a pass without training.

use burn::tensor::{DType, Tensor};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Split, TrainError};
use crate::classify::{Classifier, ClassifierOutput, SpikingNetwork};
use crate::loss::{LabelCheck, outside};

/// The order of the samples in an epoch: a function of seed and epoch, so that a resumed run need
/// not replay the epochs before.
pub(super) fn order(len: usize, seed: u64, epoch: usize) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(epoch as u64);
    let mut order: Vec<usize> = (0..len).collect();
    order.shuffle(&mut rng);
    order
}

/// Sums over samples.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Sums {
    samples: f64,
    loss: f64,
    correct: f64,
    rates: Vec<f64>,
}

impl Sums {
    /// Adds a batch and returns its loss. `index` is that of each of its samples in the split.
    pub(super) fn add(
        &mut self,
        output: ClassifierOutput,
        split: &'static str,
        index: impl Fn(usize) -> usize,
    ) -> Result<f64, TrainError> {
        let ([batch], [_, classes]) = (output.targets.dims(), output.scores.dims());
        let samples = batch as f64;
        let correct = output.correct().int().sum();
        // One read for all: each waits for the device. So the labels are checked without another wait.
        let mut numbers = vec![output.targets.float(), output.loss.detach(), correct.float()];
        numbers.extend(output.rates.into_iter().map(Tensor::mean));
        // Single precision has every class index up to 2^24; half precision has not.
        let numbers = numbers.into_iter().map(|number| number.cast(DType::F32)).collect();
        let numbers = Tensor::cat(numbers, 0).try_into_vec_as::<f64>()?;
        let labels = numbers.iter().take(batch).map(|label| *label as i64);
        if let Some((position, label)) = outside(labels, classes) {
            return Err(TrainError::Label { split, sample: index(position), label, classes });
        }
        let mut numbers = numbers.into_iter().skip(batch);
        let mut number = || numbers.next().unwrap_or_default();
        let (loss, correct) = (number(), number());
        self.samples += samples;
        self.loss += loss * samples;
        self.correct += correct;
        self.rates.resize(numbers.len(), 0.0);
        self.rates.iter_mut().zip(numbers).for_each(|(sum, rate)| *sum += rate * samples);
        Ok(loss)
    }

    pub(super) fn means(self) -> Evaluation {
        Evaluation {
            loss: self.loss / self.samples,
            accuracy: self.correct / self.samples,
            rates: self.rates.iter().map(|sum| sum / self.samples).collect(),
        }
    }
}

/// Means over the samples of a split.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Loss.
    pub loss: f64,
    /// Share of samples classified correctly.
    pub accuracy: f64,
    /// Firing rate of each hidden layer, in spikes per neuron and step.
    pub rates: Vec<f64>,
}

/// Runs `model` over a split, in order. The tensors of both must be without autodiff: with it, every
/// pass leaves its graph behind.
///
/// # Errors
///
/// If a batch cannot be read, or a label is not one of the network's classes.
pub fn evaluate<N: SpikingNetwork>(
    model: &Classifier<N>,
    split: &Split<'_, N::Input>,
    batch_size: usize,
) -> Result<Evaluation, TrainError> {
    evaluate_named(model, split, "evaluation", batch_size)
}

/// As [`evaluate`]; errors call the split by `name`.
pub(super) fn evaluate_named<N: SpikingNetwork>(
    model: &Classifier<N>,
    split: &Split<'_, N::Input>,
    name: &'static str,
    batch_size: usize,
) -> Result<Evaluation, TrainError> {
    let mut sums = Sums::default();
    for (number, batch) in split.all(batch_size).enumerate() {
        let output = model.forward_checked(batch?, LabelCheck::Later);
        sums.add(output, name, |position| number * batch_size + position)?;
    }
    Ok(sums.means())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_is_another_permutation_and_the_same_one_again() {
        let first = order(100, 7, 1);
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_eq!(first, order(100, 7, 1));
        assert_ne!(first, order(100, 7, 2));
        assert_ne!(first, order(100, 8, 1));
    }
}

//! The order of an epoch's samples, the sums over them, and a pass without training.

use burn::tensor::{Int, Tensor};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Split, TrainError};
use crate::classify::{Classifier, ClassifierOutput, SpikingNetwork};

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
    /// Adds a batch. Returns with its loss.
    pub(super) fn add(&mut self, output: ClassifierOutput) -> Result<f64, TrainError> {
        let samples = output.targets.dims()[0] as f64;
        let predicted: Tensor<1, Int> = output.scores.detach().argmax(1).squeeze_dim(1);
        let correct = predicted.equal(output.targets).int().sum();
        // One read for all: each waits for the device.
        let mut numbers = vec![output.loss.detach(), correct.float()];
        numbers.extend(output.rates.into_iter().map(Tensor::mean));
        let numbers = Tensor::cat(numbers, 0);
        let mut numbers = numbers.try_into_vec_as::<f64>()?.into_iter();
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
/// If a batch cannot be read.
pub fn evaluate<N: SpikingNetwork>(
    model: &Classifier<N>,
    split: &Split<'_, N::Input>,
    batch_size: usize,
) -> Result<Evaluation, TrainError> {
    let mut sums = Sums::default();
    for batch in split.all(batch_size) {
        sums.add(model.forward(batch?))?;
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

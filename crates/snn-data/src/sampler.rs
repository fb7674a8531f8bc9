//! In which order the samples of a data set are taken.

use rand::SeedableRng;
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

/// Which samples an epoch has, in which order.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Sampler {
    /// All, from the first to the last.
    #[default]
    Sequential,
    /// All, in an order that depends on seed and epoch.
    Shuffled,
    /// Drawn with replacement. Which ones depends on seed and epoch.
    Weighted(Weighted),
}

/// Samples drawn with replacement: each with a probability in proportion to its weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighted {
    samples: usize,
    index: WeightedIndex<f64>,
    draws: usize,
}

/// Weights that nothing can be drawn by.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum WeightError {
    /// A weight that is negative, infinite or not a number.
    #[error("weight {weight} of sample {sample}: expected a finite one that is not negative")]
    Weight {
        /// The sample.
        sample: usize,
        /// Its weight.
        weight: f64,
    },
    /// Weights that are all 0, or none at all, or whose sum is infinite.
    #[error("{samples} weights with a sum of {sum}: expected a finite one above 0")]
    Sum {
        /// Number of weights.
        samples: usize,
        /// Their sum.
        sum: f64,
    },
}

impl Weighted {
    /// `draws` samples for each epoch, by a weight for each sample of the set.
    ///
    /// # Errors
    ///
    /// A weight is negative or not finite, or so is their sum, or that is 0.
    pub fn new(weights: &[f64], draws: usize) -> Result<Self, WeightError> {
        let invalid = |weight: &f64| !(weight.is_finite() && *weight >= 0.0);
        if let Some(sample) = weights.iter().position(invalid) {
            return Err(WeightError::Weight { sample, weight: weights[sample] });
        }
        let samples = weights.len();
        let unusable = |_| WeightError::Sum { samples, sum: weights.iter().sum() };
        Ok(Self { samples, index: WeightedIndex::new(weights).map_err(unusable)?, draws })
    }

    /// As many draws as there are samples, every class equally often on average.
    ///
    /// # Errors
    ///
    /// There are no samples.
    pub fn class_balanced(labels: &[usize]) -> Result<Self, WeightError> {
        Self::new(&class_balanced_weights(labels), labels.len())
    }
}

/// One over the number of samples of its class, for each sample.
pub fn class_balanced_weights(labels: &[usize]) -> Vec<f64> {
    let mut counts = vec![0usize; labels.iter().max().map_or(0, |max| max + 1)];
    labels.iter().for_each(|label| counts[*label] += 1);
    labels.iter().map(|label| 1.0 / counts[*label] as f64).collect()
}

impl Sampler {
    /// The samples of an epoch of a set of `len`, as indices. A function of `seed` and `epoch`, so
    /// that a resumed run need not replay the epochs before.
    ///
    /// # Panics
    ///
    /// There are weights for another number of samples.
    pub fn order(&self, len: usize, seed: u64, epoch: u64) -> Vec<usize> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(epoch);
        let all = 0..len;
        match self {
            Self::Sequential => all.collect(),
            Self::Shuffled => {
                let mut order: Vec<usize> = all.collect();
                order.shuffle(&mut rng);
                order
            }
            Self::Weighted(weighted) => {
                let samples = weighted.samples;
                assert_eq!(samples, len, "{samples} weights for {len} samples");
                (0..weighted.draws).map(|_| weighted.index.sample(&mut rng)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_is_another_permutation_and_the_same_one_again() {
        assert_eq!(Sampler::Sequential.order(3, 7, 1), [0, 1, 2]);
        let order = |seed, epoch| Sampler::Shuffled.order(100, seed, epoch);
        let first = order(7, 1);
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_eq!(first, order(7, 1));
        assert!(first != order(7, 2) && first != order(8, 1));
    }

    #[test]
    fn draws_are_in_proportion_to_weights() {
        let weights = [0.0, 1.0, 3.0, 0.0, 6.0];
        let sampler = Sampler::Weighted(Weighted::new(&weights, 100_000).unwrap());
        let mut counts = [0.0; 5];
        sampler.order(5, 1, 0).into_iter().for_each(|index| counts[index] += 1.0);
        assert_eq!((counts[0], counts[3]), (0.0, 0.0));
        for (count, weight) in counts.into_iter().zip(weights) {
            // Six standard deviations of a binomial distribution at its widest.
            let expected: f64 = weight * 10_000.0;
            assert!((count - expected).abs() < 6.0 * 25_000f64.sqrt(), "{count} for {weight}");
        }
        assert_eq!(sampler.order(5, 1, 1), sampler.order(5, 1, 1));
        assert_ne!(sampler.order(5, 1, 0), sampler.order(5, 1, 1));
    }

    #[test]
    fn a_rare_class_is_drawn_as_often() {
        let labels: Vec<usize> = (0..1000).map(|n| usize::from(n % 50 == 0) * 2).collect();
        assert_eq!(class_balanced_weights(&labels)[..2], [1.0 / 20.0, 1.0 / 980.0]);
        let sampler = Sampler::Weighted(Weighted::class_balanced(&labels).unwrap());
        let rare = (0..10).flat_map(|epoch| sampler.order(1000, 3, epoch));
        let rare = rare.filter(|index| labels[*index] == 2).count();
        // Of 10 000 draws; a standard deviation is 50.
        assert!((4700..5300).contains(&rare), "{rare}");
    }

    #[test]
    fn weights_are_checked() {
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            let error = Weighted::new(&[1.0, bad], 1).unwrap_err();
            assert!(matches!(error, WeightError::Weight { sample: 1, .. }), "{error}");
        }
        for weights in [&[][..], &[0.0, 0.0], &[f64::MAX, f64::MAX]] {
            let error = Weighted::new(weights, 1).unwrap_err();
            assert!(matches!(error, WeightError::Sum { .. }), "{error}");
        }
        assert!(Weighted::class_balanced(&[]).is_err());
    }

    #[test]
    #[should_panic(expected = "2 weights for 3 samples")]
    fn weights_are_for_a_set_of_their_size() {
        Sampler::Weighted(Weighted::new(&[1.0, 1.0], 1).unwrap()).order(3, 0, 0);
    }
}

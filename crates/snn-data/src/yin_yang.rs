//! The Yin-Yang data set: points in a disc, of three classes that no linear classifier separates.
//!
//! Kriener, Göltz and Petrovici, *The Yin-Yang dataset*, NICE 2022 (arXiv:2102.08211). Samples are
//! generated, not downloaded, and for a given seed they are those of the reference implementation:
//! it draws from numpy's `RandomState`, so this draws from the same generator in the same order.

use burn::data::dataset::{Dataset, DatasetError};
use rand_mt::Mt;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Names of the classes, by label.
pub const CLASSES: [&str; 3] = ["yin", "yang", "dot"];

/// The Yin-Yang data set.
///
/// A data set is a stream of samples cut off at its size: the samples of a smaller set are the first
/// ones of a larger set with the same seed. **Give test and validation sets a seed of their own.**
/// The hxtorch tutorial leaves all seeds at their default of 42, so that its test set is part of
/// its training set.
///
/// ```
/// use burn::data::dataset::Dataset;
/// use snn_data::yin_yang::{CLASSES, YinYang};
///
/// let train = YinYang::new(5025, 42);
/// let sample = train.get(0).unwrap();
/// assert!((sample.coordinates[0] - 0.6803).abs() < 1e-4);
/// assert_eq!(CLASSES[sample.label], "dot");
/// ```
#[derive(Debug, Clone)]
pub struct YinYang {
    samples: Vec<YinYangSample>,
}

/// One point and its class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct YinYangSample {
    /// `[x, y, 1 - x, 1 - y]`, each in `[0, 1]` for the standard radii.
    pub coordinates: [f64; 4],
    /// Index into [`CLASSES`].
    pub label: usize,
}

/// Radii that describe no Yin-Yang figure.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("Yin-Yang radii: expected 0 < 2 r_small < r_big, got r_small {r_small} and r_big {r_big}")]
pub struct RadiusError {
    r_small: f64,
    r_big: f64,
}

#[derive(Debug, Error)]
#[error("Yin-Yang: no sample {index} in a set of {len}")]
struct MissingSample {
    index: usize,
    len: usize,
}

/// Where the figure lies: a disc of radius `r_big` around `(r_big, r_big)`, with two dots of radius
/// `r_small` in it.
#[derive(Debug, Clone, Copy)]
struct Figure {
    r_small: f64,
    r_big: f64,
}

impl YinYang {
    /// `size` samples with the standard radii, 0.1 and 0.5.
    pub fn new(size: usize, seed: u32) -> Self {
        Self::generate(size, seed, Figure { r_small: 0.1, r_big: 0.5 })
    }

    /// `size` samples of a figure with other radii.
    ///
    /// # Errors
    ///
    /// Unless `0 < 2 r_small < r_big`, both finite.
    pub fn with_radii(
        size: usize,
        seed: u32,
        r_small: f64,
        r_big: f64,
    ) -> Result<Self, RadiusError> {
        if r_small > 0.0 && 2.0 * r_small < r_big && r_big.is_finite() {
            Ok(Self::generate(size, seed, Figure { r_small, r_big }))
        } else {
            Err(RadiusError { r_small, r_big })
        }
    }

    fn generate(size: usize, seed: u32, figure: Figure) -> Self {
        let mut rng = Mt::new(seed);
        let samples = (0..size).map(|_| {
            let goal = below_three(&mut rng);
            figure.sample(goal, &mut rng)
        });
        Self { samples: samples.collect() }
    }

    /// All samples, in order.
    pub fn samples(&self) -> &[YinYangSample] {
        &self.samples
    }

    /// The classes of all samples.
    pub fn labels(&self) -> Vec<usize> {
        self.samples.iter().map(|sample| sample.label).collect()
    }
}

impl Dataset<YinYangSample> for YinYang {
    fn get(&self, index: usize) -> Result<YinYangSample, DatasetError> {
        let len = self.samples.len();
        let missing = || DatasetError::new(MissingSample { index, len });
        self.samples.get(index).copied().ok_or_else(missing)
    }

    fn len(&self) -> usize {
        self.samples.len()
    }
}

impl Figure {
    /// Points in the square until one lies in the disc and in the class `goal`.
    fn sample(&self, goal: usize, rng: &mut Mt) -> YinYangSample {
        loop {
            let [x, y] = [uniform(rng), uniform(rng)].map(|u| u * 2.0 * self.r_big);
            let radius = (x - self.r_big).hypot(y - self.r_big);
            if radius <= self.r_big && self.class(x, y) == goal {
                return YinYangSample { coordinates: [x, y, 1.0 - x, 1.0 - y], label: goal };
            }
        }
    }

    fn class(&self, x: f64, y: f64) -> usize {
        let Self { r_small, r_big } = *self;
        let to_right = (x - 1.5 * r_big).hypot(y - r_big);
        let to_left = (x - 0.5 * r_big).hypot(y - r_big);
        let yang = to_right <= r_small
            || (r_small < to_left && to_left <= 0.5 * r_big)
            || (y > r_big && to_right > 0.5 * r_big);
        match to_right < r_small || to_left < r_small {
            true => 2,
            false => usize::from(yang),
        }
    }
}

/// `RandomState.rand()`: 53 random bits of two draws, in `[0, 1)`.
fn uniform(rng: &mut Mt) -> f64 {
    let high = f64::from(rng.next_u32() >> 5);
    let low = f64::from(rng.next_u32() >> 6);
    (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
}

/// `RandomState.randint(3)`: the lowest two bits of a draw, drawn again if they are 3.
fn below_three(rng: &mut Mt) -> usize {
    loop {
        let bits = rng.next_u32() & 3;
        if bits < 3 {
            return bits as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(data: &YinYang) -> [usize; 3] {
        let mut counts = [0; 3];
        data.samples().iter().for_each(|sample| counts[sample.label] += 1);
        counts
    }

    #[test]
    fn samples_are_those_of_the_reference() {
        let expected =
            [(0.6803, 0.4505, 2), (0.0977, 0.6842, 1), (0.7554, 0.4252, 2), (0.5979, 0.9219, 1)];
        let data = YinYang::new(5025, 42);
        for (sample, (x, y, label)) in data.samples().iter().zip(expected) {
            let [sx, sy, rx, ry] = sample.coordinates;
            assert!((sx - x).abs() < 5e-5 && (sy - y).abs() < 5e-5, "{sample:?}");
            assert_eq!((rx, ry, sample.label), (1.0 - sx, 1.0 - sy, label));
        }
        assert_eq!(data.labels()[..4], [2, 1, 2, 1]);
        // These depend on every draw up to the last sample.
        assert_eq!(counts(&data), [1689, 1709, 1627]);
        let [yin, yang, dot] = counts(&YinYang::new(1000, 42));
        assert!(dot == 346 && [yin, yang].contains(&333) && [yin, yang].contains(&321));
    }

    #[test]
    fn class_of_known_points() {
        let figure = Figure { r_small: 0.1, r_big: 0.5 };
        let points = [(0.26, 0.52), (0.74, 0.48), (0.76, 0.34), (0.23, 0.65)];
        assert_eq!(points.map(|(x, y)| figure.class(x, y)), [2, 2, 0, 1]);
    }

    #[test]
    fn a_smaller_set_is_a_prefix_and_another_seed_is_another_set() {
        let (large, small) = (YinYang::new(100, 42), YinYang::new(40, 42));
        assert_eq!(large.samples()[..40], *small.samples());
        let other = YinYang::new(40, 43);
        assert!(other.samples().iter().all(|sample| !large.samples().contains(sample)));
    }

    #[test]
    fn impossible_radii_and_indices_are_errors() {
        let error = YinYang::with_radii(1, 0, 0.3, 0.5).unwrap_err();
        assert!(error.to_string().contains("got r_small 0.3 and r_big 0.5"));
        assert!(YinYang::with_radii(1, 0, f64::NAN, 0.5).is_err());
        assert!(
            YinYang::new(3, 0)
                .get(3)
                .unwrap_err()
                .to_string()
                .contains("no sample 3 in a set of 3")
        );
    }
}

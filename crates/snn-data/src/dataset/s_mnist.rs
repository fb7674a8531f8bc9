//! Sequential MNIST as spikes: the digits of [`mnist`](crate::mnist), pixel after pixel.
//!
//! Bellec, Salaj, Subramoney, Legenstein and Maass, *Long short-term memory and learning-to-learn in
//! networks of spiking neurons*, NeurIPS 2018 (arXiv:1803.09574). Neurons have thresholds of grey, and
//! spike when the value of the pixels crosses theirs.

use std::path::Path;

use burn::data::dataset::{Dataset, DatasetError};
use serde::{Deserialize, Serialize};

use super::{Origin, Recordings, Sample};
use crate::events::{EventsError, Spikes};
use crate::mnist::{CLASSES, Mnist};
use crate::{DataError, Part};

/// How an image becomes spikes.
///
/// Pixels `p[0], p[1], ..` are read row by row, one each `dt`. With K thresholds from 0 to 254 at equal
/// distances, `θ[k] = floor(254 k / (K - 1))`, there are `2 K + 1` neurons. At pixel i
///
/// * neuron `2 K + 1 - k` spikes if `p[i] < θ[k] ≤ p[i + 1]`,
/// * neuron `K + 1 - k` spikes if `p[i + 1] < θ[k] ≤ p[i]`,
/// * neuron 0, the touch, spikes if `p[i] = 255`.
///
/// No pixel is below `θ[0] = 0`, so no neuron has the number `2 K + 1`, and neuron `K + 1` and neuron 1
/// are silent. These are the spikes of Tonic's `SMNIST`, whose `num_neurons` is `2 K + 1`, here in the
/// order of time also if they are doubled. For 18 values of K, the smallest 47, one of Tonic's thresholds
/// is smaller by 1: it does not round as the equation says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SMnistConfig {
    /// Number of thresholds, K.
    pub thresholds: u8,
    /// Time of a step, in µs.
    pub dt: u32,
    /// Whether a pixel takes two steps, and each spike is there in both.
    pub duplicate: bool,
}

impl Default for SMnistConfig {
    /// 49 thresholds, thus 99 neurons; 1 ms; each spike twice.
    fn default() -> Self {
        Self { thresholds: 49, dt: 1000, duplicate: true }
    }
}

impl SMnistConfig {
    /// Number of neurons.
    pub fn units(&self) -> u32 {
        2 * u32::from(self.thresholds) + 1
    }

    fn spikes(&self, pixels: &[u8]) -> Result<Spikes, EventsError> {
        let count = u32::from(self.thresholds);
        let thresholds = (0..count).map(|k| 254 * k / count.saturating_sub(1).max(1));
        let thresholds: Vec<u32> = thresholds.collect();
        let reached =
            |value: u32| thresholds.partition_point(|threshold| *threshold <= value) as u32;
        let steps = if self.duplicate { 2 } else { 1 };
        let (mut t, mut unit) = (Vec::new(), Vec::new());
        for (index, pixel) in pixels.iter().enumerate() {
            let now = u32::from(*pixel);
            let next = pixels.get(index + 1).map_or(now, |next| u32::from(*next));
            // What the neuron of the lowest threshold would have.
            let first = if now < next { self.units() } else { count + 1 };
            let crossed = (reached(now.min(next))..reached(now.max(next))).rev();
            let touch = (*pixel == u8::MAX).then_some(0);
            let units: Vec<u32> = touch.into_iter().chain(crossed.map(|k| first - k)).collect();
            for step in 0..steps {
                let time = (steps * index + step) as i64 * i64::from(self.dt);
                t.extend(units.iter().map(|_| time));
                unit.extend_from_slice(&units);
            }
        }
        Spikes::new(t, unit, self.units())
    }
}

/// One part of sequential MNIST: the images are in memory, and become spikes when asked for. The files
/// are those of [`Mnist`], and [`mnist::download`](crate::mnist) gets them.
#[derive(Debug, Clone)]
pub struct SMnist {
    mnist: Mnist,
    config: SMnistConfig,
    classes: Vec<String>,
}

impl SMnist {
    /// Reads a part from the data folder.
    ///
    /// # Errors
    ///
    /// As [`Mnist::open`].
    pub fn open(folder: &Path, part: Part, config: SMnistConfig) -> Result<Self, DataError> {
        let classes = (0..CLASSES).map(|digit| digit.to_string()).collect();
        Ok(Self { mnist: Mnist::open(folder, part)?, config, classes })
    }
}

impl Dataset<Sample<Spikes>> for SMnist {
    fn get(&self, index: usize) -> Result<Sample<Spikes>, DatasetError> {
        let spikes = self.config.spikes(self.mnist.image(index));
        Ok(Sample { data: spikes.map_err(DatasetError::new)?, label: self.label(index) })
    }

    fn len(&self) -> usize {
        self.mnist.len()
    }
}

impl Recordings<Spikes> for SMnist {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn label(&self, index: usize) -> usize {
        self.mnist.label(index)
    }

    fn origin(&self, index: usize) -> Origin {
        let SMnistConfig { thresholds, dt, duplicate } = self.config;
        let part = format!(
            "sequential, image {index}, {thresholds} thresholds, dt {dt} µs, duplicate {duplicate}"
        );
        Origin { path: self.mnist.path().into(), part }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spikes(config: SMnistConfig, pixels: &[u8]) -> Vec<(i64, u32)> {
        let spikes = config.spikes(pixels).unwrap();
        assert!(spikes.is_sorted() && spikes.units() == config.units());
        spikes.t().iter().copied().zip(spikes.unit().iter().copied()).collect()
    }

    /// The equation, neuron by neuron; then in order.
    fn naive(config: SMnistConfig, pixels: &[u8]) -> Vec<(i64, u32)> {
        let count = u32::from(config.thresholds);
        let mut spikes = Vec::new();
        for k in 0..count {
            let theta = (254.0 * f64::from(k) / f64::from(count - 1) + 1e-9).floor();
            let above: Vec<bool> = pixels.iter().map(|pixel| f64::from(*pixel) >= theta).collect();
            for (i, pair) in above.windows(2).enumerate() {
                match pair {
                    [false, true] => spikes.push((i, 2 * count + 1 - k)),
                    [true, false] => spikes.push((i, count + 1 - k)),
                    _ => {}
                }
            }
        }
        spikes.extend(pixels.iter().enumerate().filter(|(_, p)| **p == 255).map(|(i, _)| (i, 0)));
        let steps = 1 + usize::from(config.duplicate);
        let times = |(i, unit)| {
            (0..steps).map(move |step| ((steps * i + step) as i64 * i64::from(config.dt), unit))
        };
        let mut spikes: Vec<(i64, u32)> = spikes.into_iter().flat_map(times).collect();
        spikes.sort();
        spikes
    }

    #[test]
    fn thresholds_that_are_crossed_by_hand() {
        // θ = 0, 127, 254; up is 7 - k, down is 4 - k.
        let config = SMnistConfig { thresholds: 3, dt: 10, duplicate: false };
        assert_eq!(config.units(), 7);
        let pixels = [0, 126, 127, 255, 254, 253, 0];
        let expected = [(10, 6), (20, 5), (30, 0), (40, 2), (50, 3)];
        assert_eq!(spikes(config, &pixels), expected);
        // Both thresholds at once, the higher first; then the last pixel, which touches.
        assert_eq!(spikes(config, &[0, 255]), [(0, 5), (0, 6), (10, 0)]);
        let twice = SMnistConfig { duplicate: true, ..config };
        let expected = [(0, 5), (0, 6), (10, 5), (10, 6), (20, 0), (30, 0)];
        assert_eq!(spikes(twice, &[0, 255]), expected);
        assert!(spikes(config, &[9; 20]).is_empty() && spikes(config, &[]).is_empty());
    }

    #[test]
    fn few_thresholds() {
        for thresholds in [0, 1] {
            let config = SMnistConfig { thresholds, dt: 1, duplicate: false };
            assert_eq!(spikes(config, &[0, 255, 0]), [(1, 0)]);
        }
    }

    #[test]
    fn random_pixels_as_the_equation_says() {
        let mut state = 1_u32;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        for thresholds in [2, 3, 10, 49, 128, 255] {
            for duplicate in [false, true] {
                let config = SMnistConfig { thresholds, dt: 500, duplicate };
                let pixels: Vec<u8> = (0..200).map(|_| draw().saturating_add(draw() / 4)).collect();
                let found = spikes(config, &pixels);
                assert!(found.len() > 20);
                assert_eq!(found, naive(config, &pixels), "{config:?}");
            }
        }
    }
}

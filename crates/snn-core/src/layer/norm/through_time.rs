//! BNTT: a batch normalization of its own for each step, without bias.
//!
//! ```text
//! y[t] = γ[t] (x[t] - mean[t]) / √(var[t] + ε)        mean[t], var[t] over B and space
//! ```
//!
//! Source: Kim and Panda, *Revisiting Batch Normalization for Training Low-Latency Deep Spiking Neural
//! Networks From Scratch*, Frontiers in Neuroscience 15, 2021.

use burn::config::Config;
use burn::module::Module;
use burn::nn::BatchNorm;
use burn::tensor::{Device, Tensor};

use super::batch_norm;
use crate::error::{ConfigError, at_least_one};

/// Configuration of [`BatchNormThroughTime`].
#[derive(Config, Debug, PartialEq)]
pub struct BatchNormThroughTimeConfig {
    /// Number of steps `T`.
    pub steps: usize,
    /// Number of channels `C`.
    pub num_features: usize,
}

impl BatchNormThroughTimeConfig {
    /// The layer.
    ///
    /// # Errors
    ///
    /// If there are no steps or no channels.
    pub fn init(&self, device: &Device) -> Result<BatchNormThroughTime, ConfigError> {
        at_least_one("number of steps", self.steps)?;
        at_least_one("number of features", self.num_features)?;
        let mut norm = batch_norm(self.steps * self.num_features, device)?;
        norm.beta = norm.beta.set_require_grad(false);
        Ok(BatchNormThroughTime { norm, steps: self.steps })
    }
}

/// Batch normalization with statistics and a scale for each step: BNTT, snnTorch `BatchNormTT1d` and
/// `2d`, SpikingJelly `BatchNormThroughTime1d` to `3d`. For sequences of one length.
///
/// A batch needs more than one value per channel and step, else every output is 0.
#[derive(Module, Debug)]
pub struct BatchNormThroughTime {
    /// Burn's layer with `T * C` channels, those of the first step first: the steps are normalized
    /// at once. Its `beta` is 0 and not learned.
    pub norm: BatchNorm,
    /// Number of steps `T`.
    pub steps: usize,
}

impl BatchNormThroughTime {
    /// Normalizes each channel of each step.
    ///
    /// # Shapes
    ///
    /// `x` and output: `[T, B, C, ...]`.
    ///
    /// # Panics
    ///
    /// If the number of steps or channels is another.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        const { assert!(D >= 3, "a sequence with channels has the axes [T, B, C, ...]") };
        let (dims, steps) = (x.dims(), self.steps);
        assert_eq!(dims[0], steps, "expected {steps} time steps, got shape {dims:?}");
        let space = dims[3..].iter().product();
        let x = x.swap_dims(0, 1);
        let batch_first = x.dims();
        let y = self.norm.forward::<3>(x.reshape([dims[1], steps * dims[2], space]));
        y.reshape(batch_first).swap_dims(0, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_sizes_are_refused() {
        let message = |steps, features| {
            let config = BatchNormThroughTimeConfig::new(steps, features);
            config.init(&Device::default()).unwrap_err().to_string()
        };
        assert_eq!(message(0, 2), "number of steps: expected at least one, got 0");
        assert_eq!(message(2, 0), "number of features: expected at least one, got 0");
    }

    #[test]
    #[should_panic(expected = "expected 4 time steps, got shape [2, 3, 2]")]
    fn a_sequence_of_another_length_is_refused_even_if_the_sizes_multiply_up() {
        let device = Device::default();
        let norm = BatchNormThroughTimeConfig::new(4, 1).init(&device).unwrap();
        norm.forward(Tensor::<3>::zeros([2, 3, 2], &device));
    }
}

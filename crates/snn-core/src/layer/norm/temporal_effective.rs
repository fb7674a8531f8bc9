//! TEBN: batch normalization over time and batch, with a learned scale for each step.
//!
//! ```text
//! y[t] = p[t] (γ (x[t] - mean) / √(var + ε) + β)        mean, var over T, B and space
//! ```
//!
//! Source: Duan et al., *Temporal Effective Batch Normalization in Spiking Neural Networks*, NeurIPS
//! 2022.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::{BatchNorm, Initializer};
use burn::tensor::{Device, Tensor};

use super::{batch_norm, over_time_and_batch};
use crate::error::{ConfigError, at_least_one};

/// Configuration of [`TemporalEffectiveBatchNorm`].
#[derive(Config, Debug, PartialEq)]
pub struct TemporalEffectiveBatchNormConfig {
    /// Number of steps `T`.
    pub steps: usize,
    /// Number of channels `C`.
    pub num_features: usize,
}

impl TemporalEffectiveBatchNormConfig {
    /// The layer.
    ///
    /// # Errors
    ///
    /// If there are no steps or no channels.
    pub fn init(&self, device: &Device) -> Result<TemporalEffectiveBatchNorm, ConfigError> {
        at_least_one("number of steps", self.steps)?;
        Ok(TemporalEffectiveBatchNorm {
            norm: batch_norm(self.num_features, device)?,
            scale: Initializer::Ones.init([self.steps], device),
        })
    }
}

/// Batch normalization over time and batch with a learned scale for each step: TEBN, SpikingJelly
/// `TemporalEffectiveBatchNorm1d` to `3d`. For sequences of one length.
#[derive(Module, Debug)]
pub struct TemporalEffectiveBatchNorm {
    /// Burn's layer, over `[T * B, C, ...]`.
    pub norm: BatchNorm,
    /// The scale of each step, `[T]`; starts at 1.
    pub scale: Param<Tensor<1>>,
}

impl TemporalEffectiveBatchNorm {
    /// Normalizes each channel, scales each step.
    ///
    /// # Shapes
    ///
    /// `x` and output: `[T, B, C, ...]`.
    ///
    /// # Panics
    ///
    /// If the number of steps or channels is another.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let scale = self.scale.val();
        let (dims, [steps]) = (x.dims(), scale.dims());
        assert_eq!(dims[0], steps, "expected {steps} time steps, got shape {dims:?}");
        let mut shape = [1; D];
        shape[0] = steps;
        over_time_and_batch(&self.norm, x) * scale.reshape(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_sizes_are_refused() {
        let message = |steps, features| {
            let config = TemporalEffectiveBatchNormConfig::new(steps, features);
            config.init(&Device::default()).unwrap_err().to_string()
        };
        assert_eq!(message(0, 2), "number of steps: expected at least one, got 0");
        assert_eq!(message(2, 0), "number of features: expected at least one, got 0");
    }

    #[test]
    #[should_panic(expected = "expected 4 time steps, got shape [2, 3, 2]")]
    fn a_sequence_of_another_length_is_refused() {
        let device = Device::default();
        let norm = TemporalEffectiveBatchNormConfig::new(4, 2).init(&device).unwrap();
        norm.forward(Tensor::<3>::zeros([2, 3, 2], &device));
    }
}

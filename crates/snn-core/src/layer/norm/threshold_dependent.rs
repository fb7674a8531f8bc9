//! tdBN: batch normalization over time and batch, scaled to the threshold.
//!
//! ```text
//! y = γ (x - mean) / √(var + ε) + β        mean, var over T, B and space;  γ starts at α · threshold
//! ```
//!
//! Source: Zheng et al., *Going Deeper With Directly-Trained Larger Spiking Neural Networks*, AAAI
//! 2021. There `α · threshold` is a fixed factor beside a learned one that starts
//! at 1; here, as in SpikingJelly, it is where the learned one starts: the same function, with another
//! scale of its gradient.

use burn::config::Config;
use burn::module::Module;
use burn::nn::{BatchNorm, Initializer};
use burn::tensor::{Device, Tensor};

use super::{batch_norm, over_time_and_batch};
use crate::error::{ConfigError, positive};

/// Configuration of [`ThresholdDependentBatchNorm`].
#[derive(Config, Debug, PartialEq)]
pub struct ThresholdDependentBatchNormConfig {
    /// Number of channels `C`.
    pub num_features: usize,
    /// Threshold of the neurons behind it.
    pub threshold: f64,
    /// What the layer contributes to the input of these neurons: 1 if it is alone, `1 / √n` if `n`
    /// branches are added up, as in a residual network.
    #[config(default = 1.0)]
    pub alpha: f64,
}

impl ThresholdDependentBatchNormConfig {
    /// The layer.
    ///
    /// # Errors
    ///
    /// If there are no channels, or the threshold or `alpha` is not a positive number.
    pub fn init(&self, device: &Device) -> Result<ThresholdDependentBatchNorm, ConfigError> {
        let mut norm = batch_norm(self.num_features, device)?;
        let value = positive("alpha", self.alpha)? * positive("threshold", self.threshold)?;
        norm.gamma = Initializer::Constant { value }.init([self.num_features], device);
        Ok(ThresholdDependentBatchNorm { norm })
    }
}

/// Batch normalization over time and batch that starts at the scale of the threshold: tdBN,
/// SpikingJelly `ThresholdDependentBatchNorm1d` to `3d`.
#[derive(Module, Debug)]
pub struct ThresholdDependentBatchNorm {
    /// Burn's layer, over `[T * B, C, ...]`.
    pub norm: BatchNorm,
}

impl ThresholdDependentBatchNorm {
    /// Normalizes each channel.
    ///
    /// # Shapes
    ///
    /// `x` and output: `[T, B, C, ...]`.
    ///
    /// # Panics
    ///
    /// If the number of channels is another.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        over_time_and_batch(&self.norm, x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_settings_are_refused() {
        let message = |config: ThresholdDependentBatchNormConfig| {
            config.init(&Device::default()).unwrap_err().to_string()
        };
        let config = ThresholdDependentBatchNormConfig::new;
        assert_eq!(message(config(0, 1.0)), "number of features: expected at least one, got 0");
        assert!(message(config(2, -1.0)).starts_with("threshold: "));
        assert!(message(config(2, 1.0).with_alpha(f64::NAN)).starts_with("alpha: "));
    }
}

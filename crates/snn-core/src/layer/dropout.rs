//! Dropout with one mask for all steps.
//!
//! ```text
//! y[t] = x[t] · m / (1 - p)        m ~ Bernoulli(1 - p), the same at every step t
//! ```
//!
//! Source: Srivastava et al., *Dropout: A Simple Way to Prevent Neural Networks from Overfitting*,
//! JMLR 15, 2014; over time as in Lee et al., *Enabling Spike-Based Backpropagation for Training Deep
//! Neural Network Architectures*, Frontiers in Neuroscience 14, 2020: a neuron dropped at some
//! steps only still learns from the others.

use burn::config::Config;
use burn::module::{Flag, Module, Param};
use burn::tensor::{Distribution, Tensor};

use crate::error::{ConfigError, check};

/// Configuration of [`Dropout`].
#[derive(Config, Debug, PartialEq)]
pub struct DropoutConfig {
    /// Probability that a neuron is dropped, from 0 to below 1.
    pub prob: f64,
    /// Drop whole channels, the axes `[H, W]` of `[T, B, C, H, W]` together, as `Dropout2d` does.
    #[config(default = false)]
    pub channelwise: bool,
}

impl DropoutConfig {
    /// The layer.
    ///
    /// # Errors
    ///
    /// If the probability is not from 0 to below 1.
    pub fn init(&self) -> Result<Dropout, ConfigError> {
        let Self { prob, channelwise } = *self;
        let in_range = (0.0..1.0).contains(&prob);
        check("dropout probability", prob, "a number from 0 to below 1", in_range)?;
        Ok(Dropout { prob, channelwise, training: Param::from_bool(true) })
    }
}

/// Drops the same neurons of a sample at every step of a sequence, others for every sample and every
/// call.
///
/// What is kept is divided by `1 - p`, as in PyTorch, SpikingJelly and Burn, so that the mean current
/// of the next layer is the same in training and evaluation. A spike that is kept is then `1 / (1 - p)`,
/// not 1. (hxtorch's `BatchDropout` does not divide, and drops the same neurons for all samples.)
///
/// Like Burn's own `Dropout`, it drops only on an autodiff device and while it is not frozen
/// ([`Module::freeze`]), and draws from the device: `device.seed(..)` makes it reproducible, as long
/// as one thread draws. Each call draws anew, so a sequence that is run in chunks has one mask for
/// each chunk.
///
/// ```standalone_crate
/// use burn::tensor::{Device, Tensor};
/// use snn_core::layer::DropoutConfig;
///
/// let dropout = DropoutConfig::new(0.5).init()?;
/// let device = Device::default().autodiff();
/// let spikes = Tensor::<3>::ones([10, 1, 64], &device); // [T, B, N]
///
/// device.seed(7);
/// let first = dropout.forward(spikes.clone());
/// device.seed(7);
/// assert_eq!(first.to_data(), dropout.forward(spikes.clone()).to_data());
/// assert_ne!(first.to_data(), dropout.forward(spikes).to_data());
/// # Ok::<(), snn_core::ConfigError>(())
/// ```
#[derive(Module, Debug)]
pub struct Dropout {
    prob: f64,
    channelwise: bool,
    training: Param<Flag>,
}

impl Dropout {
    /// Drops neurons (or channels) of `x`.
    ///
    /// # Shapes
    ///
    /// `x` and output: `[T, B, ...]`; channels are axis 2.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let device = x.device();
        if !self.training.is_enabled() || !device.is_autodiff() || self.prob == 0.0 {
            return x;
        }
        let mut shape = x.dims();
        shape[0] = 1;
        if self.channelwise {
            shape.iter_mut().skip(3).for_each(|size| *size = 1);
        }
        let keep = 1.0 - self.prob;
        x * Tensor::random(shape, Distribution::Bernoulli(keep), &device).div_scalar(keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_that_make_no_sense_are_refused() {
        for prob in [-0.1, 1.0, f64::NAN] {
            let message = DropoutConfig::new(prob).init().unwrap_err().to_string();
            let expected = "dropout probability: expected a number from 0 to below 1, got";
            assert!(message.starts_with(expected), "{message}");
        }
    }
}

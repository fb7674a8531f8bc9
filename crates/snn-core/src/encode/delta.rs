//! Delta modulation: a spike where a signal changes.

use burn::config::Config;
use burn::tensor::Tensor;

use super::EncodeError;
use super::error::{check_steps, check_values};
use crate::error::positive;

/// When [`delta`] spikes. snnTorch `spikegen.delta`.
#[derive(Config, Debug, PartialEq)]
pub struct DeltaConfig {
    /// Change from one step to the next from which on there is a spike.
    #[config(default = 0.1)]
    pub threshold: f64,
    /// Compare the first step with itself (never a spike) instead of with 0.
    #[config(default = false)]
    pub padding: bool,
    /// A spike of -1 where the signal falls by the threshold or more.
    #[config(default = false)]
    pub off_spike: bool,
}

/// Spikes `[T, ...]` from a signal `[T, ...]`: 1 where `x[t] - x[t-1] >= threshold`, and with
/// `off_spike` -1 where it is `<= -threshold`.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use snn_core::encode::{DeltaConfig, delta};
///
/// let signal = Tensor::<1>::from_floats([1.0, 2.0, 0.0, 2.0, 2.5], &Device::default());
/// let spikes = delta(signal, &DeltaConfig::new().with_threshold(1.0).with_off_spike(true))?;
/// assert_eq!(spikes.into_data().try_to_vec::<f32>().unwrap(), [1.0, 1.0, -1.0, 1.0, 0.0]);
/// # Ok::<(), snn_core::encode::EncodeError>(())
/// ```
///
/// # Errors
///
/// A value or a threshold that is not finite, a threshold that is not above 0, no steps.
pub fn delta<const D: usize>(
    signal: Tensor<D>,
    config: &DeltaConfig,
) -> Result<Tensor<D>, EncodeError> {
    let threshold = positive("threshold", config.threshold)?;
    check_values(&signal, "a finite number", f64::is_finite)?;
    let steps = signal.dims()[0];
    check_steps(steps, 0)?;
    let first = signal.clone().narrow(0, 0, 1);
    let before = match config.padding {
        true => first,
        false => first.zeros_like(),
    };
    let before = Tensor::cat(vec![before, signal.clone()], 0).narrow(0, 0, steps);
    let change = signal - before;
    let on = change.clone().greater_equal_scalar(threshold).float();
    Ok(match config.off_spike {
        true => on - change.lower_equal_scalar(-threshold).float(),
        false => on,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn spikes(signal: &[f32], config: &DeltaConfig) -> Vec<f32> {
        let signal = Tensor::<1>::from_floats(signal, &Device::default());
        delta(signal, config).unwrap().into_data().try_to_vec().unwrap()
    }

    #[test]
    fn numbers_of_the_snntorch_tests() {
        let config = DeltaConfig::new();
        assert_eq!(spikes(&[1.0, 2.0, 2.91, 3.0, 3.9], &config), [1.0, 1.0, 1.0, 0.0, 1.0]);
        let one = DeltaConfig::new().with_threshold(1.0);
        assert_eq!(spikes(&[1.0, 2.0, 2.9, 3.0, 3.9], &one), [1.0, 1.0, 0.0, 0.0, 0.0]);
        let padded = one.with_padding(true).with_off_spike(true);
        assert_eq!(spikes(&[1.0, 2.0, 0.0, 2.0, 2.9], &padded), [0.0, 1.0, -1.0, 1.0, 0.0]);
    }

    #[test]
    fn a_change_equal_to_the_threshold_spikes() {
        let config = DeltaConfig::new().with_threshold(0.5).with_off_spike(true);
        assert_eq!(spikes(&[0.5, 0.0, 0.25], &config), [1.0, -1.0, 0.0]);
        assert_eq!(spikes(&[0.5], &config), [1.0]);
    }

    #[test]
    fn what_cannot_be_encoded_says_why() {
        let message = |value: f32, threshold: f64| {
            let signal = Tensor::<1>::from_floats([0.0, value], &Device::default());
            let config = DeltaConfig::new().with_threshold(threshold);
            delta(signal, &config).unwrap_err().to_string()
        };
        assert_eq!(message(f32::NAN, 0.1), "value 1: expected a finite number, got NaN");
        assert_eq!(message(0.0, 0.0), "threshold: expected a finite number above 0, got 0");
        let empty = Tensor::<2>::zeros([0, 3], &Device::default());
        let error = delta(empty, &DeltaConfig::new()).unwrap_err();
        assert_eq!(error.to_string(), "steps: expected at least one step, got 0");
    }
}

//! Latency code: one spike, the earlier the larger the value.

use burn::config::Config;
use burn::tensor::{Int, Tensor};

use super::EncodeError;
use crate::error::{check, positive};

/// How [`latency`] turns a value into the time of its spike. snnTorch `spikegen.latency`.
#[derive(Config, Debug, PartialEq)]
pub struct LatencyConfig {
    /// Number of steps `T`.
    pub steps: usize,
    /// Below it a value counts as the threshold itself, or gives no spike if `clip` is set.
    #[config(default = 0.01)]
    pub threshold: f64,
    /// Time constant, in steps.
    #[config(default = 1.0)]
    pub tau: f64,
    /// Scale the times so that the latest one falls on the last step, whatever `tau`: the latest of
    /// the values given (logarithmic), or that of a value of zero (linear).
    #[config(default = false)]
    pub normalize: bool,
    /// `t = -tau (x - 1)` instead of `t = tau ln(x / (x - threshold))`, the time at which an RC
    /// circuit driven by `x` reaches the threshold.
    #[config(default = false)]
    pub linear: bool,
    /// No spike for values below the threshold.
    #[config(default = false)]
    pub clip: bool,
}

/// Keeps the logarithm finite for values at or below the threshold, as snnTorch does.
const EPSILON: f64 = 1e-7;

/// Spikes `[T, ...]` from values `[...]` in `[0, 1]`: one for each value, at its time rounded to the
/// nearest step; none where that is past the last step. `E` is `D + 1`.
///
/// # Errors
///
/// If a value is not in `[0, 1]` (this reads the values back from the device), if `tau` is not a
/// positive number, the threshold not in `(0, 1)`, or there are no steps.
pub fn latency<const D: usize, const E: usize>(
    values: Tensor<D>,
    config: &LatencyConfig,
) -> Result<Tensor<E>, EncodeError> {
    let LatencyConfig { steps, threshold, tau, normalize, linear, clip } = *config;
    check("steps", steps as f64, "at least one step", steps > 0)?;
    positive("tau", tau)?;
    check("threshold", threshold, "a number between 0 and 1", threshold > 0.0 && threshold < 1.0)?;
    let on_host = values.to_data();
    if let Some((index, value)) =
        on_host.iter::<f64>().enumerate().find(|(_, value)| !(0.0..=1.0).contains(value))
    {
        return Err(EncodeError::Value { index, value });
    }

    let device = values.device();
    let last = (steps - 1) as f64;
    let times = match (linear, normalize) {
        (true, _) => {
            let tau = if normalize { last } else { tau };
            (values.clone().mul_scalar(-tau) + tau).clamp_max(tau * (1.0 - threshold))
        }
        (false, false) => charge_time(values.clone(), threshold).mul_scalar(tau),
        (false, true) => {
            let times = charge_time(values.clone(), threshold);
            let latest = times.clone().max().reshape([1; D]);
            times * latest.recip() * last
        }
    };
    let mut shape = [1; E];
    shape[0] = steps;
    let step = Tensor::<1, Int>::arange(0..steps as i64, &device).float().reshape(shape);
    let spikes = step.equal(times.round().unsqueeze_dim(0)).float();
    Ok(match clip {
        true => spikes * values.greater_equal_scalar(threshold).float().unsqueeze_dim(0),
        false => spikes,
    })
}

/// `ln(x / (x - threshold))`
fn charge_time<const D: usize>(values: Tensor<D>, threshold: f64) -> Tensor<D> {
    let values = values.clamp_min(threshold + EPSILON);
    (values.clone() / values.sub_scalar(threshold)).log()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// Step of the spike of each value, if it has one.
    fn times(values: &[f32], config: LatencyConfig) -> Vec<Option<usize>> {
        let values = Tensor::<1>::from_floats(values, &Device::default());
        let spikes: Tensor<2> = latency(values, &config).unwrap();
        let [steps, n] = spikes.dims();
        let spikes = spikes.into_data().try_to_vec::<f32>().unwrap();
        (0..n).map(|i| (0..steps).find(|t| spikes[t * n + i] == 1.0)).collect()
    }

    #[test]
    fn larger_values_spike_earlier() {
        let config = LatencyConfig::new(12).with_tau(5.0).with_threshold(0.1);
        // 5 ln(x / (x - 0.1)): 0.53, 1.12, 2.03, 5.49 steps.
        assert_eq!(times(&[1.0, 0.5, 0.3, 0.15], config), [1, 1, 2, 5].map(Some));
    }

    #[test]
    fn linear_and_normalized_times_span_the_steps() {
        let linear = LatencyConfig::new(11).with_linear(true).with_normalize(true);
        assert_eq!(times(&[1.0, 0.72, 0.0], linear), [Some(0), Some(3), Some(10)]);
        let logarithmic = LatencyConfig::new(11).with_normalize(true).with_threshold(0.1);
        assert_eq!(times(&[1.0, 0.2], logarithmic), [Some(2), Some(10)]);
    }

    #[test]
    fn values_below_the_threshold_may_be_dropped_and_late_ones_are() {
        let clip = LatencyConfig::new(11).with_linear(true).with_normalize(true).with_clip(true);
        assert_eq!(times(&[0.001, 1.0], clip), [None, Some(0)]);
        let late = LatencyConfig::new(2).with_tau(50.0).with_threshold(0.1);
        assert_eq!(times(&[0.11, 1.0], late), [None, None]);
    }

    #[test]
    fn values_outside_the_unit_interval_are_refused_with_their_position() {
        for bad in [-0.1, 1.5, f32::NAN] {
            let values = Tensor::<1>::from_floats([0.5, bad], &Device::default());
            let error = latency::<1, 2>(values, &LatencyConfig::new(5)).unwrap_err();
            assert!(
                error.to_string().starts_with("value 1: expected a number from 0 to 1"),
                "{error}"
            );
        }
    }
}

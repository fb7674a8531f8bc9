//! Latency code: one spike, the earlier the larger the value.

use burn::config::Config;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::error::{check_steps, check_unit_interval};
use super::{EncodeError, latency_interpolate};
use crate::error::{check, positive};
use crate::steps::step_axis;

/// The time of the spike of a value `x`, in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LatencyCurve {
    /// `tau ln(x / (x - threshold))`: when an RC circuit driven by `x` reaches the threshold.
    Logarithmic,
    /// `tau (1 - x)`, at most that of the threshold.
    Linear,
    /// `(T - 1) - ln(a x + 1)`, with `a` so that a value of 1 spikes at 0: a value of 0 spikes on the
    /// last step. `tau` and `normalize` have no effect, and the threshold only with `clip`.
    /// SpikingJelly `LatencyEncoder(T, "log")`.
    LogOfIntensity,
}

/// How [`latency`] turns a value into a spike. snnTorch `spikegen.latency`.
#[derive(Config, Debug, PartialEq)]
pub struct LatencyConfig {
    /// Number of steps `T`.
    pub steps: usize,
    /// The time of a spike as a function of the value.
    #[config(default = "LatencyCurve::Logarithmic")]
    pub curve: LatencyCurve,
    /// Below it a value counts as the threshold itself, or gives no spike if `clip` is set.
    #[config(default = 0.01)]
    pub threshold: f64,
    /// Time constant, in steps.
    #[config(default = 1.0)]
    pub tau: f64,
    /// Added to all times: no spike comes earlier.
    #[config(default = 0)]
    pub first_spike_time: usize,
    /// Scale the times so that the latest one falls on the last step, whatever `tau`: the latest of
    /// the values given (logarithmic), or that of a value of zero (linear).
    #[config(default = false)]
    pub normalize: bool,
    /// No spike for values below the threshold. No effect with `interpolate`.
    #[config(default = false)]
    pub clip: bool,
    /// Lose spikes past the last step. Otherwise they are an error.
    #[config(default = false)]
    pub bypass: bool,
    /// Result at the step of the spike.
    #[config(default = 1.0)]
    pub on_target: f64,
    /// Result at all other steps.
    #[config(default = 0.0)]
    pub off_target: f64,
    /// Rise from `off_target` at the first step to `on_target` at the spike: a target for the
    /// membrane. See [`latency_interpolate`].
    #[config(default = false)]
    pub interpolate: bool,
    /// Values below `threshold + epsilon` count as that, which keeps the logarithm finite.
    #[config(default = 1e-7)]
    pub epsilon: f64,
}

/// Spikes `[T, ...]` from values `[...]` in `[0, 1]`: one for each value, at the time of
/// [`latency_code`] rounded to the nearest step, halves to even.
///
/// snnTorch `spikegen.latency`. SpikingJelly `LatencyEncoder(T, "linear")` is the linear curve with
/// `normalize` and a threshold close to 0. A target for a class is the code of
/// [`one_hot`](fn@super::one_hot) (snnTorch `spikegen.targets_latency`).
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use snn_core::encode::{LatencyConfig, LatencyCurve, latency};
///
/// let values = Tensor::<1>::from_floats([0.02, 0.5, 1.0], &Device::default());
/// let config = LatencyConfig::new(5).with_curve(LatencyCurve::Linear).with_normalize(true);
/// let spikes: Tensor<2> = latency(values, &config)?;
/// let fourth_step = spikes.narrow(0, 4, 1).into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(fourth_step, [1.0, 0.0, 0.0]);
/// # Ok::<(), snn_core::encode::EncodeError>(())
/// ```
///
/// # Errors
///
/// Those of [`latency_code`]; a spike past the last step, unless `bypass` is set; with
/// `interpolate`, an `on_target` below `off_target`.
pub fn latency<const D: usize, const E: usize>(
    values: Tensor<D>,
    config: &LatencyConfig,
) -> Result<Tensor<E>, EncodeError> {
    let LatencyConfig { steps, on_target, off_target, .. } = *config;
    let times = latency_code(values.clone(), config)?;
    let latest: f32 = times.clone().round().max().into_scalar();
    if latest >= steps as f32 && !config.bypass {
        return Err(EncodeError::Late { step: latest.into(), steps });
    }
    if config.interpolate {
        return latency_interpolate(times, steps, on_target, off_target);
    }
    let step = step_axis::<E>(steps, &values.device());
    let spikes = step.equal(times.round().unsqueeze_dim(0)).float();
    let spikes = match config.clip {
        true => {
            let spiking = values.greater_equal_scalar(config.threshold).float();
            spikes * spiking.unsqueeze_dim(0)
        }
        false => spikes,
    };
    let target = spikes.full_like(off_target);
    Ok(target.mask_fill(spikes.equal_scalar(1.0), on_target))
}

/// Times of the spikes of values `[...]` in `[0, 1]`, in steps and not rounded. They carry the
/// gradient of the values. snnTorch `spikegen.latency_code`.
///
/// # Errors
///
/// If a value is not in `[0, 1]`, `tau` is not a positive number, the threshold is not in `(0, 1)`,
/// `epsilon` is too small to move the threshold in 32 bits, there are no steps, or the first spike
/// time is not one of them.
pub fn latency_code<const D: usize>(
    values: Tensor<D>,
    config: &LatencyConfig,
) -> Result<Tensor<D>, EncodeError> {
    let LatencyConfig { steps, threshold, first_spike_time, normalize, epsilon, .. } = *config;
    check_steps(steps, first_spike_time)?;
    let tau = positive("tau", config.tau)?;
    check("threshold", threshold, "a number between 0 and 1", threshold > 0.0 && threshold < 1.0)?;
    let moves = (threshold + epsilon) as f32 > threshold as f32 && epsilon.is_finite();
    check("epsilon", epsilon, "a number that moves the threshold", moves)?;
    check_unit_interval(&values)?;

    let span = (steps - 1 - first_spike_time) as f64;
    let times = match config.curve {
        LatencyCurve::Linear => {
            let tau = if normalize { span } else { tau };
            values.sub_scalar(1.0).mul_scalar(-tau).clamp_max(tau * (1.0 - threshold))
        }
        LatencyCurve::Logarithmic if normalize => {
            let times = charge_time(values, threshold, epsilon);
            // A tiny threshold may leave nothing but times of 0, which stay what they are.
            let latest = times.clone().max().clamp_min(f32::MIN_POSITIVE).reshape([1; D]);
            times.mul_scalar(span) / latest
        }
        LatencyCurve::Logarithmic => charge_time(values, threshold, epsilon).mul_scalar(tau),
        LatencyCurve::LogOfIntensity => {
            // -ln(x + (1 - x) exp(-span)): the same, but without exp(span), which overflows. Where
            // exp(-span) vanishes, only the time of a value of 0 still depends on it.
            let dark = values.clone().equal_scalar(0.0);
            let least = (-span).exp().max(f64::from(f32::MIN_POSITIVE));
            let times = values.mul_scalar(1.0 - least).add_scalar(least).log().neg();
            times.mask_fill(dark, span)
        }
    };
    Ok(times.add_scalar(first_spike_time as f64))
}

/// `ln(x / (x - threshold))`
pub(super) fn charge_time<const D: usize>(
    values: Tensor<D>,
    threshold: f64,
    epsilon: f64,
) -> Tensor<D> {
    let values = values.clamp_min(threshold + epsilon);
    (values.clone() / values.sub_scalar(threshold)).log()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn values(values: &[f32]) -> Tensor<1> {
        Tensor::from_floats(values, &Device::default())
    }

    /// Step of the spike of each value, if it has one.
    fn times(x: &[f32], config: LatencyConfig) -> Vec<Option<usize>> {
        let spikes: Tensor<2> = latency(values(x), &config).unwrap();
        let [steps, n] = spikes.dims();
        let spikes = spikes.into_data().try_to_vec::<f32>().unwrap();
        (0..n).map(|i| (0..steps).find(|t| spikes[t * n + i] == 1.0)).collect()
    }

    fn code(x: &[f32], config: LatencyConfig) -> Vec<f32> {
        latency_code(values(x), &config).unwrap().into_data().try_to_vec().unwrap()
    }

    fn linear(steps: usize) -> LatencyConfig {
        LatencyConfig::new(steps).with_curve(LatencyCurve::Linear)
    }

    #[test]
    fn larger_values_spike_earlier() {
        let config = LatencyConfig::new(12).with_tau(5.0).with_threshold(0.1);
        // 5 ln(x / (x - 0.1)): 0.53, 1.12, 2.03, 5.49 steps.
        assert_eq!(times(&[1.0, 0.5, 0.3, 0.15], config), [1, 1, 2, 5].map(Some));
    }

    #[test]
    fn times_of_the_snntorch_tests() {
        // ln((0.01 + 1e-7) / 1e-7) is 11.5, ln(1 / 0.99) is 0.01.
        let late = LatencyConfig::new(10).with_first_spike_time(5);
        assert_eq!(
            code(&[0.0, 1.0], late).iter().map(|t| t.floor()).collect::<Vec<_>>(),
            [16.0, 5.0]
        );
        let late = LatencyConfig::new(5).with_first_spike_time(2);
        assert_eq!(
            code(&[0.0, 1.0], late).iter().map(|t| t.round()).collect::<Vec<_>>(),
            [14.0, 2.0]
        );
        assert_eq!(code(&[0.0, 1.0], linear(5).with_first_spike_time(2)), [2.99, 2.0]);
    }

    #[test]
    fn linear_and_normalized_times_span_the_steps() {
        let config = linear(11).with_normalize(true);
        assert_eq!(times(&[1.0, 0.72, 0.0], config), [Some(0), Some(3), Some(10)]);
        let logarithmic = LatencyConfig::new(11).with_normalize(true).with_threshold(0.1);
        assert_eq!(times(&[1.0, 0.2], logarithmic.clone()), [Some(2), Some(10)]);
        // Times 0.105 and 0.693 of at most 0.693 in the six steps from 4 to 10.
        let shifted = logarithmic.with_first_spike_time(4);
        assert_eq!(times(&[1.0, 0.2], shifted), [Some(5), Some(10)]);
    }

    #[test]
    fn log_of_intensity_goes_from_the_first_to_the_last_step() {
        let config = LatencyConfig::new(6).with_curve(LatencyCurve::LogOfIntensity);
        let a = 5f64.exp() - 1.0;
        for (x, got) in
            [1.0, 0.5, 0.1, 0.01, 0.0].iter().zip(code(&[1.0, 0.5, 0.1, 0.01, 0.0], config))
        {
            let expected = 5.0 - (a * x + 1.0).ln();
            assert!((f64::from(got) - expected).abs() < 1e-5, "{x}: {got}, expected {expected}");
        }
        let long = LatencyConfig::new(501).with_curve(LatencyCurve::LogOfIntensity);
        assert_eq!(times(&[1.0, 0.0], long), [Some(0), Some(500)]);
    }

    #[test]
    fn clipped_values_have_no_spike() {
        let clip = linear(11).with_normalize(true).with_clip(true);
        assert_eq!(times(&[0.001, 1.0], clip), [None, Some(0)]);
    }

    #[test]
    fn late_spikes_are_refused_or_lost() {
        // 50 ln(0.11 / 0.01) is 119.9, 50 ln(1 / 0.9) is 5.3.
        let config = LatencyConfig::new(6).with_tau(50.0).with_threshold(0.1);
        let error = latency::<1, 2>(values(&[0.11, 1.0]), &config).unwrap_err();
        assert_eq!(error, EncodeError::Late { step: 120.0, steps: 6 });
        assert!(error.to_string().starts_with("a spike at step 120 does not fit in 6 steps"));
        assert_eq!(times(&[0.11, 1.0], config.with_bypass(true)), [None, Some(5)]);
    }

    #[test]
    fn targets_replace_one_and_zero_and_may_rise_to_the_spike() {
        let config = linear(4).with_normalize(true).with_on_target(1.2).with_off_target(-0.3);
        let spikes: Tensor<2> = latency(values(&[1.0, 0.3]), &config).unwrap();
        let got = spikes.into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(got, [1.2, -0.3, -0.3, -0.3, -0.3, 1.2, -0.3, -0.3]);

        let ramp: Tensor<2> = latency(values(&[1.0, 0.3]), &config.with_interpolate(true)).unwrap();
        let got = ramp.into_data().try_to_vec::<f32>().unwrap();
        let expected = [1.2, -0.3, -0.3, 0.45, -0.3, 1.2, -0.3, -0.3];
        assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{got:?}");
    }

    #[test]
    fn values_outside_the_unit_interval_are_refused_with_their_position() {
        for bad in [-0.1, 1.5, f32::NAN] {
            let error = latency::<1, 2>(values(&[0.5, bad]), &LatencyConfig::new(5)).unwrap_err();
            let error = error.to_string();
            assert!(error.starts_with("value 1: expected a number from 0 to 1"), "{error}");
        }
    }

    #[test]
    fn a_wrong_setting_says_which() {
        let message =
            |config: LatencyConfig| latency_code(values(&[0.5]), &config).unwrap_err().to_string();
        assert_eq!(
            message(LatencyConfig::new(5).with_tau(0.0)),
            "tau: expected a finite number above 0, got 0"
        );
        assert_eq!(
            message(LatencyConfig::new(5).with_threshold(1.0)),
            "threshold: expected a number between 0 and 1, got 1"
        );
        assert_eq!(
            message(LatencyConfig::new(5).with_threshold(0.5).with_epsilon(1e-9)),
            "epsilon: expected a number that moves the threshold, got 0.000000001"
        );
        assert_eq!(
            message(LatencyConfig::new(5).with_first_spike_time(5)),
            "first_spike_time: expected a step of the sequence, got 5"
        );
    }
}

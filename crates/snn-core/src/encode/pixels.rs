//! Pixels to spike times, and spike times to spikes.

use burn::config::Config;
use burn::tensor::{Tensor, TensorData};

use super::EncodeError;
use super::error::{check_steps, check_values};
use super::latency::charge_time;
use crate::error::{check, positive};
use crate::steps::step_axis;

/// Spike times of pixels `p`: `tau ln(p / (p - threshold))`, at most `t_max`; `t_max` for pixels
/// below the threshold. All times are in the unit of `tau` and `t_max`. hxtorch `PixelsToSpikeTimes`.
#[derive(Config, Debug, PartialEq)]
pub struct PixelsToSpikeTimes {
    /// Time constant.
    #[config(default = 20.0)]
    pub tau: f64,
    /// Threshold of the pixels.
    #[config(default = 0.2)]
    pub threshold: f64,
    /// Latest spike time.
    #[config(default = 1.0)]
    pub t_max: f64,
}

/// Keeps the logarithm finite for pixels at the threshold, as hxtorch does.
const EPSILON: f64 = 1e-7;

impl PixelsToSpikeTimes {
    /// Spike times `[...]` of pixels `[...]`.
    ///
    /// # Errors
    ///
    /// A pixel that is not a finite number, a time or a threshold that is not above 0, a threshold
    /// too large (above 1) for an epsilon of 1e-7 to move it in 32 bits.
    pub fn encode<const D: usize>(&self, pixels: Tensor<D>) -> Result<Tensor<D>, EncodeError> {
        let tau = positive("tau", self.tau)?;
        let t_max = positive("t_max", self.t_max)?;
        let threshold = positive("threshold", self.threshold)?;
        let moves = (threshold + EPSILON) as f32 > threshold as f32;
        check("threshold", threshold, "a number of at most 1", moves)?;
        check_values(&pixels, "a finite number", f64::is_finite)?;
        let silent = pixels.clone().lower_scalar(threshold);
        let times = charge_time(pixels, threshold, EPSILON).mul_scalar(tau);
        Ok(times.clamp(0.0, t_max).mask_fill(silent, t_max))
    }
}

/// Spikes `[T, ...]` from one spike time `[...]` for each neuron: at step `floor(t / dt)`, in 32 bits.
/// Spikes past the last step (a time of infinity too) are lost. hxtorch `SpikeTimesToDense`.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use snn_core::encode::spike_times_to_dense;
///
/// let times = Tensor::<1>::from_floats([0.0, 2.9, 3.0], &Device::default());
/// let spikes: Tensor<2> = spike_times_to_dense(times, 3, 1.0)?;
/// let expected = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0];
/// assert_eq!(spikes.into_data().try_to_vec::<f32>().unwrap(), expected);
/// # Ok::<(), snn_core::encode::EncodeError>(())
/// ```
///
/// # Errors
///
/// A time that is negative or not a number, a `dt` that is not above 0, no steps.
pub fn spike_times_to_dense<const D: usize, const E: usize>(
    times: Tensor<D>,
    steps: usize,
    dt: f64,
) -> Result<Tensor<E>, EncodeError> {
    check_steps(steps, 0)?;
    let dt = positive("dt", dt)? as f32;
    check_values(&times, "a time of 0 or more", |time| time >= 0.0)?;
    let device = times.device();
    let shape = times.dims();
    // On the host: a division that is not correctly rounded would move times at a boundary.
    let step: Vec<f32> = times.into_data().iter::<f32>().map(|time| (time / dt).floor()).collect();
    let step = Tensor::<D>::from_data(TensorData::new(step, shape), &device);
    Ok(step_axis::<E>(steps, &device).equal(step.unsqueeze_dim(0)).float())
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn brighter_pixels_spike_earlier_and_dark_ones_last() {
        let pixels = Tensor::<2>::from_floats([[1.0, 0.4], [0.25, 0.1]], &Device::default());
        let encoder = PixelsToSpikeTimes::new().with_tau(2.0).with_t_max(3.0);
        let times = encoder.encode(pixels).unwrap().into_data().try_to_vec::<f32>().unwrap();
        // 2 ln(1 / 0.8), 2 ln 2, 2 ln 5 beyond t_max, below the threshold.
        let expected = [0.446287, 1.386294, 3.0, 3.0];
        assert!(times.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{times:?}");
    }

    #[test]
    fn times_fall_into_the_step_that_they_begin_in() {
        let times = [0.0, 0.49, 0.5, 1.4, 1.5, f32::INFINITY];
        let times = Tensor::<1>::from_floats(times, &Device::default());
        let spikes: Tensor<2> = spike_times_to_dense(times, 3, 0.5).unwrap();
        let spikes = spikes.transpose().into_data().try_to_vec::<f32>().unwrap();
        let step: Vec<Option<usize>> =
            spikes.chunks(3).map(|train| train.iter().position(|z| *z == 1.0)).collect();
        assert_eq!(step, [Some(0), Some(0), Some(1), Some(2), None, None]);
    }

    #[test]
    fn what_cannot_be_encoded_says_why() {
        let tensor = |x: f32| Tensor::<1>::from_floats([0.5, x], &Device::default());
        let times = |x: f32, dt| spike_times_to_dense::<1, 2>(tensor(x), 3, dt).unwrap_err();
        assert_eq!(times(-1.0, 1.0).to_string(), "value 1: expected a time of 0 or more, got -1");
        assert_eq!(times(1.0, 0.0).to_string(), "dt: expected a finite number above 0, got 0");
        let pixels = |x: f32, encoder: PixelsToSpikeTimes| encoder.encode(tensor(x)).unwrap_err();
        let encoder = PixelsToSpikeTimes::new();
        assert_eq!(
            pixels(f32::NAN, encoder.clone()).to_string(),
            "value 1: expected a finite number, got NaN"
        );
        assert_eq!(
            pixels(0.5, encoder.with_threshold(4.0)).to_string(),
            "threshold: expected a number of at most 1, got 4"
        );
    }
}

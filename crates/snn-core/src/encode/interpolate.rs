//! Targets for the membrane: a straight rise to each spike.

use burn::tensor::Tensor;

use super::EncodeError;
use super::error::{check_steps, check_values};
use crate::error::check;
use crate::steps::step_axis;

/// Targets `[T, ...]` from one spike time `[...]` for each neuron, in steps and rounded: from
/// `off_target` at step 0 straight to `on_target` at the spike, and `off_target` after it.
///
/// A time past `T` (infinity too) leaves a neuron at `off_target`; one of exactly `T` gives a rise
/// that the end of the sequence cuts off. snnTorch `spikegen.latency_interpolate`.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use snn_core::encode::latency_interpolate;
///
/// let times = Tensor::<1>::from_floats([0.0, 4.0], &Device::default());
/// let target: Tensor<2> = latency_interpolate(times, 5, 1.0, 0.0)?;
/// let expected = [1.0, 0.0, 0.0, 0.25, 0.0, 0.5, 0.0, 0.75, 0.0, 1.0];
/// assert_eq!(target.into_data().try_to_vec::<f32>().unwrap(), expected);
/// # Ok::<(), snn_core::encode::EncodeError>(())
/// ```
///
/// # Errors
///
/// A time that is negative or not a number, an `on_target` below `off_target`, no steps.
pub fn latency_interpolate<const D: usize, const E: usize>(
    times: Tensor<D>,
    steps: usize,
    on_target: f64,
    off_target: f64,
) -> Result<Tensor<E>, EncodeError> {
    check_steps(steps, 0)?;
    check("on_target", on_target, "at least off_target", on_target >= off_target)?;
    check_values(&times, "a time of 0 or more", |time| time >= 0.0)?;
    let step = step_axis::<E>(steps, &times.device());
    let times = times.round();
    let never = times.clone().greater_scalar(steps as f64);
    let times: Tensor<E> = times.mask_fill(never, -1.0).unsqueeze_dim(0);
    // At time 0 the spike itself is all there is of the rise.
    let rise = step.clone() / times.clone().clamp_min(1.0);
    let target = rise.mul_scalar(on_target - off_target).add_scalar(off_target);
    let target = target.mask_fill(step.clone().equal(times.clone()), on_target);
    Ok(target.mask_fill(step.greater(times), off_target))
}

/// The target of one neuron with spikes at `times`, in steps and in any order: from `off_target` at
/// the step after a spike (or at step 0) straight to `on_target` at the next, and `off_target` after
/// the last. snnTorch `spikegen.rate_interpolate`.
///
/// ```
/// use snn_core::encode::rate_interpolate;
///
/// assert_eq!(rate_interpolate(&[0, 3, 4], 6, 1.0, 0.0), [1.0, 0.0, 0.5, 1.0, 1.0, 0.0]);
/// ```
pub fn rate_interpolate(
    times: &[usize],
    steps: usize,
    on_target: f64,
    off_target: f64,
) -> Vec<f32> {
    let mut target = vec![off_target as f32; steps];
    let mut start = 0;
    for spike in (0..steps).filter(|step| times.contains(step)) {
        let rise = (on_target - off_target) / (spike - start).max(1) as f64;
        for (risen, target) in target[start..spike].iter_mut().enumerate() {
            *target = (off_target + rise * risen as f64) as f32;
        }
        target[spike] = on_target as f32;
        start = spike + 1;
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn ramps(times: &[f32], on: f64, off: f64) -> Result<Vec<f32>, EncodeError> {
        let times = Tensor::<1>::from_floats(times, &Device::default());
        let target: Tensor<2> = latency_interpolate(times, 5, on, off)?;
        Ok(target.transpose().into_data().try_to_vec().unwrap())
    }

    fn assert_close(got: &[f32], expected: &[f32]) {
        assert_eq!(got.len(), expected.len());
        assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{got:?}");
    }

    #[test]
    fn each_neuron_rises_to_its_spike() {
        let got = ramps(&[0.0, 4.0, 2.4], 1.25, 0.25).unwrap();
        let expected = [
            [1.25, 0.25, 0.25, 0.25, 0.25],
            [0.25, 0.5, 0.75, 1.0, 1.25],
            [0.25, 0.75, 1.25, 0.25, 0.25],
        ];
        assert_close(&got, expected.as_flattened());
    }

    #[test]
    fn a_neuron_without_a_spike_stays_off() {
        let got = ramps(&[5.0, 6.0, f32::INFINITY], 1.0, 0.0).unwrap();
        let expected = [[0.0, 0.2, 0.4, 0.6, 0.8], [0.0; 5], [0.0; 5]];
        assert_close(&got, expected.as_flattened());
    }

    #[test]
    fn spikes_in_any_order_and_none_at_all() {
        let got = rate_interpolate(&[4, 0], 5, 1.25, 0.25);
        assert_close(&got, &[1.25, 0.25, 0.583333, 0.916667, 1.25]);
        assert_eq!(rate_interpolate(&[4], 5, 1.0, 0.0), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(rate_interpolate(&[], 3, 1.0, 0.5), [0.5; 3]);
    }

    #[test]
    fn what_cannot_be_encoded_says_why() {
        let message = |time: f32, on: f64| ramps(&[1.0, time], on, 0.0).unwrap_err().to_string();
        assert_eq!(message(-1.0, 1.0), "value 1: expected a time of 0 or more, got -1");
        assert_eq!(message(f32::NAN, 1.0), "value 1: expected a time of 0 or more, got NaN");
        assert_eq!(message(1.0, -0.5), "on_target: expected at least off_target, got -0.5");
    }
}

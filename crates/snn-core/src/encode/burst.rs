//! Burst code: the larger the value, the more spikes, and the closer together.

use burn::config::Config;
use burn::tensor::{Tensor, TensorData};

use super::EncodeError;
use super::error::{check_steps, check_unit_interval};
use crate::error::check;

/// The bursts of [`burst`]. Intervals are in steps, from one spike to the next.
#[derive(Config, Debug, PartialEq)]
pub struct BurstConfig {
    /// Number of steps `T`.
    pub steps: usize,
    /// Spikes in the burst of a value of 1.
    pub max_spikes: usize,
    /// Interval in the burst of a value of 1.
    pub min_interval: usize,
    /// Interval towards which bursts of small values go.
    pub max_interval: usize,
}

/// Spikes `[T, ...]` from values `[...]` in `[0, 1]`: from step 0 on a burst of
/// `ceil(max_spikes x)` spikes, `ceil(max_interval - (max_interval - min_interval) x)` steps apart.
/// Spikes past the last step are lost.
///
/// Guo et al., "Neural Coding in Spiking Neural Networks: A Comparative Study for Robust Neuromorphic
/// Systems", Frontiers in Neuroscience 15:638474 (2021).
///
/// # Errors
///
/// A value outside `[0, 1]`, no steps, bursts without a spike, an interval of 0, intervals in the
/// wrong order.
pub fn burst<const D: usize, const E: usize>(
    values: Tensor<D>,
    config: &BurstConfig,
) -> Result<Tensor<E>, EncodeError> {
    let BurstConfig { steps, max_spikes, min_interval, max_interval } = *config;
    check_steps(steps, 0)?;
    check("max_spikes", max_spikes as f64, "at least one spike", max_spikes > 0)?;
    check("min_interval", min_interval as f64, "at least one step", min_interval > 0)?;
    let ordered = max_interval >= min_interval;
    check("max_interval", max_interval as f64, "at least min_interval", ordered)?;
    check_unit_interval(&values)?;

    let mut shape = vec![steps];
    shape.extend(values.dims());
    let device = values.device();
    let values = values.into_data();
    let neurons = values.num_elements();
    let mut spikes = vec![0.0f32; steps * neurons];
    for (neuron, value) in values.iter::<f32>().enumerate() {
        // In 32 bits like the value: 0.2 of 5 spikes is one, not a hair more and so two.
        let count = (max_spikes as f32 * value).ceil() as usize;
        let range = (max_interval - min_interval) as f32;
        let interval = (max_interval as f32 - range * value).ceil() as usize;
        for step in (0..steps).step_by(interval).take(count) {
            spikes[step * neurons + neuron] = 1.0;
        }
    }
    Ok(Tensor::from_data(TensorData::new(spikes, shape), &device))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn times(value: f32, config: &BurstConfig) -> Vec<usize> {
        let values = Tensor::<1>::from_floats([value], &Device::default());
        let spikes: Tensor<2> = burst(values, config).unwrap();
        let spikes = spikes.into_data().try_to_vec::<f32>().unwrap();
        (0..config.steps).filter(|step| spikes[*step] == 1.0).collect()
    }

    #[test]
    fn number_and_interval_follow_the_value() {
        let config = BurstConfig::new(20, 5, 2, 6);
        assert_eq!(times(1.0, &config), [0, 2, 4, 6, 8]);
        // ceil(2.5) spikes, 6 - 4 / 2 steps apart.
        assert_eq!(times(0.5, &config), [0, 4, 8]);
        // ceil(3.5) spikes, ceil(6 - 2.8) steps apart.
        assert_eq!(times(0.7, &config), [0, 4, 8, 12]);
        assert_eq!(times(0.2, &config), [0]);
        assert!(times(0.0, &config).is_empty());
    }

    #[test]
    fn late_spikes_are_lost() {
        assert_eq!(times(0.5, &BurstConfig::new(8, 5, 2, 6)), [0, 4]);
    }

    #[test]
    fn each_value_has_its_own_burst() {
        let values = Tensor::<2>::from_floats([[1.0, 0.0], [0.1, 1.0]], &Device::default());
        let spikes: Tensor<3> = burst(values, &BurstConfig::new(2, 2, 1, 3)).unwrap();
        let got = spikes.into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(got, [1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn what_cannot_be_encoded_says_why() {
        let message = |value: f32, config: BurstConfig| {
            let values = Tensor::<1>::from_floats([0.5, value], &Device::default());
            burst::<1, 2>(values, &config).unwrap_err().to_string()
        };
        assert_eq!(
            message(1.5, BurstConfig::new(5, 5, 2, 6)),
            "value 1: expected a number from 0 to 1, got 1.5"
        );
        assert_eq!(
            message(0.5, BurstConfig::new(5, 5, 0, 6)),
            "min_interval: expected at least one step, got 0"
        );
        assert_eq!(
            message(0.5, BurstConfig::new(5, 5, 7, 6)),
            "max_interval: expected at least min_interval, got 6"
        );
        assert_eq!(
            message(0.5, BurstConfig::new(5, 0, 2, 6)),
            "max_spikes: expected at least one spike, got 0"
        );
    }
}

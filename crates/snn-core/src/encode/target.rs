//! Targets of a classifier: spike trains with one rate for the right class and one for the others.

use burn::config::Config;
use burn::tensor::{Int, Tensor, TensorData};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::error::check_steps;
use super::{EncodeError, one_hot, rate_interpolate};
use crate::ConfigError;
use crate::error::{check, finite};

/// How the spikes of a given rate are spread over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FiringPattern {
    /// At even distances, from the first spike time on.
    Regular,
    /// As many as `Regular` has, at times drawn evenly from the steps. Two in one step are one.
    Uniform,
    /// Drawn at each step, with the rate as the probability.
    Poisson,
}

/// The targets of [`targets_rate`]. Rates are in spikes per step.
#[derive(Config, Debug, PartialEq)]
pub struct TargetRateConfig {
    /// Number of steps `T`.
    pub steps: usize,
    /// Steps before this one have no spike.
    #[config(default = 0)]
    pub first_spike_time: usize,
    /// Rate of the class of the label.
    #[config(default = 1.0)]
    pub correct_rate: f64,
    /// Rate of the other classes, at most that of the right one.
    #[config(default = 0.0)]
    pub incorrect_rate: f64,
    /// How spikes are spread over time.
    #[config(default = "FiringPattern::Regular")]
    pub firing_pattern: FiringPattern,
    /// Target at a spike.
    #[config(default = 1.0)]
    pub on_target: f64,
    /// Target without a spike.
    #[config(default = 0.0)]
    pub off_target: f64,
    /// Rise from `off_target` to `on_target` between spikes: a target for the membrane. See
    /// [`rate_interpolate`].
    #[config(default = false)]
    pub interpolate: bool,
}

/// Targets `[T, B, classes]` of labels `[B]`. All right classes share one spike train, and all wrong
/// ones another.
///
/// snnTorch `spikegen.targets_rate` as documented. (Its release 1.0.0 raises an error for rates other
/// than 1 and 0, and for those, without a first spike time, returns one step without a time axis.)
///
/// # Errors
///
/// A label that is not one of the classes, a rate outside `[0, 1]`, an incorrect rate above the
/// correct one, a target that is not finite, no steps, a first spike past the last of them.
pub fn targets_rate(
    labels: Tensor<1, Int>,
    classes: usize,
    config: &TargetRateConfig,
    rng: &mut impl Rng,
) -> Result<Tensor<3>, EncodeError> {
    let TargetRateConfig { steps, first_spike_time, correct_rate, incorrect_rate, .. } = *config;
    check_steps(steps, first_spike_time)?;
    let ordered = incorrect_rate <= correct_rate;
    check("incorrect_rate", incorrect_rate, "at most correct_rate", ordered)?;
    let on = finite("on_target", config.on_target)?;
    let off = finite("off_target", config.off_target)?;
    let device = labels.device();
    let mut train = |rate| {
        let times = target_rate_code(steps, first_spike_time, rate, config.firing_pattern, rng)?;
        let target = match config.interpolate {
            true => rate_interpolate(&times, steps, on, off),
            false => (0..steps).map(|t| if times.contains(&t) { on } else { off } as f32).collect(),
        };
        Ok::<_, ConfigError>(Tensor::<3>::from_data(
            TensorData::new(target, [steps, 1, 1]),
            &device,
        ))
    };
    let correct = train(correct_rate)?;
    let incorrect = train(incorrect_rate)?;
    let right: Tensor<3> = one_hot(labels, classes)?.unsqueeze_dim(0);
    let wrong = right.clone().neg().add_scalar(1.0);
    Ok(right * correct + wrong * incorrect)
}

/// The steps, in ascending order, at which a neuron of a given rate spikes, from `first_spike_time`
/// to the last of `steps`. The rate is in spikes per step. snnTorch `spikegen.target_rate_code`.
///
/// ```
/// use rand::SeedableRng;
/// use rand_chacha::ChaCha8Rng;
/// use snn_core::encode::{FiringPattern, target_rate_code};
///
/// let mut rng = ChaCha8Rng::seed_from_u64(1);
/// assert_eq!(target_rate_code(12, 0, 0.4, FiringPattern::Regular, &mut rng)?, [0, 2, 5, 7, 10]);
/// # Ok::<(), snn_core::ConfigError>(())
/// ```
///
/// # Errors
///
/// A rate outside `[0, 1]`, a first spike time past the end of the sequence.
pub fn target_rate_code(
    steps: usize,
    first_spike_time: usize,
    rate: f64,
    firing_pattern: FiringPattern,
    rng: &mut impl Rng,
) -> Result<Vec<usize>, ConfigError> {
    check("rate", rate, "a number from 0 to 1", (0.0..=1.0).contains(&rate))?;
    let first = first_spike_time as f64;
    check("first_spike_time", first, "at most the number of steps", first_spike_time <= steps)?;
    let span = (steps - first_spike_time) as f64;
    // In steps after the first spike time; in 32 bits, or three times 1 / 0.3 might fall short of 10.
    let regular =
        (0..).map(|n| (n as f64 / rate) as f32).take_while(|time| f64::from(*time) < span);
    let mut times: Vec<usize> = match firing_pattern {
        _ if rate == 0.0 => Vec::new(),
        FiringPattern::Regular => regular.map(|time| first_spike_time + time as usize).collect(),
        FiringPattern::Uniform => {
            regular.map(|_| rng.random_range(first_spike_time..steps)).collect()
        }
        FiringPattern::Poisson => {
            (first_spike_time..steps).filter(|_| rng.random::<f64>() < rate).collect()
        }
    };
    times.sort_unstable();
    times.dedup();
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn code(steps: usize, first: usize, rate: f64, pattern: FiringPattern) -> Vec<usize> {
        target_rate_code(steps, first, rate, pattern, &mut ChaCha8Rng::seed_from_u64(3)).unwrap()
    }

    fn targets(config: &TargetRateConfig) -> Vec<f32> {
        let labels = Tensor::<1, Int>::from_ints([2, 0], &Device::default());
        let targets = targets_rate(labels, 3, config, &mut ChaCha8Rng::seed_from_u64(3)).unwrap();
        assert_eq!(targets.dims(), [config.steps, 2, 3]);
        targets.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn regular_spikes_of_the_snntorch_tests() {
        let regular = |first, rate| code(5, first, rate, FiringPattern::Regular);
        assert_eq!(regular(0, 0.5), [0, 2, 4]);
        assert_eq!(regular(0, 1.0), [0, 1, 2, 3, 4]);
        assert_eq!(regular(3, 1.0), [3, 4]);
        assert_eq!(regular(0, 0.3), [0, 3]);
        assert!(regular(0, 0.0).is_empty() && regular(5, 1.0).is_empty());
        assert_eq!(code(12, 0, 0.3, FiringPattern::Regular), [0, 3, 6, 10]);
        // The n-th spike of a rate of k / 10 is due after 10 n / k steps.
        for k in 1..=10 {
            let times = code(1001, 0, k as f64 / 10.0, FiringPattern::Regular);
            assert!((0..=10 * k).all(|n| times[n] == 10 * n / k), "{k}: {times:?}");
        }
    }

    #[test]
    fn drawn_spikes_come_at_the_rate_and_not_too_early() {
        let poisson = code(4000, 1000, 0.3, FiringPattern::Poisson);
        let deviation = (3000.0f64 * 0.3 * 0.7).sqrt();
        assert!((poisson.len() as f64 - 900.0).abs() < 5.0 * deviation, "{}", poisson.len());
        // 900 draws from 3,000 steps hit 3000 (1 - exp(-0.3)) = 777.5 of them, give or take
        // sqrt(3000 exp(-0.3) (1 - 1.3 exp(-0.3))) = 9.
        let uniform = code(4000, 1000, 0.3, FiringPattern::Uniform);
        assert!((uniform.len() as f64 - 777.5).abs() < 5.0 * 9.1, "{}", uniform.len());
        for times in [poisson, uniform] {
            assert!(times[0] >= 1000 && times.is_sorted_by(|a, b| a < b));
            let late = times.iter().filter(|time| **time >= 2500).count() as f64;
            let half = times.len() as f64 / 2.0;
            assert!((late - half).abs() < 5.0 * (half / 2.0).sqrt(), "{late} of {half}");
        }
    }

    #[test]
    fn the_right_class_has_one_rate_and_the_others_another() {
        let config = TargetRateConfig::new(6).with_correct_rate(0.5).with_incorrect_rate(0.25);
        let (both, right, none) =
            ([1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0, 0.0, 0.0], [0.0; 6]);
        assert_eq!(targets(&config), [both, none, right, none, both, none].concat());
    }

    #[test]
    fn targets_rise_between_spikes() {
        let config = TargetRateConfig::new(5)
            .with_correct_rate(0.25)
            .with_on_target(1.2)
            .with_off_target(0.5)
            .with_interpolate(true);
        let got = targets(&config);
        let right: Vec<f32> = got.iter().skip(2).step_by(6).copied().collect();
        let expected = [1.2, 0.5, 0.733333, 0.966667, 1.2];
        assert!(right.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{right:?}");
        assert!(got.iter().step_by(6).all(|wrong| *wrong == 0.5));
    }

    #[test]
    fn targets_may_have_any_sign_and_order() {
        for (on, off) in [(1.0, 0.0), (0.0, -1.0), (-2.0, -1.0), (0.5, -0.5)] {
            let config = TargetRateConfig::new(3).with_first_spike_time(2);
            let config = config.with_on_target(on.into()).with_off_target(off.into());
            let rows = [off; 12].into_iter().chain([off, off, on, on, off, off]);
            assert_eq!(targets(&config), rows.collect::<Vec<f32>>());
        }
    }

    #[test]
    fn what_cannot_be_encoded_says_why() {
        let message = |config: TargetRateConfig, label: i64| {
            let labels = Tensor::<1, Int>::from_data([label], &Device::default());
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            targets_rate(labels, 3, &config, &mut rng).unwrap_err().to_string()
        };
        let config = TargetRateConfig::new(5);
        assert!(message(config.clone(), 3).starts_with("value 0: expected a label from 0"));
        assert_eq!(
            message(config.clone().with_correct_rate(1.5), 0),
            "rate: expected a number from 0 to 1, got 1.5"
        );
        assert_eq!(
            message(config.clone().with_correct_rate(0.1).with_incorrect_rate(0.2), 0),
            "incorrect_rate: expected at most correct_rate, got 0.2"
        );
        assert_eq!(
            message(config.with_first_spike_time(5), 0),
            "first_spike_time: expected a step of the sequence, got 5"
        );
    }
}

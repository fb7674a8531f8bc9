//! Rate code: at each step a spike with a probability given by the value.

use burn::config::Config;
use burn::tensor::{Tensor, TensorData};
use rand::{Rng, RngExt};

use super::EncodeError;
use super::error::{check_steps, check_values};
use crate::error::finite;

/// How [`rate`] turns a value `x` into the probability of a spike, `gain x + offset`.
#[derive(Config, Debug, PartialEq)]
pub struct RateConfig {
    /// Number of steps `T`.
    pub steps: usize,
    /// Factor of the values.
    #[config(default = 1.0)]
    pub gain: f64,
    /// Added to the scaled values.
    #[config(default = 0.0)]
    pub offset: f64,
    /// Steps before this one have no spike.
    #[config(default = 0)]
    pub first_spike_time: usize,
    /// A negative `gain x + offset` is a probability of its magnitude for a spike of -1. Otherwise
    /// it is one of 0.
    #[config(default = false)]
    pub signed: bool,
}

impl RateConfig {
    /// Poisson spikes of values in `[0, 1]`: the probability at each step is `f_max dt x`, with
    /// `f_max` the rate of a value of 1 (Hz) and `dt` the length of a step (s). Norse
    /// `poisson_encode`, by default with 100 Hz and 1 ms.
    pub fn poisson(steps: usize, f_max: f64, dt: f64) -> Self {
        Self::new(steps).with_gain(f_max * dt)
    }
}

/// Draws spikes `[T, ...]` from values `[...]`: at each step an independent spike with the
/// probability `gain x + offset`, clamped to `[0, 1]`.
///
/// snnTorch `spikegen.rate`, Norse `poisson_encode` and `signed_poisson_encode`, sinabs
/// `Img2SpikeLayer`, SpikingJelly `PoissonEncoder`.
///
/// # Errors
///
/// A value that is not a number, a gain or offset that is not finite, no steps, a first spike past
/// the last of them.
pub fn rate<const D: usize, const E: usize>(
    values: Tensor<D>,
    config: &RateConfig,
    rng: &mut impl Rng,
) -> Result<Tensor<E>, EncodeError> {
    let RateConfig { steps, gain, offset, first_spike_time, signed } = *config;
    check_steps(steps, first_spike_time)?;
    finite("gain", gain)?;
    finite("offset", offset)?;
    check_values(&values, "a number", |value| !value.is_nan())?;
    let intensity: Tensor<E> = values.mul_scalar(gain).add_scalar(offset).unsqueeze_dim(0);
    let mut shape = intensity.dims();
    shape[0] = steps - first_spike_time;
    let spikes = match signed {
        true => bernoulli(intensity.clone().abs(), shape, rng) * intensity.sign(),
        false => bernoulli(intensity, shape, rng),
    };
    Ok(after_silence(spikes, first_spike_time))
}

/// Draws spikes `[first_spike_time + T, ...]` from probabilities that change over time, `[T, ...]`,
/// clamped to `[0, 1]`, after `first_spike_time` steps without a spike.
///
/// snnTorch `spikegen.rate` with `time_var_input`, which has no gain and offset either, and
/// `spikegen.rate_conv`.
///
/// # Errors
///
/// A probability that is not a number.
pub fn rate_over_time<const D: usize>(
    probabilities: Tensor<D>,
    first_spike_time: usize,
    rng: &mut impl Rng,
) -> Result<Tensor<D>, EncodeError> {
    check_values(&probabilities, "a number", |value| !value.is_nan())?;
    let shape = probabilities.dims();
    Ok(after_silence(bernoulli(probabilities, shape, rng), first_spike_time))
}

fn bernoulli<const D: usize>(
    probabilities: Tensor<D>,
    shape: [usize; D],
    rng: &mut impl Rng,
) -> Tensor<D> {
    let draws: Vec<f32> = (0..shape.iter().product()).map(|_| rng.random()).collect();
    let draws = Tensor::<D>::from_data(TensorData::new(draws, shape), &probabilities.device());
    // Draws lie in [0, 1), so strictly below: a value of 0 never spikes, a value of 1 always does.
    draws.lower(probabilities).float()
}

fn after_silence<const D: usize>(spikes: Tensor<D>, steps: usize) -> Tensor<D> {
    if steps == 0 {
        return spikes;
    }
    let mut shape = spikes.dims();
    shape[0] = steps;
    Tensor::cat(vec![Tensor::zeros(shape, &spikes.device()), spikes], 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn spikes(values: &[f32], config: &RateConfig) -> Tensor<2> {
        let values = Tensor::<1>::from_floats(values, &Device::default());
        rate(values, config, &mut ChaCha8Rng::seed_from_u64(1)).unwrap()
    }

    fn mean_over_time(spikes: Tensor<2>) -> Vec<f32> {
        spikes.mean_dim(0).into_data().try_to_vec().unwrap()
    }

    /// Five standard deviations of the mean of 4,000 draws.
    fn assert_mean(mean: f32, p: f32) {
        assert!((mean - p).abs() < 5.0 * (p * (1.0 - p) / 4000.0).sqrt(), "{mean}, expected {p}");
    }

    #[test]
    fn mean_rate_is_the_value_and_the_ends_are_exact() {
        let mean = mean_over_time(spikes(&[-1.0, 0.0, 0.3, 1.0, 2.0], &RateConfig::new(4000)));
        assert_eq!((mean[0], mean[1], mean[3], mean[4]), (0.0, 0.0, 1.0, 1.0));
        assert_mean(mean[2], 0.3);
    }

    #[test]
    fn gain_and_offset_make_the_probability() {
        let config = RateConfig::new(4000).with_gain(0.5).with_offset(0.1);
        let mean = mean_over_time(spikes(&[0.0, 0.6, 1.8], &config));
        assert_mean(mean[0], 0.1);
        assert_mean(mean[1], 0.4);
        assert_eq!(mean[2], 1.0);
    }

    #[test]
    fn poisson_spikes_come_at_the_rate_in_hertz() {
        // 200 Hz in steps of 1 ms: 0.2 spikes a step, and 0.05 for a quarter of that.
        let mean = mean_over_time(spikes(&[1.0, 0.25], &RateConfig::poisson(4000, 200.0, 1e-3)));
        assert_mean(mean[0], 0.2);
        assert_mean(mean[1], 0.05);
    }

    #[test]
    fn signed_spikes_have_the_sign_of_the_value() {
        let config = RateConfig::new(4000).with_signed(true);
        let spikes = spikes(&[-0.3, 0.0, 0.6, -1.0], &config);
        let all = spikes.to_data().try_to_vec::<f32>().unwrap();
        assert!(all.chunks(4).all(|z| [-1.0, 0.0].contains(&z[0]) && [0.0, 1.0].contains(&z[2])));
        let mean = mean_over_time(spikes);
        assert_mean(-mean[0], 0.3);
        assert_mean(mean[2], 0.6);
        assert_eq!((mean[1], mean[3]), (0.0, -1.0));
    }

    #[test]
    fn no_spike_before_the_first_spike_time() {
        let config = RateConfig::new(5).with_first_spike_time(3);
        let got = spikes(&[1.0, 0.0], &config).into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(got, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0]);

        let sequence = Tensor::<2>::from_floats([[1.0, 0.0], [-1.0, 2.0]], &Device::default());
        let got = rate_over_time(sequence, 1, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        let got = got.into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(got, [0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn a_seed_gives_the_same_spikes_again() {
        let draw = || spikes(&[0.5; 8], &RateConfig::new(20)).into_data();
        assert_eq!(draw(), draw());
    }

    #[test]
    fn what_cannot_be_encoded_says_why() {
        let message = |value: f32, config: RateConfig| {
            let values = Tensor::<1>::from_floats([0.5, value], &Device::default());
            let spikes = rate::<1, 2>(values, &config, &mut ChaCha8Rng::seed_from_u64(1));
            spikes.unwrap_err().to_string()
        };
        assert_eq!(message(f32::NAN, RateConfig::new(5)), "value 1: expected a number, got NaN");
        assert_eq!(message(0.5, RateConfig::new(0)), "steps: expected at least one step, got 0");
        assert_eq!(
            message(0.5, RateConfig::new(5).with_first_spike_time(5)),
            "first_spike_time: expected a step of the sequence, got 5"
        );
        assert_eq!(
            message(0.5, RateConfig::new(5).with_gain(f64::INFINITY)),
            "gain: expected a finite number, got inf"
        );
    }
}

//! Membranes as BrainScaleS-2 reads them: its columnar analog-to-digital converters (CADC).
//!
//! ```text
//! reading = round(v / trace_scale + baseline + offset + noise), in 0 ..= 2^bits - 1
//! v ← (reading - baseline) · trace_scale
//! ```

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::Rng;

use super::gaussian::gaussian;
use super::quantize::{IntegerRange, quantize};
use crate::error::{ConfigError, at_least_one, check, finite, positive};

/// Configuration of [`Cadc`]. Noise and offset are in units of a reading (LSB).
#[derive(Config, Debug, PartialEq)]
pub struct CadcConfig {
    /// Membrane potential of one LSB. The default is that of hxtorch's Yin-Yang experiment, where the
    /// threshold is 1.
    #[config(default = 0.0147)]
    pub trace_scale: f64,
    /// Resolution. Pehle et al., *The BrainScaleS-2 Accelerated Neuromorphic System With Hybrid
    /// Plasticity*, Frontiers in Neuroscience 16, 2022.
    #[config(default = 8)]
    pub bits: u32,
    /// The reading of a membrane at 0; the default is hxtorch's leak potential.
    #[config(default = 80.0)]
    pub baseline: f64,
    /// Steps from one sample to the next; the steps between show the last sample. The chip samples at
    /// most every 1.7 µs (hxtorch, `enable_cadc_recording`).
    #[config(default = 1)]
    pub sampling_period: usize,
    /// Standard deviation of the noise of a sample; the default is hxtorch's in its mock of the chip's
    /// matrix multiplication (`MockParameter::noise_std`).
    #[config(default = 2.0)]
    pub noise: f64,
    /// Standard deviation of the offset of a channel, which stays as it is; the default is what the
    /// chip's calibration (calix) takes as the limit of success.
    #[config(default = 3.0)]
    pub offset: f64,
}

impl CadcConfig {
    /// A chip's converters for this many neurons, their offsets drawn once.
    ///
    /// # Errors
    ///
    /// Names the first field that describes no converter.
    pub fn init(
        &self,
        neurons: usize,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Result<Cadc, ConfigError> {
        let not_negative = |name, value: f64| {
            check(name, value, "a finite number from 0", value.is_finite() && value >= 0.0)
        };
        positive("trace_scale", self.trace_scale)?;
        check("bits", self.bits.into(), "1 to 16 bits", (1..=16).contains(&self.bits))?;
        finite("baseline", self.baseline)?;
        at_least_one("sampling_period", self.sampling_period)?;
        not_negative("noise", self.noise)?;
        not_negative("offset", self.offset)?;
        let offset = gaussian([neurons], self.offset, rng, device);
        Ok(Cadc { config: self.clone(), offset })
    }
}

/// Reads membranes as a chip does: with noise, an offset of each channel, in few bits, now and then.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use rand::SeedableRng;
/// use rand_chacha::ChaCha8Rng;
/// use snn_core::hardware::CadcConfig;
///
/// let (device, mut rng) = (Device::default(), ChaCha8Rng::seed_from_u64(1));
/// let config = CadcConfig::new().with_trace_scale(0.25).with_noise(0.0).with_offset(0.0);
/// let cadc = config.init(3, &mut rng, &device)?;
/// let v = Tensor::<3>::from_floats([[[0.3, -0.5, 99.0]]], &device); // [T, B, N]
/// let read = cadc.read(v, &mut rng).into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(read, [0.25, -0.5, 43.75]); // 43.75 = (255 - 80) / 4
/// # Ok::<(), snn_core::ConfigError>(())
/// ```
#[derive(Module, Debug)]
pub struct Cadc {
    #[module(skip)]
    config: CadcConfig,
    /// Of each channel, in LSB, `[N]`. Not a parameter.
    offset: Tensor<1>,
}

impl Cadc {
    /// What is read of membranes `v`, in their units. The gradient is that of `v` at the steps that are
    /// sampled, and passes rounding and saturation as it does in [`quantize`].
    ///
    /// # Shapes
    ///
    /// `v` and result: `[T, B, N]`.
    ///
    /// # Panics
    ///
    /// If there are not as many neurons as channels.
    pub fn read(&self, v: Tensor<3>, rng: &mut impl Rng) -> Tensor<3> {
        let ([steps, _, got], [expected]) = (v.dims(), self.offset.dims());
        assert!(got == expected, "expected membranes of {expected} neurons, got {got}");
        let CadcConfig { trace_scale, baseline, noise, bits, sampling_period, .. } = self.config;
        let device = v.device();
        let along_time = |v: Tensor<3>, steps: Vec<i64>| match sampling_period {
            1 => v,
            _ => v.select(0, Tensor::from_data(steps.as_slice(), &device)),
        };
        let all_steps = 0..steps as i64;
        let v = along_time(v, all_steps.clone().step_by(sampling_period).collect());
        let noise = gaussian(v.dims(), noise, rng, &device);
        let offset = self.offset.clone().reshape([1, 1, expected]);
        let level = v.div_scalar(trace_scale).add_scalar(baseline) + offset + noise;
        let reading = quantize(level, 1.0, IntegerRange::unsigned(bits));
        let v = reading.sub_scalar(baseline).mul_scalar(trace_scale);
        along_time(v, all_steps.map(|t| t / sampling_period as i64).collect())
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    fn values(x: Tensor<3>) -> Vec<f64> {
        x.into_data().iter::<f64>().collect()
    }

    fn quiet() -> CadcConfig {
        CadcConfig::new().with_noise(0.0).with_offset(0.0)
    }

    #[test]
    fn readings_have_a_resolution_and_two_ends() {
        let device = Device::default();
        let cadc = quiet().init(5, &mut rng(1), &device).unwrap();
        let v = Tensor::<3>::from_floats([[[0.0, 0.02, -0.008, 3.0, -3.0]]], &device);
        // 0, 1.36, -0.54, 204 and -204 LSB from the baseline at 80.
        let expected = [0.0, 1.0, -1.0, 175.0, -80.0].map(|lsb| lsb * 0.0147);
        for (got, expected) in values(cadc.read(v, &mut rng(1))).iter().zip(expected) {
            assert!((got - expected).abs() < 1e-5, "{got} {expected}");
        }
    }

    #[test]
    fn a_sample_is_shown_until_the_next() {
        let device = Device::default().autodiff();
        let config = quiet().with_trace_scale(1.0).with_sampling_period(3);
        let cadc = config.init(1, &mut rng(1), &device).unwrap();
        let v = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let v = Tensor::<1>::from_floats(v, &device).reshape([8, 1, 1]).require_grad();
        let read = cadc.read(v.clone(), &mut rng(1));
        assert_eq!(values(read.clone()), [1.0, 1.0, 1.0, 4.0, 4.0, 4.0, 7.0, 7.0]);
        let gradient = v.grad(&read.sum().backward()).unwrap();
        assert_eq!(values(gradient), [3.0, 0.0, 0.0, 3.0, 0.0, 0.0, 2.0, 0.0]);
    }

    #[test]
    fn gradients_pass_where_the_reading_is_at_its_end() {
        let device = Device::default().autodiff();
        let cadc = CadcConfig::new().init(2, &mut rng(1), &device).unwrap();
        let v = Tensor::<3>::from_floats([[[0.4, 50.0]]], &device).require_grad();
        let gradients = (cadc.read(v.clone(), &mut rng(2)) * 3.0).sum().backward();
        for gradient in values(v.grad(&gradients).unwrap()) {
            assert!((gradient - 3.0).abs() < 1e-5, "{gradient}");
        }
    }

    #[test]
    fn noise_is_new_at_each_sample_and_offsets_stay() {
        let device = Device::default();
        let config = CadcConfig::new().with_trace_scale(1.0);
        let cadc = config.init(2, &mut rng(1), &device).unwrap();
        let v = Tensor::<3>::zeros([200, 50, 2], &device);
        let offsets = cadc.offset.clone().into_data().iter::<f64>().collect::<Vec<f64>>();
        assert!(offsets[0] != offsets[1]);
        for seed in [2, 3] {
            let read = values(cadc.read(v.clone(), &mut rng(seed)));
            for (neuron, offset) in offsets.iter().enumerate() {
                let of_neuron = || read.iter().skip(neuron).step_by(2);
                let mean = of_neuron().sum::<f64>() / 1e4;
                let variance = of_neuron().map(|v| (v - mean).powi(2)).sum::<f64>() / 1e4;
                // Four standard errors; the rounding adds 1/12 to the variance of 4.
                assert!((mean - offset).abs() < 0.085, "{mean} {offset}");
                assert!((variance - (4.0 + 1.0 / 12.0)).abs() < 0.24, "{variance}");
            }
        }
        assert_eq!(
            values(cadc.read(v.clone(), &mut rng(2))),
            values(cadc.read(v.clone(), &mut rng(2)))
        );
        assert_ne!(values(cadc.read(v.clone(), &mut rng(2))), values(cadc.read(v, &mut rng(3))));
    }

    #[test]
    fn offsets_have_the_deviation_that_was_asked_for() {
        let device = Device::default();
        let cadc = CadcConfig::new().init(2000, &mut rng(5), &device).unwrap();
        let squares = cadc.offset.powi_scalar(2).mean().into_scalar::<f32>();
        assert!((squares.sqrt() - 3.0).abs() < 0.19, "{squares}");
    }

    #[test]
    fn what_is_no_converter_is_refused() {
        let refused = |config: CadcConfig| {
            config.init(1, &mut rng(0), &Device::default()).unwrap_err().to_string()
        };
        let config = CadcConfig::new;
        assert_eq!(refused(config().with_bits(0)), "bits: expected 1 to 16 bits, got 0");
        assert_eq!(
            refused(config().with_sampling_period(0)),
            "sampling_period: expected at least one, got 0"
        );
        assert_eq!(
            refused(config().with_noise(-1.0)),
            "noise: expected a finite number from 0, got -1"
        );
    }
}

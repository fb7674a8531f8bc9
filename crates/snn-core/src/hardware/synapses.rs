//! Synapses as those of BrainScaleS-2: a sign, 6 bits, and no two alike.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::Rng;

use super::gaussian::gaussian;
use super::quantize::{IntegerRange, quantize};
use crate::error::{ConfigError, at_least_one, check, positive};

/// Configuration of [`SynapseArray`].
#[derive(Config, Debug, PartialEq)]
pub struct SynapseArrayConfig {
    /// The chip's weight for a weight of 1.
    pub weight_scale: f64,
    /// The largest weight of the chip; inhibitory synapses have it with the other sign. 6 bits: 63.
    /// Pehle et al., *The BrainScaleS-2 Accelerated Neuromorphic System With Hybrid Plasticity*,
    /// Frontiers in Neuroscience 16, 2022.
    #[config(default = 63)]
    pub weight_max: u32,
    /// Standard deviation of a synapse's strength, relative to what its weight says. Each has its own,
    /// for good. The default is an assumption: calibration leaves some spread, but sets only what a
    /// whole column of synapses shares.
    #[config(default = 0.1)]
    pub mismatch: f64,
}

impl SynapseArrayConfig {
    /// A chip's synapses from `inputs` to `outputs`, their strengths drawn once.
    ///
    /// # Errors
    ///
    /// Names the first field that describes no synapses.
    pub fn init(
        &self,
        [inputs, outputs]: [usize; 2],
        rng: &mut impl Rng,
        device: &Device,
    ) -> Result<SynapseArray, ConfigError> {
        let Self { weight_scale, weight_max, mismatch } = *self;
        positive("weight_scale", weight_scale)?;
        at_least_one("weight_max", weight_max as usize)?;
        let accepted = (0.0..=1.0).contains(&mismatch);
        check("mismatch", mismatch, "a number from 0 to 1", accepted)?;
        let strength = gaussian([inputs, outputs], mismatch, rng, device).add_scalar(1.0);
        // A synapse has no strength below none.
        Ok(SynapseArray { weight_scale, weight_max, strength: strength.clamp_min(0.0) })
    }
}

/// What a chip's synapses make of the weights that are written to them.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use rand::SeedableRng;
/// use rand_chacha::ChaCha8Rng;
/// use snn_core::hardware::SynapseArrayConfig;
///
/// let (device, mut rng) = (Device::default(), ChaCha8Rng::seed_from_u64(1));
/// let alike = SynapseArrayConfig::new(10.0).with_mismatch(0.0);
/// let synapses = alike.init([2, 2], &mut rng, &device)?;
/// let w = Tensor::<2>::from_floats([[0.33, -0.05], [0.04, 9.0]], &device);
/// let on_chip = synapses.weights(w).into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(on_chip, [0.3, -0.1, 0.0, 6.3]);
/// # Ok::<(), snn_core::ConfigError>(())
/// ```
#[derive(Module, Debug)]
pub struct SynapseArray {
    weight_scale: f64,
    weight_max: u32,
    /// Of each synapse, 1 on average, `[inputs, outputs]`. Not a parameter.
    strength: Tensor<2>,
}

impl SynapseArray {
    /// The weights in effect, in the units of `weights`: rounded to the chip's, saturated, as strong as
    /// each synapse is. The gradient passes rounding and saturation as it does in [`quantize`].
    ///
    /// # Shapes
    ///
    /// `weights` and result: `[inputs, outputs]`.
    ///
    /// # Panics
    ///
    /// If `weights` has another shape.
    pub fn weights(&self, weights: Tensor<2>) -> Tensor<2> {
        let (got, expected) = (weights.dims(), self.strength.dims());
        assert!(got == expected, "expected weights of shape {expected:?}, got {got:?}");
        let range = IntegerRange::symmetric(self.weight_max);
        quantize(weights, self.weight_scale, range) * self.strength.clone()
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn synapses(config: SynapseArrayConfig, seed: u64, device: &Device) -> SynapseArray {
        config.init([40, 50], &mut ChaCha8Rng::seed_from_u64(seed), device).unwrap()
    }

    #[test]
    fn mismatch_is_drawn_once_around_the_weight_that_was_written() {
        let device = Device::default();
        let array = synapses(SynapseArrayConfig::new(10.0), 1, &device);
        let half = |array: &SynapseArray| {
            let w = array.weights(Tensor::full([40, 50], 0.52, &device));
            w.into_data().iter::<f64>().collect::<Vec<f64>>()
        };
        let in_effect = half(&array);
        let mean = in_effect.iter().sum::<f64>() / 2000.0;
        let variance = in_effect.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / 2000.0;
        // 0.5 with a relative deviation of 0.1, within 4 standard errors.
        assert!((mean - 0.5).abs() < 0.0045, "{mean}");
        assert!((variance.sqrt() - 0.05).abs() < 0.0032, "{variance}");
        assert_eq!(in_effect, half(&array));
        assert_eq!(in_effect, half(&synapses(SynapseArrayConfig::new(10.0), 1, &device)));
        assert_ne!(in_effect, half(&synapses(SynapseArrayConfig::new(10.0), 2, &device)));
    }

    #[test]
    fn the_gradient_of_a_weight_is_the_strength_of_its_synapse() {
        let device = Device::default().autodiff();
        let array = synapses(SynapseArrayConfig::new(10.0), 1, &device);
        // The first half is saturated.
        let w = Tensor::<2>::ones([20, 50], &device);
        let w = Tensor::cat(vec![w.clone().mul_scalar(9.0), w], 0).require_grad();
        let gradients = array.weights(w.clone()).sum().backward();
        let gradient = w.grad(&gradients).unwrap().into_data();
        assert_eq!(gradient, array.strength.without_autodiff().into_data());
    }

    #[test]
    fn what_is_no_array_is_refused() {
        let refused = |config: SynapseArrayConfig| {
            let mut rng = ChaCha8Rng::seed_from_u64(0);
            config.init([1, 1], &mut rng, &Device::default()).unwrap_err().to_string()
        };
        let config = SynapseArrayConfig::new;
        assert_eq!(refused(config(0.0)), "weight_scale: expected a finite number above 0, got 0");
        assert_eq!(
            refused(config(1.0).with_weight_max(0)),
            "weight_max: expected at least one, got 0"
        );
        assert_eq!(
            refused(config(1.0).with_mismatch(f64::NAN)),
            "mismatch: expected a number from 0 to 1, got NaN"
        );
    }
}

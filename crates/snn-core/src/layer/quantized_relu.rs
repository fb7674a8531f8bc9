//! Rectified linear units with a few levels: what a spiking neuron can say in as many steps.
//!
//! ```text
//! y = λ / L · clip(⌊x L / λ + 1/2⌋, 0, L)
//! ```
//!
//! Source: Bu et al., *Optimal ANN-SNN Conversion for High-accuracy and Ultra-low-latency Spiking Neural
//! Networks*, ICLR 2022 (quantization clip-floor-shift).

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::error::{ConfigError, at_least_one, positive};
use crate::surrogate::with_gradient;

/// Configuration of [`QuantizedRelu`].
#[derive(Config, Debug, PartialEq)]
pub struct QuantizedReluConfig {
    /// Number of levels `L` above zero: the number of steps for which the spiking network is meant.
    pub levels: usize,
    /// Largest output `λ`, where it starts from; it is learned.
    pub threshold: f64,
}

impl QuantizedReluConfig {
    /// The layer.
    ///
    /// # Errors
    ///
    /// If there are no levels, or the threshold is not a number above 0.
    pub fn init(&self, device: &Device) -> Result<QuantizedRelu, ConfigError> {
        at_least_one("levels", self.levels)?;
        let threshold = Tensor::full([1], positive("threshold", self.threshold)?, device);
        Ok(QuantizedRelu { levels: self.levels, threshold: Param::from_tensor(threshold) })
    }
}

/// Rectified linear units with `L` levels from 0 to a learned `λ`.
///
/// An integrate-and-fire neuron with threshold `λ`, from `λ / 2`, at most one spike in a step, says
/// the same in `L` steps of a constant input. A network trained with it is converted with next to no
/// loss at as few steps ([`convert`](mod@crate::convert)).
///
/// The gradient passes the steps between levels as if they were a slope of one.
#[derive(Module, Debug)]
pub struct QuantizedRelu {
    /// Number of levels `L` above zero.
    pub levels: usize,
    /// Largest output `λ`, `[1]`.
    pub threshold: Param<Tensor<1>>,
}

/// Below this a learned threshold does not fall.
const LOWEST: f32 = 1e-3;

impl QuantizedRelu {
    /// The levels. Any shape.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let levels = self.levels as f64;
        let threshold: Tensor<D> = self.in_use().reshape([1; D]);
        let x = x / threshold.clone() * levels + 0.5;
        let floor = x.clone().detach().floor();
        with_gradient(floor, x, |x| x.ones_like()).clamp(0.0, levels) * threshold / levels
    }

    /// The largest output in use, `[1]`.
    fn in_use(&self) -> Tensor<1> {
        self.threshold.val().clamp_min(LOWEST)
    }

    /// The largest output in use. Reads from the device.
    pub fn largest(&self) -> f32 {
        self.in_use().into_scalar()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neuron::{LifConfig, Neuron};
    use crate::surrogate::SpikeTest;

    fn relu(levels: usize, threshold: f64, device: &Device) -> QuantizedRelu {
        QuantizedReluConfig::new(levels, threshold).init(device).unwrap()
    }

    fn values<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn rounds_to_levels_and_clips() {
        let device = Device::default();
        let x = Tensor::<1>::from_floats([-1.0, 0.2, 0.25, 0.7, 1.8, 2.0, 9.0], &device);
        let y = relu(4, 2.0, &device).forward(x);
        assert_eq!(values(y), [0.0, 0.0, 0.5, 0.5, 2.0, 2.0, 2.0]);
    }

    #[test]
    fn gradients_pass_between_zero_and_the_threshold() {
        let device = Device::default().autodiff();
        let relu = relu(4, 2.0, &device);
        let x = Tensor::<1>::from_floats([-1.0, 0.7, 3.0], &device).require_grad();
        let gradients = relu.forward(x.clone()).sum().backward();
        assert_eq!(values(x.grad(&gradients).unwrap()), [0.0, 1.0, 0.0]);
        // The level less what it rounds, and one where it clips: 0.25 - 0.35 + 1.
        let gradient = values(relu.threshold.val().grad(&gradients).unwrap())[0];
        assert!((gradient - 0.9).abs() < 1e-6, "{gradient}");
    }

    #[test]
    fn a_neuron_says_the_same_in_as_many_steps() {
        let device = Device::default();
        let x = Tensor::<2>::from_floats([[-0.5, 0.1, 0.3, 0.8, 1.1, 1.6, 2.5]], &device);
        let neuron = LifConfig::sinabs_iaf()
            .with_threshold(2.0.into())
            .with_v_leak(1.0)
            .with_spike_test(SpikeTest::Multiple { max: Some(1) })
            .init(&device)
            .unwrap();
        let steps = x.clone().unsqueeze_dim::<3>(0).repeat_dim(0, 8);
        let (spikes, _) = neuron.forward(steps, neuron.initial_state([1, 7], &device));
        let rates: Tensor<2> = spikes.mean_dim(0).squeeze_dim(0);
        assert_eq!(values(rates * 2.0), values(relu(8, 2.0, &device).forward(x)));
    }

    #[test]
    fn senseless_configurations_are_refused() {
        let message = |levels, threshold| {
            let config = QuantizedReluConfig::new(levels, threshold);
            config.init(&Device::default()).unwrap_err().to_string()
        };
        assert_eq!(message(0, 1.0), "levels: expected at least one, got 0");
        assert_eq!(message(4, 0.0), "threshold: expected a finite number above 0, got 0");
    }
}

//! Population code: one number for each neuron of a population, the larger the closer the value is to
//! the neuron's own.

use burn::config::Config;
use burn::tensor::Tensor;

use super::EncodeError;
use super::error::check_values;
use crate::error::{check, positive};

/// The population of [`population`].
#[derive(Config, Debug, PartialEq)]
pub struct PopulationConfig {
    /// Neurons `N` in the population of a value.
    pub neurons: usize,
    /// Centre `c` of the last neuron; the others are evenly spaced from 0. The largest of the values
    /// if not given.
    #[config(default = "None")]
    pub scale: Option<f64>,
    /// Width of the Gaussian.
    #[config(default = 1.0)]
    pub sigma: f64,
}

/// Activities `[B, N, ...]` in `(0, 1]` from values `[B, ...]`: `exp(-scale (x - c)² / (2 sigma²))`
/// for the neuron with the centre `c`. They are not spikes yet, but for instance the input of
/// [`rate`](fn@super::rate) or of a neuron. Norse `population_encode`.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use snn_core::encode::{PopulationConfig, population};
///
/// let values = Tensor::<1>::from_floats([0.0, 0.5, 1.0], &Device::default());
/// let activity: Tensor<2> = population(values, &PopulationConfig::new(3))?;
/// assert_eq!(activity.dims(), [3, 3]);
/// # Ok::<(), snn_core::encode::EncodeError>(())
/// ```
///
/// # Errors
///
/// A value that is not a finite number, no neurons, a width or a scale (given, or the largest value)
/// that is not above 0.
pub fn population<const D: usize, const E: usize>(
    values: Tensor<D>,
    config: &PopulationConfig,
) -> Result<Tensor<E>, EncodeError> {
    let neurons = config.neurons;
    check("neurons", neurons as f64, "at least one neuron", neurons > 0)?;
    let sigma = positive("sigma", config.sigma)?;
    check_values(&values, "a finite number", f64::is_finite)?;
    let scale = config.scale.unwrap_or_else(|| values.clone().max().into_scalar::<f32>().into());
    positive("scale", scale)?;

    let last = (neurons - 1).max(1) as f64;
    let centres: Vec<f32> = (0..neurons).map(|n| (scale * n as f64 / last) as f32).collect();
    let mut shape = [1; E];
    shape[1] = neurons;
    let centres = Tensor::<1>::from_floats(centres.as_slice(), &values.device()).reshape(shape);
    let distance = values.unsqueeze_dim::<E>(1) - centres;
    Ok(distance.square().mul_scalar(-scale / (2.0 * sigma * sigma)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn activity(values: &[f32], config: &PopulationConfig) -> Vec<f32> {
        let values = Tensor::<1>::from_floats(values, &Device::default());
        population::<1, 2>(values, config).unwrap().into_data().try_to_vec().unwrap()
    }

    fn assert_close(got: &[f32], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        let close = |(got, expected): (&f32, &f64)| (f64::from(*got) - expected).abs() < 1e-6;
        assert!(got.iter().zip(expected).all(close), "{got:?}");
    }

    #[test]
    fn numbers_of_the_norse_tests() {
        let got = activity(&[0.0, 0.5, 1.0], &PopulationConfig::new(3));
        let (near, far) = (0.8824969, 0.6065307);
        assert_close(&got, &[1.0, near, far, near, 1.0, near, far, near, 1.0]);
    }

    #[test]
    fn scale_and_width_shape_the_population() {
        let config = PopulationConfig::new(2).with_scale(Some(4.0)).with_sigma(2.0);
        // exp(-4 d² / 8) with d = 1 and 3.
        assert_close(&activity(&[1.0], &config), &[(-0.5f64).exp(), (-4.5f64).exp()]);
        assert_close(&activity(&[2.0], &PopulationConfig::new(1)), &[(-4.0f64).exp()]);
    }

    #[test]
    fn the_population_is_the_second_axis() {
        let values = Tensor::<2>::from_floats([[0.0, 1.0, 1.0]], &Device::default());
        let activity: Tensor<3> = population(values, &PopulationConfig::new(2)).unwrap();
        assert_eq!(activity.dims(), [1, 2, 3]);
        let far = (-0.5f64).exp();
        let got = activity.into_data().try_to_vec::<f32>().unwrap();
        assert_close(&got, &[1.0, far, far, far, 1.0, 1.0]);
    }

    #[test]
    fn what_cannot_be_encoded_says_why() {
        let message = |value: f32, config: PopulationConfig| {
            let values = Tensor::<1>::from_floats([0.0, value], &Device::default());
            population::<1, 2>(values, &config).unwrap_err().to_string()
        };
        assert_eq!(
            message(f32::INFINITY, PopulationConfig::new(2)),
            "value 1: expected a finite number, got inf"
        );
        assert_eq!(
            message(0.0, PopulationConfig::new(2)),
            "scale: expected a finite number above 0, got 0"
        );
        assert_eq!(
            message(1.0, PopulationConfig::new(0)),
            "neurons: expected at least one neuron, got 0"
        );
    }
}

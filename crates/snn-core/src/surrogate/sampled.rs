//! A derivative of one's own, as samples of a function.

use burn::tensor::{Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::Surrogate;
use crate::error::{ConfigError, check, finite};

/// Samples of a derivative at equal distances, straight lines between them, and the outermost values
/// beyond. Unlike a closure it can be saved with a model, and runs on any device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampledDerivative {
    low: f64,
    high: f64,
    values: Vec<f32>,
}

impl Surrogate {
    /// A derivative given by a function of `x = v - threshold`, sampled at `count` points from `low`
    /// to `high`.
    ///
    /// ```
    /// use snn_core::surrogate::Surrogate;
    ///
    /// let cosine = |x: f64| if x.abs() < 1.0 { 0.5 + 0.5 * (x * 3.14159265).cos() } else { 0.0 };
    /// let surrogate = Surrogate::sampled(cosine, -1.0, 1.0, 201)?;
    /// # Ok::<(), snn_core::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// An empty range, fewer than two points, a value that is not finite.
    pub fn sampled(
        derivative: impl Fn(f64) -> f64,
        low: f64,
        high: f64,
        count: usize,
    ) -> Result<Self, ConfigError> {
        finite("low", low)?;
        check("high", high, "a finite number above low", high.is_finite() && high > low)?;
        check("count", count as f64, "at least two points", count >= 2)?;
        let step = (high - low) / (count - 1) as f64;
        let values = (0..count)
            .map(|k| finite("derivative", derivative(low + step * k as f64)).map(|g| g as f32))
            .collect::<Result<_, _>>()?;
        Ok(Self::Sampled(SampledDerivative { low, high, values }))
    }
}

impl SampledDerivative {
    pub(super) fn at_number(&self, x: f32) -> f32 {
        let last = (self.values.len() - 1) as f64;
        let place = (f64::from(x) - self.low) * last / (self.high - self.low);
        let place = place.clamp(0.0, last);
        let left = place.floor().min(last - 1.0);
        let (share, left) = ((place - left) as f32, left as usize);
        self.values[left] + (self.values[left + 1] - self.values[left]) * share
    }

    pub(super) fn at<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let (dims, device) = (x.dims(), x.device());
        let last = (self.values.len() - 1) as f64;
        let samples = TensorData::new(self.values.clone(), [self.values.len()]);
        let samples = Tensor::<1>::from_data(samples, &device);
        let place: Tensor<1> = x.reshape([dims.iter().product::<usize>()]);
        let place = place.sub_scalar(self.low).mul_scalar(last / (self.high - self.low));
        let place = place.clamp(0.0, last);
        // The last interval holds its right end too.
        let left = place.clone().floor().clamp_max(last - 1.0);
        let share = place - left.clone();
        let left: Tensor<1, Int> = left.int();
        let from = samples.clone().select(0, left.clone());
        let to = samples.select(0, left.add_scalar(1));
        (from.clone() + (to - from) * share).reshape(dims)
    }
}

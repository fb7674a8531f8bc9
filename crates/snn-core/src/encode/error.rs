//! What cannot be encoded.

use burn::tensor::Tensor;
use thiserror::Error;

use crate::ConfigError;
use crate::error::check;

/// Values that cannot be encoded.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum EncodeError {
    /// A setting of the encoder is wrong, or a value and the setting do not go together.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A value outside the range of the code.
    #[error("value {index}: expected {expected}, got {value}")]
    Value {
        /// Its position among all values, row by row.
        index: usize,
        /// What would have been accepted.
        expected: &'static str,
        /// What it is.
        value: f64,
    },
    /// Values of another shape.
    #[error("expected values of shape {expected}, got {shape:?}")]
    Shape {
        /// What would have been accepted.
        expected: &'static str,
        /// What was given.
        shape: Vec<usize>,
    },
    /// A spike past the last step.
    #[error(
        "a spike at step {step} does not fit in {steps} steps: normalize the times, or bypass this \
         check to lose late spikes"
    )]
    Late {
        /// The step of the latest spike.
        step: f64,
        /// Number of steps there are.
        steps: usize,
    },
    /// A row that is not one 1 among zeros.
    #[error("row {row}: expected one 1 and zeros, got {values:?}")]
    NotOneHot {
        /// Its position.
        row: usize,
        /// What it is.
        values: Vec<f32>,
    },
}

/// Refuses the first value that is not `accepted`. Reads the values back from the device.
pub(super) fn check_values<const D: usize>(
    values: &Tensor<D>,
    expected: &'static str,
    accepted: impl Fn(f64) -> bool,
) -> Result<(), EncodeError> {
    match values.to_data().iter::<f64>().enumerate().find(|(_, value)| !accepted(*value)) {
        Some((index, value)) => Err(EncodeError::Value { index, expected, value }),
        None => Ok(()),
    }
}

/// Refuses the first value outside `[0, 1]`.
pub(super) fn check_unit_interval<const D: usize>(values: &Tensor<D>) -> Result<(), EncodeError> {
    check_values(values, "a number from 0 to 1", |value| (0.0..=1.0).contains(&value))
}

/// Refuses sequences without a step, and a first spike past the last step.
pub(super) fn check_steps(steps: usize, first_spike_time: usize) -> Result<(), ConfigError> {
    check("steps", steps as f64, "at least one step", steps > 0)?;
    let first = first_spike_time as f64;
    check("first_spike_time", first, "a step of the sequence", first_spike_time < steps)?;
    Ok(())
}

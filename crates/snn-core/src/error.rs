//! What can be wrong with a configuration.

use thiserror::Error;

/// A configuration that describes no working neuron or encoder.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ConfigError {
    /// A number outside the range in which it means anything.
    #[error("{name}: expected {expected}, got {value}")]
    OutOfRange {
        /// The field at fault.
        name: &'static str,
        /// What would have been accepted.
        expected: &'static str,
        /// What was given.
        value: f64,
    },
    /// A list of values, one per neuron, without a value.
    #[error("{name}: expected one value, or one per neuron, got an empty list")]
    Empty {
        /// The field at fault.
        name: &'static str,
    },
}

/// `Ok(value)` if `accepted`, else an error that says what was `expected`.
pub(crate) fn check(
    name: &'static str,
    value: f64,
    expected: &'static str,
    accepted: bool,
) -> Result<f64, ConfigError> {
    match accepted {
        true => Ok(value),
        false => Err(ConfigError::OutOfRange { name, expected, value }),
    }
}

/// A finite number.
pub(crate) fn finite(name: &'static str, value: f64) -> Result<f64, ConfigError> {
    check(name, value, "a finite number", value.is_finite())
}

/// A finite number above zero.
pub(crate) fn positive(name: &'static str, value: f64) -> Result<f64, ConfigError> {
    check(name, value, "a finite number above 0", value.is_finite() && value > 0.0)
}

/// A size that is not zero.
pub(crate) fn at_least_one(name: &'static str, count: usize) -> Result<f64, ConfigError> {
    check(name, count as f64, "at least one", count > 0)
}

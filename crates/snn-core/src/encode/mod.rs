//! Numbers to spike trains, time first.

mod coordinates;
mod latency;
mod rate;

pub use coordinates::CoordinatesToSpikes;
pub use latency::{LatencyConfig, latency};
pub use rate::rate;

use thiserror::Error;

use crate::ConfigError;

/// Values that cannot be encoded.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum EncodeError {
    /// A setting of the encoder is wrong, or a value and the setting do not go together.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A value outside the unit interval.
    #[error("value {index}: expected a number from 0 to 1, got {value}")]
    Value {
        /// Its position among all values, row by row.
        index: usize,
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
}

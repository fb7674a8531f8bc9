//! What can be wrong with a transform or with the events it is given.

use thiserror::Error;

use crate::events::{Events, SensorSize};

/// Why a transform cannot be applied.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum TransformError {
    /// A parameter with a value that means nothing.
    #[error("{transform}: {parameter}: expected {expected}, got {value}")]
    Parameter {
        /// The transform.
        transform: &'static str,
        /// Its parameter.
        parameter: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        value: f64,
    },
    /// Events in no order of time, for a transform that depends on it.
    #[error(
        "{transform}: the events are not sorted by time; apply the transform `SortByTime` first"
    )]
    Unsorted {
        /// The transform.
        transform: &'static str,
    },
    /// Events on more pixels than something can be kept for.
    #[error(
        "{transform}: expected events on at most 2²⁸ pixels, found {width} x {height}; stray events are \
         dropped by the transform `Crop` to the camera's size, fixed-point coordinates are scaled by \
         `Downsample`"
    )]
    TooManyPixels {
        /// The transform.
        transform: &'static str,
        /// Columns up to the last one with an event.
        width: usize,
        /// Rows up to the last one with an event.
        height: usize,
    },
    /// A target size that the sensor does not have, or that has no pixel.
    #[error("{transform}: a target of {} x {} for a sensor of {sensor}", target_size[0], target_size[1])]
    TargetSize {
        /// The transform.
        transform: &'static str,
        /// Width and height asked for.
        target_size: [u16; 2],
        /// The sensor of the events.
        sensor: SensorSize,
    },
}

/// What a parameter may be.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub transform: &'static str,
    pub parameter: &'static str,
    pub expected: &'static str,
    pub holds: fn(f64) -> bool,
}

impl Rule {
    pub const fn probability(transform: &'static str) -> Self {
        Self {
            transform,
            parameter: "p",
            expected: "a probability in [0, 1]",
            holds: |p| (0.0..=1.0).contains(&p),
        }
    }

    /// The value, if it may be.
    pub fn check(self, value: f64) -> Result<f64, TransformError> {
        let Self { transform, parameter, expected, holds } = self;
        match holds(value) {
            true => Ok(value),
            false => Err(TransformError::Parameter { transform, parameter, expected, value }),
        }
    }
}

pub(super) fn check_sorted(events: &Events, transform: &'static str) -> Result<(), TransformError> {
    match events.is_sorted() {
        true => Ok(()),
        false => Err(TransformError::Unsorted { transform }),
    }
}

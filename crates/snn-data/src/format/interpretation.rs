//! Interpretation of a file: what it states, what the options state, and what was assumed.

use std::fmt;

use super::{Format, TimeUnit};
use crate::events::{Outside, SensorSize};

/// Interpretation of a recording by [`inspect`](super::inspect).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpretation {
    /// Format of the file.
    pub format: Finding<Format>,
    /// Unit of the times in the file; those of the recording are in µs.
    pub time_unit: Finding<TimeUnit>,
    /// Columns in the order of the file, of a format that stores events as columns.
    pub columns: Option<Finding<String>>,
    /// Sensor of the events; of spikes there is none.
    pub sensor: Option<Finding<SensorSize>>,
    /// Policy for events outside the sensor, and the number of events that were dropped or clipped.
    pub outside: (Outside, usize),
}

/// A value and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding<T> {
    /// The value.
    pub value: T,
    /// Where it is from.
    pub basis: Basis,
}

/// Origin of a [`Finding`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// The options.
    Option,
    /// The file.
    File,
    /// The definition of the format.
    Format,
    /// An assumption, with its reason.
    Assumption(String),
}

impl<T> Finding<T> {
    pub(super) fn new(value: T, basis: Basis) -> Self {
        Self { value, basis }
    }

    pub(super) fn assumed(value: T, reason: impl Into<String>) -> Self {
        Self::new(value, Basis::Assumption(reason.into()))
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option => f.write_str("from the options"),
            Self::File => f.write_str("stated by the file"),
            Self::Format => f.write_str("defined by the format"),
            Self::Assumption(reason) => write!(f, "assumed: {reason}"),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Finding<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.value, self.basis)
    }
}

impl fmt::Display for Interpretation {
    /// One line for each finding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "format: {}\ntime unit: {}", self.format, self.time_unit)?;
        if let Some(columns) = &self.columns {
            write!(f, "\ncolumns: {columns}")?;
        }
        if let Some(sensor) = &self.sensor {
            write!(f, "\nsensor: {sensor}")?;
        }
        match self.outside {
            (_, 0) => Ok(()),
            (Outside::Clip, count) => write!(f, "\nclipped to the sensor: {count}"),
            (_, count) => write!(f, "\ndropped outside the sensor: {count}"),
        }
    }
}

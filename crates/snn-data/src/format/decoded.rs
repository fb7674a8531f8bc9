//! A recording as its file stores it, before it lies on the sensor of the options.

use super::interpretation::{Basis, Finding, Interpretation};
use super::roles::Roles;
use super::{Format, FormatError, Options, Recording, TimeUnit};
use crate::events::{Columns, Events, SensorSize, Spikes};

/// Result of a decoder.
#[derive(Debug)]
pub(super) struct Decoded {
    pub content: Content,
    /// Sensor that the file states, or that follows from its layout.
    pub sensor: Option<Finding<SensorSize>>,
    pub time_unit: Finding<TimeUnit>,
    /// Order of the columns, in a table.
    pub columns: Option<Finding<String>>,
    /// Where the content begins in the file.
    pub offset: usize,
}

#[derive(Debug)]
pub(super) enum Content {
    Events {
        columns: Columns,
        /// Whether the file has no polarities.
        merged: bool,
    },
    /// Times, and neurons.
    Spikes(Vec<i64>, Vec<u32>),
}

impl Content {
    /// Events; without polarities, on a sensor with one channel.
    pub(super) fn of_columns(t: Vec<i64>, x: Vec<u16>, y: Vec<u16>, p: Option<Vec<bool>>) -> Self {
        let merged = p.is_none();
        let p = p.unwrap_or_else(|| vec![true; t.len()]);
        Self::Events { columns: Columns { t, x, y, p }, merged }
    }
}

impl Decoded {
    /// Adds the order of the columns.
    pub(super) fn with_columns(self, roles: Roles) -> Self {
        Self { columns: Some(roles.order()), ..self }
    }

    /// Places the events on a sensor: that of the options, or else that of the file, or else the
    /// smallest one that contains them all.
    pub(super) fn finish(
        self,
        format: Finding<Format>,
        options: &Options,
    ) -> Result<(Recording, Interpretation), FormatError> {
        let Self { content, sensor, time_unit, columns, offset } = self;
        let refused = |problem: &dyn ToString| FormatError { offset, problem: problem.to_string() };
        let mut understood = Interpretation {
            format,
            time_unit,
            columns,
            sensor: None,
            outside: (options.outside, 0),
        };
        let (columns, merged) = match content {
            Content::Events { columns, merged } => (columns, merged),
            Content::Spikes(t, unit) => {
                let units = unit.iter().max().map_or(0, |largest| largest + 1);
                let spikes = Spikes::new(t, unit, units).map_err(|error| refused(&error))?;
                return Ok((Recording::Spikes(spikes), understood));
            }
        };
        let given = options.sensor.map(|sensor| Finding::new(sensor, Basis::Option));
        let sensor = given.or(sensor).unwrap_or_else(|| {
            let sensor = SensorSize::smallest(&columns);
            let sensor = if merged { sensor.merged() } else { sensor };
            Finding::assumed(sensor, "the smallest sensor that contains all events")
        });
        let (events, outside) = Events::from_columns_with(columns, sensor.value, options.outside)
            .map_err(|error| refused(&error))?;
        understood.sensor = Some(sensor);
        understood.outside.1 = outside;
        Ok((Recording::Events(events), understood))
    }
}

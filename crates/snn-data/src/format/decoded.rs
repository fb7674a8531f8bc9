//! A recording as its file stores it, before it lies on the sensor of the options.

use super::interpretation::{Basis, Finding, Interpretation};
use super::roles::{self, Role};
use super::{Format, FormatError, Options, Recording, TimeUnit};
use crate::events::{Columns, Events, SensorSize, Spikes};

/// What a decoder read.
#[derive(Debug)]
pub(super) struct Decoded {
    pub content: Content,
    /// Sensor that the file states.
    pub sensor: Option<SensorSize>,
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

impl Decoded {
    /// Adds the order of columns with names, or of those that the options select.
    pub(super) fn with_columns(self, roles: &[Option<Role>], options: &Options) -> Self {
        let basis = if options.columns.is_some() { Basis::Option } else { Basis::File };
        Self { columns: Some(Finding::new(roles::order(roles), basis)), ..self }
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
        let stated = sensor.map(|sensor| Finding::new(sensor, Basis::File));
        let sensor = given.or(stated).unwrap_or_else(|| {
            let sensor = SensorSize::smallest(&columns);
            let sensor = if merged { sensor.merged() } else { sensor };
            Finding::assumed(sensor, "the smallest that contains all events")
        });
        let (events, outside) = Events::from_columns_with(columns, sensor.value, options.outside)
            .map_err(|error| refused(&error))?;
        understood.sensor = Some(sensor);
        understood.outside.1 = outside;
        Ok((Recording::Events(events), understood))
    }
}

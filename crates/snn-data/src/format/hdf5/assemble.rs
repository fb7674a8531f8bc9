//! The recording of a layout.

use super::dataset::{Dataset, Values, refuse};
use super::file::{Attributes, File};
use super::layout::{self, Layout, Source};
use crate::events::{Columns, Events, SensorSize, Spikes};
use crate::format::column::{Column, TimeUnit, error};
use crate::format::roles::{self, Order, Role};
use crate::format::{FormatError, Options, Recording};

/// Reads the recording of a layout.
pub(super) fn recording(
    file: &File,
    layout: &Layout,
    options: &Options,
) -> Result<Recording, FormatError> {
    let datasets = layout.paths().into_iter().map(|path| file.expect(path));
    let datasets = datasets.collect::<Result<Vec<Dataset>, FormatError>>()?;
    let unit = unit(&datasets, layout)?;
    let values = datasets.iter().map(Dataset::values);
    let values = values.collect::<Result<Vec<Values>, FormatError>>()?;
    let read = columns(&values, layout, unit.unwrap_or_default())?;
    let read = match &layout.t_offset {
        Some(path) => {
            let offset = file.expect(path)?.values()?;
            let offset = offset.column()?.times(unit.unwrap_or_default())?;
            later(read, *offset.first().unwrap_or(&0))
                .ok_or_else(|| refuse(path, "the sum of this time and another is too large"))?
        }
        None => read,
    };
    match read {
        Recording::Events(events) if options.sensor.is_none() => {
            on_stated_sensor(events, &sensors(file, &datasets, layout)?).map(Recording::Events)
        }
        read => Ok(read),
    }
}

fn columns(values: &[Values], layout: &Layout, unit: TimeUnit) -> Result<Recording, FormatError> {
    let columns: Vec<(Role, Column<'_>)> = match (&layout.source, values) {
        (Source::Columns(columns), values) => {
            let columns = columns.iter().zip(values);
            columns
                .map(|((role, _), values)| Ok((*role, values.column()?)))
                .collect::<Result<_, FormatError>>()?
        }
        (Source::Records(_), [values]) => values.fields(layout::role)?,
        (Source::Rows(_, Some(order)), [values]) => {
            let (number, bytes) = (values.rows_of_four()?, values.bytes.as_slice());
            let (size, len) = (number.size(), bytes.len() / (4 * number.size()));
            let columns = order.iter().enumerate().map(|(k, role)| {
                let place = [k * size, 4 * size];
                Ok((*role, Column::new(layout::letter(*role), number, bytes, place, len, 0)?))
            });
            columns.collect::<Result<_, FormatError>>()?
        }
        (Source::Rows(_, None), [values]) => {
            let number = values.rows_of_four()?;
            return Order::guess(|order| roles::rows(&values.bytes, number, false, order, unit, 0));
        }
        _ => return error(0, "expected one dataset"),
    };
    roles::recording(&columns, unit, 0)
}

/// The unit of times: as the dataset of the times states it, or else as the layout is documented.
fn unit(datasets: &[Dataset], layout: &Layout) -> Result<Option<TimeUnit>, FormatError> {
    let index = match &layout.source {
        Source::Columns(columns) => columns.iter().position(|(role, _)| *role == Role::T),
        _ => Some(0),
    };
    let Some(dataset) = index.and_then(|index| datasets.get(index)) else { return Ok(layout.unit) };
    let attributes = dataset.attributes();
    let stated = ["units", "unit", "time_unit", "time_units"].into_iter();
    match stated.filter_map(|name| attributes.get(name)?.as_str()).next() {
        Some(stated) => match time_unit(stated) {
            Some(unit) => Ok(Some(unit)),
            None => Err(refuse(
                &dataset.path,
                format!("expected a unit of time, s, ms or us, found {stated:?}"),
            )),
        },
        None => Ok(layout.unit),
    }
}

fn time_unit(name: &str) -> Option<TimeUnit> {
    Some(match name.trim().to_lowercase().as_str() {
        // The micro sign and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" | "usec" | "usecs" | "microsecond" | "microseconds" => {
            TimeUnit::Microseconds
        }
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => TimeUnit::Milliseconds,
        "s" | "sec" | "secs" | "second" | "seconds" => TimeUnit::Seconds,
        _ => return None,
    })
}

/// The recording with a time added to all.
fn later(recording: Recording, offset: i64) -> Option<Recording> {
    let later = |t: &mut Vec<i64>| {
        t.iter_mut().try_for_each(|t| {
            *t = t.checked_add(offset)?;
            Some(())
        })
    };
    Some(match recording {
        Recording::Events(events) => {
            let sensor = events.sensor();
            let mut columns = events.into_columns();
            later(&mut columns.t)?;
            Recording::Events(Events::from_columns(columns, sensor).ok()?)
        }
        Recording::Spikes(spikes) => {
            let mut t = spikes.t().to_vec();
            later(&mut t)?;
            Recording::Spikes(Spikes::new(t, spikes.unit().to_vec(), spikes.units()).ok()?)
        }
    })
}

/// Sensors that the file states, the most likely first.
fn sensors(
    file: &File,
    datasets: &[Dataset],
    layout: &Layout,
) -> Result<Vec<SensorSize>, FormatError> {
    if let Some(path) = &layout.resolution {
        let values = file.expect(path)?.values()?;
        if let [width, height] = values.column()?.numbers().as_slice() {
            return Ok(layout::sensor(*width as i64, *height as i64).into_iter().collect());
        }
    }
    if let Some(sensor) = layout.sensor {
        return Ok(vec![sensor]);
    }
    let groups = std::iter::successors(Some(layout.path.as_str()), |path| {
        (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(group, _)| group))
    });
    let attributes = datasets.first().map(Dataset::attributes).into_iter();
    let attributes = attributes.chain(groups.map(|group| file.attributes(group)));
    Ok(attributes
        .map(|attributes| in_attributes(&attributes))
        .find(|found| !found.is_empty())
        .unwrap_or_default())
}

/// Width and height as attributes state them: `width` and `height`; `geometry`, as `640x480`;
/// `sensor_resolution`, height and width, which some files have the other way round.
fn in_attributes(attributes: &Attributes) -> Vec<SensorSize> {
    let number = |name: &str| {
        let value = attributes.get(name)?;
        value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
    };
    if let (Some(width), Some(height)) = (number("width"), number("height")) {
        return layout::sensor(width, height).into_iter().collect();
    }
    let geometry = || {
        let (width, height) = attributes.get("geometry")?.as_str()?.split_once(['x', ',', ' '])?;
        layout::sensor(width.trim().parse().ok()?, height.trim().parse().ok()?)
    };
    if let Some(sensor) = geometry() {
        return vec![sensor];
    }
    match attributes.get("sensor_resolution").and_then(|value| value.to_i64s()).as_deref() {
        Some([height, width, ..]) => [(*width, *height), (*height, *width)]
            .into_iter()
            .filter_map(|(w, h)| layout::sensor(w, h))
            .collect(),
        _ => Vec::new(),
    }
}

/// Events on the first of the sensors that has all of them.
fn on_stated_sensor(events: Events, sensors: &[SensorSize]) -> Result<Events, FormatError> {
    let Some(first) = sensors.first() else { return Ok(events) };
    let smallest = events.sensor();
    let fits =
        |sensor: &&SensorSize| sensor.width >= smallest.width && sensor.height >= smallest.height;
    let Some(sensor) = sensors.iter().find(fits) else {
        let problem = format!(
            "the file states a sensor of {first}, but its events need {smallest}; give it with the option `sensor`"
        );
        return error(0, problem);
    };
    let sensor = SensorSize { polarities: smallest.polarities, ..*sensor };
    let columns: Columns = events.into_columns();
    Events::from_columns(columns, sensor)
        .map_err(|problem| FormatError { offset: 0, problem: problem.to_string() })
}

//! The recording of a layout.

use super::dataset::{Dataset, Values, refuse};
use super::file::{Attributes, File};
use super::layout::{self, Layout, Source};
use crate::events::SensorSize;
use crate::format::column::{Column, error};
use crate::format::decoded::{Content, Decoded};
use crate::format::interpretation::{Basis, Finding};
use crate::format::roles::{self, Role};
use crate::format::time_unit::{TimeUnit, UnitRule};
use crate::format::{FormatError, Options};

/// Reads the recording of a layout.
pub(super) fn recording(
    file: &File,
    layout: &Layout,
    options: &Options,
) -> Result<Decoded, FormatError> {
    let datasets = layout.paths().into_iter().map(|path| file.expect(path));
    let datasets = datasets.collect::<Result<Vec<Dataset>, FormatError>>()?;
    let (stated, basis) = unit(&datasets, layout, options)?;
    let rule = UnitRule { option: options.time_unit, stated, ..UnitRule::default() };
    let sensors = sensors(file, &datasets, layout)?;
    let values = datasets.iter().map(Dataset::values);
    let values = values.collect::<Result<Vec<Values>, FormatError>>()?;
    let mut decoded = table(&values, layout, options, rule, sensors.first().copied())?;
    if let (Some(basis), None) = (basis, options.time_unit) {
        decoded.time_unit.basis = basis;
    }
    if let Some(path) = &layout.t_offset {
        let offset = file.expect(path)?.values()?;
        let offset = offset.column()?.times_in(decoded.time_unit.value)?;
        later(&mut decoded.content, *offset.first().unwrap_or(&0))
            .ok_or_else(|| refuse(path, "the sum of this time and another is too large"))?;
    }
    decoded.sensor = fitting(&decoded.content, &sensors);
    Ok(decoded)
}

fn table(
    values: &[Values],
    layout: &Layout,
    options: &Options,
    rule: UnitRule,
    sensor: Option<SensorSize>,
) -> Result<Decoded, FormatError> {
    let columns: Vec<(Role, Column<'_>)> = match (&layout.source, values) {
        (Source::Columns(columns), values) => {
            let columns = columns.iter().zip(values);
            let columns = columns.map(|((role, _), values)| Ok((*role, values.column()?)));
            columns.collect::<Result<_, FormatError>>()?
        }
        (Source::Records(_, fields), [values]) => values.fields(fields)?,
        (Source::Rows(_, known), [values]) => {
            let rows = values.rows()?;
            let mut decoded = rows.recording(options, known.clone(), rule, sensor)?;
            if let Some(columns) = &mut decoded.columns {
                columns.value = format!("{} in {layout}", columns.value);
            }
            return Ok(decoded);
        }
        _ => return error(0, "expected one dataset"),
    };
    let selected = options.columns.is_some() || options.group.is_some();
    let basis = if selected { Basis::Option } else { Basis::File };
    let columns_found = Some(Finding::new(layout.to_string(), basis));
    Ok(Decoded { columns: columns_found, ..roles::recording(&columns, rule, 0)? })
}

/// The unit of times: as an attribute of theirs or their name states it, or else as the layout is
/// documented; and the basis, if it is the layout.
fn unit(
    datasets: &[Dataset],
    layout: &Layout,
    options: &Options,
) -> Result<(Option<TimeUnit>, Option<Basis>), FormatError> {
    let index = match &layout.source {
        Source::Columns(columns) => columns.iter().position(|(role, _)| *role == Role::T),
        _ => Some(0),
    };
    let dataset = index.and_then(|index| datasets.get(index));
    if let (Some(dataset), None) = (dataset, options.time_unit) {
        let attributes = dataset.attributes();
        let mut stated = ["units", "unit", "time_unit", "time_units"].into_iter();
        if let Some(stated) = stated.find_map(|name| attributes.get(name)?.as_str()) {
            return match stated.parse() {
                Ok(unit) => Ok((Some(unit), None)),
                Err(problem) => Err(refuse(
                    &dataset.path,
                    format!("{problem}; state the unit with Options::time_unit"),
                )),
            };
        }
    }
    Ok(match (layout.named_unit, layout.unit, layout.name) {
        (Some(unit), ..) => (Some(unit), None),
        (None, Some(unit), Some(name)) => {
            (Some(unit), Some(Basis::Assumption(format!("the layout of {name}"))))
        }
        _ => (None, None),
    })
}

/// Adds a time to all; nothing if a sum is too large.
fn later(content: &mut Content, offset: i64) -> Option<()> {
    let (Content::Events { columns: crate::events::Columns { t, .. }, .. } | Content::Spikes(t, _)) =
        content;
    t.iter_mut().try_for_each(|t| {
        *t = t.checked_add(offset)?;
        Some(())
    })
}

/// The first of the sensors that contains all events, or else the first.
fn fitting(content: &Content, sensors: &[SensorSize]) -> Option<SensorSize> {
    let Content::Events { columns, merged } = content else { return None };
    let smallest = SensorSize::smallest(columns);
    let fits =
        |sensor: &&SensorSize| sensor.width >= smallest.width && sensor.height >= smallest.height;
    let sensor = sensors.iter().find(fits).or(sensors.first())?;
    Some(if *merged { sensor.merged() } else { *sensor })
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

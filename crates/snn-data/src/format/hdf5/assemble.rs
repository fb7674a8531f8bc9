//! The recording of a layout.

use hdf5_pure::AttrValue;

use super::dataset::{Dataset, Values, refuse};
use super::dtype::Type;
use super::file::{Attributes, File};
use super::layout::{self, Layout, Source};
use crate::events::{Columns, SensorSize};
use crate::format::column::{Column, error};
use crate::format::decoded::{Content, Decoded};
use crate::format::interpretation::{Basis, Finding};
use crate::format::roles::Role;
use crate::format::rows;
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
    let (rule, basis) = unit(file, &datasets, layout, options)?;
    let sensors = match options.sensor {
        Some(_) => Vec::new(),
        None => sensors(file, &datasets, layout)?,
    };
    let only = if let [sensor] = sensors.as_slice() { Some(*sensor) } else { None };
    let values = datasets.iter().map(Dataset::values);
    let values = values.collect::<Result<Vec<Values>, FormatError>>()?;
    let mut decoded = table(&values, layout, options, rule, only)?;
    if let Some(basis) = basis {
        decoded.time_unit.basis = basis;
    }
    if let Some(path) = &layout.t_offset {
        let offset = file.expect(path)?.values()?;
        let offset = offset.column()?.times_in(decoded.time_unit.value)?;
        later(&mut decoded.content, *offset.first().unwrap_or(&0))
            .ok_or_else(|| refuse(path, "the sum of this time and another is too large"))?;
    }
    let sensor = fitting(&decoded.content, &sensors);
    decoded.sensor = sensor.map(|sensor| Finding::new(sensor, Basis::File));
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
    Ok(Decoded { columns: columns_found, ..rows::recording(&columns, rule, 0)? })
}

/// Attributes that state the unit of times; of a group, only those whose name says so.
const UNITS: [&str; 4] = ["time_unit", "time_units", "units", "unit"];

/// Rule for the unit of times: an attribute of theirs or of a group that they are in, or their name, or else
/// the layout as it is documented; and the basis, if it is the layout.
fn unit(
    file: &File,
    datasets: &[Dataset],
    layout: &Layout,
    options: &Options,
) -> Result<(UnitRule, Option<Basis>), FormatError> {
    let rule = UnitRule { option: options.time_unit, ..UnitRule::default() };
    if rule.option.is_some() {
        return Ok((rule, None));
    }
    let index = match &layout.source {
        Source::Columns(columns) => columns.iter().position(|(role, _)| *role == Role::T),
        _ => Some(0),
    };
    let dataset = index.and_then(|index| datasets.get(index));
    let own = dataset.and_then(|dataset| {
        let attributes = dataset.attributes();
        UNITS.iter().find_map(|name| unit_text(attributes.get(*name)?, dataset, layout))
    });
    let of_groups = || {
        let mut groups = groups(&layout.path).map(|group| file.attributes(group));
        groups.find_map(|attributes| {
            UNITS[..2].iter().find_map(|name| attributes.get(*name)?.as_str().map(String::from))
        })
    };
    if let Some(text) = own.or_else(of_groups) {
        let unit = text.trim().trim_matches(['[', ']', '(', ')']).parse().map_err(|problem| {
            let path = dataset.map_or(&layout.path, |dataset| &dataset.path);
            refuse(path, format!("{problem}; state the unit with Options::time_unit"))
        })?;
        return Ok((UnitRule { stated: Some(unit), ..rule }, None));
    }
    Ok(match (layout.named_unit, layout.unit, layout.name) {
        (Some(unit), ..) => (UnitRule { stated: Some(unit), ..rule }, None),
        // Whole numbers in a layout of seconds were converted by someone.
        (None, Some(TimeUnit::Seconds), Some(name)) => {
            (UnitRule { fractions: Some((TimeUnit::Seconds, name)), ..rule }, None)
        }
        (None, Some(unit), Some(name)) => {
            let basis = Basis::Assumption(format!("the layout of {name}"));
            (UnitRule { stated: Some(unit), ..rule }, Some(basis))
        }
        _ => (rule, None),
    })
}

/// The unit in an attribute of a dataset; of records, with one entry for each field, that of the time.
fn unit_text(value: &AttrValue, dataset: &Dataset, layout: &Layout) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.into());
    }
    let (Source::Records(_, fields), Type::Record(all)) = (&layout.source, &dataset.dtype) else {
        return None;
    };
    let (_, time) = fields.iter().find(|(role, _)| *role == Role::T)?;
    let at = all.iter().position(|(name, ..)| name == time)?;
    value.as_strings().filter(|units| units.len() == all.len())?.get(at).cloned()
}

/// A group or dataset and the groups that it is in.
fn groups(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(group, _)| group))
    })
}

/// Adds a time to all; nothing if a sum is too large.
fn later(content: &mut Content, offset: i64) -> Option<()> {
    let (Content::Events { columns: Columns { t, .. }, .. } | Content::Spikes(t, _)) = content;
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
    let attributes = datasets.first().map(Dataset::attributes).into_iter();
    let attributes = attributes.chain(groups(&layout.path).map(|group| file.attributes(group)));
    Ok(attributes
        .map(|attributes| in_attributes(&attributes))
        .find(|found| !found.is_empty())
        .unwrap_or_default())
}

/// Width and height as attributes state them: `width` and `height`; `geometry`, as `640x480` or two
/// numbers; `sensor_resolution`, height and width, which some files have the other way round: cameras are
/// wider than they are high.
fn in_attributes(attributes: &Attributes) -> Vec<SensorSize> {
    let number = |name: &str| {
        let value = attributes.get(name)?;
        let real = || value.as_f64().map(|value| value as i64);
        value.as_i64().or_else(real).or_else(|| value.as_str()?.trim().parse().ok())
    };
    for [width, height] in [["width", "height"], ["sensor_width", "sensor_height"]] {
        if let (Some(width), Some(height)) = (number(width), number(height)) {
            return layout::sensor(width, height).into_iter().collect();
        }
    }
    let two = |name: &str| -> Option<[i64; 2]> {
        let value = attributes.get(name)?;
        let numbers = value.to_i64s().or_else(|| {
            let text = value.as_str()?.to_lowercase();
            text.split(['x', ',', ' ']).filter(|n| !n.is_empty()).map(|n| n.parse().ok()).collect()
        });
        numbers?.first_chunk().copied()
    };
    if let Some(sensor) = two("geometry").and_then(|[width, height]| layout::sensor(width, height))
    {
        return vec![sensor];
    }
    let Some([a, b]) = two("sensor_resolution") else { return Vec::new() };
    let (width, height) = (a.max(b), a.min(b));
    [(width, height), (height, width)]
        .into_iter()
        .filter_map(|(w, h)| layout::sensor(w, h))
        .collect()
}

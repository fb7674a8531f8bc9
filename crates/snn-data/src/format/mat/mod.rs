//! MAT-files of MATLAB, version 5: numbers and structures.
//!
//! Read are numeric arrays, structures and cells, compressed or not, of both byte orders
//! (MathWorks, "MAT-File Format",
//! <https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf>). Files of version 7.3 are
//! HDF5, and none of this.
//!
//! Recordings are read in the layouts of three data sets (a structure `TD`, ASL-DVS, ST-MNIST), and from
//! variables or fields that [`Options::columns`] selects or whose names are those of columns, such as `t`,
//! `x`, `y` and `p`, and from a matrix with a row for each event. [`Variables`] gives the arrays of any
//! other file.

mod reader;
#[cfg(test)]
mod tests;

use super::FormatError;
use super::column::{self, Column, Number, error};
use super::decoded::{Content, Decoded};
use super::interpretation::{Basis, Finding};
use super::options::Options;
use super::roles::{Role, Roles};
use super::rows::{self, Rows};
use super::time_unit::{TimeUnit, UnitRule};
use crate::events::{Columns, SensorSize};

/// The variables of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Variables {
    named: Vec<(String, Value)>,
}

/// Content of a variable.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Real numbers.
    Array(Array),
    /// An array of structures, most often of one.
    Structures(Structures),
    /// Values of any kind, first axis fastest.
    Cells(Vec<Value>),
    /// What is not read: text, sparse or complex numbers, objects.
    Other,
}

/// An array of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Size of each axis, the fastest first.
    pub shape: Vec<usize>,
    number: Number,
    bytes: Vec<u8>,
    /// Where it is in the file; in a compressed variable, where that is.
    offset: usize,
}

/// Structures with the same fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Structures {
    fields: Vec<String>,
    /// All fields of the first structure, then of the next.
    values: Vec<Value>,
}

impl Variables {
    /// Reads all variables of a file.
    ///
    /// # Errors
    ///
    /// It is no MAT-file of version 5, or is cut off or damaged; says where.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        Ok(Self { named: reader::read(bytes)? })
    }

    /// The names of the variables, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(|(name, _)| name.as_str())
    }

    /// A variable.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.named.iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    /// A variable, if it is an array of numbers.
    pub fn array(&self, name: &str) -> Option<&Array> {
        self.get(name)?.as_array()
    }
}

impl Value {
    fn as_array(&self) -> Option<&Array> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }
}

impl Array {
    /// Number of numbers.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.number.size()
    }

    /// Whether there are no numbers.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The numbers, first axis fastest. Whole numbers beyond 2^53 lose their last digits.
    pub fn numbers(&self) -> Vec<f64> {
        self.column("number").map(|column| column.numbers()).unwrap_or_default()
    }

    fn column<'a>(&'a self, name: &'a str) -> Result<Column<'a>, FormatError> {
        Column::packed(name, self.number, &self.bytes, self.offset)
    }
}

impl Structures {
    /// The names of the fields.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// Number of structures.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.fields.len()).unwrap_or(0)
    }

    /// Whether there are no structures.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// A field of one of the structures.
    pub fn get(&self, index: usize, field: &str) -> Option<&Value> {
        let field = self.fields.iter().position(|found| found == field)?;
        self.values.get(index.checked_mul(self.fields.len())?.checked_add(field)?)
    }
}

/// Reads the recording of a file in one of these layouts.
///
/// * A structure `TD` with the fields `x`, `y`, `ts`, `p`, as the ATIS camera's tools write it.
///   They count pixels from 1, we from 0. The sensor is the smallest with all events.
/// * Variables `ts`, `x`, `y`, `pol`, as in ASL-DVS (Bi et al. 2019): 240 x 180 pixels of a
///   DAVIS240C, whose rows count from the bottom there and from the top here. With another sensor in the
///   options, they are variables as any other.
/// * A matrix `spiketrain` of 101 x events, as in ST-MNIST (See et al. 2020, arXiv:2005.04319): 100
///   taxels, -1, 0 or 1, and the time in s, of which the µs that has begun is taken. Taxel k is at
///   x = k mod 10, y = k / 10 of 10 x 10. Events of one column come in the order of the taxels.
/// * Variables with names for t, x, y and p, or those that the options select; or a structure with such
///   fields, or a matrix with a row for each event, if there is nothing else.
///
/// # Errors
///
/// As [`Variables::decode`]; or the file has none of these layouts, or values that no event has, or the
/// unit of its times is not known.
pub(super) fn decode(bytes: &[u8], options: &Options) -> Result<Decoded, FormatError> {
    let variables = Variables::decode(bytes)?;
    let rule = UnitRule { option: options.time_unit, ..UnitRule::default() };
    if options.columns.is_none() {
        if let Some(Value::Structures(td)) = variables.get("TD") {
            return layout(|name| td.get(0, name), ["ts", "x", "y", "p"], rule, 1);
        }
        if let Some(matrix) = variables.array("spiketrain") {
            return st_mnist(matrix);
        }
        let other =
            options.sensor.is_some_and(|sensor| (sensor.width, sensor.height) != (240, 180));
        if variables.get("pol").is_some() && variables.get("ts").is_some() && !other {
            let read = layout(|name| variables.get(name), ["ts", "x", "y", "pol"], rule, 0)?;
            return asl_dvs(read);
        }
    }
    // Arrays by their names; of a single structure, its fields.
    let named: Vec<(&str, &Array)> = match variables.named.as_slice() {
        [(_, Value::Structures(structure))] if structure.len() == 1 => structure
            .fields
            .iter()
            .zip(&structure.values)
            .filter_map(|(name, value)| Some((name.as_str(), value.as_array()?)))
            .collect(),
        named => named
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_array()?)))
            .collect(),
    };
    if let [(_, Array { shape, number, bytes, offset })] = named.as_slice()
        && let [events, columns] = *shape.as_slice()
        && events > 1
        && columns > 1
    {
        let rows = Rows { bytes, number: *number, columns, by_column: true, offset: *offset };
        let rows = rows.of_axes([events, columns], options);
        return rows.recording(options, None, rule, None);
    }
    let (names, arrays): (Vec<&str>, Vec<&Array>) = named.into_iter().unzip();
    let roles =
        Roles::by_name(&names, options.columns.as_ref()).map_err(|problem| FormatError {
            offset: 0,
            problem: format!(
                "the variables {:?} are no structure TD, spiketrain or columns: {problem}",
                variables.names().collect::<Vec<_>>()
            ),
        })?;
    let columns = names.iter().zip(arrays).zip(&roles.columns);
    let columns = columns.filter_map(|((name, array), role)| Some((name, array, (*role)?)));
    let columns: Result<Vec<_>, FormatError> =
        columns.map(|(name, array, role)| Ok((role, array.column(name)?))).collect();
    let rule = UnitRule { stated: roles.unit, ..rule };
    Ok(rows::recording(&columns?, rule, 0)?.with_columns(roles))
}

fn layout<'a>(
    of: impl Fn(&str) -> Option<&'a Value>,
    names: [&str; 4],
    rule: UnitRule,
    first: i64,
) -> Result<Decoded, FormatError> {
    let mut columns = Vec::with_capacity(names.len());
    for (name, role) in names.into_iter().zip(Role::ALL) {
        let Some(Value::Array(array)) = of(name) else {
            return error(0, format!("expected numbers {name}"));
        };
        columns.push((role, array.column(name)?));
    }
    rows::recording(&columns, rule, first)
}

/// Reason of what is read as in ASL-DVS.
const ASL_DVS: &str = "the layout of ASL-DVS";

fn asl_dvs(mut decoded: Decoded) -> Result<Decoded, FormatError> {
    let sensor = SensorSize { width: 240, height: 180, polarities: 2 };
    if let Content::Events { columns, .. } = &mut decoded.content {
        for (index, y) in columns.y.iter_mut().enumerate() {
            let Some(flipped) = 179_u16.checked_sub(*y) else {
                let problem = format!("y of event {index} is {y}, expected 0 to 179 of {sensor}");
                return error(decoded.offset, problem);
            };
            *y = flipped;
        }
    }
    let columns = "ts, x, y, pol, with rows counted from the bottom";
    Ok(Decoded {
        sensor: Some(Finding::assumed(sensor, ASL_DVS)),
        columns: Some(Finding::assumed(columns.into(), ASL_DVS)),
        ..decoded
    })
}

/// Taxels in a row, and rows.
const SIDE: u16 = 10;

fn st_mnist(matrix: &Array) -> Result<Decoded, FormatError> {
    let taxels = usize::from(SIDE * SIDE);
    let [rows, _] = *matrix.shape.as_slice() else {
        return error(matrix.offset, "expected a matrix spiketrain");
    };
    if rows != taxels + 1 {
        return error(matrix.offset, format!("expected a spiketrain of 101 rows, got {rows}"));
    }
    let mut columns = Columns::default();
    for (index, column) in matrix.numbers().chunks_exact(rows).enumerate() {
        let (spikes, time) = column.split_at(taxels);
        let Some(t) = TimeUnit::Seconds.real(time[0], f64::EPSILON) else {
            let problem = format!("the time of column {index} is {}, expected seconds", time[0]);
            return error(matrix.offset, problem);
        };
        for (taxel, spike) in (0..).zip(spikes).filter(|(_, spike)| **spike != 0.0) {
            let Some(p) = column::whole(*spike).and_then(column::polarity) else {
                let problem = format!("a taxel of column {index} is {spike}, expected -1, 0 or 1");
                return error(matrix.offset, problem);
            };
            columns.push(crate::events::Event { t, x: taxel % SIDE, y: taxel / SIDE, p });
        }
    }
    Ok(Decoded {
        content: Content::Events { columns, merged: false },
        sensor: Some(Finding::new(SensorSize::new(SIDE.into(), SIDE.into()), Basis::Format)),
        time_unit: Finding::new(TimeUnit::Seconds, Basis::Format),
        columns: None,
        offset: matrix.offset,
    })
}

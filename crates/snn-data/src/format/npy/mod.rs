//! npy and npz, the files of NumPy
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).
//!
//! A recording is a structured array with fields `t`, `x`, `y`, `p` in any order and of any whole or
//! floating-point type, or rows of numbers (also four rows of columns, as of `numpy.stack`), or an npz
//! with an array of each of these names. Rows of four are in the order that fits, as in
//! [text](super::csv); others need [`Options::columns`].
//!
//! Times are in the unit of [`Options::time_unit`], or else in that of their type (`timedelta64[ns]`) or
//! of their name (`t_ms`). Without any, whole numbers are µs, and fractions are refused. Polarities are
//! 0 or -1, and 1. Without `y` it is [`Spikes`] of neurons `x`. Without `p` it is events on a sensor with
//! one channel.
//!
//! The files do not state the size of the sensor: it is the smallest that contains all events. The number
//! of neurons is the largest number of one, plus one.

mod header;
mod npz;
#[cfg(test)]
mod tests;

use header::{Dtype, Header};
pub(super) use npz::decode_npz;
pub use npz::encode_npz;

use super::FormatError;
use super::column::{Column, Number, error};
use super::decoded::Decoded;
use super::options::Options;
use super::roles::{Role, Roles};
use super::rows::{self, Rows};
use super::time_unit::{TimeUnit, UnitRule};
use crate::events::{Events, Spikes};
use crate::frame::Frames;

/// Reads a npy file.
///
/// # Errors
///
/// The file is not npy, is truncated, or continues after the array; or it contains something else, or values
/// that no event has; names the place. Or the order of the columns or the unit of the times is not known.
pub(super) fn decode(bytes: &[u8], options: &Options) -> Result<Decoded, FormatError> {
    let array = Array::read(bytes)?;
    match &array.header.dtype {
        Dtype::Record { fields, size } => array.record(fields, *size, options),
        _ => array.rows(options),
    }
}

/// Writes a structured array with the fields x i16, y i16, t i64, p bool, 13 bytes each.
///
/// Pixels are u16 on a sensor that needs them.
pub fn encode(events: &Events) -> Vec<u8> {
    let sensor = events.sensor();
    let pixel = if sensor.width.max(sensor.height) > 1 << 15 { "<u2" } else { "<i2" };
    let dtype = format!("[('x', '{pixel}'), ('y', '{pixel}'), ('t', '<i8'), ('p', '|b1')]");
    let mut bytes = start(&dtype, &[events.len()], 13);
    for event in events.iter() {
        bytes.extend_from_slice(&event.x.to_le_bytes());
        bytes.extend_from_slice(&event.y.to_le_bytes());
        bytes.extend_from_slice(&event.t.to_le_bytes());
        bytes.push(event.p.into());
    }
    bytes
}

/// Writes a structured array with the fields t i64, x u32, p bool; p is always true.
pub fn encode_spikes(spikes: &Spikes) -> Vec<u8> {
    let mut bytes = start("[('t', '<i8'), ('x', '<u4'), ('p', '|b1')]", &[spikes.len()], 13);
    for (t, unit) in spikes.t().iter().zip(spikes.unit()) {
        bytes.extend_from_slice(&t.to_le_bytes());
        bytes.extend_from_slice(&unit.to_le_bytes());
        bytes.push(1);
    }
    bytes
}

/// Writes frames as an array u16 of four axes: `[T, P, H, W]`.
pub fn encode_frames(frames: &Frames<u16>) -> Vec<u8> {
    let mut bytes = start("'<u2'", &frames.shape, 2);
    for value in &frames.values {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes
}

/// A header, with room for the elements of `size` bytes behind it.
fn start(dtype: &str, shape: &[usize], size: usize) -> Vec<u8> {
    // With a comma behind the last axis, too: Python needs it where there is one.
    let axes: String = shape.iter().map(|axis| format!("{axis},")).collect();
    let text = format!("{{'descr': {dtype}, 'fortran_order': False, 'shape': ({axes}), }}");
    // Numpy puts the first element at a multiple of 64, and a line feed in front of it.
    let padded = (10 + text.len() + 1).next_multiple_of(64);
    let mut bytes = Vec::with_capacity(padded + shape.iter().product::<usize>() * size);
    bytes.extend_from_slice(b"\x93NUMPY\x01\x00");
    // The longest header here has some 120 bytes.
    bytes.extend_from_slice(&((padded - 10) as u16).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.resize(padded - 1, b' ');
    bytes.push(b'\n');
    bytes
}

/// A file: header and numbers.
struct Array<'a> {
    header: Header,
    data: &'a [u8],
    /// Number of elements.
    count: usize,
}

impl<'a> Array<'a> {
    /// Bytes of a file that begins with these.
    fn size(first: &[u8]) -> Option<usize> {
        let header = Header::read(first).ok()?;
        let elements = header.shape.iter().try_fold(1_usize, |n, axis| n.checked_mul(*axis))?;
        elements.checked_mul(header.dtype.size())?.checked_add(header.end)
    }

    /// Whether it has fields, or rows of four.
    fn may_be_a_recording(&self) -> bool {
        match (&self.header.dtype, self.header.shape.as_slice()) {
            (Dtype::Record { fields, .. }, _) => {
                fields.iter().any(|(name, ..)| Role::of(name).is_some())
            }
            (Dtype::Number { .. }, [rows, columns]) => *columns == 4 || *rows == 4,
            _ => false,
        }
    }

    fn read(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let header = Header::read(bytes)?;
        let data = &bytes[header.end..];
        let count = header.shape.iter().try_fold(1_usize, |n, axis| n.checked_mul(*axis));
        let wanted = count.and_then(|count| count.checked_mul(header.dtype.size()));
        let (Some(count), Some(wanted)) = (count, wanted) else {
            let problem =
                format!("expected an array that fits into memory, got {:?}", header.shape);
            return error(0, problem);
        };
        if data.len() < wanted {
            let (shape, got) = (&header.shape, data.len());
            let problem = format!("expected {wanted} bytes of shape {shape:?}, got {got}");
            return error(bytes.len(), problem);
        }
        if data.len() > wanted {
            let more = data.len() - wanted;
            let problem = format!("expected the end of the file, got {more} bytes more");
            return error(header.end + wanted, problem);
        }
        Ok(Self { header, data, count })
    }

    fn column<'b>(
        &'b self,
        name: &'b str,
        number: Number,
        place: [usize; 2],
    ) -> Result<Column<'b>, FormatError> {
        Column::new(name, number, self.data, place, self.count, self.header.end)
    }

    /// All numbers of an array of one type, and the unit if they are times.
    fn numbers<'b>(&'b self, name: &'b str) -> Result<(Column<'b>, Option<TimeUnit>), FormatError> {
        match &self.header.dtype {
            Dtype::Number { number, unit } => {
                Ok((self.column(name, *number, [0, number.size()])?, *unit))
            }
            _ => error(0, format!("expected numbers in the array {name}")),
        }
    }

    /// A structured array.
    fn record(
        &self,
        fields: &[(String, usize, Dtype)],
        size: usize,
        options: &Options,
    ) -> Result<Decoded, FormatError> {
        let names: Vec<&str> = fields.iter().map(|(name, ..)| name.as_str()).collect();
        let roles = Roles::by_name(&names, options.columns.as_ref());
        let roles = roles.map_err(|problem| FormatError::new(0, problem))?;
        let mut columns = Vec::new();
        let mut rule = UnitRule { option: options.time_unit, stated: roles.unit, fractions: None };
        for ((name, at, dtype), role) in fields.iter().zip(&roles.columns) {
            let Some(role) = *role else { continue };
            let Dtype::Number { number, unit } = dtype else {
                return error(0, format!("expected numbers in the field {name}"));
            };
            if role == Role::T {
                rule.stated = unit.or(rule.stated);
            }
            columns.push((role, self.column(name, *number, [*at, size])?));
        }
        Ok(rows::recording(&columns, rule, 0)?.with_columns(roles))
    }

    fn rows(&self, options: &Options) -> Result<Decoded, FormatError> {
        let Header { dtype, shape, fortran_order, end } = &self.header;
        let (Dtype::Number { number, unit }, [_, columns]) = (dtype, shape.as_slice()) else {
            let problem = format!("expected fields t, x, y, p or rows of 4, got shape {shape:?}");
            return error(0, problem);
        };
        let axes = [shape[0], *columns];
        let rows = Rows {
            bytes: self.data,
            number: *number,
            columns: *columns,
            by_column: *fortran_order,
            offset: *end,
        };
        let rows = rows.of_axes(axes, options);
        let rule = UnitRule { option: options.time_unit, stated: *unit, fractions: None };
        rows.recording(options, None, rule, None)
    }
}

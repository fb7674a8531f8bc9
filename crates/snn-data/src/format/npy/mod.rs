//! npy and npz, the files of NumPy
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).
//!
//! A recording is a structured array with fields `t`, `x`, `y`, `p` in any order and of any whole
//! or floating-point type, or rows of four numbers, or an npz with an array of each of these names.
//! Times are in µs; polarities are 0 or -1, and 1. Without `y` it is [`Spikes`] of neurons `x`.
//! Without `p` it is events on a sensor with one channel.
//!
//! The files do not say how large a sensor is: it is the smallest that has all events, and of
//! neurons there are as many as the largest number says.

mod header;
mod npz;
#[cfg(test)]
mod tests;

use header::{Dtype, Header};
pub use npz::{decode_npz, encode_npz};

use super::column::{Column, Number, TimeUnit, error};
use super::roles::{self, Order, Role};
use super::{FormatError, Recording};
use crate::events::{Events, Spikes};
use crate::frame::Frames;

/// Reads a npy file, with times in µs.
///
/// Of rows without names the columns are t, x, y, p; where the last one holds other numbers than
/// polarities, x, y, p, t. [`decode_rows`] reads them in a known order.
///
/// ```
/// use snn_data::events::{Events, SensorSize};
/// use snn_data::format::{Recording, npy};
///
/// let sensor = SensorSize::new(4, 2);
/// let events = Events::new(vec![0, 5], vec![3, 0], vec![1, 1], vec![true, false], sensor)?;
/// let Recording::Events(again) = npy::decode(&npy::encode(&events))? else { panic!() };
/// assert_eq!(again, events);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// It is no npy file, or is cut off, or goes on; or it holds something else, or values that no
/// event has; names the place.
pub fn decode(bytes: &[u8]) -> Result<Recording, FormatError> {
    let array = Array::read(bytes)?;
    if let Dtype::Record { fields, size } = &array.header.dtype {
        let mut columns = Vec::new();
        for (name, at, dtype) in fields {
            let Some(role) = Role::of(name) else { continue };
            let Dtype::Number(number) = dtype else {
                return error(0, format!("expected numbers in the field {name}"));
            };
            columns.push((role, array.column(name, *number, [*at, *size])?));
        }
        return roles::recording(&columns, TimeUnit::Microseconds, 0);
    }
    Order::guess(|order| array.rows(order, TimeUnit::Microseconds))
}

/// Reads a npy file of rows of four numbers in the order and with the unit that they have.
///
/// # Errors
///
/// As [`decode`].
pub fn decode_rows(bytes: &[u8], order: Order, unit: TimeUnit) -> Result<Recording, FormatError> {
    Array::read(bytes)?.rows(order, unit)
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

    /// All numbers of an array of one type.
    fn numbers<'b>(&'b self, name: &'b str) -> Result<Column<'b>, FormatError> {
        match &self.header.dtype {
            Dtype::Number(number) => self.column(name, *number, [0, number.size()]),
            _ => error(0, format!("expected numbers in the array {name}")),
        }
    }

    fn rows(&self, order: Order, unit: TimeUnit) -> Result<Recording, FormatError> {
        let Header { dtype, shape, fortran_order, end } = &self.header;
        let (Dtype::Number(number), [_, 4]) = (dtype, shape.as_slice()) else {
            let problem = format!("expected fields t, x, y, p or rows of 4, got shape {shape:?}");
            return error(0, problem);
        };
        roles::rows(self.data, *number, *fortran_order, order, unit, *end)
    }
}

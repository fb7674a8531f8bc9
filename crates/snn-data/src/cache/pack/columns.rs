//! Packed events and spikes: columns, with times as steps.

use super::bytes::{Reader, block, planes, put_bits, put_block, put_planes, put_size, words};
use super::{Pack, PackError};
use crate::events::{Columns, Events, EventsError, SensorSize, Spikes};

/// Sensor, number of events, first time; then by LZ4 the steps of time, columns, rows and polarities.
impl Pack for Events {
    const KIND: &'static str = "events, 1";

    fn pack(&self) -> Vec<u8> {
        let mut columns = Vec::with_capacity(self.len() * 6);
        put_steps(&mut columns, self.t());
        put_planes(&mut columns, self.x().iter().map(|x| (*x).into()));
        put_planes(&mut columns, self.y().iter().map(|y| (*y).into()));
        put_bits(&mut columns, self.p(), |p| p);
        let SensorSize { width, height, polarities } = self.sensor();
        let mut bytes = Vec::new();
        bytes.extend(width.to_le_bytes());
        bytes.extend(height.to_le_bytes());
        bytes.push(polarities);
        put_first(&mut bytes, self.t());
        put_block(&mut bytes, &columns);
        bytes
    }

    fn unpack(bytes: &[u8]) -> Result<Self, PackError> {
        let mut bytes = Reader(bytes);
        let (width, height, polarities) = (bytes.u32()?, bytes.u32()?, bytes.u8()?);
        let (count, first) = (bytes.size()?, bytes.i64()?);
        let columns = block(bytes)?;
        let mut columns = Reader(&columns);
        let t = times(&mut columns, count, first)?;
        let (x, y) = (planes(&mut columns, count)?, planes(&mut columns, count)?);
        let words = words(&mut columns, count)?;
        let p =
            words.flat_map(|word| (0..64).map(move |at| word >> at & 1 == 1)).take(count).collect();
        columns.end()?;
        let sensor = SensorSize { width, height, polarities };
        Self::from_columns(Columns { t, x, y, p }, sensor).map_err(invalid)
    }
}

/// Number of neurons, number of spikes, first time; then by LZ4 the steps of time and the neurons.
impl Pack for Spikes {
    const KIND: &'static str = "spikes, 1";

    fn pack(&self) -> Vec<u8> {
        let mut columns = Vec::with_capacity(self.len() * 4);
        put_steps(&mut columns, self.t());
        put_planes(&mut columns, self.unit().iter().map(|unit| (*unit).into()));
        let mut bytes = Vec::new();
        bytes.extend(self.units().to_le_bytes());
        put_first(&mut bytes, self.t());
        put_block(&mut bytes, &columns);
        bytes
    }

    fn unpack(bytes: &[u8]) -> Result<Self, PackError> {
        let mut bytes = Reader(bytes);
        let units = bytes.u32()?;
        let (count, first) = (bytes.size()?, bytes.i64()?);
        let columns = block(bytes)?;
        let mut columns = Reader(&columns);
        let t = times(&mut columns, count, first)?;
        let unit = planes(&mut columns, count)?;
        columns.end()?;
        Self::new(t, unit, units).map_err(invalid)
    }
}

fn invalid(error: EventsError) -> PackError {
    PackError::new(error.to_string())
}

fn put_first(out: &mut Vec<u8>, t: &[i64]) {
    put_size(out, t.len());
    out.extend(t.first().copied().unwrap_or_default().to_le_bytes());
}

/// Writes by how much each time is larger than the one before. Small steps are small numbers in either
/// direction: 0, -1, 1, -2 are written as 0, 1, 2, 3.
fn put_steps(out: &mut Vec<u8>, t: &[i64]) {
    let before = t.iter().take(1).chain(t);
    let steps = t.iter().zip(before).map(|(t, before)| t.wrapping_sub(*before));
    put_planes(out, steps.map(|step| ((step << 1) ^ (step >> 63)) as u64));
}

/// Reads what [`put_steps`] has written.
fn times(columns: &mut Reader<'_>, count: usize, first: i64) -> Result<Vec<i64>, PackError> {
    let steps: Vec<u64> = planes(columns, count)?;
    let mut time = first;
    let next = |step: u64| {
        time = time.wrapping_add((step >> 1) as i64 ^ -((step & 1) as i64));
        time
    };
    Ok(steps.into_iter().map(next).collect())
}

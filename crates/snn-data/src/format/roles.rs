//! What columns are together: a recording.

use super::column::{Column, Number, TimeUnit, error};
use super::{FormatError, Recording};
use crate::events::{Columns, Events, EventsError, Spikes};

/// The order of four columns without names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Time, x, y, polarity.
    Txyp,
    /// x, y, polarity, time: the recordings of DVS Gesture as Tonic offers them, and Prophesee's
    /// CSV.
    Xypt,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    T,
    X,
    Y,
    P,
}

impl Order {
    pub(super) fn roles(self) -> [Role; 4] {
        match self {
            Self::Txyp => [Role::T, Role::X, Role::Y, Role::P],
            Self::Xypt => [Role::X, Role::Y, Role::P, Role::T],
        }
    }

    /// What is read in the order t, x, y, p, or else in the other one: times are no polarities, so
    /// the wrong order is refused.
    pub(super) fn guess<T>(
        read: impl Fn(Self) -> Result<T, FormatError>,
    ) -> Result<T, FormatError> {
        read(Self::Txyp).or_else(|refusal| read(Self::Xypt).map_err(|_| refusal))
    }
}

impl Role {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "t" | "ts" | "time" | "times" | "timestamp" | "timestamps" => Self::T,
            "x" => Self::X,
            "y" => Self::Y,
            "p" | "pol" | "polarity" | "polarities" => Self::P,
            _ => return None,
        })
    }
}

/// The recording that columns make: without a column y, spikes; without polarities, events on a
/// sensor with one channel. `first` is the number of the first pixel.
pub(super) fn recording(
    columns: &[(Role, Column<'_>)],
    unit: TimeUnit,
    first: i64,
) -> Result<Recording, FormatError> {
    let offset = columns.iter().map(|(_, column)| column.offset).min().unwrap_or(0);
    let of = |wanted: Role| -> Result<Option<&Column<'_>>, FormatError> {
        let mut found =
            columns.iter().filter(|(role, _)| *role == wanted).map(|(_, column)| column);
        match (found.next(), found.next()) {
            (Some(a), Some(b)) => {
                error(b.offset, format!("both {} and {} are {wanted:?}", a.name, b.name))
            }
            (column, _) => Ok(column),
        }
    };
    let (Some(t), Some(x)) = (of(Role::T)?, of(Role::X)?) else {
        return error(offset, "expected columns t and x at least");
    };
    let refused = |refusal: EventsError| FormatError { offset, problem: refusal.to_string() };
    let t_us = t.times(unit)?;
    let Some(y) = of(Role::Y)? else {
        return spikes(t_us, x.units()?).map(Recording::Spikes).map_err(refused);
    };
    let (x, y) = (x.pixels(first)?, y.pixels(first)?);
    let p = of(Role::P)?.map(Column::polarities).transpose()?;
    events(t_us, x, y, p).map(Recording::Events).map_err(refused)
}

/// The recording of rows of four numbers; `by_column` if all of one column come before the next
/// one.
pub(super) fn rows(
    bytes: &[u8],
    number: Number,
    by_column: bool,
    order: Order,
    unit: TimeUnit,
    offset: usize,
) -> Result<Recording, FormatError> {
    let (size, len) = (number.size(), bytes.len() / (4 * number.size()));
    let (next, stride) = if by_column { (len * size, size) } else { (size, 4 * size) };
    let columns = order.roles().into_iter().enumerate().map(|(k, role)| {
        let name = ["t", "x", "y", "p"][role as usize];
        Ok((role, Column::new(name, number, bytes, [k * next, stride], len, offset)?))
    });
    recording(&columns.collect::<Result<Vec<_>, FormatError>>()?, unit, 0)
}

/// Spikes of as many neurons as their largest number says.
pub(super) fn spikes(t: Vec<i64>, unit: Vec<u32>) -> Result<Spikes, EventsError> {
    let units = unit.iter().max().map_or(0, |largest| largest + 1);
    Spikes::new(t, unit, units)
}

/// Events on the smallest sensor; without polarities, with one channel.
pub(super) fn events(
    t: Vec<i64>,
    x: Vec<u16>,
    y: Vec<u16>,
    p: Option<Vec<bool>>,
) -> Result<Events, EventsError> {
    let merged = p.is_none();
    let p = p.unwrap_or_else(|| vec![true; t.len()]);
    let events = Events::on_smallest_sensor(Columns { t, x, y, p })?;
    if !merged {
        return Ok(events);
    }
    let sensor = events.sensor().merged();
    Events::from_columns(events.into_columns(), sensor)
}

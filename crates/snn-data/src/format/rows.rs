//! The recording that columns of numbers make.

use super::FormatError;
use super::column::{Column, Number, error};
use super::decoded::{Content, Decoded};
use super::interpretation::Basis;
use super::options::Options;
use super::order;
use super::roles::{Role, Roles};
use super::selection::ColumnSelection;
use super::time_unit::UnitRule;
use crate::events::SensorSize;

/// The recording that columns make, each role at most once. `first` is the number of the first pixel.
pub(super) fn recording(
    columns: &[(Role, Column<'_>)],
    rule: UnitRule,
    first: i64,
) -> Result<Decoded, FormatError> {
    let offset = columns.iter().map(|(_, column)| column.offset).min().unwrap_or(0);
    let of = |wanted: Role| {
        let found = columns.iter().find(|(role, _)| *role == wanted);
        found.map(|(_, column)| column)
    };
    let (Some(t), Some(x)) = (of(Role::T), of(Role::X)) else {
        return error(offset, "expected columns t and x at least");
    };
    let (t, time_unit) = t.times(rule)?;
    let content = match of(Role::Y) {
        None => Content::Spikes(t, x.units()?),
        Some(y) => {
            let (x, y) = (x.pixels(first)?, y.pixels(first)?);
            let p = of(Role::P).map(Column::polarities).transpose()?;
            Content::of_columns(t, x, y, p)
        }
    };
    Ok(Decoded { content, sensor: None, time_unit, columns: None, offset })
}

/// Rows of numbers, as they lie in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    pub bytes: &'a [u8],
    pub number: Number,
    /// Numbers in a row.
    pub columns: usize,
    /// Whether all of one column come before the next one.
    pub by_column: bool,
    /// Where the numbers begin in the file.
    pub offset: usize,
}

impl Rows<'_> {
    /// The recording, in the order of the options, or of `known` if the layout defines one, or else in
    /// the one that fits.
    pub(super) fn recording(
        self,
        options: &Options,
        known: Option<ColumnSelection>,
        rule: UnitRule,
        sensor: Option<SensorSize>,
    ) -> Result<Decoded, FormatError> {
        let refuse = |problem: String| FormatError { offset: self.offset, problem };
        let roles = match (&options.columns, &known) {
            (Some(columns), _) => Roles::by_position(columns, self.columns, Basis::Option),
            (None, Some(columns)) => Roles::by_position(columns, self.columns, Basis::Format),
            (None, None) => self.find(options.sensor.or(sensor)),
        };
        let roles = roles.map_err(refuse)?;
        let columns =
            roles.columns.iter().enumerate().filter_map(|(index, role)| Some((index, (*role)?)));
        let columns: Result<Vec<_>, FormatError> =
            columns.map(|(index, role)| Ok((role, self.column(role.letter(), index)?))).collect();
        let mut decoded = recording(&columns?, rule, 0)
            .map_err(|refusal| order::explain(refusal, &roles.basis))?;
        decoded.columns = Some(roles.order());
        decoded.sensor = sensor;
        Ok(decoded)
    }

    fn find(self, sensor: Option<SensorSize>) -> Result<Roles, String> {
        let numbers = |index| self.column("", index).map(|column| column.numbers());
        let columns = match self.columns {
            4 => [numbers(0), numbers(1), numbers(2), numbers(3)],
            columns => return Err(order::unnamed(columns)),
        };
        let [Ok(a), Ok(b), Ok(c), Ok(d)] = columns else { return Err(order::unnamed(4)) };
        order::find(&[a, b, c, d], sensor)
    }

    fn column<'b>(&'b self, name: &'b str, index: usize) -> Result<Column<'b>, FormatError> {
        let size = self.number.size();
        let len = self.bytes.len() / (self.columns * size).max(1);
        let place = match self.by_column {
            true => [index * len * size, size],
            false => [index * size, self.columns * size],
        };
        Column::new(name, self.number, self.bytes, place, len, self.offset)
    }
}

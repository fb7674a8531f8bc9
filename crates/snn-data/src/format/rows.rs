//! The recording that columns of numbers make.

use super::FormatError;
use super::column::{Column, Number, error};
use super::decoded::{Content, Decoded};
use super::interpretation::{Basis, Finding};
use super::options::Options;
use super::order::{self, Facts};
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
    /// Reads an array of these axes, of which one is the events. Four rows of more numbers are columns, as
    /// numpy.stack makes of four arrays, unless the options select columns that four do not have.
    pub(super) fn of_axes(self, axes: [usize; 2], options: &Options) -> Self {
        let [rows, columns] = axes;
        let many = options.columns.as_ref().is_none_or(|selection| selection.fits(4));
        if rows == 4 && columns > 4 && many {
            return Self { columns: 4, by_column: !self.by_column, ..self };
        }
        Self { columns, ..self }
    }

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
        let order = match (&options.columns, &known) {
            (Some(columns), _) => Roles::by_position(columns, self.columns, Basis::Option),
            (None, Some(columns)) => Roles::by_position(columns, self.columns, Basis::Format),
            (None, None) => return self.in_found_order(options, rule, sensor),
        };
        self.in_order(&order.map_err(refuse)?, rule, sensor)
    }

    fn in_found_order(
        self,
        options: &Options,
        rule: UnitRule,
        sensor: Option<SensorSize>,
    ) -> Result<Decoded, FormatError> {
        let refuse = |problem: String| FormatError { offset: self.offset, problem };
        if self.columns != 4 {
            return Err(refuse(order::unnamed(self.columns)));
        }
        let mut facts = [(); 4].map(|()| Facts::new());
        let columns = [0, 1, 2, 3].map(|index| self.column("", index));
        let [Ok(a), Ok(b), Ok(c), Ok(d)] = columns else { return Err(refuse(order::unnamed(4))) };
        for start in (0..self.len()).step_by(order::ROWS) {
            for (column, facts) in [&a, &b, &c, &d].into_iter().zip(&mut facts) {
                column.part(start, order::ROWS).each_number(|value| facts.add(value));
            }
            if order::is_decided(&facts) {
                break;
            }
        }
        let order = order::find(&facts, options.sensor.or(sensor)).map_err(refuse)?;
        self.in_order(&order.roles, rule, sensor).map_err(|refusal| order.explain(refusal))
    }

    fn in_order(
        self,
        roles: &Roles,
        rule: UnitRule,
        sensor: Option<SensorSize>,
    ) -> Result<Decoded, FormatError> {
        let columns = roles.columns.iter().enumerate();
        let columns = columns.filter_map(|(index, role)| Some((index, (*role)?)));
        let columns: Result<Vec<_>, FormatError> =
            columns.map(|(index, role)| Ok((role, self.column(role.letter(), index)?))).collect();
        let sensor = sensor.map(|sensor| Finding::new(sensor, Basis::File));
        let columns_found = Some(roles.clone().order());
        Ok(Decoded { columns: columns_found, sensor, ..recording(&columns?, rule, 0)? })
    }

    /// Number of rows.
    fn len(&self) -> usize {
        self.bytes.len() / (self.columns * self.number.size()).max(1)
    }

    fn column<'b>(&'b self, name: &'b str, index: usize) -> Result<Column<'b>, FormatError> {
        let (size, len) = (self.number.size(), self.len());
        let place = match self.by_column {
            true => [index * len * size, size],
            false => [index * size, self.columns * size],
        };
        Column::new(name, self.number, self.bytes, place, len, self.offset)
    }
}

//! Roles of the columns of a table, and the recording that columns make.

use std::fmt;

use super::column::{Column, Number, error};
use super::interpretation::{Basis, Finding};
use super::options::Options;
use super::selection::ColumnSelection;
use super::time_unit::{TimeUnit, UnitRule};
use super::{FormatError, decoded};
use crate::events::{Columns, SensorSize};
use decoded::{Content, Decoded};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    T,
    X,
    Y,
    P,
}

/// Orders of four columns without names, the most common first.
const ORDERS: [[Role; 4]; 3] = [
    [Role::T, Role::X, Role::Y, Role::P],
    [Role::X, Role::Y, Role::T, Role::P],
    [Role::X, Role::Y, Role::P, Role::T],
];

/// An order of four columns, and why it was chosen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    roles: [Role; 4],
    reason: &'static str,
}

/// Reason of the first order, with which an error names the value that is out of place.
const NO_ORDER: &str = "no order fits the values";

impl Order {
    /// Role of each column, and the basis for it.
    pub(super) fn found(self) -> (Vec<Option<Role>>, Basis) {
        (self.roles.map(Some).to_vec(), Basis::Assumption(self.reason.into()))
    }
}

/// Adds to an error in the first order of columns that none of the others fits either.
pub(super) fn explain(refusal: FormatError, basis: &Basis) -> FormatError {
    match basis {
        Basis::Assumption(reason) if reason == NO_ORDER => FormatError {
            problem: format!(
                "{}, read as t, x, y, p; no other order fits, choose one with Options::columns",
                refusal.problem
            ),
            ..refusal
        },
        _ => refusal,
    }
}

impl Role {
    pub(super) const ALL: [Self; 4] = [Self::T, Self::X, Self::Y, Self::P];

    pub(super) fn letter(self) -> &'static str {
        match self {
            Self::T => "t",
            Self::X => "x",
            Self::Y => "y",
            Self::P => "p",
        }
    }

    /// The role of a column by its name, and the unit if the name ends with one: `timestamp`, `ts_us`,
    /// `time [s]`, `t(ns)`.
    pub(super) fn of(name: &str) -> Option<(Self, Option<TimeUnit>)> {
        let name = name.trim().trim_matches('"').to_lowercase();
        if let Some(role) = Self::of_word(&name) {
            return Some((role, None));
        }
        // Brackets explain: `polarity (0=off, 1=on)`.
        if let Some((word, _)) = name.split_once(['[', '(']) {
            return Some((Self::of_word(word.trim_end())?, Self::unit(&name)));
        }
        let (word, _) = name.split_once(['_', ' '])?;
        (Self::of_word(word) == Some(Self::T)).then_some((Self::T, Some(Self::unit(&name)?)))
    }

    /// The unit in the name of a column of times: one of the words after the first.
    pub(super) fn unit(name: &str) -> Option<TimeUnit> {
        let words = name.split([' ', '_', '[', ']', '(', ')', ',']);
        words.skip(1).find_map(|word| word.parse().ok())
    }

    fn of_word(name: &str) -> Option<Self> {
        Some(match name {
            "t" | "ts" | "time" | "times" | "timestamp" | "timestamps" => Self::T,
            "x" | "xs" => Self::X,
            "y" | "ys" => Self::Y,
            "p" | "ps" | "pol" | "polarity" | "polarities" => Self::P,
            _ => return None,
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.letter())
    }
}

/// Columns in the order of the file, an underscore for one that is skipped.
pub(super) fn order(roles: &[Option<Role>]) -> String {
    let letters = roles.iter().map(|role| role.map_or("_", Role::letter));
    letters.collect::<Vec<_>>().join(", ")
}

/// Finds the order of four columns without names.
///
/// In the right order, x and y are pixels of the sensor, if it is known, and p is 0, 1 or -1. Where
/// several orders fit, it is the one in which the time does not fall.
///
/// # Errors
///
/// With all readings, if several orders fit and the time does not decide.
pub(super) fn find_order(
    columns: &[Vec<f64>; 4],
    sensor: Option<SensorSize>,
) -> Result<Order, String> {
    let [width, height] = match sensor {
        Some(sensor) => [sensor.width, sensor.height].map(f64::from),
        None => [65536.0; 2],
    };
    let pixel = |value: &f64, size: f64| value.fract() == 0.0 && (0.0..size).contains(value);
    let fits = |order: &[Role; 4]| {
        order.iter().zip(columns).all(|(role, column)| match role {
            Role::T => true,
            Role::X => column.iter().all(|value| pixel(value, width)),
            Role::Y => column.iter().all(|value| pixel(value, height)),
            Role::P => column.iter().all(|value| [0.0, 1.0, -1.0].contains(value)),
        })
    };
    let all: Vec<[Role; 4]> = ORDERS.into_iter().filter(fits).collect();
    let time =
        |order: &[Role; 4]| &columns[order.iter().position(|role| *role == Role::T).unwrap_or(0)];
    let rising: Vec<_> = all.iter().filter(|order| time(order).is_sorted()).copied().collect();
    match (all.as_slice(), rising.as_slice()) {
        ([], _) => Ok(Order { roles: ORDERS[0], reason: NO_ORDER }),
        ([roles], _) => Ok(Order { roles: *roles, reason: "the only order that fits the values" }),
        (_, [roles]) => Ok(Order {
            roles: *roles,
            reason: "of the orders that fit the values, the one in which the time does not fall",
        }),
        ([roles, ..], _) if columns[0].is_empty() => Ok(Order { roles: *roles, reason: "no rows" }),
        (all, rising) => {
            let several = if rising.is_empty() { all } else { rising };
            let reading = |order: &[Role; 4]| {
                let first =
                    order.iter().zip(columns).map(|(role, column)| format!("{role} {}", column[0]));
                let names = order.map(Role::letter).concat();
                format!("{names} (first event {})", first.collect::<Vec<_>>().join(", "))
            };
            let readings: Vec<String> = several.iter().map(reading).collect();
            Err(format!(
                "the columns have no names and may be {}; choose the order with Options::columns",
                readings.join(" or ")
            ))
        }
    }
}

/// Roles of columns by their names, or by the selection of the options; and the unit of the times, if a
/// name ends with it.
pub(super) fn by_name(
    names: &[impl AsRef<str>],
    selection: Option<&ColumnSelection>,
) -> Result<(Vec<Option<Role>>, Option<TimeUnit>), String> {
    if let Some(selection) = selection {
        let roles = selection.resolve(names, names.len())?;
        let t = roles.iter().position(|role| *role == Some(Role::T));
        let unit = t.and_then(|t| Role::unit(names.get(t)?.as_ref()));
        return Ok((roles, unit));
    }
    let found: Vec<_> = names.iter().map(|name| Role::of(name.as_ref())).collect();
    for role in Role::ALL {
        let of_role =
            names.iter().zip(&found).filter(|(_, found)| found.is_some_and(|(r, _)| r == role));
        let of_role: Vec<&str> = of_role.map(|(name, _)| name.as_ref()).collect();
        let problem = match (of_role.as_slice(), role) {
            ([_], _) | ([], Role::Y | Role::P) => continue,
            ([], _) => {
                format!("expected columns t and x at least, found {}", list(names))
            }
            (several, _) => format!("the columns {} may all be {role}", several.join(", ")),
        };
        return Err(format!("{problem}; choose with Options::columns, such as \"t=NAME,x=NAME\""));
    }
    let unit = found.iter().flatten().find_map(|(_, unit)| *unit);
    Ok((found.into_iter().map(|found| found.map(|(role, _)| role)).collect(), unit))
}

/// The first names, each of a bounded length.
pub(super) fn list(names: &[impl AsRef<str>]) -> String {
    let short = |name: &str| name.chars().take(40).collect::<String>();
    let first: Vec<String> = names.iter().take(12).map(|name| short(name.as_ref())).collect();
    let more = if names.len() > 12 { ", and more" } else { "" };
    first.join(", ") + more
}

/// Refusal of columns that nothing tells apart.
pub(super) fn unnamed(columns: usize) -> String {
    format!(
        "expected columns t, x, y, p or names, found {columns} columns without names; choose them \
         with Options::columns, such as \"xy_pt\" for five of which the third is skipped"
    )
}

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
        let chosen = options.columns.clone().map(|columns| (columns, Basis::Option));
        let chosen = chosen.or_else(|| known.map(|columns| (columns, Basis::Format)));
        let (roles, basis) = match chosen {
            Some((columns, basis)) => {
                (columns.resolve(&[] as &[&str], self.columns).map_err(refuse)?, basis)
            }
            None => self.find(options.sensor.or(sensor)).map_err(refuse)?,
        };
        let columns = roles.iter().enumerate().filter_map(|(index, role)| Some((index, (*role)?)));
        let columns: Result<Vec<_>, FormatError> =
            columns.map(|(index, role)| Ok((role, self.column(role.letter(), index)?))).collect();
        let mut decoded =
            recording(&columns?, rule, 0).map_err(|refusal| explain(refusal, &basis))?;
        decoded.columns = Some(Finding::new(order(&roles), basis));
        decoded.sensor = sensor;
        Ok(decoded)
    }

    fn find(self, sensor: Option<SensorSize>) -> Result<(Vec<Option<Role>>, Basis), String> {
        let numbers = |index| self.column("", index).map(|column| column.numbers());
        let columns = match self.columns {
            4 => [numbers(0), numbers(1), numbers(2), numbers(3)],
            columns => return Err(unnamed(columns)),
        };
        let [Ok(a), Ok(b), Ok(c), Ok(d)] = columns else { return Err(unnamed(4)) };
        find_order(&[a, b, c, d], sensor).map(Order::found)
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

impl Content {
    pub(super) fn of_columns(t: Vec<i64>, x: Vec<u16>, y: Vec<u16>, p: Option<Vec<bool>>) -> Self {
        let merged = p.is_none();
        let p = p.unwrap_or_else(|| vec![true; t.len()]);
        Self::Events { columns: Columns { t, x, y, p }, merged }
    }
}

//! Choice of the columns that hold t, x, y and p.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::roles::{self, Role};

/// Columns of a table that hold the time, the pixel and the polarity of events.
///
/// It is needed for a table without names, or with names that are not recognized. Without `y`, the rows
/// are spikes of neurons `x`; without `p`, events on a sensor with one channel.
///
/// ```
/// use snn_data::format::{ColumnId, ColumnSelection};
///
/// // Rows x, y, t, p; the same with a column between that is skipped; names and indices from 0.
/// let xytp: ColumnSelection = "xytp".parse()?;
/// assert_eq!(xytp, ColumnSelection::xytp());
/// assert_eq!("xy_tp".parse::<ColumnSelection>()?.t, ColumnId::Index(3));
/// let named: ColumnSelection = "t=stamp,x=0,y=1,p=sign".parse()?;
/// assert_eq!(named.t, ColumnId::Name("stamp".into()));
/// # Ok::<(), snn_data::format::ColumnSelectionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ColumnSelection {
    /// Times.
    pub t: ColumnId,
    /// Columns of pixels, or neurons.
    pub x: ColumnId,
    /// Rows of pixels.
    pub y: Option<ColumnId>,
    /// Polarities.
    pub p: Option<ColumnId>,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ColumnId {
    /// Position, from 0.
    Index(usize),
    /// Name in the file.
    Name(String),
}

/// Text that selects no columns.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "expected an order of columns such as xytp or xy_tp, or t=NAME,x=NAME,y=NAME,p=NAME with names \
     or positions from 0, found {0:?}"
)]
pub struct ColumnSelectionError(String);

impl ColumnSelection {
    /// Selects rows t, x, y, p.
    pub fn txyp() -> Self {
        Self::in_order([0, 1, 2, 3])
    }

    /// Selects rows x, y, t, p: arrays of Tonic, MVSEC.
    pub fn xytp() -> Self {
        Self::in_order([2, 0, 1, 3])
    }

    /// Selects rows x, y, p, t: DVS Gesture as Tonic offers it, CSV files of Prophesee.
    pub fn xypt() -> Self {
        Self::in_order([3, 0, 1, 2])
    }

    fn in_order([t, x, y, p]: [usize; 4]) -> Self {
        let [y, p] = [y, p].map(|index| Some(ColumnId::Index(index)));
        Self { t: ColumnId::Index(t), x: ColumnId::Index(x), y, p }
    }

    /// Whether a table without names and of so many columns has all of the selected ones.
    pub(super) fn fits(&self, columns: usize) -> bool {
        self.resolve(&[] as &[&str], columns).is_ok()
    }

    /// The selected columns with their roles.
    pub(super) fn roles(&self) -> impl Iterator<Item = (Role, &ColumnId)> {
        let [t, x] = [&self.t, &self.x].map(Some);
        let all =
            [(Role::T, t), (Role::X, x), (Role::Y, self.y.as_ref()), (Role::P, self.p.as_ref())];
        all.into_iter().filter_map(|(role, column)| Some((role, column?)))
    }

    /// Roles by column, of a table with these names, or with `columns` columns without names.
    pub(super) fn resolve(
        &self,
        names: &[impl AsRef<str>],
        columns: usize,
    ) -> Result<Vec<Option<Role>>, String> {
        let mut roles = vec![None; columns];
        for (role, column) in self.roles() {
            let index = match column {
                ColumnId::Index(index) => Some(*index).filter(|index| *index < columns),
                ColumnId::Name(name) => names.iter().position(|found| found.as_ref() == name),
            };
            let Some(slot) = index.and_then(|index| roles.get_mut(index)) else {
                let found = match names {
                    [] => format!("{columns} columns without names"),
                    names => format!("the columns {}", roles::list(names)),
                };
                return Err(format!("expected a column {column} for {role}, found {found}"));
            };
            if let Some(other) = slot.replace(role) {
                return Err(format!("the column {column} is selected for both {other} and {role}"));
            }
        }
        Ok(roles)
    }
}

impl fmt::Display for ColumnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => index.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl FromStr for ColumnSelection {
    type Err = ColumnSelectionError;

    fn from_str(text: &str) -> Result<Self, ColumnSelectionError> {
        let wrong = || ColumnSelectionError(text.into());
        let mut chosen: [Option<ColumnId>; 4] = Default::default();
        let mut choose = |letter: &str, column| {
            let slot = Role::ALL.iter().position(|role| role.letter() == letter);
            match slot.and_then(|slot| chosen.get_mut(slot)) {
                Some(free @ None) => *free = Some(column),
                _ => return Err(wrong()),
            }
            Ok(())
        };
        if text.contains('=') {
            for part in text.split(',') {
                let (letter, column) = part.split_once('=').ok_or_else(wrong)?;
                let column = column.trim();
                let id = match column.parse() {
                    Ok(index) => ColumnId::Index(index),
                    Err(_) if column.is_empty() => return Err(wrong()),
                    Err(_) => ColumnId::Name(column.into()),
                };
                choose(letter.trim(), id)?;
            }
        } else {
            // A comma or a space between the letters changes nothing.
            let letters = text.chars().filter(|letter| !matches!(letter, ',' | ' '));
            for (index, letter) in letters.enumerate() {
                if letter != '_' {
                    choose(letter.encode_utf8(&mut [0; 4]), ColumnId::Index(index))?;
                }
            }
        }
        let [t, x, y, p] = chosen;
        Ok(Self { t: t.ok_or_else(wrong)?, x: x.ok_or_else(wrong)?, y, p })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selections_are_parsed() {
        let parse = |text: &str| text.parse::<ColumnSelection>();
        assert_eq!(parse("txyp"), Ok(ColumnSelection::txyp()));
        assert_eq!(parse("x, y, t, p"), Ok(ColumnSelection::xytp()));
        assert_eq!(parse("xypt"), Ok(ColumnSelection::xypt()));
        let celex = parse("yx_pt").unwrap();
        assert_eq!((celex.t, celex.x), (ColumnId::Index(4), ColumnId::Index(1)));
        let spikes = parse("t=1, x=unit").unwrap();
        assert_eq!(spikes.x, ColumnId::Name("unit".into()));
        assert_eq!((spikes.y, spikes.p), (None, None));
        for wrong in ["", "xyp", "txxp", "txyq", "t=,x=1", "t=0", "t=0,t=1,x=2", "t:0,x=1"] {
            let error = parse(wrong).unwrap_err().to_string();
            assert!(error.contains("xytp") && error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn columns_are_found_by_name_or_position() {
        let names = ["stamp", "x", "y", "sign"];
        let of = |text: &str| text.parse::<ColumnSelection>().unwrap().resolve(&names, 4);
        let roles = [Role::T, Role::X, Role::Y, Role::P].map(Some);
        assert_eq!(of("t=stamp,x=1,y=y,p=sign").unwrap(), roles);
        assert_eq!(
            of("t=time,x=1").unwrap_err(),
            "expected a column time for t, found the columns stamp, x, y, sign"
        );
        assert_eq!(of("t=1,x=x").unwrap_err(), "the column x is selected for both t and x");
        let unnamed = ColumnSelection::txyp().resolve(&[] as &[&str], 3).unwrap_err();
        assert_eq!(unnamed, "expected a column 3 for p, found 3 columns without names");
    }
}

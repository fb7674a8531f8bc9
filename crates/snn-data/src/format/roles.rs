//! Roles of the columns of a table: by their names, or as the options select them.

use std::fmt;

use super::interpretation::{Basis, Finding};
use super::selection::ColumnSelection;
use super::time_unit::TimeUnit;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    T,
    X,
    Y,
    P,
}

/// Roles of the columns of a table, in its order.
#[derive(Debug, Clone)]
pub(super) struct Roles {
    /// `None` for a column that is skipped.
    pub columns: Vec<Option<Role>>,
    pub basis: Basis,
    /// Unit in the name of the times.
    pub unit: Option<TimeUnit>,
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

impl Roles {
    /// Roles as the options select them, or else by the names of the columns.
    pub(super) fn by_name(
        names: &[impl AsRef<str>],
        selection: Option<&ColumnSelection>,
    ) -> Result<Self, String> {
        if let Some(selection) = selection {
            let columns = selection.resolve(names, names.len())?;
            let t = columns.iter().position(|role| *role == Some(Role::T));
            let unit = t.and_then(|t| Role::unit(names.get(t)?.as_ref()));
            return Ok(Self { columns, basis: Basis::Option, unit });
        }
        let found: Vec<_> = names.iter().map(|name| Role::of(name.as_ref())).collect();
        for role in Role::ALL {
            let of_role =
                names.iter().zip(&found).filter(|(_, found)| found.is_some_and(|(r, _)| r == role));
            let of_role: Vec<&str> = of_role.map(|(name, _)| name.as_ref()).collect();
            let problem = match (of_role.as_slice(), role) {
                ([_], _) | ([], Role::Y | Role::P) => continue,
                ([], _) => format!("expected columns t and x at least, found {}", list(names)),
                (several, _) => format!("the columns {} may all be {role}", list(several)),
            };
            let remedy = "choose with Options::columns, such as \"t=NAME,x=NAME\"";
            return Err(format!("{problem}; {remedy}"));
        }
        let unit = found.iter().flatten().find_map(|(_, unit)| *unit);
        let columns = found.into_iter().map(|found| found.map(|(role, _)| role)).collect();
        Ok(Self { columns, basis: Basis::File, unit })
    }

    /// Roles of `count` columns without names, as a selection has them.
    pub(super) fn by_position(
        selection: &ColumnSelection,
        count: usize,
        basis: Basis,
    ) -> Result<Self, String> {
        let columns = selection.resolve(&[] as &[&str], count)?;
        Ok(Self { columns, basis, unit: None })
    }

    /// The order of the columns, an underscore for one that is skipped.
    pub(super) fn order(self) -> Finding<String> {
        let letters = self.columns.iter().map(|role| role.map_or("_", Role::letter));
        Finding::new(letters.collect::<Vec<_>>().join(", "), self.basis)
    }
}

/// The first names, each of a bounded length.
pub(super) fn list(names: &[impl AsRef<str>]) -> String {
    let short = |name: &str| name.chars().take(40).collect::<String>();
    let first: Vec<String> = names.iter().take(12).map(|name| short(name.as_ref())).collect();
    let more = if names.len() > 12 { ", and more" } else { "" };
    first.join(", ") + more
}

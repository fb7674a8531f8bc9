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
    /// `time [s]`, `t(ns)`, `polarity (0=off, 1=on)`, `x_pos`.
    pub(super) fn of(name: &str) -> Option<(Self, Option<TimeUnit>)> {
        let name = name.trim().trim_matches('"').to_lowercase();
        if let Some(role) = Self::of_word(&name) {
            return Some((role, None));
        }
        // Brackets explain; those of a time have a unit, or the type of a number.
        if let Some((word, rest)) = name.split_once(['[', '(']) {
            let role = Self::of_word(word.trim_end())?;
            let unit = Self::unit(&name);
            let types = ["float", "int", "double", "integer"];
            let is_known = unit.is_some() || types.iter().any(|kind| rest.starts_with(kind));
            return (role != Self::T || is_known).then_some((role, unit));
        }
        let (word, rest) = name.split_once(['_', ' '])?;
        match (Self::of_word(word)?, rest) {
            (Self::T, _) => Some((Self::T, Some(Self::unit(&name)?))),
            (
                role @ (Self::X | Self::Y),
                "pos" | "position" | "coord" | "coordinate" | "addr" | "address",
            ) => Some((role, None)),
            (Self::P, "bool" | "bit" | "sign") if word != "p" && word != "ps" => {
                Some((Self::P, None))
            }
            _ => None,
        }
    }

    /// The unit in the name of a column of times: one of the words after the first. None if a number scales
    /// it, as in `t (10 us)`.
    pub(super) fn unit(name: &str) -> Option<TimeUnit> {
        let words = name.split([' ', '_', '[', ']', '(', ')', ',']).skip(1);
        let is_scaled = words.clone().any(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        words.filter(|_| !is_scaled).find_map(|word| word.parse().ok())
    }

    /// Whether the name of a column of times has a unit that is scaled.
    fn is_scaled(name: &str) -> bool {
        let mut words = name.split([' ', '_', '[', ']', '(', ')', ',']).skip(1);
        let scaled = words.any(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        scaled && words.any(|word| word.parse::<TimeUnit>().is_ok())
    }

    fn of_word(name: &str) -> Option<Self> {
        Some(match name {
            "t" | "ts" | "time" | "times" | "timestamp" | "timestamps" | "time_stamp" => Self::T,
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
            let name = t.and_then(|t| names.get(t)).map(AsRef::as_ref).unwrap_or_default();
            if Role::is_scaled(name) {
                return Err(format!(
                    "the name of the column {name} scales the times; multiply them first"
                ));
            }
            return Ok(Self { columns, basis: Basis::Option, unit: Role::unit(name) });
        }
        let found: Vec<_> = names.iter().map(|name| Role::of(name.as_ref())).collect();
        let of_role = |role| {
            let with = |(_, found): &(_, &Option<(Role, _)>)| found.is_some_and(|(r, _)| r == role);
            names.iter().zip(&found).filter(with).map(|(name, _)| name.as_ref()).collect::<Vec<_>>()
        };
        let [t, x, y, p] = Role::ALL.map(of_role);
        let several =
            Role::ALL.into_iter().zip([&t, &x, &y, &p]).find(|(_, names)| names.len() > 1);
        let unknown = found.iter().any(Option::is_none);
        let problem = if let Some((role, names)) = several {
            format!("several columns may be {role}: {}", list(names))
        } else if t.is_empty() || x.is_empty() {
            format!("expected columns t and x at least, found {}", list(names))
        } else if y.is_empty() && unknown {
            format!("expected a column y, or t, x and p alone for spikes, found {}", list(names))
        } else if p.is_empty() && unknown {
            // It may be the polarity.
            format!("expected a column p, or t, x and y alone, found {}", list(names))
        } else {
            let unit = found.iter().flatten().find_map(|(_, unit)| *unit);
            let columns = found.into_iter().map(|found| found.map(|(role, _)| role)).collect();
            return Ok(Self { columns, basis: Basis::File, unit });
        };
        let remedy = "choose with Options::columns, such as \"t=NAME,x=NAME,y=NAME,p=NAME\"";
        Err(format!("{problem}; {remedy}"))
    }

    /// Roles of a table without events.
    pub(super) fn none() -> Self {
        Self { columns: Vec::new(), basis: Basis::Format, unit: None }
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

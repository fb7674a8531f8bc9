//! Where a file has its events, as known data sets and tools lay them out.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use crate::events::SensorSize;
use crate::format::roles::{Role, Roles};
use crate::format::{ColumnId, ColumnSelection, TimeUnit};

/// A dataset in the listing of a file.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// From the outermost group on, without a slash in front.
    pub path: String,
    pub shape: Vec<u64>,
    /// Names of the fields, of records.
    pub fields: Option<Vec<String>>,
    pub is_number: bool,
    pub is_float: bool,
    /// Type for error messages.
    pub shown: String,
}

/// Where the recording of a file is, and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    /// The data set or tool that lays files out so, if it is known.
    pub name: Option<&'static str>,
    /// The group or dataset.
    pub path: String,
    pub source: Source,
    /// The unit of times that the layout is documented to have.
    pub unit: Option<TimeUnit>,
    /// The unit in the name of the times.
    pub named_unit: Option<TimeUnit>,
    /// The dataset of a time that is added to all.
    pub t_offset: Option<String>,
    /// The dataset with width and height.
    pub resolution: Option<String>,
    pub sensor: Option<SensorSize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// A dataset for each column.
    Columns(Vec<(Role, String)>),
    /// A dataset of records, and its fields.
    Records(String, Vec<(Role, String)>),
    /// A dataset of rows, in an order that is known or not.
    Rows(String, Option<ColumnSelection>),
}

/// What the options select.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Choice<'a> {
    /// A group or dataset.
    pub group: Option<&'a str>,
    pub columns: Option<&'a ColumnSelection>,
}

/// A recording that a file may have.
struct Candidate {
    path: String,
    /// How many of the four columns are missing.
    missing: usize,
    /// The layout, or why the columns are not clear.
    layout: Result<Layout, String>,
}

/// Columns with their roles, and the unit in the name of the times.
type Table = (Vec<(Role, String)>, Option<TimeUnit>);

/// Datasets and candidates that an error lists.
const LISTED: usize = 12;

/// Datasets by their paths, and by the groups that they are in.
struct Items<'a> {
    by_path: BTreeMap<&'a str, &'a Item>,
    by_group: BTreeMap<&'a str, Vec<&'a Item>>,
}

impl<'a> Items<'a> {
    fn new(items: &'a [Item]) -> Self {
        let by_path: BTreeMap<&str, &Item> =
            items.iter().map(|item| (item.path.as_str(), item)).collect();
        let mut by_group = BTreeMap::from([("", Vec::new())]);
        for (path, item) in &by_path {
            by_group.entry(split(path).0).or_default().push(*item);
        }
        Self { by_path, by_group }
    }

    fn get(&self, path: &str) -> Option<&'a Item> {
        self.by_path.get(path).copied()
    }
}

/// Finds the recording in a file with these datasets.
///
/// # Errors
///
/// None fits, or several do; lists what there is.
pub(super) fn find(items: &[Item], choice: Choice<'_>) -> Result<Layout, String> {
    let choice = Choice { group: choice.group.map(|group| group.trim_matches('/')), ..choice };
    let items = &Items::new(items);
    let groups = items.by_group.keys().filter_map(|parent| group(items, parent, choice));
    let datasets = items.by_path.values().filter_map(|item| dataset(items, item, choice));
    let mut found: Vec<Candidate> =
        groups.chain(datasets).filter(|found| choice.contains(&found.path)).collect();
    // A group with polarities is a recording; one without may be anything with a time and a place.
    let best = found.iter().map(|found| found.missing).min();
    found.retain(|found| Some(found.missing) == best);
    // An imu or a pose may have columns of these names, too.
    let is_named = |found: &Candidate| found.path == "CD" || split(&found.path).1 == "events";
    if found.iter().filter(|found| is_named(found)).count() == 1 {
        found.retain(is_named);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    if found.is_empty() {
        let place = choice.group.map(|group| format!(" in {group}")).unwrap_or_default();
        let wanted = match choice.columns {
            Some(_) => "the columns that Options::columns selects",
            None => "datasets t, x, y, p, or records or rows of them",
        };
        let shown = items.by_path.values();
        let shown = shown.map(|item| format!("{} {:?} {}", item.path, item.shape, item.shown));
        let shown: Vec<String> = shown.collect();
        return Err(format!("expected {wanted}{place}; the file contains {}", list(&shown)));
    }
    if found.len() > 1 {
        let paths: Vec<String> = found.iter().map(|found| format!("/{}", found.path)).collect();
        return Err(format!(
            "expected one recording, found {}: {}; choose one with Options::group",
            found.len(),
            list(&paths)
        ));
    }
    found.remove(0).layout
}

/// As many as fit into an error.
fn list(shown: &[String]) -> String {
    let text = shown[..shown.len().min(LISTED)].join("; ");
    match shown.len().saturating_sub(LISTED) {
        _ if shown.is_empty() => "no datasets".into(),
        0 => text,
        rest => format!("{text} and {rest} more"),
    }
}

/// The group of a path, and the name in it.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn join(group: &str, name: &str) -> String {
    if group.is_empty() { name.into() } else { format!("{group}/{name}") }
}

impl Choice<'_> {
    /// Whether a group or dataset is the one selected, or in it.
    fn contains(self, path: &str) -> bool {
        self.group.is_none_or(|group| {
            let rest = path.strip_prefix(group);
            group.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// The columns among these names, and how many are missing; nothing if they are no recording.
    ///
    /// Without all four, it must be named as one, or selected: other groups have a time and a place, too.
    fn columns(self, names: &[&str], path: &str) -> Option<(usize, Result<Table, String>)> {
        let missing = match self.columns {
            Some(columns) => columns.resolve(names, names.len()).ok().map(|_| 0)?,
            None => {
                let roles: Vec<Role> =
                    names.iter().filter_map(|name| Some(Role::of(name)?.0)).collect();
                let missing = Role::ALL.iter().filter(|role| !roles.contains(role)).count();
                let chosen = matches!(split(path).1, "" | "events") || self.group == Some(path);
                let least = roles.contains(&Role::T) && roles.contains(&Role::X);
                (least && (missing == 0 || chosen)).then_some(missing)?
            }
        };
        let table = Roles::by_name(names, self.columns).map(|roles| {
            let table = names.iter().zip(roles.columns);
            let mut table: Vec<(Role, String)> =
                table.filter_map(|(name, role)| Some((role?, name.to_string()))).collect();
            table.sort_by_key(|(role, _)| *role as usize);
            (table, roles.unit)
        });
        Some((missing, table.map_err(|problem| format!("{}: {problem}", shown(path)))))
    }
}

fn shown(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}

/// The datasets of a group, as columns.
fn group(items: &Items<'_>, group: &str, choice: Choice<'_>) -> Option<Candidate> {
    let by_position = |columns: &ColumnSelection| {
        columns.roles().any(|(_, column)| matches!(column, ColumnId::Index(_)))
    };
    if choice.columns.is_some_and(by_position) {
        return None;
    }
    // From the outermost group, datasets are also selected by their paths.
    let names: Vec<&str> = match group.is_empty() && choice.columns.is_some() {
        true => {
            items.by_path.values().filter(|item| item.is_number).map(|item| &*item.path).collect()
        }
        false => {
            let within = items.by_group.get(group)?.iter().filter(|item| item.is_number);
            within.map(|item| split(&item.path).1).collect()
        }
    };
    let (missing, table) = choice.columns(&names, group)?;
    let layout = table.map(|(columns, unit)| {
        let columns: Vec<(Role, String)> =
            columns.into_iter().map(|(role, name)| (role, join(group, &name))).collect();
        // Those that are selected by their paths are of the layout of their group.
        let mut parents = columns.iter().map(|(_, path)| split(path).0);
        let parent = parents.next().filter(|parent| parents.all(|other| other == *parent));
        let group = &parent.unwrap_or(group).to_string();
        let has = |wanted: &str| columns.iter().any(|(_, path)| split(path).1 == wanted);
        let is_minimal = ["xs", "ys", "ts", "ps"].into_iter().all(has);
        let of_item = |path: &str| items.get(path);
        let is_float = columns
            .iter()
            .any(|(role, path)| *role == Role::T && of_item(path).is_some_and(|t| t.is_float));
        let mut layout = Layout::new(group, Source::Columns(columns));
        layout.named_unit = unit;
        layout.look_around(items, group);
        let (above, name) = split(group);
        let indexed =
            [above, group].iter().any(|group| of_item(&join(group, "ms_to_idx")).is_some());
        if is_minimal {
            // Stoffregen et al. 2020, <https://github.com/TimoStoff/event_cnn_minimal>.
            layout.is_of("event_cnn_minimal", is_float.then_some(TimeUnit::Seconds));
        } else if split(above).1 == "prophesee" && matches!(name, "left" | "right") {
            // Chaney et al. 2023, <https://m3ed.io/data_overview/>.
            layout.is_of("M3ED", (!is_float).then_some(TimeUnit::Microseconds));
        } else if layout.t_offset.is_some() || indexed {
            // Gehrig et al. 2021, <https://dsec.ifi.uzh.ch/data-format/>.
            layout.is_of("DSEC", (!is_float).then_some(TimeUnit::Microseconds));
        }
        layout
    });
    Some(Candidate { path: group.into(), missing, layout })
}

/// A dataset, as records or rows.
fn dataset(items: &Items<'_>, item: &Item, choice: Choice<'_>) -> Option<Candidate> {
    let path = item.path.as_str();
    let (group, name) = split(path);
    if let Some(fields) = &item.fields {
        let names: Vec<&str> = fields.iter().map(String::as_str).collect();
        let (missing, table) = choice.columns(&names, path)?;
        let layout = table.map(|(columns, unit)| {
            let mut layout = Layout::new(path, Source::Records(path.into(), columns));
            layout.named_unit = unit;
            layout.look_around(items, group);
            if path == "CD/events" {
                // <https://docs.prophesee.ai/stable/data/file_formats/hdf5.html>.
                layout.is_of("Prophesee", Some(TimeUnit::Microseconds));
            }
            layout
        });
        return Some(Candidate { path: path.into(), missing, layout });
    }
    let is_table = item.is_number && matches!(item.shape.as_slice(), [_, 2..=64]);
    if !is_table || !(choice.group == Some(path) || name == "events") {
        return None;
    }
    let mut layout = Layout::new(path, Source::Rows(path.into(), None));
    layout.look_around(items, group);
    if item.is_float && item.shape.ends_with(&[4]) && split(split(group).0).1 == "davis" {
        // Zhu et al. 2018, <https://daniilidis-group.github.io/mvsec/data_format/>.
        layout.source = Source::Rows(path.into(), Some(ColumnSelection::xytp()));
        layout.is_of("MVSEC", Some(TimeUnit::Seconds));
    }
    Some(Candidate { path: path.into(), missing: 0, layout: Ok(layout) })
}

impl Layout {
    fn new(path: &str, source: Source) -> Self {
        Self {
            name: None,
            path: path.into(),
            source,
            unit: None,
            named_unit: None,
            t_offset: None,
            resolution: None,
            sensor: None,
        }
    }

    fn is_of(&mut self, name: &'static str, unit: Option<TimeUnit>) {
        (self.name, self.unit) = (Some(name), unit);
    }

    /// The datasets of the recording.
    pub fn paths(&self) -> Vec<&str> {
        match &self.source {
            Source::Columns(columns) => columns.iter().map(|(_, path)| path.as_str()).collect(),
            Source::Records(path, _) | Source::Rows(path, _) => vec![path],
        }
    }

    /// Takes what other datasets of a group state.
    fn look_around(&mut self, items: &Items<'_>, group: &str) {
        let number = |path: String, len: u64| {
            let fits = |item: &&Item| {
                let elements = item.shape.iter().try_fold(1_u64, |n, axis| n.checked_mul(*axis));
                item.is_number && elements == Some(len)
            };
            items.get(&path).filter(fits).map(|item| item.path.clone())
        };
        let above = split(group).0;
        self.t_offset =
            number(join(group, "t_offset"), 1).or_else(|| number(join(above, "t_offset"), 1));
        // Width, then height.
        self.resolution = number(join(group, "calib/resolution"), 2);
        // The frames of the same camera.
        let frames = items.get(&join(group, "image_raw")).map(|item| item.shape.as_slice());
        if let Some([_, height, width]) = frames {
            self.sensor = sensor(*width as i64, *height as i64);
        }
    }
}

/// A sensor whose pixels have numbers.
pub(super) fn sensor(width: i64, height: i64) -> Option<SensorSize> {
    let side = |pixels: i64| u32::try_from(pixels).ok().filter(|n| (1..=1 << 16).contains(n));
    Some(SensorSize::new(side(width)?, side(height)?))
}

impl fmt::Display for Layout {
    /// The datasets, fields or the dataset of rows, and what is added.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |columns: &[(Role, String)]| {
            columns.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
        };
        match &self.source {
            Source::Columns(columns) => f.write_str(&names(columns))?,
            Source::Records(path, columns) => write!(f, "{} of {path}", names(columns))?,
            Source::Rows(path, _) => write!(f, "rows of {path}")?,
        }
        if let Some(path) = &self.t_offset {
            write!(f, ", plus {path}")?;
        }
        match self.name {
            Some(name) => write!(f, "; layout of {name}"),
            None => Ok(()),
        }
    }
}

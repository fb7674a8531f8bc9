//! Where a file has its events, as known data sets and tools lay them out.

use std::fmt;

use crate::events::SensorSize;
use crate::format::roles::{self, Role};
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

/// Finds the recording in a file with these datasets.
///
/// # Errors
///
/// None fits, or several do; lists what there is.
pub(super) fn find(items: &[Item], choice: Choice<'_>) -> Result<Layout, String> {
    let choice = Choice { group: choice.group.map(|group| group.trim_matches('/')), ..choice };
    let mut parents: Vec<&str> = items.iter().map(|item| split(&item.path).0).collect();
    parents.push("");
    parents.sort_unstable();
    parents.dedup();
    let groups = parents.iter().filter_map(|parent| group(items, parent, choice));
    let datasets = items.iter().filter_map(|item| dataset(items, item, choice));
    let mut found: Vec<Candidate> =
        groups.chain(datasets).filter(|found| choice.contains(&found.path)).collect();
    // A group with polarities is a recording; one without may be anything with a time and a place.
    let best = found.iter().map(|found| found.missing).min();
    found.retain(|found| Some(found.missing) == best);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    if found.is_empty() {
        let place = choice.group.map(|group| format!(" in {group}")).unwrap_or_default();
        let wanted = match choice.columns {
            Some(_) => "the columns that Options::columns selects",
            None => "datasets t, x, y, p, or records or rows of them",
        };
        let mut shown: Vec<String> = items
            .iter()
            .map(|item| format!("{} {:?} {}", item.path, item.shape, item.shown))
            .collect();
        shown.sort_unstable();
        return Err(format!("expected {wanted}{place}; the file has {}", list(&shown)));
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
        let table = roles::by_name(names, self.columns).map(|(roles, unit)| {
            let table = names.iter().zip(roles);
            let mut table: Vec<(Role, String)> =
                table.filter_map(|(name, role)| Some((role?, name.to_string()))).collect();
            table.sort_by_key(|(role, _)| *role as usize);
            (table, unit)
        });
        Some((missing, table.map_err(|problem| format!("{}: {problem}", shown(path)))))
    }
}

fn shown(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}

/// The datasets of a group, as columns.
fn group(items: &[Item], group: &str, choice: Choice<'_>) -> Option<Candidate> {
    let by_position = |columns: &ColumnSelection| {
        columns.roles().any(|(_, column)| matches!(column, ColumnId::Index(_)))
    };
    if choice.columns.is_some_and(by_position) {
        return None;
    }
    // From the outermost group, datasets are also selected by their paths.
    let any = group.is_empty() && choice.columns.is_some();
    let numbers = items.iter().filter(|item| item.is_number);
    let names = numbers.filter_map(|item| {
        let (parent, name) = split(&item.path);
        if any { Some(item.path.as_str()) } else { (parent == group).then_some(name) }
    });
    let (missing, table) = choice.columns(&names.collect::<Vec<_>>(), group)?;
    let layout = table.map(|(columns, unit)| {
        let has = |wanted: &str| columns.iter().any(|(_, name)| name == wanted);
        let is_minimal = ["xs", "ys", "ts", "ps"].into_iter().all(has);
        let columns: Vec<(Role, String)> =
            columns.into_iter().map(|(role, name)| (role, join(group, &name))).collect();
        let of_item = |path: &str| item(items, path);
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
fn dataset(items: &[Item], item: &Item, choice: Choice<'_>) -> Option<Candidate> {
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

fn item<'a>(items: &'a [Item], path: &str) -> Option<&'a Item> {
    items.iter().find(|item| item.path == path)
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
    fn look_around(&mut self, items: &[Item], group: &str) {
        let number = |path: String, len: u64| {
            let fits = |item: &&Item| {
                let elements = item.shape.iter().try_fold(1_u64, |n, axis| n.checked_mul(*axis));
                item.is_number && elements == Some(len)
            };
            item(items, &path).filter(fits).map(|item| item.path.clone())
        };
        let above = split(group).0;
        self.t_offset =
            number(join(group, "t_offset"), 1).or_else(|| number(join(above, "t_offset"), 1));
        // Width, then height.
        self.resolution = number(join(group, "calib/resolution"), 2);
        // The frames of the same camera.
        let frames = item(items, &join(group, "image_raw")).map(|item| item.shape.as_slice());
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Datasets of a shape: of f64 if the path ends with `*`, else of numbers without a fraction.
    fn items(paths: &[&str], shape: &[u64]) -> Vec<Item> {
        let item = |path: &&str| Item {
            path: path.trim_end_matches('*').into(),
            shape: shape.into(),
            fields: None,
            is_number: true,
            is_float: path.ends_with('*'),
            shown: "i64".into(),
        };
        paths.iter().map(item).collect()
    }

    fn find(items: &[Item], group: Option<&str>) -> Result<Layout, String> {
        super::find(items, Choice { group, ..Choice::default() })
    }

    fn found(items: &[Item], group: Option<&str>) -> (String, &'static str, Option<TimeUnit>) {
        let layout = find(items, group).unwrap();
        (layout.path, layout.name.unwrap_or("none"), layout.unit)
    }

    #[test]
    fn layouts_by_their_names() {
        let us = Some(TimeUnit::Microseconds);
        let seconds = Some(TimeUnit::Seconds);
        let cases: [(&[&str], _, _, _); 7] = [
            (&["t", "x", "y", "p"], "", "none", None),
            (&["a/b/ts*", "a/b/X", "a/b/y", "a/b/pol"], "a/b", "none", None),
            (&["events/t", "events/x", "events/y", "events/p", "ms_to_idx"], "events", "DSEC", us),
            (&["a/t*", "a/x", "a/y", "a/p", "a/ms_to_idx"], "a", "DSEC", None),
            (
                &[
                    "prophesee/right/t",
                    "prophesee/right/x",
                    "prophesee/right/y",
                    "prophesee/right/p",
                ],
                "prophesee/right",
                "M3ED",
                us,
            ),
            (&["e/xs", "e/ys", "e/ts*", "e/ps"], "e", "event_cnn_minimal", seconds),
            (&["e/xs", "e/ys", "e/ts", "e/ps"], "e", "event_cnn_minimal", None),
        ];
        for (paths, path, name, unit) in cases {
            assert_eq!(found(&items(paths, &[9]), None), (path.into(), name, unit));
        }
        let rows = |path: &str| items(&[path], &[9, 4]);
        assert_eq!(found(&rows("davis/left/events*"), None).1, "MVSEC");
        // Whole numbers are no seconds.
        assert_eq!(found(&rows("davis/left/events"), None).1, "none");
        assert_eq!(found(&rows("a/events*"), None), ("a/events".into(), "none", None));
        assert!(find(&rows("boxes"), None).is_err());
        assert_eq!(found(&rows("boxes"), Some("boxes")).1, "none");
        let mut records = items(&["CD/events"], &[9]);
        records[0].is_number = false;
        records[0].fields = Some(["x", "y", "p", "t"].map(String::from).to_vec());
        assert_eq!(found(&records, None), ("CD/events".into(), "Prophesee", us));
    }

    #[test]
    fn what_has_polarities_goes_first() {
        let mut all = items(&["pose/t", "pose/x", "pose/y", "events/t", "events/x"], &[9]);
        // Spikes, and a group of another name.
        assert_eq!(found(&all, None).0, "events");
        assert_eq!(found(&all, Some("pose")).0, "pose");
        all.extend(items(&["b/t", "b/x", "b/y", "b/p"], &[9]));
        assert_eq!(found(&all, None).0, "b");
        all.extend(items(&["a/c/t", "a/c/x", "a/c/y", "a/c/p"], &[9]));
        let refusal = find(&all, None).unwrap_err();
        assert_eq!(
            refusal,
            "expected one recording, found 2: /a/c; /b; choose one with Options::group"
        );
        for group in ["a", "/a/c/", "a/c"] {
            assert_eq!(found(&all, Some(group)).0, "a/c");
        }
        // A group whose name only begins so.
        assert!(find(&all, Some("a/")).is_ok() && find(&all, Some("ev")).is_err());
    }

    #[test]
    fn a_long_list_is_cut() {
        let paths: Vec<String> = (0..40).map(|k| format!("d{k}")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let refusal = find(&items(&paths, &[1, 2]), None).unwrap_err();
        assert!(refusal.contains("the file has d0 [1, 2] i64; d1 ["), "{refusal}");
        assert!(refusal.ends_with("d19 [1, 2] i64 and 28 more"), "{refusal}");
        assert!(find(&[], None).unwrap_err().ends_with("the file has no datasets"));
    }

    #[test]
    fn sizes_of_a_hostile_file() {
        let mut all = items(&["e/t", "e/x", "e/y", "e/p"], &[u64::MAX, u64::MAX]);
        all.extend(items(&["e/t_offset", "e/calib/resolution"], &[1 << 40, 1 << 40]));
        all.extend(items(&["e/image_raw"], &[1, u64::MAX, 0]));
        let layout = find(&all, None).unwrap();
        assert_eq!((layout.t_offset, layout.resolution, layout.sensor), (None, None, None));
    }

    #[test]
    fn a_layout_in_one_line() {
        let all = items(&["events/x", "events/y", "events/p", "events/t"], &[9]);
        let offset = items(&["t_offset"], &[]);
        let layout = find(&[all, offset].concat(), None).unwrap();
        let line = "events/t, events/x, events/y, events/p, plus t_offset; layout of DSEC";
        assert_eq!(layout.to_string(), line);
        let layout = find(&items(&["davis/left/events*"], &[9, 4]), None).unwrap();
        assert_eq!(layout.to_string(), "rows of davis/left/events; layout of MVSEC");
    }

    #[test]
    fn columns_that_are_selected() {
        let choose = |items: &[Item], text: &str, group| {
            let columns: ColumnSelection = text.parse().unwrap();
            let layout = super::find(items, Choice { group, columns: Some(&columns) })?;
            Ok::<_, String>(layout.to_string())
        };
        let all = items(&["a/stamp", "a/x", "a/y", "a/sign", "b/stamp", "b/x"], &[9]);
        let line = Ok("a/stamp, a/x, a/y, a/sign".to_string());
        assert_eq!(choose(&all, "t=stamp,x=x,y=y,p=sign", None), line);
        assert_eq!(choose(&all, "t=a/stamp,x=a/x,y=a/y,p=a/sign", None), line);
        assert_eq!(choose(&all, "t=stamp,x=x", Some("b")).unwrap(), "b/stamp, b/x");
        let refusal = choose(&all, "t=stamp,x=x", None).unwrap_err();
        assert!(refusal.contains("found 2: /a; /b; choose"), "{refusal}");
        let refusal = choose(&all, "t=time,x=x", None).unwrap_err();
        assert!(refusal.starts_with("expected the columns that Options::columns selects;"));
        // Datasets of a group have no positions.
        assert!(choose(&all, "txyp", None).is_err());
        assert_eq!(choose(&items(&["events"], &[9, 5]), "xy_tp", None).unwrap(), "rows of events");
    }

    #[test]
    fn columns_with_two_names() {
        let refusal = find(&items(&["a/t", "a/ts", "a/x", "a/y", "a/p"], &[9]), None).unwrap_err();
        assert!(refusal.starts_with("a: the columns t, ts may all be t;"), "{refusal}");
        let layout = find(&items(&["a/time_ns", "a/x", "a/y", "a/p"], &[9]), None).unwrap();
        assert_eq!(layout.named_unit, Some(TimeUnit::Nanoseconds));
    }
}

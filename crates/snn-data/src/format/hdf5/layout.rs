//! Where a file has its events, as known data sets and tools lay them out.

use std::fmt;

use crate::events::SensorSize;
use crate::format::TimeUnit;
use crate::format::roles::Role;

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
    /// Its type, for people.
    pub shown: String,
}

/// Where the recording of a file is, and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    /// The data set or tool that lays files out so, or what they hold.
    pub name: &'static str,
    /// The group or dataset.
    pub path: String,
    pub source: Source,
    /// The unit of times, where the layout is documented to have one.
    pub unit: Option<TimeUnit>,
    /// The dataset of a time that is to be added to all.
    pub t_offset: Option<String>,
    /// The dataset with width and height.
    pub resolution: Option<String>,
    pub sensor: Option<SensorSize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// A dataset for each column.
    Columns(Vec<(Role, String)>),
    /// A dataset of records.
    Records(String),
    /// A dataset of rows of four, in an order that is known or not.
    Rows(String, Option<[Role; 4]>),
}

/// Datasets and candidates that an error lists.
const LISTED: usize = 12;

/// What a column or field with this name is.
pub(super) fn role(name: &str) -> Option<Role> {
    Role::of(name).or_else(|| {
        Some(match name.to_ascii_lowercase().as_str() {
            "xs" => Role::X,
            "ys" => Role::Y,
            "ps" => Role::P,
            _ => return None,
        })
    })
}

/// The recording in a file with these datasets; in a group or dataset, if one is named.
///
/// # Errors
///
/// None fits, or several do; lists what there is.
pub(super) fn find(items: &[Item], group: Option<&str>) -> Result<Layout, String> {
    let group = group.map(|group| group.trim_matches('/'));
    let within = |path: &str| {
        group.is_none_or(|group| {
            group.is_empty()
                || path
                    .strip_prefix(group)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let mut parents: Vec<&str> = items.iter().map(|item| split(&item.path).0).collect();
    parents.sort_unstable();
    parents.dedup();
    let groups = parents.iter().filter_map(|parent| columns(items, parent, group));
    let datasets = items.iter().filter_map(|item| dataset(items, item, group));
    let mut found: Vec<(usize, Layout)> =
        groups.chain(datasets).filter(|(_, layout)| within(&layout.path)).collect();
    // One with polarities is a recording before one without, which may be anything.
    let best = found.iter().map(|(missing, _)| *missing).min();
    found.retain(|(missing, _)| Some(*missing) == best);
    found.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
    if let [(_, layout)] = found.as_slice() {
        return Ok(layout.clone());
    }
    if found.is_empty() {
        let place = group.map(|group| format!(" in {group}")).unwrap_or_default();
        let mut shown: Vec<String> = items
            .iter()
            .map(|item| format!("{} {:?} {}", item.path, item.shape, item.shown))
            .collect();
        shown.sort_unstable();
        return Err(format!(
            "expected datasets t, x, y, p{place}, or records or rows of them; the file has {}",
            list(shown.into_iter())
        ));
    }
    let paths = found.iter().map(|(_, layout)| match layout.path.as_str() {
        "" => "/".to_string(),
        path => path.to_string(),
    });
    Err(format!(
        "expected one recording, found {}: {}; choose one with the option `group`",
        found.len(),
        list(paths)
    ))
}

/// As many as fit into an error.
fn list(shown: impl ExactSizeIterator<Item = String>) -> String {
    let rest = shown.len().saturating_sub(LISTED);
    let mut text = shown.take(LISTED).collect::<Vec<_>>().join("; ");
    match (text.is_empty(), rest) {
        (true, _) => text = "no datasets".into(),
        (_, 0) => {}
        (_, rest) => text += &format!(" and {rest} more"),
    }
    text
}

/// The group of a path, and the name in it.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn join(group: &str, name: &str) -> String {
    if group.is_empty() { name.into() } else { format!("{group}/{name}") }
}

/// How many columns of a recording are missing; nothing if it is none. Without polarities, it must have
/// the name of one: there are other groups with a time and a place.
fn missing(roles: &[Role], path: &str, named: Option<&str>) -> Option<usize> {
    let has = |role: Role| roles.contains(&role);
    let missing = 4 - [Role::T, Role::X, Role::Y, Role::P].into_iter().filter(|r| has(*r)).count();
    let known = matches!(split(path).1, "" | "events") || named == Some(path);
    (has(Role::T) && has(Role::X) && (missing == 0 || known)).then_some(missing)
}

/// The datasets of a group, as columns.
fn columns(items: &[Item], group: &str, named: Option<&str>) -> Option<(usize, Layout)> {
    let found = items.iter().filter(|item| item.is_number).filter_map(|item| {
        let (parent, name) = split(&item.path);
        (parent == group).then(|| Some((role(name)?, item)))?
    });
    let mut found: Vec<(Role, &Item)> = found.collect();
    found.sort_by_key(|(role, _)| *role as usize);
    let roles: Vec<Role> = found.iter().map(|(role, _)| *role).collect();
    let missing = missing(&roles, group, named)?;
    let t_is_float = found.iter().any(|(role, item)| *role == Role::T && item.is_float);
    let columns = found.iter().map(|(role, item)| (*role, item.path.clone())).collect();
    let mut layout = Layout::new("columns", group, Source::Columns(columns));
    layout.look_around(items, group);

    let (above, name) = split(group);
    let has = |name: &str| found.iter().any(|(_, item)| split(&item.path).1 == name);
    if ["xs", "ys", "ts", "ps"].into_iter().all(has) {
        // Stoffregen et al. 2020, <https://github.com/TimoStoff/event_cnn_minimal>.
        layout.name = "event_cnn_minimal";
        layout.unit = t_is_float.then_some(TimeUnit::Seconds);
    } else if split(above).1 == "prophesee" && matches!(name, "left" | "right") {
        // Chaney et al. 2023, <https://m3ed.io/data_overview/>.
        layout.name = "M3ED";
        layout.unit = (!t_is_float).then_some(TimeUnit::Microseconds);
    } else if layout.t_offset.is_some()
        || [above, group].iter().any(|group| item(items, &join(group, "ms_to_idx")).is_some())
    {
        // Gehrig et al. 2021, <https://dsec.ifi.uzh.ch/data-format/>.
        layout.name = "DSEC";
        layout.unit = (!t_is_float).then_some(TimeUnit::Microseconds);
    }
    Some((missing, layout))
}

/// A dataset, as records or rows.
fn dataset(items: &[Item], item: &Item, named: Option<&str>) -> Option<(usize, Layout)> {
    let path = item.path.as_str();
    let (group, name) = split(path);
    let chosen = named == Some(path);
    if let Some(fields) = &item.fields {
        let roles: Vec<Role> = fields.iter().filter_map(|name| role(name)).collect();
        let missing = missing(&roles, path, named)?;
        let mut layout = Layout::new("records", path, Source::Records(path.into()));
        layout.look_around(items, group);
        if path == "CD/events" {
            // <https://docs.prophesee.ai/stable/data/file_formats/hdf5.html>.
            layout.name = "Prophesee";
            layout.unit = Some(TimeUnit::Microseconds);
        }
        return Some((missing, layout));
    }
    let rows = item.is_number && matches!(item.shape.as_slice(), [_, 4]);
    if !rows || !(chosen || name == "events") {
        return None;
    }
    let mut layout = Layout::new("rows", path, Source::Rows(path.into(), None));
    layout.look_around(items, group);
    if item.is_float && split(split(group).0).1 == "davis" {
        // Zhu et al. 2018, <https://daniilidis-group.github.io/mvsec/data_format/>.
        layout.name = "MVSEC";
        let order = [Role::X, Role::Y, Role::T, Role::P];
        layout.source = Source::Rows(path.into(), Some(order));
        layout.unit = Some(TimeUnit::Seconds);
    }
    Some((0, layout))
}

fn item<'a>(items: &'a [Item], path: &str) -> Option<&'a Item> {
    items.iter().find(|item| item.path == path)
}

impl Layout {
    fn new(name: &'static str, path: &str, source: Source) -> Self {
        let path = path.to_string();
        Self { name, path, source, unit: None, t_offset: None, resolution: None, sensor: None }
    }

    /// The datasets of the recording.
    pub fn paths(&self) -> Vec<&str> {
        match &self.source {
            Source::Columns(columns) => columns.iter().map(|(_, path)| path.as_str()).collect(),
            Source::Records(path) | Source::Rows(path, _) => vec![path],
        }
    }

    /// What other datasets of a group state.
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

/// The name of a column.
pub(super) fn letter(role: Role) -> &'static str {
    ["t", "x", "y", "p"][role as usize]
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Columns(columns) => {
                let paths: Vec<&str> = columns.iter().map(|(_, path)| path.as_str()).collect();
                write!(f, "{}: {}", self.name, paths.join(", "))?;
            }
            Source::Records(path) => write!(f, "{}: records of {path}", self.name)?,
            Source::Rows(path, order) => {
                write!(f, "{}: rows of {path}", self.name)?;
                if let Some(order) = order {
                    write!(f, ", {}", order.map(letter).join(", "))?;
                }
            }
        }
        match &self.t_offset {
            Some(path) => write!(f, ", {path} added"),
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

    fn found(items: &[Item], group: Option<&str>) -> (String, &'static str, Option<TimeUnit>) {
        let layout = find(items, group).unwrap();
        (layout.path, layout.name, layout.unit)
    }

    #[test]
    fn layouts_by_their_names() {
        let us = Some(TimeUnit::Microseconds);
        let seconds = Some(TimeUnit::Seconds);
        let cases: [(&[&str], _, _, _); 7] = [
            (&["t", "x", "y", "p"], "", "columns", None),
            (&["a/b/ts*", "a/b/X", "a/b/y", "a/b/pol"], "a/b", "columns", None),
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
        assert_eq!(found(&rows("davis/left/events"), None).1, "rows");
        assert_eq!(found(&rows("a/events*"), None), ("a/events".into(), "rows", None));
        assert!(find(&rows("boxes"), None).is_err());
        assert_eq!(found(&rows("boxes"), Some("boxes")).1, "rows");
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
            "expected one recording, found 2: a/c; b; choose one with the option `group`"
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
        let line = "DSEC: events/t, events/x, events/y, events/p, t_offset added";
        assert_eq!(layout.to_string(), line);
        let layout = find(&items(&["davis/left/events*"], &[9, 4]), None).unwrap();
        assert_eq!(layout.to_string(), "MVSEC: rows of davis/left/events, x, y, t, p");
    }
}

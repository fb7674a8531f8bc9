//! Lines before the first event: comments, the size of the sensor, names of the columns.

use super::{fields, is_comment, lines, number, statement};
use crate::events::SensorSize;
use crate::format::TimeUnit;
use crate::format::roles::Roles;

/// Statements of the lines before the first event.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Header {
    pub sensor: Option<SensorSize>,
    /// Unit of the times in a comment, or why it is not clear.
    pub unit: Option<Result<TimeUnit, String>>,
    /// Names of the columns; empty if there are none.
    pub names: Vec<String>,
    /// Whether the first line is the size of the sensor alone, as in the recordings for E2VID.
    pub e2vid: bool,
    /// Where the first event begins, and its line.
    pub start: usize,
    pub line: usize,
    /// Fields of the first event; 0 without events.
    pub fields: usize,
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut header = Self { start: bytes.len(), ..Self::default() };
        // Comments may be prose: their names count if there is one for each field.
        let mut commented = Vec::new();
        let mut lines = lines(bytes).enumerate();
        while let Some((index, (start, line))) = lines.next() {
            if is_comment(line) {
                let text = comment(line);
                header.sensor = header.sensor.or_else(|| statement::sensor(&text));
                header.unit = header.unit.take().or_else(|| statement::unit(&text).transpose());
                commented.extend(commented_names(&text));
                continue;
            }
            let found: Vec<&[u8]> = fields(line).map(|(_, field)| field).collect();
            if header.names.is_empty()
                && !header.e2vid
                && let Some(size) = size(&found)
            {
                // Alone, or before events with more fields: as many as in the next line.
                let next = lines.clone().map(|(_, (_, line))| line).find(|line| !is_comment(line));
                if next.is_none_or(|next| fields(next).count() > 2) {
                    (header.sensor, header.e2vid) = (Some(size), true);
                    continue;
                }
            }
            let is_name = |field: &&[u8]| number::<f64>(field).is_none();
            if header.names.is_empty()
                && found.iter().all(is_name)
                && found.iter().any(|field| !field.is_empty())
            {
                header.names = names(&String::from_utf8_lossy(line));
                continue;
            }
            // A separator at the end is no field.
            let empty = found.len() > 1 && found.last().is_some_and(|field| field.is_empty());
            header.fields = found.len() - usize::from(empty);
            (header.start, header.line) = (start, index);
            break;
        }
        if header.names.is_empty() {
            let fits = |names: &Vec<String>| names.len() == header.fields || header.fields == 0;
            header.names = commented.into_iter().find(fits).unwrap_or_default();
        }
        let first = bytes.get(header.start..).unwrap_or_default();
        header.align_names(first.split(|byte| *byte == b'\n').next().unwrap_or_default());
        header
    }

    /// Gives the first column an empty name where only the others have one, as in tables of R, and removes
    /// that of a separator at the end.
    ///
    /// Such a table is separated by spaces, and begins with the name of a row in quotes: elsewhere a field
    /// more than names is an error.
    fn align_names(&mut self, line: &[u8]) {
        let row_names = line.trim_ascii_start().starts_with(b"\"") && !line.contains(&b',');
        if self.fields == 0 || self.names.is_empty() {
            return;
        }
        if self.names.len() + 1 == self.fields && row_names {
            self.names.insert(0, String::new());
        } else if self.names.len() == self.fields + 1
            && self.names.last().is_some_and(String::is_empty)
        {
            self.names.pop();
        }
    }
}

/// A comment without its mark.
fn comment(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.trim_start().trim_start_matches(['#', '%', '!', '/']).trim().into()
}

/// The size of a sensor, if a line is two whole numbers.
fn size(fields: &[&[u8]]) -> Option<SensorSize> {
    let [width, height] = fields else { return None };
    let [width, height] = [number::<u32>(width)?, number::<u32>(height)?];
    statement::sensor_of(width, height)
}

/// Names in a comment, after a word with a colon: `Format: time (float s), x, y, polarity`. `None` unless
/// they are those of columns.
fn commented_names(text: &str) -> Option<Vec<String>> {
    let names = names(text.split_once(':').map_or(text, |(_, names)| names));
    Roles::by_name(&names, None).is_ok().then_some(names)
}

/// Names between the first separator that is outside of brackets: commas, semicolons, or else spaces. What
/// follows another separator is no name: `t, x, y, p; times in ms`.
fn names(text: &str) -> Vec<String> {
    let outside = |separates: &dyn Fn(char) -> bool| -> Vec<usize> {
        let mut depth = 0_usize;
        let places = text.char_indices().filter(|(_, letter)| {
            match letter {
                '(' | '[' => depth += 1,
                ')' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && separates(*letter)
        });
        places.map(|(at, _)| at).collect()
    };
    let first = outside(&|letter| matches!(letter, ',' | ';')).first().copied();
    let Some(separator) = first.and_then(|at| text[at..].chars().next()) else {
        let words = text.split_whitespace().map(|word| word.trim_matches('"').to_owned());
        return join_units(words.collect());
    };
    let (mut names, mut start) = (Vec::new(), 0);
    for end in outside(&|letter| letter == separator).into_iter().chain([text.len()]) {
        let name = &text[start..end];
        // Brackets may contain separators.
        let name = if name.contains(['(', '[']) { name } else { first_of(name) };
        names.push(name.trim().trim_matches('"').to_owned());
        start = end + 1;
    }
    names
}

/// The part before another separator.
fn first_of(name: &str) -> &str {
    name.split([',', ';']).next().unwrap_or(name)
}

/// Between spaces, a unit in brackets belongs to the name before it: `t [s] x y p`.
fn join_units(names: Vec<String>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    for name in names {
        match joined.last_mut() {
            Some(last) if name.starts_with(['(', '[']) => *last = format!("{last} {name}"),
            _ => joined.push(name),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Header {
        Header::read(text.as_bytes())
    }

    #[test]
    fn names_and_units() {
        for (text, names, unit) in [
            ("t,x,y,p\n", vec!["t", "x", "y", "p"], None),
            (
                "# Format: time (float s), x, y, polarity (0=off, 1=on)\n1 2 3 1\n",
                vec!["time (float s)", "x", "y", "polarity (0=off, 1=on)"],
                Some(TimeUnit::Seconds),
            ),
            ("% x y p t\n", vec!["x", "y", "p", "t"], None),
            ("# t [ms] x y p\n", vec!["t [ms]", "x", "y", "p"], Some(TimeUnit::Milliseconds)),
            (
                "x;y;p;timestamp_ns;gain\n",
                vec!["x", "y", "p", "timestamp_ns", "gain"],
                Some(TimeUnit::Nanoseconds),
            ),
        ] {
            let header = read(text);
            assert_eq!(header.names, names, "{text}");
            assert_eq!(Roles::by_name(&header.names, None).unwrap().unit, unit, "{text}");
        }
        let prose = read("# recorded at time t = 5 with x, y flipped\n1,2,3,1\n");
        assert!(prose.names.is_empty(), "{prose:?}");
        let unknown = read("a,b,c\n1,2,3\n");
        assert_eq!(unknown.names, ["a", "b", "c"]);
    }
}

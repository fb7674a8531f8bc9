//! Lines before the first event: comments, the size of the sensor, names of the columns.

use super::{fields, is_comment, lines, number};
use crate::events::SensorSize;
use crate::format::roles;

/// What the lines before the first event state.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Header {
    pub sensor: Option<SensorSize>,
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
        let mut lines = lines(bytes).enumerate().peekable();
        while let Some((number, (start, line))) = lines.next() {
            if is_comment(line) {
                let text = comment(line);
                header.sensor = header.sensor.or_else(|| sensor(&text));
                commented.extend(names(&text));
                continue;
            }
            let found: Vec<&[u8]> = fields(line).map(|(_, field)| field).collect();
            let next = lines.peek().map(|(_, (_, next))| fields(next).count());
            if let (2, Some(3..), false) = (found.len(), next, header.e2vid)
                && let Some(size) = size(&found)
            {
                header.sensor = Some(size);
                header.e2vid = true;
                continue;
            }
            let is_name = |field: &&[u8]| field.is_empty() || !is_value(field);
            let named = found.iter().all(is_name) && found.iter().any(|field| !field.is_empty());
            if header.names.is_empty() && named {
                let line = String::from_utf8_lossy(line);
                // Names with units in them, or else whatever stands between separators.
                header.names = names(&line).unwrap_or_else(|| words(&found));
                continue;
            }
            (header.start, header.line, header.fields) = (start, number, found.len());
            break;
        }
        if header.names.is_empty() {
            let fits = |names: &Vec<String>| names.len() == header.fields || header.fields == 0;
            header.names = commented.into_iter().find(fits).unwrap_or_default();
        }
        header
    }
}

/// A comment without its mark.
fn comment(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.trim_start().trim_start_matches(['#', '%', '!']).trim().into()
}

/// A number, or a word for a polarity.
fn is_value(field: &[u8]) -> bool {
    number::<f64>(field).is_some() || super::polarity(field).is_some()
}

fn words(fields: &[&[u8]]) -> Vec<String> {
    let word = |field: &&[u8]| String::from_utf8_lossy(field).trim_matches('"').to_owned();
    fields.iter().map(word).collect()
}

/// The size of a sensor, if a line is two whole numbers.
fn size(fields: &[&[u8]]) -> Option<SensorSize> {
    let [width, height] = fields else { return None };
    let [width, height] = [number::<u32>(width)?, number::<u32>(height)?];
    (width > 0 && height > 0).then(|| SensorSize::new(width, height))
}

/// The size of the sensor in a comment: `geometry:1280,720`, `sensor size: 346x260`.
fn sensor(text: &str) -> Option<SensorSize> {
    let lower = text.to_lowercase();
    let is_key = |key: &&str| {
        lower.strip_prefix(*key).is_some_and(|rest| rest.starts_with([':', ' ', '=', '_']))
    };
    ["geometry", "sensor", "resolution"].iter().find(|key| is_key(key))?;
    let mut numbers = lower
        .split(|letter: char| !letter.is_ascii_digit())
        .filter(|digits| !digits.is_empty())
        .map(|digits| digits.parse::<u32>().ok());
    match (numbers.next()??, numbers.next()??, numbers.next()) {
        (width @ 1.., height @ 1.., None) => Some(SensorSize::new(width, height)),
        _ => None,
    }
}

/// Names in a line of text, after a word with a colon: `Format: time (float s), x, y, polarity`.
/// `None` unless two of them are the time and a column of pixels.
fn names(text: &str) -> Option<Vec<String>> {
    let text = text.split_once(':').map_or(text, |(_, names)| names);
    let mut names = Vec::new();
    let (mut name, mut depth) = (String::new(), 0_usize);
    let separators: &[char] = if has_commas(text) { &[',', ';'] } else { &[' ', '\t'] };
    for letter in text.chars() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && separators.contains(&letter) {
            names.push(std::mem::take(&mut name));
        } else {
            name.push(letter);
        }
    }
    names.push(name);
    let spaced = separators.contains(&' ');
    let names = names.iter().map(|name| name.trim().trim_matches('"').to_owned());
    let names: Vec<String> = names.filter(|name| !spaced || !name.is_empty()).collect();
    let names = if spaced { join_units(names) } else { names };
    roles::by_name(&names, None).is_ok().then_some(names)
}

/// Whether there is a separator outside of brackets.
fn has_commas(text: &str) -> bool {
    let mut depth = 0_usize;
    text.chars().any(|letter| {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(letter, ',' | ';')
    })
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
    use crate::format::TimeUnit;

    fn read(text: &str) -> Header {
        Header::read(text.as_bytes())
    }

    #[test]
    fn sensors() {
        for text in [
            "%geometry:1280,720\n",
            "% geometry 1280x720\n",
            "# Sensor size: 1280 x 720\n",
            "# resolution=1280,720\n",
            "1280 720\n0.5 1 2 1\n",
        ] {
            assert_eq!(read(text).sensor, Some(SensorSize::new(1280, 720)), "{text}");
        }
        for text in
            ["# geometry: unknown\n", "# 1280 x 720\n", "1280 720\n1281 721\n", "# sensor 0x0\n"]
        {
            assert_eq!(read(text).sensor, None, "{text}");
        }
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
                "row;col;x;y;timestamp_ns\n",
                vec!["row", "col", "x", "y", "timestamp_ns"],
                Some(TimeUnit::Nanoseconds),
            ),
        ] {
            let header = read(text);
            assert_eq!(header.names, names, "{text}");
            assert_eq!(roles::by_name(&header.names, None).unwrap().1, unit, "{text}");
        }
        let prose = read("# recorded at time t = 5 with x, y flipped\n1,2,3,1\n");
        assert!(prose.names.is_empty(), "{prose:?}");
        let unknown = read("a,b,c\n1,2,3\n");
        assert_eq!(unknown.names, ["a", "b", "c"]);
    }
}

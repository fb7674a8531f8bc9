//! Events as lines of text.
//!
//! Fields are separated by commas, semicolons, tabs or spaces. Lines that begin with `#` or `%` are
//! comments. If the first line, or a comment before the first event, has the names of all columns,
//! it tells their order: `x`, `y`, `t` (or `ts`, `time`, `timestamp`), `p` (or `pol`, `polarity`),
//! in upper or lower case. Without names they are t, x, y, p; where the last column holds other
//! numbers than polarities, x, y, p, t.
//!
//! Polarities are 0 or -1, and 1. Without a column `y` the lines are spikes of neurons `x`, up to
//! 65535; without `p`, events on a sensor with one channel. The sensor is the smallest that has all
//! events.
//!
//! The crate `csv` would not do: it takes two spaces for an empty field.

use std::io::Write;

use super::column::{self, TimeUnit, error};
use super::roles::{self, Order, Role};
use super::{FormatError, Recording};
use crate::events::Events;

/// Reads lines with times in µs. Of times with a fraction, the µs that has begun.
///
/// ```
/// use snn_data::format::{Recording, csv};
///
/// let text = b"x,y,p,timestamp\n3,1,1,250\n0,1,0,260\n";
/// let Recording::Events(events) = csv::decode(text)? else { panic!() };
/// assert_eq!((events.t(), events.x()), (&[250, 260][..], &[3, 0][..]));
/// assert_eq!(csv::encode(&events), b"t,x,y,p\n250,3,1,1\n260,0,1,0\n");
/// # Ok::<(), snn_data::format::FormatError>(())
/// ```
///
/// # Errors
///
/// A line has another number of fields than it should, or a field is not what its column holds;
/// names the byte and the line.
pub fn decode(bytes: &[u8]) -> Result<Recording, FormatError> {
    decode_in(bytes, TimeUnit::Microseconds)
}

/// [`decode`] of lines with times in another unit: seconds, for example, in the `events.txt` of the
/// Event-Camera Dataset (Mueggler et al. 2017).
///
/// # Errors
///
/// As [`decode`].
pub fn decode_in(bytes: &[u8], unit: TimeUnit) -> Result<Recording, FormatError> {
    if let Some(roles) = names(bytes) {
        return rows(bytes, &roles, unit);
    }
    Order::guess(|order| rows(bytes, &order.roles(), unit))
}

/// Writes lines `t,x,y,p`, with these names as the first one; t in µs, p 0 or 1.
pub fn encode(events: &Events) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + 20 * events.len());
    bytes.extend_from_slice(b"t,x,y,p\n");
    for event in events.iter() {
        // Writing to memory does not fail.
        let _ = writeln!(bytes, "{},{},{},{}", event.t, event.x, event.y, u8::from(event.p));
    }
    bytes
}

/// A line with the place of its first byte.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut offset = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    bytes[offset..].split(|byte| *byte == b'\n').map(move |line| {
        let start = offset;
        offset += line.len() + 1;
        (start, line.strip_suffix(b"\r").unwrap_or(line))
    })
}

/// Fields of a line, each with its place in the line.
fn fields(line: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let separates = |byte: &u8| matches!(byte, b',' | b';');
    let mut offset = 0;
    let cells = line.split(separates).map(move |cell| {
        let start = offset;
        offset += cell.len() + 1;
        (start, cell)
    });
    // Between commas, spaces mean nothing at the ends of a field, and separate in the middle.
    cells.flat_map(|(start, cell)| {
        let empty = cell.iter().all(u8::is_ascii_whitespace).then_some((start, &[][..]));
        let mut at = start;
        let words = cell.split(u8::is_ascii_whitespace).filter_map(move |word| {
            let start = at;
            at += word.len() + 1;
            (!word.is_empty()).then_some((start, word))
        });
        empty.into_iter().chain(words)
    })
}

fn is_comment(line: &[u8]) -> bool {
    matches!(line.trim_ascii_start().first(), None | Some(b'#' | b'%'))
}

/// What the columns are, if a line before the first event names them.
fn names(bytes: &[u8]) -> Option<Vec<Role>> {
    for (_, line) in lines(bytes) {
        let text = line.trim_ascii_start();
        let text = text.strip_prefix(b"#").or_else(|| text.strip_prefix(b"%")).unwrap_or(text);
        let role = |(_, name): (usize, &[u8])| {
            let name = std::str::from_utf8(name).ok()?;
            Role::of(name.trim_matches('"'))
        };
        let roles: Option<Vec<Role>> = fields(text).map(role).collect();
        match roles {
            Some(roles) if !roles.is_empty() => return Some(roles),
            _ if is_comment(line) => {}
            _ => break,
        }
    }
    None
}

fn rows(bytes: &[u8], roles: &[Role], unit: TimeUnit) -> Result<Recording, FormatError> {
    let has = |role| roles.contains(&role);
    let twice = (1..roles.len()).any(|k| roles[..k].contains(&roles[k]));
    if twice || !has(Role::T) || !has(Role::X) {
        return error(0, "expected columns t and x, each column once");
    }
    let (mut t, mut x, mut y, mut p) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (number, (offset, line)) in lines(bytes).enumerate() {
        // Names come before the first event.
        if is_comment(line) || t.is_empty() && names(line).is_some() {
            continue;
        }
        let refuse = |at: usize, problem: &str| FormatError {
            offset: offset + at,
            problem: format!("line {}: {problem}", number + 1),
        };
        let mut found = fields(line);
        for role in roles {
            let Some((at, field)) = found.next() else {
                let problem = format!("expected {} fields, but the line ends", roles.len());
                return Err(refuse(line.len(), &problem));
            };
            let read = match role {
                Role::T => time(field, unit).map(|time| t.push(time)),
                Role::X => pixel(field).map(|pixel| x.push(pixel)),
                Role::Y => pixel(field).map(|pixel| y.push(pixel)),
                Role::P => whole(field).and_then(column::polarity).map(|brighter| p.push(brighter)),
            };
            if read.is_none() {
                let wanted = match role {
                    Role::T => "a time",
                    Role::X | Role::Y => "0 to 65535",
                    Role::P => "a polarity: 0, 1 or -1",
                };
                let field = String::from_utf8_lossy(&field[..field.len().min(40)]);
                return Err(refuse(at, &format!("expected {wanted}, got {field:?}")));
            }
        }
        if let Some((at, _)) = found.next() {
            return Err(refuse(at, &format!("expected {} fields, got more", roles.len())));
        }
    }
    if !has(Role::Y) {
        let units = x.into_iter().map(u32::from).collect();
        let spikes = roles::spikes(t, units);
        return spikes.map(Recording::Spikes).or_else(|refusal| error(0, refusal.to_string()));
    }
    let events = roles::events(t, x, y, has(Role::P).then_some(p));
    events.map(Recording::Events).or_else(|refusal| error(0, refusal.to_string()))
}

fn number<T: std::str::FromStr>(field: &[u8]) -> Option<T> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

fn time(field: &[u8], unit: TimeUnit) -> Option<i64> {
    match number(field) {
        Some(time) => unit.whole(time),
        None => unit.real(number(field)?),
    }
}

fn whole(field: &[u8]) -> Option<i64> {
    number(field).or_else(|| column::whole(number(field)?))
}

fn pixel(field: &[u8]) -> Option<u16> {
    number(field).or_else(|| u16::try_from(whole(field)?).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::SensorSize;
    use crate::format::damage::damaged;

    fn events(text: &str) -> Events {
        match decode(text.as_bytes()).unwrap() {
            Recording::Events(events) => events,
            Recording::Spikes(spikes) => panic!("{spikes:?}"),
        }
    }

    fn two() -> Events {
        let (t, p) = (vec![1_605_537_493_718_345, -5], vec![true, false]);
        Events::new(t, vec![3, 0], vec![1, 2], p, SensorSize::new(4, 3)).unwrap()
    }

    #[test]
    fn there_and_back() {
        let bytes = encode(&two());
        assert_eq!(bytes, b"t,x,y,p\n1605537493718345,3,1,1\n-5,0,2,0\n");
        assert_eq!(events(std::str::from_utf8(&bytes).unwrap()), two());
        assert!(
            events("").is_empty()
                && events("# nothing\n\n").is_empty()
                && events("t,x,y,p").is_empty()
        );
    }

    #[test]
    fn separators_names_comments_and_orders() {
        for text in [
            "1605537493718345,3,1,1\n-5,0,2,0",
            "\u{feff}1605537493718345;3;1;1\r\n-5;0;2;-1\r\n",
            "# from a camera\n1605537493718345\t3\t1\t1\n\n-5\t0\t2\t0\n",
            "1605537493718345  3   1 1  \n  -5  0  2  0\n",
            "% x y p t\n3 1 1 1605537493718345.0\n0 2 0 -5\n",
            "X, Y, Timestamp, Polarity\n3.0, 1, 1605537493718345, 1\n0, 2, -5.9, 0.0\n",
            "3,1,1,1605537493718345\n0,2,0,-5\n",
        ] {
            assert_eq!(events(text), two(), "{text}");
        }
    }

    #[test]
    fn seconds_spikes_and_one_channel() {
        let read = decode_in(b"0.003811000 96 133 0\n", TimeUnit::Seconds).unwrap();
        assert!(matches!(read, Recording::Events(read) if read.t() == [3811] && read.y() == [133]));
        let read = decode(b"x,t\n699,5\n").unwrap();
        assert!(matches!(read, Recording::Spikes(read) if read.unit() == [699] && read.t() == [5]));
        let read = events("t,x,y\n1,2,3\n");
        assert_eq!((read.p(), read.sensor()), (&[true][..], SensorSize::new(3, 4).merged()));
    }

    #[test]
    fn what_is_wrong_has_a_line_and_a_place() {
        for (text, offset, problem) in [
            ("t,x,y,p\n1,2,3,1\n1,2,x,1\n", 20, "line 3: expected 0 to 65535, got \"x\""),
            ("1,2,3,1\n1,2,3,2\n", 14, "line 2: expected a polarity: 0, 1 or -1, got \"2\""),
            ("1,2,3,1\n1,2,3\n", 13, "line 2: expected 4 fields, but the line ends"),
            ("1,2,,1\n", 4, "line 1: expected 0 to 65535, got \"\""),
            ("1 2 3 1\n1  2 3 1 9\n", 17, "line 2: expected 4 fields, got more"),
            ("1,65536,0,1\n", 2, "line 1: expected 0 to 65535, got \"65536\""),
            ("1e30,2,3,1\n", 0, "line 1: expected a time, got \"1e30\""),
            ("x,y\n1,2\n", 0, "expected columns t and x, each column once"),
            ("t,x,x\n", 0, "expected columns t and x, each column once"),
        ] {
            let refusal = decode(text.as_bytes()).unwrap_err();
            assert_eq!((refusal.offset, refusal.problem.as_str()), (offset, problem), "{text}");
        }
    }

    #[test]
    fn damaged_files_give_an_error_or_events() {
        for copy in damaged(&encode(&two()), 2000) {
            if let Ok(Recording::Events(events)) = decode(&copy) {
                assert!(events.len() <= copy.len() / 4);
            }
        }
    }
}

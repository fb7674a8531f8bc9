//! Events as lines of text.
//!
//! Fields are separated by commas, semicolons, tabs or spaces. Lines that begin with `#`, `%` or `//`
//! are comments.
//!
//! * **Columns** are those of [`Options::columns`], or else those that the first line or a comment
//!   before the first event names: `x`, `y`, `t` (or `ts`, `time`, `timestamp`), `p` (or `pol`,
//!   `polarity`), in upper or lower case; others are skipped if there are all four. Four columns without
//!   names are in the only one of the orders t, x, y, p and x, y, t, p and x, y, p, t that fits: x and y
//!   are whole numbers from 0 to 65535, p is 0, 1 or -1. If several fit, x and y below 2048 decide, then
//!   the sensor if it is known, then a time that does not fall. If several remain, the file is refused
//!   with all readings.
//! * **Times** are in the unit of [`Options::time_unit`], or else in the one that the name of the column
//!   ends with, such as `t_ns` or `time [s]`, or that a comment states, such as `time unit: ns`. Without either, whole numbers are µs, and fractions are
//!   refused, except in the text for E2VID.
//! * **The sensor** is stated by a comment, such as `%geometry:1280,720`, or by a first line with
//!   nothing but its width and height, which the text for E2VID has; its times are seconds
//!   (<https://github.com/uzh-rpg/rpg_e2vid>). Otherwise it is the smallest that contains all events.
//! * **Polarities** are 1, and 0 or -1; or `True` and `False`, `on` and `off`.
//!
//! Without a column `y`, the lines are spikes of neurons `x`, up to 65535; without `p`, events on a
//! sensor with one channel.
//!
//! The crate `csv` would not do: it takes two spaces for an empty field.

mod header;
mod statement;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::str::FromStr;

use self::header::Header;
use super::FormatError;
use super::column;
use super::decoded::{Content, Decoded};
use super::interpretation::{Basis, Finding};
use super::options::Options;
use super::order::{self, Facts};
use super::roles::{Role, Roles};
use super::selection::ColumnSelection;
use super::time_unit::{self, TimeUnit, UnitRule};
use crate::events::Events;

/// Reads lines of text.
///
/// # Errors
///
/// A line has another number of fields than the first, or a field is not what its column holds; names
/// the byte and the line. Or the order of the columns or the unit of the times is not known.
pub(super) fn decode(bytes: &[u8], options: &Options) -> Result<Decoded, FormatError> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(FormatError::new(0, "expected text in UTF-8, found UTF-16; save it as UTF-8"));
    }
    let header = Header::read(bytes);
    let refuse = |problem| FormatError { offset: header.start, problem };
    // Four columns may be in several orders.
    let in_order = header.fields == 4 && header.names.is_empty();
    let (roles, order) = match in_order && options.columns.is_none() {
        true => {
            let table = Table { bytes, header: &header, roles: &[Some(Role::T); 4] };
            let sensor = options.sensor.or(header.sensor);
            match order::find(&table.facts()?, sensor) {
                Ok(order) => (order.roles.clone(), Some(order)),
                // Where nothing decides, text for E2VID is as it is documented.
                Err(_) if header.e2vid => {
                    let columns = ColumnSelection::txyp();
                    (Roles::by_position(&columns, 4, Basis::Format).map_err(refuse)?, None)
                }
                Err(problem) => return Err(refuse(problem)),
            }
        }
        false => (roles(&header, options).map_err(refuse)?, None),
    };
    let fractions = header.e2vid.then_some((TimeUnit::Seconds, "text for E2VID"));
    let stated = match (&header.unit, roles.unit.or(options.time_unit)) {
        (_, Some(unit)) => Some(unit),
        (Some(unit), None) => Some(unit.clone().map_err(refuse)?),
        (None, None) => None,
    };
    let rule = UnitRule { option: options.time_unit, stated, fractions };
    let table = Table { bytes, header: &header, roles: &roles.columns };
    let mut time_unit = rule.of_whole();
    let mut read = table.read(rule.known().map(|unit| unit.value));
    if let (Err(Refusal::Fraction(_)), Some(unit)) = (&read, rule.of_fractions()) {
        read = table.read(Some(unit.value));
        time_unit = unit;
    }
    let content = read.map_err(|refusal| match refusal {
        Refusal::Fraction(field) => {
            field.refuse(&time_unit::fraction("the time", field.value(), table.ends()))
        }
        Refusal::Format(refusal) => {
            order.iter().fold(refusal, |refusal, order| order.explain(refusal))
        }
    })?;
    let columns = (!roles.columns.is_empty()).then(|| roles.order());
    let sensor = header.sensor.map(|sensor| Finding::new(sensor, Basis::File));
    Ok(Decoded { content, sensor, time_unit, columns, offset: header.start })
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

/// Roles of the columns: as the options select them, or by their names.
fn roles(header: &Header, options: &Options) -> Result<Roles, String> {
    let selection = options.columns.as_ref();
    match (header.fields, selection) {
        _ if !header.names.is_empty() => Roles::by_name(&header.names, selection),
        (0, _) if header.sensor.is_some() => Ok(Roles::none()),
        (0, _) => Err("expected lines of events or names of columns, found none".into()),
        (count, Some(selection)) => Roles::by_position(selection, count, Basis::Option),
        (count, None) => Err(order::unnamed(count)),
    }
}

/// The lines from the first event on, with the roles of their fields.
struct Table<'a> {
    bytes: &'a [u8],
    header: &'a Header,
    roles: &'a [Option<Role>],
}

/// One field, and where it is.
#[derive(Clone, Copy)]
struct Field<'a> {
    text: &'a [u8],
    offset: usize,
    /// From 1.
    line: usize,
}

enum Refusal<'a> {
    /// A time with a fraction, without a unit.
    Fraction(Field<'a>),
    Format(FormatError),
}

impl From<FormatError> for Refusal<'_> {
    fn from(refusal: FormatError) -> Self {
        Self::Format(refusal)
    }
}

/// Values of a column of pixels.
const PIXEL: &str = "0 to 65535";

impl Field<'_> {
    fn refuse(self, problem: &str) -> FormatError {
        FormatError { offset: self.offset, problem: format!("line {}: {problem}", self.line) }
    }

    #[cold]
    fn expected(self, wanted: &str) -> FormatError {
        let text = String::from_utf8_lossy(&self.text[..self.text.len().min(40)]);
        self.refuse(&format!("expected {wanted}, found {text:?}"))
    }

    fn value(self) -> f64 {
        number(self.text).unwrap_or(f64::NAN)
    }
}

impl<'a> Table<'a> {
    /// Calls `take` with the column and each field; refuses lines with fewer or more fields.
    #[inline]
    fn each<E: From<FormatError>>(
        &self,
        mut take: impl FnMut(usize, Field<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (start, columns) = (self.header.start, self.roles.len());
        for (index, (at, line)) in lines(&self.bytes[start..]).enumerate() {
            if is_comment(line) {
                continue;
            }
            let field = |at_field: usize, text: &'a [u8]| Field {
                text,
                offset: start + at + at_field,
                line: self.header.line + index + 1,
            };
            let mut found = fields(line);
            for column in 0..columns {
                let Some((at, text)) = found.next() else {
                    let problem = format!("expected {columns} fields, but the line ends");
                    return Err(field(line.len(), &[]).refuse(&problem).into());
                };
                take(column, field(at, text))?;
            }
            // A separator at the end is no field.
            if let Some((at, text)) = found.next()
                && (!text.is_empty() || found.next().is_some())
            {
                let problem = format!("expected {columns} fields, found more");
                return Err(field(at, text).refuse(&problem).into());
            }
        }
        Ok(())
    }

    fn read(&self, unit: Option<TimeUnit>) -> Result<Content, Refusal<'a>> {
        let (mut t, mut x, mut y, mut p) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        self.each(|column, field| {
            match self.roles[column] {
                None => {}
                Some(Role::T) => t.push(time(field, unit, self.header.e2vid)?),
                Some(Role::X) => x.push(pixel(field.text).ok_or_else(|| field.expected(PIXEL))?),
                Some(Role::Y) => y.push(pixel(field.text).ok_or_else(|| field.expected(PIXEL))?),
                Some(Role::P) => {
                    p.push(polarity(field.text).ok_or_else(|| field.expected(column::POLARITY))?);
                }
            }
            Ok::<_, Refusal<'a>>(())
        })?;
        let has = |role| self.roles.contains(&Some(role));
        Ok(match has(Role::Y) || self.roles.is_empty() {
            true => {
                Content::of_columns(t, x, y, (has(Role::P) || self.roles.is_empty()).then_some(p))
            }
            false => Content::Spikes(t, x.into_iter().map(u32::from).collect()),
        })
    }

    /// The facts of four columns of numbers, where a word for a polarity is 0 or 1, until they decide.
    fn facts(&self) -> Result<[Facts; 4], FormatError> {
        let mut facts = [(); 4].map(|()| Facts::new());
        let mut rows = 0;
        let read = self.each(|column, field| {
            let value = number(field.text).or_else(|| Some(f64::from(polarity(field.text)?)));
            let value = value.ok_or_else(|| field.expected("a number")).map_err(Some)?;
            facts[column].add(value);
            rows += usize::from(column == 3);
            let decided = column == 3 && rows % order::ROWS == 0 && order::is_decided(&facts);
            if decided { Err(None) } else { Ok(()) }
        });
        match read {
            Err(Some(refusal)) => Err(refusal),
            Ok(()) | Err(None) => Ok(facts),
        }
    }

    /// The first and the last time, in the unit of the file.
    fn ends(&self) -> [f64; 2] {
        let mut ends = None;
        // What comes after an error does not count.
        let _ = self.each(|column, field| {
            if self.roles[column] == Some(Role::T) {
                let value = field.value();
                ends = Some([ends.map_or(value, |[first, _]: [f64; 2]| first), value]);
            }
            Ok::<_, FormatError>(())
        });
        ends.unwrap_or_default()
    }
}

fn number<T: FromStr>(field: &[u8]) -> Option<T> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

fn time<'a>(field: Field<'a>, unit: Option<TimeUnit>, e2vid: bool) -> Result<i64, Refusal<'a>> {
    let time = if let Some(whole) = number(field.text) {
        unit.unwrap_or_default().whole(whole)
    } else {
        let value = field.value();
        // Text for E2VID has seconds, 1.000000 too.
        let is_fraction =
            time_unit::has_fraction(value, f64::EPSILON) || e2vid && value.is_finite();
        if unit.is_none() && is_fraction {
            return Err(Refusal::Fraction(field));
        }
        unit.unwrap_or_default().real(value, f64::EPSILON)
    };
    match time {
        Some(time) if unit.is_none() && time_unit::is_too_late(time) => {
            Err(field.refuse(&time_unit::too_late("the time", field.value())).into())
        }
        Some(time) => Ok(time),
        None => Err(field.expected("a time").into()),
    }
}

fn whole(field: &[u8]) -> Option<i64> {
    number(field).or_else(|| column::whole(number(field)?))
}

fn pixel(field: &[u8]) -> Option<u16> {
    number(field).or_else(|| u16::try_from(whole(field)?).ok())
}

fn polarity(field: &[u8]) -> Option<bool> {
    let is = |word: &str| field.eq_ignore_ascii_case(word.as_bytes());
    match whole(field) {
        Some(value) => column::polarity(value),
        None if is("true") || is("on") => Some(true),
        None if is("false") || is("off") => Some(false),
        None => None,
    }
}

/// A line with the place of its first byte.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> + Clone {
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
            (!word.is_empty()).then_some((start, unquoted(word)))
        });
        empty.into_iter().chain(words)
    })
}

/// A field without the quotes around it.
#[inline]
fn unquoted(field: &[u8]) -> &[u8] {
    match field {
        [b'"', inner @ .., b'"'] => inner,
        field => field,
    }
}

fn is_comment(line: &[u8]) -> bool {
    matches!(line.trim_ascii_start(), [] | [b'#' | b'%', ..] | [b'/', b'/', ..])
}

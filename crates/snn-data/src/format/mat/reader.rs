//! The elements of a MAT-file.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::{Array, Structures, Value};
use crate::format::FormatError;
use crate::format::column::{Kind, Number, error};

const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;

const CELL: u8 = 1;
const STRUCTURE: u8 = 2;
/// Classes of numeric arrays, double to uint64.
const NUMERIC: std::ops::RangeInclusive<u8> = 6..=15;

const COMPLEX: u8 = 8;

/// Bytes that a byte may unpack to, of more than [`SMALL`]: five times what recordings have.
const EXPANSION: usize = 256;
/// Bytes that any variable may unpack to.
const SMALL: usize = 1 << 20;
/// Fields of a structure, and values in it or in a cell array, at most: each takes more memory than
/// its bytes, and recordings have a handful.
const MOST_FIELDS: usize = 4096;
const MOST_VALUES: usize = 1 << 16;

/// Structures within structures.
const DEEPEST: usize = 32;

/// Elements one behind the other.
#[derive(Clone, Copy)]
struct Elements<'a> {
    bytes: &'a [u8],
    at: usize,
    big_endian: bool,
    /// Where all of it is, if it was unpacked and has no places of its own in the file.
    packed_at: Option<usize>,
}

#[derive(Clone, Copy)]
struct Element<'a> {
    kind: u32,
    bytes: &'a [u8],
    /// Where the bytes begin.
    at: usize,
}

pub(super) fn read(bytes: &[u8]) -> Result<Vec<(String, Value)>, FormatError> {
    let Some(header) = bytes.get(..128) else {
        return error(bytes.len(), "expected the header of a MAT-file, but the file ends");
    };
    if header.starts_with(b"MATLAB 7.3") {
        return error(0, "expected a MAT-file of version 5, got version 7.3, which is HDF5");
    }
    let big_endian = match &header[124..] {
        [0x00, 0x01, b'I', b'M'] => false,
        [0x01, 0x00, b'M', b'I'] => true,
        _ => return error(124, "expected a MAT-file of version 5"),
    };
    let mut elements = Elements { bytes, at: 128, big_endian, packed_at: None };
    let mut variables = Vec::new();
    while let Some(element) = elements.next()? {
        match element.kind {
            MATRIX => variables.push(elements.within(element).variable(DEEPEST)?),
            COMPRESSED => {
                let unpacked = unpack(element, big_endian)?;
                let packed_at = Some(element.at);
                let mut unpacked = Elements { bytes: &unpacked, at: 0, big_endian, packed_at };
                match unpacked.next()? {
                    Some(matrix) if matrix.kind == MATRIX => {
                        variables.push(unpacked.within(matrix).variable(DEEPEST)?);
                    }
                    _ => return error(element.at, "expected a compressed variable"),
                }
            }
            kind => return error(element.at, format!("expected a variable, got type {kind}")),
        }
    }
    Ok(variables)
}

/// One element with its tag, which says how much there is; no more is unpacked.
fn unpack(element: Element<'_>, big_endian: bool) -> Result<Vec<u8>, FormatError> {
    let mut source = ZlibDecoder::new(element.bytes);
    let mut unpacked = Vec::new();
    let refuse = |problem: String| FormatError { offset: element.at, problem };
    let mut more = |unpacked: &mut Vec<u8>, size: u32| {
        let read = source.by_ref().take(size.into()).read_to_end(unpacked);
        read.map_err(|refusal| refuse(refusal.to_string()))
    };
    if more(&mut unpacked, 8)? < 8 {
        return Err(refuse("expected a compressed variable".into()));
    }
    let size = word(&unpacked[4..], big_endian);
    let limit = element.bytes.len().saturating_mul(EXPANSION) + SMALL;
    if size as usize > limit {
        let packed = element.bytes.len();
        return Err(refuse(format!("{packed} bytes that unpack to {size}, more than {limit}")));
    }
    let got = more(&mut unpacked, size)?;
    if got != size as usize {
        return Err(refuse(format!("expected a variable of {size} bytes, unpacked {got}")));
    }
    Ok(unpacked)
}

fn word(bytes: &[u8], big_endian: bool) -> u32 {
    let Some(bytes) = bytes.first_chunk::<4>() else { return 0 };
    if big_endian { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) }
}

/// The types of numbers that elements have.
fn number(kind: u32, big_endian: bool) -> Option<Number> {
    let (kind, size) = match kind {
        1 => (Kind::Signed, 1),
        2 => (Kind::Unsigned, 1),
        3 => (Kind::Signed, 2),
        4 => (Kind::Unsigned, 2),
        5 => (Kind::Signed, 4),
        6 => (Kind::Unsigned, 4),
        7 => (Kind::Float, 4),
        9 => (Kind::Float, 8),
        12 => (Kind::Signed, 8),
        13 => (Kind::Unsigned, 8),
        _ => return None,
    };
    Number::new(kind, size, big_endian)
}

impl<'a> Elements<'a> {
    /// Of what is within an element.
    fn within(&self, element: Element<'a>) -> Self {
        let end = element.at + element.bytes.len();
        // The places stay those of the outer bytes.
        let bytes = self.bytes.get(..end).unwrap_or_default();
        Self { bytes, at: element.at, ..*self }
    }

    fn refuse<T>(&self, at: usize, problem: impl Into<String>) -> Result<T, FormatError> {
        error(self.packed_at.unwrap_or(at), problem)
    }

    /// The next element; none at the end.
    fn next(&mut self) -> Result<Option<Element<'a>>, FormatError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let Some(tag) = rest.get(..8) else {
            return self.refuse(self.at, "expected the tag of an element, but there is no more");
        };
        let kind = word(tag, self.big_endian);
        // Up to four bytes are within the tag, their number above the type.
        let (kind, start, size) = match kind >> 16 {
            0 => (kind, 8, word(&tag[4..], self.big_endian) as usize),
            size => (kind & 0xffff, 4, size as usize),
        };
        let room = if start == 4 { &tag[4..] } else { &rest[8..] };
        let Some(bytes) = room.get(..size) else {
            let problem = format!("expected {size} bytes, got {}", room.len());
            return self.refuse(self.at + start, problem);
        };
        let element = Element { kind, bytes, at: self.at + start };
        // Elements begin at multiples of 8, except behind a compressed one.
        let room = match (start, kind) {
            (4, _) => 4,
            (_, COMPRESSED) => size,
            _ => size.next_multiple_of(8),
        };
        self.at = element.at + room;
        Ok(Some(element))
    }

    fn part(&mut self, wanted: &str) -> Result<Element<'a>, FormatError> {
        match self.next()? {
            Some(element) => Ok(element),
            None => self.refuse(self.bytes.len(), format!("expected {wanted}, got the end")),
        }
    }

    /// What a matrix holds, and its name.
    fn variable(mut self, deepest: usize) -> Result<(String, Value), FormatError> {
        let Some(deeper) = deepest.checked_sub(1) else {
            return self.refuse(self.at, format!("expected up to {DEEPEST} structures in another"));
        };
        // An element of a structure that was never set.
        if self.bytes.len() <= self.at {
            return Ok((String::new(), Value::Other));
        }
        let flags = self.part("flags of an array")?;
        let flags_word = word(flags.bytes, self.big_endian);
        let (class, flags) = ((flags_word & 0xff) as u8, (flags_word >> 8 & 0xff) as u8);
        // Objects that are not of MATLAB itself have no axes.
        if class > *NUMERIC.end() {
            return Ok((String::new(), Value::Other));
        }
        let axes = self.part("sizes of axes")?;
        let (sizes, _) = axes.bytes.as_chunks::<4>();
        let sizes = sizes.iter().map(|size| word(size, self.big_endian) as usize);
        let shape: Vec<usize> = sizes.collect();
        let Some(count) = shape.iter().try_fold(1_usize, |count, axis| count.checked_mul(*axis))
        else {
            return self.refuse(axes.at, format!("expected an array for memory, got {shape:?}"));
        };
        let name = self.part("a name")?;
        let name = String::from_utf8_lossy(name.bytes).into_owned();
        let value = match class {
            CELL => Value::Cells(self.values(count, deeper)?),
            STRUCTURE => self.structures(count, deeper)?,
            _ if NUMERIC.contains(&class) && flags & COMPLEX == 0 => self.array(shape, count)?,
            _ => Value::Other,
        };
        Ok((name, value))
    }

    fn array(mut self, shape: Vec<usize>, count: usize) -> Result<Value, FormatError> {
        let data = self.part("numbers")?;
        // Numbers may be stored in a smaller type than they had.
        let Some(number) = number(data.kind, self.big_endian) else {
            return self.refuse(data.at, format!("expected numbers, got type {}", data.kind));
        };
        if Some(data.bytes.len()) != count.checked_mul(number.size()) {
            let got = data.bytes.len();
            return self.refuse(data.at, format!("expected numbers of {shape:?}, got {got} bytes"));
        }
        let offset = self.packed_at.unwrap_or(data.at);
        Ok(Value::Array(Array { shape, number, bytes: data.bytes.to_vec(), offset }))
    }

    fn structures(mut self, count: usize, deepest: usize) -> Result<Value, FormatError> {
        let length = self.part("the length of names")?;
        let length_of_name = word(length.bytes, self.big_endian) as usize;
        let names = self.part("names of fields")?;
        if length_of_name == 0 {
            return self.refuse(length.at, "expected names of fields with a length");
        }
        let fields = names.bytes.chunks_exact(length_of_name);
        if fields.len() > MOST_FIELDS {
            let problem = format!("expected up to {MOST_FIELDS} fields, got {}", fields.len());
            return self.refuse(names.at, problem);
        }
        let fields = fields.map(|name| {
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            String::from_utf8_lossy(&name[..end]).into_owned()
        });
        let fields: Vec<String> = fields.collect();
        let Some(count) = count.checked_mul(fields.len()) else {
            return self.refuse(names.at, "expected structures that fit into memory");
        };
        let values = self.values(count, deepest)?;
        Ok(Value::Structures(Structures { fields, values }))
    }

    /// Without room made ahead: only what is there tells how many there are.
    fn values(mut self, count: usize, deepest: usize) -> Result<Vec<Value>, FormatError> {
        if count > MOST_VALUES {
            let problem = format!("expected up to {MOST_VALUES} values, got {count}");
            return self.refuse(self.at, problem);
        }
        let mut values = Vec::new();
        for _ in 0..count {
            let element = self.part("a value")?;
            if element.kind != MATRIX {
                return self
                    .refuse(element.at, format!("expected an array, got type {}", element.kind));
            }
            values.push(self.within(element).variable(deepest)?.1);
        }
        Ok(values)
    }
}

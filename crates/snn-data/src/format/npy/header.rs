//! The header of a npy file: a dictionary of Python.
//!
//! The crate `npyz` reads it as well, but makes a buffer as large as the file claims its header to
//! be, and descends into brackets as deep as the file nests them.

use crate::format::column::{Kind, Number, error};
use crate::format::{FormatError, TimeUnit};

/// What the header says.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub dtype: Dtype,
    /// The first axis is the fastest.
    pub fortran_order: bool,
    pub shape: Vec<usize>,
    /// Where the numbers begin.
    pub end: usize,
}

/// What an element is.
#[derive(Debug, PartialEq)]
pub(super) enum Dtype {
    Number {
        number: Number,
        /// Of a time or a difference of times.
        unit: Option<TimeUnit>,
    },
    /// Fields of a record, each with its place in it.
    Record { fields: Vec<(String, usize, Dtype)>, size: usize },
    /// Something else, text for example.
    Other { size: usize },
}

/// A value as Python writes it; a tuple is a list here.
#[derive(Debug)]
enum Literal {
    Text(String),
    Number(usize),
    Bool(bool),
    None,
    List(Vec<Literal>),
    Dictionary(Vec<(Literal, Literal)>),
}

/// What version 1 can say. Numpy by itself reads no more than 10,000 bytes.
const LONGEST: usize = 65_535;

/// What numpy nests: dictionary, list of fields, field, list of fields of a field, and so on.
const DEEPEST: usize = 16;

impl Dtype {
    /// Bytes of an element.
    pub fn size(&self) -> usize {
        match self {
            Self::Number { number, .. } => number.size(),
            Self::Record { size, .. } | Self::Other { size } => *size,
        }
    }

    /// By its description, `'<f8'` for example, or a list of fields.
    fn new(description: &Literal) -> Option<Self> {
        match description {
            Literal::Text(text) => Self::scalar(text),
            Literal::List(fields) => {
                let mut size = 0_usize;
                let mut known = Vec::with_capacity(fields.len());
                for field in fields {
                    let Literal::List(field) = field else { return None };
                    // A third item is the shape of an array in each record.
                    let (name, mut dtype) = match field.as_slice() {
                        [name, dtype] => (name, Self::new(dtype)?),
                        [name, dtype, Literal::List(shape)] => {
                            let size = Self::new(dtype)?.size().checked_mul(product(shape)?)?;
                            (name, Self::Other { size })
                        }
                        _ => return None,
                    };
                    let name = match name {
                        Literal::Text(name) => name.clone(),
                        Literal::List(_) => String::new(),
                        _ => return None,
                    };
                    let at = size;
                    size = size.checked_add(dtype.size())?;
                    if name.is_empty() {
                        dtype = Self::Other { size: dtype.size() };
                    }
                    known.push((name, at, dtype));
                }
                Some(Self::Record { fields: known, size })
            }
            _ => None,
        }
    }

    fn scalar(text: &str) -> Option<Self> {
        let mut letters = text.chars();
        let (order, kind) = (letters.next()?, letters.next()?);
        // Of times, the unit follows in brackets.
        let (digits, unit) = letters.as_str().split_once('[').unwrap_or((letters.as_str(), ""));
        let size: usize = digits.parse().ok()?;
        let unit = unit.strip_suffix(']').and_then(|unit| unit.parse().ok());
        let kind = match kind {
            'm' | 'M' if unit.is_some() => Kind::Signed,
            'b' | 'u' => Kind::Unsigned,
            'i' => Kind::Signed,
            'f' => Kind::Float,
            'S' | 'a' | 'V' | 'c' | 'm' | 'M' => return Some(Self::Other { size }),
            'U' => return Some(Self::Other { size: size.checked_mul(4)? }),
            _ => return None,
        };
        let big_endian = match order {
            '<' | '|' => false,
            '>' => true,
            _ => return None,
        };
        Some(match Number::new(kind, size, big_endian) {
            Some(number) => Self::Number { number, unit },
            None => Self::Other { size },
        })
    }
}

fn product(shape: &[Literal]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |count, axis| match axis {
        Literal::Number(axis) => count.checked_mul(*axis),
        _ => None,
    })
}

impl Header {
    pub fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        let ends = || FormatError {
            offset: bytes.len(),
            problem: "expected the header of a npy file, but the file ends".into(),
        };
        if !bytes.starts_with(b"\x93NUMPY") {
            return error(0, "expected \\x93NUMPY, the start of a npy file");
        }
        let (length, start) = match bytes.get(6) {
            Some(1) => bytes.get(8..10).map(|b| (usize::from(b[1]) << 8 | usize::from(b[0]), 10)),
            Some(2 | 3) => bytes.get(8..12).and_then(|b| {
                let length = u32::from_le_bytes(b.try_into().ok()?);
                Some((length as usize, 12))
            }),
            Some(version) => return error(6, format!("expected version 1 to 3, got {version}")),
            None => None,
        }
        .ok_or_else(ends)?;
        if length > LONGEST {
            return error(8, format!("expected a header of up to {LONGEST} bytes, got {length}"));
        }
        let end = start + length;
        let text = bytes.get(start..end).ok_or_else(ends)?;
        let mut parser = Parser { text, at: 0 };
        let refuse = |at: usize, problem: &str| FormatError {
            offset: start + at,
            problem: format!("{problem} in the header of a npy file"),
        };
        let Some(dictionary) = parser.value(DEEPEST) else {
            return Err(refuse(parser.at, "expected a dictionary of Python"));
        };
        let Literal::Dictionary(entries) = dictionary else {
            return Err(refuse(0, "expected a dictionary of Python"));
        };
        let of = |wanted: &str| {
            let mut values = entries.iter().filter_map(|(key, value)| match key {
                Literal::Text(key) if key == wanted => Some(value),
                _ => None,
            });
            values.next()
        };
        let Some(dtype) = of("descr").and_then(Dtype::new) else {
            return Err(refuse(0, "expected a 'descr' of numbers or of fields of numbers"));
        };
        let Some(Literal::Bool(fortran_order)) = of("fortran_order") else {
            return Err(refuse(0, "expected 'fortran_order'"));
        };
        let shape = match of("shape") {
            Some(Literal::List(axes)) => axes.iter().map(|axis| match axis {
                Literal::Number(axis) => Some(*axis),
                _ => None,
            }),
            _ => return Err(refuse(0, "expected a 'shape'")),
        };
        let shape: Option<Vec<usize>> = shape.collect();
        let shape = shape.ok_or_else(|| refuse(0, "expected a 'shape' of whole numbers"))?;
        Ok(Self { dtype, fortran_order: *fortran_order, shape, end })
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.next() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, deepest: usize) -> Option<Literal> {
        let deeper = deepest.checked_sub(1)?;
        match self.next()? {
            quote @ (b'\'' | b'"') => {
                self.at += 1;
                let rest = self.text.get(self.at..)?;
                let text = &rest[..rest.iter().position(|byte| *byte == quote)?];
                self.at += text.len() + 1;
                // No name of a column needs an escape.
                let plain = !text.contains(&b'\\');
                plain.then(|| Literal::Text(String::from_utf8_lossy(text).into_owned()))
            }
            b'(' => self.list(b'(', b')', deeper).map(Literal::List),
            b'[' => self.list(b'[', b']', deeper).map(Literal::List),
            b'{' => {
                self.at += 1;
                let mut entries = Vec::new();
                while !self.take(b'}') {
                    let key = self.value(deeper)?;
                    let value = self.take(b':').then(|| self.value(deeper))??;
                    entries.push((key, value));
                    if !self.take(b',') && self.next() != Some(b'}') {
                        return None;
                    }
                }
                Some(Literal::Dictionary(entries))
            }
            _ => self.word(),
        }
    }

    fn list(&mut self, open: u8, close: u8, deepest: usize) -> Option<Vec<Literal>> {
        let mut items = Vec::new();
        self.take(open);
        while !self.take(close) {
            items.push(self.value(deepest)?);
            if !self.take(b',') && self.next() != Some(close) {
                return None;
            }
        }
        Some(items)
    }

    fn word(&mut self) -> Option<Literal> {
        let rest = self.text.get(self.at..)?;
        let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let word = std::str::from_utf8(&rest[..end]).ok()?;
        self.at += end;
        Some(match word {
            "True" => Literal::Bool(true),
            "False" => Literal::Bool(false),
            "None" => Literal::None,
            // Python 2 wrote long numbers with an L.
            _ => Literal::Number(word.trim_end_matches('L').parse().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Result<Header, FormatError> {
        let length = (text.len() as u16).to_le_bytes();
        Header::read(&[b"\x93NUMPY\x01\x00", length.as_slice(), text.as_bytes()].concat())
    }

    #[test]
    fn fields_with_padding_arrays_and_titles() {
        let text = "{'descr': [('t', '>i8'), ('', '|V3'), (('a title', 'x'), '<u2'), \
                    ('v', '<f4', (2, 3)), ('w', [('a', '|b1'), ('b', '<U2')]), ('p', '|b1')], \
                    'fortran_order': False, 'shape': (7L,), }";
        let Header { dtype, fortran_order, shape, end } = header(text).unwrap();
        assert_eq!(
            (fortran_order, shape.as_slice(), end),
            (false, [7].as_slice(), 10 + text.len())
        );
        let Dtype::Record { fields, size } = dtype else { panic!("{dtype:?}") };
        let places: Vec<_> = fields.iter().map(|(name, at, _)| (name.as_str(), *at)).collect();
        assert_eq!(places, [("t", 0), ("", 8), ("", 11), ("v", 13), ("w", 37), ("p", 46)]);
        assert_eq!(size, 47);
        assert_eq!(
            fields[0].2,
            Dtype::Number { number: Number::new(Kind::Signed, 8, true).unwrap(), unit: None }
        );
    }

    #[test]
    fn what_is_not_a_header_is_refused() {
        let deep = format!("{{'descr': {}", "[".repeat(60_000));
        for text in [
            deep.as_str(),
            "",
            "{",
            "{'descr'",
            "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
            "{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}",
            "{'descr': [('t', '<f8', (9999999999, 9999999999))], 'shape': (), \
             'fortran_order': False}",
            "('descr', '<f8')",
        ] {
            let refusal = header(text).unwrap_err();
            assert!(refusal.offset >= 10, "{text:.40}: {refusal:?}");
        }
        assert_eq!(Header::read(b"PK\x03\x04").unwrap_err().offset, 0);
        assert_eq!(Header::read(b"\x93NUMPY\x09\x00").unwrap_err().offset, 6);
        assert_eq!(Header::read(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{").unwrap_err().offset, 8);
        let short = Header::read(b"\x93NUMPY\x02\x00\x02\x00\x00\x00{").unwrap_err();
        assert!(short.offset == 13 && short.problem.contains("the file ends"));
    }
}

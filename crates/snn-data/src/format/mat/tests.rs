use std::io::Write;

use super::*;
use crate::events::Events;
use crate::format::damage::damaged;
use crate::format::{self, Format, Recording};

fn decode(bytes: &[u8]) -> Result<Recording, FormatError> {
    format::decode(Format::Mat, bytes, &Options::default())
}

/// Writes elements of one byte order.
#[derive(Clone, Copy)]
struct Writer {
    big_endian: bool,
}

impl Writer {
    fn word(self, value: u32) -> [u8; 4] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn element(self, kind: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = [self.word(kind), self.word(data.len() as u32)].concat();
        bytes.extend_from_slice(data);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    /// Up to four bytes, within the tag.
    fn small(self, kind: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = self.word((data.len() as u32) << 16 | kind).to_vec();
        bytes.extend_from_slice(data);
        bytes.resize(8, 0);
        bytes
    }

    fn matrix(self, name: &str, class: u32, shape: &[u32], parts: &[Vec<u8>]) -> Vec<u8> {
        let axes: Vec<u8> = shape.iter().flat_map(|axis| self.word(*axis)).collect();
        let flags = [self.word(class), self.word(0)].concat();
        let name = match name.len() {
            1..=4 => self.small(1, name.as_bytes()),
            _ => self.element(1, name.as_bytes()),
        };
        let start = [self.element(6, &flags), self.element(5, &axes), name].concat();
        self.element(14, &[start, parts.concat()].concat())
    }

    fn i32s(self, name: &str, values: &[i32]) -> Vec<u8> {
        let data: Vec<u8> = values.iter().flat_map(|value| self.word(*value as u32)).collect();
        self.matrix(name, 12, &[values.len() as u32, 1], &[self.element(5, &data)])
    }

    fn file(self, elements: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = b"MATLAB 5.0 MAT-file".to_vec();
        bytes.resize(124, b' ');
        bytes.extend(if self.big_endian { [1, 0, b'M', b'I'] } else { [0, 1, b'I', b'M'] });
        bytes.extend(elements.concat());
        bytes
    }

    /// A structure TD of two events.
    fn td(self) -> Vec<u8> {
        let mut names = Vec::new();
        for name in ["x", "y", "ts", "p"] {
            let mut padded = name.as_bytes().to_vec();
            padded.resize(3, 0);
            names.extend(padded);
        }
        let parts = [
            self.small(5, &self.word(3)),
            self.element(1, &names),
            self.i32s("", &[1, 304]),
            self.i32s("", &[240, 7]),
            self.i32s("", &[0, 2_999_577]),
            self.i32s("", &[1, -1]),
        ];
        self.matrix("TD", 2, &[1, 1], &parts)
    }
}

fn compressed(writer: Writer, element: &[u8]) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(element).unwrap();
    let packed = zlib.finish().unwrap();
    [writer.word(15).as_slice(), &writer.word(packed.len() as u32), &packed].concat()
}

fn events(decoded: Result<Recording, FormatError>) -> Events {
    match decoded.unwrap() {
        Recording::Events(events) => events,
        Recording::Spikes(spikes) => panic!("{spikes:?}"),
    }
}

const LITTLE: Writer = Writer { big_endian: false };

#[test]
fn a_structure_of_events_in_both_byte_orders_compressed_or_not() {
    for big_endian in [false, true] {
        let writer = Writer { big_endian };
        let other = writer.i32s("other", &[1, 2, 3]);
        for td in [writer.td(), compressed(writer, &writer.td())] {
            let read =
                events(decode(&writer.file(&[compressed(writer, &other), td, other.clone()])));
            assert_eq!((read.x(), read.y()), (&[0, 303][..], &[239, 6][..]));
            assert_eq!((read.t(), read.p()), (&[0, 2_999_577][..], &[true, false][..]));
            assert_eq!(read.sensor(), SensorSize::new(304, 240));
        }
    }
}

#[test]
fn variables_of_any_kind() {
    let cell = LITTLE.matrix("c", 1, &[1, 2], &[LITTLE.i32s("", &[5]), LITTLE.td()]);
    // As MATLAB stores doubles that are small whole numbers.
    let bytes = LITTLE.matrix("small", 6, &[2, 2], &[LITTLE.small(2, &[1, 2, 3, 4])]);
    let text = LITTLE.matrix("text", 4, &[1, 2], &[LITTLE.small(4, &[65, 0, 66, 0])]);
    let unset = LITTLE.matrix(
        "s",
        2,
        &[1, 1],
        &[LITTLE.small(5, &LITTLE.word(2)), LITTLE.small(1, b"a\0"), LITTLE.element(14, &[])],
    );
    let variables = Variables::decode(&LITTLE.file(&[cell, bytes, text, unset])).unwrap();
    assert_eq!(variables.names().collect::<Vec<_>>(), ["c", "small", "text", "s"]);
    let small = variables.array("small").unwrap();
    assert_eq!((small.shape.as_slice(), small.len()), (&[2, 2][..], 4));
    assert_eq!(small.numbers(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(variables.get("text"), Some(&Value::Other));
    let Some(Value::Structures(unset)) = variables.get("s") else { panic!() };
    assert_eq!((unset.fields(), unset.len()), (&["a".to_string()][..], 1));
    assert_eq!((unset.get(0, "a"), unset.get(1, "a")), (Some(&Value::Other), None));
    let Some(Value::Cells(cells)) = variables.get("c") else { panic!() };
    let [Value::Array(five), Value::Structures(td)] = cells.as_slice() else { panic!("{cells:?}") };
    assert_eq!(five.numbers(), [5.0]);
    assert!(td.get(0, "ts").is_some() && td.get(0, "t").is_none());
}

#[test]
fn asl_dvs_counts_rows_from_the_bottom() {
    let columns = [("ts", [9, 10]), ("x", [0, 239]), ("y", [0, 179]), ("pol", [1, 0])];
    let file = LITTLE.file(&columns.map(|(name, values)| LITTLE.i32s(name, &values)));
    let read = events(decode(&file));
    assert_eq!((read.t(), read.x()), (&[9, 10][..], &[0, 239][..]));
    assert_eq!((read.y(), read.p()), (&[179, 0][..], &[true, false][..]));
    assert_eq!(read.sensor(), SensorSize::new(240, 180));
    let columns = [("ts", [9, 10]), ("x", [0, 239]), ("y", [0, 180]), ("pol", [1, 0])];
    let file = LITTLE.file(&columns.map(|(name, values)| LITTLE.i32s(name, &values)));
    assert!(decode(&file).unwrap_err().problem.contains("expected 0 to 179"));
}

/// A spiketrain of three columns.
fn tactile() -> Vec<u8> {
    let mut values = vec![0.0_f64; 303];
    (values[23], values[99], values[100]) = (-1.0, 1.0, 0.521_922_896);
    (values[101], values[201]) = (1.0, 0.000_123);
    values[302] = 0.7;
    let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    LITTLE.matrix("spiketrain", 6, &[101, 3], &[LITTLE.element(9, &data)])
}

#[test]
fn taxels_are_pixels() {
    let read = events(decode(&LITTLE.file(&[compressed(LITTLE, &tactile())])));
    assert_eq!(read.t(), [521_922, 521_922, 123]);
    assert_eq!((read.x(), read.y()), (&[3, 9, 0][..], &[2, 9, 0][..]));
    assert_eq!((read.p(), read.sensor()), (&[false, true, true][..], SensorSize::new(10, 10)));
}

#[test]
fn what_is_no_recording_is_refused_with_its_place() {
    let place = |bytes: &[u8]| decode(bytes).unwrap_err().offset;
    let file = LITTLE.file(&[LITTLE.td()]);
    assert_eq!(place(&file[..100]), 100);
    assert_eq!(place(&[b'x'; 200]), 124);
    assert_eq!(place(&file[..130]), 128);
    assert_eq!(place(&file[..200]), 136);
    assert!(decode(&LITTLE.file(&[])).unwrap_err().problem.contains("the variables []"));
    let mut new = b"MATLAB 7.3 MAT-file".to_vec();
    new.resize(600, 0);
    assert!(decode(&new).unwrap_err().problem.contains("HDF5"));
    // Pixels that do not count from 1.
    let mut zero = file.clone();
    let x = zero.windows(8).position(|window| window == [1, 0, 0, 0, 0x30, 1, 0, 0]).unwrap();
    zero[x] = 0;
    let refusal = decode(&zero).unwrap_err();
    assert_eq!(
        (refusal.offset, refusal.problem.as_str()),
        (x, "x of event 0 is 0, expected 1 to 65536")
    );
}

#[test]
fn what_takes_more_memory_than_its_bytes_is_bounded() {
    let problem = |element: Vec<u8>| decode(&LITTLE.file(&[element])).unwrap_err().problem;
    // A field for each byte, and a value for each tag.
    let structure = |fields: usize| {
        let names = [LITTLE.small(5, &LITTLE.word(1)), LITTLE.element(1, &vec![b'a'; fields])];
        LITTLE.matrix("s", 2, &[0, 0], &names)
    };
    assert!(problem(structure(4096)).contains("the variables [\"s\"]"));
    assert_eq!(problem(structure(4097)), "expected up to 4096 fields, got 4097");
    let cells = |count: u32| {
        let tags = LITTLE.element(14, &[]).repeat(count as usize);
        LITTLE.matrix("c", 1, &[count, 1], &[tags])
    };
    assert!(problem(cells(1 << 16)).contains("the variables [\"c\"]"));
    assert_eq!(problem(cells(65_537)), "expected up to 65536 values, got 65537");
    let bomb = compressed(LITTLE, &LITTLE.element(14, &vec![0; 1 << 22]));
    assert!(bomb.len() < 1 << 13);
    assert!(problem(bomb).contains("that unpack to 4194304, more than"));
}

#[test]
fn nested_too_deep() {
    let mut cell = LITTLE.i32s("", &[1]);
    for _ in 0..40 {
        cell = LITTLE.matrix("", 1, &[1, 1], &[cell]);
    }
    assert!(decode(&LITTLE.file(&[cell])).unwrap_err().problem.contains("up to 32"));
}

#[test]
fn damaged_files_give_an_error_or_events() {
    for file in [
        LITTLE.file(&[LITTLE.td()]),
        LITTLE.file(&[compressed(LITTLE, &LITTLE.td())]),
        LITTLE.file(&[compressed(LITTLE, &tactile())]),
        LITTLE.file(&[LITTLE.matrix("c", 1, &[1, 2], &[LITTLE.i32s("", &[5]), LITTLE.td()])]),
    ] {
        for copy in damaged(&file, 2000) {
            if let Ok(Recording::Events(events)) = decode(&copy) {
                assert!(events.len() <= 303);
            }
        }
    }
}

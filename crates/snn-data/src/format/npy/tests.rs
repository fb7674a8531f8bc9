use super::*;
use crate::events::SensorSize;
use crate::format::damage::damaged;
use crate::format::{self, ColumnSelection, Format, Recording};

fn decode_with(bytes: &[u8], options: &Options) -> Result<Recording, FormatError> {
    let format = if bytes.starts_with(b"PK") { Format::Npz } else { Format::Npy };
    format::decode(format, bytes, options)
}

fn decode(bytes: &[u8]) -> Result<Recording, FormatError> {
    decode_with(bytes, &Options::default())
}

fn four() -> Events {
    let t = vec![-3, 5, 5, i64::from(u32::MAX) * 4];
    let p = vec![true, false, true, false];
    Events::new(t, vec![3, 0, 1, 2], vec![1, 1, 0, 0], p, SensorSize::new(4, 2)).unwrap()
}

/// A file of version 1.
fn file(dtype: &str, fortran_order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let text =
        format!("{{'descr': {dtype}, 'fortran_order': {fortran_order}, 'shape': {shape}, }}");
    let length = (text.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", length.as_slice(), text.as_bytes(), data].concat()
}

fn events(decoded: Result<Recording, FormatError>) -> Events {
    match decoded.unwrap() {
        Recording::Events(events) => events,
        Recording::Spikes(spikes) => panic!("{spikes:?}"),
    }
}

#[test]
fn a_structured_file_is_what_numpy_writes() {
    let bytes = encode(&four());
    let header = "{'descr': [('x', '<i2'), ('y', '<i2'), ('t', '<i8'), ('p', '|b1')], \
                  'fortran_order': False, 'shape': (4,), }";
    assert!(bytes[10..].starts_with(header.as_bytes()));
    assert_eq!(bytes.len(), 128 + 4 * 13);
    assert_eq!((bytes[8], bytes[9], bytes[127]), (118, 0, b'\n'));
    assert_eq!(bytes[128..141], [3, 0, 1, 0, 0xfd, 255, 255, 255, 255, 255, 255, 255, 1]);
    assert_eq!(events(decode(&bytes)), four());
    assert_eq!(events(decode(&encode_npz(&four()).unwrap())), four());
}

#[test]
fn fields_of_other_types_and_orders() {
    // p, y, t, x; the time as f4, big-endian.
    let dtype = "[('pol', '|i1'), ('', '|V1'), ('y', '>u2'), ('ts', '>f4'), ('x', '<f8')]";
    let mut data = Vec::new();
    for (p, y, t, x) in [(-1_i8, 1_u16, 7.0_f32, 3.0_f64), (1, 0, 9.0, 2.0)] {
        data.extend(p.to_le_bytes());
        data.push(0xee);
        data.extend(y.to_be_bytes());
        data.extend(t.to_be_bytes());
        data.extend(x.to_le_bytes());
    }
    let read = events(decode(&file(dtype, "False", "(2,)", &data)));
    assert_eq!((read.t(), read.x(), read.y()), (&[7, 9][..], &[3, 2][..], &[1, 0][..]));
    assert_eq!((read.p(), read.sensor()), (&[false, true][..], SensorSize::new(4, 2)));
}

#[test]
fn without_y_they_are_spikes() {
    let spikes = Spikes::new(vec![5, 2], vec![699, 0], 700).unwrap();
    let read = decode(&encode_spikes(&spikes)).unwrap();
    assert!(matches!(read, Recording::Spikes(read) if read == spikes));
    let without_p =
        file("[('t', '<i2'), ('x', '|u1'), ('y', '|u1')]", "False", "(1,)", &[9, 0, 1, 2]);
    let read = events(decode(&without_p));
    assert_eq!((read.t(), read.p(), read.sensor().polarities), (&[9][..], &[true][..], 1));
}

#[test]
fn rows_in_both_orders() {
    let rows = [[100_i32, 3, 1, 1], [200, 2, 0, 0]];
    let bytes = |rows: &[[i32; 4]]| -> Vec<u8> {
        rows.iter().flatten().flat_map(|value| value.to_le_bytes()).collect()
    };
    let txyp = file("'<i4'", "False", "(2, 4)", &bytes(&rows));
    let xypt = file("'<i4'", "False", "(2, 4)", &bytes(&rows.map(|[t, x, y, p]| [x, y, p, t])));
    let columns: Vec<u8> = (0..4)
        .flat_map(|k| {
            rows.map(|row| row[k]).into_iter().flat_map(i32::to_le_bytes).collect::<Vec<_>>()
        })
        .collect();
    let fortran = file("'<i4'", "True", "(2, 4)", &columns);
    let expected = events(decode(&txyp));
    assert_eq!((expected.t(), expected.x()), (&[100, 200][..], &[3, 2][..]));
    assert_eq!((expected.y(), expected.p()), (&[1, 0][..], &[true, false][..]));
    assert_eq!(events(decode(&xypt)), expected);
    assert_eq!(events(decode(&fortran)), expected);
    let ms = |columns| Options {
        columns: Some(columns),
        time_unit: Some(TimeUnit::Milliseconds),
        ..Options::default()
    };
    let read = events(decode_with(&xypt, &ms(ColumnSelection::xypt())));
    assert_eq!(read.t(), [100_000, 200_000]);
    assert!(decode_with(&xypt, &ms(ColumnSelection::txyp())).is_err());
    // Five columns, of which the second is something else.
    let wide = rows.map(|[t, x, y, p]| [x, -9, y, t, p]);
    let wide: Vec<u8> = wide.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
    let wide = file("'<i4'", "False", "(2, 5)", &wide);
    assert!(decode(&wide).unwrap_err().problem.contains("5 columns without names"));
    let columns = Some("x_ytp".parse().unwrap());
    assert_eq!(events(decode_with(&wide, &Options { columns, ..Options::default() })), expected);
}

#[test]
fn units_are_those_of_the_type_or_the_name() {
    let record = |name: &str, dtype: &str, t: &[u8]| {
        let dtype = format!("[('{name}', '{dtype}'), ('x', '|u1'), ('y', '|u1'), ('p', '|b1')]");
        file(&dtype, "False", "(1,)", &[t, &[3, 1, 1]].concat())
    };
    let ns = 1_468_941_032_200_000_123_i64.to_le_bytes();
    for (name, dtype, t, us) in [
        ("t", "<m8[ns]", &ns[..], 1_468_941_032_200_000),
        ("t", "<M8[us]", &7_i64.to_le_bytes(), 7),
        ("t_ns", "<i8", &ns, 1_468_941_032_200_000),
        ("ts_s", "<f8", &0.000_123_f64.to_le_bytes(), 123),
        ("t_ms", "<f4", &0.123_f32.to_le_bytes(), 123),
    ] {
        assert_eq!(events(decode(&record(name, dtype, t))).t(), [us], "{name} {dtype}");
    }
    for (dtype, t) in [("<f8", &0.000_123_f64.to_le_bytes()[..]), ("<f4", &0.5_f32.to_le_bytes())] {
        let refusal = decode(&record("t", dtype, t)).unwrap_err();
        assert!(refusal.problem.contains("state the unit with Options::time_unit"), "{refusal}");
    }
    let options = Options { time_unit: Some(TimeUnit::Seconds), ..Options::default() };
    let seconds = record("t", "<f8", &0.000_123_f64.to_le_bytes());
    assert_eq!(events(decode_with(&seconds, &options)).t(), [123]);
}

#[test]
fn arrays_of_something_else_are_refused_with_their_place() {
    let refusal = decode(&file("'<f8'", "False", "(1, 3)", &[0; 24])).unwrap_err();
    assert!(refusal.problem.contains("found 3 columns without names"), "{refusal:?}");
    let good = file(
        "[('t', '<i2'), ('x', '<i2'), ('y', '<i2'), ('p', '<i2')]",
        "False",
        "(2,)",
        &[1, 0, 1, 0, 1, 0, 1, 0, 2, 0, 1, 0, 0xff, 0xff, 1, 0],
    );
    let refusal = decode(&good).unwrap_err();
    assert_eq!(refusal.problem, "y of event 1 is -1, expected 0 to 65535");
    assert_eq!(refusal.offset, good.len() - 4);
    let (cut, longer) = (&good[..good.len() - 1], [good.as_slice(), &[0]].concat());
    assert_eq!(decode(cut).unwrap_err().offset, good.len() - 1);
    assert_eq!(decode(&longer).unwrap_err().offset, good.len());
    let twice = file("[('t', '|u1'), ('ts', '|u1'), ('x', '|u1')]", "False", "(1,)", &[0; 3]);
    assert!(decode(&twice).unwrap_err().problem.contains("several columns may be t: t, ts"));
    let text = file("[('t', '<U2'), ('x', '|u1')]", "False", "(1,)", &[0; 9]);
    assert!(decode(&text).unwrap_err().problem.contains("field t"));
    let huge = file("'<f8'", "False", "(4611686018427387904, 4)", &[]);
    assert!(decode(&huge).unwrap_err().problem.contains("fits into memory"));
    // No bytes for each of very many elements.
    let none = file("[('t', '<i8', (0,)), ('x', '<i8', (0,))]", "False", "(9999999999,)", &[]);
    assert!(decode(&none).is_err());
    let none = file("[]", "False", "(9999999999,)", &[]);
    assert!(decode(&none).is_err());
}

#[test]
fn an_archive_with_one_structured_array() {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    archive.start_file("events.npy", stored).unwrap();
    std::io::Write::write_all(&mut archive, &encode(&four())).unwrap();
    let bytes = archive.finish().unwrap().into_inner();
    assert_eq!(events(decode(&bytes)), four());
    assert!(decode(b"PK is no archive").unwrap_err().problem.contains("zip archive"));
}

#[test]
fn damaged_files_give_an_error_or_events() {
    let (npy, npz) = (encode(&four()), encode_npz(&four()).unwrap());
    for copy in damaged(&npy, 2000) {
        if let Ok(Recording::Events(events)) = decode(&copy) {
            assert_eq!(events.len(), 4);
        }
    }
    // The archive has sums of its arrays, but not of their names.
    for copy in damaged(&npz, 2000) {
        if let Ok(Recording::Events(events)) = decode(&copy) {
            assert_eq!(events.len(), 4);
        }
    }
}

#[test]
fn frames_are_four_axes() {
    let frames = Frames { shape: [2, 1, 1, 3], values: vec![1_u16, 2, 3, 4, 5, 0x0706] };
    let bytes = encode_frames(&frames);
    let (head, values) = bytes.split_at(128);
    let text = String::from_utf8_lossy(&head[10..]);
    assert_eq!((&head[..8], head[8..10].as_ref()), (&b"\x93NUMPY\x01\x00"[..], &[118, 0][..]));
    let expected = "{'descr': '<u2', 'fortran_order': False, 'shape': (2,1,1,3,), }";
    assert_eq!((text.trim_end(), text.ends_with('\n')), (expected, true));
    assert_eq!(values, [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 7]);
    let header = Header::read(&bytes).unwrap();
    assert_eq!((header.shape, header.end), (vec![2, 1, 1, 3], 128));
}

#[test]
fn four_rows_of_columns() {
    let columns =
        [[100_i32, 200, 300, 400, 500], [3, 2, 1, 0, 4], [1, 0, 2, 1, 0], [1, 0, 1, 1, 0]];
    let data: Vec<u8> = columns.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
    let read = events(decode(&file("'<i4'", "False", "(4, 5)", &data)));
    assert_eq!((read.t(), read.x()), (&[100, 200, 300, 400, 500][..], &[3, 2, 1, 0, 4][..]));
    // Four events of five columns, as the options say.
    let rows = [[3_i32, 1, 100, 1, 9], [2, 0, 200, 0, 9], [1, 1, 300, 1, 9], [0, 0, 400, 0, 9]];
    let data: Vec<u8> = rows.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
    let columns = Some("t=2,x=0,y=1,p=3".parse().unwrap());
    let options = Options { columns, ..Options::default() };
    let wide = file("'<i4'", "False", "(4, 5)", &data);
    assert!(decode_with(&wide, &options).is_err());
    let columns = Some("t=2,x=0,y=1,p=4".parse().unwrap());
    let refusal = decode_with(&wide, &Options { columns, ..Options::default() }).unwrap_err();
    assert!(refusal.problem.contains("p of event 0 is 9"), "{refusal}");
}

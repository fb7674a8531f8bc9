//! What holds for all formats.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::events::{Event, Outside, SensorSize};
use crate::transform::{Crop, SortByTime, TimeAlignment};

/// Formats whose events come in pieces, with what a file of each may begin with.
const STREAMED: [(Format, &[u8]); 14] = [
    (Format::AtisBin, b""),
    (Format::Bs2, b""),
    (Format::Bs3, b""),
    (Format::Aedat2, b"#!AER-DAT2.0\r\n# AEChip: DVS128\r\n"),
    (Format::Aedat2, b"#!AER-DAT2.0\r\n# AEChip: DAVIS346\r\n"),
    (Format::Aedat3, b"#!AER-DAT3.1\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n"),
    (Format::Aedat4, b"#!AER-DAT4.0\r\n"),
    (Format::Dat, b"% Version 2\n\x0c\x08"),
    (Format::Evt2, b"% evt 2.0\n% end\n"),
    (Format::Evt21, b"% evt 2.1\n% end\n"),
    (Format::Evt3, b"% evt 3.0\n% end\n"),
    (Format::Evt3, b"% evt 3.0\n% geometry 1280x720\n% end\n"),
    (Format::EventStream, b"Event Stream\x02\0\0\x01\x40\x01\xf0\0"),
    (Format::EventStream, b"Event Stream\x02\0\0\x02\x40\x01\xf0\0"),
];

/// Bytes of events that a byte of a file can hold at most: EVT 3.0 has 12 events in 2.
const LARGEST: usize = 12 * 13 / 2;

pub(super) fn events(format: Format, bytes: &[u8]) -> Result<Events, FormatError> {
    events_with(format, bytes, &Options::default())
}

pub(super) fn events_with(
    format: Format,
    bytes: &[u8],
    options: &Options,
) -> Result<Events, FormatError> {
    decode(format, bytes, options).map(|recording| match recording {
        Recording::Events(events) => events,
        Recording::Spikes(_) => panic!("spikes"),
    })
}

/// Time, column, row and polarity of each event.
pub(super) fn rows(events: &Events) -> Vec<(i64, u16, u16, u8)> {
    events.iter().map(|Event { t, x, y, p }| (t, x, y, p.into())).collect()
}

/// Decodes bytes that come in pieces of these sizes, again and again.
fn in_pieces(
    format: Format,
    bytes: &[u8],
    options: &Options,
    sizes: &[usize],
) -> Result<Columns, FormatError> {
    let mut columns = Columns::default();
    let (mut buffer, mut feeder, mut rest) = (Vec::new(), None, bytes);
    for size in sizes.iter().cycle() {
        let (piece, behind) = rest.split_at((*size).min(rest.len()));
        buffer.extend_from_slice(piece);
        rest = behind;
        let whole = rest.is_empty();
        if feeder.is_none() {
            feeder = Feeder::open(format, &buffer, whole, options)?;
            feeder.iter().for_each(|feeder| drop(buffer.drain(..feeder.offset)));
        }
        if let Some(feeder) = &mut feeder {
            let taken = feeder.feed(&buffer, &mut columns)?;
            buffer.drain(..taken);
            if whole {
                return feeder.finish(&buffer).map(|()| columns);
            }
        }
        if whole {
            break;
        }
    }
    Err(FormatError::new(bytes.len(), "the file ends within its header"))
}

#[test]
fn formats_are_detected() {
    let detect = |path: &str, first: &[u8]| Format::detect(Path::new(path), first).ok();
    for (format, first) in STREAMED {
        if !first.is_empty() && format != Format::Dat {
            assert_eq!(detect("recording", first), Some(format));
        }
    }
    assert_eq!(detect("a", b"% Data file containing CD events\n% Version 2\n"), Some(Format::Dat));
    assert_eq!(detect("a.dat", b"% Version 2\n\x0c\x08"), Some(Format::Dat));
    assert_eq!(detect("a.raw", b"% Date 2020\n% evt 3.0\n"), Some(Format::Evt3));
    assert_eq!(detect("a.raw", b"% format EVT21;endianness=legacy\n"), Some(Format::Evt21));
    assert_eq!(detect("a.raw", b"% Date 2018\n% end\n"), Some(Format::Evt2));
    assert_eq!(detect("a.BIN", b"\x07\x08"), Some(Format::AtisBin));
    assert_eq!(detect("a.npy", b"\x89HDF\r\n\x1a\n"), Some(Format::Hdf5));
    let matlab = [b"MATLAB 7.3 MAT-file, ".repeat(25), b"\x89HDF\r\n\x1a\n".to_vec()];
    let matlab = [&matlab[0][..512], &matlab[1]].concat();
    assert_eq!(detect("a.mat", &matlab), Some(Format::Hdf5));
    assert_eq!(detect("a.bs1", b"\0\0\0\0\x01"), Some(Format::Bs1));
    assert_eq!(detect("a.pdf", b"%PDF-1.7\n"), None);
    assert_eq!(detect("a", b"?"), None);
}

#[test]
fn the_sensor_can_be_given() {
    let large = Options { sensor: Some(SensorSize::new(304, 240)), ..Options::default() };
    let read = events_with(Format::AtisBin, &[7, 15, 0, 0, 1], &large).unwrap();
    assert_eq!(read.sensor(), SensorSize::new(304, 240));
    let small = Options { sensor: Some(SensorSize::new(7, 16)), ..Options::default() };
    let error = events_with(Format::AtisBin, &[0, 0, 0, 0, 0, 7, 15, 0, 0, 1], &small).unwrap_err();
    let problem = "byte 5: x 7, y 15 is outside of a sensor of 7 x 16; set Options::sensor, or drop or clip such \
                   events with Options::outside; format::stream reads the events before it (1)";
    assert_eq!(error.to_string(), problem);
    for (outside, read) in
        [(Outside::Drop, vec![(0, 0, 0, 0)]), (Outside::Clip, vec![(0, 0, 0, 0), (1, 6, 15, 0)])]
    {
        let options = Options { outside, ..small.clone() };
        let bytes = [0, 0, 0, 0, 0, 7, 15, 0, 0, 1];
        let events = events_with(Format::AtisBin, &bytes, &options).unwrap();
        assert_eq!((rows(&events), events.sensor()), (read, SensorSize::new(7, 16)));
        let format = Finding::new(Format::AtisBin, Basis::Option);
        let (_, understood) = decode_as(format, &bytes, &options).unwrap();
        assert_eq!(understood.outside, (outside, 1));
        assert!(understood.to_string().ends_with("the sensor: 1"), "{understood}");
    }
}

#[test]
fn only_some_formats_are_written() {
    let none = Events::empty(SensorSize::new(8, 8));
    assert_eq!(
        encode(Format::Evt3, &none).unwrap_err().to_string(),
        "EVT 3.0 is read, but not written"
    );
}

#[test]
fn events_that_a_format_cannot_hold() {
    let one = |t, x, width| {
        Events::new(vec![t], vec![x], vec![0], vec![true], SensorSize::new(width, 1)).unwrap()
    };
    let two = |first, second| {
        let zeros = vec![0; 2];
        let sensor = SensorSize::new(1, 1);
        Events::new(vec![first, second], zeros.clone(), zeros, vec![true; 2], sensor).unwrap()
    };
    // More than 32 bits, in steps of fewer.
    let long = two(2_000_000_000, 4_000_000_000);
    let read = events(Format::Aedat2, &encode(Format::Aedat2, &long).unwrap()).unwrap();
    assert_eq!(read.t(), long.t());
    for (format, wrong) in [
        (Format::Evt2, one(-1, 0, 1)),
        (Format::Evt2, one(1 << 34, 0, 1)),
        (Format::Evt2, one(0, 2048, 2049)),
        (Format::Aedat2, one(1 << 31, 0, 1)),
        (Format::Aedat2, two(-1_500_000_000, 1_500_000_000)),
        (Format::Aedat2, two(1_500_000_000, -1_500_000_000)),
        (Format::Aedat2, one(0, 0, 347)),
        (Format::EventStream, one(-1, 0, 1)),
        (Format::EventStream, one(1 << 36, 0, 1)),
        (Format::EventStream, one(0, 0, 1 << 16)),
    ] {
        assert!(encode(format, &wrong).is_err(), "{format} {wrong:?}");
    }
    let unsorted =
        Events::new(vec![70, 5], vec![0; 2], vec![0; 2], vec![true; 2], SensorSize::new(1, 1));
    let unsorted = unsorted.unwrap();
    for format in [Format::Evt2, Format::EventStream] {
        let error = encode(format, &unsorted).unwrap_err().to_string();
        assert!(error.contains("`SortByTime` sorts events"), "{error}");
        let sorted = SortByTime {}.apply(&unsorted);
        assert_eq!(events(format, &encode(format, &sorted).unwrap()).unwrap().t(), [5, 70]);
    }
    // Since 1970, on a sensor that AEDAT 2.0 does not have.
    let late = one(1_605_537_493_718_345, 400, 640);
    for format in [Format::Evt2, Format::EventStream, Format::Aedat2] {
        let cropped = Crop { origin: [400, 0], size: [128, 1] }.apply(&late);
        let error = encode(format, &cropped).unwrap_err().to_string();
        assert!(error.contains("`TimeAlignment` moves the first"), "{error}");
        assert!(encode(format, &TimeAlignment {}.apply(&cropped)).is_ok());
    }
    let error = encode(Format::Aedat2, &late).unwrap_err().to_string();
    assert!(error.contains("found 640 x 1; the transforms `Crop` and `Downsample`"), "{error}");
    assert_eq!(
        events(Format::Aedat2, &encode(Format::Aedat2, &unsorted).unwrap()).unwrap().t(),
        [70, 5]
    );
}

#[test]
fn streams_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let sensor = SensorSize::new(320, 240);
    let count = 5000;
    let columns = (0..count).map(|index| Event {
        t: 90 * index,
        x: (index * 7 % 320) as u16,
        y: (index % 240) as u16,
        p: index % 3 == 0,
    });
    let written = Events::from_columns(columns.collect(), sensor).unwrap();
    for name in ["a.raw", "a.es"] {
        let path = folder.path().join(name);
        write(&path, &written).unwrap();
        assert_eq!(read(&path).unwrap(), Recording::Events(written.clone()));
        for chunk in [1, 7, 4096, 1 << 20] {
            let mut columns = Columns::default();
            for events in stream(&path, chunk).unwrap() {
                let events = events.unwrap();
                assert!(!events.is_empty() && events.len() <= chunk.max(5));
                events.iter().for_each(|event| columns.push(event));
            }
            assert_eq!(Events::from_columns(columns, sensor).unwrap(), written);
        }
        // An event that is cut: what is before it, and then what is wrong.
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        for chunk in [7, 1 << 12, 1 << 20] {
            let read: Vec<_> = stream(&path, chunk).unwrap().collect();
            let (last, before) = read.split_last().unwrap();
            let count = before.iter().map(|events| events.as_ref().unwrap().len()).sum::<usize>();
            assert_eq!(count, written.len() - 1, "{name} in pieces of {chunk}");
            let problem = last.as_ref().unwrap_err().to_string();
            assert!(problem.contains(name) && problem.contains("ends too early"), "{problem}");
        }
        let problem = read(&path).unwrap_err().to_string();
        assert!(problem.contains("format::stream reads the events before it (4999)"), "{problem}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn what_cannot_be_read_or_written_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    let problem = |error: crate::DataError| error.to_string();
    assert!(problem(read(&path).unwrap_err()).contains("a.bin"));
    std::fs::write(&path, []).unwrap();
    for empty in [
        read(&path).err(),
        stream(&path, 9).err(),
        IndexedFile::read(&path, &Options::default()).err(),
    ] {
        let empty = problem(empty.unwrap());
        assert!(empty.ends_with("a.bin: byte 0: the file is empty"), "{empty}");
    }
    std::fs::write(&path, [1, 2, 3, 4, 5, 6]).unwrap();
    let broken = problem(read(&path).unwrap_err());
    assert!(broken.contains("a.bin: byte 5: the file ends too early"), "{broken}");
    // A stream has no smallest sensor.
    let first = stream(&path, 100).unwrap().next().unwrap();
    assert!(problem(first.unwrap_err()).contains("size of the sensor"));
    let other = folder.path().join("a.pdf");
    std::fs::write(&other, b"%PDF-1.7").unwrap();
    assert!(problem(read(&other).unwrap_err()).contains("extension .pdf is recognized"));
    let none = Events::empty(SensorSize::new(8, 8));
    assert!(problem(write(&other, &none).unwrap_err()).contains("expected one of"));
    let nowhere = folder.path().join("nowhere").join("a.raw");
    assert!(problem(write(nowhere, &none).unwrap_err()).contains("nowhere"));
    let bs1 = Options { format: Some(Format::Bs1), ..Options::default() };
    let cannot = stream_with(&path, &bs1, 9).unwrap().next().unwrap();
    assert!(problem(cannot.unwrap_err()).contains("cannot be streamed"));
}

/// Sorted events of a sensor.
fn recordings(width: u16, height: u16) -> impl Strategy<Value = Events> {
    let event = (0..300_i64, 0..width, 0..height, any::<bool>());
    vec(event, 0..300).prop_map(move |rows| {
        let mut t = 0;
        let event = |(step, x, y, p)| {
            t += step;
            Event { t, x, y, p }
        };
        let sensor = SensorSize::new(width.into(), height.into());
        Events::from_columns(rows.into_iter().map(event).collect(), sensor).unwrap()
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(written in recordings(346, 260)) {
        for format in [Format::Evt2, Format::Aedat2, Format::EventStream] {
            prop_assert_eq!(&events(format, &encode(format, &written).unwrap()).unwrap(), &written);
        }
    }

    #[test]
    fn times_are_read_as_they_are_written_or_refused(
        first in prop::sample::select(vec![0, -5, 1 << 30, -3 << 30]),
        steps in vec(prop_oneof![0..300_i64, -(3_i64 << 30)..3 << 30, 0..3_i64 << 31], 0..20),
        sorted in any::<bool>(),
    ) {
        let mut t = vec![first];
        t.extend(steps.iter().scan(first, |t, step| {
            *t += step;
            Some(*t)
        }));
        let n = t.len();
        let sensor = SensorSize::new(346, 260);
        let written = Events::new(t, vec![0; n], vec![0; n], vec![true; n], sensor).unwrap();
        let written = if sorted { written.sorted() } else { written };
        // Event Stream has a byte for every 127 µs: not for hours.
        for format in [Format::Evt2, Format::Aedat2] {
            if let Ok(bytes) = encode(format, &written) {
                prop_assert_eq!(&events(format, &bytes).unwrap(), &written, "{}", format);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        which in 0..STREAMED.len(),
        body in vec(any::<u8>(), 0..400),
        sizes in vec(1..60_usize, 1..5),
    ) {
        let (format, head) = STREAMED[which];
        let bytes = [head, &body].concat();
        let whole = events(format, &bytes);
        if let Ok(events) = &whole {
            prop_assert!(events.len() * 13 <= bytes.len() * LARGEST);
        }
        let pieces = in_pieces(format, &bytes, &Options::default(), &sizes);
        // Of two things that are wrong, another one may be found first.
        prop_assert_eq!(whole.map(Events::into_columns).ok(), pieces.ok());
    }

    #[test]
    fn any_spikes_are_read_or_refused(body in vec(any::<u8>(), 0..400)) {
        let generic = [b"Event Stream\x02\0\0\0", &body[..]].concat();
        for (format, bytes) in [(Format::Bs1, &body), (Format::EventStream, &generic)] {
            if let Ok(Recording::Spikes(spikes)) = decode(format, bytes, &Options::default()) {
                prop_assert!(spikes.len() <= bytes.len());
            }
        }
    }

    #[test]
    fn any_file_is_read_or_refused(body in vec(any::<u8>(), 0..200), name in "a\\.(bin|aedat|dat|raw|es)") {
        if let Ok(format) = Format::detect(Path::new(&name), &body) {
            let _ = decode(format, &body, &Options::default());
        }
    }
}

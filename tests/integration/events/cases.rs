//! Recordings as other programs write them: each is read right, or refused with the remedy.
//!
//! Expected values are worked out from how the files were made, or with NumPy where a comment says so.

use std::path::{Path, PathBuf};

use snn::data::events::{Event, Events, Outside, SensorSize};
use snn::data::format::{
    self, Basis, Camera, ColumnSelection, Format, Interpretation, Options, Recording, TimeUnit,
};
use snn::data::frame::{Slicer, ToFrame};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/events").join(name)
}

fn inspect(name: &str, options: &Options) -> (Events, Interpretation) {
    match format::inspect(fixture(name), options).unwrap() {
        (Recording::Events(events), understood) => (events, understood),
        (Recording::Spikes(_), _) => panic!("{name}: spikes"),
    }
}

fn events(name: &str) -> Events {
    inspect(name, &Options::default()).0
}

fn problem(name: &str) -> String {
    let problem = format::read(fixture(name)).unwrap_err().to_string();
    assert!(problem.contains(name), "{problem}");
    problem
}

fn seconds() -> Options {
    Options { time_unit: Some(TimeUnit::Seconds), ..Options::default() }
}

fn columns(text: &str) -> Options {
    Options { columns: Some(text.parse().unwrap()), ..Options::default() }
}

fn sum(values: &[u16]) -> u64 {
    values.iter().map(|value| u64::from(*value)).sum()
}

/// 400 events, 2.5 ms apart from 123 µs on; the unit and the columns are in a comment.
#[test]
fn text_of_v2e() {
    let (events, understood) = inspect("v2e.txt", &Options::default());
    let t: Vec<i64> = (0..400).map(|k| 123 + 2500 * k).collect();
    assert_eq!(events.t(), t);
    // The last line is "0.997623 25 9 1".
    let last = events.get(399).unwrap();
    assert_eq!((last.x, last.y, last.p), (25, 9, true));
    assert_eq!(
        (understood.time_unit.value, understood.time_unit.basis),
        (TimeUnit::Seconds, Basis::File)
    );
    assert_eq!(understood.columns.unwrap().value, "t, x, y, p");
    // 997.5 ms are 100 windows of 10 ms, four events each.
    let slicer = Slicer::TimeWindow {
        window: 10_000.0,
        overlap: 0.0,
        include_incomplete: true,
        start: None,
        end: None,
    };
    let frames = ToFrame::new(slicer).apply::<u8>(&events).unwrap();
    assert_eq!(frames.len(), 100);
    assert!(
        (0..100).all(|n| frames.frame(n).iter().map(|count| u32::from(*count)).sum::<u32>() == 4)
    );
}

/// 400 events, 2.5 ms apart, in seconds since 1970 with the rounding of f64; the first line is the sensor.
#[test]
fn text_for_e2vid() {
    let (events, understood) = inspect("e2vid.txt", &Options::default());
    assert_eq!(events.sensor(), SensorSize::new(240, 180));
    let t: Vec<i64> = (0..400).map(|k| 1_468_941_032_200_000 + 2500 * k).collect();
    assert_eq!(events.t(), t);
    assert_eq!(understood.time_unit.value, TimeUnit::Seconds);
    assert!(matches!(understood.time_unit.basis, Basis::Assumption(_)));
}

/// Rows x, y, t, p of 300 events on 34 x 34, of which the first is (32, 15, 388, 1); sums by NumPy.
#[test]
fn rows_in_tonics_order() {
    for name in ["xytp_40ms.npy", "xytp_40ms.txt", "xytp_2s.npy"] {
        let (events, understood) = inspect(name, &Options::default());
        assert_eq!((events.len(), events.is_sorted()), (300, true), "{name}");
        assert_eq!((sum(events.x()), sum(events.y())), (5134, 4849), "{name}");
        assert_eq!(events.p().iter().filter(|p| **p).count(), 163);
        let (first, last) = if name == "xytp_2s.npy" { (19_400, 1_994_100) } else { (388, 39_882) };
        assert_eq!((events.t()[0], events.t()[299]), (first, last), "{name}");
        let order = understood.columns.unwrap();
        assert_eq!(order.value, "x, y, t, p");
        assert!(matches!(order.basis, Basis::Assumption(_)));
        let (chosen, _) = inspect(name, &columns("xytp"));
        assert_eq!(chosen, events);
    }
    // The other order is to be had, too.
    assert_eq!(inspect("xytp_40ms.npy", &columns("txyp")).0.t()[0], 32);
}

/// 300 events, 130 µs apart, in seconds; sums by NumPy.
#[test]
fn arrays_in_seconds() {
    for name in ["rows_seconds.npy", "struct_seconds.npy"] {
        let refusal = problem(name);
        assert!(refusal.contains("t of event 1 is 0.00013"), "{refusal}");
        assert!(
            refusal.contains("0 to 38870 µs if they are s, 0 to 38 µs if they are ms"),
            "{refusal}"
        );
        assert!(refusal.contains("state the unit with Options::time_unit"), "{refusal}");
        let (events, understood) = inspect(name, &seconds());
        assert_eq!(events.t(), (0..300).map(|k| 130 * k).collect::<Vec<i64>>(), "{name}");
        assert_eq!((sum(events.x()), sum(events.y())), (5089, 4912));
        assert_eq!(understood.time_unit.basis, Basis::Option);
    }
}

/// Event 120 of 200 is at x 1308.
#[test]
fn events_outside_the_sensor() {
    let refusal = problem("outside.dat");
    assert!(refusal.contains("x 1308") && refusal.contains("sensor of 1280 x 720"), "{refusal}");
    assert!(refusal.contains("Options::outside"), "{refusal}");
    for (outside, len) in [(Outside::Drop, 199), (Outside::Clip, 200)] {
        let options = Options { outside, ..Options::default() };
        let (events, understood) = inspect("outside.dat", &options);
        assert_eq!((events.len(), understood.outside), (len, (outside, 1)));
        let streamed = format::stream_with(fixture("outside.dat"), &options, 100).unwrap();
        assert_eq!(streamed.map(|piece| piece.unwrap().len()).sum::<usize>(), len);
    }
    // A stream has the events before it.
    let mut pieces = format::stream(fixture("outside.dat"), 1 << 20).unwrap();
    assert_eq!(pieces.next().unwrap().unwrap().len(), 120);
    assert!(pieces.next().unwrap().unwrap_err().to_string().contains("x 1308"));
    assert!(pieces.next().is_none());
}

#[test]
fn headers_of_formats_that_are_not_read() {
    let refusal = problem("evt4.raw");
    assert!(refusal.contains("EVT4 (evt 4.0)") && refusal.contains("EVT 3.0"), "{refusal}");
}

#[test]
fn headers_that_state_less() {
    // v2e writes the addresses of a DAVIS, and no camera.
    let refusal = problem("v2e.aedat");
    assert!(refusal.contains("Options::camera"), "{refusal}");
    let camera = Some(Camera::Davis346);
    let (events, _) = inspect("v2e.aedat", &Options { camera, ..Options::default() });
    // The header has 256 bytes, and 8 bytes are an event. The second is 00 40 18 00 at 500 µs: x 1, y 1,
    // polarity 1.
    assert_eq!((events.len(), events.t()[1]), (400, 500));
    assert_eq!((events.x()[1], events.y()[1], events.p()[1]), (1, 1, true));
    // 100 events of which 99 are valid; the second word is 0x000c0013: x 6, y 4, brighter, at 1000 µs.
    let (unknown, _) = inspect("unknown_source.aedat", &Options::default());
    assert_eq!((unknown.len(), unknown.t()[1]), (99, 1000));
    assert_eq!((unknown.x()[1], unknown.y()[1], unknown.p()[1]), (6, 4, true));
}

/// Columns row, column, brightness, polarity, time; the lines are k, k, 100 + k mod 50, (-1, 0, 1), 20 k.
#[test]
fn text_with_more_columns() {
    let refusal = problem("celex.csv");
    assert!(refusal.contains("5 columns without names") && refusal.contains("Options::columns"));
    let (events, _) = inspect("celex.csv", &columns("yx_pt"));
    assert_eq!(events.t(), (0..300).map(|k| 20 * k).collect::<Vec<i64>>());
    assert_eq!((events.x()[299], events.y()[299]), (299, 299));
    assert_eq!(events.p().iter().filter(|p| **p).count(), 100);
}

/// The lines are k, k mod 100, k mod 2, 10 k below `%geometry:1280,720`.
#[test]
fn text_with_a_geometry() {
    let (events, understood) = inspect("metavision.csv", &Options::default());
    assert_eq!(events.sensor(), SensorSize::new(1280, 720));
    assert_eq!(understood.sensor.unwrap().basis, Basis::File);
    assert_eq!((events.len(), events.t()[299], events.y()[299]), (300, 2990, 99));
    assert_eq!(understood.columns.unwrap().value, "x, y, p, t");
}

/// 300 events, 130 µs apart, with True and False; 135 are True.
#[test]
fn text_of_dv() {
    let events = events("dv.csv");
    let t: Vec<i64> = (0..300).map(|k| 1_605_537_493_718_345 + 130 * k).collect();
    assert_eq!(events.t(), t);
    assert_eq!(events.p().iter().filter(|p| **p).count(), 135);
}

/// Event k of 400 is at 250 k µs after the first, with polarity k mod 2, x 3 k mod 640 mod the width and y k
/// mod the height.
#[test]
fn hdf5_of_event_cameras() {
    let wide = SensorSize::new(640, 480);
    for (name, unit, first, [width, height], sensor) in [
        // Packed by Blosc; t_offset is 36,607,300,656. The file states no sensor.
        (
            "dsec_blosc.h5",
            TimeUnit::Microseconds,
            36_607_300_656,
            [640, 480],
            SensorSize::new(640, 400),
        ),
        // The attribute geometry is 640x480.
        ("prophesee_cd.hdf5", TimeUnit::Microseconds, 0, [640, 480], wide),
        ("m3ed.h5", TimeUnit::Microseconds, 0, [640, 480], SensorSize::new(1280, 720)),
        (
            "mvsec.hdf5",
            TimeUnit::Seconds,
            1_500_000_000_000_000,
            [346, 260],
            SensorSize::new(346, 260),
        ),
        // The attribute sensor_resolution is 480, 640.
        ("xs_ys_ts_ps.h5", TimeUnit::Seconds, 1_468_941_032_200_000, [640, 480], wide),
    ] {
        let (events, understood) = inspect(name, &Options::default());
        let event = |k: u16| Event {
            t: first + 250 * i64::from(k),
            x: 3 * k % 640 % width,
            y: k % height,
            p: k % 2 == 1,
        };
        assert_eq!(
            events.iter().collect::<Vec<_>>(),
            (0..400).map(event).collect::<Vec<_>>(),
            "{name}"
        );
        assert_eq!((understood.time_unit.value, events.sensor()), (unit, sensor), "{name}");
        assert!(understood.columns.is_some(), "{name}");
    }
}

#[test]
fn polarities_of_more_than_two_kinds() {
    let refusal = problem("polarity3.npz");
    assert!(refusal.contains("p of event 2 is 2, expected a polarity, 0, 1 or -1"), "{refusal}");
}

/// Each of the files above, in a folder of recordings: its options are those of all its files.
#[test]
fn folders_have_the_options_of_their_files() {
    use burn::data::dataset::Dataset;
    use snn::data::dataset::folder::{Folder, FolderConfig};

    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("one")).unwrap();
    std::fs::copy(fixture("rows_seconds.npy"), root.path().join("one/a.npy")).unwrap();
    let refused = Folder::open(root.path(), &FolderConfig::default()).unwrap().get(0).unwrap_err();
    assert!(refused.to_string().contains("Options::time_unit"), "{refused}");
    let options = Options { columns: Some(ColumnSelection::txyp()), ..seconds() };
    let config = FolderConfig { options, ..FolderConfig::default() };
    let sample = Folder::open(root.path(), &config).unwrap().get(0).unwrap();
    assert_eq!(sample.data.t()[..3], [0, 130, 260]);
}

/// What each file is understood as, with what was assumed.
#[test]
fn interpretations_are_printed() {
    let printed = |name: &str, options: &Options| inspect(name, options).1.to_string();
    let text = printed("xytp_40ms.txt", &Options::default());
    assert_eq!(
        text,
        "format: CSV (assumed: the extension .txt)\n\
         time unit: µs (assumed: whole numbers without a unit)\n\
         columns: x, y, t, p (assumed: the only order in which x and y are pixels of a camera)\n\
         sensor: 34 x 34 (assumed: the smallest sensor that contains all events)"
    );
    let dropped = Options { outside: Outside::Drop, ..Options::default() };
    let text = printed("outside.dat", &dropped);
    assert_eq!(
        text,
        "format: DAT (stated by the file)\n\
         time unit: µs (defined by the format)\n\
         sensor: 1280 x 720 (stated by the file)\n\
         dropped outside the sensor: 1"
    );
    let given = Options { format: Some(Format::Csv), ..columns("xytp") };
    let text = printed("xytp_40ms.txt", &given);
    assert!(text.contains("format: CSV (from the options)"), "{text}");
    assert!(text.contains("columns: x, y, t, p (from the options)"), "{text}");
}

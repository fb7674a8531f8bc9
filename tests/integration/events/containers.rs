//! Recordings in npy, MAT, HDF5 and text.

use std::path::{Path, PathBuf};

use snn::data::Part;
use snn::data::events::{Events, SensorSize, Spikes};
use snn::data::format::hdf5::{File, NTidigits, Shd};
use snn::data::format::{
    self, Basis, ColumnSelection, Format, FormatError, Options, Recording, TimeUnit, csv, mat, npy,
};

fn real(name: &str) -> Option<Vec<u8>> {
    Some(std::fs::read(crate::files::real(name)?).unwrap())
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hdf5").join(name)
}

fn decode(format: Format, bytes: &[u8]) -> Result<Recording, FormatError> {
    format::decode(format, bytes, &Options::default())
}

fn events(recording: Recording) -> Events {
    match recording {
        Recording::Events(events) => events,
        Recording::Spikes(spikes) => panic!("{} spikes", spikes.len()),
    }
}

/// Copies that are cut off or have other bits, of which most are in the first kilobytes.
fn damaged(file: &[u8], copies: usize) -> impl Iterator<Item = Vec<u8>> + '_ {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    (0..copies).map(move |copy| {
        let reach = if copy % 2 == 0 { file.len() } else { file.len().min(8192) };
        if copy % 5 == 0 {
            return file[..draw(file.len())].to_vec();
        }
        let mut bytes = file.to_vec();
        for _ in 0..=draw(3) {
            bytes[draw(reach)] ^= 1 << draw(8);
        }
        bytes
    })
}

/// No event twice, none from nowhere: as many as the bytes of the file can hold.
fn within(decoded: Result<Recording, FormatError>, most: usize) {
    match decoded {
        Ok(Recording::Events(events)) => assert!(events.len() <= most, "{}", events.len()),
        Ok(Recording::Spikes(spikes)) => assert!(spikes.len() <= most, "{}", spikes.len()),
        Err(_) => {}
    }
}

#[test]
fn an_atis_recording_in_a_mat_file() {
    let Some(bytes) = real("atis_mat/example_data.mat") else { return };
    let td = events(decode(Format::Mat, &bytes).unwrap());
    assert_eq!((td.len(), td.sensor()), (242_040, SensorSize::new(304, 240)));
    assert_eq!((td.t()[0], *td.t().last().unwrap()), (0, 2_999_577));
    assert!(td.is_sorted());
    let variables = mat::Variables::decode(&bytes).unwrap();
    assert_eq!(variables.names().collect::<Vec<_>>(), ["EM", "TD"]);
    let Some(mat::Value::Structures(em)) = variables.get("EM") else { panic!("no EM") };
    assert_eq!(em.fields(), ["x", "y", "ts", "p"]);
    // 1 is brighter.
    let Some(mat::Value::Structures(fields)) = variables.get("TD") else { panic!("no TD") };
    let Some(mat::Value::Array(p)) = fields.get(0, "p") else { panic!("no p") };
    let on = p.numbers().iter().filter(|p| **p == 1.0).count();
    assert_eq!(td.p().iter().filter(|p| **p).count(), on);
    for copy in damaged(&bytes, 20) {
        within(decode(Format::Mat, &copy), 242_040);
    }
}

#[test]
fn tactile_recordings() {
    // Columns of the matrix, and how many spikes are 1 and -1.
    for (name, columns, on, off) in [
        ("stmnist/digit1.mat", 239, 144, 95),
        ("stmnist/digit3.mat", 445, 246, 208),
        ("stmnist/tonic_sample_stmnist.mat", 2346, 1601, 745),
    ] {
        let Some(bytes) = real(name) else { return };
        let variables = mat::Variables::decode(&bytes).unwrap();
        assert_eq!(variables.array("spiketrain").unwrap().shape, [101, columns]);
        let read = events(decode(Format::Mat, &bytes).unwrap());
        let brighter = read.p().iter().filter(|p| **p).count();
        assert_eq!((brighter, read.len() - brighter), (on, off), "{name}");
        assert_eq!(read.sensor(), SensorSize::new(10, 10));
        assert!(read.is_sorted());
        for copy in damaged(&bytes, 100) {
            within(decode(Format::Mat, &copy), 101 * columns);
        }
    }
    let Some(bytes) = real("stmnist/digit1.mat") else { return };
    let read = events(decode(Format::Mat, &bytes).unwrap());
    assert_eq!((read.t()[0], *read.t().last().unwrap()), (521_922, 1_146_848));
}

#[test]
fn a_structured_npy_file_with_padding() {
    let Some(bytes) = real("evt3/evt3_sample.npy") else { return };
    let read = events(decode(Format::Npy, &bytes).unwrap());
    assert_eq!(read.len(), 219_596);
    let again = events(decode(Format::Npy, &npy::encode(&read)).unwrap());
    assert_eq!(again, read);
    assert_eq!(events(decode(Format::Npz, &npy::encode_npz(&read).unwrap()).unwrap()), read);
    assert_eq!(events(decode(Format::Csv, &csv::encode(&read)).unwrap()), read);
    for copy in damaged(&bytes, 30) {
        within(decode(Format::Npy, &copy), 219_596);
    }
}

#[test]
fn plain_arrays_that_are_no_recording_say_their_shape() {
    for name in [
        "weights/lava_oxford_input.npy",
        "weights/lava_oxford_output.npy",
        "weights/lava_oxford_ground_truth.npy",
    ] {
        let Some(bytes) = real(name) else { return };
        let refusal = decode(Format::Npy, &bytes).unwrap_err();
        assert!(refusal.problem.contains("found 3 columns without names"), "{refusal}");
    }
}

#[test]
fn groups_and_datasets_of_files_by_h5py() {
    // What h5py counts.
    for (name, datasets, path, shape) in [
        ("nir/nir_paper__lif_norse.nir", 15, "/node/nodes/0/weight", vec![1, 1]),
        ("nir/nir_paper__cnn_sinabs.nir", 64, "/node/nodes/0/weight", vec![16, 2, 5, 5]),
        ("weights/lava_mnist.net", 33, "/layer/1/weight", vec![64, 128]),
        ("weights/lava_oxford.net", 22, "/layer/0/weight", vec![256, 200]),
    ] {
        let Some(bytes) = real(name) else { return };
        let found = File::decode(bytes.clone()).unwrap().datasets().unwrap();
        assert_eq!(found.len(), datasets, "{name}");
        assert!(found.contains(&(path.to_string(), shape)), "{name}: {found:?}");
        let refusal = decode(Format::Hdf5, &bytes).unwrap_err();
        assert!(refusal.problem.contains("expected datasets t, x, y, p"), "{refusal}");
        for copy in damaged(&bytes, 100) {
            let _ = File::decode(copy.clone()).and_then(|file| file.datasets());
            within(decode(Format::Hdf5, &copy), 0);
        }
    }
}

#[test]
fn shd_of_h5py_and_of_pytables() {
    for name in ["shd_h5py.h5", "shd_userblock.h5", "shd_pytables.h5"] {
        let shd = Shd::open(&fixture(name)).unwrap();
        assert_eq!(shd.len(), 4);
        assert_eq!([0, 1, 2, 3].map(|index| shd.label(index).unwrap()), [0, 19, 3, 3]);
        assert_eq!([0, 1, 2, 3].map(|index| shd.speaker(index).unwrap()), [4, 0, 11, 2]);
        assert_eq!((shd.keys().len(), shd.keys()[10].as_str()), (20, "null"));
        let first = Spikes::new(vec![250_000, 500_000, 1_250_000], vec![0, 699, 350], 700).unwrap();
        assert_eq!(shd.spikes(0).unwrap(), first, "{name}");
        assert!(shd.spikes(1).unwrap().is_empty());
        // 0.1 and 0.7 of half precision are 0.0999755859375 and 0.7001953125.
        let third = if name == "shd_userblock.h5" { [100_000, 700_000] } else { [99_975, 700_195] };
        assert_eq!(shd.spikes(2).unwrap().t(), third, "{name}");
        let long = shd.spikes(3).unwrap();
        let t: Vec<i64> = (0..600).map(|k| k * 1_000_000 / 2048).collect();
        assert_eq!(
            (long.t(), long.unit()),
            (t.as_slice(), (0..600).collect::<Vec<u32>>().as_slice())
        );
        assert!(shd.spikes(4).is_err() && shd.label(4).is_none());
        let refusal = format::read(fixture(name)).unwrap_err();
        assert!(refusal.to_string().contains("hdf5::Shd reads it"), "{refusal}");
    }
}

#[test]
fn n_tidigits() {
    let train = NTidigits::open(&fixture("ntidigits.h5"), Part::Train).unwrap();
    assert_eq!((train.len(), train.id(1), train.label(1)), (3, Some("man-ae-a-z2o"), Some("z2o")));
    let spikes = train.spikes(2).unwrap();
    let expected = Spikes::new(vec![0, 123, 246, 369, 492], vec![0, 7, 14, 21, 28], 64).unwrap();
    assert_eq!(spikes, expected);
    let test = NTidigits::open(&fixture("ntidigits.h5"), Part::Test).unwrap();
    assert_eq!((test.len(), test.label(0)), (1, Some("5")));
    assert_eq!(test.spikes(0).unwrap().t(), [0, 123, 246]);
    let refusal = format::read(fixture("ntidigits.h5")).unwrap_err();
    assert!(refusal.to_string().contains("hdf5::NTidigits reads it"), "{refusal}");
}

#[test]
fn groups_with_very_many_paths() {
    // Fifteen groups, each with two links to the next one: 16,384 paths to the last.
    let file = File::open(&fixture("paths.h5")).unwrap();
    assert!(file.datasets().unwrap_err().problem.contains("do not contain themselves"));
}

#[test]
fn datasets_that_are_selected_by_path_keep_their_layout() {
    let columns = "t=events/t,x=events/x,y=events/y,p=events/p".parse().unwrap();
    let options = Options { columns: Some(columns), ..Options::default() };
    let found = events(format::read(fixture("dsec.h5")).unwrap());
    let selected = events(format::read_with(fixture("dsec.h5"), &options).unwrap());
    // With t_offset added, and on the same sensor.
    assert_eq!(selected, found);
}

#[test]
fn a_group_that_contains_itself() {
    let file = File::open(&fixture("circle.h5")).unwrap();
    assert!(file.datasets().unwrap_err().problem.contains("do not contain themselves"));
}

#[test]
fn events_in_hdf5() {
    let t: Vec<i64> = (0..600).map(|i| 17 * i).collect();
    let (x, y) = ((0..600).map(|i| i % 128).collect(), (0..600).map(|i| 7 * i % 96).collect());
    let p = (0..600).map(|i| i % 3 == 0).collect();
    let expected = Events::new(t, x, y, p, SensorSize::new(128, 96)).unwrap();
    for name in ["events_group.h5", "events_records.h5", "events_rows.h5"] {
        assert_eq!(events(format::read(fixture(name)).unwrap()), expected, "{name}");
        let bytes = std::fs::read(fixture(name)).unwrap();
        assert_eq!(events(decode(Format::Hdf5, &bytes).unwrap()), expected, "{name}");
    }
}

/// The recording of a fixture, in a group if one is named.
fn read(name: &str, group: Option<&str>) -> Result<Events, String> {
    let options = Options { group: group.map(String::from), ..Options::default() };
    format::read_with(fixture(name), &options).map(events).map_err(|refusal| refusal.to_string())
}

/// Events as `cameras.py` writes them, with times that begin at `start`.
fn seen(start: i64, sensor: SensorSize, p: impl Fn(u16) -> bool) -> Events {
    let i = 0..300_u16;
    let t = i.clone().map(|i| start + 250 * i64::from(i)).collect();
    let x = i.clone().map(|i| (u32::from(i) * 3 % 346) as u16).collect();
    let y = i.clone().map(|i| (u32::from(i) * 7 % 260) as u16).collect();
    Events::new(t, x, y, i.map(p).collect(), sensor).unwrap()
}

const SMALLEST: SensorSize = SensorSize { width: 346, height: 260, polarities: 2 };

fn third(i: u16) -> bool {
    i.is_multiple_of(3)
}

#[test]
fn files_of_event_cameras() {
    // 3 i mod 346 reaches 345 at i = 115, and 7 i mod 260 reaches 259 at i = 37.
    let dsec = seen(36_607_300_656, SMALLEST, third);
    assert_eq!(read("dsec.h5", None).unwrap(), dsec);
    // 1.5e9 s; the rows are x, y, t, p, and p is -1 or 1.
    let refusal = read("mvsec.hdf5", None).unwrap_err();
    assert!(
        refusal.contains("found 2: /davis/left/events; /davis/right/events; choose"),
        "{refusal}"
    );
    for (group, start) in [("davis/left", 0), ("/davis/right/", 1000), ("davis/left/events", 0)] {
        let events = read("mvsec.hdf5", Some(group)).unwrap();
        assert_eq!(events, seen(1_500_000_000_000_000 + start, SMALLEST, third), "{group}");
    }
    let m3ed = seen(0, SensorSize::new(1280, 720), third);
    assert_eq!(read("m3ed.h5", None).unwrap(), m3ed);
    let prophesee = seen(0, SensorSize::new(640, 480), third);
    assert_eq!(read("prophesee.hdf5", None).unwrap(), prophesee);
    let minimal = seen(1_468_941_032_200_000, SensorSize::new(640, 480), third);
    assert_eq!(read("event_cnn_minimal.h5", None).unwrap(), minimal);
}

#[test]
fn groups_beside_soft_links() {
    // Not all datasets can be listed; a known group and a selected one are read.
    assert!(File::open(&fixture("links.h5")).unwrap().datasets().is_err());
    for group in [None, Some("events"), Some("/other/")] {
        assert_eq!(read("links.h5", group).unwrap(), seen(5, SMALLEST, third));
    }
    assert!(read("links.h5", Some("none")).is_err());
}

#[test]
fn how_a_file_of_an_event_camera_was_understood() {
    let understood =
        |name: &str, options: &Options| format::inspect(fixture(name), options).unwrap().1;
    let dsec = understood("dsec.h5", &Options::default());
    let columns = "events/t, events/x, events/y, events/p, plus t_offset; layout of DSEC";
    assert_eq!(dsec.columns.unwrap().value, columns);
    assert_eq!(dsec.time_unit.value, TimeUnit::Microseconds);
    assert_eq!(dsec.time_unit.basis, Basis::Assumption("the layout of DSEC".into()));
    assert!(matches!(dsec.sensor.unwrap().basis, Basis::Assumption(_)));
    let left = Options { group: Some("davis/left".into()), ..Options::default() };
    let mvsec = understood("mvsec.hdf5", &left);
    let columns = "x, y, t, p in rows of davis/left/events; layout of MVSEC";
    assert_eq!(mvsec.columns.unwrap().value, columns);
    assert_eq!(mvsec.time_unit.value, TimeUnit::Seconds);
    assert_eq!(mvsec.sensor.unwrap().basis, Basis::File);
    // The options go before the layout: of 74,750 ms the offset has the same unit.
    let time_unit = Some(TimeUnit::Milliseconds);
    let options = Options { time_unit, ..Options::default() };
    let (read, dsec) = format::inspect(fixture("dsec.h5"), &options).unwrap();
    assert_eq!(dsec.time_unit.basis, Basis::Option);
    assert_eq!(events(read).t()[299], (36_607_300_656 + 74_750) * 1000);
}

#[test]
fn columns_of_hdf5_that_are_selected() {
    let read = |name: &str, columns: &str| {
        let columns = Some(columns.parse().unwrap());
        format::read_with(fixture(name), &Options { columns, ..Options::default() })
    };
    // x and y exchanged; a dataset by its path; a field of records.
    let dsec = events(read("dsec.h5", "t=t,x=y,y=x,p=p").unwrap());
    assert_eq!((dsec.x()[1], dsec.y()[1]), (7, 3));
    let m3ed = "t=prophesee/left/t,x=prophesee/left/y,y=prophesee/left/x";
    let m3ed = events(read("m3ed.h5", m3ed).unwrap());
    assert_eq!((m3ed.x()[1], m3ed.y()[1], m3ed.sensor().polarities), (7, 3, 1));
    let prophesee = events(read("prophesee.hdf5", "t=t,x=y,y=x,p=p").unwrap());
    assert_eq!((prophesee.x()[1], prophesee.y()[1]), (7, 3));
    let refusal = read("dsec.h5", "t=stamp,x=x").unwrap_err().to_string();
    assert!(refusal.contains("expected the columns that Options::columns selects"), "{refusal}");
}

#[test]
fn a_group_that_is_not_there_is_refused_with_what_is() {
    let refusal = read("m3ed.h5", Some("prophesee/right")).unwrap_err();
    let found = "in prophesee/right; the file contains pose/t [300] i64; pose/x [300] f64";
    assert!(refusal.contains(found), "{refusal}");
    // A group without polarities is read only where it is asked for.
    assert!(read("m3ed.h5", Some("pose")).unwrap_err().contains("pose/x of event 1 is 0.428"));
}

#[test]
fn filters_of_event_cameras() {
    let expected = seen(0, SMALLEST, third);
    let file = File::open(&fixture("filters.h5")).unwrap();
    let mut groups: Vec<String> = file
        .datasets()
        .unwrap()
        .iter()
        .map(|(path, _)| path.split('/').nth(1).unwrap().to_string())
        .collect();
    groups.dedup();
    assert_eq!(groups.len(), 19);
    for group in groups {
        assert_eq!(read("filters.h5", Some(&group)).unwrap(), expected, "{group}");
    }
}

#[test]
fn filters_that_are_not_read_are_named() {
    for (number, name) in
        [("36559", "ECF"), ("32026", "Blosc2"), ("5", "n-bit"), ("4242", "filter 4242 is not read")]
    {
        let refusal = read("refused.h5", Some(number)).unwrap_err();
        assert!(refusal.contains(&format!("events: its filter {number}")), "{refusal}");
        assert!(refusal.contains(name) && refusal.contains("h5repack -f NONE"), "{refusal}");
        let remedy = "metavision_file_to_csv -i FILE";
        assert_eq!(refusal.contains(remedy), number == "36559", "{refusal}");
    }
}

#[test]
fn what_was_never_written_is_the_fill_value() {
    for (group, written) in [
        ("plain", true),
        ("gzip", true),
        ("blosc", true),
        ("zstd", true),
        ("late", false),
        ("early", false),
    ] {
        let p = |i: u16| !(written && (100..150).contains(&i));
        assert_eq!(read("unwritten.h5", Some(group)).unwrap(), seen(0, SMALLEST, p), "{group}");
    }
    // After the written rows the time falls to 0, so it cannot decide the order: it is selected.
    let options = Options {
        group: Some("rows".into()),
        columns: Some(ColumnSelection::txyp()),
        ..Options::default()
    };
    let rows = events(format::read_with(fixture("unwritten.h5"), &options).unwrap());
    let (head, tail) = (rows.slice(0..150), rows.slice(150..300));
    let expected = seen(0, SMALLEST, third).slice(0..150);
    assert_eq!((head.t(), head.x(), head.y()), (expected.t(), expected.x(), expected.y()));
    assert_eq!(head.p(), expected.p());
    assert!(tail.iter().all(|event| (event.t, event.x, event.y, event.p) == (0, 0, 0, false)));
}

#[test]
fn damaged_sets_give_an_error_or_spikes() {
    for name in ["shd_h5py.h5", "shd_userblock.h5", "shd_pytables.h5"] {
        let bytes = std::fs::read(fixture(name)).unwrap();
        for copy in damaged(&bytes, 1000) {
            let most = copy.len() / 2;
            let Ok(shd) = Shd::decode(copy) else { continue };
            assert!(shd.len() <= most);
            for index in 0..shd.len().min(8) {
                within(shd.spikes(index).map(Recording::Spikes), most);
            }
        }
    }
    let bytes = std::fs::read(fixture("ntidigits.h5")).unwrap();
    for copy in damaged(&bytes, 1000) {
        let most = copy.len();
        let Ok(set) = NTidigits::decode(copy, Part::Train) else { continue };
        for index in 0..set.len().min(8) {
            within(set.spikes(index).map(Recording::Spikes), most);
        }
    }
    // Beyond what is stored, 64 MiB of a dataset may be filled: of rows of four bytes, 2^24.
    for (name, groups) in [
        ("events_group.h5", [None; 3]),
        ("events_records.h5", [None; 3]),
        ("events_rows.h5", [None; 3]),
        ("dsec.h5", [None; 3]),
        ("filters.h5", [Some("blosc-blosclz-1"), Some("blosc-lz4-2"), Some("bitshuffle-lz4")]),
        ("filters.h5", [Some("blosc-zlib-1"), Some("blosc-zstd-2"), Some("lz4")]),
        ("filters.h5", [Some("zstd"), Some("shuffle-lzf"), Some("shuffle-zstd-fletcher32")]),
        ("unwritten.h5", [Some("gzip"), Some("rows"), Some("late")]),
    ] {
        let bytes = std::fs::read(fixture(name)).unwrap();
        for (copy, group) in damaged(&bytes, 1000).zip(groups.iter().cycle()) {
            let options = Options { group: group.map(String::from), ..Options::default() };
            let read = format::decode(Format::Hdf5, &copy, &options);
            within(read, (1 << 24) + 4 * copy.len());
        }
    }
}

//! Real recordings, where `SNN_DATA_DIR` says that they are, or beside the checkout.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use snn::data::DataError;
use snn::data::events::{Events, SensorSize, Spikes};
use snn::data::format::{self, Format, Options, PolarityBit, Recording};

use crate::files::real;

fn events(path: impl AsRef<Path>) -> Events {
    match format::read(path).unwrap() {
        Recording::Events(events) => events,
        Recording::Spikes(_) => panic!("spikes"),
    }
}

fn spikes(path: impl AsRef<Path>) -> Spikes {
    match format::read(path).unwrap() {
        Recording::Spikes(spikes) => spikes,
        Recording::Events(_) => panic!("events"),
    }
}

/// Sums of x, y, t and p. Times since 1970 sum to more than 64 bits.
fn sums(events: &Events) -> [i128; 4] {
    let sum = |values: &[u16]| values.iter().map(|value| i128::from(*value)).sum();
    let on = events.p().iter().filter(|p| **p).count() as i128;
    [sum(events.x()), sum(events.y()), events.t().iter().map(|t| i128::from(*t)).sum(), on]
}

type Row = (i64, u16, u16, bool);

fn row(events: &Events, index: usize) -> Row {
    let event = events.get(index).unwrap();
    (event.t, event.x, event.y, event.p)
}

/// A file, its sensor, how many events it has, the first and the last one, sums of x, y, t and p.
type Facts = (&'static str, (u32, u32), usize, [Row; 2], [i128; 4]);

/// As plain readers in Python and the readers of Tonic and expelliarmus have them.
const FACTS: [Facts; 8] = [
    (
        "nmnist/extra/tonic_sample_nmnist.bin",
        (34, 34),
        4325,
        [(654, 7, 15, true), (311_175, 21, 14, true)],
        [74_457, 71_931, 690_487_405, 2145],
    ),
    (
        "dat/sample_ncars.dat",
        (78, 42),
        2009,
        [(0, 25, 8, false), (99_952, 75, 28, true)],
        [93_457, 40_463, 98_196_680, 1350],
    ),
    (
        "evt2/evt2_sample.raw",
        (640, 480),
        539_481,
        [(1_317_888, 237, 121, true), (1_367_888, 210, 142, true)],
        [171_811_022, 110_162_026, 724_340_275_912, 367_855],
    ),
    (
        "evt3/evt3_sample.raw",
        (1280, 720),
        219_596,
        [(11_718_656, 874, 200, false), (11_727_457, 1218, 572, true)],
        [159_113_225, 85_638_051, 2_574_324_900_467, 115_532],
    ),
    (
        "es/dvs.es",
        (320, 240),
        473_225,
        [(0, 0, 239, true), (999_000, 38, 46, true)],
        [72_946_016, 57_092_979, 200_862_071_000, 270_001],
    ),
    (
        "aedat2_davis240/IMU_translBoxes.aedat",
        (240, 180),
        162_771,
        [(294_976_755, 156, 36, false), (297_049_406, 233, 40, false)],
        [14_600_358, 11_961_336, 48_184_430_434_007, 82_944],
    ),
    (
        "dvs128_objects/dataset2/Caixa.aedat",
        (128, 128),
        201_523,
        [(-1_143_324_973, 67, 51, false), (-1_124_833_024, 34, 23, true)],
        [12_515_836, 11_646_104, -228_545_797_584_951, 112_344],
    ),
    (
        "dvs128_objects/assets/pendulo.aedat",
        (128, 128),
        278_538,
        [(64_300_579, 42, 6, false), (84_240_611, 127, 26, true)],
        [15_246_919, 14_407_991, 20_855_714_163_547, 153_062],
    ),
];

#[test]
fn recordings_are_what_other_readers_say() {
    let Some(folder) = real("") else { return };
    for (name, (width, height), count, [first, last], expected) in FACTS {
        let read = events(folder.join(name));
        assert_eq!(read.sensor(), SensorSize::new(width, height), "{name}");
        assert_eq!(read.len(), count, "{name}");
        assert_eq!([row(&read, 0), row(&read, count - 1)], [first, last], "{name}");
        assert_eq!(sums(&read), expected, "{name}");
        assert!(read.is_sorted(), "{name}");
    }
}

#[test]
fn the_aedat4_sample() {
    let Some(folder) = real("") else { return };
    let read = events(folder.join("aedat4/sample.aedat4"));
    assert_eq!((read.len(), read.sensor()), (111_954, SensorSize::new(320, 240)));
    assert_eq!(row(&read, 0), (1_605_537_493_718_345, 154, 204, false));
    let (t, x, y, p) = row(&read, 111_953);
    assert_eq!((x, y, p), (88, 237, true));
    assert!(t <= 1_605_537_494_308_262, "{t}");
    assert_eq!((read.x().iter().max(), read.y().iter().max()), (Some(&319), Some(&239)));
    assert_eq!(sums(&read)[..2], [18_342_405, 15_105_898]);
}

/// expelliarmus has the places and polarities, but loses count of the time at event 20121.
#[test]
fn evt3_is_as_expelliarmus_reads_it() {
    let Some(folder) = real("") else { return };
    let read = events(folder.join("evt3/evt3_sample.raw"));
    let npy = fs::read(folder.join("evt3/evt3_sample.npy")).unwrap();
    let header = 10 + usize::from(u16::from_le_bytes([npy[8], npy[9]]));
    let (rows, rest) = npy[header..].as_chunks::<16>();
    assert_eq!((rows.len(), rest.len()), (read.len(), 0));
    for (index, row) in rows.iter().enumerate() {
        let event = read.get(index).unwrap();
        let theirs = [u16::from_le_bytes([row[8], row[9]]), u16::from_le_bytes([row[10], row[11]])];
        assert_eq!(([event.x, event.y], u8::from(event.p)), (theirs, row[12]), "event {index}");
        let t = i64::from_le_bytes(*row.first_chunk().unwrap());
        assert!(if index < 20_121 { t == event.t } else { (t - event.t) % 4096 == 0 }, "{index}");
    }
}

#[test]
fn bs2_and_bs3_hold_the_same_events() {
    let Some(folder) = real("") else { return };
    let folder = folder.join("dvs_gesture_cuts");
    for (number, bytes) in [(1, 317_355), (2, 421_300), (10, 429_680)] {
        let [two, three] =
            ["bs2", "bs3"].map(|kind| events(folder.join(format!("{number}.{kind}"))));
        assert_eq!((two.len(), &two), (bytes / 5, &three));
    }
    for number in [4, 5, 6, 7, 8] {
        let read = events(folder.join(format!("{number}.bs2")));
        let sensor = read.sensor();
        assert!(sensor.width <= 128 && sensor.height <= 128 && read.is_sorted(), "{sensor}");
        assert!((1_300_000..=1_450_000).contains(read.t().last().unwrap()));
    }
}

#[test]
fn all_of_nmnist() {
    let Some(folder) = real("") else { return };
    let sensor = Some(SensorSize::new(34, 34));
    let options = Options { sensor, ..Options::default() };
    let (mut files, mut count) = (0, 0);
    for part in ["Train", "Test"] {
        for digit in fs::read_dir(folder.join("nmnist").join(part)).unwrap() {
            for file in fs::read_dir(digit.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                let read = format::read_with(&path, &options).unwrap();
                let Recording::Events(read) = read else { panic!("spikes") };
                assert!(read.is_sorted() && *read.t().last().unwrap() < 400_000, "{path:?}");
                files += 1;
                count += read.len();
            }
        }
    }
    assert_eq!((files, count), (880, 17_942_135 / 5));
    assert_eq!(events(folder.join("nmnist/extra/digit5.bin")).len(), 29_005 / 5);
}

#[test]
fn all_recordings_of_the_dvs128() {
    let Some(folder) = real("") else { return };
    let counts = [
        ("dataset100/Caixa", 374_039),
        ("dataset100/Caneca", 518_133),
        ("dataset100/Cubo", 494_435),
        ("dataset100/Estilete", 413_436),
        ("dataset100/Estilete_1", 408_860),
        ("dataset2/Caneca", 351_217),
        ("dataset2/Celular", 307_531),
        ("dataset2/Estilete", 314_257),
        ("dataset2/Lapiseira", 126_164),
        ("dataset2/Mouse", 293_096),
        ("dataset2/Tesoura", 143_655),
        ("assets/video_celular", 434_558),
    ];
    for (name, count) in counts {
        let path = folder.join("dvs128_objects").join(name).with_extension("aedat");
        let read = events(&path);
        assert_eq!((read.len(), read.sensor()), (count, SensorSize::new(128, 128)), "{name}");
        assert!(read.is_sorted(), "{name}");
        let inverse = Options { polarity: PolarityBit::Inverse, ..Options::default() };
        let inverse = format::read_with(&path, &inverse).unwrap();
        let Recording::Events(inverse) = inverse else { panic!("spikes") };
        assert!(inverse.p().iter().zip(read.p()).all(|(a, b)| a != b), "{name}");
    }
}

#[test]
fn spikes_are_read() {
    let Some(folder) = real("") else { return };
    let read = spikes(folder.join("ntidigits/NTIDIGITS_1.bs1"));
    assert_eq!((read.len(), read.units() <= 64), (898, true));
    assert!((1_000_000..1_100_000).contains(read.t().last().unwrap()));
    assert_eq!(spikes(folder.join("weights/slayer_oxford_input.bs1")).len(), 9445 / 5);
    let generic = spikes(folder.join("es/generic.es"));
    assert_eq!((generic.len(), generic.t()[0], generic.t()[69]), (70, 0, 1_207_922));
}

/// A file of each format whose events come in pieces.
const STREAMED: [&str; 7] = [
    "dat/sample_ncars.dat",
    "evt2/evt2_sample.raw",
    "evt3/evt3_sample.raw",
    "es/dvs.es",
    "aedat2_davis240/IMU_translBoxes.aedat",
    "dvs128_objects/dataset2/Lapiseira.aedat",
    "aedat4/sample.aedat4",
];

#[test]
fn streams_have_the_events_of_the_file() {
    let Some(folder) = real("") else { return };
    for name in STREAMED {
        let whole = events(folder.join(name));
        let sensor = Some(whole.sensor());
        let options = Options { sensor, ..Options::default() };
        for chunk in [1001, 1 << 17] {
            let mut start = 0;
            for piece in format::stream_with(folder.join(name), &options, chunk).unwrap() {
                let piece = piece.unwrap();
                assert_eq!(whole.slice(start..start + piece.len()), piece, "{name}");
                start += piece.len();
            }
            assert_eq!(start, whole.len(), "{name}");
        }
    }
}

#[test]
fn what_is_written_is_read() {
    let Some(folder) = real("") else { return };
    let temporary = tempfile::tempdir().unwrap();
    for (name, extension) in [
        ("evt2/evt2_sample.raw", "raw"),
        ("evt3/evt3_sample.raw", "raw"),
        ("evt3/evt3_sample.raw", "es"),
        ("aedat2_davis240/IMU_translBoxes.aedat", "aedat"),
        ("dvs128_objects/dataset2/Caixa.aedat", "aedat"),
        ("es/dvs.es", "es"),
    ] {
        let read = events(folder.join(name));
        let path = temporary.path().join("copy").with_extension(extension);
        format::write(&path, &read).unwrap();
        assert_eq!(events(&path), read, "{name}");
    }
    // Byte by byte, too: there is one way to write it.
    let original = fs::read(folder.join("es/dvs.es")).unwrap();
    let es = format::encode(Format::EventStream, &events(folder.join("es/dvs.es"))).unwrap();
    assert_eq!(es, original);
}

/// Bytes of events that a byte of a file holds at most: EVT 3.0 has 12 events of 13 bytes in 2; a byte
/// of AEDAT 4 unpacks to 256.
const LARGEST: usize = 256 * 13 / 16;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Events are on their sensor by what `Events` is: what can go wrong is a panic, or far too many.
    #[test]
    fn broken_copies_are_read_or_refused(
        which in 0..STREAMED.len() + 4,
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..20),
        near in any::<bool>(),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let Some(folder) = real("") else { return Ok(()) };
        let others = [
            "nmnist/extra/digit5.bin",
            "dvs_gesture_cuts/1.bs3",
            "ntidigits/NTIDIGITS_1.bs1",
            "es/generic.es",
        ];
        let name = STREAMED.iter().chain(&others).nth(which).unwrap();
        let mut bytes = fs::read(folder.join(name)).unwrap();
        let format = Format::detect(Path::new(name), &bytes).unwrap();
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()) + 1);
        }
        // Headers and the first packets matter most.
        let range = if near { bytes.len().min(3000) } else { bytes.len() };
        for (index, bit) in flips {
            bytes[index.index(range)] ^= 1 << bit;
        }
        match format::decode(format, &bytes, &Options::default()) {
            Ok(Recording::Events(events)) => {
                prop_assert!(events.len() * 13 <= (bytes.len() + (1 << 16)) * LARGEST);
            }
            Ok(Recording::Spikes(spikes)) => prop_assert!(spikes.len() <= bytes.len()),
            Err(error) => prop_assert!(error.offset <= bytes.len(), "{}", error),
        }
    }
}

#[test]
fn an_error_names_file_and_byte() {
    let Some(folder) = real("") else { return };
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("cut.es");
    let bytes = fs::read(folder.join("es/dvs.es")).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let Err(DataError::Format { path: named, offset, problem }) = format::read(&path) else {
        panic!("read")
    };
    assert_eq!((named, offset), (path, bytes.len() - 5));
    let expected = "the file ends too early, 4 bytes into an event or packet; format::stream reads the \
                    events before it";
    assert!(problem.starts_with(expected), "{problem}");
}

/// Ten gigabytes go through less memory than 200 MB. Only if `SNN_TEST_LARGE` is set: the file is written to the
/// folder for temporary files, and takes minutes.
#[cfg(target_os = "linux")]
#[test]
fn a_file_larger_than_memory_is_streamed() {
    use std::io::Write;
    use std::process::Command;
    if let Some(path) = std::env::var_os(LARGE_FILE) {
        return stream_in_little_memory(Path::new(&path));
    }
    if std::env::var_os("SNN_TEST_LARGE").is_none() {
        eprintln!("SNN_TEST_LARGE is not set");
        return;
    }
    let sample = fs::read(real("evt3/evt3_sample.raw").unwrap()).unwrap();
    // The header ends with the last line that begins with `%`.
    let mut header = 0;
    while sample[header] == b'%' {
        header += sample[header..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.raw");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(&sample[..header]).unwrap();
    let copies = 10_000_000_000 / (sample.len() - header) + 1;
    (0..copies).for_each(|_| file.write_all(&sample[header..]).unwrap());
    drop(file);
    assert!(fs::metadata(&path).unwrap().len() > 10_000_000_000);
    // In a process of its own: the most memory that one had is also that of other tests.
    let name = "events::formats::a_file_larger_than_memory_is_streamed";
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([name, "--exact", "--nocapture"]).env(LARGE_FILE, &path);
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert!(text.contains(&format!("{} events", copies * 219_596)), "{text}");
}

/// Where a child process is to find the large file.
#[cfg(target_os = "linux")]
const LARGE_FILE: &str = "SNN_TEST_LARGE_FILE";

#[cfg(target_os = "linux")]
fn stream_in_little_memory(path: &Path) {
    let events: usize =
        format::stream(path, 1 << 20).unwrap().map(|part| part.unwrap().len()).sum();
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
    println!("{events} events, at most {} MB", peak / 1024);
    assert!(peak < 200 * 1024, "{peak} kB");
}

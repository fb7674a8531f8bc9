//! Every data set, from files as they lie on the disk.

mod windows;

use std::fs;
use std::path::{Path, PathBuf};

use burn::data::dataset::Dataset;
use tempfile::TempDir;

use super::Recordings;
use super::asl_dvs::AslDvs;
use super::cifar10_dvs::{Cifar10Dvs, Cifar10DvsRelease};
use super::dvs_gesture::{DvsGesture, DvsGestureRelease};
use super::dvs_lip::DvsLip;
use super::files::{EventFiles, Reading};
use super::folder::{Folder, FolderConfig, FolderLayout};
use super::ncaltech101::{self, NCaltech101};
use super::ncars::NCars;
use super::nmnist::{NMnist, NMnistOptions};
use super::poker_dvs::PokerDvs;
use super::st_mnist::StMnist;
use crate::Part;
use crate::events::{Event, Events, SensorSize};
use crate::format::{self, Camera, Options};

type Row = (i64, u16, u16, bool);

/// A data folder with these files.
fn folder(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    // Later names first: the order of creation is not that of the data set.
    for (name, bytes) in files.iter().rev() {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn rows<R: Reading>(data: &EventFiles<R>, index: usize) -> Vec<Row> {
    let events = data.get(index).unwrap().data;
    events.iter().map(|Event { t, x, y, p }| (t, x, y, p)).collect()
}

/// What the samples are read from, and their classes.
fn listing<R: Reading>(data: &EventFiles<R>, root: &Path) -> Vec<(String, usize)> {
    let name = |index| {
        let path = data.origin(index).path;
        path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/")
    };
    (0..data.len()).map(|index| (name(index), data.label(index))).collect()
}

fn listed(files: &[(&str, usize)]) -> Vec<(String, usize)> {
    files.iter().map(|(name, label)| (name.to_string(), *label)).collect()
}

/// A file of an ATIS.
fn atis(rows: &[Row]) -> Vec<u8> {
    let bytes = |(t, x, y, p): &Row| {
        let [_, high, middle, low] = (*t as u32).to_be_bytes();
        [*x as u8, *y as u8, high | u8::from(*p) << 7, middle, low]
    };
    rows.iter().flat_map(bytes).collect()
}

fn columns(rows: &[Row]) -> Events {
    let event = |&(t, x, y, p): &Row| Event { t, x, y, p };
    Events::on_smallest_sensor(rows.iter().map(event).collect()).unwrap()
}

fn encoded(format: format::Format, rows: &[Row]) -> Vec<u8> {
    format::encode(format, &columns(rows)).unwrap()
}

/// A npy file with elements of this type.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
    let head = [b"\x93NUMPY\x01\x00", (text.len() as u16).to_le_bytes().as_slice()].concat();
    [head.as_slice(), text.as_bytes(), data].concat()
}

/// Rows of four numbers.
fn npy_rows(rows: &[[f32; 4]]) -> Vec<u8> {
    let data: Vec<u8> = rows.as_flattened().iter().flat_map(|value| value.to_le_bytes()).collect();
    npy("'<f4'", &format!("({}, 4)", rows.len()), &data)
}

/// A MAT-file with matrices of f64, first axis fastest.
fn mat(matrices: &[(&str, [u32; 2], &[f64])]) -> Vec<u8> {
    let element = |kind: u32, data: &[u8]| {
        let mut bytes = [kind.to_le_bytes(), (data.len() as u32).to_le_bytes()].concat();
        bytes.extend_from_slice(data);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    };
    let mut file = b"MATLAB 5.0 MAT-file".to_vec();
    file.resize(124, b' ');
    file.extend([0, 1, b'I', b'M']);
    for (name, shape, values) in matrices {
        let parts = [
            element(6, &[6, 0, 0, 0, 0, 0, 0, 0]),
            element(5, shape.map(u32::to_le_bytes).as_flattened()),
            element(1, name.as_bytes()),
            element(9, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>()),
        ];
        file.extend(element(14, &parts.concat()));
    }
    file
}

/// An AEDAT 3.1 file of a DVS128, a packet for each slice of rows.
fn aedat3(packets: &[&[Row]]) -> Vec<u8> {
    let mut bytes =
        b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n".to_vec();
    for rows in packets {
        bytes.extend([1, 0, 1, 0]);
        let number = rows.len() as u32;
        for value in [8, 4, 0, number, number, number] {
            bytes.extend(value.to_le_bytes());
        }
        for &(t, x, y, p) in *rows {
            let data = u32::from(x) << 17 | u32::from(y) << 2 | u32::from(p) << 1 | 1;
            bytes.extend(data.to_le_bytes());
            bytes.extend((t as u32).to_le_bytes());
        }
    }
    bytes
}

fn message<T>(result: Result<T, impl std::fmt::Display>) -> String {
    match result {
        Ok(_) => panic!("opened"),
        Err(error) => error.to_string(),
    }
}

const A: Row = (5, 1, 2, true);
const B: Row = (99_999, 3, 4, false);
const C: Row = (100_000, 33, 33, true);

#[test]
fn nmnist() {
    let root = folder(&[
        ("nmnist/Train/0/00002.bin", atis(&[A])),
        ("nmnist/Train/0/00010.bin", atis(&[A, B, C])),
        ("nmnist/Train/9/00001.bin", atis(&[(7, 40, 0, true)])),
        ("nmnist/Train/9/notes.txt", vec![]),
        ("nmnist/Test/3/1.bin", atis(&[B])),
    ]);
    let open = |options| NMnist::open(root.path(), Part::Train, options).unwrap();
    let data = open(NMnistOptions::default());
    assert_eq!(
        listing(&data, &root.path().join("nmnist/Train")),
        listed(&[("0/00002.bin", 0), ("0/00010.bin", 0), ("9/00001.bin", 9)])
    );
    assert_eq!((data.classes().len(), data.labels()), (10, vec![0, 0, 9]));
    assert_eq!(data.get(1).unwrap().data.sensor(), SensorSize::new(34, 34));
    assert_eq!(rows(&data, 1), [A, B, C]);
    // Not of N-MNIST: it says which file, where in it, and why.
    let error = message(data.get(2));
    assert!(
        error.contains("9/00001.bin: byte 0: x 40, y 0 is outside of a sensor of 34 x 34"),
        "{error}"
    );
    let broken = data.broken();
    assert_eq!(broken.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [2]);
    let data = data.without(&[2, 0]);
    assert_eq!((data.labels(), data.classes().len()), (vec![0], 10));
    assert_eq!(rows(&data, 0), [A, B, C]);

    let first = NMnistOptions { first_saccade_only: true, ..Default::default() };
    assert_eq!(rows(&open(first), 1), [A, B]);
    let stable = NMnistOptions { stabilize: true, ..Default::default() };
    // C is at 33 + 4 - 3.33, outside; B at (3 + 4 - 3.333, 4 + 2 - 6.667), outside.
    assert_eq!(rows(&open(stable), 1), [(5, 5, 4, true)]);

    let test = NMnist::open(root.path(), Part::Test, first).unwrap();
    assert_eq!((test.labels(), rows(&test, 0)), (vec![3], vec![B]));
}

#[test]
fn nmnist_of_any_folder() {
    let root = folder(&[
        ("few/7/2.bin", atis(&[A, B, C])),
        ("few/2/11.bin", atis(&[A])),
        ("few/2/3.bin", atis(&[B])),
        ("flat/1.bin", atis(&[A])),
        ("named/seven/1.bin", atis(&[A])),
    ]);
    let options = NMnistOptions { first_saccade_only: true, ..Default::default() };
    let open = |name: &str| NMnist::open_folder(&root.path().join(name), options);
    let data = open("few").unwrap();
    assert_eq!(
        listing(&data, &root.path().join("few")),
        listed(&[("2/3.bin", 2), ("2/11.bin", 2), ("7/2.bin", 7)])
    );
    assert_eq!((data.classes().len(), rows(&data, 2)), (10, vec![A, B]));
    assert_eq!(data.sensor(), Some(SensorSize::new(34, 34)));
    for (name, why) in [
        // Deeper: the folder of several sets.
        ("", "few/2/3.bin: expected it as <digit>/<number>.bin below"),
        ("flat", "flat/1.bin: expected it as <digit>/<number>.bin below"),
        ("named", "named/seven/1.bin: expected it in a folder of a class"),
        ("none", "none: expected <digit>/<number>.bin below this folder"),
    ] {
        let error = message(open(name));
        assert!(error.contains(why), "{name}: {error}");
    }
}

#[test]
fn all_that_changes_a_sample_is_in_its_origin() {
    let root = folder(&[("nmnist/Train/0/1.bin", atis(&[A]))]);
    let mut parts = Vec::new();
    for first_saccade_only in [false, true] {
        for stabilize in [false, true] {
            let options = NMnistOptions { first_saccade_only, stabilize };
            let data = NMnist::open(root.path(), Part::Train, options).unwrap();
            parts.push(data.origin(0).part);
            parts.push(data.on_sensor(SensorSize::new(35, 35)).origin(0).part);
        }
    }
    let folder = root.path().join("nmnist/Train");
    let [default, camera, sensor] = [
        Options::default(),
        Options { camera: Some(Camera::Dvs128), ..Options::default() },
        Options { sensor: Some(SensorSize::new(34, 34)), ..Options::default() },
    ]
    .map(|options| Folder::open(&folder, &FolderConfig { options, ..Default::default() }).unwrap());
    parts.extend([default, camera, sensor].map(|data| data.origin(0).part));
    let all = parts.len();
    parts.sort();
    parts.dedup();
    assert_eq!((parts.len(), all), (11, 11));
}

#[test]
fn ncaltech101() {
    let root = folder(&[
        ("ncaltech101/Caltech101/BACKGROUND_Google/image_0001.bin", atis(&[A])),
        (
            "ncaltech101/Caltech101/airplanes/image_2.bin",
            atis(&[(1, 9, 200, true), (2, 10, 190, false)]),
        ),
        ("ncaltech101/Caltech101/airplanes/image_10.bin", atis(&[A])),
    ]);
    let data = NCaltech101::open(root.path()).unwrap();
    assert_eq!(data.classes(), ["BACKGROUND_Google", "airplanes"]);
    assert_eq!(data.labels(), [0, 1, 1]);
    assert_eq!(rows(&data, 1), [(1, 0, 10, true), (2, 1, 0, false)]);
    assert_eq!(data.get(1).unwrap().data.sensor(), SensorSize::new(2, 11));
    assert_eq!(data.union_sensor().unwrap(), SensorSize::new(2, 11));
    let data = data.on_sensor(ncaltech101::SENSOR);
    assert_eq!(data.get(1).unwrap().data.sensor(), SensorSize::new(240, 180));
    let error = message(data.on_sensor(SensorSize::new(2, 10)).get(1));
    assert!(error.contains("image_2.bin: byte 0: event 0: x 0, y 10 is outside"), "{error}");
}

#[test]
fn dvs_gesture_of_tonic() {
    let root = folder(&[
        ("dvs_gesture/ibmGestureTrain/user2_led/0.npy", npy_rows(&[[1.0, 2.0, 1.0, 7.0]])),
        ("dvs_gesture/ibmGestureTrain/user2_led/10.npy", npy_rows(&[[127.0, 0.0, 0.0, 3.0]])),
        ("dvs_gesture/ibmGestureTrain/user10_lab/2.npy", npy_rows(&[[0.0, 9.0, 0.0, 1.5]])),
    ]);
    let open = |part| DvsGesture::open(root.path(), part, DvsGestureRelease::Tonic);
    let data = open(Part::Train).unwrap();
    assert_eq!(data.labels(), [0, 10, 2]);
    assert_eq!(rows(&data, 0), [(7000, 1, 2, true)]);
    assert_eq!(rows(&data, 1), [(3000, 127, 0, false)]);
    assert_eq!(rows(&data, 2), [(1500, 0, 9, false)]);
    assert_eq!(data.classes()[10], "other_gestures");
    let error = message(open(Part::Test));
    assert!(error.contains("ibmGestureTest: expected user<number>_<light>/<label>.npy"), "{error}");
    let path = root.path().join("dvs_gesture/ibmGestureTrain/user2_led/11.npy");
    fs::write(&path, "").unwrap();
    assert!(message(open(Part::Train)).starts_with(path.to_str().unwrap()));
}

const HEAD: &str = "class,startTime_usec,endTime_usec\n";

#[test]
fn dvs_gesture_of_ibm() {
    let one: Vec<Row> = (0..100).map(|t| (t, t as u16, 3, t % 2 == 0)).collect();
    let (start, end) = one.split_at(60);
    let table = format!("{HEAD}1,10,20\n11,15,90\n3,95,200\n");
    let root = folder(&[
        (
            "dvs_gesture/DvsGesture/trials_to_train.txt",
            b"user10_lab.aedat\nuser2_led.aedat\n\n".into(),
        ),
        ("dvs_gesture/DvsGesture/trials_to_test.txt", b"user3_led.aedat\n".into()),
        ("dvs_gesture/DvsGesture/user2_led.aedat", aedat3(&[start, end])),
        ("dvs_gesture/DvsGesture/user2_led_labels.csv", table.into()),
        ("dvs_gesture/DvsGesture/user10_lab.aedat", aedat3(&[start])),
        ("dvs_gesture/DvsGesture/user10_lab_labels.csv", format!("{HEAD}5,0,60\n").into()),
    ]);
    let open = |part| DvsGesture::open(root.path(), part, DvsGestureRelease::Ibm);
    let data = open(Part::Train).unwrap();
    assert_eq!(data.labels(), [0, 10, 2, 4]);
    // Twice: the second time, only the part of the file is read.
    for _ in 0..2 {
        assert_eq!(rows(&data, 0), one[10..20]);
        assert_eq!(rows(&data, 1), one[15..90]);
        assert_eq!(rows(&data, 2), one[95..]);
        assert_eq!(rows(&data, 3), start);
    }
    let parts: Vec<_> = (0..3).map(|index| data.origin(index).part).collect();
    assert!(parts[0].contains("10..20") && parts[1].contains("15..90"), "{parts:?}");
    assert_eq!(data.get(3).unwrap().data.sensor(), SensorSize::new(128, 128));

    let error = message(open(Part::Test));
    assert!(
        error.contains("user3_led.aedat: ") && error.contains("trials_to_test.txt names it"),
        "{error}"
    );
    let path = |name: &str| root.path().join("dvs_gesture/DvsGesture").join(name);
    fs::write(path("user3_led.aedat"), aedat3(&[&one])).unwrap();
    assert!(message(open(Part::Test)).contains("user3_led_labels.csv: "));
    fs::write(path("user3_led_labels.csv"), format!("{HEAD}12,0,1\n")).unwrap();
    let error = message(open(Part::Test));
    assert!(
        error.contains("user3_led_labels.csv: byte 34: expected a class from 1 to 11"),
        "{error}"
    );
    fs::write(path("trials_to_test.txt"), "../DvsGesture/user2_led.aedat\n").unwrap();
    assert!(message(open(Part::Test)).contains("there is no such file"));
    fs::remove_file(path("trials_to_test.txt")).unwrap();
    assert!(
        message(open(Part::Test)).contains("expected trials_to_train.txt and trials_to_test.txt")
    );
}

#[test]
fn cifar10_dvs() {
    // Address: row 3, column 5, polarity bit 0.
    let word = [3_u32 << 8 | 5 << 1, 1000].map(u32::to_be_bytes).concat();
    let aedat = [b"#!AER-DAT2.0\r\n# This is a raw AE data file\r\n".as_slice(), &word].concat();
    let root = folder(&[
        ("cifar10_dvs/aedat/bird/cifar10_bird_9.aedat", aedat.clone()),
        ("cifar10_dvs/aedat/bird/cifar10_bird_10.aedat", aedat.clone()),
        ("cifar10_dvs/aedat/truck/cifar10_truck_0.aedat", aedat),
        ("cifar10_dvs/aedat4/cat/cifar10_cat_0.aedat4", format::aedat4_file(&[(9, 127, 3, 1)])),
        ("cifar10_dvs/aedat4/cat/cifar10_cat_1.aedat4", b"no AEDAT 4".into()),
    ]);
    let data = Cifar10Dvs::open(root.path(), Cifar10DvsRelease::Original).unwrap();
    assert_eq!(
        listing(&data, &root.path().join("cifar10_dvs/aedat")),
        listed(&[
            ("bird/cifar10_bird_9.aedat", 2),
            ("bird/cifar10_bird_10.aedat", 2),
            ("truck/cifar10_truck_0.aedat", 9)
        ])
    );
    assert_eq!(rows(&data, 0), [(1000, 127 - 3, 127 - 5, true)]);
    let data = Cifar10Dvs::open(root.path(), Cifar10DvsRelease::Tonic).unwrap();
    assert_eq!((data.labels(), rows(&data, 0)), (vec![3, 3], vec![(9, 127, 3, true)]));
    assert_eq!(data.get(0).unwrap().data.sensor(), SensorSize::new(128, 128));
    assert!(message(data.get(1)).contains("cifar10_cat_1.aedat4: byte 0: "));
}

#[test]
fn poker_dvs() {
    let root = folder(&[
        (
            "poker_dvs/pips_train/cl/a.npy",
            npy_rows(&[[10.0, 34.0, 1.0, 1.0], [20.0, 0.0, 2.0, 0.0]]),
        ),
        ("poker_dvs/pips_train/di/a.npy", npy_rows(&[[1.0, 35.0, 1.0, 1.0]])),
        ("poker_dvs/pips_test/sp/a.npy", npy_rows(&[])),
    ]);
    let data = PokerDvs::open(root.path(), Part::Train).unwrap();
    assert_eq!(data.labels(), [0, 2]);
    assert_eq!(rows(&data, 0), [(10, 34, 1, true), (20, 0, 2, false)]);
    assert!(message(data.get(1)).contains("event 0: x 35, y 1 is outside of a sensor of 35 x 35"));
    let test = PokerDvs::open(root.path(), Part::Test).unwrap();
    assert_eq!((test.labels(), test.classes()[3].as_str()), (vec![3], "spade"));
    assert!(test.get(0).unwrap().data.is_empty());
}

#[test]
fn ncars() {
    let dat = |x: u32| {
        let mut bytes = b"% Data file containing CD events.\n% Version 2\n\x00\x08".to_vec();
        bytes.extend(77_u32.to_le_bytes());
        bytes.extend((x | 99 << 14 | 1 << 28).to_le_bytes());
        bytes
    };
    for place in ["", "Prophesee_Dataset_n_cars/"] {
        let name = |rest: &str| format!("ncars/{place}n-cars_{rest}");
        let root = folder(&[
            (&name("train/background/obj_000001_td.dat"), dat(119)),
            (&name("train/cars/obj_000001_td.dat"), dat(0)),
            (&name("test/cars/obj_004396_td.dat"), dat(120)),
        ]);
        let data = NCars::open(root.path(), Part::Train).unwrap();
        assert_eq!((data.labels(), rows(&data, 0)), (vec![0, 1], vec![(77, 119, 99, true)]));
        let data = NCars::open(root.path(), Part::Test).unwrap();
        assert_eq!(data.labels(), [1]);
        assert!(message(data.get(0)).contains("x 120, y 99 is outside of a sensor of 120 x 100"));
    }
}

#[test]
fn st_mnist() {
    let mut column = [0.0; 101];
    (column[23], column[99], column[100]) = (1.0, -1.0, 0.25);
    let train = mat(&[("spiketrain", [101, 1], &column)]);
    let root = folder(&[
        ("stmnist/data_submission/7/a.mat", train.clone()),
        ("stmnist/data_submission/LUT.mat", mat(&[("other", [1, 1], &[1.0])])),
        ("stmnist/data_submission/0/b.mat", train),
    ]);
    let data = StMnist::open(root.path()).unwrap();
    assert_eq!(data.labels(), [0, 7]);
    assert_eq!(rows(&data, 1), [(250_000, 3, 2, true), (250_000, 9, 9, false)]);
    let only = folder(&[("stmnist/LUT.mat", vec![])]);
    assert!(message(StMnist::open(only.path())).contains("stmnist: expected <digit>/<name>.mat"));
}

#[test]
fn asl_dvs() {
    let file = mat(&[
        ("ts", [2, 1], &[3.0, 4.0]),
        ("x", [2, 1], &[239.0, 0.0]),
        ("y", [2, 1], &[0.0, 179.0]),
        ("pol", [2, 1], &[1.0, 0.0]),
    ]);
    let root = folder(&[
        ("asl_dvs/Yin1/y/y_0001.mat", file.clone()),
        ("asl_dvs/a/a_0001.mat", file.clone()),
    ]);
    let data = AslDvs::open(root.path()).unwrap();
    assert_eq!((data.labels(), data.classes().len()), (vec![24, 0], 26));
    assert_eq!(rows(&data, 0), [(3, 239, 179, true), (4, 0, 0, false)]);
}

#[test]
fn dvs_lip() {
    let record =
        |t: i32, [x, y, p]: [i8; 3]| [&t.to_le_bytes()[..], &[x as u8, y as u8, p as u8]].concat();
    let data = [record(-1, [127, 0, 1]), record(8, [0, 127, 0])].concat();
    let file = npy("[('t', '<i4'), ('x', '|i1'), ('y', '|i1'), ('p', '|i1')]", "(2,)", &data);
    let root = folder(&[
        ("dvs_lip/DVS-Lip/train/accused/0.npy", file.clone()),
        ("dvs_lip/DVS-Lip/train/young/3.npy", file),
        ("dvs_lip/DVS-Lip/test/yonug/0.npy", vec![]),
    ]);
    let data = DvsLip::open(root.path(), Part::Train).unwrap();
    assert_eq!((data.labels(), data.classes().len()), (vec![0, 99], 100));
    assert_eq!(rows(&data, 1), [(-1, 127, 0, true), (8, 0, 127, false)]);
    let error = message(DvsLip::open(root.path(), Part::Test));
    assert!(
        error.contains("yonug/0.npy: expected it in a folder of a class, one of accused"),
        "{error}"
    );
}

fn config(layout: FolderLayout, extension: Option<&str>) -> FolderConfig {
    FolderConfig { layout, extension: extension.map(Into::into), options: Options::default() }
}

#[test]
fn own_recordings() {
    use format::Format::{Aedat2, EventStream, Evt2, Npz};
    let root = folder(&[
        ("wave 2/b.raw", encoded(Evt2, &[A])),
        ("wave 10/a.es", encoded(EventStream, &[A, (6, 9, 1, true)])),
        ("wave 10/c.npz", encoded(Npz, &[A])),
        ("wave 10/broken.es", b"Event Stream".into()),
        ("other/1.aedat", encoded(Aedat2, &[A])),
        ("other/readme.txt", b"a note".into()),
    ]);
    let data = Folder::open(root.path(), &FolderConfig::default()).unwrap();
    assert_eq!(data.classes(), ["other", "wave 2", "wave 10"]);
    assert_eq!(
        listing(&data, root.path()),
        listed(&[
            ("other/1.aedat", 0),
            ("wave 2/b.raw", 1),
            ("wave 10/a.es", 2),
            ("wave 10/broken.es", 2),
            ("wave 10/c.npz", 2)
        ])
    );
    assert!(data.union_sensor().is_err());
    let broken: Vec<usize> = data.broken().into_iter().map(|(index, _)| index).collect();
    assert_eq!(broken, [3]);
    let data = data.without(&broken);
    assert!((0..4).all(|index| rows(&data, index)[0] == A));
    // The AEDAT 2.0 file is of a DVS128, the EVT 2.0 file and the others are as large as their events.
    assert_eq!(data.get(0).unwrap().data.sensor(), SensorSize::new(128, 128));
    let union = data.union_sensor().unwrap();
    assert_eq!((union.width, union.polarities), (128, 2));
    let data = data.on_sensor(union);
    assert!((0..4).all(|index| data.get(index).unwrap().data.sensor() == union));
    assert_eq!(data.union_sensor().unwrap(), union);
}

#[test]
fn one_recording_a_class_in_several_formats() {
    let root = folder(&[
        ("2.bs2", atis(&[A])),
        ("10.bs2", atis(&[B])),
        ("10.npz", vec![]),
        ("sub/3.bs2", atis(&[A])),
    ]);
    let data = Folder::open(root.path(), &config(FolderLayout::Names, Some("bs2"))).unwrap();
    assert_eq!((data.classes(), data.labels()), (["2".into(), "10".into()].as_slice(), vec![0, 1]));
    assert_eq!(rows(&data, 1), [B]);
    let error = message(Folder::open(root.path(), &config(FolderLayout::Names, None)));
    assert!(error.contains("10: there are several files of this name"), "{error}");
}

#[test]
fn folders_that_are_laid_out_otherwise() {
    let empty = folder(&[]);
    let missing = NMnist::open(empty.path(), Part::Test, NMnistOptions::default());
    let path: PathBuf = empty.path().join("nmnist/Test");
    let expected = format!("{}: expected <digit>/<number>.bin below this folder", path.display());
    let error = message(missing);
    assert!(
        error.starts_with(&expected) && error.contains("https://data.mendeley.com/"),
        "{error}"
    );
    fs::create_dir_all(&path).unwrap();
    let again = message(NMnist::open(empty.path(), Part::Test, NMnistOptions::default()));
    assert_eq!(again, error);
    let error = message(Folder::open(&path, &FolderConfig::default()));
    assert!(error.contains("expected <class>/<file>, one of .aedat"), "{error}");
    let error = message(Folder::open(&path.join("none"), &FolderConfig::default()));
    assert!(error.contains("Test/none: "), "{error}");
    for file in ["ten/1.bin", "1.bin", "1/ten/1.bin"] {
        let root = folder(&[(&format!("nmnist/Train/{file}"), atis(&[A]))]);
        let error = message(NMnist::open(root.path(), Part::Train, NMnistOptions::default()));
        assert!(error.contains(file) && error.contains("folder of a class"), "{error}");
    }
    for file in ["1.bin", "a/b/1.bin"] {
        let root = folder(&[("a/1.bin", atis(&[A])), (file, atis(&[A]))]);
        let error = message(Folder::open(root.path(), &FolderConfig::default()));
        assert!(error.contains(file) && error.contains("expected it as <class>/<file>"), "{error}");
    }
    let spikes = folder(&[("a/1.bs1", vec![0, 1, 0, 0, 9])]);
    let data = Folder::open(spikes.path(), &config(FolderLayout::Folders, Some("bs1"))).unwrap();
    assert!(message(data.get(0)).ends_with("expected events of a camera, got spikes of neurons"));
}

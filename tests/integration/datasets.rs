//! Data sets of real recordings, where `SNN_DATA_DIR` says that they are, or beside the checkout.

use std::fs;
use std::path::Path;

use burn::data::dataset::Dataset;
use snn::data::Part;
use snn::data::dataset::Recordings;
use snn::data::dataset::files::{EventFiles, Reading};
use snn::data::dataset::folder::{Folder, FolderConfig, FolderLayout};
use snn::data::dataset::ncars::NCars;
use snn::data::dataset::nmnist::{NMnist, NMnistOptions};
use snn::data::dataset::st_mnist::StMnist;
use snn::data::events::SensorSize;
use snn::data::mnist::Mnist;

use crate::files::real;

/// How many recordings a class has.
fn counts<R: Reading>(data: &EventFiles<R>) -> Vec<usize> {
    let labels = data.labels();
    (0..data.classes().len()).map(|class| labels.iter().filter(|l| **l == class).count()).collect()
}

#[test]
fn nmnist_has_the_digits_of_mnist() {
    let Some(folder) = real("nmnist") else { return };
    let folder = folder.parent().unwrap();
    let train = [70, 95, 82, 76, 82, 72, 78, 95, 74, 76];
    let test = [7, 8, 8, 10, 10, 6, 9, 12, 1, 9];
    let mut bytes = 0;
    for (part, expected) in [(Part::Train, train), (Part::Test, test)] {
        let data = NMnist::open(folder, part, NMnistOptions::default()).unwrap();
        assert_eq!(counts(&data), expected);
        let mnist = Mnist::open(folder, part);
        for index in 0..data.len() {
            let sample = data.get(index).unwrap();
            assert_eq!(sample.data.sensor(), SensorSize::new(34, 34));
            assert!(sample.data.is_sorted());
            let path = data.origin(index).path;
            bytes += fs::metadata(&path).unwrap().len();
            assert_eq!(path.parent().unwrap().file_name().unwrap(), &*sample.label.to_string());
            if let Ok(mnist) = &mnist {
                let number: usize = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
                let digit = mnist.get(number - 1).unwrap().label;
                assert_eq!(digit, sample.label, "{}", path.display());
            }
        }
        assert!(data.broken().is_empty());
    }
    assert_eq!(bytes, 17_942_135);
}

#[test]
fn nmnist_stands_still_when_it_is_stabilized() {
    let Some(folder) = real("nmnist") else { return };
    let open = |options| NMnist::open(folder.parent().unwrap(), Part::Test, options).unwrap();
    let moving = open(NMnistOptions::default());
    let still = open(NMnistOptions { stabilize: true, ..Default::default() });
    // How far the middle of the events goes, from one tenth of the recording to the next.
    let motion = |data: &NMnist, index| {
        let events = data.get(index).unwrap().data;
        let middle = |tenth: i64| {
            let part = events.between(30_000 * tenth..30_000 * (tenth + 1));
            let mean = |places: &[u16]| {
                places.iter().map(|place| f64::from(*place)).sum::<f64>()
                    / places.len().max(1) as f64
            };
            [mean(part.x()), mean(part.y())]
        };
        let middles: Vec<[f64; 2]> = (0..10).map(middle).collect();
        let spread = |axis: usize| {
            let places = middles.iter().map(|middle| middle[axis]);
            places.clone().fold(0.0, f64::max) - places.fold(f64::MAX, f64::min)
        };
        spread(0) + spread(1)
    };
    let sum = |data: &NMnist| (0..data.len()).map(|index| motion(data, index)).sum::<f64>();
    let (before, after) = (sum(&moving), sum(&still));
    assert!(after < 0.7 * before, "{after} of {before}");
}

#[test]
fn nmnist_is_as_tonic_reads_it() {
    let Some(folder) = real("nmnist") else { return };
    // Events of all test recordings of Tonic 1.7, and sums of x, y, t and p.
    for (first_saccade_only, stabilize, expected) in [
        (true, false, [106_752, 1_568_055, 1_850_751, 5_167_719_632, 52_543]),
        (false, true, [312_094, 5_362_840, 5_011_212, 46_547_896_626, 153_789]),
        (true, true, [106_403, 1_814_445, 1_715_021, 5_153_695_361, 52_196]),
    ] {
        let options = NMnistOptions { first_saccade_only, stabilize };
        let data = NMnist::open(folder.parent().unwrap(), Part::Test, options).unwrap();
        let mut sums = [0; 5];
        for index in 0..data.len() {
            for event in data.get(index).unwrap().data.iter() {
                let values = [1, event.x.into(), event.y.into(), event.t, event.p.into()];
                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            }
        }
        assert_eq!(sums, expected, "{first_saccade_only}, {stabilize}");
    }
}

/// Copies a file to where a data set has it.
fn place(from: &Path, root: &Path, name: &str) {
    let to = root.join(name);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap();
}

#[test]
fn a_car_and_digits_that_were_felt() {
    let Some(folder) = real("") else { return };
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    place(&folder.join("dat/sample_ncars.dat"), root, "ncars/n-cars_train/cars/obj_1_td.dat");
    let cars = NCars::open(root, Part::Train).unwrap();
    let sample = cars.get(0).unwrap();
    assert_eq!((sample.label, sample.data.len()), (1, 2009));
    assert_eq!(sample.data.sensor(), SensorSize::new(120, 100));

    for digit in 0..6 {
        let name = format!("stmnist/digit{digit}.mat");
        place(&folder.join(name), root, &format!("stmnist/data_submission/{digit}/1.mat"));
    }
    let digits = StMnist::open(root).unwrap();
    assert_eq!(digits.labels(), [0, 1, 2, 3, 4, 5]);
    for index in 0..6 {
        let sample = digits.get(index).unwrap().data;
        assert!(!sample.is_empty() && sample.sensor() == SensorSize::new(10, 10));
    }
}

fn names(extension: &str) -> FolderConfig {
    FolderConfig {
        layout: FolderLayout::Names,
        extension: Some(extension.into()),
        ..FolderConfig::default()
    }
}

#[test]
fn gestures_are_the_same_in_both_formats() {
    let Some(folder) = real("dvs_gesture_cuts") else { return };
    let data = Folder::open(&folder, &names("bs2")).unwrap();
    assert_eq!(data.classes(), ["1", "2", "4", "5", "6", "7", "8", "10"]);
    assert_eq!(counts(&data), [1; 8]);
    let data = data.on_sensor(SensorSize::new(128, 128));
    let bytes = |index| fs::metadata(data.origin(index).path).unwrap().len() as usize;
    for index in 0..8 {
        assert_eq!(data.get(index).unwrap().data.len() * 5, bytes(index));
    }
    let again = Folder::open(&folder, &names("bs3")).unwrap().on_sensor(SensorSize::new(128, 128));
    assert_eq!(again.classes(), ["1", "2", "10"]);
    for (index, same) in [0, 1, 7].into_iter().enumerate() {
        assert_eq!(again.get(index).unwrap().data, data.get(same).unwrap().data);
    }
    let ambiguous = FolderConfig { layout: FolderLayout::Names, ..FolderConfig::default() };
    assert!(Folder::open(&folder, &ambiguous).is_err());
}

#[test]
fn objects_in_front_of_a_dvs128() {
    let Some(folder) = real("dvs128_objects/dataset2") else { return };
    let data = Folder::open(&folder, &names("aedat")).unwrap();
    let classes = ["Caixa", "Caneca", "Celular", "Estilete", "Lapiseira", "Mouse", "Tesoura"];
    assert_eq!(data.classes(), classes);
    assert_eq!(data.union_sensor().unwrap(), SensorSize::new(128, 128));
    assert_eq!(data.get(0).unwrap().data.len(), 201_523);
    // One class a folder: the two sessions.
    let sessions = Folder::open(folder.parent().unwrap(), &FolderConfig::default()).unwrap();
    assert_eq!(sessions.classes(), ["assets", "dataset2", "dataset100"]);
    assert_eq!(counts(&sessions), [2, 7, 5]);
    assert!(sessions.broken().is_empty());
}

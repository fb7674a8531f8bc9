//! Data sets of spikes and of images: files of MNIST and N-TIDIGITS, and small files in the layouts of
//! SHD, SSC and N-TIDIGITS, as h5py and PyTables write them.

use std::fs;
use std::path::{Path, PathBuf};

use burn::data::dataset::Dataset;
use snn::data::dataset::ntidigits::{self, NTidigits, NTidigitsSequences, SpokenDigits};
use snn::data::dataset::s_mnist::{SMnist, SMnistConfig};
use snn::data::dataset::shd::{Shd, SscPart};
use snn::data::dataset::{Recordings, fashion_mnist};
use snn::data::events::{SensorSize, Spikes};
use snn::data::format::{self, Options, Recording};
use snn::data::mnist::Mnist;
use snn::data::yin_yang::YinYang;
use snn::data::{DataError, Part};
use tempfile::TempDir;

use crate::files::real;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hdf5").join(name)
}

/// A data folder with one file, a copy of a fixture.
fn folder(of: &str, name: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::copy(fixture(of), &path).unwrap();
    (folder, path)
}

fn counts(labels: &[usize], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    labels.iter().for_each(|label| counts[*label] += 1);
    counts
}

/// All samples are those of the labels, and each is read from a place of its own.
fn consistent(set: &impl Recordings<Spikes>) {
    assert_eq!(set.labels().len(), set.len());
    let mut origins: Vec<String> = Vec::new();
    for (index, label) in set.labels().into_iter().enumerate() {
        assert_eq!(set.get(index).unwrap().label, label);
        assert!(label < set.classes().len());
        origins.push(set.origin(index).part);
    }
    origins.sort();
    origins.dedup();
    assert_eq!(origins.len(), set.len());
}

/// The four recordings of the fixtures; `third` are the times of the third.
fn four_words(set: &Shd, path: &Path, third: [i64; 2]) {
    consistent(set);
    assert_eq!((set.len(), set.labels()), (4, vec![0, 19, 3, 3]));
    let names = ["zero", "neun", "three", "three"];
    assert_eq!([0, 1, 2, 3].map(|index| set.classes()[set.label(index)].as_str()), names);
    assert_eq!(
        [0, 1, 2, 3, 4].map(|index| set.speaker(index)),
        [Some(4), Some(0), Some(11), Some(2), None]
    );
    let data = |index| set.get(index).unwrap().data;
    let first = Spikes::new(vec![250_000, 500_000, 1_250_000], vec![0, 699, 350], 700).unwrap();
    assert_eq!(data(0), first);
    assert!(data(1).is_empty());
    assert_eq!((data(2).t(), data(2).unit()), (third.as_slice(), [1, 2].as_slice()));
    assert_eq!(data(3).t()[599], 599 * 1_000_000 / 2048);
    assert_eq!(set.origin(2).path, path);
}

#[test]
fn shd_and_ssc_as_h5py_and_pytables_write_them() {
    // 0.1 and 0.7: half precision as in the published files, then single and double.
    let half = [99_975, 700_195];
    for (fixture, third) in [
        ("shd_pytables.h5", half),
        ("shd_h5py.h5", half),
        ("shd_single.h5", [100_000, 699_999]),
        ("shd_userblock.h5", [100_000, 700_000]),
    ] {
        for (part, name) in [(Part::Train, "shd/shd_train.h5"), (Part::Test, "shd/shd_test.h5")] {
            let (folder, path) = folder(fixture, name);
            four_words(&Shd::open(folder.path(), part).unwrap(), &path, third);
        }
        for (part, name) in [
            (SscPart::Train, "ssc/ssc_train.h5"),
            (SscPart::Valid, "ssc/ssc_valid.h5"),
            (SscPart::Test, "ssc/ssc_test.h5"),
        ] {
            let (folder, path) = folder(fixture, name);
            four_words(&Shd::open_ssc(folder.path(), part).unwrap(), &path, third);
        }
    }
}

#[test]
fn files_that_are_missing_or_something_else_are_named() {
    let error = |result: Result<Shd, DataError>| result.err().unwrap().to_string();
    let (folder, path) = folder("ntidigits.h5", "shd/shd_train.h5");
    let other = error(Shd::open(folder.path(), Part::Train));
    assert!(other.contains(path.to_str().unwrap()) && other.contains("spikes/times"), "{other}");
    let missing = error(Shd::open_ssc(folder.path(), SscPart::Valid));
    assert!(missing.contains("ssc/ssc_valid.h5"), "{missing}");
    assert!(missing.contains("https://zenkelab.org/datasets/ssc_valid.h5.zip"), "{missing}");
    fs::write(&path, "no HDF5").unwrap();
    assert!(error(Shd::open(folder.path(), Part::Train)).contains("shd/shd_train.h5"));
    // The labels 0, 19, 3, 3, of which the second is made 20.
    let mut bytes = fs::read(fixture("shd_h5py.h5")).unwrap();
    let labels: Vec<u8> = [0_u16, 19, 3, 3].into_iter().flat_map(u16::to_le_bytes).collect();
    let at = bytes.windows(8).position(|window| window == labels).unwrap();
    bytes[at + 2] = 20;
    fs::write(&path, bytes).unwrap();
    let label = error(Shd::open(folder.path(), Part::Train));
    assert!(
        label.contains("recording 1 is of class 20") && label.contains("20 classes"),
        "{label}"
    );
    let missing = NTidigits::open(folder.path(), Part::Train).err().unwrap().to_string();
    assert!(missing.contains("ntidigits/n-tidigits.hdf5"), "{missing}");
}

#[test]
fn digits_and_sequences_of_n_tidigits() {
    let (folder, path) = folder("ntidigits.h5", "ntidigits/n-tidigits.hdf5");
    let train = NTidigits::open(folder.path(), Part::Train).unwrap();
    consistent(&train);
    assert_eq!(
        (train.labels(), train.classes()),
        (vec![1, 9], ntidigits::CLASSES.map(String::from).as_slice())
    );
    // The sequence in between is left out.
    let last = Spikes::new(vec![0, 123, 246, 369, 492], vec![0, 7, 14, 21, 28], 64).unwrap();
    assert_eq!(train.get(1).unwrap().data, last);
    assert_eq!((train.origin(1).path, train.origin(1).part.as_str()), (path, "Train, recording 2"));

    let all = NTidigitsSequences::open(folder.path(), Part::Train).unwrap();
    assert_eq!((all.len(), all.id(1)), (3, Some("man-ae-a-z2o")));
    let digits = |index| all.get(index).unwrap().digits;
    assert_eq!([digits(0), digits(1), digits(2)], [vec![1], vec![10, 2, 0], vec![9]]);
    assert_eq!(all.get(2).unwrap(), SpokenDigits { spikes: last, digits: vec![9] });

    let test = NTidigits::open(folder.path(), Part::Test).unwrap();
    assert_eq!((test.len(), test.label(0)), (1, 5));
    assert_eq!(test.get(0).unwrap().data.t(), [0, 123, 246]);
    assert_ne!(test.origin(0), train.origin(0));
}

#[test]
fn an_utterance_of_n_tidigits_in_a_file_of_its_own() {
    let Some(path) = real("ntidigits/NTIDIGITS_1.bs1") else { return };
    let channels = Options { sensor: Some(SensorSize::new(64, 1)), ..Options::default() };
    let Recording::Spikes(spikes) = format::read_with(&path, &channels).unwrap() else {
        panic!("expected spikes");
    };
    assert_eq!((spikes.len(), spikes.units(), spikes.is_sorted()), (898, 64, true));
    assert!((1_000_000..1_100_000).contains(spikes.t().last().unwrap()));
}

#[test]
fn labels_of_images_without_reading_them() {
    let Some(folder) = real("mnist") else { return };
    let folder = folder.parent().unwrap();
    let train = Mnist::open(folder, Part::Train).unwrap();
    let expected = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
    assert_eq!(counts(&train.labels(), 10), expected);
    assert_eq!(train.labels()[..5], [5, 0, 4, 1, 9]);
    // Files of that name elsewhere are another data set.
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join("fashion-mnist")).unwrap();
    for name in ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"] {
        let to = copy.path().join("fashion-mnist").join(name);
        fs::copy(folder.join("mnist").join(name), to).unwrap();
    }
    let labels = fashion_mnist::open(copy.path(), Part::Test).unwrap().labels();
    assert_eq!(counts(&labels, 10), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
}

#[test]
fn yin_yang_labels() {
    let data = YinYang::new(5025, 42);
    assert_eq!(counts(&data.labels(), 3), [1689, 1709, 1627]);
    assert_eq!(data.labels()[7], data.get(7).unwrap().label);
}

/// A number that depends on each time and each neuron, and on their order.
fn fingerprint(spikes: &Spikes) -> u64 {
    let modulus = (1_i128 << 61) - 1;
    let columns = spikes.t().iter().zip(spikes.unit());
    let step = |sum: i128, (t, unit): (&i64, &u32)| {
        (sum * 1_000_003 + i128::from(*t) * 1009 + i128::from(*unit) + 1) % modulus
    };
    columns.fold(0, step) as u64
}

#[test]
fn sequential_mnist_has_the_spikes_of_tonic() {
    let Some(folder) = real("mnist") else { return };
    let folder = folder.parent().unwrap();
    let default = SMnistConfig::default();
    // The first test images: number of spikes of Tonic 1.7, and the fingerprint of its spikes in the
    // order of time and neuron.
    for (config, expected) in [
        (
            default,
            [(3926, 2121483298949795154), (4440, 227161491008756344), (3718, 1444392821313084372)],
        ),
        (
            SMnistConfig { duplicate: false, ..default },
            [(1963, 240940239874424618), (2220, 1864673940715247276), (1859, 1258754802434677879)],
        ),
        (
            SMnistConfig { thresholds: 10, dt: 500, duplicate: true },
            [(730, 2005634512242810309), (760, 1611698535274400662), (686, 657000961792841564)],
        ),
        (
            SMnistConfig { thresholds: 1, ..default },
            [(2, 716392867569004), (4, 390268201008087145), (2, 819311279241004)],
        ),
        (
            SMnistConfig { thresholds: 255, dt: 1000, duplicate: false },
            [
                (10391, 777853071020572393),
                (11936, 1035497535968178286),
                (9859, 2070449083568807111),
            ],
        ),
    ] {
        let set = SMnist::open(folder, Part::Test, config).unwrap();
        assert_eq!((set.len(), set.labels()[..3].to_vec()), (10_000, vec![7, 2, 1]));
        for (index, (count, hash)) in expected.into_iter().enumerate() {
            let sample = set.get(index).unwrap();
            assert_eq!((sample.data.len(), sample.data.units()), (count, config.units()));
            assert_eq!(fingerprint(&sample.data), hash, "{config:?}, image {index}");
            assert_eq!(sample.label, set.label(index));
        }
    }
    let parts = [default, SMnistConfig { dt: 1, ..default }]
        .map(|config| SMnist::open(folder, Part::Test, config).unwrap().origin(3));
    assert!(parts[0] != parts[1] && parts[0].path == parts[1].path);
}

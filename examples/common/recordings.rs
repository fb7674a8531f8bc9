//! The recordings that the examples on event cameras train on: which, in which parts, of which classes.

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::data::dataset::Dataset;
use clap::{Args, ValueEnum};
use snn::data::dataset::Recordings;
use snn::data::dataset::dvs_gesture::{DvsGesture, DvsGestureRelease};
use snn::data::dataset::files::{EventFiles, Reading};
use snn::data::dataset::folder::{Folder, FolderConfig, FolderLayout};
use snn::data::dataset::mnist_dvs::{self, MnistDvs, MnistDvsScale};
use snn::data::dataset::nmnist::{self, NMnist, NMnistOptions};
use snn::data::dataset::poker_dvs::PokerDvs;
use snn::data::events::{Events, SensorSize};
use snn::data::format::{ColumnSelection, Options as ReadOptions, TimeUnit};
use snn::data::split::{Subset, stratified};
use snn::data::{DataError, Part};

use super::common::Options;

/// Which recordings.
#[derive(Args, Debug, Clone)]
pub struct RecordingOptions {
    /// Data set
    #[arg(long, value_enum)]
    pub dataset: Option<Kind>,
    /// Where recordings to test with lie, if not below the folder of --data
    #[arg(long, value_name = "DIR")]
    pub test_data: Option<PathBuf>,
    /// Only these classes, by number
    #[arg(long, value_delimiter = ',', value_name = "N,N,...")]
    pub classes: Option<Vec<usize>>,
    /// Cut recordings into windows of so many ms; without recordings to test with, the last quarter of each
    /// is not trained on
    #[arg(long, value_name = "MS")]
    pub window: Option<NonZeroUsize>,
    /// Skip unreadable recordings and report them
    #[arg(long)]
    pub skip_bad: bool,
    /// Unit of the times in your own recordings, s, ms, us or ns, where files do not state it
    #[arg(long)]
    pub time_unit: Option<TimeUnit>,
    /// Order of the columns in your own recordings, such as xytp, where files do not state it
    #[arg(long)]
    pub columns: Option<ColumnSelection>,
}

impl RecordingOptions {
    /// Overrides for what files of your own do not state.
    pub fn reading(&self) -> ReadOptions {
        let (time_unit, columns) = (self.time_unit, self.columns.clone());
        ReadOptions { time_unit, columns, ..ReadOptions::default() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// DVS Gesture
    DvsGesture,
    /// POKER-DVS
    Poker,
    /// N-MNIST
    Nmnist,
    /// MNIST-DVS, the digits 16 times as large as MNIST's
    MnistDvs,
    /// Cuts of DVS Gesture, one recording for each class: .bs2 files, by name
    Cuts,
    /// Your own: --data is <class>/<file> or <class>.<extension>
    Folder,
}

/// Some recordings of a set.
pub type SomeRecordings = Subset<dyn Recordings<Events>>;

/// Recordings to train and to test with.
pub struct Parts {
    pub train: SomeRecordings,
    pub test: SomeRecordings,
    /// Names of the classes that are trained.
    pub names: Vec<String>,
    pub sensor: SensorSize,
}

type AnyRecordings = Arc<dyn Recordings<Events>>;

/// Finds the recordings that the options name.
pub fn open(
    options: &Options,
    recordings: &RecordingOptions,
    kind: Kind,
    data: &Path,
) -> Result<Parts, Box<dyn Error>> {
    let window = recordings.window.map(|ms| ms.get() as i64 * 1000);
    let test_data = recordings.test_data.as_deref();
    #[cfg(feature = "download")]
    download(kind, data)?;
    let (train, test, sensor) = match kind {
        Kind::Nmnist => {
            let open = |folder: &Path, part| -> Result<_, DataError> {
                let folder = nmnist_folder(folder, part);
                erase(NMnist::open_folder(&folder, NMnistOptions::default())?, window)
            };
            let test = open(test_data.unwrap_or(data), Part::Test)?;
            (open(data, Part::Train)?, Some(test), nmnist::SENSOR)
        }
        Kind::DvsGesture => {
            let open = |folder: &Path, part| -> Result<_, DataError> {
                // IBM's own files, where they are.
                let release = match folder.join("dvs_gesture/DvsGesture").is_dir() {
                    true => DvsGestureRelease::Ibm,
                    false => DvsGestureRelease::Tonic,
                };
                erase(DvsGesture::open(folder, part, release)?, window)
            };
            let test = open(test_data.unwrap_or(data), Part::Test)?;
            (open(data, Part::Train)?, Some(test), SensorSize::new(128, 128))
        }
        Kind::Poker => {
            let open = |folder: &Path, part| erase(PokerDvs::open(folder, part)?, window);
            let test = open(test_data.unwrap_or(data), Part::Test)?;
            (open(data, Part::Train)?, Some(test), snn::data::dataset::poker_dvs::SENSOR)
        }
        Kind::MnistDvs => {
            let open =
                |folder: &Path| erase(MnistDvs::open(folder, MnistDvsScale::Sixteen)?, window);
            (open(data)?, test_data.map(open).transpose()?, mnist_dvs::SENSOR)
        }
        Kind::Cuts => {
            let sensor = SensorSize::new(128, 128);
            let config = FolderConfig {
                layout: FolderLayout::Names,
                extension: Some("bs2".into()),
                options: ReadOptions { sensor: Some(sensor), ..ReadOptions::default() },
            };
            let below = data.join("dvs_gesture_cuts");
            let folder = if below.is_dir() { below } else { data.into() };
            let open = |folder: &Path| erase(Folder::open(folder, &config)?, window);
            (open(&folder)?, test_data.map(open).transpose()?, sensor)
        }
        Kind::Folder => {
            let open = |folder: &Path| -> Result<_, DataError> {
                let files = Folder::open(folder, &of_layout(folder, recordings.reading())?)?;
                Ok(if recordings.skip_bad { readable(files) } else { files })
            };
            let train = open(data)?;
            let test = test_data.map(open).transpose()?;
            let mut sensor = train.union_sensor()?;
            if let Some(test) = &test {
                let other = test.union_sensor()?;
                sensor.width = sensor.width.max(other.width);
                sensor.height = sensor.height.max(other.height);
            }
            let train = erase(train.on_sensor(sensor), window)?;
            let test = test.map(|test| erase(test.on_sensor(sensor), window)).transpose()?;
            (train, test, sensor)
        }
    };
    let known = train.classes();
    let chosen = recordings.classes.clone().unwrap_or_else(|| (0..known.len()).collect());
    if let Some(class) = chosen.iter().find(|class| **class >= known.len()) {
        return Err(format!("there is no class {class}; there are {}", known.len()).into());
    }
    let names: Vec<String> = chosen.iter().map(|class| known[*class].clone()).collect();
    let indices = named(&train, &names);
    let (train, test) = match test {
        Some(test) => {
            report_unknown(&test, known);
            let tested = named(&test, &names);
            (Subset::new(train, indices)?, Subset::new(test, tested)?)
        }
        None => {
            let [of_train, of_test] = split(&train, indices, window.is_some(), options.seed)?;
            (Subset::new(train.clone(), of_train)?, Subset::new(train, of_test)?)
        }
    };
    for (name, part) in [("train", &train), ("test", &test)] {
        if Dataset::len(part) == 0 {
            return Err(format!("there are no recordings to {name} with").into());
        }
    }
    Ok(Parts { train, test, names, sensor })
}

/// Gets a data set that is missing, where one that can be got is asked for.
#[cfg(feature = "download")]
fn download(kind: Kind, folder: &Path) -> Result<(), DataError> {
    use snn::data::Downloader;
    use snn::data::dataset::dvs_gesture;
    for part in [Part::Train, Part::Test] {
        match kind {
            Kind::DvsGesture if !folder.join("dvs_gesture/DvsGesture").is_dir() => {
                dvs_gesture::download(folder, part, &Downloader::new())?;
            }
            Kind::Nmnist if !nmnist_is_there(folder, part) => {
                nmnist::download(folder, part, &Downloader::new())?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The number, among the names of the classes that are trained, of each sample's class.
pub fn relabel(part: &SomeRecordings, names: &[String]) -> Vec<usize> {
    let classes = Recordings::<Events>::classes(part);
    let number = |class: &String| names.iter().position(|name| name == class).unwrap_or(0);
    classes.iter().map(number).collect()
}

/// Those that can be read. The sensor is found out by reading all of them.
fn readable(files: Folder) -> Folder {
    let broken = files.broken();
    for (_, error) in &broken {
        println!("left out: {error}");
    }
    let indices: Vec<usize> = broken.into_iter().map(|(index, _)| index).collect();
    println!("recordings left out: {}", indices.len());
    files.without(&indices)
}

fn erase<R: Reading + 'static>(
    files: EventFiles<R>,
    window: Option<i64>,
) -> Result<AnyRecordings, DataError> {
    Ok(match window {
        Some(length) => Arc::new(files.windows(length)?),
        None => Arc::new(files),
    })
}

/// Where the digits of a part are: below a folder of data sets, below that of N-MNIST, or in the folder itself.
fn nmnist_folder(folder: &Path, part: Part) -> PathBuf {
    let name = match part {
        Part::Train => "Train",
        Part::Test => "Test",
    };
    let below = [folder.join("nmnist").join(name), folder.join(name)];
    below.into_iter().find(|folder| folder.is_dir()).unwrap_or_else(|| folder.into())
}

#[cfg(feature = "download")]
fn nmnist_is_there(folder: &Path, part: Part) -> bool {
    let folder = nmnist_folder(folder, part);
    nmnist::CLASSES.iter().any(|digit| folder.join(digit).is_dir())
}

/// One folder for each class, if there are folders.
fn of_layout(folder: &Path, options: ReadOptions) -> Result<FolderConfig, DataError> {
    let unreadable = |source| DataError::File { path: folder.into(), source };
    let mut entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let folders = entries.any(|entry| entry.is_ok_and(|entry| entry.path().is_dir()));
    let layout = if folders { FolderLayout::Folders } else { FolderLayout::Names };
    Ok(FolderConfig { layout, options, ..FolderConfig::default() })
}

/// The samples whose class has one of the names.
fn named(recordings: &AnyRecordings, names: &[String]) -> Vec<usize> {
    let classes = recordings.classes();
    let is_named = |index: &usize| names.contains(&classes[recordings.label(*index)]);
    (0..recordings.len()).filter(is_named).collect()
}

fn report_unknown(test: &AnyRecordings, known: &[String]) {
    let unknown: Vec<&str> =
        test.classes().iter().filter(|name| !known.contains(name)).map(String::as_str).collect();
    if !unknown.is_empty() {
        println!("not tested, as they are not trained: {}", unknown.join(", "));
    }
}

/// To train and to test with: of windows, the last quarter of each recording is to test with, and none that
/// touches what was trained; of whole recordings, a fifth of each class.
fn split(
    all: &AnyRecordings,
    indices: Vec<usize>,
    windows: bool,
    seed: u32,
) -> Result<[Vec<usize>; 2], Box<dyn Error>> {
    if !windows {
        let labels: Vec<usize> = indices.iter().map(|index| all.label(*index)).collect();
        let parts = stratified(&labels, &[0.8, 0.2], seed.into())?;
        let of = |part: &[usize]| part.iter().map(|at| indices[*at]).collect();
        return Ok([of(&parts[0]), of(&parts[1])]);
    }
    let mut parts = [Vec::new(), Vec::new()];
    for recording in indices.chunk_by(|a, b| all.origin(*a).path == all.origin(*b).path) {
        let trained = recording.len() * 3 / 4;
        parts[0].extend(&recording[..trained]);
        parts[1].extend(&recording[(trained + 1).min(recording.len())..]);
    }
    Ok(parts)
}

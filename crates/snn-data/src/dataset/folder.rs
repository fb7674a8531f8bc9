//! People's own recordings, in a folder.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{
    EventFiles, Item, Reading, events_of, folder_name, in_class, misplaced, missing, sorted_names,
};
use super::order::files;
use crate::DataError;
use crate::events::Events;
use crate::format::{self, Options};

/// Extensions of files that hold events. `txt` is not one: that is more often a note.
const KNOWN: [&str; 16] = [
    "aedat", "aedat2", "aedat3", "aedat4", "bin", "bs2", "bs3", "csv", "dat", "es", "h5", "hdf5",
    "mat", "npy", "npz", "raw",
];

/// Recordings in a folder, of any format that [`format::read`] reads.
///
/// ```
/// use burn::data::dataset::Dataset;
/// use snn_data::dataset::Recordings;
/// use snn_data::dataset::folder::{Folder, FolderConfig};
/// use snn_data::events::{Events, SensorSize};
/// use snn_data::format;
///
/// # let folder = tempfile::tempdir()?;
/// # let root = folder.path();
/// let wave = Events::new(vec![0, 9], vec![3, 1], vec![0, 1], vec![true, false], SensorSize::new(4, 2))?;
/// for class in ["left", "right"] {
///     std::fs::create_dir_all(root.join(class))?;
///     format::write(root.join(class).join("1.es"), &wave)?;
/// }
/// let data = Folder::open(root, &FolderConfig::default())?;
/// assert_eq!(data.classes(), ["left", "right"]);
/// assert_eq!(data.get(1)?.label, 1);
/// assert_eq!(data.get(1)?.data, wave);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Folder = EventFiles<Options>;

/// What is in a folder, and how it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderConfig {
    /// Where the class of a recording is.
    pub layout: FolderLayout,
    /// Only files with this extension, `bs2` for example; all of known formats without, but no `txt`.
    /// It says which ones are meant where the same recordings are there in several formats.
    pub extension: Option<String>,
    /// How the files are read. A sensor that is given is that of all recordings.
    pub options: Options,
}

/// Where the class of a recording is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FolderLayout {
    /// `<class>/<file>`: the folder that a file is in.
    #[default]
    Folders,
    /// `<class>.<extension>`: the name of a file, and each is a class of its own.
    Names,
}

impl Folder {
    /// Finds the recordings.
    ///
    /// The classes are the names of the folders or files, sorted as files are: runs of digits by the
    /// number that they are. Without a sensor in the options, each recording is on its own, see
    /// [`sensor`](Self::sensor).
    ///
    /// # Errors
    ///
    /// There are none; or one is elsewhere, or two of one folder have the same name but for the
    /// extension, and so are most likely one recording in two formats.
    pub fn open(root: &Path, config: &FolderConfig) -> Result<Self, DataError> {
        let extensions = match &config.extension {
            Some(extension) => vec![extension.as_str()],
            None => KNOWN.to_vec(),
        };
        let expected = match config.layout {
            FolderLayout::Folders => "<class>/<file>",
            FolderLayout::Names => "<class>.<extension>",
        };
        let mut found = files(root, &extensions)?;
        if config.layout == FolderLayout::Names {
            found.retain(|path| path.parent() == Some(root));
        }
        if found.is_empty() {
            let expected = format!("{expected}, one of .{}", extensions.join(", ."));
            return Err(missing(root, &expected, "whoever made it"));
        }
        distinct(&found)?;
        let (classes, items) = match config.layout {
            FolderLayout::Folders => in_folders(root, found)?,
            FolderLayout::Names => by_name(found)?,
        };
        Ok(Self::new(classes, items, config.options.sensor, config.options.clone()))
    }
}

impl Reading for Options {
    fn read(&self, path: &Path) -> Result<Events, DataError> {
        events_of(path, format::read_with(path, self)?)
    }

    fn options(&self) -> Option<Options> {
        Some(self.clone())
    }
}

/// That no recording is there twice.
fn distinct(sorted: &[PathBuf]) -> Result<(), DataError> {
    let mut names: Vec<PathBuf> = sorted.iter().map(|path| path.with_extension("")).collect();
    names.sort();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            let problem = "there are several files of this name; say which extension is meant";
            Err(misplaced(&pair[0], problem))
        }
        None => Ok(()),
    }
}

fn in_folders(root: &Path, files: Vec<PathBuf>) -> Result<(Vec<String>, Vec<Item>), DataError> {
    let elsewhere = |path: &&PathBuf| path.parent().and_then(Path::parent) != Some(root);
    if let Some(path) = files.iter().find(elsewhere) {
        let problem = format!("expected it as <class>/<file> below {}", root.display());
        return Err(misplaced(path, problem));
    }
    let classes = sorted_names(files.iter().filter_map(|path| folder_name(path)));
    let items = files.into_iter().map(|path| in_class(path, &classes));
    let items = items.collect::<Result<_, _>>()?;
    Ok((classes, items))
}

fn by_name(files: Vec<PathBuf>) -> Result<(Vec<String>, Vec<Item>), DataError> {
    let mut items = Vec::new();
    let mut classes = Vec::new();
    for (label, path) in files.into_iter().enumerate() {
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else {
            return Err(misplaced(&path, "expected a name in Unicode"));
        };
        classes.push(name.into());
        items.push(Item { path, label, time: None });
    }
    Ok((classes, items))
}

//! Groups and datasets of a file, as the crate `hdf5-pure` reads them.

use std::collections::HashMap;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use hdf5_pure::{AttrValue, Error, Group, ReadSeekSource, Source};

use super::dataset::{Dataset, refuse, wrong};
use super::in_file;
use crate::DataError;
use crate::format::FormatError;

/// An HDF5 file.
pub struct File {
    file: hdf5_pure::File,
    pub(super) store: Store,
}

/// The bytes of a file, for `hdf5-pure` and for what it leaves to us.
#[derive(Clone)]
pub(super) struct Store(Arc<dyn Source + Send + Sync>);

/// Attributes of a group or dataset, by name.
pub(super) type Attributes = HashMap<String, AttrValue>;

/// Groups and datasets that hold events in known layouts.
const KNOWN: [&str; 6] =
    ["events", "CD", "davis/left", "davis/right", "prophesee/left", "prophesee/right"];

/// Groups within groups.
const DEEPEST: usize = 32;

impl Store {
    /// Bytes of the whole file.
    pub fn size(&self) -> u64 {
        self.0.len()
    }
}

impl Source for Store {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), hdf5_pure::FormatError> {
        self.0.read_at(offset, buffer)
    }
}

impl File {
    /// Opens a file, and reads no more of it than is asked for.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is not an HDF5 file.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let file = std::fs::File::open(path)
            .map_err(|source| DataError::File { path: path.into(), source })?;
        let store = ReadSeekSource::new(file).map_err(|refusal| refuse("file", refusal));
        store.and_then(|store| Self::of(Arc::new(store))).map_err(|refusal| in_file(path, refusal))
    }

    /// Opens a file in memory.
    ///
    /// # Errors
    ///
    /// It is not an HDF5 file.
    pub fn decode(bytes: Vec<u8>) -> Result<Self, FormatError> {
        let store = ReadSeekSource::new(Cursor::new(bytes));
        Self::of(Arc::new(store.map_err(|refusal| refuse("file", refusal))?))
    }

    fn of(store: Arc<dyn Source + Send + Sync>) -> Result<Self, FormatError> {
        let store = Store(store);
        let file = hdf5_pure::File::from_source(store.clone());
        Ok(Self { file: file.map_err(|refusal| refuse("an HDF5 file", refusal))?, store })
    }

    /// Returns the paths of all datasets with the sizes of their axes, group by group.
    ///
    /// # Errors
    ///
    /// A group or dataset is damaged, or groups contain themselves.
    pub fn datasets(&self) -> Result<Vec<(String, Vec<u64>)>, FormatError> {
        let all = self.within("", self.file.root())?;
        all.iter().map(|dataset| Ok((format!("/{}", dataset.path), dataset.shape()?))).collect()
    }

    /// All datasets, or those in a group that is named, with what a layout has beside it. Where not all
    /// can be listed, those in groups that known layouts have: `hdf5-pure` lists no group that has soft
    /// links in the oldest format.
    pub(super) fn all(&self, group: Option<&str>) -> Result<Vec<Dataset>, FormatError> {
        if let Some(path) =
            group.map(|group| group.trim_matches('/')).filter(|path| !path.is_empty())
        {
            let all = self.beside(path)?;
            if !all.is_empty() {
                return Ok(all);
            }
        }
        let refusal = match self.within("", self.file.root()) {
            Ok(all) => return Ok(all),
            Err(refusal) => refusal,
        };
        let mut all = Vec::new();
        for path in KNOWN {
            all.extend(self.beside(path)?);
        }
        all.sort_by(|a, b| a.path.cmp(&b.path));
        all.dedup_by(|a, b| a.path == b.path);
        if !all.is_empty() {
            return Ok(all);
        }
        let problem = format!(
            "the groups cannot be listed, as where they have soft links ({}); name one with Options::group",
            refusal.problem
        );
        Err(FormatError { problem, ..refusal })
    }

    /// The datasets of a group, or a dataset and those beside it, with `t_offset` and `ms_to_idx` of the
    /// group above; none if there is no such group or dataset.
    fn beside(&self, path: &str) -> Result<Vec<Dataset>, FormatError> {
        let (above, _) = path.rsplit_once('/').unwrap_or_default();
        let mut all = match self.file.group(path) {
            Ok(group) => self.within(path, group)?,
            Err(_) => match (self.dataset(path)?, self.file.group(above)) {
                (None, _) => return Ok(Vec::new()),
                (Some(_), Ok(group)) if !above.is_empty() => self.within(above, group)?,
                (Some(dataset), _) => vec![dataset],
            },
        };
        for name in ["t_offset", "ms_to_idx"] {
            let path = if above.is_empty() { name.into() } else { format!("{above}/{name}") };
            if all.iter().all(|dataset| dataset.path != path) {
                all.extend(self.dataset(&path)?);
            }
        }
        Ok(all)
    }

    /// All datasets in a group and the groups within it.
    fn within(&self, path: &str, group: Group) -> Result<Vec<Dataset>, FormatError> {
        let mut all = Vec::new();
        // A link takes more than 8 bytes; more links than fit are links in a circle.
        let most = self.store.size() / 8;
        let mut groups = vec![(path.to_string(), group)];
        let mut visited = 0;
        while let Some((path, group)) = groups.pop() {
            visited += 1;
            let wrong = |error: Error| wrong(&path, &error);
            let within =
                |name: &str| if path.is_empty() { name.into() } else { format!("{path}/{name}") };
            for (name, dataset) in group.iter_datasets().map_err(wrong)? {
                all.push(Dataset::new(&within(&name), dataset, self.store.clone()));
            }
            let inner = group.iter_groups().map_err(wrong)?;
            groups.extend(inner.map(|(name, group)| (within(&name), group)));
            let circle = path.matches('/').count() + 1 > DEEPEST;
            if circle || (all.len() + groups.len() + visited) as u64 > most {
                let problem = "expected groups that do not contain themselves";
                return Err(refuse(&path, problem));
            }
        }
        Ok(all)
    }

    /// A dataset; none if there is nothing of that name, or a group.
    pub(super) fn dataset(&self, path: &str) -> Result<Option<Dataset>, FormatError> {
        match self.file.dataset(path) {
            Err(refusal) if is_absent(&refusal) => Ok(None),
            Err(error) => Err(wrong(path, &error)),
            Ok(dataset) => Ok(Some(Dataset::new(path, dataset, self.store.clone()))),
        }
    }

    /// A dataset that must be there.
    pub(super) fn expect(&self, path: &str) -> Result<Dataset, FormatError> {
        match self.dataset(path)? {
            Some(dataset) => Ok(dataset),
            None => Err(refuse(path, "expected a dataset, got none")),
        }
    }

    /// Attributes of a group, `""` the outermost; none where they cannot be read.
    pub(super) fn attributes(&self, group: &str) -> Attributes {
        let group = if group.is_empty() { Ok(self.file.root()) } else { self.file.group(group) };
        group.and_then(|group| group.attrs()).unwrap_or_default()
    }

    /// Where addresses in the file count from, if they have 8 bytes, as all known writers have it.
    pub(super) fn base(&self) -> Option<u64> {
        let superblock = self.file.superblock();
        let sizes = (superblock.offset_size, superblock.length_size);
        (sizes == (8, 8)).then_some(superblock.base_address.get())
    }
}

fn is_absent(refusal: &Error) -> bool {
    matches!(
        refusal,
        Error::NotADataset(_)
            | Error::NotAGroup(_)
            | Error::Format(hdf5_pure::FormatError::PathNotFound(_))
    )
}

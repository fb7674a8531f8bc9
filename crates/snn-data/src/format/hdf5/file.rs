//! Groups and datasets of a file, as the crate `hdf5-pure` reads them.

use std::collections::HashMap;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use hdf5_pure::{AttrValue, Error, ReadSeekSource, Source};

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
        self.walk(|path, dataset| {
            Ok((format!("/{path}"), dataset.shape().map_err(|error| wrong(path, &error))?))
        })
    }

    /// All datasets of known and unknown types.
    pub(super) fn all(&self) -> Result<Vec<Dataset>, FormatError> {
        self.walk(|path, dataset| Dataset::new(path, dataset, self.store.clone()))
    }

    fn walk<T>(
        &self,
        found: impl Fn(&str, hdf5_pure::Dataset) -> Result<T, FormatError>,
    ) -> Result<Vec<T>, FormatError> {
        let mut all = Vec::new();
        // A link takes more than 8 bytes; more links than fit are links in a circle.
        let most = self.store.size() / 8;
        let mut groups = vec![(String::new(), self.file.root())];
        while let Some((path, group)) = groups.pop() {
            let wrong = |error: Error| wrong(&path, &error);
            let within =
                |name: &str| if path.is_empty() { name.into() } else { format!("{path}/{name}") };
            for (name, dataset) in group.iter_datasets().map_err(wrong)? {
                all.push(found(&within(&name), dataset)?);
            }
            let inner = group.iter_groups().map_err(wrong)?;
            groups.extend(inner.map(|(name, group)| (within(&name), group)));
            let circle = path.matches('/').count() + 1 > DEEPEST;
            if circle || (all.len() + groups.len()) as u64 > most {
                return Err(refuse(&path, "expected groups that do not contain themselves"));
            }
        }
        Ok(all)
    }

    /// A dataset; none if there is nothing of that name, or a group.
    pub(super) fn dataset(&self, path: &str) -> Result<Option<Dataset>, FormatError> {
        match self.file.dataset(path) {
            Err(refusal) if is_absent(&refusal) => Ok(None),
            Err(error) => Err(wrong(path, &error)),
            Ok(dataset) => Dataset::new(path, dataset, self.store.clone()).map(Some),
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

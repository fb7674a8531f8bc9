//! Datasets and their elements.

use std::fmt::Display;

use hdf5_pure::{Chunk, ChunkIndex, Datatype, Error, Layout};

use super::dtype::Type;
use super::file::Store;
use super::{chunks, filter};
use crate::format::FormatError;
use crate::format::column::Column;
use crate::format::roles::Role;
use crate::format::rows::Rows;

/// A dataset of a known type.
pub(super) struct Dataset {
    pub path: String,
    dataset: hdf5_pure::Dataset,
    pub dtype: Type,
    store: Store,
}

/// The elements of a dataset.
pub(super) struct Values {
    pub path: String,
    pub dtype: Type,
    pub shape: Vec<u64>,
    size: usize,
    pub bytes: Vec<u8>,
}

/// Bytes that a dataset may have without evidence in the file, beyond what its filters can pack:
/// chunks that were never written read as the fill value.
const UNWRITTEN: u64 = 64 << 20;

const REPACK: &str = "rewrite the file by `h5repack IN OUT`";

/// An error at a dataset, of which only the name is known.
pub(super) fn refuse(path: &str, problem: impl Display) -> FormatError {
    FormatError { offset: 0, problem: format!("{path}: {problem}") }
}

/// An error of `hdf5-pure` at a dataset or group.
pub(super) fn wrong(path: &str, error: &Error) -> FormatError {
    match error {
        // What HDF5 2.0 writes when it is asked for its latest format.
        Error::Format(hdf5_pure::FormatError::InvalidLayoutVersion(_)) => {
            refuse(path, format!("{error}; {REPACK}"))
        }
        _ => refuse(path, error),
    }
}

impl Dataset {
    pub fn new(path: &str, dataset: hdf5_pure::Dataset, store: Store) -> Self {
        let dtype = dataset.datatype().map_or(Type::Other, |dtype| Type::new(&dtype));
        Self { path: path.into(), dataset, dtype, store }
    }

    /// Sizes of its axes.
    pub fn shape(&self) -> Result<Vec<u64>, FormatError> {
        self.dataset.shape().map_err(|error| wrong(&self.path, &error))
    }

    /// Whether its elements are floating-point numbers.
    pub fn is_float(&self) -> bool {
        matches!(self.dataset.datatype(), Ok(Datatype::FloatingPoint { .. }))
    }

    /// Its type, for people.
    pub fn shown_type(&self) -> String {
        self.dataset.dtype().map_or_else(|error| error.to_string(), |dtype| dtype.to_string())
    }

    pub fn attributes(&self) -> super::file::Attributes {
        self.dataset.attrs().unwrap_or_default()
    }

    /// All elements; those that were never written are the fill value.
    pub fn values(&self) -> Result<Values, FormatError> {
        let (shape, size) = (self.shape()?, self.check()?);
        // An error, where the memory is not there, and not the end of the program.
        let bytes = shape.iter().try_fold(size as u64, |n, axis| n.checked_mul(*axis));
        let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
        if bytes.is_none_or(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_err()) {
            return Err(refuse(
                &self.path,
                format!("{shape:?} elements do not fit into the memory"),
            ));
        }
        let bytes = if filter::are_known(&self.dataset.filters()) {
            self.dataset.read_raw().map_err(|error| wrong(&self.path, &error))?
        } else {
            chunks::read(&self.path, &self.dataset, &self.store, size)?
        };
        Ok(Values { path: self.path.clone(), dtype: self.dtype.clone(), shape, size, bytes })
    }

    /// Refuses a dataset that states to be larger than the file could make it: memory is set aside
    /// for all that it states. Returns the size of an element.
    fn check(&self) -> Result<usize, FormatError> {
        let wrong = |error: Error| wrong(&self.path, &error);
        let size = self.dataset.element_size().map_err(wrong)?;
        let product = |shape: &[u64]| shape.iter().try_fold(size, |n, axis| n.checked_mul(*axis));
        let (shape, file) = (self.shape()?, self.store.size());
        let limit = match self.dataset.layout().map_err(wrong)? {
            Layout::Chunked { index: ChunkIndex::BTreeV2, .. } => {
                let problem = format!("chunks with an index of version 2 are not read; {REPACK}");
                return Err(refuse(&self.path, problem));
            }
            Layout::Chunked { chunk_shape, .. } => {
                let chunks = self.dataset.chunks().map_err(wrong)?;
                let ends = |chunk: &Chunk| chunk.address.checked_add(chunk.storage_size);
                let within = |chunk| ends(chunk).is_some_and(|end| end <= file);
                if !chunks.iter().all(within) {
                    return Err(refuse(&self.path, "expected chunks within the file"));
                }
                let sizes = chunks.iter().map(|chunk| chunk.storage_size);
                let densest = filter::densest(&self.dataset.filters());
                let most = |stored: u64| stored.saturating_mul(densest);
                let largest = most(sizes.clone().max().unwrap_or(0)).max(UNWRITTEN);
                let Some(chunk) = product(&chunk_shape).filter(|chunk| *chunk <= largest) else {
                    // Nothing is stored of an empty dataset.
                    let empty = product(&shape) == Some(0);
                    return if empty { Ok(size as usize) } else { Err(self.too_large(&shape)) };
                };
                let all = sizes.fold(0, u64::saturating_add).min(file);
                let written = most(all).min(chunk.saturating_mul(chunks.len() as u64));
                written.saturating_add(UNWRITTEN)
            }
            Layout::Contiguous { address: None, .. } => UNWRITTEN,
            _ => file,
        };
        match product(&shape) {
            Some(bytes) if bytes <= limit => Ok(size as usize),
            _ => Err(self.too_large(&shape)),
        }
    }

    fn too_large(&self, shape: &[u64]) -> FormatError {
        refuse(&self.path, format!("expected {shape:?} elements, found fewer"))
    }

    /// All texts, of fixed or any length.
    pub fn texts(&self) -> Result<Vec<String>, FormatError> {
        let Type::Text = self.dtype else {
            return Err(refuse(&self.path, "expected texts"));
        };
        self.check()?;
        let wrong = |error: Error| wrong(&self.path, &error);
        // Texts elsewhere in the file are no longer together than it is.
        if let Datatype::VariableLength { .. } = self.dataset.datatype().map_err(wrong)? {
            let most = usize::try_from(self.store.size()).unwrap_or(usize::MAX);
            let options = hdf5_pure::VlenStringReadOptions::new().with_max_payload_bytes(most);
            return self.dataset.read_vlen_strings(options).map_err(wrong);
        }
        self.dataset.read_string().map_err(wrong)
    }
}

impl Values {
    /// The numbers, whatever the shape.
    pub fn column(&self) -> Result<Column<'_>, FormatError> {
        match self.dtype {
            Type::Number(number) => Column::packed(&self.path, number, &self.bytes, 0),
            _ => Err(refuse(&self.path, "expected numbers")),
        }
    }

    /// Fields of records.
    pub fn fields<'a>(
        &'a self,
        wanted: &'a [(Role, String)],
    ) -> Result<Vec<(Role, Column<'a>)>, FormatError> {
        let Type::Record(fields) = &self.dtype else {
            return Err(refuse(&self.path, "expected records"));
        };
        let columns = wanted.iter().map(|(role, name)| {
            let Some((_, at, number)) = fields.iter().find(|(field, ..)| field == name) else {
                return Err(refuse(&self.path, format!("expected a field {name} of numbers")));
            };
            let (len, place) = (self.bytes.len() / self.size.max(1), [*at, self.size]);
            Ok((*role, Column::new(name, *number, &self.bytes, place, len, 0)?))
        });
        columns.collect()
    }

    /// Rows of numbers.
    pub fn rows(&self) -> Result<Rows<'_>, FormatError> {
        let (Type::Number(number), [_, columns]) = (&self.dtype, self.shape.as_slice()) else {
            let problem = format!("expected rows of numbers, found {:?}", self.shape);
            return Err(refuse(&self.path, problem));
        };
        let columns = usize::try_from(*columns).unwrap_or(usize::MAX);
        Ok(Rows { bytes: &self.bytes, number: *number, columns, by_column: false, offset: 0 })
    }
}

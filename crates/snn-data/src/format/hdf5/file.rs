//! Groups and datasets of a file, as the crate `hdf5-pure` reads them.

use std::fmt::Display;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use hdf5_pure::{Chunk, Datatype, DatatypeByteOrder, Error, Layout, ReadSeekSource, Source};

use super::in_file;
use crate::DataError;
use crate::format::FormatError;
use crate::format::column::{Column, Kind, Number, error};
use crate::format::roles::{Role, Rows};

/// A file of HDF5.
pub struct File {
    file: hdf5_pure::File,
    pub(super) store: Store,
}

/// The bytes of a file, for `hdf5-pure` and for what it leaves to us.
#[derive(Clone)]
pub(super) struct Store(Arc<dyn Source + Send + Sync>);

/// A dataset that has a type which is known here.
pub(super) struct Dataset {
    path: String,
    dataset: hdf5_pure::Dataset,
    pub dtype: Type,
    /// Of the whole file.
    bytes_of_file: u64,
}

/// What an element is.
#[derive(Debug, Clone)]
pub(super) enum Type {
    Number(Number),
    /// Fields of a record, each with its place in it.
    Record(Vec<(String, usize, Number)>),
    /// Any number of numbers for each element, elsewhere in the file.
    Sequence(Number),
    Text,
    Other,
}

/// The elements of a dataset.
pub(super) struct Values<'a> {
    dataset: &'a Dataset,
    shape: Vec<u64>,
    size: usize,
    pub bytes: Vec<u8>,
}

/// What deflate packs into one byte at most; no filter packs more.
const DENSEST: u64 = 1032;

/// Groups within groups.
const DEEPEST: usize = 32;

impl Source for Store {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), hdf5_pure::FormatError> {
        self.0.read_at(offset, buffer)
    }
}

/// An error at a dataset, of which only the name is known.
fn refuse(path: &str, problem: impl Display) -> FormatError {
    FormatError { offset: 0, problem: format!("{path}: {problem}") }
}

impl File {
    /// Opens a file, and reads no more of it than is asked for.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is no HDF5 file.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let file = std::fs::File::open(path)
            .map_err(|source| DataError::File { path: path.into(), source })?;
        let store = ReadSeekSource::new(file).map_err(|refusal| refuse("file", refusal));
        store.and_then(|store| Self::of(Arc::new(store))).map_err(|refusal| in_file(path, refusal))
    }

    /// A file that is in memory.
    ///
    /// # Errors
    ///
    /// It is no HDF5 file.
    pub fn decode(bytes: Vec<u8>) -> Result<Self, FormatError> {
        let store = ReadSeekSource::new(Cursor::new(bytes));
        Self::of(Arc::new(store.map_err(|refusal| refuse("file", refusal))?))
    }

    fn of(store: Arc<dyn Source + Send + Sync>) -> Result<Self, FormatError> {
        let store = Store(store);
        let file = hdf5_pure::File::from_source(store.clone());
        Ok(Self { file: file.map_err(|refusal| refuse("an HDF5 file", refusal))?, store })
    }

    /// The paths of all datasets with the sizes of their axes, group by group.
    ///
    /// # Errors
    ///
    /// A group or dataset is damaged, or groups contain themselves.
    pub fn datasets(&self) -> Result<Vec<(String, Vec<u64>)>, FormatError> {
        let mut found = Vec::new();
        // A link takes more than 8 bytes; more links than fit are links in a circle.
        let most = self.store.len() / 8;
        let mut groups = vec![(String::new(), self.file.root())];
        while let Some((path, group)) = groups.pop() {
            let wrong = |refusal: Error| refuse(&path, refusal);
            for (name, dataset) in group.iter_datasets().map_err(wrong)? {
                found.push((format!("{path}/{name}"), dataset.shape().map_err(wrong)?));
            }
            let within = group.iter_groups().map_err(wrong)?;
            groups.extend(within.map(|(name, group)| (format!("{path}/{name}"), group)));
            let circle = path.matches('/').count() > DEEPEST;
            if circle || (found.len() + groups.len()) as u64 > most {
                return Err(refuse(&path, "expected groups that do not contain themselves"));
            }
        }
        Ok(found)
    }

    /// The names of the datasets in a group, `""` the outermost; none if there is no such group.
    pub(super) fn names(&self, group: &str) -> Result<Vec<String>, FormatError> {
        let of = if group.is_empty() { Ok(self.file.root()) } else { self.file.group(group) };
        match of.and_then(|group| group.datasets()) {
            Err(refusal) if is_absent(&refusal) => Ok(Vec::new()),
            names => names.map_err(|refusal| refuse(group, refusal)),
        }
    }

    /// A dataset; none if there is nothing of that name, or a group.
    pub(super) fn dataset(&self, path: &str) -> Result<Option<Dataset>, FormatError> {
        let wrong = |refusal: Error| refuse(path, refusal);
        let dataset = match self.file.dataset(path) {
            Err(refusal) if is_absent(&refusal) => return Ok(None),
            dataset => dataset.map_err(wrong)?,
        };
        let dtype = Type::new(&dataset.datatype().map_err(wrong)?);
        let bytes_of_file = self.store.len();
        Ok(Some(Dataset { path: path.into(), dataset, dtype, bytes_of_file }))
    }

    /// A dataset that must be there.
    pub(super) fn expect(&self, path: &str) -> Result<Dataset, FormatError> {
        match self.dataset(path)? {
            Some(dataset) => Ok(dataset),
            None => Err(refuse(path, "expected a dataset, got none")),
        }
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

impl Type {
    fn new(dtype: &Datatype) -> Self {
        if let Some(number) = number(dtype) {
            return Self::Number(number);
        }
        match dtype {
            Datatype::Compound { members, .. } => {
                let known = members.iter().filter_map(|member| {
                    let at = usize::try_from(member.byte_offset).ok()?;
                    Some((member.name.clone(), at, number(&member.datatype)?))
                });
                Self::Record(known.collect())
            }
            Datatype::VariableLength { is_string: false, base_type, .. } => {
                number(base_type).map_or(Self::Other, Self::Sequence)
            }
            Datatype::VariableLength { is_string: true, .. } | Datatype::String { .. } => {
                Self::Text
            }
            _ => Self::Other,
        }
    }
}

fn number(dtype: &Datatype) -> Option<Number> {
    let big_endian = |order: &DatatypeByteOrder| match order {
        DatatypeByteOrder::LittleEndian => Some(false),
        DatatypeByteOrder::BigEndian => Some(true),
        DatatypeByteOrder::Vax => None,
    };
    match dtype {
        Datatype::FixedPoint { size, byte_order, layout } => {
            let kind = if layout.signed { Kind::Signed } else { Kind::Unsigned };
            let number = Number::new(kind, *size as usize, big_endian(byte_order)?)?;
            let bits = (layout.bit_offset, usize::from(layout.bit_precision));
            (bits == (0, 8 * number.size())).then_some(number)
        }
        Datatype::FloatingPoint { size, byte_order, layout } => {
            // IEEE 754; another format of two bytes is bfloat16.
            let exponent = match size {
                2 => 5,
                4 => 8,
                _ => 11,
            };
            let number = Number::new(Kind::Float, *size as usize, big_endian(byte_order)?);
            number.filter(|_| layout.exponent_size == exponent)
        }
        // What h5py makes of bool.
        Datatype::Enumeration { base_type, .. } => number(base_type),
        _ => None,
    }
}

impl Dataset {
    /// All elements.
    pub fn values(&self) -> Result<Values<'_>, FormatError> {
        let wrong = |refusal: Error| refuse(&self.path, refusal);
        let (shape, size) = (self.dataset.shape().map_err(wrong)?, self.check()?);
        let bytes = self.dataset.read_raw().map_err(wrong)?;
        Ok(Values { dataset: self, shape, size, bytes })
    }

    /// Refuses a dataset that says to be larger than what the file has of it could be: room is made
    /// for all that it says. Gives the size of an element.
    fn check(&self) -> Result<usize, FormatError> {
        let wrong = |refusal: Error| refuse(&self.path, refusal);
        let size = self.dataset.element_size().map_err(wrong)?;
        let product = |shape: &[u64]| shape.iter().try_fold(size, |n, axis| n.checked_mul(*axis));
        let shape = self.dataset.shape().map_err(wrong)?;
        let limit = match self.dataset.layout().map_err(wrong)? {
            Layout::Chunked { chunk_shape, .. } => {
                let chunks = self.dataset.chunks().map_err(wrong)?;
                let ends = |chunk: &Chunk| chunk.address.checked_add(chunk.storage_size);
                let within = |chunk| ends(chunk).is_some_and(|end| end <= self.bytes_of_file);
                if !chunks.iter().all(within) {
                    return Err(refuse(&self.path, "expected chunks within the file"));
                }
                let sizes = chunks.iter().map(|chunk| chunk.storage_size);
                let most = |stored: u64| stored.saturating_mul(DENSEST);
                let largest = most(sizes.clone().max().unwrap_or(0));
                let Some(chunk) = product(&chunk_shape).filter(|chunk| *chunk <= largest) else {
                    // Nothing is stored of an empty dataset.
                    let empty = product(&shape) == Some(0);
                    return if empty { Ok(size as usize) } else { Err(self.too_large(&shape)) };
                };
                let all = sizes.fold(0, u64::saturating_add).min(self.bytes_of_file);
                most(all).min(chunk.saturating_mul(chunks.len() as u64))
            }
            _ => self.bytes_of_file,
        };
        match product(&shape) {
            Some(bytes) if bytes <= limit => Ok(size as usize),
            _ => Err(self.too_large(&shape)),
        }
    }

    fn too_large(&self, shape: &[u64]) -> FormatError {
        refuse(&self.path, format!("expected {shape:?} elements, got less"))
    }

    /// All texts, of fixed or any length.
    pub fn texts(&self) -> Result<Vec<String>, FormatError> {
        let Type::Text = self.dtype else {
            return Err(refuse(&self.path, "expected texts"));
        };
        self.check()?;
        let wrong = |refusal: Error| refuse(&self.path, refusal);
        // Texts elsewhere in the file are no longer together than it is.
        if let Datatype::VariableLength { .. } = self.dataset.datatype().map_err(wrong)? {
            let most = usize::try_from(self.bytes_of_file).unwrap_or(usize::MAX);
            let options = hdf5_pure::VlenStringReadOptions::new().with_max_payload_bytes(most);
            return self.dataset.read_vlen_strings(options).map_err(wrong);
        }
        self.dataset.read_string().map_err(wrong)
    }
}

impl Values<'_> {
    /// The numbers, whatever the shape.
    pub fn column(&self) -> Result<Column<'_>, FormatError> {
        match self.dataset.dtype {
            Type::Number(number) => Column::packed(&self.dataset.path, number, &self.bytes, 0),
            _ => Err(refuse(&self.dataset.path, "expected numbers")),
        }
    }

    /// The fields of records whose names say what they are.
    pub fn fields(&self) -> Result<Vec<(Role, Column<'_>)>, FormatError> {
        let Type::Record(fields) = &self.dataset.dtype else {
            return Err(refuse(&self.dataset.path, "expected records with fields t, x, y, p"));
        };
        let known = fields.iter().filter_map(|(name, at, number)| {
            let (role, _) = Role::of(name)?;
            let (len, place) = (self.bytes.len() / self.size, [*at, self.size]);
            Some(
                Column::new(name, *number, &self.bytes, place, len, 0).map(|column| (role, column)),
            )
        });
        known.collect()
    }

    /// Rows of numbers.
    pub fn rows(&self) -> Result<Rows<'_>, FormatError> {
        let (Type::Number(number), [_, columns]) = (&self.dataset.dtype, self.shape.as_slice())
        else {
            let shape = &self.shape;
            return error(0, format!("expected rows of 4 in {}, got {shape:?}", self.dataset.path));
        };
        let columns = usize::try_from(*columns).unwrap_or(usize::MAX);
        Ok(Rows { bytes: &self.bytes, number: *number, columns, by_column: false, offset: 0 })
    }
}

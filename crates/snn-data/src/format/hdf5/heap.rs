//! Sequences of any length, which lie in the global heap of a file ("Disk Format: Level 1E - Global
//! Heap" of the format's specification).

use hdf5_pure::Source;

use super::dtype::Type;
use super::file::File;
use crate::format::FormatError;
use crate::format::column::{Column, Number, error};

/// A dataset of sequences of numbers.
pub(super) struct Sequences {
    path: &'static str,
    number: Number,
    /// For each sequence its length, u32, the address of its collection, u64, and its number there,
    /// u32.
    references: Vec<[u8; 16]>,
    base: u64,
}

/// One sequence.
pub(super) struct Sequence {
    path: &'static str,
    number: Number,
    bytes: Vec<u8>,
    offset: usize,
}

impl Sequences {
    pub fn open(file: &File, path: &'static str) -> Result<Self, FormatError> {
        let dataset = file.expect(path)?;
        let (Type::Sequence(number), Some(base)) = (&dataset.dtype, file.base()) else {
            return error(
                0,
                format!("{path}: expected sequences of numbers, got {:?}", dataset.dtype),
            );
        };
        let values = dataset.values()?;
        let (references, _) = values.bytes.as_chunks::<16>();
        Ok(Self { path, number: *number, references: references.to_vec(), base })
    }

    pub fn len(&self) -> usize {
        self.references.len()
    }

    pub fn read(&self, file: &File, index: usize) -> Result<Sequence, FormatError> {
        let Some([l0, l1, l2, l3, address @ .., n0, n1, n2, n3]) = self.references.get(index)
        else {
            return error(0, format!("{}: no sequence {index} of {}", self.path, self.len()));
        };
        let length = u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize;
        let address = u64::from_le_bytes(*address);
        let object = u32::from_le_bytes([*n0, *n1, *n2, *n3]);
        let mut sequence =
            Sequence { path: self.path, number: self.number, bytes: Vec::new(), offset: 0 };
        if length == 0 {
            return Ok(sequence);
        }
        let place = usize::try_from(address).unwrap_or(usize::MAX);
        let refuse = |problem: String| FormatError {
            offset: place,
            problem: format!("{}: sequence {index}: {problem}", self.path),
        };
        let wrong = |refusal: hdf5_pure::FormatError| refuse(refusal.to_string());
        let found = self.base.checked_add(address).map(|start| find(&file.store, start, object));
        let Some((start, size)) = found.transpose().map_err(wrong)?.flatten() else {
            return Err(refuse(format!("expected object {object} of a collection, got none")));
        };
        let wanted = length.checked_mul(self.number.size()).filter(|wanted| *wanted as u64 <= size);
        let Some(wanted) = wanted else {
            return Err(refuse(format!("expected {length} numbers, got {size} bytes")));
        };
        sequence.bytes = file.store.read_exact_at(start, wanted).map_err(wrong)?;
        sequence.offset = usize::try_from(start).unwrap_or(usize::MAX);
        Ok(sequence)
    }
}

impl Sequence {
    pub fn column(&self) -> Result<Column<'_>, FormatError> {
        Column::packed(self.path, self.number, &self.bytes, self.offset)
    }
}

/// Where an object of the collection at `start` begins, and its size.
fn find(
    store: &impl Source,
    start: u64,
    object: u32,
) -> Result<Option<(u64, u64)>, hdf5_pure::FormatError> {
    let mut header = [0; 16];
    store.read_at(start, &mut header)?;
    let [b'G', b'C', b'O', b'L', 1, _, _, _, size @ ..] = header else { return Ok(None) };
    let end = start.saturating_add(u64::from_le_bytes(size)).min(store.len());
    let mut at = start + 16;
    while at.saturating_add(16) <= end {
        store.read_at(at, &mut header)?;
        let [n0, n1, _, _, _, _, _, _, size @ ..] = header;
        let (number, size) = (u16::from_le_bytes([n0, n1]), u64::from_le_bytes(size));
        let Some(next) =
            size.checked_next_multiple_of(8).and_then(|size| (at + 16).checked_add(size))
        else {
            return Ok(None);
        };
        // Number 0 is the room that is left.
        if number == 0 {
            return Ok(None);
        }
        if u32::from(number) == object {
            return Ok((at + 16 + size <= end).then_some((at + 16, size)));
        }
        at = next;
    }
    Ok(None)
}

//! What packed values are made of: numbers, planes of bytes, bits, LZ4.

use std::ops::{BitOr, Shl};

use lz4_flex::block;

use super::PackError;
use crate::memory::advise_huge_pages;

/// LZ4 takes no more at once.
const MOST_LZ4: usize = 0x7E00_0000;
/// A byte of LZ4 stands for no more bytes than this.
const MOST_RATIO: usize = 255;

/// Bytes that are read from the front.
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], PackError> {
        let short = || PackError::new(format!("{count} bytes expected, {} left", self.0.len()));
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PackError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub fn u8(&mut self) -> Result<u8, PackError> {
        self.array().map(u8::from_le_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, PackError> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn i64(&mut self) -> Result<i64, PackError> {
        self.array().map(i64::from_le_bytes)
    }

    /// A size, written as u64.
    pub fn size(&mut self) -> Result<usize, PackError> {
        let size = u64::from_le_bytes(self.array()?);
        usize::try_from(size).map_err(|_| PackError::new(format!("a size of {size}")))
    }

    pub fn end(self) -> Result<(), PackError> {
        match self.0.len() {
            0 => Ok(()),
            left => Err(PackError::new(format!("{left} bytes too many"))),
        }
    }
}

/// Writes a size, as u64.
pub(super) fn put_size(out: &mut Vec<u8>, size: usize) {
    out.extend((size as u64).to_le_bytes());
}

/// Writes numbers: how many bytes the largest needs, then the lowest byte of all, the next of all, and so
/// on. Bytes of the same weight are alike, which LZ4 can use.
pub(super) fn put_planes(out: &mut Vec<u8>, numbers: impl Iterator<Item = u64> + Clone) {
    let largest = numbers.clone().fold(0, BitOr::bitor);
    let width = (64 - largest.leading_zeros()).div_ceil(8).max(1);
    out.push(width as u8);
    for plane in 0..width {
        out.extend(numbers.clone().map(|number| (number >> (8 * plane)) as u8));
    }
}

/// Reads what [`put_planes`] has written.
pub(super) fn planes<N>(bytes: &mut Reader<'_>, count: usize) -> Result<Vec<N>, PackError>
where
    N: Copy + From<u8> + Shl<u32, Output = N> + BitOr<Output = N>,
{
    let width = usize::from(bytes.u8()?);
    if width == 0 || width > size_of::<N>() {
        return Err(PackError::new(format!("numbers of {width} bytes")));
    }
    let mut numbers: Vec<N> = bytes.take(count)?.iter().map(|byte| N::from(*byte)).collect();
    for plane in 1..width as u32 {
        for (number, byte) in numbers.iter_mut().zip(bytes.take(count)?) {
            *number = *number | (N::from(*byte) << (8 * plane));
        }
    }
    Ok(numbers)
}

/// Writes a bit for each value, 64 to a word of 8 bytes, the lowest first.
pub(super) fn put_bits<T: Copy>(out: &mut Vec<u8>, values: &[T], is_set: impl Fn(T) -> bool) {
    for values in values.chunks(64) {
        let bits = values.iter().map(|value| u64::from(is_set(*value)));
        let word = bits.enumerate().fold(0, |word, (at, bit)| word | bit << at);
        out.extend(word.to_le_bytes());
    }
}

/// The words that [`put_bits`] has written for a number of values.
pub(super) fn words<'a>(
    bytes: &mut Reader<'a>,
    count: usize,
) -> Result<impl Iterator<Item = u64> + Clone + use<'a>, PackError> {
    let words = bytes.take(count.div_ceil(64) * 8)?.as_chunks().0;
    Ok(words.iter().map(|word| u64::from_le_bytes(*word)))
}

/// Writes bytes, by LZ4 if that makes them fewer: a byte that says so, how many they are, and what is left
/// of them.
pub(super) fn put_block(out: &mut Vec<u8>, bytes: &[u8]) {
    let compressed = (bytes.len() <= MOST_LZ4).then(|| block::compress(bytes));
    let compressed = compressed.filter(|compressed| compressed.len() < bytes.len());
    out.push(u8::from(compressed.is_some()));
    put_size(out, bytes.len());
    out.extend_from_slice(compressed.as_deref().unwrap_or(bytes));
}

/// Reads what [`put_block`] has written, up to the end. Of `expected` bytes.
pub(super) fn block(mut bytes: Reader<'_>) -> Result<Vec<u8>, PackError> {
    let compressed = bytes.u8()?;
    let len = bytes.size()?;
    match compressed {
        0 => {
            let block = bytes.take(len)?.to_vec();
            bytes.end()?;
            Ok(block)
        }
        1 if len / MOST_RATIO <= bytes.0.len() => {
            let mut block = vec![0; len];
            advise_huge_pages(&block);
            let written = block::decompress_into(bytes.0, &mut block);
            let written = written.map_err(|error| PackError::new(format!("LZ4: {error}")))?;
            if written != len {
                return Err(PackError::new(format!("{len} bytes expected, LZ4 has {written}")));
            }
            Ok(block)
        }
        1 => Err(PackError::new(format!("{len} bytes from {}", bytes.0.len()))),
        other => Err(PackError::new(format!("packed in way {other}"))),
    }
}

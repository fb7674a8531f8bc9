//! Packed frames.

use super::bytes::{Reader, bits, block, planes, put_bits, put_block, put_planes, put_size};
use super::{Pack, PackError};
use crate::frame::Frames;

/// A number of a frame that can be packed.
pub trait Element: Copy + Default + PartialEq + 'static {
    /// Names the frames.
    const KIND: &'static str;
    /// One.
    const ONE: Self;
    /// The number as a count, exactly, if it is one of up to 16 bits.
    fn count(self) -> Option<u16>;
    /// The number that is this count.
    fn from_count(count: u16) -> Self;
    /// The bits of the number.
    fn bits(self) -> u32;
    /// The number of these bits.
    fn from_bits(bits: u32) -> Self;
    /// The numbers of counts of a byte each.
    fn from_bytes(counts: Vec<u8>) -> Vec<Self> {
        counts.into_iter().map(|count| Self::from_count(count.into())).collect()
    }
}

impl Element for u8 {
    const KIND: &'static str = "frames u8, 1";
    const ONE: Self = 1;

    fn count(self) -> Option<u16> {
        Some(self.into())
    }

    fn from_count(count: u16) -> Self {
        count as u8
    }

    fn bits(self) -> u32 {
        self.into()
    }

    fn from_bits(bits: u32) -> Self {
        bits as u8
    }

    // They are the same.
    fn from_bytes(counts: Vec<u8>) -> Vec<Self> {
        counts
    }
}

impl Element for u16 {
    const KIND: &'static str = "frames u16, 1";
    const ONE: Self = 1;

    fn count(self) -> Option<u16> {
        Some(self)
    }

    fn from_count(count: u16) -> Self {
        count
    }

    fn bits(self) -> u32 {
        self.into()
    }

    fn from_bits(bits: u32) -> Self {
        bits as u16
    }
}

impl Element for i16 {
    const KIND: &'static str = "frames i16, 1";
    const ONE: Self = 1;

    fn count(self) -> Option<u16> {
        self.try_into().ok()
    }

    fn from_count(count: u16) -> Self {
        count as i16
    }

    fn bits(self) -> u32 {
        (self as u16).into()
    }

    fn from_bits(bits: u32) -> Self {
        bits as u16 as i16
    }
}

impl Element for f32 {
    const KIND: &'static str = "frames f32, 1";
    const ONE: Self = 1.0;

    fn count(self) -> Option<u16> {
        let count = self as u16;
        // Not equal for fractions and NaN, nor for the other zero.
        (f32::from(count).to_bits() == self.to_bits()).then_some(count)
    }

    fn from_count(count: u16) -> Self {
        count.into()
    }

    fn bits(self) -> u32 {
        self.to_bits()
    }

    fn from_bits(bits: u32) -> Self {
        Self::from_bits(bits)
    }
}

/// How values are written.
const ZEROS_AND_ONES: u8 = 0;
const BYTES: u8 = 1;
const COUNTS: u8 = 2;
const BITS: u8 = 3;

/// A byte that says how values are written, the four sides as u64, the values.
///
/// # Panics
///
/// [`pack`](Pack::pack): there are more or fewer values than the shape says.
impl<T: Element> Pack for Frames<T> {
    const KIND: &'static str = T::KIND;

    fn pack(&self) -> Vec<u8> {
        let len = self.shape.iter().rev().try_fold(1usize, |len, side| len.checked_mul(*side));
        assert_eq!(Some(self.values.len()), len, "values of frames of {:?}", self.shape);
        let counts = self.values.iter().map(|value| value.count());
        let largest = counts.clone().try_fold(0, |largest, count| Some(count?.max(largest)));
        let counts = counts.map(|count| count.unwrap_or_default().into());
        let mut values = Vec::with_capacity(self.values.len());
        let written = match largest {
            Some(0 | 1) => {
                put_bits(&mut values, self.values.iter().map(|value| *value == T::ONE));
                ZEROS_AND_ONES
            }
            Some(..256) => {
                values.extend(counts.map(|count: u64| count as u8));
                BYTES
            }
            Some(_) => {
                put_planes(&mut values, counts);
                COUNTS
            }
            None => {
                put_planes(&mut values, self.values.iter().map(|value| value.bits().into()));
                BITS
            }
        };
        let mut bytes = vec![written];
        self.shape.iter().for_each(|side| put_size(&mut bytes, *side));
        put_block(&mut bytes, &values);
        bytes
    }

    fn unpack(bytes: &[u8]) -> Result<Self, PackError> {
        let mut bytes = Reader(bytes);
        let written = bytes.u8()?;
        let shape = [bytes.size()?, bytes.size()?, bytes.size()?, bytes.size()?];
        let len = shape.iter().rev().try_fold(1usize, |len, side| len.checked_mul(*side));
        let len = len.ok_or_else(|| PackError::new(format!("frames of {shape:?}")))?;
        let block = block(bytes)?;
        // What is most frequent, and of `u8` already what it should be.
        if written == BYTES {
            return match block.len() == len {
                true => Ok(Self { shape, values: T::from_bytes(block) }),
                false => Err(PackError::new(format!("{} bytes for {len} values", block.len()))),
            };
        }
        let mut bytes = Reader(&block);
        let values = match written {
            ZEROS_AND_ONES => bits(&mut bytes, len, T::ONE)?,
            COUNTS => planes(&mut bytes, len)?.into_iter().map(T::from_count).collect(),
            BITS => planes(&mut bytes, len)?.into_iter().map(T::from_bits).collect(),
            other => return Err(PackError::new(format!("values written in way {other}"))),
        };
        bytes.end()?;
        Ok(Self { shape, values })
    }
}

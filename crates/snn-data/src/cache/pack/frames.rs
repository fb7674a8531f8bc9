//! Packed frames.

use std::iter;

use super::bytes::{Reader, block, planes, put_bits, put_block, put_planes, put_size, words};
use super::{Pack, PackError};
use crate::frame::Frames;

/// A number of a frame that can be packed.
pub trait Element: Copy + Default + PartialEq + 'static {
    /// Names the frames.
    const KIND: &'static str;
    /// The number as a count, exactly, if it is one of up to 16 bits.
    fn count(self) -> Option<u16>;
    /// The number that is this count.
    fn from_count(count: u16) -> Self;
    /// The bits of the number.
    fn bits(self) -> u32;
    /// The number of these bits.
    fn from_bits(bits: u32) -> Self;
}

impl Element for u8 {
    const KIND: &'static str = "frames u8, 1";

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
}

impl Element for u16 {
    const KIND: &'static str = "frames u16, 1";

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

/// What is written of the values that are not zero.
const NOTHING: u8 = 0;
const COUNTS: u8 = 1;
const BITS: u8 = 2;

/// A byte that says what is written of values, the four sides as u64; by LZ4 a bit for each value, set if it is
/// not zero, and the values that are not zero: nothing of them if all are 1, as whole numbers if they all are,
/// else their bits.
///
/// # Panics
///
/// [`pack`](Pack::pack): there are more or fewer values than the shape says.
impl<T: Element> Pack for Frames<T> {
    const KIND: &'static str = T::KIND;

    fn pack(&self) -> Vec<u8> {
        let Self { shape, values } = self;
        assert_eq!(Some(values.len()), len(*shape), "values of frames of {shape:?}");
        let counts = values.iter().map(|value| value.count());
        let largest = counts.clone().try_fold(0, |largest, count| Some(count?.max(largest)));
        let mut block = Vec::with_capacity(values.len() / 4);
        let written = match largest {
            Some(0 | 1) => {
                put_bits(&mut block, values, |value| value != T::default());
                NOTHING
            }
            Some(_) => {
                put_nonzero(&mut block, values, |value| value.count().unwrap_or_default().into());
                COUNTS
            }
            None => {
                put_nonzero(&mut block, values, T::bits);
                BITS
            }
        };
        let mut bytes = vec![written];
        shape.iter().for_each(|side| put_size(&mut bytes, *side));
        put_block(&mut bytes, &block);
        bytes
    }

    fn unpack(bytes: &[u8]) -> Result<Self, PackError> {
        let mut bytes = Reader(bytes);
        let written = bytes.u8()?;
        let shape = [bytes.size()?, bytes.size()?, bytes.size()?, bytes.size()?];
        let len = len(shape).ok_or_else(|| PackError::new(format!("frames of {shape:?}")))?;
        let block = block(bytes)?;
        let mut bytes = Reader(&block);
        let words = words(&mut bytes, len)?;
        let nonzero = || words.clone().map(|word| word.count_ones() as usize).sum();
        let values = match written {
            NOTHING => spread(shape, words, iter::repeat(T::from_count(1)))?,
            COUNTS => {
                let counts = planes(&mut bytes, nonzero())?;
                spread(shape, words, counts.into_iter().map(T::from_count))?
            }
            BITS => {
                let numbers = planes(&mut bytes, nonzero())?;
                spread(shape, words, numbers.into_iter().map(T::from_bits))?
            }
            other => return Err(PackError::new(format!("values written in way {other}"))),
        };
        bytes.end()?;
        Ok(values)
    }
}

/// Number of values, if they can be counted.
fn len(shape: [usize; 4]) -> Option<usize> {
    // From the last side, so that no part of the product overflows either if there are no frames.
    shape.iter().rev().try_fold(1usize, |len, side| len.checked_mul(*side))
}

fn put_nonzero<T: Copy>(out: &mut Vec<u8>, values: &[T], number: impl Fn(T) -> u32) {
    put_bits(out, values, |value| number(value) != 0);
    let numbers = values.iter().map(|value| number(*value)).filter(|number| *number != 0);
    let numbers: Vec<u32> = numbers.collect();
    put_planes(out, numbers.iter().map(|number| (*number).into()));
}

/// Frames with a number where a bit is set in `words`.
fn spread<T: Element>(
    shape: [usize; 4],
    words: impl Iterator<Item = u64>,
    mut numbers: impl Iterator<Item = T>,
) -> Result<Frames<T>, PackError> {
    let mut frames = Frames::zeros(shape).map_err(|error| PackError::new(error.to_string()))?;
    for (values, mut word) in frames.values.chunks_mut(64).zip(words) {
        while word != 0 {
            let value = values.get_mut(word.trailing_zeros() as usize);
            let (Some(value), Some(number)) = (value, numbers.next()) else {
                return Err(PackError::new("a bit behind the last value"));
            };
            *value = number;
            word &= word - 1;
        }
    }
    Ok(frames)
}

//! Batches of spikes, a bit each.

use super::{CollateError, Layout, Padded, PaddedShape, in_parts};
use crate::frame::{Count, Frames};

/// Spikes in a word.
const WORD: usize = u32::BITS as usize;

/// Spikes of several recordings, with none where one has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaddedBits {
    /// Which spike is where.
    pub shape: PaddedShape,
    /// Spike `n`, in the order of [`PaddedShape::dims`], is bit `n % 32`, from the lowest, of word
    /// `n / 32`. What is left of the last word is 0.
    pub words: Vec<u32>,
}

/// As [`pad`](super::pad), of frames that are 0 or 1 everywhere.
///
/// # Errors
///
/// As [`pad`](super::pad); a value that is neither 0 nor 1.
pub fn pad_bits<T: Count + Into<f64>>(
    samples: &[Frames<T>],
    layout: Layout,
) -> Result<PaddedBits, CollateError> {
    let shape = PaddedShape::of(samples, layout)?;
    let mut words = shape.zeros(shape.len()?.div_ceil(WORD))?;
    let (len, places) = (shape.frame_len(), shape.batch() * shape.steps());
    // As many frames as a word has bits fill as many words as a frame has values.
    let parts = in_parts(&mut words, len, |first, part| {
        let first = first * WORD;
        // A part ends with a frame; the last one with the last.
        let frames = (part.len() * WORD).checked_div(len).unwrap_or(0).min(places - first);
        for place in 0..frames {
            let Some(frame) = shape.frame_at(samples, first + place) else { continue };
            pack(part, place * len, frame).map_err(|value| {
                let (sample, frame) = shape.sample_and_step(first + place);
                CollateError::Value { sample, frame, value: value.into() }
            })?;
        }
        Ok(())
    });
    parts.into_iter().collect::<Result<(), _>>()?;
    Ok(PaddedBits { shape, words })
}

/// Sets the bits from `first` on to values; fails with the first one that is neither 0 nor 1.
fn pack<T: Count>(words: &mut [u32], first: usize, values: &[T]) -> Result<(), T> {
    let (zero, one) = (T::default(), T::default().saturating_next());
    let shift = first % WORD;
    for (n, values) in values.chunks(WORD).enumerate() {
        let mut bits = 0;
        let mut spikes = true;
        for (n, value) in values.iter().enumerate() {
            bits |= u64::from(*value == one) << n;
            spikes &= *value == one || *value == zero;
        }
        if !spikes {
            let other = values.iter().find(|value| **value != zero && **value != one);
            return other.map_or(Ok(()), |value| Err(*value));
        }
        bits <<= shift;
        let word = first / WORD + n;
        words[word] |= bits as u32;
        if bits >> WORD != 0 {
            words[word + 1] |= (bits >> WORD) as u32;
        }
    }
    Ok(())
}

impl PaddedBits {
    /// The same batch with a number for each spike: what [`pad`](super::pad) had made.
    ///
    /// # Errors
    ///
    /// There is no room for so many.
    pub fn unpack<T: Count>(&self) -> Result<Padded<T>, CollateError> {
        let mut values = self.shape.zeros(self.shape.len()?)?;
        let one = T::default().saturating_next();
        in_parts(&mut values, WORD, |first, part| {
            for (values, word) in part.chunks_mut(WORD).zip(&self.words[first..]) {
                let mut left = *word;
                while left != 0 {
                    values[left.trailing_zeros() as usize] = one;
                    left &= left - 1;
                }
            }
        });
        Ok(Padded { shape: self.shape.clone(), values })
    }
}

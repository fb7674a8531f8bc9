//! Batches: recordings of different lengths in one array.
//!
//! [`pad`] stacks frames, with zeros after the end of those that are shorter than the longest, and
//! keeps their type; an empty recording is padding throughout; [`pad_as`] changes it while it copies. [`pad_bits`] takes frames of spikes, and
//! a thirty-second of the memory of `f32`. Each batch knows the [lengths](PaddedShape::lengths) of its
//! recordings and the [mask](PaddedShape::mask) of the steps that are not padding.

mod bits;
mod shape;
mod tensor;

#[cfg(test)]
mod tests;

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use thiserror::Error;

pub use bits::{PaddedBits, pad_bits};
pub use shape::{Layout, PaddedShape};
pub use tensor::labels_tensor;

use crate::dataset::Sample;
use crate::frame::Frames;

/// Frames of several recordings, zero-padded to the longest.
#[derive(Debug, Clone, PartialEq)]
pub struct Padded<T> {
    /// Which value is where.
    pub shape: PaddedShape,
    /// The values, in the order of [`PaddedShape::dims`].
    pub values: Vec<T>,
}

/// Why recordings cannot be stacked.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CollateError {
    /// Frames of another size than those before.
    #[error("sample {sample} of the batch: frames of {found:?}, expected {expected:?}")]
    Shape {
        /// The first recording that differs.
        sample: usize,
        /// Channels, rows, columns of its frames.
        found: [usize; 3],
        /// Those of the first recording.
        expected: [usize; 3],
    },
    /// A batch that does not fit into memory.
    #[error("a batch of {0:?} is too large")]
    TooLarge([usize; 5]),
    /// A value that is no spike.
    #[error("sample {sample} of the batch, frame {frame}: {value} is neither 0 nor 1")]
    Value {
        /// The recording.
        sample: usize,
        /// Its frame.
        frame: usize,
        /// The value.
        value: f64,
    },
}

/// Stacks recordings, each with zeros after its last frame up to the longest.
///
/// An empty recording is all padding. A batch of empty recordings has one step, all padding: a network
/// runs on it, and with its mask the losses of `snn-train` are 0 without a gradient.
///
/// ```
/// use snn_data::collate::{Layout, pad};
/// use snn_data::frame::Frames;
///
/// let long = Frames { shape: [3, 1, 1, 1], values: vec![1u8, 2, 3] };
/// let short = Frames { shape: [1, 1, 1, 1], values: vec![9] };
/// let batch = pad(&[long, short], Layout::TimeFirst)?;
/// assert_eq!(batch.shape.dims(), [3, 2, 1, 1, 1]);
/// assert_eq!(batch.values, [1, 9, /* next */ 2, 0, /* next */ 3, 0]);
/// assert_eq!(batch.shape.lengths, [3, 1]);
/// assert_eq!(batch.shape.mask(), [true, true, true, false, true, false]);
///
/// let empty = pad(&[Frames::<u8> { shape: [0, 1, 1, 1], values: vec![] }], Layout::TimeFirst)?;
/// assert_eq!(empty.shape.dims(), [1, 1, 1, 1, 1]);
/// assert_eq!((empty.values, empty.shape.mask()), (vec![0], vec![false]));
/// # Ok::<(), snn_data::collate::CollateError>(())
/// ```
///
/// # Errors
///
/// Frames of different sizes; there is no room for so many.
pub fn pad<T: Copy + Default + Send + Sync>(
    samples: &[Frames<T>],
    layout: Layout,
) -> Result<Padded<T>, CollateError> {
    pad_as(samples, layout)
}

/// As [`pad`], with values of another type: `pad_as::<f32, _>` of counts in `u8`, for example.
///
/// # Errors
///
/// As [`pad`].
pub fn pad_as<U, T>(samples: &[Frames<T>], layout: Layout) -> Result<Padded<U>, CollateError>
where
    U: Copy + Default + Send + Sync,
    T: Copy + Into<U> + Sync,
{
    let shape = PaddedShape::of(samples, layout)?;
    let mut values = shape.zeros::<U>(shape.len()?)?;
    let len = shape.frame_len();
    in_parts(&mut values, len, |first, part| {
        for (place, target) in part.chunks_exact_mut(len.max(1)).enumerate() {
            // Where there is none, memory is zero already.
            if let Some(frame) = shape.frame_at(samples, first + place) {
                target.iter_mut().zip(frame).for_each(|(target, value)| *target = (*value).into());
            }
        }
    });
    Ok(Padded { shape, values })
}

/// Data and labels, each on their own.
pub fn separate<T>(samples: Vec<Sample<T>>) -> (Vec<T>, Vec<usize>) {
    samples.into_iter().map(|sample| (sample.data, sample.label)).unzip()
}

/// Fills an array in as many threads as it is worth: `fill` gets a part that begins with a whole
/// `unit` of values, and the number of that unit. What it returns comes back in order.
fn in_parts<T: Send, R: Send>(
    values: &mut [T],
    unit: usize,
    fill: impl Fn(usize, &mut [T]) -> R + Sync,
) -> Vec<R> {
    /// Bytes that take far longer to fill than a thread takes to start.
    const WORTH_A_THREAD: usize = 1 << 21;
    let worth = size_of_val(values) / WORTH_A_THREAD;
    let threads = match worth {
        0 | 1 => 1,
        _ => thread::available_parallelism().map_or(1, NonZero::get).min(worth),
    };
    if threads == 1 {
        return vec![fill(0, values)];
    }
    let units = values.len().div_ceil(unit).div_ceil(threads);
    thread::scope(|scope| {
        let parts = values.chunks_mut(units * unit).enumerate();
        let fill = &fill;
        let start = |(part, values)| scope.spawn(move || fill(part * units, values));
        let running: Vec<_> = parts.map(start).collect();
        running.into_iter().map(|part| part.join().unwrap_or_else(|e| resume_unwind(e))).collect()
    })
}

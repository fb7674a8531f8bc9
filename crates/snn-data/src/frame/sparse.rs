//! Frames as lists of the pixels that have events.

use super::array::pixels;
use super::{Count, FrameError, Frames, ToFrame};
use crate::events::Events;
use crate::policy::Policy;

/// Frames of which only counts that are not zero are kept, in the order of their coordinates.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseFrames<C> {
    shape: [usize; 4],
    /// Where each frame starts, and the last ends.
    starts: Vec<usize>,
    /// Where in its frame, as a number, each count lies.
    pixels: Vec<u32>,
    counts: Vec<C>,
}

impl<C: Count> SparseFrames<C> {
    /// The shape of the [dense](Self::dense) frames, `[T, P, H, W]`.
    pub fn shape(&self) -> [usize; 4] {
        self.shape
    }

    /// Number of counts that are not zero.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether all counts are zero.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The counts, frame by frame, channel by channel, row by row.
    pub fn counts(&self) -> &[C] {
        &self.counts
    }

    /// Frame, channel, row and column of each of the [`counts`](Self::counts): COO.
    pub fn coordinates(&self) -> impl Iterator<Item = [u32; 4]> + '_ {
        let [height, width] = [self.shape[2] as u32, self.shape[3] as u32];
        let frames = self.starts.windows(2).enumerate();
        frames.flat_map(move |(frame, ends)| {
            self.pixels[ends[0]..ends[1]].iter().map(move |pixel| {
                let (row, x) = (pixel / width, pixel % width);
                [frame as u32, row / height, row % height, x]
            })
        })
    }

    /// One frame: where in a dense frame counts lie, in order, and the counts.
    ///
    /// # Panics
    ///
    /// There is no such frame.
    pub fn frame(&self, index: usize) -> (&[u32], &[C]) {
        assert!(index < self.shape[0], "frame {index} of {}", self.shape[0]);
        let range = self.starts[index]..self.starts[index + 1];
        (&self.pixels[range.clone()], &self.counts[range])
    }

    /// The same frames with their zeros.
    ///
    /// # Errors
    ///
    /// They do not fit into memory.
    pub fn dense(&self) -> Result<Frames<C>, FrameError> {
        let mut frames = Frames::zeros(self.shape)?;
        for (index, dense) in frames.frames_mut().enumerate() {
            let (pixels, counts) = self.frame(index);
            for (pixel, count) in pixels.iter().zip(counts) {
                dense[*pixel as usize] = *count;
            }
        }
        Ok(frames)
    }
}

impl ToFrame {
    /// The frames of [`apply`](Self::apply) without zeros: as much memory and time as there are
    /// events.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply); a frame has 2³² values or more.
    pub fn apply_sparse<C: Count>(&self, events: &Events) -> Result<SparseFrames<C>, FrameError> {
        let slices = self.slices(events)?;
        let shape = self.shape(events, slices.len())?;
        let frame_len = shape[1..].iter().try_fold(1u32, |len, side| {
            let side = u32::try_from(*side).ok()?;
            len.checked_mul(side)
        });
        let frame_len = frame_len.ok_or(FrameError::TooLarge(shape))? as usize;
        let mut starts = Vec::with_capacity(slices.len() + 1);
        starts.push(0);
        // At most one count for each event.
        let most = slices.iter().map(ExactSizeIterator::len).sum();
        let (mut found, mut counts) = (vec![0; most], vec![C::default(); most]);
        let mut len = 0;
        let mut frame = vec![C::default(); frame_len];
        let mut touched = Touched::new(frame_len);
        for slice in slices {
            for at in pixels(&events.slice(slice)) {
                frame[at] = match self.policy {
                    Policy::Strict => frame[at].saturating_next(),
                    Policy::Tonic => frame[at].wrapping_next(),
                };
                touched.insert(at);
            }
            touched.drain(|at| {
                found[len] = at as u32;
                counts[len] = std::mem::take(&mut frame[at]);
                // One that has wrapped around may be zero.
                len += usize::from(counts[len] != C::default());
            });
            starts.push(len);
        }
        found.truncate(len);
        counts.truncate(len);
        Ok(SparseFrames { shape, starts, pixels: found, counts })
    }
}

/// A set of numbers that is emptied in their order, in steps for its members only.
struct Touched {
    /// A bit for each number.
    words: Vec<u64>,
    /// A bit for each word that is not zero.
    blocks: Vec<u64>,
}

impl Touched {
    fn new(len: usize) -> Self {
        let words = len.div_ceil(64);
        Self { words: vec![0; words], blocks: vec![0; words.div_ceil(64)] }
    }

    #[inline]
    fn insert(&mut self, at: usize) {
        let word = at / 64;
        self.words[word] |= 1 << (at % 64);
        self.blocks[word / 64] |= 1 << (word % 64);
    }

    #[inline]
    fn drain(&mut self, mut each: impl FnMut(usize)) {
        for (index, block) in self.blocks.iter_mut().enumerate() {
            while *block != 0 {
                let word = index * 64 + block.trailing_zeros() as usize;
                *block &= *block - 1;
                let mut bits = std::mem::take(&mut self.words[word]);
                while bits != 0 {
                    each(word * 64 + bits.trailing_zeros() as usize);
                    bits &= bits - 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::SensorSize;
    use crate::frame::Slicer;

    #[test]
    fn coordinates_are_in_order() {
        let (x, y) = (vec![3, 0, 3, 1], vec![1, 0, 1, 2]);
        let p = vec![true, false, true, false];
        let events = Events::new(vec![0, 1, 2, 9], x, y, p, SensorSize::new(4, 3)).unwrap();
        let sparse = ToFrame::new(Slicer::time_bins(3)).apply_sparse::<u16>(&events).unwrap();
        assert_eq!((sparse.shape(), sparse.counts()), ([3, 2, 3, 4], &[1, 2, 1][..]));
        let coordinates: Vec<_> = sparse.coordinates().collect();
        assert_eq!(coordinates, [[0, 0, 0, 0], [0, 1, 1, 3], [2, 0, 2, 1]]);
        assert_eq!(sparse.frame(0), (&[0, 19][..], &[1, 2][..]));
        assert_eq!(sparse.frame(1), (&[][..], &[][..]));
    }

    #[test]
    fn a_count_that_wraps_to_zero_is_none() {
        let n = 1 << 16;
        let events =
            Events::new(vec![0; n], vec![0; n], vec![0; n], vec![true; n], SensorSize::new(1, 1));
        let to_frame = ToFrame::tonic(Slicer::event_count(n));
        assert!(to_frame.apply_sparse::<i16>(&events.unwrap()).unwrap().is_empty());
    }

    #[test]
    fn a_set_is_emptied_in_order() {
        let mut touched = Touched::new(10_000);
        for _ in 0..2 {
            for at in [9_999, 0, 63, 64, 4_096, 64] {
                touched.insert(at);
            }
            let mut members = Vec::new();
            touched.drain(|at| members.push(at));
            assert_eq!(members, [0, 63, 64, 4_096, 9_999]);
        }
    }
}

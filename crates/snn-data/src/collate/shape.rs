//! Which frame of which recording is where in a batch.

use serde::{Deserialize, Serialize};

use super::CollateError;
use crate::frame::Frames;

/// Which axis of a batch comes first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Layout {
    /// `[T, B, P, H, W]`: a step of all recordings after the other, as networks compute.
    #[default]
    TimeFirst,
    /// `[B, T, P, H, W]`: a recording after the other.
    BatchFirst,
}

/// Shape of a batch of recordings, padded to the longest of them and to at least one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaddedShape {
    /// Which axis comes first.
    pub layout: Layout,
    /// Number of frames of each recording, without padding.
    pub lengths: Vec<usize>,
    /// Channels of polarity, rows, columns: `[P, H, W]`.
    pub frame: [usize; 3],
}

impl PaddedShape {
    /// That of a batch of these recordings.
    pub(super) fn of<T>(samples: &[Frames<T>], layout: Layout) -> Result<Self, CollateError> {
        let frame_of = |frames: &Frames<T>| {
            let [_, p, h, w] = frames.shape;
            [p, h, w]
        };
        let expected = samples.first().map_or([0; 3], frame_of);
        for (sample, frames) in samples.iter().enumerate() {
            let found = frame_of(frames);
            if found != expected {
                return Err(CollateError::Shape { sample, found, expected });
            }
        }
        Ok(Self { layout, lengths: samples.iter().map(Frames::len).collect(), frame: expected })
    }

    /// Number of recordings.
    pub fn batch(&self) -> usize {
        self.lengths.len()
    }

    /// Number of steps: frames of the longest recording, and 1 if all recordings are empty, so that a
    /// network can run on them. 0 without recordings.
    pub fn steps(&self) -> usize {
        self.lengths.iter().map(|length| (*length).max(1)).max().unwrap_or(0)
    }

    /// `[T, B, P, H, W]` or `[B, T, P, H, W]`.
    pub fn dims(&self) -> [usize; 5] {
        let ([first, second], [p, h, w]) = (self.mask_dims(), self.frame);
        [first, second, p, h, w]
    }

    /// The shape of the [`mask`](Self::mask): `[T, B]` or `[B, T]`.
    pub fn mask_dims(&self) -> [usize; 2] {
        match self.layout {
            Layout::TimeFirst => [self.steps(), self.batch()],
            Layout::BatchFirst => [self.batch(), self.steps()],
        }
    }

    /// Which steps of which recording are not padding, `[T, B]` or `[B, T]`; none of an empty recording.
    pub fn mask(&self) -> Vec<bool> {
        let [first, second] = self.mask_dims();
        let rows = (0..first).flat_map(|i| (0..second).map(move |j| (i, j)));
        let of_recording = rows.map(|(i, j)| match self.layout {
            Layout::TimeFirst => i < self.lengths[j],
            Layout::BatchFirst => j < self.lengths[i],
        });
        of_recording.collect()
    }

    /// Number of values in a frame.
    pub(super) fn frame_len(&self) -> usize {
        self.frame.iter().product()
    }

    /// Number of values.
    pub(super) fn len(&self) -> Result<usize, CollateError> {
        // From the last side, so that no part of the product overflows either if there are no frames.
        let len = self.dims().iter().rev().try_fold(1usize, |len, side| len.checked_mul(*side));
        len.ok_or_else(|| CollateError::TooLarge(self.dims()))
    }

    /// Memory for `len` values. Where it is never written to, it costs nothing.
    pub(super) fn zeros<T: Copy + Default>(&self, len: usize) -> Result<Vec<T>, CollateError> {
        let zeros = Frames::zeros([len, 1, 1, 1]);
        Ok(zeros.map_err(|_| CollateError::TooLarge(self.dims()))?.values)
    }

    /// Recording and step at a place, `0..B * T`.
    pub(super) fn sample_and_step(&self, place: usize) -> (usize, usize) {
        let [_, inner] = self.mask_dims();
        match self.layout {
            Layout::TimeFirst => (place % inner, place / inner),
            Layout::BatchFirst => (place / inner, place % inner),
        }
    }

    /// The frame at a place; none where its recording has ended.
    pub(super) fn frame_at<'a, T>(
        &self,
        samples: &'a [Frames<T>],
        place: usize,
    ) -> Option<&'a [T]> {
        let (sample, step) = self.sample_and_step(place);
        (step < self.lengths[sample]).then(|| samples[sample].frame(step))
    }
}

//! Dense arrays of frames.

use std::fmt::Debug;

use super::{FrameError, memory};
use crate::events::{Events, SensorSize};
use crate::memory::MOST_PIXELS;

/// Frames, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Frames<T> {
    /// Number of frames, channels of polarity, rows, columns: `[T, P, H, W]`.
    pub shape: [usize; 4],
    /// The values, frame by frame, channel by channel, row by row.
    pub values: Vec<T>,
}

impl<T: Copy + Default> Frames<T> {
    /// Frames of zeros. Memory that is never written to costs nothing.
    ///
    /// # Errors
    ///
    /// There is no room for so many.
    pub fn zeros(shape: [usize; 4]) -> Result<Self, FrameError> {
        Ok(Self { shape, values: memory::zeros(shape)? })
    }
}

impl<T> Frames<T> {
    /// Number of frames.
    pub fn len(&self) -> usize {
        self.shape[0]
    }

    /// Whether there are no frames.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of values in a frame.
    pub fn frame_len(&self) -> usize {
        self.shape[1..].iter().product()
    }

    /// One frame, `[P, H, W]`.
    ///
    /// # Panics
    ///
    /// There is no such frame.
    pub fn frame(&self, index: usize) -> &[T] {
        assert!(index < self.len(), "frame {index} of {}", self.len());
        &self.values[index * self.frame_len()..][..self.frame_len()]
    }

    /// Frame by frame, to be changed.
    pub(super) fn frames_mut(&mut self) -> impl Iterator<Item = &mut [T]> {
        let len = self.frame_len();
        // A sensor without pixels has frames without values.
        self.values.chunks_exact_mut(len.max(1))
    }

    /// Every value changed, into another type for example.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Frames<U> {
        Frames { shape: self.shape, values: self.values.into_iter().map(change).collect() }
    }
}

/// Numbers that events are counted in.
pub trait Count:
    Copy + Default + Debug + PartialEq + Send + Sync + 'static + sealed::Sealed
{
    /// One more, or the same if that does not fit.
    fn saturating_next(self) -> Self;
    /// One more, or the smallest if that does not fit. An `f32` stays at 2²⁴.
    fn wrapping_next(self) -> Self;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! count {
    ($($number:ty),*) => {$(
        impl sealed::Sealed for $number {}
        impl Count for $number {
            #[inline]
            fn saturating_next(self) -> Self {
                self.saturating_add(1)
            }

            #[inline]
            fn wrapping_next(self) -> Self {
                self.wrapping_add(1)
            }
        }
    )*};
}

count!(u8, u16, i16);

impl sealed::Sealed for f32 {}
impl Count for f32 {
    #[inline]
    fn saturating_next(self) -> Self {
        self + 1.0
    }

    #[inline]
    fn wrapping_next(self) -> Self {
        self + 1.0
    }
}

/// Channels, rows and columns of a frame.
///
/// # Errors
///
/// There are more than [`MOST_PIXELS`].
pub(super) fn frame_shape(sensor: SensorSize) -> Result<[usize; 3], FrameError> {
    let [height, width] = [sensor.height as usize, sensor.width as usize];
    let polarities = usize::from(sensor.polarities.max(1));
    match height.checked_mul(width).is_some_and(|pixels| pixels <= MOST_PIXELS) {
        true => Ok([polarities, height, width]),
        false => Err(FrameError::TooLarge([1, polarities, height, width])),
    }
}

/// Where in a frame each event lies.
#[inline]
pub(super) fn pixels(events: &Events) -> impl Iterator<Item = usize> + '_ {
    let sensor = events.sensor();
    let width = sensor.width as usize;
    let channel = if sensor.polarities > 1 { sensor.pixels() } else { 0 };
    let places = events.x().iter().zip(events.y()).zip(events.p());
    places.map(move |((x, y), p)| {
        usize::from(*p) * channel + usize::from(*y) * width + usize::from(*x)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{
        Slicer, ToAveragedTimesurface, ToFrame, ToImage, ToTimesurface, ToVoxelGrid,
    };

    #[test]
    fn counts_stop_or_wrap() {
        let next = |count: i16| (count.saturating_next(), count.wrapping_next());
        assert_eq!((next(1), next(i16::MAX)), ((2, 2), (i16::MAX, i16::MIN)));
        assert_eq!((255u8.saturating_next(), 255u8.wrapping_next()), (255, 0));
        assert_eq!((16_777_216f32).saturating_next(), 16_777_216.0);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let error = |shape| Frames::<u16>::zeros(shape).unwrap_err();
        for shape in [[usize::MAX, 2, 2, 2], [1 << 60, 1, 1, 1], [0, 2, 1 << 32, 1 << 32]] {
            assert_eq!(error(shape), FrameError::TooLarge(shape));
        }
    }

    #[test]
    fn frames_one_by_one() {
        let frames = Frames { shape: [2, 1, 1, 3], values: vec![0u8, 1, 2, 3, 4, 5] };
        assert_eq!((frames.len(), frames.frame_len(), frames.frame(1)), (2, 3, &[3, 4, 5][..]));
        assert_eq!(frames.map(f32::from).values[5], 5.0);
        let none = Frames::<u8>::zeros([3, 2, 0, 0]).unwrap();
        assert_eq!(none.frame(2), &[] as &[u8]);
    }

    #[test]
    fn one_stray_event_takes_no_memory() {
        let sensor = SensorSize::new(1 << 16, 1 << 16);
        let events = Events::new(vec![0, 9], vec![0, 9], vec![0; 2], vec![false; 2], sensor);
        let events = events.unwrap();
        let averaged = ToAveragedTimesurface { cell_size: 1, ..Default::default() };
        let refusals = [
            ToImage::default().apply::<u8>(&events).err(),
            ToFrame::new(Slicer::time_bins(2)).apply_sparse::<u8>(&events).err(),
            ToVoxelGrid::new(2).apply(&events).err(),
            ToTimesurface::new(5, 5.0).apply(&events).err(),
            averaged.apply(&events).err(),
        ];
        let expected = Some(FrameError::TooLarge([1, 2, 1 << 16, 1 << 16]));
        assert!(refusals.iter().all(|refusal| *refusal == expected), "{refusals:?}");
    }
}

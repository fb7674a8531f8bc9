//! Frames: how many events each pixel has in each slice.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::array::{frame_shape, pixels};
use super::memory::room;
use super::{Count, FrameError, Frames, Slicer};
use crate::events::{Events, Spikes};
use crate::policy::Policy;

/// Values for each event from which on there are few events.
const FEW: usize = 128;

/// Counts the events of each pixel, slice by slice.
///
/// ```
/// # use snn_data::events::{Events, SensorSize};
/// use snn_data::frame::{Slicer, ToFrame};
///
/// # let sensor = SensorSize::new(2, 1);
/// let p = vec![true, false, false];
/// let events = Events::new(vec![0, 4, 9], vec![1, 0, 0], vec![0; 3], p, sensor)?;
/// let frames = ToFrame::new(Slicer::time_bins(2)).apply::<u8>(&events)?;
/// assert_eq!(frames.shape, [2, 2, 1, 2]);
/// // Each frame has the darker events first.
/// assert_eq!(frames.values, [1, 0, 0, 1, /* next */ 1, 0, 0, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToFrame {
    /// Which events make a frame.
    pub slicer: Slicer,
    /// The rules.
    pub policy: Policy,
}

impl ToFrame {
    /// Frames of slices, by the strict rules.
    pub fn new(slicer: Slicer) -> Self {
        Self { slicer, policy: Policy::Strict }
    }

    /// By the rules of Tonic.
    pub fn tonic(slicer: Slicer) -> Self {
        Self { slicer, policy: Policy::Tonic }
    }

    /// Frames `[T, P, H, W]`. With `i16` under `Tonic` they are Tonic's, which wrap around.
    ///
    /// # Errors
    ///
    /// As [`Slicer::slices`]; the array does not fit into memory; under `Tonic`, events of both
    /// polarities on a sensor with one channel.
    pub fn apply<C: Count>(&self, events: &Events) -> Result<Frames<C>, FrameError> {
        let slices = self.slices(events)?;
        let shape = self.shape(events, slices.len())?;
        let (len, values) = room(shape)?;
        // Memory is zero when it comes from the system, and where few events are, most of it is never
        // written to. Else a frame is cleared right before its events are counted, in the cache.
        let mut frames = match events.len() < len / FEW {
            true => Frames::zeros(shape)?,
            false => Frames { shape, values },
        };
        let of_frame = shape[1..].iter().product::<usize>();
        for (number, slice) in slices.into_iter().enumerate() {
            let start = number * of_frame;
            if frames.values.len() < start + of_frame {
                frames.values.resize(start + of_frame, C::default());
            }
            let frame = &mut frames.values[start..start + of_frame];
            count(frame, pixels(&events.slice(slice)), self.policy);
        }
        Ok(frames)
    }

    /// Frames `[T, 1, 1, units]` of spikes.
    ///
    /// # Errors
    ///
    /// As [`Slicer::slices`]; the array does not fit into memory.
    pub fn apply_to_spikes<C: Count>(&self, spikes: &Spikes) -> Result<Frames<C>, FrameError> {
        let slices = self.slicer.spike_slices(spikes, self.policy)?;
        let mut frames = Frames::zeros([slices.len(), 1, 1, spikes.units() as usize])?;
        for (frame, slice) in frames.frames_mut().zip(slices) {
            let units = spikes.unit()[slice].iter();
            count(frame, units.map(|unit| *unit as usize), self.policy);
        }
        Ok(frames)
    }

    /// The slices of events that can be made into frames.
    pub(super) fn slices(&self, events: &Events) -> Result<Vec<Range<usize>>, FrameError> {
        if self.policy == Policy::Tonic && events.sensor().polarities <= 1 {
            let p = events.p();
            if p.contains(&true) && p.contains(&false) {
                return Err(FrameError::Polarities("events of both polarities"));
            }
        }
        self.slicer.slices(events, self.policy)
    }

    pub(super) fn shape(&self, events: &Events, frames: usize) -> Result<[usize; 4], FrameError> {
        let [polarities, height, width] = frame_shape(events.sensor())?;
        // Tonic has the sides the other way round if there are no events.
        if self.policy == Policy::Tonic && events.is_empty() {
            return Ok([frames, polarities, width, height]);
        }
        Ok([frames, polarities, height, width])
    }
}

pub(super) fn count<C: Count>(
    frame: &mut [C],
    pixels: impl Iterator<Item = usize>,
    policy: Policy,
) {
    match policy {
        Policy::Strict => pixels.for_each(|at| frame[at] = frame[at].saturating_next()),
        Policy::Tonic => pixels.for_each(|at| frame[at] = frame[at].wrapping_next()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::SensorSize;

    fn same_pixel(events: usize, sensor: SensorSize) -> Events {
        let t = (0..events as i64).collect();
        Events::new(t, vec![1; events], vec![0; events], vec![true; events], sensor).unwrap()
    }

    #[test]
    fn counts_stop_at_the_largest_value_and_wrap_under_tonic() {
        let events = same_pixel(40_000, SensorSize::new(2, 1));
        let slicer = Slicer::event_count(40_000);
        let at = |frames: Frames<i16>| frames.values[3];
        assert_eq!(at(ToFrame::new(slicer.clone()).apply(&events).unwrap()), i16::MAX);
        assert_eq!(at(ToFrame::tonic(slicer.clone()).apply(&events).unwrap()), -25_536);
        assert_eq!(ToFrame::new(slicer.clone()).apply::<u8>(&events).unwrap().values[3], 255);
        assert_eq!(ToFrame::new(slicer).apply::<f32>(&events).unwrap().values[3], 40_000.0);
    }

    #[test]
    fn one_channel_has_both_polarities() {
        let sensor = SensorSize::new(2, 1).merged();
        let both = Events::new(vec![0, 1], vec![1, 1], vec![0, 0], vec![true, false], sensor);
        let both = both.unwrap();
        let frames = ToFrame::new(Slicer::time_bins(1)).apply::<u8>(&both).unwrap();
        assert_eq!((frames.shape, frames.values), ([1, 1, 1, 2], vec![0, 2]));
        let tonic = ToFrame::tonic(Slicer::time_bins(1));
        let error = tonic.apply::<i16>(&both).unwrap_err();
        assert_eq!(error, FrameError::Polarities("events of both polarities"));
        let bright = tonic.apply::<i16>(&same_pixel(3, sensor)).unwrap();
        assert_eq!(bright.values, [0, 2]);
    }

    #[test]
    fn frames_without_events() {
        let none = Events::empty(SensorSize::new(4, 3));
        let shape = |frames: ToFrame| frames.apply::<u16>(&none).unwrap().shape;
        assert_eq!(shape(ToFrame::new(Slicer::time_bins(5))), [5, 2, 3, 4]);
        assert_eq!(shape(ToFrame::new(Slicer::time_window(5))), [1, 2, 3, 4]);
        assert_eq!(shape(ToFrame::tonic(Slicer::time_bins(5))), [5, 2, 4, 3]);
        assert_eq!(shape(ToFrame::tonic(Slicer::event_count(5))), [1, 2, 4, 3]);
        let nowhere = Events::empty(SensorSize::new(0, 0));
        let frames = ToFrame::new(Slicer::time_bins(2)).apply::<u16>(&nowhere).unwrap();
        assert_eq!((frames.shape, frames.values.len()), ([2, 2, 0, 0], 0));
    }

    #[test]
    fn spikes_have_one_row() {
        let spikes = Spikes::new(vec![0, 10, 19, 20], vec![2, 0, 2, 2], 3).unwrap();
        let frames = ToFrame::new(Slicer::time_window(10)).apply_to_spikes::<u8>(&spikes).unwrap();
        assert_eq!(frames.shape, [2, 1, 1, 3]);
        assert_eq!(frames.values, [0, 0, 1, 1, 0, 2]);
    }
}

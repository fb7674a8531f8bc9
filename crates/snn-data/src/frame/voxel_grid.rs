//! Voxel grids: polarities, shared between neighbouring bins of time.

use serde::{Deserialize, Serialize};

use super::array::frame_shape;
use super::{FrameError, Frames};
use crate::events::Events;
use crate::policy::Policy;

/// Adds the polarity of each event to the two bins of time that it is nearest to, the more the
/// nearer.
///
/// `Strict`: bin `k` of `n` is at `t₀ + k (t₁ - t₀) / (n - 1)`, and an event at a distance `d < 1`
/// of a bin adds `±(1 - d)`: the grid sums up to the number of brighter events less that of darker
/// ones. A sensor with one channel has events of +1. Source: Zhu, Yuan, Chaney, Daniilidis:
/// Unsupervised Event-based Learning of Optical Flow, Depth, and Egomotion (CVPR 2019).
///
/// `Tonic`: bins are at `t₀ + k (t₁ - t₀) / n`, so that the last event has none. Tonic's result
/// depends on the type of its column of polarities: see [`signed`](Self::signed). Events that are out
/// of order may lie before the first bin, which is taken for the end of the grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToVoxelGrid {
    /// Number of bins.
    pub bins: usize,
    /// The rules.
    pub policy: Policy,
    /// Whether darker events add -1 under `Tonic`, as they do where its polarities are signed
    /// numbers. Where they are booleans, and by default, every event adds +1.
    #[serde(default)]
    pub signed: bool,
}

impl ToVoxelGrid {
    /// A grid by the strict rules.
    pub fn new(bins: usize) -> Self {
        Self { bins, policy: Policy::Strict, signed: false }
    }

    /// A grid `[bins, 1, H, W]`.
    ///
    /// # Errors
    ///
    /// No bins; events that are not sorted by time (strict); the grid does not fit into memory. Under
    /// `Tonic`, a sensor without two channels, a recording that ends when it begins or has no events,
    /// and an event too far before the first one.
    pub fn apply(&self, events: &Events) -> Result<Frames<f64>, FrameError> {
        FrameError::unless(self.bins > 0, || "no bins".into())?;
        if self.policy == Policy::Strict && !events.is_sorted() {
            return Err(FrameError::Unsorted);
        }
        let [polarities, height, width] = frame_shape(events.sensor())?;
        let mut grid = Frames::zeros([self.bins, 1, height, width])?;
        let ends = (events.t().first(), events.t().last());
        let duration =
            if let (Some(first), Some(last)) = ends { *last as f64 - *first as f64 } else { 0.0 };
        let scale = match self.policy {
            Policy::Strict => self.bins - 1,
            Policy::Tonic if polarities != 2 => return Err(FrameError::Polarities("a voxel grid")),
            Policy::Tonic if duration == 0.0 => return Err(FrameError::TooShort(events.len(), 0)),
            Policy::Tonic => self.bins,
        };
        let signed = match self.policy {
            Policy::Strict => polarities > 1,
            Policy::Tonic => self.signed,
        };
        let signs = if signed { [-1.0, 1.0] } else { [1.0; 2] };
        let first = events.t().first().map_or(0.0, |first| *first as f64);
        let (bins, len, total) = (self.bins as isize, (height * width) as isize, grid.values.len());
        // A recording of one instant lies in the first bin.
        let duration = if duration == 0.0 { 1.0 } else { duration };
        // First to the bin before, then to that after: the order is that of Tonic, to the last
        // digit.
        for after in [false, true] {
            let places = events.t().iter().zip(events.x()).zip(events.y()).zip(events.p());
            for (((t, x), y), p) in places {
                let place = scale as f64 * (*t as f64 - first) / duration;
                let bin = place as isize;
                // `trunc` is a call on processors that may lack an instruction for it.
                let rest = place - bin as f64;
                let (bin, share) = if after { (bin + 1, rest) } else { (bin, 1.0 - rest) };
                if bin >= bins {
                    continue;
                }
                let pixel = usize::from(*y) * width + usize::from(*x);
                let at = bin.saturating_mul(len).saturating_add_unsigned(pixel);
                // A negative index counts from the end, as in Python.
                let at = if at < 0 { at.saturating_add_unsigned(total) } else { at };
                let value = usize::try_from(at).ok().and_then(|at| grid.values.get_mut(at));
                *value.ok_or(FrameError::Unsorted)? += signs[usize::from(*p)] * share;
            }
        }
        Ok(grid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::SensorSize;

    fn one_pixel(t: &[i64], p: &[bool], sensor: SensorSize) -> Events {
        let zeros = vec![0; t.len()];
        Events::new(t.to_vec(), zeros.clone(), zeros, p.to_vec(), sensor).unwrap()
    }

    const SENSOR: SensorSize = SensorSize { width: 1, height: 1, polarities: 2 };

    #[test]
    fn events_are_shared_by_two_bins() {
        let events = one_pixel(&[0, 3, 4, 8], &[true, true, false, true], SENSOR);
        // Bins at 0, 4, 8: 3 is a quarter in the first.
        let grid = ToVoxelGrid::new(3).apply(&events).unwrap();
        assert_eq!((grid.shape, grid.values), ([3, 1, 1, 1], vec![1.25, 0.75 - 1.0, 1.0]));
        // Bins at 0, 8/3, 16/3: the last event has none.
        let tonic = ToVoxelGrid { bins: 3, policy: Policy::Tonic, signed: false };
        assert_eq!(tonic.apply(&events).unwrap().values, [1.0, 0.875 + 0.5, 0.125 + 0.5]);
        let signed = ToVoxelGrid { signed: true, ..tonic };
        assert_eq!(signed.apply(&events).unwrap().values, [1.0, 0.875 - 0.5, 0.125 - 0.5]);
    }

    #[test]
    fn tonic_takes_events_as_they_come() {
        let back = |t: &[i64]| one_pixel(t, &[true; 4], SENSOR);
        let tonic = ToVoxelGrid { bins: 2, policy: Policy::Tonic, signed: false };
        // At 0, -0.5, 1 and 2: the second has halves at bin 0, three of them and minus one.
        let grid = tonic.apply(&back(&[4, 3, 6, 8])).unwrap();
        assert_eq!(grid.values, [1.0 + 1.5, -0.5 + 1.0]);
        // One at -1.5: bin -1 is the last one.
        let grid = tonic.apply(&back(&[4, 1, 6, 8])).unwrap();
        assert_eq!(grid.values, [1.0 - 0.5, 1.5 + 1.0]);
        // One at -4: there is no bin -3.
        assert_eq!(tonic.apply(&back(&[8, 0, 8, 12])).unwrap_err(), FrameError::Unsorted);
    }

    #[test]
    fn one_instant_is_in_the_first_bin() {
        let events = one_pixel(&[7, 7], &[true, true], SENSOR);
        assert_eq!(ToVoxelGrid::new(2).apply(&events).unwrap().values, [2.0, 0.0]);
        assert_eq!(ToVoxelGrid::new(1).apply(&events).unwrap().values, [2.0]);
        let tonic = ToVoxelGrid { policy: Policy::Tonic, ..ToVoxelGrid::new(2) };
        assert_eq!(tonic.apply(&events).unwrap_err(), FrameError::TooShort(2, 0));
        let none = Events::empty(SENSOR);
        assert_eq!(ToVoxelGrid::new(2).apply(&none).unwrap().values, [0.0, 0.0]);
        assert!(tonic.apply(&none).is_err());
    }

    #[test]
    fn one_channel_counts() {
        let events = one_pixel(&[0, 4], &[true, false], SENSOR.merged());
        assert_eq!(ToVoxelGrid::new(2).apply(&events).unwrap().values, [1.0, 1.0]);
        let tonic = ToVoxelGrid { policy: Policy::Tonic, ..ToVoxelGrid::new(2) };
        assert!(tonic.apply(&events).is_err());
        let back = one_pixel(&[4, 0], &[true, false], SENSOR);
        assert_eq!(ToVoxelGrid::new(2).apply(&back).unwrap_err(), FrameError::Unsorted);
    }
}

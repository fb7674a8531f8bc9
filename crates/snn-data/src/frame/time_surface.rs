//! Time surfaces: how long ago each pixel last had an event.

use serde::{Deserialize, Serialize};

use super::array::{frame_shape, pixels};
use super::exp::exp_f64;
use super::{FrameError, Frames, Slicer, memory};
use crate::events::Events;
use crate::policy::Policy;

/// What the last event of each pixel has decayed to, at the end of each window of time.
///
/// A surface at the time `T` has `exp((t - T) / tau)` where the last event, of any window so far,
/// was at `t`, and 0 where there was none. Source: Lagorce et al.: HOTS: A Hierarchy of Event-Based
/// Time-Surfaces for Pattern Recognition (IEEE TPAMI 2017).
///
/// `Strict`: the windows have all events, so that the last surface may be at a time after the
/// recording. `Tonic`: complete windows only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToTimesurface {
    /// Duration of a window, in µs.
    pub dt: f64,
    /// Time constant, in µs.
    pub tau: f64,
    /// The rules.
    pub policy: Policy,
}

impl ToTimesurface {
    /// Surfaces by the strict rules.
    pub fn new(dt: i64, tau: f64) -> Self {
        Self { dt: dt as f64, tau, policy: Policy::Strict }
    }

    /// Surfaces `[T, P, H, W]`.
    ///
    /// # Errors
    ///
    /// `dt` or `tau` is not positive; events that are not sorted by time; the array does not fit
    /// into memory. Under `Tonic`, no events, and a brighter event on a sensor with one channel.
    pub fn apply(&self, events: &Events) -> Result<Frames<f64>, FrameError> {
        let tau = self.tau;
        FrameError::unless(tau > 0.0, || format!("a time constant of {tau} µs"))?;
        let slicer = Slicer::TimeWindow {
            window: self.dt,
            overlap: 0.0,
            include_incomplete: self.policy == Policy::Strict,
            start: None,
            end: None,
        };
        match self.policy {
            Policy::Strict => self.by_decay(events, &slicer),
            Policy::Tonic => self.by_times(events, &slicer),
        }
    }

    /// All surfaces from the times of the last events.
    fn by_times(&self, events: &Events, slicer: &Slicer) -> Result<Frames<f64>, FrameError> {
        let slices = slicer.slices(events, self.policy)?;
        let first = *events.t().first().ok_or(FrameError::TooShort(0, 0))?;
        let [polarities, height, width] = frame_shape(events.sensor())?;
        let mut surfaces = Frames::zeros([slices.len(), polarities, height, width])?;
        let mut last = vec![f64::NEG_INFINITY; surfaces.frame_len()];
        for (index, (surface, slice)) in surfaces.frames_mut().zip(slices).enumerate() {
            let events = events.slice(slice);
            if polarities == 1 && events.p().contains(&true) {
                return Err(FrameError::Polarities("brighter events"));
            }
            for (at, t) in pixels(&events).zip(events.t()) {
                last[at] = *t as f64;
            }
            let time = (index as f64 + 1.0) * self.dt + first as f64;
            for (value, last) in surface.iter_mut().zip(&last) {
                *value = (last - time) / self.tau;
            }
            exp_f64(surface);
        }
        Ok(surfaces)
    }

    /// Each surface from the one before: a window later, every value is smaller by the same factor.
    /// This leaves the exponentials of ages within a window, which come out of a table.
    fn by_decay(&self, events: &Events, slicer: &Slicer) -> Result<Frames<f64>, FrameError> {
        let slices = slicer.slices(events, self.policy)?;
        let first = events.t().first().copied().unwrap_or(0);
        let [polarities, height, width] = frame_shape(events.sensor())?;
        let shape = [slices.len(), polarities, height, width];
        let (_, mut values) = memory::room(shape)?;
        let ages = Ages::new(self.dt, self.tau);
        let decay = decayed(self.dt, self.tau);
        let mut surface = vec![0.0; polarities * height * width];
        for (index, slice) in slices.into_iter().enumerate() {
            surface.iter_mut().for_each(|value| *value *= decay);
            let end = (index as f64 + 1.0) * self.dt;
            // The table is of whole ages, which are whole throughout where the end is.
            let whole = (end.fract() == 0.0).then_some(end as u64);
            let events = events.slice(slice);
            for (at, t) in pixels(&events).zip(events.t()) {
                let since = t.abs_diff(first);
                // An end that is rounded may be before the last event.
                surface[at] = match whole {
                    Some(end) => ages.decayed(end.saturating_sub(since)),
                    None => decayed((end - since as f64).max(0.0), self.tau),
                };
            }
            values.extend_from_slice(&surface);
        }
        Ok(Frames { shape, values })
    }
}

/// `exp(-age / tau)` for whole ages, up to some minutes as the product of two table entries.
struct Ages {
    tau: f64,
    fine: Vec<f64>,
    coarse: Vec<f64>,
}

impl Ages {
    const FINE: u64 = 1 << 12;
    const COARSE: u64 = 1 << 16;

    fn new(longest: f64, tau: f64) -> Self {
        let table = |len, step| (0..len).map(|age| decayed((age * step) as f64, tau)).collect();
        let coarse = (longest as u64 / Self::FINE + 1).min(Self::COARSE);
        Self { tau, fine: table(Self::FINE, 1), coarse: table(coarse, Self::FINE) }
    }

    #[inline]
    fn decayed(&self, age: u64) -> f64 {
        match self.coarse.get((age / Self::FINE) as usize) {
            Some(coarse) => coarse * self.fine[(age % Self::FINE) as usize],
            None => decayed(age as f64, self.tau),
        }
    }
}

fn decayed(age: f64, tau: f64) -> f64 {
    (-age / tau).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::SensorSize;

    fn events(t: Vec<i64>, x: Vec<u16>) -> Events {
        let n = t.len();
        Events::new(t, x, vec![0; n], vec![true; n], SensorSize::new(3, 1).merged()).unwrap()
    }

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-14 * b.abs())
    }

    #[test]
    fn the_last_event_of_a_pixel_decays() {
        let events = events(vec![100, 104, 105, 112, 120], vec![0, 1, 0, 1, 0]);
        let surfaces = ToTimesurface::new(10, 5.0).apply(&events).unwrap();
        assert_eq!(surfaces.shape, [2, 1, 1, 3]);
        // At 110: last at 105 and 104. At 120: at 120, in the closed window, and 112.
        let e = |age: f64| (-age / 5.0).exp();
        assert!(close(surfaces.frame(0), &[e(5.0), e(6.0), 0.0]));
        assert!(close(surfaces.frame(1), &[1.0, e(8.0), 0.0]));
    }

    #[test]
    fn both_rules_agree_where_they_are_the_same() {
        let t: Vec<i64> = (0..900).map(|k| 3 * k).collect();
        let x = (0..900).map(|k| (k * k % 3) as u16).collect();
        // Darker events, since Tonic has no channel for the others. Complete windows up to 2690.
        let p = vec![false; 900];
        let events = Events::new(t, x, vec![0; 900], p, SensorSize::new(3, 1)).unwrap();
        for (dt, tau) in [(269, 100.0), (10, 1e5)] {
            let strict = ToTimesurface::new(dt, tau);
            let tonic = ToTimesurface { policy: Policy::Tonic, ..strict.clone() };
            let (strict, tonic) = (strict.apply(&events).unwrap(), tonic.apply(&events).unwrap());
            assert!(close(&strict.values[..tonic.values.len()], &tonic.values), "{dt}");
            assert_eq!(strict.len() - tonic.len(), 1);
        }
    }

    #[test]
    fn windows_of_hours() {
        let hour = 3_600_000_000;
        let events = events(vec![0, hour, hour + 1], vec![0, 1, 2]);
        let surfaces = ToTimesurface::new(2 * hour, 1e9).apply(&events).unwrap();
        let e = |age: i64| (-(age as f64) / 1e9).exp();
        assert!(close(&surfaces.values, &[e(2 * hour), e(hour), e(hour - 1)]));
        let forever = ToTimesurface::new(i64::MAX, 1e9);
        assert_eq!(forever.apply(&events).unwrap().values, [0.0; 3]);
    }

    #[test]
    fn windows_with_a_part_of_a_microsecond() {
        let events = events(vec![100, 107, 108, 115], vec![0, 1, 0, 2]);
        let surfaces = ToTimesurface { dt: 7.5, ..ToTimesurface::new(1, 5.0) };
        let e = |age: f64| (-age / 5.0).exp();
        // At 107.5 and, in a closed window, 115.
        let expected = [e(7.5), e(0.5), 0.0, e(7.0), e(8.0), 1.0];
        assert!(close(&surfaces.apply(&events).unwrap().values, &expected));
    }

    #[test]
    fn recordings_without_a_surface() {
        let none = Events::empty(SensorSize::new(1, 1));
        let strict = ToTimesurface::new(10, 5.0);
        assert_eq!(strict.apply(&none).unwrap().values, [0.0, 0.0]);
        let tonic = ToTimesurface { policy: Policy::Tonic, ..strict.clone() };
        assert_eq!(tonic.apply(&none).unwrap_err(), FrameError::TooShort(0, 0));
        assert!(tonic.apply(&events(vec![1], vec![0])).is_err());
        assert!(ToTimesurface::new(0, 5.0).apply(&none).is_err());
        assert!(ToTimesurface::new(10, 0.0).apply(&none).is_err());
    }
}

//! Averaged time surfaces: what happened around the events of a cell, shortly before them.

use serde::{Deserialize, Serialize};

use super::array::frame_shape;
use super::exp::exp_f32;
use super::{FrameError, Frames};
use crate::events::Events;
use crate::policy::Policy;

/// How much an event still weighs at some age.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decay {
    /// `exp(-age / tau)`.
    #[default]
    Exponential,
    /// `1 - age / (3 tau)`; under `Strict`, not below 0.
    Linear,
}

/// Histograms of averaged time surfaces (HATS).
///
/// The sensor is cut into square cells. An event has a surface of `surface_size` by `surface_size`
/// pixels with itself in the middle, to which it adds 1, and each earlier event of its cell and
/// polarity that lies on it and is at most `time_window` older adds its weight. A cell has, for
/// each polarity, the mean of the surfaces of its events, and 0 without events. Source: Sironi et
/// al.: HATS: Histograms of Averaged Time Surfaces for Robust Event-based Object Classification
/// (CVPR 2018).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToAveragedTimesurface {
    /// Side of a surface in pixels, odd.
    pub surface_size: usize,
    /// Side of a cell in pixels.
    pub cell_size: usize,
    /// How much older an event may be, in µs.
    pub time_window: f64,
    /// Time constant, in µs.
    pub tau: f64,
    /// Weights of earlier events.
    pub decay: Decay,
    /// The rules.
    pub policy: Policy,
}

impl Default for ToAveragedTimesurface {
    /// Tonic's defaults, by the strict rules.
    fn default() -> Self {
        Self {
            surface_size: 5,
            cell_size: 10,
            time_window: 1e3,
            tau: 100.0,
            decay: Decay::Exponential,
            policy: Policy::Strict,
        }
    }
}

/// An event of a cell; times of the strict rules count from the first event.
#[derive(Clone, Copy)]
struct Neighbour {
    t: f64,
    x: u16,
    y: u16,
}

impl ToAveragedTimesurface {
    /// A surface for each cell, row by row, and polarity: `[cells, P, surface_size, surface_size]`.
    /// Under `Tonic`, an earlier event is one that comes before, whatever its time.
    ///
    /// # Errors
    ///
    /// An even `surface_size`; a `cell_size`, `time_window` or `tau` that is not positive; events
    /// that are not sorted by time (strict); the array does not fit into memory. Under `Tonic`, a
    /// surface larger than a cell, and a brighter event on a sensor with one channel.
    pub fn apply(&self, events: &Events) -> Result<Frames<f32>, FrameError> {
        self.check(events)?;
        let [polarities, height, width] = frame_shape(events.sensor())?;
        let columns = width.div_ceil(self.cell_size);
        let cells = height.div_ceil(self.cell_size) * columns;
        let size = self.surface_size;
        let mut surfaces = Frames::zeros([cells, polarities, size, size])?;
        let mut groups = vec![Vec::new(); cells * polarities];
        let first = events.t().first().copied().unwrap_or(0);
        for event in events.iter() {
            let cell = usize::from(event.y) / self.cell_size * columns
                + usize::from(event.x) / self.cell_size;
            let t = match self.policy {
                Policy::Strict => event.t as f64 - first as f64,
                Policy::Tonic => f64::from(event.t as f32),
            };
            let group = cell * polarities + events.sensor().channel(event.p);
            groups[group].push(Neighbour { t, x: event.x, y: event.y });
        }
        for (mean, group) in surfaces.values.chunks_exact_mut(size * size).zip(&groups) {
            self.average(group, mean);
        }
        Ok(surfaces)
    }

    fn check(&self, events: &Events) -> Result<(), FrameError> {
        let Self { surface_size, cell_size, time_window, tau, .. } = *self;
        FrameError::unless(surface_size % 2 == 1, || {
            format!("surfaces of {surface_size} pixels, which have no middle")
        })?;
        FrameError::unless(cell_size > 0, || "cells of no pixels".into())?;
        let tonic = self.policy == Policy::Tonic;
        FrameError::unless(!tonic || surface_size <= cell_size, || {
            format!("surfaces of {surface_size} pixels for cells of {cell_size}")
        })?;
        FrameError::unless(time_window > 0.0, || format!("a time window of {time_window} µs"))?;
        FrameError::unless(tau > 0.0, || format!("a time constant of {tau} µs"))?;
        if !tonic && !events.is_sorted() {
            return Err(FrameError::Unsorted);
        }
        let one_channel = events.sensor().polarities <= 1;
        if tonic && one_channel && events.p().contains(&true) {
            return Err(FrameError::Polarities("brighter events"));
        }
        Ok(())
    }

    /// The mean surface of events of one cell and polarity.
    fn average(&self, group: &[Neighbour], mean: &mut [f32]) {
        let (size, radius) = (self.surface_size, self.surface_size / 2);
        // The last digit depends on the order of sums. NumPy has another for values in a row.
        let in_row = size == 1 && self.policy == Policy::Tonic;
        let mut sums = Vec::new();
        let mut surface = vec![0f32; mean.len()];
        let mut places = vec![0; group.len()];
        let mut weights = vec![0f32; group.len()];
        let mut oldest = 0;
        let is_sorted = group.is_sorted_by_key(|event| event.t);
        for (index, event) in group.iter().enumerate() {
            let limit = match self.policy {
                Policy::Strict => event.t - self.time_window,
                Policy::Tonic => f64::from(event.t as f32 - self.time_window as f32).max(0.0),
            };
            while is_sorted && group[oldest].t < limit && oldest < index {
                oldest += 1;
            }
            let along = |from: u16, to: u16| (usize::from(to) + radius).wrapping_sub(from.into());
            let mut near = 0;
            for earlier in &group[oldest..index] {
                // Without a branch, which is hard to predict: what is not near is overwritten.
                let (row, column) = (along(event.y, earlier.y), along(event.x, earlier.x));
                places[near] = row.wrapping_mul(size).wrapping_add(column);
                weights[near] = (event.t - earlier.t) as f32;
                near += usize::from((row < size) & (column < size) & (earlier.t >= limit));
            }
            self.weigh(&mut weights[..near]);
            if in_row {
                weights[near] = 1.0;
                sums.push(sum_in_row(&weights[..=near]));
                continue;
            }
            surface.fill(0.0);
            for (place, weight) in places[..near].iter().zip(&weights) {
                surface[*place] += weight;
            }
            surface[radius * size + radius] += 1.0;
            mean.iter_mut().zip(&surface).for_each(|(mean, value)| *mean += value);
        }
        if in_row {
            mean[0] = sum_in_row(&sums);
        }
        let events = group.len().max(1) as f32;
        mean.iter_mut().for_each(|mean| *mean /= events);
    }

    /// From ages to weights.
    fn weigh(&self, ages: &mut [f32]) {
        let scale = match self.decay {
            Decay::Exponential => self.tau as f32,
            Decay::Linear => (3.0 * self.tau) as f32,
        };
        ages.iter_mut().for_each(|age| *age = -*age / scale);
        match (self.decay, self.policy) {
            (Decay::Exponential, _) => exp_f32(ages),
            (Decay::Linear, Policy::Strict) => {
                ages.iter_mut().for_each(|age| *age = (1.0 + *age).max(0.0));
            }
            (Decay::Linear, Policy::Tonic) => ages.iter_mut().for_each(|age| *age += 1.0),
        }
    }
}

/// The sum of NumPy: of two halves, or of up to 128 values by eight.
fn sum_in_row(values: &[f32]) -> f32 {
    if values.len() > 128 {
        let (first, second) = values.split_at(values.len() / 16 * 8);
        return sum_in_row(first) + sum_in_row(second);
    }
    let (eights, rest) = values.as_chunks::<8>();
    let mut sums = [0f32; 8];
    for eight in eights {
        sums.iter_mut().zip(eight).for_each(|(sum, value)| *sum += value);
    }
    let [a, b, c, d, e, f, g, h] = sums;
    rest.iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, value| sum + value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::SensorSize;

    const LINEAR: ToAveragedTimesurface = ToAveragedTimesurface {
        surface_size: 3,
        cell_size: 2,
        time_window: 10.0,
        tau: 2.0,
        decay: Decay::Linear,
        policy: Policy::Strict,
    };

    fn events(t: Vec<i64>, x: Vec<u16>) -> Events {
        let n = t.len();
        Events::new(t, x, vec![0; n], vec![false; n], SensorSize::new(3, 1)).unwrap()
    }

    #[test]
    fn earlier_events_of_the_cell_are_on_the_surface() {
        let surfaces = LINEAR.apply(&events(vec![0, 3, 3], vec![0, 1, 2])).unwrap();
        assert_eq!(surfaces.shape, [2, 2, 3, 3]);
        // The second event has the first on its left, three of six µs old; the third is in another
        // cell.
        assert_eq!(surfaces.frame(0)[3..6], [0.25, 1.0, 0.0]);
        assert_eq!(surfaces.frame(1)[3..6], [0.0, 1.0, 0.0]);
        assert_eq!(surfaces.values.iter().sum::<f32>(), 2.25);
    }

    #[test]
    fn weights_are_positive_under_strict_only() {
        let old = events(vec![0, 9], vec![0, 0]);
        let middle = |surfaces: &ToAveragedTimesurface| surfaces.apply(&old).unwrap().frame(0)[4];
        assert_eq!(middle(&LINEAR), 1.0);
        let tonic = ToAveragedTimesurface { policy: Policy::Tonic, cell_size: 3, ..LINEAR };
        assert_eq!(middle(&tonic), (2.0 - 0.5) / 2.0);
        // Out of the window.
        let window = ToAveragedTimesurface { time_window: 8.0, ..tonic };
        assert_eq!(middle(&window), 1.0);
    }

    #[test]
    fn tonic_takes_events_as_they_come() {
        let back = events(vec![5, 9, 2], vec![0, 0, 0]);
        assert_eq!(LINEAR.apply(&back).unwrap_err(), FrameError::Unsorted);
        let tonic = ToAveragedTimesurface { policy: Policy::Tonic, cell_size: 3, ..LINEAR };
        let middle = |tonic: &ToAveragedTimesurface| tonic.apply(&back).unwrap().frame(0)[4];
        // 1; 1 + (1 - 4/6); 1 + (1 + 3/6) + (1 + 7/6).
        assert!((middle(&tonic) - (1.0 + 4.0 / 3.0 + 14.0 / 3.0) / 3.0).abs() < 1e-6);
        // The second event is too late for the first one.
        let short = ToAveragedTimesurface { time_window: 3.0, ..tonic };
        assert!((middle(&short) - (1.0 + 1.0 + 14.0 / 3.0) / 3.0).abs() < 1e-6);
    }

    #[test]
    fn late_times_keep_their_microseconds_under_strict_only() {
        // Beyond 2²⁴ µs an f32 has even numbers only.
        let t = 1 << 24;
        let late = events(vec![t, t + 1], vec![0, 0]);
        let middle = |surfaces: &ToAveragedTimesurface| surfaces.apply(&late).unwrap().frame(0)[4];
        let exponential = ToAveragedTimesurface { decay: Decay::Exponential, ..LINEAR };
        assert!((middle(&exponential) - (2.0 + (-0.5f32).exp()) / 2.0).abs() < 1e-6);
        let tonic = ToAveragedTimesurface { policy: Policy::Tonic, cell_size: 3, ..exponential };
        assert_eq!(middle(&tonic), 1.5);
    }

    #[test]
    fn a_row_is_summed_as_numpy_does() {
        // 1 is lost if it is added to 2²⁴, and not if it is added to another 1 before.
        let large = (1u32 << 24) as f32;
        let [mut few, mut many] = [vec![1.0; 7], vec![1.0; 8]];
        (few[0], many[0]) = (large, large);
        assert_eq!(sum_in_row(&few), large);
        assert_eq!(sum_in_row(&many), large + 6.0);
        // The first half of 129 values is 64 of them, by eight: seven ones are lost.
        let row: Vec<f32> = [large].into_iter().chain(vec![1.0; 128]).collect();
        assert_eq!(sum_in_row(&row), large + 56.0 + 65.0);
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        let one = events(vec![0], vec![0]);
        for (surfaces, problem) in [
            (
                ToAveragedTimesurface { surface_size: 4, ..LINEAR },
                "surfaces of 4 pixels, which have no middle",
            ),
            (ToAveragedTimesurface { cell_size: 0, ..LINEAR }, "cells of no pixels"),
            (ToAveragedTimesurface { time_window: 0.0, ..LINEAR }, "a time window of 0 µs"),
            (ToAveragedTimesurface { tau: f64::NAN, ..LINEAR }, "a time constant of NaN µs"),
        ] {
            assert_eq!(surfaces.apply(&one).unwrap_err().to_string(), problem);
        }
        let tonic = ToAveragedTimesurface { policy: Policy::Tonic, ..LINEAR };
        let error = tonic.apply(&one).unwrap_err().to_string();
        assert_eq!(error, "surfaces of 3 pixels for cells of 2");
        let none = Events::empty(SensorSize::new(3, 1));
        assert_eq!(LINEAR.apply(&none).unwrap().values, [0.0; 36]);
    }
}

//! Smaller recordings of a camera with larger pixels.

use serde::{Deserialize, Serialize};

use super::TransformError;
use super::columns::{Scale, on_sensor, time_range};
use super::error::{Rule, check_sorted};
use crate::events::{Columns, Event, Events, SensorSize};
use crate::policy::Policy;

/// When a pixel of [`EventDownsampling`] has an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownsamplingMethod {
    /// When it reaches the threshold.
    Integrator,
    /// When, in a window, it reaches the threshold in more of its parts than in the window before.
    Differentiator {
        /// Parts of a window, at least 1.
        time_bins: u32,
    },
}

/// What a camera with fewer, larger pixels would have seen: pixels that add up brighter and darker events
/// from window to window, and emit one when they reach a threshold.
///
/// Gruel et al., *Event data downscaling for embedded computer vision*, 2022. At the end of each window
/// (integrator) or part of a window (differentiator) the sum of a pixel, +1 for brighter and -1 for darker,
/// is compared with the threshold, and starts again from 0 if it has reached it on either side. Events
/// have the time at which the window begins; in the differentiator, that of the window before. In a window
/// the integrator emits the brighter events first, row by row, and the differentiator row by row, darker
/// before brighter.
///
/// [`Policy::Tonic`]: times count from the first event, and the events after the last whole window are
/// dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventDownsampling {
    /// Width and height of the new sensor.
    pub target_size: [u16; 2],
    /// When there is an event.
    pub downsampling_method: DownsamplingMethod,
    /// Length of a window, in µs (Tonic: ms).
    pub dt: f64,
    /// Sum that makes an event, at least 1.
    pub noise_threshold: u32,
    /// Whose rules.
    #[serde(default)]
    pub policy: Policy,
}

const DT: Rule = Rule {
    transform: "EventDownsampling",
    parameter: "dt",
    expected: "a finite time above 0",
    holds: |dt| dt > 0.0 && dt < f64::INFINITY,
};
const THRESHOLD: Rule = Rule {
    parameter: "noise_threshold",
    expected: "at least 1, or pixels without events would have some",
    holds: |threshold| threshold >= 1.0,
    ..DT
};
const TIME_BINS: Rule =
    Rule { parameter: "time_bins", expected: "at least 1", holds: |bins| bins >= 1.0, ..DT };

impl EventDownsampling {
    /// The events of the new sensor.
    ///
    /// # Errors
    ///
    /// `dt` is not finite or not more than 0; the threshold, the number of parts or the target size is 0;
    /// the events are not sorted by time.
    pub fn apply(&self, events: &Events) -> Result<Events, TransformError> {
        DT.check(self.dt)?;
        THRESHOLD.check(self.noise_threshold.into())?;
        check_sorted(events, "EventDownsampling")?;
        let scale = Scale::to(self.target_size, events.sensor(), "EventDownsampling")?;
        let mut columns = Columns::default();
        if let Some([first, _]) = time_range(events) {
            let start = match self.policy {
                Policy::Strict => first,
                Policy::Tonic => 0,
            };
            match self.downsampling_method {
                DownsamplingMethod::Integrator => {
                    self.integrate(events, scale, start, &mut columns)
                }
                DownsamplingMethod::Differentiator { time_bins } => {
                    TIME_BINS.check(time_bins.into())?;
                    self.differentiate(events, scale, start, time_bins, &mut columns);
                }
            }
        }
        let [width, height] = self.target_size.map(u32::from);
        Ok(on_sensor(columns, SensorSize { width, height, ..events.sensor() }))
    }

    fn integrate(&self, events: &Events, scale: Scale, start: i64, columns: &mut Columns) {
        self.windows(events, scale, self.dt, |window, reached, sums| {
            let t = start.saturating_add((window as f64 * self.dt) as i64);
            for p in [true, false] {
                let pixels = reached.iter().filter(|pixel| (sums[**pixel] > 0) == p);
                pixels.for_each(|pixel| columns.push(self.event(*pixel, p, t)));
            }
        });
    }

    fn differentiate(
        &self,
        events: &Events,
        scale: Scale,
        start: i64,
        time_bins: u32,
        columns: &mut Columns,
    ) {
        // The parts of this window and of the last in which a pixel was darker and brighter.
        let pixels = usize::from(self.target_size[0]) * usize::from(self.target_size[1]);
        let (mut last, mut this) = (Parts::new(pixels), Parts::new(pixels));
        let mut emit = |last: &Parts, this: &mut Parts| {
            // In the first window nothing can have become more.
            let Some(before) = this.window.checked_sub(1) else { return };
            let t = start.saturating_add((before as f64 * self.dt) as i64);
            this.pixels.sort_unstable();
            for pixel in &this.pixels {
                let [was, is] = [last, &*this].map(|parts| parts.counts[*pixel]);
                for p in [false, true] {
                    if is[usize::from(p)] > was[usize::from(p)] {
                        columns.push(self.event(*pixel, p, t));
                    }
                }
            }
        };
        let bins = f64::from(time_bins);
        let length = match self.policy {
            Policy::Strict => self.dt / bins,
            // In ms, so that a part begins at Tonic's time to the last digit.
            Policy::Tonic => self.dt / 1000.0 / bins * 1000.0,
        };
        self.windows(events, scale, length, |part, reached, sums| {
            let window = match self.policy {
                Policy::Strict => part / u64::from(time_bins),
                // Where this is not whole, the last part of a window may be the first of the next.
                Policy::Tonic => {
                    let time = part as f64 * length;
                    ((time - time % self.dt) / self.dt).round() as u64
                }
            };
            if window > this.window {
                emit(&last, &mut this);
                last.clear();
                if window == this.window + 1 {
                    std::mem::swap(&mut last, &mut this);
                } else {
                    this.clear();
                }
                this.window = window;
            }
            reached.iter().for_each(|pixel| this.add(*pixel, sums[*pixel] > 0));
        });
        emit(&last, &mut this);
    }

    /// Adds up the events of each window of a length, in µs, and calls `spike` with its number, the pixels
    /// that have reached the threshold, row by row, and the sums of all pixels.
    fn windows(
        &self,
        events: &Events,
        scale: Scale,
        length: f64,
        mut spike: impl FnMut(u64, &[usize], &[i32]),
    ) {
        let [first, last] = time_range(events).unwrap_or_default();
        let number = |t: i64| (t.abs_diff(first) as f64 / length) as u64;
        // The last window is whole only if an event comes at its end or after.
        let end = match self.policy {
            Policy::Strict => u64::MAX,
            Policy::Tonic => number(last).max(1),
        };
        let [width, height] = self.target_size.map(usize::from);
        let mut sums = vec![0_i32; width * height];
        // Only pixels with events can reach the threshold, all others were below it before.
        let mut pixels = Vec::new();
        let mut last_window = vec![u64::MAX; width * height];
        let mut remaining = events.clone();
        while let Some(window) = remaining.t().first().map(|t| number(*t)).filter(|n| *n < end) {
            let count = remaining.t().partition_point(|t| number(*t) == window);
            for event in remaining.slice(0..count).iter() {
                let [x, y] = scale.place([event.x, event.y]).map(usize::from);
                let pixel = y * width + x;
                sums[pixel] += if event.p { 1 } else { -1 };
                if last_window[pixel] != window {
                    last_window[pixel] = window;
                    pixels.push(pixel);
                }
            }
            remaining = remaining.slice(count..remaining.len());
            pixels.retain(|pixel| sums[*pixel].unsigned_abs() >= self.noise_threshold);
            pixels.sort_unstable();
            if !pixels.is_empty() {
                spike(window, &pixels, &sums);
            }
            pixels.drain(..).for_each(|pixel| sums[pixel] = 0);
        }
    }

    fn event(&self, pixel: usize, p: bool, t: i64) -> Event {
        let width = usize::from(self.target_size[0]);
        Event { t, x: (pixel % width) as u16, y: (pixel / width) as u16, p }
    }
}

/// In how many parts of a window pixels were darker and brighter.
struct Parts {
    window: u64,
    counts: Vec<[u32; 2]>,
    /// Those with a count.
    pixels: Vec<usize>,
}

impl Parts {
    fn new(pixels: usize) -> Self {
        Self { window: 0, counts: vec![[0; 2]; pixels], pixels: Vec::new() }
    }

    fn add(&mut self, pixel: usize, p: bool) {
        if self.counts[pixel] == [0; 2] {
            self.pixels.push(pixel);
        }
        self.counts[pixel][usize::from(p)] += 1;
    }

    fn clear(&mut self) {
        self.pixels.drain(..).for_each(|pixel| self.counts[pixel] = [0; 2]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::columns::testing::any_events;
    use super::*;

    fn recording(size: [u32; 2], events: &[(u16, u16, i64, bool)]) -> Events {
        let columns = events.iter().map(|&(x, y, t, p)| Event { t, x, y, p }).collect();
        Events::from_columns(columns, SensorSize::new(size[0], size[1])).unwrap()
    }

    fn apply(config: &EventDownsampling, events: &Events) -> Vec<(u16, u16, i64, bool)> {
        config.apply(events).unwrap().iter().map(|e| (e.x, e.y, e.t, e.p)).collect()
    }

    fn config(policy: Policy) -> EventDownsampling {
        EventDownsampling {
            target_size: [2, 2],
            downsampling_method: DownsamplingMethod::Integrator,
            dt: 10.0,
            noise_threshold: 2,
            policy,
        }
    }

    #[test]
    fn integrator() {
        let events = [
            (0, 0, 100, true),
            (1, 1, 105, true),
            (2, 0, 107, false),
            (3, 1, 112, false),
            (0, 2, 115, true),
            (1, 3, 131, true),
        ];
        let events = recording([4, 4], &events);
        let strict = [(0, 0, 100, true), (1, 0, 110, false), (0, 1, 130, true)];
        assert_eq!(apply(&config(Policy::Strict), &events), strict);
        // The window from 30 on is not over.
        assert_eq!(apply(&config(Policy::Tonic), &events), [(0, 0, 0, true), (1, 0, 10, false)]);
    }

    #[test]
    fn differentiator() {
        let events = [(0, true), (20, true), (30, true), (50, false), (100, true)];
        let events = events.map(|(t, p)| (0, 0, t, p));
        let events = recording([1, 1], &events);
        let strict = EventDownsampling {
            target_size: [1, 1],
            downsampling_method: DownsamplingMethod::Differentiator { time_bins: 2 },
            dt: 20.0,
            noise_threshold: 1,
            policy: Policy::Strict,
        };
        let expected = [(0, 0, 0, true), (0, 0, 20, false), (0, 0, 80, true)];
        assert_eq!(apply(&strict, &events), expected);
        let tonic = EventDownsampling { policy: Policy::Tonic, ..strict };
        assert_eq!(apply(&tonic, &events), expected[..2]);
    }

    #[test]
    fn what_is_refused() {
        let events = recording([4, 4], &[(0, 0, 5, true), (0, 0, 4, true)]);
        let error = |config: EventDownsampling| config.apply(&events).unwrap_err().to_string();
        let strict = config(Policy::Strict);
        assert!(error(strict.clone()).contains("not sorted"));
        assert!(error(EventDownsampling { dt: 0.0, ..strict.clone() }).contains("dt: expected"));
        let none = EventDownsampling { noise_threshold: 0, ..strict.clone() };
        assert!(error(none).contains("noise_threshold: expected at least 1"));
        let none = EventDownsampling { target_size: [0, 2], ..strict };
        assert!(none.apply(&Events::empty(SensorSize::new(4, 4))).is_err());
    }

    /// Frame by frame, with all pixels of all windows.
    fn naive(config: &EventDownsampling, events: &Events, bins: u64) -> Vec<(u16, u16, i64, bool)> {
        let (Some(first), Some(last)) = (events.t().first(), events.t().last()) else {
            return Vec::new();
        };
        let strict = config.policy == Policy::Strict;
        let length = config.dt / bins as f64;
        let part = |t: i64| ((t - first) as f64 / length) as u64;
        let parts = if strict { part(*last) + 1 } else { part(*last).max(1) };
        let start = if strict { *first } else { 0 };
        let threshold = config.noise_threshold as i32;
        let [w, h] = config.target_size;
        let pixels = || (0..h).flat_map(move |y| (0..w).map(move |x| (x, y)));
        let mut sums = vec![vec![0; w.into()]; h.into()];
        let mut seen = Vec::new();
        for n in 0..parts {
            for e in events.iter().filter(|e| part(e.t) == n) {
                let x = u32::from(e.x) * u32::from(w) / events.sensor().width;
                let y = u32::from(e.y) * u32::from(h) / events.sensor().height;
                sums[y as usize][x as usize] += if e.p { 1 } else { -1 };
            }
            for p in [true, false] {
                for (x, y) in pixels() {
                    let sum: &mut i32 = &mut sums[usize::from(y)][usize::from(x)];
                    if *sum * (if p { 1 } else { -1 }) >= threshold {
                        *sum = 0;
                        seen.push((n, x, y, p));
                    }
                }
            }
        }
        if config.downsampling_method == DownsamplingMethod::Integrator {
            let time = |n: u64| start + (n as f64 * config.dt) as i64;
            return seen.into_iter().map(|(n, x, y, p)| (x, y, time(n), p)).collect();
        }
        let count = |window: u64, x, y, p| {
            seen.iter().filter(|s| s.0 / bins == window && (s.1, s.2, s.3) == (x, y, p)).count()
        };
        let mut emitted = Vec::new();
        for window in 1..=parts / bins {
            for ((x, y), p) in pixels().flat_map(|pixel| [(pixel, false), (pixel, true)]) {
                if count(window, x, y, p) > count(window - 1, x, y, p) {
                    let t = start + ((window - 1) as f64 * config.dt) as i64;
                    emitted.push((x, y, t, p));
                }
            }
        }
        emitted
    }

    proptest! {
        #[test]
        fn windows_are_those_of_dense_frames(
            events in any_events(),
            dt in 1..15_u32,
            noise_threshold in 1..4_u32,
            // Tonic's parts of a window begin at times that are not those of whole numbers.
            (bins, policy) in (0..4_u32).prop_flat_map(|bins| {
                let tonic = if bins == 0 { Policy::Tonic } else { Policy::Strict };
                (Just(bins), prop::sample::select(vec![Policy::Strict, tonic]))
            }),
        ) {
            let downsampling_method = match bins {
                0 => DownsamplingMethod::Integrator,
                time_bins => DownsamplingMethod::Differentiator { time_bins },
            };
            let config = EventDownsampling {
                target_size: [3, 2],
                downsampling_method,
                dt: dt.into(),
                noise_threshold,
                policy,
            };
            prop_assert_eq!(apply(&config, &events), naive(&config, &events, bins.max(1).into()));
        }
    }
}

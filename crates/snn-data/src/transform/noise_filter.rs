//! Filters against noise: events without support, events too close in time, and every `n`-th event.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::columns::{Pixels, extent, keep};
use super::error::{Rule, check_sorted};
use super::{Amount, TransformError};
use crate::events::{Event, Events};
use crate::policy::Policy;

/// Keeps events that an earlier one supports: one of the pixels to the left, to the right, above or
/// below has had an event less than `filter_time` before.
///
/// The background activity filter of Delbruck, *Frame-free dynamic digital vision*, 2008, with the
/// four nearest pixels. Events of the pixel itself do not count, nor does polarity. The first of two
/// events that support each other is dropped.
///
/// [`Policy::Tonic`]: pixels are as if each had had an event at time 0, so that an event before
/// `filter_time` is kept if it has a neighbour among the columns and rows up to the last ones with an
/// event. Events are taken in the order they come.
///
/// ```
/// use snn_data::events::{Events, SensorSize};
/// use snn_data::transform::Denoise;
///
/// let sensor = SensorSize::new(8, 8);
/// let events = Events::new(vec![10, 20, 30], vec![1, 6, 1], vec![1, 6, 2], vec![true; 3], sensor)?;
/// assert_eq!(Denoise::new(1000).apply(&events)?.t(), [30]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denoise {
    /// How long an event supports its neighbours, in µs; the end of it is not part. With 0 or less, no
    /// event is kept.
    pub filter_time: i64,
    /// Whose rules.
    #[serde(default)]
    pub policy: Policy,
}

impl Denoise {
    /// With strict rules.
    pub fn new(filter_time: i64) -> Self {
        Self { filter_time, policy: Policy::Strict }
    }

    /// The events with support.
    ///
    /// # Errors
    ///
    /// The events are not sorted by time (strict), or on more than 2²⁸ pixels.
    pub fn apply(&self, events: &Events) -> Result<Events, TransformError> {
        let at_first = match self.policy {
            Policy::Strict => {
                check_sorted(events, "Denoise")?;
                i64::MIN
            }
            Policy::Tonic => self.filter_time,
        };
        // Until when each pixel supports its neighbours. A border of one pixel, that never does, gives
        // four neighbours to every pixel.
        let [width, height] = extent(events, "Denoise")?;
        let pitch = width + 2;
        let mut until = vec![i64::MIN; pitch * (height + 2)];
        for row in until.chunks_exact_mut(pitch).skip(1).take(height) {
            row[1..=width].fill(at_first);
        }
        let filter_time = self.filter_time;
        Ok(keep(events, move |Event { t, x, y, .. }| {
            let above = usize::from(y) * pitch + usize::from(x) + 1;
            let around = &mut until[above..=above + 2 * pitch];
            around[pitch] = t.saturating_add(filter_time);
            let row = (around[pitch - 1] > t) | (around[pitch + 1] > t);
            let column = (around[0] > t) | (around[2 * pitch] > t);
            row | column
        }))
    }
}

/// Keeps an event if the last one of its pixel, kept or not, was more than `delta` before.
///
/// Polarity does not count.
///
/// [`Policy::Tonic`]: pixels are as if each had had an event at `-delta`, so that a first event at time
/// 0 or before is dropped. Events are taken in the order they come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefractoryPeriod {
    /// Refractory period, in µs; a part of a µs is left out.
    pub delta: Amount,
    /// Whose rules.
    #[serde(default)]
    pub policy: Policy,
}

impl RefractoryPeriod {
    /// With strict rules.
    pub fn new(delta: impl Into<Amount>) -> Self {
        Self { delta: delta.into(), policy: Policy::Strict }
    }

    /// The events that come late enough. Draws from `rng` only if `delta` is a range.
    ///
    /// # Errors
    ///
    /// The period is not finite, or negative; the events are not sorted by time (strict), or on more
    /// than 2²⁸ pixels.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        const DELTA: Rule = Rule {
            transform: "RefractoryPeriod",
            parameter: "delta",
            expected: "a time of 0 or more",
            holds: |delta| (0.0..f64::INFINITY).contains(&delta),
        };
        let delta = self.delta.draw_checked(DELTA, rng)? as i64;
        let first_ready = match self.policy {
            Policy::Strict => {
                check_sorted(events, "RefractoryPeriod")?;
                i64::MIN
            }
            Policy::Tonic => 1,
        };
        let mut ready_at = Pixels::filled(events, first_ready, "RefractoryPeriod")?;
        Ok(keep(events, move |event| {
            let ready_at = ready_at.of(event);
            let is_kept = event.t >= *ready_at;
            *ready_at = event.t.saturating_add(delta).saturating_add(1);
            is_kept
        }))
    }
}

/// Keeps every `n`-th event of each pixel: the `n`-th, the `2n`-th, and so on.
///
/// Polarity does not count, and time neither.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decimation {
    /// One event of how many, at least 1.
    pub n: u32,
}

impl Decimation {
    /// Every `n`-th event of each pixel.
    ///
    /// # Errors
    ///
    /// `n` is 0; the events are on more than 2²⁸ pixels.
    pub fn apply(&self, events: &Events) -> Result<Events, TransformError> {
        const N: Rule = Rule {
            transform: "Decimation",
            parameter: "n",
            expected: "at least 1",
            holds: |n| n >= 1.0,
        };
        let n = self.n;
        N.check(n.into())?;
        let mut count = Pixels::filled(events, 0, "Decimation")?;
        Ok(keep(events, move |event| {
            let count = count.of(event);
            *count += 1;
            let is_kept = *count == n;
            *count = if is_kept { 0 } else { *count };
            is_kept
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::columns::testing::{any_events, events, pixels, rng, times};
    use super::*;

    fn tonic(filter_time: i64) -> Denoise {
        Denoise { policy: Policy::Tonic, ..Denoise::new(filter_time) }
    }

    #[test]
    fn denoise_vectors_of_tonic() {
        let late = [(0, 0, 20000), (1, 1, 20001), (0, 1, 20002), (3, 3, 20003), (3, 3, 20004)];
        let late = events([16, 16], &late);
        let pair = events([16, 16], &[(0, 0, 0), (1, 0, 10000), (0, 0, 20000)]);
        let apart = events([16, 16], &[(3, 3, 0), (9, 9, 9999), (1, 1, 10000)]);
        assert_eq!(times(&tonic(10000).apply(&late).unwrap()), [20002]);
        assert_eq!(times(&tonic(10000).apply(&pair).unwrap()), [0]);
        assert_eq!(times(&tonic(10000).apply(&apart).unwrap()), [0, 9999]);
        // Without the events that no event supports.
        assert_eq!(times(&Denoise::new(10000).apply(&late).unwrap()), [20002]);
        assert!(Denoise::new(10000).apply(&pair).unwrap().is_empty());
        assert!(Denoise::new(10000).apply(&apart).unwrap().is_empty());
        assert_eq!(times(&Denoise::new(10001).apply(&pair).unwrap()), [10000, 20000]);
    }

    #[test]
    fn a_single_pixel_has_no_neighbour_at_all() {
        let alone = events([1, 1], &[(0, 0, 1), (0, 0, 2)]);
        assert!(tonic(10).apply(&alone).unwrap().is_empty());
        assert!(Denoise::new(10).apply(&alone).unwrap().is_empty());
    }

    #[test]
    fn a_corner_is_supported_from_its_two_sides_only() {
        let corners = [(2, 1, 0), (0, 0, 1), (0, 1, 2), (2, 0, 3), (0, 1, 4)];
        let corners = events([3, 2], &corners);
        // (0, 1) by (0, 0), (2, 0) by (2, 1).
        assert_eq!(times(&Denoise::new(100).apply(&corners).unwrap()), [2, 3, 4]);
        // The end of a row is no neighbour of the beginning of the next.
        let rows = events([3, 2], &[(2, 0, 0), (0, 1, 1), (2, 0, 2)]);
        assert!(Denoise::new(100).apply(&rows).unwrap().is_empty());
    }

    #[test]
    fn refractory_period_starts_anew_with_every_event() {
        let events = events([4, 4], &[(0, 0, 0), (0, 0, 5), (0, 0, 11), (1, 0, 11), (0, 0, 16)]);
        let strict = RefractoryPeriod::new(5).apply(&events, &mut rng(0)).unwrap();
        assert_eq!(times(&strict), [0, 11, 11]);
        let tonic = RefractoryPeriod { policy: Policy::Tonic, ..RefractoryPeriod::new(5) };
        assert_eq!(times(&tonic.apply(&events, &mut rng(0)).unwrap()), [11, 11]);
    }

    #[test]
    fn a_drawn_refractory_period_is_in_its_range() {
        let events = events([1, 1], &[(0, 0, 0), (0, 0, 3), (0, 0, 9)]);
        let drawn = |seed| {
            let period = RefractoryPeriod::new([0.0, 6.0]);
            period.apply(&events, &mut rng(seed)).unwrap().len()
        };
        // Below 3 all three are kept, from 3 on two.
        let counts: Vec<usize> = (0..40).map(drawn).collect();
        assert!(counts.contains(&2) && counts.contains(&3) && !counts.contains(&1));
        assert_eq!(drawn(7), drawn(7));
    }

    #[test]
    fn decimation_counts_each_pixel() {
        let events = events([4, 4], &[(0, 0, 0), (1, 1, 1), (0, 0, 2), (0, 0, 3), (0, 0, 4)]);
        assert_eq!(times(&Decimation { n: 2 }.apply(&events).unwrap()), [2, 4]);
        assert_eq!(Decimation { n: 1 }.apply(&events).unwrap(), events);
        let error = Decimation { n: 0 }.apply(&events).unwrap_err();
        assert_eq!(error.to_string(), "Decimation: n: expected at least 1, got 0");
    }

    #[test]
    fn strict_filters_refuse_unsorted_events() {
        let unsorted = events([4, 4], &[(0, 0, 5), (1, 0, 4)]);
        let error = Denoise::new(10).apply(&unsorted).unwrap_err();
        assert_eq!(error, TransformError::Unsorted { transform: "Denoise" });
        assert!(RefractoryPeriod::new(1).apply(&unsorted, &mut rng(0)).is_err());
        assert_eq!(pixels(&tonic(2).apply(&unsorted).unwrap()), [(1, 0)]);
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let extreme = events([2, 1], &[(0, 0, i64::MIN), (1, 0, i64::MAX), (0, 0, i64::MAX)]);
        assert_eq!(Denoise::new(10).apply(&extreme).unwrap().len(), 0);
        let kept = RefractoryPeriod::new(10).apply(&extreme, &mut rng(0)).unwrap();
        assert_eq!(kept.len(), 3);
    }

    /// By going through all earlier events.
    fn has_support(all: &[Event], n: usize, filter_time: i64, policy: Policy) -> bool {
        let Event { t, x, y, .. } = all[n];
        let [w, h] = [all.iter().map(|e| e.x).max(), all.iter().map(|e| e.y).max()];
        [(-1, 0), (1, 0), (0, -1), (0, 1)].iter().any(|(dx, dy)| {
            let [nx, ny] = [i32::from(x) + dx, i32::from(y) + dy];
            let is_there = |e: &&Event| (i32::from(e.x), i32::from(e.y)) == (nx, ny);
            match all[..n].iter().rev().find(is_there) {
                Some(last) => t - last.t < filter_time,
                None => {
                    let inside = (0..=i32::from(w.unwrap())).contains(&nx)
                        && (0..=i32::from(h.unwrap())).contains(&ny);
                    policy == Policy::Tonic && inside && t < filter_time
                }
            }
        })
    }

    proptest! {
        #[test]
        fn denoise_is_the_naive_search(
            events in any_events(),
            filter_time in -1..20_i64,
            policy in prop::sample::select(vec![Policy::Strict, Policy::Tonic]),
        ) {
            let all: Vec<Event> = events.iter().collect();
            let kept = (0..all.len()).filter(|n| has_support(&all, *n, filter_time, policy));
            let expected: Vec<Event> = kept.map(|n| all[n]).collect();
            let denoised = Denoise { filter_time, policy }.apply(&events).unwrap();
            prop_assert_eq!(denoised.iter().collect::<Vec<_>>(), expected);
        }

        #[test]
        fn refractory_period_is_the_naive_search(events in any_events(), delta in 0..20_i32) {
            let all: Vec<Event> = events.iter().collect();
            let last = |n: usize| {
                all[..n].iter().rev().find(|e| (e.x, e.y) == (all[n].x, all[n].y)).map(|e| e.t)
            };
            let late = |n: &usize| last(*n).is_none_or(|last| all[*n].t - last > i64::from(delta));
            let expected: Vec<Event> = (0..all.len()).filter(late).map(|n| all[n]).collect();
            let kept = RefractoryPeriod::new(delta).apply(&events, &mut rng(0)).unwrap();
            prop_assert_eq!(kept.iter().collect::<Vec<_>>(), expected);
        }

        #[test]
        fn decimation_leaves_one_in_n(events in any_events(), n in 1..5_u32) {
            let kept = Decimation { n }.apply(&events).unwrap();
            let count = |of: &Events, x, y| of.iter().filter(|e| (e.x, e.y) == (x, y)).count();
            for (x, y) in (0..8).flat_map(|x| (0..6).map(move |y| (x, y))) {
                prop_assert_eq!(count(&kept, x, y), count(&events, x, y) / n as usize);
            }
        }
    }
}

//! Filters of whole pixels.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::TransformError;
use super::columns::{Pixels, keep, time_range};
use super::error::Rule;
use crate::events::Events;

/// Drops all events of some pixels: of a list of them, and of those that are hot.
///
/// Polarity does not count. Tonic leaves the list out if there is a frequency too.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropPixel {
    /// Pixels, as column and row.
    #[serde(default)]
    pub coordinates: Vec<[u16; 2]>,
    /// Mean rate above which a pixel is hot, in Hz, over the time from the earliest to the latest event.
    #[serde(default)]
    pub hot_pixel_frequency: Option<f64>,
}

impl DropPixel {
    /// The events of the other pixels.
    ///
    /// # Errors
    ///
    /// The frequency is negative or not a number; the events are on more than 2²⁸ pixels.
    pub fn apply(&self, events: &Events) -> Result<Events, TransformError> {
        const FREQUENCY: Rule = Rule {
            transform: "DropPixel",
            parameter: "hot_pixel_frequency",
            expected: "a frequency of 0 or more",
            holds: |frequency| frequency >= 0.0,
        };
        let mut is_dropped = Pixels::filled(events, false, "DropPixel")?;
        for pixel in &self.coordinates {
            if let Some(is_dropped) = is_dropped.get_mut(*pixel) {
                *is_dropped = true;
            }
        }
        if let Some(frequency) = self.hot_pixel_frequency {
            let frequency = FREQUENCY.check(frequency)?;
            let mut counts = Pixels::filled(events, 0_u32, "DropPixel")?;
            for event in events.iter() {
                *counts.of(event) += 1;
            }
            let duration = time_range(events).map_or(0, |[first, last]| last.abs_diff(first));
            let limit = frequency * duration as f64 * 1e-6;
            for (is_dropped, count) in is_dropped.values.iter_mut().zip(&counts.values) {
                *is_dropped |= f64::from(*count) > limit;
            }
        }
        if !is_dropped.values.contains(&true) {
            return Ok(events.clone());
        }
        Ok(keep(events, move |event| !*is_dropped.of(event)))
    }
}

/// Drops all events of some pixels, each with a probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomDropPixel {
    /// Probability, for a pixel.
    pub p: f64,
}

impl RandomDropPixel {
    /// The events of the other pixels.
    ///
    /// # Errors
    ///
    /// `p` is no probability; the events are on more than 2²⁸ pixels.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        let p = Rule::probability("RandomDropPixel").check(self.p)?;
        let mut is_kept = Pixels::filled(events, true, "RandomDropPixel")?;
        is_kept.values.iter_mut().for_each(|is_kept| *is_kept = !rng.random_bool(p));
        Ok(keep(events, move |event| *is_kept.of(event)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::columns::testing::{any_events, events, pixels, regular, rng, times};
    use super::*;

    #[test]
    fn listed_pixels_are_dropped() {
        let events = events([9, 9], &[(0, 1, 0), (1, 0, 1), (2, 1, 2), (0, 1, 3)]);
        let drop = |coordinates| DropPixel { coordinates, ..Default::default() };
        // Of which two have no event, and one is not even on the sensor.
        let left = drop(vec![[0, 1], [3, 0], [0, 2], [40, 0]]).apply(&events).unwrap();
        assert_eq!(times(&left), [1, 2]);
        assert_eq!(drop(Vec::new()).apply(&events).unwrap(), events);
    }

    #[test]
    fn a_pixel_is_hot_above_its_frequency() {
        // In 2 s: 4 events are 2 Hz.
        let s = 1_000_000;
        let mut raw = vec![(0, 0, 0), (3, 1, 0), (3, 1, 10), (3, 1, 20), (3, 1, 30), (3, 1, 40)];
        raw.extend([(1, 2, s), (1, 2, s), (1, 2, s), (1, 2, 2 * s)]);
        let events = events([5, 4], &raw);
        let left = |frequency| {
            let drop = DropPixel { hot_pixel_frequency: Some(frequency), ..Default::default() };
            pixels(&drop.apply(&events).unwrap())
        };
        assert_eq!(left(2.0), [(0, 0), (1, 2), (1, 2), (1, 2), (1, 2)]);
        assert_eq!(left(1.9), [(0, 0)]);
        assert_eq!(left(2.5).len(), 10);
        let drop = DropPixel { hot_pixel_frequency: Some(-1.0), ..Default::default() };
        assert!(drop.apply(&events).is_err());
        let both = DropPixel { coordinates: vec![[0, 0]], hot_pixel_frequency: Some(1.9) };
        assert!(both.apply(&events).unwrap().is_empty());
    }

    #[test]
    fn a_share_of_the_pixels_is_dropped() {
        let events = regular([40, 25], 3000, 0);
        let drop = RandomDropPixel { p: 0.2 };
        let left = drop.apply(&events, &mut rng(1)).unwrap();
        // Each pixel has three events. 800 of 1000 pixels, with a standard deviation of 12.6.
        assert_eq!(left.len() % 3, 0);
        assert!((740..860).contains(&(left.len() / 3)));
        assert_eq!(left, drop.apply(&events, &mut rng(1)).unwrap());
        assert_ne!(left, drop.apply(&events, &mut rng(2)).unwrap());
        assert!(RandomDropPixel { p: 1.0 }.apply(&events, &mut rng(0)).unwrap().is_empty());
        assert_eq!(RandomDropPixel { p: 0.0 }.apply(&events, &mut rng(0)).unwrap(), events);
        assert!(RandomDropPixel { p: 2.0 }.apply(&events, &mut rng(0)).is_err());
    }

    proptest! {
        #[test]
        fn hot_pixels_are_those_counted(events in any_events(), frequency in 0.0..300_000.0_f64) {
            let all: Vec<_> = events.iter().collect();
            let duration = all.last().map_or(0, |last| last.t - all[0].t) as f64;
            let count = |x, y| all.iter().filter(|e| (e.x, e.y) == (x, y)).count() as f64;
            let limit = frequency * duration * 1e-6;
            let expected: Vec<_> =
                all.iter().copied().filter(|e| count(e.x, e.y) <= limit).collect();
            let drop = DropPixel { hot_pixel_frequency: Some(frequency), ..Default::default() };
            let left = drop.apply(&events).unwrap();
            prop_assert_eq!(left.iter().collect::<Vec<_>>(), expected);
        }
    }
}

//! Augmentation by leaving events out.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::columns::{keep, time_range};
use super::error::Rule;
use super::{Amount, TransformError};
use crate::events::{Event, Events};
use crate::policy::Policy;

/// Drops a share of the events, drawn without replacement: exactly `p` times their number, rounded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropEvent {
    /// Share of the events, in `[0, 1]`.
    pub p: Amount,
}

impl DropEvent {
    /// The other events, in their order.
    ///
    /// # Errors
    ///
    /// `p` is not in `[0, 1]`.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        let p = self.p.draw_checked(Rule::probability("DropEvent"), rng)?;
        let mut left = events.len() as u64;
        let mut to_drop = (p * left as f64 + 0.5) as u64;
        // Selection sampling (Knuth, The Art of Computer Programming, 3.4.2, algorithm S): one pass, and
        // every choice of events is as likely.
        Ok(keep(events, |_| {
            let is_dropped = rng.random_range(0..left) < to_drop;
            left -= 1;
            to_drop -= u64::from(is_dropped);
            !is_dropped
        }))
    }
}

/// Drops the events of a stretch of time that is drawn for each recording.
///
/// [`Policy::Tonic`]: the recording is as if it began at time 0, and the end of the stretch is part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropEventByTime {
    /// Length of the stretch, as a share of the recording, in `[0, 1)`.
    pub duration_ratio: Amount,
    /// Whose rules.
    #[serde(default)]
    pub policy: Policy,
}

impl DropEventByTime {
    /// With strict rules.
    pub fn new(duration_ratio: impl Into<Amount>) -> Self {
        Self { duration_ratio: duration_ratio.into(), policy: Policy::Strict }
    }

    /// The events outside of the stretch.
    ///
    /// # Errors
    ///
    /// The ratio is not in `[0, 1)`.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        const RATIO: Rule = Rule {
            transform: "DropEventByTime",
            parameter: "duration_ratio",
            expected: "a share in [0, 1)",
            holds: |ratio| (0.0..1.0).contains(&ratio),
        };
        let ratio = self.duration_ratio.draw_checked(RATIO, rng)?;
        let Some([first, last]) = time_range(events) else { return Ok(events.clone()) };
        let first = match self.policy {
            Policy::Strict => first as f64,
            Policy::Tonic => 0.0,
        };
        let duration = last as f64 - first;
        let length = duration * ratio;
        let start = first + (duration - length) * rng.random::<f64>();
        let end = start + length;
        Ok(match self.policy {
            Policy::Strict => keep(events, move |event| {
                let t = event.t as f64;
                (t < start) | (t >= end)
            }),
            Policy::Tonic => keep(events, move |event| {
                let t = event.t as f64;
                (t < start) | (t > end)
            }),
        })
    }
}

/// Drops the events of a rectangle that is drawn for each recording, of the shape of the sensor.
///
/// [`Policy::Tonic`]: the ratio is of width and of height, so that the rectangle has its square as its
/// share of the area; sides are cut to whole pixels instead of rounded; the last column and the last row
/// are never dropped; and a range `[a, b]` for the ratio means one of `[b, 1]`, or of `[0, 1]` if `a` is 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropEventByArea {
    /// Area of the rectangle, as a share of the sensor, in `[0, 1)`.
    pub area_ratio: Amount,
    /// Whose rules.
    #[serde(default)]
    pub policy: Policy,
}

impl DropEventByArea {
    /// With strict rules.
    pub fn new(area_ratio: impl Into<Amount>) -> Self {
        Self { area_ratio: area_ratio.into(), policy: Policy::Strict }
    }

    /// The events outside of the rectangle.
    ///
    /// # Errors
    ///
    /// The ratio is not in `[0, 1)`.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        const RATIO: Rule = Rule {
            transform: "DropEventByArea",
            parameter: "area_ratio",
            expected: "a share in [0, 1)",
            holds: |ratio| (0.0..1.0).contains(&ratio),
        };
        let ratio = self.area_ratio.draw_checked(RATIO, rng)?;
        if events.is_empty() {
            return Ok(events.clone());
        }
        let ratio = match (self.policy, self.area_ratio) {
            (Policy::Tonic, Amount::Uniform([low, high])) => {
                Amount::Uniform([if low == 0.0 { 0.0 } else { high }, 1.0]).draw(rng)
            }
            _ => ratio,
        };
        let mut side = |size: u32| {
            let scaled = match self.policy {
                Policy::Strict => (f64::from(size) * ratio.sqrt()).round() as u32,
                Policy::Tonic => (f64::from(size) * ratio) as u32,
            };
            let start = match self.policy {
                Policy::Strict => rng.random_range(0..=size - scaled),
                Policy::Tonic => rng.random_range(0..size - scaled),
            };
            start..start + scaled
        };
        let [columns, rows] = [side(events.sensor().width), side(events.sensor().height)];
        Ok(keep(events, move |Event { x, y, .. }| {
            !(columns.contains(&x.into()) & rows.contains(&y.into()))
        }))
    }
}

/// Leaves a recording as it is or drops events by time, by area, or all over, each with a probability of
/// 1/4.
///
/// EventDrop (Gu et al., *EventDrop: Data Augmentation for Event-based Learning*, IJCAI 2021). The share of
/// time and of events is drawn from 0.1, 0.2, ..., 0.9, that of area from 0.05, 0.1, ..., 0.25.
///
/// [`Policy::Tonic`]: as for [`DropEventByTime`] and [`DropEventByArea`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventDrop {
    /// Whose rules.
    #[serde(default)]
    pub policy: Policy,
}

impl EventDrop {
    /// The events that are left.
    ///
    /// # Errors
    ///
    /// None; those of the other transforms cannot happen.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        let policy = self.policy;
        let way = rng.random_range(0..4);
        let tenths = f64::from(rng.random_range(1..=9)) / 10.0;
        let twentieths = f64::from(rng.random_range(1..=5)) / 20.0;
        match way {
            0 => DropEventByTime { duration_ratio: tenths.into(), policy }.apply(events, rng),
            1 => DropEventByArea { area_ratio: twentieths.into(), policy }.apply(events, rng),
            2 => DropEvent { p: tenths.into() }.apply(events, rng),
            _ => Ok(events.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::testing::{pixels, regular, rng, times};
    use super::*;

    #[test]
    fn a_share_of_events_is_dropped_exactly_and_evenly() {
        let events = regular([10, 1], 10, 0);
        let mut rng = rng(1);
        let mut seen = [0; 10];
        for _ in 0..5000 {
            // 10 * 0.25 + 0.5 is 3.
            let kept = DropEvent { p: 0.25.into() }.apply(&events, &mut rng).unwrap();
            assert_eq!(kept.len(), 7);
            kept.t().iter().for_each(|t| seen[*t as usize] += 1);
        }
        // 3500 each, with a standard deviation of 32.
        assert!(seen.iter().all(|count| (3360..3640).contains(count)), "{seen:?}");
        let drop = |p: f64| DropEvent { p: p.into() };
        assert_eq!(drop(0.0).apply(&events, &mut rng).unwrap(), events);
        assert!(drop(1.0).apply(&events, &mut rng).unwrap().is_empty());
        assert!(drop(1.01).apply(&events, &mut rng).is_err());
        assert!(DropEvent { p: [0.5, 2.0].into() }.apply(&events, &mut rng).is_err());
    }

    #[test]
    fn a_drawn_share_is_in_its_range() {
        let events = regular([10, 1], 1000, 0);
        let mut rng = rng(2);
        let drop = DropEvent { p: [0.2, 0.4].into() };
        let counts: Vec<usize> =
            (0..200).map(|_| 1000 - drop.apply(&events, &mut rng).unwrap().len()).collect();
        assert!(counts.iter().all(|count| (200..=400).contains(count)));
        assert!(counts.iter().any(|count| *count < 230) && counts.iter().any(|count| *count > 370));
    }

    /// The first and the number of the dropped times, which follow each other.
    fn gap(kept: &Events, all: &Events) -> (i64, usize) {
        let dropped: Vec<i64> = times(all).into_iter().filter(|t| !kept.t().contains(t)).collect();
        assert!(dropped.windows(2).all(|pair| pair[0] + 1 == pair[1]));
        (dropped[0], dropped.len())
    }

    #[test]
    fn a_stretch_of_time_is_dropped_from_the_recording() {
        let events = regular([10, 1], 101, 500);
        let mut rng = rng(3);
        let drop = DropEventByTime::new(0.3);
        let gaps: Vec<(i64, usize)> =
            (0..300).map(|_| gap(&drop.apply(&events, &mut rng).unwrap(), &events)).collect();
        assert!(gaps.iter().all(|(_, length)| [30].contains(length)), "{gaps:?}");
        let firsts = gaps.iter().map(|(first, _)| *first);
        assert!(firsts.clone().min() < Some(505) && firsts.clone().max() > Some(565));
        assert!(firsts.clone().max() <= Some(570));
        assert_eq!(DropEventByTime::new(0.0).apply(&events, &mut rng).unwrap(), events);
        assert!(DropEventByTime::new(1.0).apply(&events, &mut rng).is_err());
    }

    #[test]
    fn tonic_measures_time_from_0() {
        let events = regular([10, 1], 101, 500);
        let drop = DropEventByTime { policy: Policy::Tonic, ..DropEventByTime::new(0.3) };
        let mut rng = rng(3);
        let lengths: Vec<usize> =
            (0..300).map(|_| 101 - drop.apply(&events, &mut rng).unwrap().len()).collect();
        // 180 µs from between 0 and 420: most miss the recording, and the others take up to all of it.
        assert!(lengths.contains(&0) && lengths.iter().any(|length| *length > 30));
    }

    /// Columns and rows of the dropped rectangle.
    fn rectangle(kept: &Events, all: &Events) -> [Vec<u16>; 2] {
        let dropped: Vec<(u16, u16)> =
            pixels(all).into_iter().filter(|pixel| !pixels(kept).contains(pixel)).collect();
        let [mut x, mut y]: [Vec<u16>; 2] =
            [dropped.iter().map(|d| d.0).collect(), dropped.iter().map(|d| d.1).collect()];
        [&mut x, &mut y].into_iter().for_each(|places| {
            places.sort_unstable();
            places.dedup();
        });
        assert_eq!(dropped.len(), x.len() * y.len());
        [x, y]
    }

    #[test]
    fn an_area_is_dropped_with_its_share() {
        let events = regular([20, 12], 240, 0);
        let mut rng = rng(4);
        let mut starts = Vec::new();
        for _ in 0..500 {
            let kept = DropEventByArea::new(0.25).apply(&events, &mut rng).unwrap();
            let [x, y] = rectangle(&kept, &events);
            // Half of each side.
            assert_eq!((x.len(), y.len()), (10, 6));
            starts.push(x[0]);
        }
        starts.sort_unstable();
        starts.dedup();
        assert_eq!(starts, (0..=10).collect::<Vec<u16>>());
        assert_eq!(DropEventByArea::new(0.0).apply(&events, &mut rng).unwrap(), events);
        assert!(DropEventByArea::new(-0.1).apply(&events, &mut rng).is_err());
    }

    #[test]
    fn tonic_takes_the_share_of_each_side() {
        let events = regular([20, 12], 240, 0);
        let mut rng = rng(5);
        let drop = DropEventByArea { policy: Policy::Tonic, ..DropEventByArea::new(0.3) };
        for _ in 0..200 {
            let [x, y] = rectangle(&drop.apply(&events, &mut rng).unwrap(), &events);
            assert_eq!((x.len(), y.len()), (6, 3));
            assert!(x[5] < 19 && y[2] < 11);
        }
        let drop = DropEventByArea { policy: Policy::Tonic, ..DropEventByArea::new([0.1, 0.9]) };
        let [x, _] = rectangle(&drop.apply(&events, &mut rng).unwrap(), &events);
        assert!(x.len() >= 18);
    }

    #[test]
    fn event_drop_takes_each_way() {
        let events = regular([20, 12], 240, 0);
        let drop = EventDrop::default();
        let mut random = rng(6);
        let kept: Vec<usize> =
            (0..2000).map(|_| drop.apply(&events, &mut random).unwrap().len()).collect();
        assert_eq!(kept[0], drop.apply(&events, &mut rng(6)).unwrap().len());
        let unchanged = kept.iter().filter(|len| **len == 240).count();
        // 500, with a standard deviation of 19.
        assert!((420..580).contains(&unchanged), "{unchanged}");
        // 0.1 to 0.9 of the events, and the smallest rectangle: 4 by 3.
        assert!(kept.iter().all(|len| *len == 240 || (24..=228).contains(len)));
    }
}

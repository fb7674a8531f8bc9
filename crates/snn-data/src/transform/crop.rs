//! Parts of the sensor, and parts of the time.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::TransformError;
use super::columns::{keep, keep_changed};
use crate::events::{Event, Events, SensorSize};
use crate::policy::Policy;

/// Keeps the events in the middle of the sensor, on a sensor of the new size.
///
/// Along an axis on which the new size is larger, all events are kept and moved to its middle. Where the
/// difference is odd, one more pixel is cut on the right or below, and one more added on the left or
/// above.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CenterCrop {
    /// Width and height of the new sensor.
    pub size: [u16; 2],
}

impl CenterCrop {
    /// The events in the middle.
    pub fn apply(&self, events: &Events) -> Events {
        let SensorSize { width, height, .. } = events.sensor();
        let offset = |old: u32, new: u16| (i64::from(old) - i64::from(new)).div_euclid(2);
        crop(events, [offset(width, self.size[0]), offset(height, self.size[1])], self.size)
    }
}

/// Crops to a window of the sensor, at the sensor's origin by default.
///
/// Events outside the window are dropped, and the window's top left pixel becomes (0, 0). The window may
/// extend beyond the sensor: its pixels there have no events.
///
/// ```
/// use snn_data::events::{Events, SensorSize};
/// use snn_data::transform::Crop;
///
/// let sensor = SensorSize::new(8, 8);
/// let events = Events::new(vec![10, 20], vec![1, 6], vec![2, 5], vec![true; 2], sensor)?;
/// assert_eq!(Crop::new([4, 4]).apply(&events).x(), [1]);
/// let corner = Crop { origin: [4, 4], ..Crop::new([4, 4]) }.apply(&events);
/// assert_eq!((corner.x(), corner.y(), corner.sensor()), (&[2][..], &[1][..], SensorSize::new(4, 4)));
/// # Ok::<(), snn_data::events::EventsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crop {
    /// Column and row of the window's top left pixel.
    #[serde(default)]
    pub origin: [u16; 2],
    /// Width and height of the window, and of the new sensor.
    pub size: [u16; 2],
}

impl Crop {
    /// Creates a crop at the sensor's origin.
    pub fn new(size: [u16; 2]) -> Self {
        Self { origin: [0, 0], size }
    }

    /// Returns the events in the window, on a sensor of its size.
    pub fn apply(&self, events: &Events) -> Events {
        crop(events, self.origin.map(i64::from), self.size)
    }
}

/// Keeps the events of a part of the sensor that is drawn for each recording, every part as likely.
///
/// [`Policy::Tonic`]: the last column and the last row are never in the part, unless all are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomCrop {
    /// Width and height of the part.
    pub target_size: [u16; 2],
    /// Whose rules.
    #[serde(default)]
    pub policy: Policy,
}

impl RandomCrop {
    /// With strict rules.
    pub fn new(target_size: [u16; 2]) -> Self {
        Self { target_size, policy: Policy::Strict }
    }

    /// The events of a random part, on a sensor of its size.
    ///
    /// # Errors
    ///
    /// The part is larger than the sensor.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        let Self { target_size, policy } = *self;
        let sensor = events.sensor();
        let mut draw = |old: u32, new: u16| {
            let last = old.checked_sub(new.into())?;
            Some(i64::from(match policy {
                Policy::Strict => rng.random_range(0..=last),
                Policy::Tonic => rng.random_range(0..last.max(1)),
            }))
        };
        let offsets = [draw(sensor.width, target_size[0]), draw(sensor.height, target_size[1])];
        let [Some(x), Some(y)] = offsets else {
            return Err(TransformError::TargetSize {
                transform: "RandomCrop",
                target_size,
                sensor,
            });
        };
        Ok(crop(events, [x, y], target_size))
    }
}

/// The events of a part that begins at an offset, or of a larger sensor on which this one begins at
/// `-offset`.
fn crop(events: &Events, offset: [i64; 2], size: [u16; 2]) -> Events {
    let axis = |offset: i64, size: u16| {
        let start = offset.max(0);
        (start..start + i64::from(size), offset)
    };
    let [(columns, left), (rows, top)] = [axis(offset[0], size[0]), axis(offset[1], size[1])];
    let [width, height] = size.map(u32::from);
    let sensor = SensorSize { width, height, ..events.sensor() };
    keep_changed(events, sensor, move |event| {
        let [x, y] = [i64::from(event.x), i64::from(event.y)];
        let moved = Event { x: (x - left) as u16, y: (y - top) as u16, ..event };
        (moved, columns.contains(&x) & rows.contains(&y))
    })
}

/// Keeps the events from one time to another, both included.
///
/// Without a copy if the events are sorted. Tonic takes 0 for `min` if none is given, and the last time of
/// the first recording it is used on, for all recordings, if no `max` is given. Here each is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CropTime {
    /// The first time that is kept, in µs.
    #[serde(default)]
    pub min: Option<i64>,
    /// The last time that is kept, in µs.
    #[serde(default)]
    pub max: Option<i64>,
}

impl CropTime {
    /// The events of the time.
    pub fn apply(&self, events: &Events) -> Events {
        let is_late = |t: i64| self.min.is_none_or(|min| min <= t);
        let is_early = |t: i64| self.max.is_none_or(|max| t <= max);
        if !events.is_sorted() {
            return keep(events, |event| is_late(event.t) & is_early(event.t));
        }
        let start = events.t().partition_point(|t| !is_late(*t));
        let end = events.t().partition_point(|t| is_early(*t));
        events.slice(start..end.max(start))
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::testing::{events, pixels, regular, rng, times};
    use super::*;

    #[test]
    fn the_middle_of_an_even_and_an_odd_rest() {
        let events = events([5, 4], &[(0, 0, 0), (1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 1, 4)]);
        let middle = CenterCrop { size: [2, 2] }.apply(&events);
        assert_eq!((middle.sensor().width, middle.sensor().height), (2, 2));
        assert_eq!(pixels(&middle), [(0, 0), (1, 1)]);
        assert_eq!(middle.t(), [1, 2]);
    }

    #[test]
    fn a_larger_size_moves_events_to_its_middle() {
        let events = events([5, 4], &[(0, 0, 0), (4, 3, 1)]);
        let wide = CenterCrop { size: [8, 2] }.apply(&events);
        assert!(wide.is_empty());
        let wide = CenterCrop { size: [8, 4] }.apply(&events);
        assert_eq!(pixels(&wide), [(2, 0), (6, 3)]);
        assert_eq!(CenterCrop { size: [0, 4] }.apply(&events).len(), 0);
    }

    #[test]
    fn a_window_at_a_position() {
        let events = events([6, 4], &[(0, 0, 0), (2, 1, 1), (4, 2, 2), (5, 3, 3), (1, 1, 4)]);
        let window = Crop { origin: [2, 1], size: [3, 2] }.apply(&events);
        assert_eq!(window.sensor(), SensorSize::new(3, 2));
        // (2, 1) is the corner; (4, 2) is the last pixel; (5, 3) and (1, 1) are just outside.
        assert_eq!((times(&window), pixels(&window)), (vec![1, 2], vec![(0, 0), (2, 1)]));

        let merged = super::super::MergePolarities {}.apply(&events);
        assert_eq!(Crop::new([1, 1]).apply(&merged).sensor().polarities, 1);
    }

    #[test]
    fn a_crop_at_the_origin_keeps_coordinates() {
        let events = events([6, 4], &[(0, 0, 0), (2, 1, 1), (3, 0, 2), (0, 2, 3)]);
        let cropped = Crop::new([3, 2]).apply(&events);
        assert_eq!((times(&cropped), pixels(&cropped)), (vec![0, 1], vec![(0, 0), (2, 1)]));
        let short: Crop = serde_json::from_str(r#"{"size": [3, 2]}"#).unwrap();
        assert_eq!(short, Crop::new([3, 2]));
    }

    #[test]
    fn a_window_beyond_the_sensor_is_empty_there() {
        let far = u16::MAX;
        let events = events([1 << 16, 4], &[(0, 0, 0), (far, 3, 1)]);
        let wide = Crop { origin: [far, 1], size: [far, 9] }.apply(&events);
        assert_eq!(wide.sensor(), SensorSize::new(u32::from(far), 9));
        assert_eq!(pixels(&wide), [(0, 2)]);
        assert!(Crop { origin: [0, 4], size: [far, far] }.apply(&events).is_empty());
        assert_eq!(Crop::new([0, 0]).apply(&events), Events::empty(SensorSize::new(0, 0)));
    }

    #[test]
    fn both_ends_of_a_time_are_kept() {
        let crop = |min, max| CropTime { min, max };
        let sorted = events([4, 4], &[(0, 0, -5), (1, 0, 3), (2, 0, 3), (3, 0, 8)]);
        assert_eq!(times(&crop(Some(-5), Some(3)).apply(&sorted)), [-5, 3, 3]);
        assert_eq!(times(&crop(Some(4), None).apply(&sorted)), [8]);
        assert_eq!(times(&crop(None, Some(2)).apply(&sorted)), [-5]);
        assert_eq!(times(&crop(Some(9), Some(-9)).apply(&sorted)), [0; 0]);
        let unsorted = events([4, 4], &[(0, 0, 8), (1, 0, 3), (2, 0, -5)]);
        assert_eq!(times(&crop(Some(0), Some(8)).apply(&unsorted)), [8, 3]);
    }

    #[test]
    fn every_part_is_drawn_and_only_strictly_the_last() {
        let events = regular([5, 3], 15, 0);
        let firsts = |policy| {
            let mut rng = rng(1);
            let crop = RandomCrop { policy, ..RandomCrop::new([3, 2]) };
            // The offset is the first event's, whose time is 5 y + x.
            let mut times: Vec<i64> =
                (0..200).map(|_| crop.apply(&events, &mut rng).unwrap().t()[0]).collect();
            times.sort_unstable();
            times.dedup();
            times
        };
        assert_eq!(firsts(Policy::Strict), [0, 1, 2, 5, 6, 7]);
        assert_eq!(firsts(Policy::Tonic), [0, 1]);
        let crop = RandomCrop::new([3, 2]).apply(&events, &mut rng(5)).unwrap();
        assert_eq!(crop, RandomCrop::new([3, 2]).apply(&events, &mut rng(5)).unwrap());
        assert_eq!(pixels(&crop), [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]);
    }

    #[test]
    fn a_part_is_not_larger_than_the_sensor() {
        let events = regular([5, 3], 15, 0);
        let error = RandomCrop::new([5, 4]).apply(&events, &mut rng(0)).unwrap_err();
        assert_eq!(error.to_string(), "RandomCrop: a target of 5 x 4 for a sensor of 5 x 3");
        let whole = RandomCrop { policy: Policy::Tonic, ..RandomCrop::new([5, 3]) };
        assert_eq!(whole.apply(&events, &mut rng(0)).unwrap(), events);
    }
}

//! Mirrors and shifts of the sensor.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::TransformError;
use super::columns::changed;
use super::error::Rule;
use crate::events::Events;

/// Mirrors a recording left to right, with a probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomFlipLR {
    /// Probability, for a recording as a whole.
    pub p: f64,
}

/// Mirrors a recording upside down, with a probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomFlipUD {
    /// Probability, for a recording as a whole.
    pub p: f64,
}

impl Default for RandomFlipLR {
    fn default() -> Self {
        Self { p: 0.5 }
    }
}

impl Default for RandomFlipUD {
    fn default() -> Self {
        Self { p: 0.5 }
    }
}

impl RandomFlipLR {
    /// The events, or their mirror image.
    ///
    /// # Errors
    ///
    /// `p` is no probability.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        if !rng.random_bool(Rule::probability("RandomFlipLR").check(self.p)?) {
            return Ok(events.clone());
        }
        Ok(changed(events, |columns| mirror(&mut columns.x, events.sensor().width)))
    }
}

impl RandomFlipUD {
    /// The events, or their mirror image.
    ///
    /// # Errors
    ///
    /// `p` is no probability.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        if !rng.random_bool(Rule::probability("RandomFlipUD").check(self.p)?) {
            return Ok(events.clone());
        }
        Ok(changed(events, |columns| mirror(&mut columns.y, events.sensor().height)))
    }
}

fn mirror(places: &mut [u16], size: u32) {
    let last = addressable(size) - 1;
    places.iter_mut().for_each(|place| *place = (last - i32::from(*place)) as u16);
}

/// Moves a recording by a number of pixels that is drawn for each axis. What leaves the sensor comes in
/// on the other side.
///
/// `shift_augment` of Spyx, which never draws `max_shift` itself, but does draw `-max_shift`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShiftAugment {
    /// Largest shift along x and along y, in pixels and in either direction.
    pub max_shift: [u16; 2],
}

impl ShiftAugment {
    /// The events, moved.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Events {
        let [dx, dy] = self.max_shift.map(i32::from).map(|max| rng.random_range(-max..=max));
        changed(events, |columns| {
            roll(&mut columns.x, events.sensor().width, dx);
            roll(&mut columns.y, events.sensor().height, dy);
        })
    }
}

fn roll(places: &mut [u16], size: u32, shift: i32) {
    let size = addressable(size);
    let shift = shift.rem_euclid(size.max(1));
    for place in places {
        let moved = i32::from(*place) + shift;
        *place = (if moved < size { moved } else { moved - size }) as u16;
    }
}

/// The pixels of an axis that an event can have.
fn addressable(size: u32) -> i32 {
    size.min(1 << 16) as i32
}

#[cfg(test)]
mod tests {
    use super::super::columns::testing::{events, pixels, regular, rng};
    use super::*;

    #[test]
    fn mirror_images() {
        let events = events([5, 4], &[(0, 0, 0), (4, 1, 1), (2, 3, 2)]);
        let lr = RandomFlipLR { p: 1.0 }.apply(&events, &mut rng(0)).unwrap();
        assert_eq!(pixels(&lr), [(4, 0), (0, 1), (2, 3)]);
        let ud = RandomFlipUD { p: 1.0 }.apply(&events, &mut rng(0)).unwrap();
        assert_eq!(pixels(&ud), [(0, 3), (4, 2), (2, 0)]);
        assert_eq!(RandomFlipLR { p: 0.0 }.apply(&events, &mut rng(0)).unwrap(), events);
        assert!(RandomFlipUD { p: 1.5 }.apply(&events, &mut rng(0)).is_err());
        assert!(RandomFlipLR { p: f64::NAN }.apply(&events, &mut rng(0)).is_err());
    }

    #[test]
    fn a_share_of_the_recordings_is_flipped() {
        let events = regular([4, 3], 12, 0);
        let mut rng = rng(3);
        let flip = RandomFlipLR { p: 0.3 };
        let flipped = (0..2000).filter(|_| flip.apply(&events, &mut rng).unwrap() != events);
        // 600 expected, with a standard deviation of 20.5.
        assert!((520..680).contains(&flipped.count()));
    }

    #[test]
    fn shifts_come_in_on_the_other_side() {
        let events = events([5, 4], &[(0, 0, 0), (4, 3, 1)]);
        let mut rng = rng(4);
        let shift = ShiftAugment { max_shift: [7, 1] };
        let mut seen = [[0; 5]; 4];
        for _ in 0..3000 {
            let [a, b] = pixels(&shift.apply(&events, &mut rng))[..] else { panic!() };
            assert_eq!(((a.0 + 4) % 5, (a.1 + 3) % 4), b);
            seen[usize::from(a.1)][usize::from(a.0)] += 1;
        }
        // Five columns and three rows, each as likely: 200 of each, with a standard deviation of 14.
        assert!(seen[0].iter().chain(&seen[1]).chain(&seen[3]).all(|n| (140..260).contains(n)));
        assert_eq!(seen[2], [0; 5]);
        assert_eq!(ShiftAugment { max_shift: [0, 0] }.apply(&events, &mut rng), events);
    }

    #[test]
    fn a_sensor_wider_than_events_can_tell() {
        let events = events([100_000, 4], &[(0, 0, 0), (65_535, 0, 1)]);
        let lr = RandomFlipLR { p: 1.0 }.apply(&events, &mut rng(0)).unwrap();
        assert_eq!(lr.x(), [65_535, 0]);
        let moved = ShiftAugment { max_shift: [1, 0] }.apply(&events, &mut rng(0));
        assert_eq!(moved.len(), 2);
    }
}

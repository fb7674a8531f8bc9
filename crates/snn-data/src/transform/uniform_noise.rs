//! Augmentation by more events.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::columns::{on_sensor, time_range};
use super::error::Rule;
use super::{Amount, TransformError};
use crate::events::{Columns, Event, Events};

/// Adds events at random places of the sensor and times of the recording, of random polarity; every value
/// is as likely.
///
/// Tonic never draws the last time, and makes all noise of a recording with boolean polarities brighter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UniformNoise {
    /// Number of events; a part of one is left out.
    pub n: Amount,
}

impl UniformNoise {
    /// The events and the noise, sorted by time. Noise comes after events of the same time. Without events
    /// there is no time for noise, and none is added.
    ///
    /// # Errors
    ///
    /// The number is negative, or more than 10⁹.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        const N: Rule = Rule {
            transform: "UniformNoise",
            parameter: "n",
            expected: "a number from 0 to 10⁹",
            holds: |n| (0.0..=1e9).contains(&n),
        };
        let n = self.n.draw_checked(N, rng)? as usize;
        let Some([first, last]) = time_range(events) else { return Ok(events.clone()) };
        let sensor = events.sensor();
        let [right, bottom] =
            [sensor.width, sensor.height].map(|size| (size - 1).min(u16::MAX.into()) as u16);
        let mut noise: Vec<Event> = (0..n)
            .map(|_| Event {
                t: rng.random_range(first..=last),
                x: rng.random_range(0..=right),
                y: rng.random_range(0..=bottom),
                p: rng.random_bool(0.5) && sensor.polarities > 1,
            })
            .collect();
        noise.sort_by_key(|event| event.t);
        let mut noise = noise.into_iter().peekable();
        let mut columns = Columns::with_capacity(events.len() + noise.len());
        for event in events.clone().sorted().iter() {
            while let Some(earlier) = noise.next_if(|noise| noise.t < event.t) {
                columns.push(earlier);
            }
            columns.push(event);
        }
        noise.for_each(|event| columns.push(event));
        Ok(on_sensor(columns, sensor))
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::testing::{events, rng, times};
    use super::*;

    #[test]
    fn noise_is_everywhere() {
        let ends = events([4, 3], &[(1, 1, 100), (2, 2, 109)]);
        let noise = UniformNoise { n: 12_000.into() };
        let noisy = noise.apply(&ends, &mut rng(1)).unwrap();
        assert!(noisy.len() == 12_002 && noisy.is_sorted());
        assert_eq!(noisy.get(0), ends.get(0));
        let count = |of: &dyn Fn(&Event) -> bool| noisy.iter().filter(of).count();
        for (x, y) in (0..4).flat_map(|x| (0..3).map(move |y| (x, y))) {
            // 1000, with a standard deviation of 30.
            assert!((870..1130).contains(&count(&|e| (e.x, e.y) == (x, y))));
        }
        for t in 100..110 {
            // 1200, with a standard deviation of 33.
            assert!((1060..1340).contains(&count(&|e| e.t == t)));
        }
        assert!((5700..6300).contains(&count(&|e| e.p)));
        assert_eq!(noisy, noise.apply(&ends, &mut rng(1)).unwrap());
    }

    #[test]
    fn numbers_of_noise() {
        let unsorted = events([4, 3], &[(1, 1, 7), (2, 2, 5)]);
        let noise = |n: f64| UniformNoise { n: n.into() };
        assert_eq!(times(&noise(0.9).apply(&unsorted, &mut rng(0)).unwrap()), [5, 7]);
        for wrong in [-1.0, 1e300, f64::NAN] {
            assert!(noise(wrong).apply(&unsorted, &mut rng(0)).is_err());
        }
        let drawn = UniformNoise { n: [3.0, 6.0].into() };
        let lens: Vec<usize> =
            (0..50).map(|seed| drawn.apply(&unsorted, &mut rng(seed)).unwrap().len()).collect();
        assert!(
            (5..8).all(|len| lens.contains(&len)) && lens.iter().all(|len| (5..8).contains(len))
        );
        let merged = super::super::MergePolarities {}.apply(&unsorted);
        assert!(!noise(50.0).apply(&merged, &mut rng(0)).unwrap().p().contains(&true));
    }
}

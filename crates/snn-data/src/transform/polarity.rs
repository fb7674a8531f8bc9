//! Transforms of polarity alone.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::TransformError;
use super::columns::{changed, on_sensor};
use super::error::Rule;
use crate::events::Events;
use crate::policy::Policy;

/// Takes the polarity from all events: they are off, on a sensor with one channel for both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergePolarities {}

impl MergePolarities {
    /// The events without polarity.
    pub fn apply(&self, events: &Events) -> Events {
        let mut columns = events.clone().into_columns();
        columns.p.fill(false);
        on_sensor(columns, events.sensor().merged())
    }
}

/// Turns each event from brighter to darker or back, with a probability.
///
/// [`Policy::Tonic`]: with this probability all events of a recording, and otherwise none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomFlipPolarity {
    /// Probability.
    pub p: f64,
    /// Whose rules.
    #[serde(default)]
    pub policy: Policy,
}

impl Default for RandomFlipPolarity {
    fn default() -> Self {
        Self { p: 0.5, policy: Policy::Strict }
    }
}

impl RandomFlipPolarity {
    /// The events with some polarities turned.
    ///
    /// # Errors
    ///
    /// `p` is no probability.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        let p = Rule::probability("RandomFlipPolarity").check(self.p)?;
        Ok(match self.policy {
            Policy::Strict => changed(events, |columns| {
                columns.p.iter_mut().for_each(|polarity| *polarity ^= rng.random_bool(p));
            }),
            Policy::Tonic => {
                let is_flipped = rng.random_bool(p);
                changed(events, |columns| {
                    columns.p.iter_mut().for_each(|polarity| *polarity ^= is_flipped);
                })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::testing::{regular, rng};
    use super::*;

    fn flipped(policy: Policy, seed: u64) -> usize {
        let events = regular([4, 3], 1000, 0);
        let flip = RandomFlipPolarity { p: 0.25, policy };
        let flipped = flip.apply(&events, &mut rng(seed)).unwrap();
        assert_eq!(flipped.t(), events.t());
        flipped.p().iter().zip(events.p()).filter(|(a, b)| a != b).count()
    }

    #[test]
    fn merged_polarities() {
        let merged = MergePolarities {}.apply(&regular([4, 3], 12, 0));
        assert_eq!(merged.p(), [false; 12]);
        assert_eq!(merged.sensor().polarities, 1);
    }

    #[test]
    fn flips_are_of_events_or_of_recordings() {
        // 250 expected, with a standard deviation of 13.7.
        assert!((0..10).all(|seed| (195..305).contains(&flipped(Policy::Strict, seed))));
        assert_eq!(flipped(Policy::Strict, 3), flipped(Policy::Strict, 3));
        let whole: Vec<usize> = (0..400).map(|seed| flipped(Policy::Tonic, seed)).collect();
        assert!(whole.iter().all(|count| [0, 1000].contains(count)));
        // 100 expected, with a standard deviation of 8.7.
        assert!((65..135).contains(&whole.iter().filter(|count| **count > 0).count()));
    }

    #[test]
    fn certain_flips() {
        let events = regular([4, 3], 12, 0);
        let flip = |p| RandomFlipPolarity { p, ..Default::default() };
        assert_eq!(flip(0.0).apply(&events, &mut rng(0)).unwrap(), events);
        let all = flip(1.0).apply(&events, &mut rng(0)).unwrap();
        assert!(all.p().iter().zip(events.p()).all(|(a, b)| a != b));
        assert!(flip(-0.1).apply(&events, &mut rng(0)).is_err());
    }
}

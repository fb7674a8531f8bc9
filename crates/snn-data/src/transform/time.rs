//! Other times for the same events.

use rand::{Rng, RngExt, seq};
use serde::{Deserialize, Serialize};

use super::columns::{changed, on_sensor, time_range};
use super::error::{Rule, check_sorted};
use super::rounding::nearest;
use super::{Amount, TransformError};
use crate::events::{Columns, Events};
use crate::policy::Policy;

/// Sorts events by time.
///
/// Stable: events of the same time keep their order. Sorted events are returned without a copy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SortByTime {}

impl SortByTime {
    /// Returns the events in order of time.
    pub fn apply(&self, events: &Events) -> Events {
        events.clone().sorted()
    }
}

/// Moves the earliest event to time 0, and all others with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeAlignment {}

impl TimeAlignment {
    /// The events from time 0.
    pub fn apply(&self, events: &Events) -> Events {
        let Some([first, _]) = time_range(events) else { return events.clone() };
        changed(events, |columns| {
            columns.t.iter_mut().for_each(|t| *t = t.saturating_sub(first));
        })
    }
}

/// Changes times linearly: `t coefficient + offset`, rounded.
///
/// [`Policy::Tonic`]: cut to a whole number towards 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeSkew {
    /// Factor of the times.
    pub coefficient: Amount,
    /// Added to them, in µs.
    pub offset: Amount,
    /// Whose rules.
    #[serde(default)]
    pub policy: Policy,
}

impl TimeSkew {
    /// With strict rules.
    pub fn new(coefficient: impl Into<Amount>, offset: impl Into<Amount>) -> Self {
        Self { coefficient: coefficient.into(), offset: offset.into(), policy: Policy::Strict }
    }

    /// The events at other times, in the same order. Draws from `rng` only for ranges, the coefficient
    /// first.
    ///
    /// # Errors
    ///
    /// The coefficient or the offset is not finite.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        const COEFFICIENT: Rule = Rule {
            transform: "TimeSkew",
            parameter: "coefficient",
            expected: "a finite number",
            holds: f64::is_finite,
        };
        const OFFSET: Rule = Rule { parameter: "offset", ..COEFFICIENT };
        let coefficient = self.coefficient.draw_checked(COEFFICIENT, rng)?;
        let offset = self.offset.draw_checked(OFFSET, rng)?;
        let skewed = |t: i64| t as f64 * coefficient + offset;
        Ok(changed(events, |columns| match self.policy {
            Policy::Strict => columns.t.iter_mut().for_each(|t| *t = nearest(skewed(*t))),
            Policy::Tonic => columns.t.iter_mut().for_each(|t| *t = skewed(*t) as i64),
        }))
    }
}

/// Plays a recording backwards, with a probability.
///
/// It begins and ends at the same times as before.
///
/// [`Policy::Tonic`]: it begins at time 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomTimeReversal {
    /// Probability, for a recording as a whole.
    pub p: f64,
    /// Whether what became brighter becomes darker when played backwards, as it does in the world.
    pub flip_polarities: bool,
    /// Whose rules.
    #[serde(default)]
    pub policy: Policy,
}

impl Default for RandomTimeReversal {
    fn default() -> Self {
        Self { p: 0.5, flip_polarities: true, policy: Policy::Strict }
    }
}

impl RandomTimeReversal {
    /// The events, or the events in reverse order at reverse times.
    ///
    /// # Errors
    ///
    /// `p` is no probability.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        let is_reversed = rng.random_bool(Rule::probability("RandomTimeReversal").check(self.p)?);
        let Some([first, last]) = time_range(events).filter(|_| is_reversed) else {
            return Ok(events.clone());
        };
        Ok(changed(events, |columns| {
            let Columns { t, x, y, p } = columns;
            t.reverse();
            x.reverse();
            y.reverse();
            p.reverse();
            match self.policy {
                // No wrong result by an overflow: the sum is between the first time and the last.
                Policy::Strict => {
                    t.iter_mut().for_each(|t| *t = first.wrapping_add(last).wrapping_sub(*t))
                }
                Policy::Tonic => t.iter_mut().for_each(|t| *t = last.saturating_sub(*t)),
            }
            p.iter_mut().for_each(|p| *p ^= self.flip_polarities);
        }))
    }
}

/// Cuts a recording into steps of the same length and keeps some of them, drawn without replacement, one
/// after the other without gaps.
///
/// Random temporal delete (Fang et al., *Deep Residual Learning in Spiking Neural Networks*, 2021), on
/// events: what `RandomTemporalDelete` of SpikingJelly does to frames.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomTemporalDelete {
    /// Number of steps, `T`.
    pub steps: u32,
    /// How many of them are kept, at least 1: `T_remain`.
    pub remain: u32,
}

impl RandomTemporalDelete {
    /// The events of the steps that are kept, at earlier times if steps before are not.
    ///
    /// # Errors
    ///
    /// `remain` is 0 or more than `steps`; the events are not sorted by time.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        let Self { steps, remain } = *self;
        if remain == 0 || remain > steps {
            return Err(TransformError::Parameter {
                transform: "RandomTemporalDelete",
                parameter: "remain",
                expected: "1 to the number of steps",
                value: remain.into(),
            });
        }
        check_sorted(events, "RandomTemporalDelete")?;
        let Some([first, last]) = time_range(events) else { return Ok(events.clone()) };
        let mut kept = seq::index::sample(rng, steps as usize, remain as usize).into_vec();
        kept.sort_unstable();
        // Where a step begins, after the first event. The last event is in the last step.
        let duration = u128::from(last.abs_diff(first)) + 1;
        let begin = |step: usize| (step as u128 * duration).div_ceil(u128::from(steps));
        let number =
            |begin: u128| events.t().partition_point(|t| u128::from(t.abs_diff(first)) < begin);
        let mut columns = Columns::with_capacity(events.len());
        let mut time_before = 0;
        for step in kept {
            let (start, end) = (begin(step), begin(step + 1));
            let range = number(start)..number(end);
            let gap = (start - time_before) as i64;
            columns.t.extend(events.t()[range.clone()].iter().map(|t| t.wrapping_sub(gap)));
            columns.x.extend_from_slice(&events.x()[range.clone()]);
            columns.y.extend_from_slice(&events.y()[range.clone()]);
            columns.p.extend_from_slice(&events.p()[range]);
            time_before += end - start;
        }
        Ok(on_sensor(columns, events.sensor()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::testing::{events, regular, rng, times};
    use super::*;

    fn three(t: [i64; 3]) -> Events {
        events([4, 4], &[(0, 0, t[0]), (1, 0, t[1]), (2, 0, t[2])])
    }

    #[test]
    fn sorting_is_stable_and_free_for_sorted_events() {
        let sorted = SortByTime {}.apply(&three([7, 5, 7]));
        // Of the two events at 7 µs, the one in column 0 stays first.
        assert_eq!((sorted.t(), sorted.x()), (&[5, 7, 7][..], &[1, 0, 2][..]));
        assert!(sorted.is_sorted());
        let again = SortByTime {}.apply(&sorted);
        assert!(std::ptr::eq(again.t(), sorted.t()));
    }

    #[test]
    fn alignment_is_to_the_earliest() {
        assert_eq!(times(&TimeAlignment {}.apply(&three([10, 15, 30]))), [0, 5, 20]);
        assert_eq!(times(&TimeAlignment {}.apply(&three([10, -5, 30]))), [15, 0, 35]);
    }

    #[test]
    fn skew_rounds_or_cuts() {
        let skew = TimeSkew::new(1.5, -4);
        let cut = TimeSkew { policy: Policy::Tonic, ..skew.clone() };
        // -4, -2.5, 0.5
        assert_eq!(times(&skew.apply(&three([0, 1, 3]), &mut rng(0)).unwrap()), [-4, -3, 1]);
        assert_eq!(times(&cut.apply(&three([0, 1, 3]), &mut rng(0)).unwrap()), [-4, -2, 0]);
        let error = TimeSkew::new(1, f64::NAN).apply(&three([0, 1, 2]), &mut rng(0)).unwrap_err();
        assert_eq!(error.to_string(), "TimeSkew: offset: expected a finite number, got NaN");
    }

    #[test]
    fn drawn_skews_are_the_same_for_all_events() {
        let skew = TimeSkew::new([1.0, 2.0], [0.0, 10.0]);
        let skewed = skew.apply(&three([0, 1000, 2000]), &mut rng(2)).unwrap();
        let [a, b, c] = times(&skewed)[..] else { panic!() };
        assert!((0..=10).contains(&a) && (1000..=2010).contains(&b));
        assert!(((c - b) - (b - a)).abs() <= 2);
        assert_eq!(skewed, skew.apply(&three([0, 1000, 2000]), &mut rng(2)).unwrap());
    }

    #[test]
    fn reversal() {
        let reversal = RandomTimeReversal { p: 1.0, ..Default::default() };
        let tonic = RandomTimeReversal { policy: Policy::Tonic, ..reversal.clone() };
        let reversed = reversal.apply(&three([10, 15, 30]), &mut rng(0)).unwrap();
        assert_eq!((reversed.t(), reversed.x()), (&[10, 25, 30][..], &[2, 1, 0][..]));
        assert_eq!(reversed.p(), [false, true, false]);
        let reversed = tonic.apply(&three([10, 15, 30]), &mut rng(0)).unwrap();
        assert_eq!(times(&reversed), [0, 15, 20]);
        let kept = RandomTimeReversal { flip_polarities: false, ..tonic };
        assert_eq!(kept.apply(&three([10, 15, 30]), &mut rng(0)).unwrap().p(), [true, false, true]);
        let extreme = three([i64::MIN, 0, i64::MAX]);
        let reversed = reversal.apply(&extreme, &mut rng(0)).unwrap();
        assert_eq!(times(&reversed), [i64::MIN, -1, i64::MAX]);
        let never = RandomTimeReversal { p: 0.0, ..reversal };
        assert_eq!(never.apply(&extreme, &mut rng(0)).unwrap(), extreme);
    }

    #[test]
    fn steps_that_remain_follow_each_other() {
        // Steps of 4, 3 and 3 µs: 10..14, 14..17, 17..20.
        let events = regular([4, 4], 10, 10);
        let delete = RandomTemporalDelete { steps: 3, remain: 2 };
        let mut seen = Vec::new();
        for seed in 0..40 {
            let remaining = delete.apply(&events, &mut rng(seed)).unwrap();
            let expected: Vec<i64> = (10..10 + remaining.len() as i64).collect();
            assert_eq!(times(&remaining), expected);
            let number = |n: usize| remaining.y()[n] * 4 + remaining.x()[n];
            let numbers: Vec<u16> = (0..remaining.len()).map(number).collect();
            if !seen.contains(&numbers) {
                seen.push(numbers);
            }
        }
        seen.sort();
        let all = [(0..7).collect(), (0..4).chain(7..10).collect(), (4..10).collect::<Vec<u16>>()];
        assert_eq!(seen, all);
        let whole = RandomTemporalDelete { steps: 7, remain: 7 };
        assert_eq!(whole.apply(&events, &mut rng(0)).unwrap(), events);
    }

    #[test]
    fn steps_that_cannot_remain() {
        let delete = RandomTemporalDelete { steps: 3, remain: 4 };
        assert!(delete.apply(&three([0, 1, 2]), &mut rng(0)).is_err());
        let delete = RandomTemporalDelete { steps: 3, remain: 2 };
        let error = delete.apply(&three([0, 2, 1]), &mut rng(0)).unwrap_err();
        assert_eq!(error, TransformError::Unsorted { transform: "RandomTemporalDelete" });
        let extreme = three([i64::MIN, 0, i64::MAX]);
        assert!(delete.apply(&extreme, &mut rng(0)).unwrap().is_sorted());
    }
}

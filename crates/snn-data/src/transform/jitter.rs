//! Augmentation by noise on places and times.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::TransformError;
use super::columns::{changed, keep_changed};
use super::error::Rule;
use super::rounding::nearest;
use crate::events::{Event, Events};
use crate::policy::Policy;

/// Moves each event by a normally distributed number of pixels, rounded, with covariance
/// `[[var_x, sigma_xy], [sigma_xy, var_y]]`. Events that leave the sensor are dropped: they have no place
/// (`clip_outliers` of Tonic).
///
/// [`Policy::Tonic`]: places are cut to whole pixels towards 0, not rounded. So events move by half a
/// pixel to the left and up on average.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpatialJitter {
    /// Variance along x, in pixels².
    pub var_x: f64,
    /// Variance along y, in pixels².
    pub var_y: f64,
    /// Covariance of x and y, in pixels².
    #[serde(default)]
    pub sigma_xy: f64,
    /// Whose rules.
    #[serde(default)]
    pub policy: Policy,
}

impl Default for SpatialJitter {
    fn default() -> Self {
        Self { var_x: 1.0, var_y: 1.0, sigma_xy: 0.0, policy: Policy::Strict }
    }
}

impl SpatialJitter {
    /// The events at other places.
    ///
    /// # Errors
    ///
    /// A variance is negative or not finite, or `sigma_xy²` is more than `var_x var_y`.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        const VAR_X: Rule = Rule {
            transform: "SpatialJitter",
            parameter: "var_x",
            expected: "a finite variance of 0 or more",
            holds: |variance| (0.0..f64::INFINITY).contains(&variance),
        };
        const VAR_Y: Rule = Rule { parameter: "var_y", ..VAR_X };
        let [var_x, var_y] = [VAR_X.check(self.var_x)?, VAR_Y.check(self.var_y)?];
        let is_covariance = self.sigma_xy * self.sigma_xy <= var_x * var_y;
        if !is_covariance {
            return Err(TransformError::Parameter {
                transform: "SpatialJitter",
                parameter: "sigma_xy",
                expected: "a covariance of at most the geometric mean of the variances",
                value: self.sigma_xy,
            });
        }
        // The Cholesky factor of the covariance.
        let of_x = var_x.sqrt();
        let shared = if var_x > 0.0 { self.sigma_xy / of_x } else { 0.0 };
        let of_y = (var_y - shared * shared).max(0.0).sqrt();
        let policy = self.policy;
        let place = |value: f64| match policy {
            Policy::Strict => nearest(value),
            Policy::Tonic => value as i64,
        };
        let sensor = events.sensor();
        let [width, height] =
            [sensor.width, sensor.height].map(|size| i64::from(size.min(1 << 16)));
        Ok(keep_changed(events, sensor, |event| {
            let [a, b]: [f64; 2] = [rng.sample(StandardNormal), rng.sample(StandardNormal)];
            let x = place(f64::from(event.x) + of_x * a);
            let y = place(f64::from(event.y) + shared * a + of_y * b);
            let is_on_sensor = (x >= 0) & (x < width) & (y >= 0) & (y < height);
            (Event { x: x as u16, y: y as u16, ..event }, is_on_sensor)
        }))
    }
}

/// Moves each event in time by a normally distributed number of µs, rounded.
///
/// [`Policy::Tonic`]: times are cut to whole µs towards 0, not rounded. So events come half a µs earlier on
/// average.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeJitter {
    /// Standard deviation, in µs.
    pub std: f64,
    /// Drop events that come before time 0.
    pub clip_negative: bool,
    /// Sort the events by their new times. Otherwise they keep their order.
    pub sort_timestamps: bool,
    /// Whose rules.
    #[serde(default)]
    pub policy: Policy,
}

impl TimeJitter {
    /// Without events before time 0, not sorted, with strict rules.
    pub fn new(std: f64) -> Self {
        Self { std, clip_negative: true, sort_timestamps: false, policy: Policy::Strict }
    }

    /// The events at other times.
    ///
    /// # Errors
    ///
    /// The standard deviation is negative or not finite.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        const STD: Rule = Rule {
            transform: "TimeJitter",
            parameter: "std",
            expected: "a finite time of 0 or more",
            holds: |std| (0.0..f64::INFINITY).contains(&std),
        };
        let std = STD.check(self.std)?;
        let mut moved = |t: i64| {
            let noise = std * rng.sample::<f64, _>(StandardNormal);
            match self.policy {
                Policy::Strict => t.saturating_add(nearest(noise)),
                Policy::Tonic => (t as f64 + noise) as i64,
            }
        };
        let jittered = match self.clip_negative {
            true => keep_changed(events, events.sensor(), |event| {
                let t = moved(event.t);
                (Event { t, ..event }, t >= 0)
            }),
            false => changed(events, |columns| {
                columns.t.iter_mut().for_each(|t| *t = moved(*t));
            }),
        };
        Ok(if self.sort_timestamps { jittered.sorted() } else { jittered })
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::testing::{events, regular, rng};
    use super::*;

    /// Many events in the middle of a sensor of 100 x 100.
    fn middle() -> Events {
        events([100, 100], &vec![(50, 50, 1_000_000); 20_000])
    }

    /// Means, variances and covariance of the places, from the middle.
    fn moments(events: &Events) -> [f64; 5] {
        let n = events.len() as f64;
        let d = |places: &[u16]| places.iter().map(|c| f64::from(*c) - 50.0).collect::<Vec<_>>();
        let [x, y] = [d(events.x()), d(events.y())];
        let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
        let [mx, my] = [mean(&x), mean(&y)];
        let cov = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / n;
        [mx, my, cov(&x, &x) - mx * mx, cov(&y, &y) - my * my, cov(&x, &y) - mx * my]
    }

    #[test]
    fn places_have_the_covariance() {
        let jitter = SpatialJitter { var_x: 9.0, var_y: 4.0, sigma_xy: -3.0, ..Default::default() };
        let moved = jitter.apply(&middle(), &mut rng(1)).unwrap();
        assert_eq!(moved.len(), 20_000);
        let [mx, my, vx, vy, c] = moments(&moved);
        // Rounding adds 1/12 to the variances. Limits are five standard errors.
        assert!(mx.abs() < 0.11 && my.abs() < 0.075, "{mx} {my}");
        assert!((vx - 9.083).abs() < 0.46 && (vy - 4.083).abs() < 0.21, "{vx} {vy}");
        assert!((c + 3.0).abs() < 0.25, "{c}");
        assert_eq!(moved, jitter.apply(&middle(), &mut rng(1)).unwrap());
    }

    #[test]
    fn tonic_moves_half_a_pixel() {
        let jitter = SpatialJitter { policy: Policy::Tonic, ..Default::default() };
        let [mx, my, ..] = moments(&jitter.apply(&middle(), &mut rng(1)).unwrap());
        assert!((mx + 0.5).abs() < 0.04 && (my + 0.5).abs() < 0.04, "{mx} {my}");
    }

    #[test]
    fn events_that_leave_the_sensor_are_dropped() {
        let corner = events([3, 3], &vec![(0, 2, 0); 10_000]);
        let moved = SpatialJitter::default().apply(&corner, &mut rng(2)).unwrap();
        // x of -0.5 or more and less than 2.5, so 0.6853, and the same along y: 0.4696.
        assert!((4450..4950).contains(&moved.len()), "{}", moved.len());
    }

    #[test]
    fn no_jitter_and_impossible_jitter() {
        let none = SpatialJitter { var_x: 0.0, var_y: 0.0, ..Default::default() };
        assert_eq!(none.apply(&middle(), &mut rng(0)).unwrap(), middle());
        let wrong = SpatialJitter { sigma_xy: 1.1, ..Default::default() };
        let error = wrong.apply(&middle(), &mut rng(0)).unwrap_err().to_string();
        assert!(error.starts_with("SpatialJitter: sigma_xy: expected a covariance"), "{error}");
        let wrong = SpatialJitter { sigma_xy: f64::NAN, ..Default::default() };
        assert!(wrong.apply(&middle(), &mut rng(0)).is_err());
        let wrong = SpatialJitter { var_y: -1.0, ..Default::default() };
        assert!(wrong.apply(&middle(), &mut rng(0)).is_err());
        assert!(TimeJitter::new(-1.0).apply(&middle(), &mut rng(0)).is_err());
        assert_eq!(TimeJitter::new(0.0).apply(&middle(), &mut rng(0)).unwrap(), middle());
    }

    #[test]
    fn times_have_the_deviation() {
        let moved = |policy, std| {
            let jitter = TimeJitter { policy, ..TimeJitter::new(std) };
            let moved = jitter.apply(&middle(), &mut rng(3)).unwrap();
            let d: Vec<f64> = moved.t().iter().map(|t| (t - 1_000_000) as f64).collect();
            let mean = d.iter().sum::<f64>() / 20_000.0;
            (mean, d.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 20_000.0)
        };
        let (mean, variance) = moved(Policy::Strict, 10.0);
        assert!(mean.abs() < 0.36 && (variance - 100.08).abs() < 5.0, "{mean} {variance}");
        let (mean, _) = moved(Policy::Tonic, 1.0);
        assert!((mean + 0.5).abs() < 0.04, "{mean}");
    }

    #[test]
    fn times_before_0_and_out_of_order() {
        let events = regular([10, 10], 1000, 0);
        let jitter = TimeJitter::new(100.0);
        let clipped = jitter.apply(&events, &mut rng(4)).unwrap();
        assert!(clipped.len() < 1000 && clipped.t().iter().all(|t| *t >= 0));
        assert!(!clipped.is_sorted());
        let all = TimeJitter { clip_negative: false, sort_timestamps: true, ..jitter };
        let all = all.apply(&events, &mut rng(4)).unwrap();
        assert!(all.len() == 1000 && all.t()[0] < 0 && all.is_sorted());
    }
}

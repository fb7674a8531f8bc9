//! Coarser places and times, with every event kept.

use serde::{Deserialize, Serialize};

use super::TransformError;
use super::columns::{Scale, on_sensor};
use super::error::Rule;
use super::rounding::floor;
use crate::events::{Events, SensorSize};
use crate::policy::Policy;

/// How places change: the option that is set in Tonic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpatialScale {
    /// Factors of columns and of rows; more than 0.
    SpatialFactor([f64; 2]),
    /// Width and height of the new sensor.
    TargetSize([u16; 2]),
}

/// Multiplies times and places with factors, and cuts them to whole numbers. No event is dropped or merged
/// with another.
///
/// The new sensor has the target size, or the size of the old one times the factors, rounded up.
///
/// [`Policy::Tonic`]: negative times are cut towards 0, so that the µs around 0 get two µs' share of events.
///
/// ```
/// use snn_data::events::{Events, SensorSize};
/// use snn_data::transform::Downsample;
///
/// let sensor = SensorSize::new(8, 8);
/// let events = Events::new(vec![1999, 2000], vec![7, 4], vec![5, 0], vec![true; 2], sensor)?;
/// let coarse = Downsample { time_factor: 1e-3, ..Downsample::by([0.5, 0.5]) }.apply(&events)?;
/// assert_eq!((coarse.t(), coarse.x()), (&[1, 2][..], &[3, 2][..]));
/// assert_eq!(coarse.sensor(), SensorSize::new(4, 4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Downsample {
    /// Factor of the times.
    pub time_factor: f64,
    /// What becomes of the places.
    pub spatial_scale: SpatialScale,
    /// Whose rules.
    #[serde(default)]
    pub policy: Policy,
}

impl Downsample {
    /// Places times factors, times as they are.
    pub fn by(spatial_factor: [f64; 2]) -> Self {
        let spatial_scale = SpatialScale::SpatialFactor(spatial_factor);
        Self { time_factor: 1.0, spatial_scale, policy: Policy::Strict }
    }

    /// Places on a sensor of another size, times as they are.
    pub fn to(target_size: [u16; 2]) -> Self {
        let spatial_scale = SpatialScale::TargetSize(target_size);
        Self { time_factor: 1.0, spatial_scale, policy: Policy::Strict }
    }

    /// The events at coarser places and times.
    ///
    /// # Errors
    ///
    /// A factor is not finite; a spatial one is 0 or negative, or makes the sensor larger than 65,536
    /// pixels; the target size is 0.
    pub fn apply(&self, events: &Events) -> Result<Events, TransformError> {
        const TIME: Rule = Rule {
            transform: "Downsample",
            parameter: "time_factor",
            expected: "a finite number",
            holds: f64::is_finite,
        };
        let time_factor = TIME.check(self.time_factor)?;
        let sensor = events.sensor();
        let (scale, [width, height]) = match self.spatial_scale {
            SpatialScale::TargetSize(target_size) => {
                let scale = Scale::to(target_size, sensor, "Downsample")?;
                (scale, target_size.map(u32::from))
            }
            SpatialScale::SpatialFactor(factors) => {
                let size = |size: u32, factor: f64| {
                    let scaled = (f64::from(size) * factor).ceil();
                    // An event that is moved outwards needs a place that it can have.
                    let has_place = factor <= 1.0 || scaled <= 65536.0;
                    match factor > 0.0 && has_place {
                        true => Ok(scaled as u32),
                        false => Err(TransformError::Parameter {
                            transform: "Downsample",
                            parameter: "spatial_factor",
                            expected: "more than 0, and a sensor of at most 65536 pixels in a row",
                            value: factor,
                        }),
                    }
                };
                let sizes = [size(sensor.width, factors[0])?, size(sensor.height, factors[1])?];
                (Scale { factors }, sizes)
            }
        };
        let mut columns = events.clone().into_columns();
        let scaled = |t: i64| t as f64 * time_factor;
        if time_factor != 1.0 {
            match self.policy {
                Policy::Strict => columns.t.iter_mut().for_each(|t| *t = floor(scaled(*t))),
                Policy::Tonic => columns.t.iter_mut().for_each(|t| *t = scaled(*t) as i64),
            }
        }
        scale.apply(&mut columns);
        Ok(on_sensor(columns, SensorSize { width, height, ..sensor }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::testing::{events, pixels, times};
    use super::*;

    #[test]
    fn factors_of_places() {
        let events = events([17, 12], &[(0, 0, 0), (16, 11, 1), (7, 5, 2)]);
        let coarse = Downsample::by([0.5, 0.25]).apply(&events).unwrap();
        assert_eq!(pixels(&coarse), [(0, 0), (8, 2), (3, 1)]);
        assert_eq!(coarse.sensor(), SensorSize::new(9, 3));
        assert_eq!(coarse.t(), events.t());
        let fine = Downsample::by([2.0, 1.5]).apply(&events).unwrap();
        assert_eq!(pixels(&fine), [(0, 0), (32, 16), (14, 7)]);
        assert_eq!(fine.sensor(), SensorSize::new(34, 18));
    }

    #[test]
    fn a_target_size() {
        let events = events([16, 12], &[(0, 0, 0), (15, 11, 1), (6, 10, 2)]);
        let coarse = Downsample::to([6, 5]).apply(&events).unwrap();
        // 15 * 0.375 is 5.6, 11 * 5 / 12 is 4.6.
        assert_eq!(pixels(&coarse), [(0, 0), (5, 4), (2, 4)]);
        assert_eq!(coarse.sensor(), SensorSize::new(6, 5));
    }

    #[test]
    fn factors_of_times() {
        let events = events([4, 4], &[(0, 0, -15), (1, 0, -5), (2, 0, 5), (3, 0, 25)]);
        let strict = Downsample { time_factor: 0.1, ..Downsample::by([1.0; 2]) };
        let tonic = Downsample { policy: Policy::Tonic, ..strict.clone() };
        assert_eq!(times(&strict.apply(&events).unwrap()), [-2, -1, 0, 2]);
        assert_eq!(times(&tonic.apply(&events).unwrap()), [-1, 0, 0, 2]);
    }

    #[test]
    fn impossible_scales() {
        let events = events([40_000, 4], &[(39_999, 0, 0)]);
        assert!(Downsample::by([1.7, 1.0]).apply(&events).is_err());
        assert_eq!(Downsample::by([1.6, 1.0]).apply(&events).unwrap().x(), [63_998]);
        assert!(Downsample::by([0.0, 1.0]).apply(&events).is_err());
        assert!(Downsample::by([1.0, f64::INFINITY]).apply(&events).is_err());
        let error = Downsample::to([5, 0]).apply(&events).unwrap_err();
        assert_eq!(error.to_string(), "Downsample: a target of 5 x 0 for a sensor of 40000 x 4");
        let wrong = Downsample { time_factor: f64::NAN, ..Downsample::by([1.0; 2]) };
        assert!(wrong.apply(&events).is_err());
    }
}

//! Events outside the sensor.

use serde::{Deserialize, Serialize};

use super::{Columns, SensorSize};

/// Policy for events outside the sensor.
///
/// Such events come from damaged transfers, or from a sensor size that is not the camera's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outside {
    /// Returns an error that names the first one.
    #[default]
    Refuse,
    /// Drops them.
    Drop,
    /// Moves each to the nearest pixel of the sensor.
    Clip,
}

/// Whether all events lie on the sensor.
///
/// Compares the largest coordinates only, without a branch per event.
pub(super) fn all_inside(columns: &Columns, sensor: SensorSize) -> bool {
    let largest = |values: &[u16]| values.iter().copied().max().unwrap_or(0);
    columns.is_empty() || sensor.contains(largest(&columns.x), largest(&columns.y))
}

/// Removes the events outside the sensor; returns how many.
///
/// Noise is hard to predict: every event is written, and the next one overwrites it unless it is kept.
pub(super) fn drop_outside(columns: &mut Columns, sensor: SensorSize) -> usize {
    let Columns { t, x, y, p } = columns;
    let mut inside = 0;
    for index in 0..t.len() {
        let is_inside = sensor.contains(x[index], y[index]);
        (t[inside], x[inside]) = (t[index], x[index]);
        (y[inside], p[inside]) = (y[index], p[index]);
        inside += usize::from(is_inside);
    }
    let outside = t.len() - inside;
    t.truncate(inside);
    x.truncate(inside);
    y.truncate(inside);
    p.truncate(inside);
    outside
}

/// Moves the events outside the sensor to its edges; returns how many.
///
/// The sensor must have a pixel.
pub(super) fn clip_outside(columns: &mut Columns, sensor: SensorSize) -> usize {
    let last = |size: u32| u16::try_from(size - 1).unwrap_or(u16::MAX);
    let [right, bottom] = [last(sensor.width), last(sensor.height)];
    let mut outside = 0;
    for (x, y) in columns.x.iter_mut().zip(&mut columns.y) {
        outside += usize::from(!sensor.contains(*x, *y));
        (*x, *y) = ((*x).min(right), (*y).min(bottom));
    }
    outside
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Event, Events, EventsError};
    use super::*;

    fn columns(rows: &[(i64, u16, u16, bool)]) -> Columns {
        rows.iter().map(|&(t, x, y, p)| Event { t, x, y, p }).collect()
    }

    const ROWS: [(i64, u16, u16, bool); 4] =
        [(5, 1308, 3, true), (6, 1279, 719, false), (7, 0, 720, true), (7, 2000, 900, false)];

    #[test]
    fn refused_by_default_with_the_remedy() {
        let sensor = SensorSize::new(1280, 720);
        let refused = Events::from_columns_with(columns(&ROWS[1..]), sensor, Outside::default());
        let error = refused.unwrap_err();
        assert_eq!(error, EventsError::Outside { index: 1, x: 0, y: 720, sensor });
        assert_eq!(
            error.to_string(),
            "event 1: x 0, y 720 is outside of a sensor of 1280 x 720; set Options::sensor, or drop or clip such events with Options::outside"
        );
    }

    #[test]
    fn dropped_and_counted() {
        let sensor = SensorSize::new(1280, 720);
        let (events, dropped) =
            Events::from_columns_with(columns(&ROWS), sensor, Outside::Drop).unwrap();
        assert_eq!((events.into_columns(), dropped), (columns(&ROWS[1..2]), 3));
    }

    #[test]
    fn clipped_to_the_nearest_pixel_and_counted() {
        let sensor = SensorSize::new(1280, 720);
        let (events, clipped) =
            Events::from_columns_with(columns(&ROWS), sensor, Outside::Clip).unwrap();
        let expected =
            [(5, 1279, 3, true), (6, 1279, 719, false), (7, 0, 719, true), (7, 1279, 719, false)];
        assert_eq!((events.into_columns(), clipped), (columns(&expected), 3));
    }

    #[test]
    fn a_sensor_without_pixels_has_nowhere_to_clip_to() {
        for sensor in [SensorSize::new(0, 720), SensorSize::new(1280, 0)] {
            let of = |rows: &[_], outside| {
                let made = Events::from_columns_with(columns(rows), sensor, outside);
                made.map(|(events, count)| (events.len(), count))
            };
            assert_eq!(of(&ROWS, Outside::Drop), Ok((0, 4)));
            assert_eq!(
                of(&ROWS, Outside::Clip),
                Err(EventsError::Outside { index: 0, x: 1308, y: 3, sensor })
            );
            for outside in [Outside::Refuse, Outside::Drop, Outside::Clip] {
                assert_eq!(of(&[], outside), Ok((0, 0)));
            }
        }
    }

    #[test]
    fn columns_of_different_lengths_are_refused_first() {
        let long = Columns { x: vec![9, 9], ..columns(&ROWS[..1]) };
        for outside in [Outside::Refuse, Outside::Drop, Outside::Clip] {
            let sensor = SensorSize::new(2, 2);
            let error = Events::from_columns_with(long.clone(), sensor, outside).unwrap_err();
            assert_eq!(error, EventsError::Lengths { t: 1, x: 2, y: 1, p: 1 });
        }
    }

    proptest! {
        /// Against the policies written event by event.
        #[test]
        fn policies(
            rows in prop::collection::vec(
                (-9..9_i64, prop_oneof![0..6_u16, any::<u16>()], 0..6_u16, any::<bool>()), 0..40),
            width in prop_oneof![1..8_u32, Just(1 << 16), Just(u32::MAX)],
            height in 1..8_u32,
        ) {
            let sensor = SensorSize::new(width, height);
            let is_inside = |x: u16, y: u16| u32::from(x) < width && u32::from(y) < height;
            let count = rows.iter().filter(|(_, x, y, _)| !is_inside(*x, *y)).count();
            let apply = |outside| Events::from_columns_with(columns(&rows), sensor, outside);

            let first = rows.iter().position(|(_, x, y, _)| !is_inside(*x, *y));
            match (apply(Outside::Refuse), first) {
                (Ok((events, 0)), None) => prop_assert_eq!(events.into_columns(), columns(&rows)),
                (Err(EventsError::Outside { index, .. }), Some(first)) => {
                    prop_assert_eq!(index, first);
                }
                (other, _) => prop_assert!(false, "{:?}", other),
            }

            let (events, dropped) = apply(Outside::Drop).unwrap();
            let inside: Vec<_> =
                rows.iter().copied().filter(|(_, x, y, _)| is_inside(*x, *y)).collect();
            let is_sorted = inside.is_sorted_by_key(|(t, ..)| *t);
            prop_assert_eq!((dropped, events.is_sorted()), (count, is_sorted));
            prop_assert_eq!(events.into_columns(), columns(&inside));

            let (events, clipped) = apply(Outside::Clip).unwrap();
            let nearest = |&(t, x, y, p): &(i64, u16, u16, bool)| {
                let [x, y] = [(x, width), (y, height)].map(|(at, n)| u32::from(at).min(n - 1));
                (t, x as u16, y as u16, p)
            };
            let moved: Vec<_> = rows.iter().map(nearest).collect();
            prop_assert_eq!(clipped, count);
            prop_assert_eq!(events.into_columns(), columns(&moved));
        }
    }
}

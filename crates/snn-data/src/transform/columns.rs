//! What transforms are made of: choosing events, and one value for each pixel.

use super::TransformError;
use crate::events::{Columns, Event, Events, SensorSize};
use crate::memory::MOST_PIXELS;

/// Events of columns that a transform has made.
pub(super) fn on_sensor(columns: Columns, sensor: SensorSize) -> Events {
    Events::from_columns(columns, sensor)
        .unwrap_or_else(|error| unreachable!("a transform keeps events on their sensor: {error}"))
}

/// The events with changed columns, on the same sensor.
pub(super) fn changed(events: &Events, change: impl FnOnce(&mut Columns)) -> Events {
    let mut columns = events.clone().into_columns();
    change(&mut columns);
    on_sensor(columns, events.sensor())
}

/// The events that `is_kept` asks to keep, in their order.
pub(super) fn keep(events: &Events, mut is_kept: impl FnMut(Event) -> bool) -> Events {
    keep_changed(events, events.sensor(), move |event| (event, is_kept(event)))
}

/// What `change` makes of each event, if it asks to keep it, in their order.
///
/// Noise is hard to predict, so no event costs a branch: each is written, over the one before if that
/// was not kept. A closure that owns what it works on (`move`) is up to twice as fast: the compiler knows
/// that the columns are something else.
pub(super) fn keep_changed(
    events: &Events,
    sensor: SensorSize,
    mut change: impl FnMut(Event) -> (Event, bool),
) -> Events {
    /// Events at a time, few enough for the fastest memory.
    const PART: usize = 1024;
    let (mut t, mut x, mut y, mut p) = ([0; PART], [0; PART], [0; PART], [false; PART]);
    let mut columns = Columns::with_capacity(events.len());
    for start in (0..events.len()).step_by(PART) {
        let mut kept = 0;
        for event in events.slice(start..events.len().min(start + PART)).iter() {
            let (event, is_kept) = change(event);
            // Less than PART in any case, but so it needs no check.
            let place = kept % PART;
            t[place] = event.t;
            x[place] = event.x;
            y[place] = event.y;
            p[place] = event.p;
            kept += usize::from(is_kept);
        }
        columns.t.extend_from_slice(&t[..kept]);
        columns.x.extend_from_slice(&x[..kept]);
        columns.y.extend_from_slice(&y[..kept]);
        columns.p.extend_from_slice(&p[..kept]);
    }
    columns.t.shrink_to_fit();
    columns.x.shrink_to_fit();
    columns.y.shrink_to_fit();
    columns.p.shrink_to_fit();
    on_sensor(columns, sensor)
}

/// Columns and rows of the sensor up to the last ones with an event.
///
/// # Errors
///
/// There are more than [`MOST_PIXELS`].
pub(super) fn extent(
    events: &Events,
    transform: &'static str,
) -> Result<[usize; 2], TransformError> {
    let size = |values: &[u16]| values.iter().copied().max().map_or(0, |max| usize::from(max) + 1);
    let [width, height] = [size(events.x()), size(events.y())];
    match width * height <= MOST_PIXELS {
        true => Ok([width, height]),
        false => Err(TransformError::TooManyPixels { transform, width, height }),
    }
}

/// The earliest and the latest time, in µs, if there are events.
pub(super) fn time_range(events: &Events) -> Option<[i64; 2]> {
    let t = events.t();
    match events.is_sorted() {
        true => Some([*t.first()?, *t.last()?]),
        false => Some([*t.iter().min()?, *t.iter().max()?]),
    }
}

/// One value for each pixel of the [`extent`].
pub(super) struct Pixels<T> {
    width: usize,
    pub values: Vec<T>,
}

impl<T: Clone> Pixels<T> {
    pub fn filled(
        events: &Events,
        value: T,
        transform: &'static str,
    ) -> Result<Self, TransformError> {
        let [width, height] = extent(events, transform)?;
        Ok(Self { width, values: vec![value; width * height] })
    }

    /// The value of the pixel of an event.
    #[inline]
    pub fn of(&mut self, event: Event) -> &mut T {
        &mut self.values[usize::from(event.y) * self.width + usize::from(event.x)]
    }

    /// The value of a pixel, if it is in the extent.
    pub fn get_mut(&mut self, [x, y]: [u16; 2]) -> Option<&mut T> {
        let x = Some(usize::from(x)).filter(|x| *x < self.width)?;
        self.values.get_mut(usize::from(y) * self.width + x)
    }
}

/// Factors of places, on a sensor that is large enough for the result.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    pub factors: [f64; 2],
}

impl Scale {
    /// From a sensor to one of another size.
    pub fn to(
        target_size: [u16; 2],
        sensor: SensorSize,
        transform: &'static str,
    ) -> Result<Self, TransformError> {
        if target_size.contains(&0) {
            return Err(TransformError::TargetSize { transform, target_size, sensor });
        }
        let [w, h] = target_size.map(f64::from);
        Ok(Self { factors: [w / f64::from(sensor.width), h / f64::from(sensor.height)] })
    }

    #[inline]
    pub fn place(self, [x, y]: [u16; 2]) -> [u16; 2] {
        [(f64::from(x) * self.factors[0]) as u16, (f64::from(y) * self.factors[1]) as u16]
    }

    pub fn apply(self, columns: &mut Columns) {
        for (places, factor) in
            [(&mut columns.x, self.factors[0]), (&mut columns.y, self.factors[1])]
        {
            if factor != 1.0 {
                places.iter_mut().for_each(|c| *c = (f64::from(*c) * factor) as u16);
            }
        }
    }
}

#[cfg(test)]
pub(super) mod testing {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Events from `(x, y, t)`, brighter and darker in turn, on a sensor.
    pub fn events(sensor: [u32; 2], events: &[(u16, u16, i64)]) -> Events {
        let sensor = SensorSize::new(sensor[0], sensor[1]);
        let event = |(n, (x, y, t)): (usize, &(u16, u16, i64))| Event {
            t: *t,
            x: *x,
            y: *y,
            p: n.is_multiple_of(2),
        };
        Events::from_columns(events.iter().enumerate().map(event).collect(), sensor).unwrap()
    }

    pub fn times(events: &Events) -> Vec<i64> {
        events.t().to_vec()
    }

    pub fn pixels(events: &Events) -> Vec<(u16, u16)> {
        events.iter().map(|event| (event.x, event.y)).collect()
    }

    pub fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    /// One event at each µs from `first`, over all pixels of a sensor in turn.
    pub fn regular(sensor: [u32; 2], count: u32, first: i64) -> Events {
        let event = |n: u32| Event {
            t: first + i64::from(n),
            x: (n % sensor[0]) as u16,
            y: (n / sensor[0] % sensor[1]) as u16,
            p: (n / 3).is_multiple_of(2),
        };
        let size = SensorSize::new(sensor[0], sensor[1]);
        Events::from_columns((0..count).map(event).collect(), size).unwrap()
    }

    prop_compose! {
        /// Sorted events of a small sensor, many of them close, from a time that may be negative.
        pub fn any_events()(
            raw in prop::collection::vec((0..7_u16, 0..5_u16, 0..40_i64, any::<bool>()), 0..200),
            first in prop::sample::select(vec![-100_i64, 0, 1_000_000]),
        ) -> Events {
            let event = |&(x, y, t, p): &(u16, u16, i64, bool)| Event { t: first + t, x, y, p };
            let columns = raw.iter().map(event).collect();
            Events::from_columns(columns, SensorSize::new(8, 6)).unwrap().sorted()
        }
    }
}

//! Events of a camera, in columns.

mod outside;
mod sensor;
mod spikes;
#[cfg(test)]
mod tests;
mod triggers;

use std::ops::Range;
use std::sync::Arc;

use thiserror::Error;

pub use outside::Outside;
use outside::{all_inside, clip_outside, drop_outside};
pub use sensor::SensorSize;
pub use spikes::Spikes;
pub use triggers::{Trigger, TriggerKind, Triggers};

/// One event of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Event {
    /// Time, in µs.
    pub t: i64,
    /// Column, from the left.
    pub x: u16,
    /// Row, from the top.
    pub y: u16,
    /// Whether it became brighter.
    pub p: bool,
}

/// Events of a camera, in columns, with the size of its sensor.
///
/// No event lies outside of the sensor. Copies and slices share the columns, and cost nothing.
///
/// ```
/// use snn_data::events::{Events, SensorSize};
///
/// let sensor = SensorSize::new(4, 2);
/// let events = Events::new(vec![0, 5, 7], vec![3, 0, 1], vec![1, 1, 0], vec![true, false, true], sensor)?;
/// assert!(events.is_sorted());
/// assert_eq!(events.between(5..7).x(), [0]);
/// # Ok::<(), snn_data::events::EventsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Events {
    columns: Arc<Columns>,
    range: Range<usize>,
    sensor: SensorSize,
    sorted: bool,
}

/// Columns of events, as long as each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Times, in µs.
    pub t: Vec<i64>,
    /// Columns of the sensor, from the left.
    pub x: Vec<u16>,
    /// Rows of the sensor, from the top.
    pub y: Vec<u16>,
    /// Whether it became brighter.
    pub p: Vec<bool>,
}

/// Why columns are not events.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EventsError {
    /// Columns of different lengths.
    #[error("columns of different lengths: t {t}, x {x}, y {y}, p {p}")]
    Lengths {
        /// Number of times.
        t: usize,
        /// Number of columns.
        x: usize,
        /// Number of rows.
        y: usize,
        /// Number of polarities.
        p: usize,
    },
    /// An event that is not on the sensor.
    #[error(
        "event {index}: x {x}, y {y} is outside of a sensor of {sensor}; set Options::sensor, or drop \
         or clip such events with Options::outside"
    )]
    Outside {
        /// Which event.
        index: usize,
        /// Its column.
        x: u16,
        /// Its row.
        y: u16,
        /// The sensor.
        sensor: SensorSize,
    },
    /// A spike of a neuron that is not there.
    #[error("spike {index}: unit {unit} of {units}")]
    Unit {
        /// Which spike.
        index: usize,
        /// Its neuron.
        unit: u32,
        /// Number of neurons.
        units: u32,
    },
}

impl Columns {
    /// Columns without events, with room for some.
    pub fn with_capacity(events: usize) -> Self {
        Self {
            t: Vec::with_capacity(events),
            x: Vec::with_capacity(events),
            y: Vec::with_capacity(events),
            p: Vec::with_capacity(events),
        }
    }

    /// Number of events.
    pub fn len(&self) -> usize {
        self.t.len()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.t.is_empty()
    }

    /// Removes the events from `at` on, and returns them.
    pub(crate) fn split_off(&mut self, at: usize) -> Self {
        let Self { t, x, y, p } = self;
        Self { t: t.split_off(at), x: x.split_off(at), y: y.split_off(at), p: p.split_off(at) }
    }

    /// Appends an event.
    #[inline]
    pub fn push(&mut self, event: Event) {
        self.t.push(event.t);
        self.x.push(event.x);
        self.y.push(event.y);
        self.p.push(event.p);
    }
}

impl FromIterator<Event> for Columns {
    fn from_iter<I: IntoIterator<Item = Event>>(events: I) -> Self {
        let events = events.into_iter();
        let mut columns = Self::with_capacity(events.size_hint().0);
        events.for_each(|event| columns.push(event));
        columns
    }
}

impl Events {
    /// Events with `t` in µs, on a sensor. They may be in any order of time.
    ///
    /// # Errors
    ///
    /// The columns have different lengths, or an event is outside of the sensor; names the first.
    pub fn new(
        t: Vec<i64>,
        x: Vec<u16>,
        y: Vec<u16>,
        p: Vec<bool>,
        sensor: SensorSize,
    ) -> Result<Self, EventsError> {
        Self::from_columns(Columns { t, x, y, p }, sensor)
    }

    /// [`new`](Self::new), of columns.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_columns(columns: Columns, sensor: SensorSize) -> Result<Self, EventsError> {
        Self::from_columns_with(columns, sensor, Outside::Refuse).map(|(events, _)| events)
    }

    /// Creates events from columns, with a policy for those outside the sensor; also returns how many
    /// were dropped or clipped.
    ///
    /// ```
    /// use snn_data::events::{Columns, Event, Events, Outside, SensorSize};
    ///
    /// let x = [1308, 7];
    /// let columns: Columns = x.iter().map(|x| Event { t: 0, x: *x, y: 0, p: true }).collect();
    /// let sensor = SensorSize::new(1280, 720);
    /// let (events, dropped) = Events::from_columns_with(columns, sensor, Outside::Drop)?;
    /// assert_eq!((events.x(), dropped), (&[7][..], 1));
    /// # Ok::<(), snn_data::events::EventsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The columns have different lengths; or an event is outside the sensor under [`Outside::Refuse`],
    /// or under [`Outside::Clip`] with a sensor without pixels: names the first.
    pub fn from_columns_with(
        mut columns: Columns,
        sensor: SensorSize,
        outside: Outside,
    ) -> Result<(Self, usize), EventsError> {
        let Columns { t, x, y, p } = &columns;
        let lengths = [t.len(), x.len(), y.len(), p.len()];
        if lengths.iter().any(|length| *length != t.len()) {
            let [t, x, y, p] = lengths;
            return Err(EventsError::Lengths { t, x, y, p });
        }
        let mut count = 0;
        if !all_inside(&columns, sensor) {
            match outside {
                Outside::Drop => count = drop_outside(&mut columns, sensor),
                Outside::Clip if sensor.pixels() > 0 => count = clip_outside(&mut columns, sensor),
                _ => {
                    // Found again, one by one, only where there is one.
                    for (index, (x, y)) in columns.x.iter().zip(&columns.y).enumerate() {
                        let (x, y) = (*x, *y);
                        if !sensor.contains(x, y) {
                            return Err(EventsError::Outside { index, x, y, sensor });
                        }
                    }
                }
            }
        }
        let sorted = columns.t.is_sorted();
        let range = 0..columns.len();
        Ok((Self { range, columns: Arc::new(columns), sensor, sorted }, count))
    }

    /// Events on the smallest sensor that has all of them.
    ///
    /// # Errors
    ///
    /// The columns have different lengths.
    pub fn on_smallest_sensor(columns: Columns) -> Result<Self, EventsError> {
        let sensor = SensorSize::smallest(&columns);
        Self::from_columns(columns, sensor)
    }

    /// No events.
    pub fn empty(sensor: SensorSize) -> Self {
        Self { columns: Arc::default(), range: 0..0, sensor, sorted: true }
    }

    /// Times, in µs.
    pub fn t(&self) -> &[i64] {
        &self.columns.t[self.range.clone()]
    }

    /// Columns of the sensor, from the left.
    pub fn x(&self) -> &[u16] {
        &self.columns.x[self.range.clone()]
    }

    /// Rows of the sensor, from the top.
    pub fn y(&self) -> &[u16] {
        &self.columns.y[self.range.clone()]
    }

    /// Polarities: whether it became brighter.
    pub fn p(&self) -> &[bool] {
        &self.columns.p[self.range.clone()]
    }

    /// The sensor.
    pub fn sensor(&self) -> SensorSize {
        self.sensor
    }

    /// Number of events.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Whether no event is earlier than the one before.
    pub fn is_sorted(&self) -> bool {
        self.sorted || self.t().is_sorted()
    }

    /// In the order of time; events of the same time keep their order.
    pub fn sorted(self) -> Self {
        if self.is_sorted() {
            return Self { sorted: true, ..self };
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|index| self.t()[*index]);
        let columns: Columns = order.into_iter().filter_map(|index| self.get(index)).collect();
        Self {
            range: 0..columns.len(),
            columns: Arc::new(columns),
            sensor: self.sensor,
            sorted: true,
        }
    }

    /// One event.
    pub fn get(&self, index: usize) -> Option<Event> {
        let t = *self.t().get(index)?;
        Some(Event { t, x: self.x()[index], y: self.y()[index], p: self.p()[index] })
    }

    /// The events, one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Event> + '_ {
        let columns = self.t().iter().zip(self.x()).zip(self.y()).zip(self.p());
        columns.map(|(((t, x), y), p)| Event { t: *t, x: *x, y: *y, p: *p })
    }

    /// Some events by their number, without a copy.
    ///
    /// # Panics
    ///
    /// The range is not within the events.
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(
            range.start <= range.end && range.end <= self.len(),
            "slice {range:?} of {} events",
            self.len()
        );
        let start = self.range.start;
        Self { range: start + range.start..start + range.end, ..self.clone() }
    }

    /// The events of a time, in µs, of which the end is not part, without a copy.
    ///
    /// # Panics
    ///
    /// They are not [sorted](Self::is_sorted).
    pub fn between(&self, time: Range<i64>) -> Self {
        let index = |t| self.first_at(t);
        let (start, end) = (index(time.start), index(time.end));
        self.slice(start..end.max(start))
    }

    /// The number of the first event that is not before a time, in µs.
    ///
    /// # Panics
    ///
    /// They are not [sorted](Self::is_sorted).
    pub fn first_at(&self, time: i64) -> usize {
        assert!(self.is_sorted(), "the events are not sorted by time; `Events::sorted` sorts them");
        self.t().partition_point(|t| *t < time)
    }

    /// The columns; a copy if others share them.
    pub fn into_columns(self) -> Columns {
        if self.range != (0..self.columns.len()) {
            return self.iter().collect();
        }
        Arc::unwrap_or_clone(self.columns)
    }
}

impl PartialEq for Events {
    fn eq(&self, other: &Self) -> bool {
        (self.sensor, self.t(), self.x(), self.y(), self.p())
            == (other.sensor, other.t(), other.x(), other.y(), other.p())
    }
}

impl Eq for Events {}

//! Spikes of neurons without a place, of a cochlea for example.

use std::ops::Range;
use std::sync::Arc;

use super::EventsError;

/// Spikes of numbered neurons: audio, touch, the activity of a network.
///
/// Copies and slices share the columns, and cost nothing.
#[derive(Debug, Clone)]
pub struct Spikes {
    columns: Arc<(Vec<i64>, Vec<u32>)>,
    range: Range<usize>,
    units: u32,
}

impl Spikes {
    /// Spikes at times `t`, in µs, of neurons `unit`, of which there are `units`. In any order of time.
    ///
    /// # Errors
    ///
    /// The columns have different lengths, or there is no such neuron; names the first.
    pub fn new(t: Vec<i64>, unit: Vec<u32>, units: u32) -> Result<Self, EventsError> {
        if t.len() != unit.len() {
            let n = unit.len();
            return Err(EventsError::Lengths { t: t.len(), x: n, y: n, p: n });
        }
        if let Some(index) = unit.iter().position(|unit| *unit >= units) {
            return Err(EventsError::Unit { index, unit: unit[index], units });
        }
        Ok(Self { range: 0..t.len(), columns: Arc::new((t, unit)), units })
    }

    /// Times, in µs.
    pub fn t(&self) -> &[i64] {
        &self.columns.0[self.range.clone()]
    }

    /// Which neuron.
    pub fn unit(&self) -> &[u32] {
        &self.columns.1[self.range.clone()]
    }

    /// Number of neurons.
    pub fn units(&self) -> u32 {
        self.units
    }

    /// Number of spikes.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there are no spikes.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Whether no spike is earlier than the one before.
    pub fn is_sorted(&self) -> bool {
        self.t().is_sorted()
    }

    /// In the order of time; spikes of the same time keep their order.
    pub fn sorted(self) -> Self {
        if self.is_sorted() {
            return self;
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|index| self.t()[*index]);
        let t = order.iter().map(|index| self.t()[*index]).collect();
        let unit = order.iter().map(|index| self.unit()[*index]).collect();
        Self { range: 0..order.len(), columns: Arc::new((t, unit)), units: self.units }
    }

    /// Some spikes by their number, without a copy.
    ///
    /// # Panics
    ///
    /// The range is not within the spikes.
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(
            range.start <= range.end && range.end <= self.len(),
            "slice {range:?} of {} spikes",
            self.len()
        );
        let start = self.range.start;
        Self { range: start + range.start..start + range.end, ..self.clone() }
    }
}

impl PartialEq for Spikes {
    fn eq(&self, other: &Self) -> bool {
        (self.units, self.t(), self.unit()) == (other.units, other.t(), other.unit())
    }
}

impl Eq for Spikes {}

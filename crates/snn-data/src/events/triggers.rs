//! Triggers: signals that a camera records between its events.

/// One trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Trigger {
    /// Time in µs, on the clock of the events.
    pub t: i64,
    /// Number of the trigger input; 0 where the format has no inputs to tell apart (AEDAT 4.0).
    pub channel: u8,
    /// Cause of the trigger.
    pub kind: TriggerKind,
}

/// Cause of a trigger.
///
/// EVT files contain edges of the trigger inputs only. The others are those of DV's `TriggerType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TriggerKind {
    /// Rising edge of an external signal.
    RisingEdge,
    /// Falling edge of an external signal.
    FallingEdge,
    /// Pulse of an external signal.
    Pulse,
    /// Rising edge of the camera's signal generator.
    GeneratorRisingEdge,
    /// Falling edge of the camera's signal generator.
    GeneratorFallingEdge,
    /// Start of a frame's readout.
    FrameStart,
    /// End of a frame's readout.
    FrameEnd,
    /// Start of a frame's exposure.
    ExposureStart,
    /// End of a frame's exposure.
    ExposureEnd,
    /// Reset of the camera's clock.
    TimestampReset,
    /// Another type of DV, by its number.
    Other(i8),
}

/// Triggers of a recording, in columns, in the order of the file.
///
/// ```
/// use snn_data::events::{Trigger, TriggerKind, Triggers};
///
/// let edge = |t, kind| Trigger { t, channel: 0, kind };
/// let pulse = [edge(5, TriggerKind::RisingEdge), edge(9, TriggerKind::FallingEdge)];
/// let triggers: Triggers = pulse.into_iter().collect();
/// assert_eq!(triggers.t(), [5, 9]);
/// let rising = triggers.iter().filter(|trigger| trigger.kind == TriggerKind::RisingEdge);
/// assert_eq!(rising.count(), 1);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Triggers {
    t: Vec<i64>,
    channel: Vec<u8>,
    kind: Vec<TriggerKind>,
}

impl Triggers {
    /// Appends a trigger.
    pub fn push(&mut self, Trigger { t, channel, kind }: Trigger) {
        self.t.push(t);
        self.channel.push(channel);
        self.kind.push(kind);
    }

    /// Times in µs, on the clock of the events.
    pub fn t(&self) -> &[i64] {
        &self.t
    }

    /// Numbers of the trigger inputs.
    pub fn channel(&self) -> &[u8] {
        &self.channel
    }

    /// Causes of the triggers.
    pub fn kind(&self) -> &[TriggerKind] {
        &self.kind
    }

    /// Number of triggers.
    pub fn len(&self) -> usize {
        self.t.len()
    }

    /// Whether there are no triggers.
    pub fn is_empty(&self) -> bool {
        self.t.is_empty()
    }

    /// Iterates over the triggers.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Trigger> + '_ {
        let columns = self.t.iter().zip(&self.channel).zip(&self.kind);
        columns.map(|((t, channel), kind)| Trigger { t: *t, channel: *channel, kind: *kind })
    }
}

impl FromIterator<Trigger> for Triggers {
    fn from_iter<I: IntoIterator<Item = Trigger>>(triggers: I) -> Self {
        let mut columns = Self::default();
        triggers.into_iter().for_each(|trigger| columns.push(trigger));
        columns
    }
}

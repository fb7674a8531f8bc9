//! Which events belong together.

mod cut;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::FrameError;
use crate::events::{Events, Spikes};
use crate::policy::Policy;

/// How a recording is cut into slices.
///
/// The constructors keep every event. Tonic's own default for windows and counts is to leave an
/// incomplete last slice out: [`complete_only`](Self::complete_only).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Slicer {
    /// Windows of the same duration, each `[start, start + window)`, in µs.
    ///
    /// `Strict`: no window goes beyond `end`, and the one that reaches it has the events at `end`.
    /// `Tonic`: an event at the end of the last complete window is lost; `end` has an effect on the
    /// number of windows only. Under both, a recording shorter than a window is one slice.
    TimeWindow {
        /// Duration of a window, in µs.
        window: f64,
        /// How much of a window belongs to the next one too, in µs. Under `Tonic` it may be negative:
        /// then there is time between windows.
        overlap: f64,
        /// Whether the last window may reach beyond the end.
        include_incomplete: bool,
        /// Where the first window starts, in µs; at the first event if not given.
        start: Option<f64>,
        /// Where the last window ends, in µs; at the last event if not given.
        end: Option<f64>,
    },
    /// The same number of events in each. A recording with fewer is one slice.
    EventCount {
        /// Events in a slice.
        count: usize,
        /// How many of them belong to the next one too. With a part of one, slices start at the whole
        /// event before. Under `Tonic` it may be negative: then events between slices are dropped.
        overlap: f64,
        /// Whether the last slice may have fewer.
        include_incomplete: bool,
    },
    /// A number of windows of the same duration, over the whole recording.
    ///
    /// `Strict`: with an overlap `o`, windows of the duration `d / (1 + (bins - 1)(1 - o))`, each
    /// starting `1 - o` of that after the one before; the last is closed.
    ///
    /// `Tonic`: windows of `(d // bins)(1 + o)`, whole numbers of µs but for the overlap, each
    /// starting `1 - o` of that after the one before: the end of the recording is often in none.
    TimeBins {
        /// Number of windows.
        bins: usize,
        /// Share of a window that belongs to the next one too.
        overlap: f64,
    },
    /// A number of slices with about the same number of events, over the whole recording.
    ///
    /// As [`TimeBins`](Self::TimeBins), with the number of events for the duration, rounded down to
    /// whole events.
    EventBins {
        /// Number of slices.
        bins: usize,
        /// Share of a slice that belongs to the next one too.
        overlap: f64,
    },
    /// Slices by the numbers of their events. Under `Tonic`, what goes beyond the recording is left
    /// out.
    Indices(Vec<Range<usize>>),
    /// Slices by time, in µs; the end is not part of a slice.
    TimePoints(Vec<Range<i64>>),
}

impl Slicer {
    /// Windows of a duration in µs, from the first to the last event.
    pub fn time_window(window: i64) -> Self {
        let window = window as f64;
        Self::TimeWindow { window, overlap: 0.0, include_incomplete: true, start: None, end: None }
    }

    /// Slices of `count` events.
    pub fn event_count(count: usize) -> Self {
        Self::EventCount { count, overlap: 0.0, include_incomplete: true }
    }

    /// As many windows of the same duration.
    pub fn time_bins(bins: usize) -> Self {
        Self::TimeBins { bins, overlap: 0.0 }
    }

    /// As many slices of the same number of events.
    pub fn event_bins(bins: usize) -> Self {
        Self::EventBins { bins, overlap: 0.0 }
    }

    /// Without an incomplete last window or slice: the events of it are dropped.
    pub fn complete_only(mut self) -> Self {
        if let Self::TimeWindow { include_incomplete, .. }
        | Self::EventCount { include_incomplete, .. } = &mut self
        {
            *include_incomplete = false;
        }
        self
    }

    /// The numbers of the events of each slice; [`Events::slice`] has them without a copy.
    ///
    /// Without events there are as many empty slices as the slicer says, or one.
    ///
    /// # Errors
    ///
    /// A parameter makes no sense, or the events are not sorted by time. Under `Tonic` the latter
    /// is no error if slices are made by number.
    pub fn slices(&self, events: &Events, policy: Policy) -> Result<Vec<Range<usize>>, FrameError> {
        self.ranges(events.t(), || events.is_sorted(), policy)
    }

    /// [`slices`](Self::slices), of spikes.
    ///
    /// # Errors
    ///
    /// As [`slices`](Self::slices).
    pub fn spike_slices(
        &self,
        spikes: &Spikes,
        policy: Policy,
    ) -> Result<Vec<Range<usize>>, FrameError> {
        self.ranges(spikes.t(), || spikes.is_sorted(), policy)
    }

    fn ranges(
        &self,
        t: &[i64],
        is_sorted: impl FnOnce() -> bool,
        policy: Policy,
    ) -> Result<Vec<Range<usize>>, FrameError> {
        self.check(policy)?;
        let by_time = matches!(self, Self::TimeWindow { .. } | Self::TimeBins { .. });
        let in_order = match self {
            Self::Indices(_) => false,
            Self::TimePoints(_) => true,
            _ => by_time || policy == Policy::Strict,
        };
        if in_order && !is_sorted() {
            return Err(FrameError::Unsorted);
        }
        match *self {
            Self::TimeWindow { window, overlap, include_incomplete, start, end } => {
                cut::time_windows(
                    t,
                    window,
                    window - overlap,
                    include_incomplete,
                    [start, end],
                    policy,
                )
            }
            Self::EventCount { count, overlap, include_incomplete } => {
                let stride = count as f64 - overlap;
                cut::event_counts(t.len(), count, stride, include_incomplete)
            }
            Self::TimeBins { bins, overlap } => cut::time_bins(t, bins, overlap, policy),
            Self::EventBins { bins, overlap } => cut::event_bins(t.len(), bins, overlap, policy),
            Self::Indices(ref ranges) => cut::indices(t.len(), ranges, policy),
            Self::TimePoints(ref points) => Ok(points
                .iter()
                .map(|point| {
                    let index = |time| t.partition_point(|t| *t < time);
                    let start = index(point.start);
                    start..index(point.end).max(start)
                })
                .collect()),
        }
    }

    fn check(&self, policy: Policy) -> Result<(), FrameError> {
        let strict = policy == Policy::Strict;
        match *self {
            Self::TimeWindow { window, overlap, start, end, .. } => {
                let is_time = window > 0.0 && window.is_finite();
                FrameError::unless(is_time, || format!("a time window of {window} µs"))?;
                let least = if strict { 0.0 } else { f64::MIN };
                FrameError::unless((least..window).contains(&overlap), || {
                    format!("windows of {window} µs that overlap by {overlap} µs")
                })?;
                let (first, last) = (start.unwrap_or(0.0), end.unwrap_or(0.0));
                let inverted = strict && start.is_some() && end.is_some() && first > last;
                let is_time = first.is_finite() && last.is_finite();
                FrameError::unless(is_time && !inverted, || {
                    format!("a start and an end of {:?} µs", (first, last))
                })
            }
            Self::EventCount { count, overlap, .. } => {
                FrameError::unless(count > 0, || "slices of no events".into())?;
                let least = if strict { 0.0 } else { f64::MIN };
                FrameError::unless((least..count as f64).contains(&overlap), || {
                    format!("slices of {count} events that overlap by {overlap}")
                })
            }
            Self::TimeBins { bins, overlap } | Self::EventBins { bins, overlap } => {
                FrameError::unless(bins > 0, || "no bins".into())?;
                let least = if strict { 0.0 } else { -1.0 };
                // Tonic takes slices that are all the same.
                let same = !strict && overlap == 1.0 && matches!(self, Self::EventBins { .. });
                FrameError::unless(overlap >= least && overlap < 1.0 || same, || {
                    format!("bins that overlap by {overlap} of their size")
                })
            }
            Self::Indices(_) => Ok(()),
            Self::TimePoints(ref points) => {
                match points.iter().find(|point| strict && point.start > point.end) {
                    Some(point) => Err(FrameError::Parameter(format!("a slice of {point:?} µs"))),
                    None => Ok(()),
                }
            }
        }
    }
}

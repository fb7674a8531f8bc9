//! Which events belong together.

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
    /// `Strict`: no window goes beyond `end`, and the one that reaches it has the events at `end`. `Tonic`: an
    /// event at the end of the last complete window is lost; `end` has an effect on the number of windows only.
    /// Under both, a recording shorter than a window is one slice.
    TimeWindow {
        /// Duration of a window, in µs.
        window: i64,
        /// How much of a window belongs to the next one too, in µs.
        overlap: i64,
        /// Whether the last window may reach beyond the end.
        include_incomplete: bool,
        /// Where the first window starts, in µs; at the first event if not given.
        start: Option<i64>,
        /// Where the last window ends, in µs; at the last event if not given.
        end: Option<i64>,
    },
    /// The same number of events in each. A recording with fewer is one slice.
    EventCount {
        /// Events in a slice.
        count: usize,
        /// How many of them belong to the next one too.
        overlap: usize,
        /// Whether the last slice may have fewer.
        include_incomplete: bool,
    },
    /// A number of windows of the same duration, over the whole recording.
    ///
    /// `Strict`: with an overlap `o`, windows of the duration `d / (1 + (bins - 1)(1 - o))`, each starting
    /// `1 - o` of that after the one before; the last is closed. `Tonic`: windows of `(d // bins)(1 + o)`, each
    /// starting `1 - o` of that after the one before, so that the end of the recording is often in none.
    TimeBins {
        /// Number of windows.
        bins: usize,
        /// Share of a window that belongs to the next one too.
        overlap: f64,
    },
    /// A number of slices with about the same number of events, over the whole recording.
    ///
    /// As [`TimeBins`](Self::TimeBins), with the number of events for the duration, rounded down to whole events.
    EventBins {
        /// Number of slices.
        bins: usize,
        /// Share of a slice that belongs to the next one too.
        overlap: f64,
    },
    /// Slices by the numbers of their events. Under `Tonic`, what goes beyond the recording is left out.
    Indices(Vec<Range<usize>>),
    /// Slices by time, in µs; the end is not part of a slice.
    TimePoints(Vec<Range<i64>>),
}

impl Slicer {
    /// Windows of a duration in µs, from the first to the last event.
    pub fn time_window(window: i64) -> Self {
        Self::TimeWindow { window, overlap: 0, include_incomplete: true, start: None, end: None }
    }

    /// Slices of `count` events.
    pub fn event_count(count: usize) -> Self {
        Self::EventCount { count, overlap: 0, include_incomplete: true }
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
    /// A parameter makes no sense, or the events are not sorted by time. Under `Tonic` the latter is no
    /// error if slices are made by number.
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
                // Wider than the times, so that no sum overflows.
                let [window, overlap] = [window, overlap].map(i128::from);
                time_windows(t, window, window - overlap, include_incomplete, [start, end], policy)
            }
            Self::EventCount { count, overlap, include_incomplete } => {
                event_counts(t.len(), count, count - overlap, include_incomplete)
            }
            Self::TimeBins { bins, overlap } => time_bins(t, bins, overlap, policy),
            Self::EventBins { bins, overlap } => event_bins(t.len(), bins, overlap, policy),
            Self::Indices(ref ranges) => indices(t.len(), ranges, policy),
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
                FrameError::unless(window > 0, || format!("a time window of {window} µs"))?;
                FrameError::unless(overlap < window && (overlap >= 0 || !strict), || {
                    format!("windows of {window} µs that overlap by {overlap} µs")
                })?;
                let inverted = start.zip(end).filter(|(start, end)| strict && start > end);
                FrameError::unless(inverted.is_none(), || {
                    format!("a start and an end of {:?} µs", inverted.unwrap_or_default())
                })
            }
            Self::EventCount { count, overlap, .. } => {
                FrameError::unless(count > 0, || "slices of no events".into())?;
                FrameError::unless(overlap < count, || {
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

fn time_windows(
    t: &[i64],
    window: i128,
    stride: i128,
    include_incomplete: bool,
    [start, end]: [Option<i64>; 2],
    policy: Policy,
) -> Result<Vec<Range<usize>>, FrameError> {
    let start = start.or(t.first().copied()).map(i128::from);
    let end = end.or(t.last().copied()).map(i128::from);
    let (Some(start), Some(end)) = (start, end) else { return empty(1) };
    if t.is_empty() && policy == Policy::Tonic {
        return empty(1);
    }
    let after_first = end - start - window;
    let more = match include_incomplete {
        true => -(-after_first).div_euclid(stride),
        false => after_first.div_euclid(stride),
    };
    let windows = (0..=more.max(0)).map(|index| {
        let start = start + index * stride;
        match policy {
            Policy::Strict if start + window >= end => (start, end + 1),
            _ => (start, start + window),
        }
    });
    at_times(t, windows, more.max(0) + 1, |t, edge| i128::from(t) < edge)
}

fn event_counts(
    events: usize,
    count: usize,
    stride: usize,
    include_incomplete: bool,
) -> Result<Vec<Range<usize>>, FrameError> {
    let count = count.min(events);
    let after_first = events - count;
    let more = match include_incomplete {
        true => after_first.div_ceil(stride),
        false => after_first / stride,
    };
    Ok((0..=more).map(|index| index * stride).map(|at| at..(at + count).min(events)).collect())
}

fn time_bins(
    t: &[i64],
    bins: usize,
    overlap: f64,
    policy: Policy,
) -> Result<Vec<Range<usize>>, FrameError> {
    let (Some(first), Some(last)) = (t.first(), t.last()) else { return empty(bins) };
    let (first, last) = (i128::from(*first), i128::from(*last));
    let (duration, count) = (last - first, bins as i128);
    match policy {
        Policy::Strict => {
            let windows = shares(bins, overlap, duration as f64).map(|(start, end)| {
                // Times are whole: a window is closed if it ends one later.
                let at = |share: f64| first + share.ceil() as i128;
                (at(start), end.map_or(last + 1, at))
            });
            at_times(t, windows, count, |t, edge| i128::from(t) < edge)
        }
        Policy::Tonic => {
            let window = (duration / count) as f64 * (1.0 + overlap);
            let stride = window * (1.0 - overlap);
            let start = |index| index as f64 * stride + first as f64;
            let windows = (0..bins).map(|index| (start(index), start(index) + window));
            at_times(t, windows, count, |t, edge| (t as f64) < edge)
        }
    }
}

fn event_bins(
    events: usize,
    bins: usize,
    overlap: f64,
    policy: Policy,
) -> Result<Vec<Range<usize>>, FrameError> {
    let mut slices = reserve(bins as i128)?;
    match policy {
        Policy::Strict => {
            let shares = shares(bins, overlap, events as f64);
            slices.extend(
                shares.map(|(start, end)| start as usize..end.map_or(events, |end| end as usize)),
            );
        }
        Policy::Tonic => {
            let count = ((events / bins) as f64 * (1.0 + overlap)) as usize;
            let stride = (count as f64 * (1.0 - overlap)) as usize;
            let at = |index: usize| index.min(events);
            slices.extend((0..bins).map(|index| at(index * stride)..at(index * stride + count)));
        }
    }
    Ok(slices)
}

/// Cuts `0..whole` into bins of the same size, of which neighbours share a part. The last has no end.
fn shares(bins: usize, overlap: f64, whole: f64) -> impl Iterator<Item = (f64, Option<f64>)> {
    // In units of a bin. Multiplied before it is divided: whole numbers stay whole.
    let all = (bins - 1) as f64 * (1.0 - overlap) + 1.0;
    let start = move |index: usize| index as f64 * (1.0 - overlap);
    let share = move |at: f64| at * whole / all;
    (0..bins).map(move |index| {
        let end = (index + 1 < bins).then(|| share(start(index) + 1.0));
        (share(start(index)), end)
    })
}

fn indices(
    events: usize,
    ranges: &[Range<usize>],
    policy: Policy,
) -> Result<Vec<Range<usize>>, FrameError> {
    let slice = |range: &Range<usize>| match policy {
        Policy::Strict if range.start > range.end || range.end > events => {
            Err(FrameError::Range { range: range.clone(), events })
        }
        Policy::Strict => Ok(range.clone()),
        Policy::Tonic => {
            let start = range.start.min(events);
            Ok(start..range.end.clamp(start, events))
        }
    };
    ranges.iter().map(slice).collect()
}

fn empty(slices: usize) -> Result<Vec<Range<usize>>, FrameError> {
    let mut empty = reserve(slices as i128)?;
    empty.resize(slices, 0..0);
    Ok(empty)
}

/// Room for slices, unless there are too many: a wrong start of 0 is off by years.
fn reserve(slices: i128) -> Result<Vec<Range<usize>>, FrameError> {
    let mut ranges = Vec::new();
    let count = usize::try_from(slices).unwrap_or(usize::MAX);
    match ranges.try_reserve_exact(count) {
        Ok(()) => Ok(ranges),
        Err(_) => Err(FrameError::Parameter(format!("{slices} slices are too many"))),
    }
}

/// Slices of windows of which neither starts nor ends go back. `before` says whether a time is before an edge.
fn at_times<E: Copy>(
    t: &[i64],
    windows: impl Iterator<Item = (E, E)>,
    count: i128,
    before: impl Fn(i64, E) -> bool,
) -> Result<Vec<Range<usize>>, FrameError> {
    let mut slices = reserve(count)?;
    let (mut start, mut end) = (0, 0);
    slices.extend(windows.map(|(from, to)| {
        start = seek(t, start, |t| before(t, from));
        end = seek(t, end.max(start), |t| before(t, to));
        start..end
    }));
    Ok(slices)
}

/// The first from `at` on that is not before something. It is close by: steps double until they are over it.
fn seek(t: &[i64], at: usize, before: impl Fn(i64) -> bool) -> usize {
    let rest = &t[at..];
    let mut step = 1;
    while step < rest.len() && before(rest[step]) {
        step *= 2;
    }
    let (low, high) = (step / 2, step.min(rest.len()));
    at + low + rest[low..high].partition_point(|t| before(*t))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strict(slicer: Slicer, t: &[i64]) -> Vec<Range<usize>> {
        slicer.ranges(t, || true, Policy::Strict).unwrap()
    }

    fn counts(slicer: Slicer, t: &[i64]) -> Vec<usize> {
        strict(slicer, t).iter().map(Range::len).collect()
    }

    fn window(window: i64, start: i64, end: i64) -> Slicer {
        let [start, end] = [start, end].map(Some);
        Slicer::TimeWindow { window, overlap: 0, include_incomplete: true, start, end }
    }

    #[test]
    fn the_last_window_is_closed() {
        // At 20, two whole windows of 10 end: no third one for the event there.
        assert_eq!(counts(Slicer::time_window(10), &[0, 9, 10, 19, 20, 20]), [2, 4]);
        assert_eq!(counts(Slicer::time_window(10), &[0, 9, 10, 19, 20, 21]), [2, 2, 2]);
        let complete = Slicer::time_window(10).complete_only();
        assert_eq!(counts(complete.clone(), &[0, 9, 10, 19, 20, 21]), [2, 2]);
        assert_eq!(counts(complete, &[0, 3]), [2]);
        assert_eq!(counts(Slicer::time_window(10), &[7]), [1]);
    }

    #[test]
    fn start_and_end_cut_a_recording() {
        let t = [0, 5, 10, 15, 20, 25];
        assert_eq!(counts(window(10, 5, 20), &t), [2, 2]);
        assert_eq!(counts(window(10, -10, 30), &t), [0, 2, 2, 2]);
        assert_eq!(counts(window(10, 30, 40), &t), [0]);
        // The same shape for recordings without events.
        assert_eq!(strict(window(10, -10, 30), &[]), [0..0, 0..0, 0..0, 0..0]);
    }

    #[test]
    fn bins_have_all_events() {
        assert_eq!(counts(Slicer::time_bins(4), &[0, 20, 40, 60, 80]), [1, 1, 1, 2]);
        // Of 3 µs.
        assert_eq!(counts(Slicer::time_bins(6), &[0, 1, 2, 3]), [1, 0, 1, 0, 1, 1]);
        assert_eq!(counts(Slicer::time_bins(3), &[5, 5]), [0, 0, 2]);
        assert_eq!(counts(Slicer::event_bins(3), &[0; 8]), [2, 3, 3]);
        assert_eq!(counts(Slicer::event_bins(3), &[0; 2]), [0, 1, 1]);
    }

    #[test]
    fn overlapping_bins_share_what_they_should() {
        // Of 9 events, windows of 9 / (1 + 2 * 0.5) = 4.5, every 2.25.
        let slicer = Slicer::EventBins { bins: 3, overlap: 0.5 };
        assert_eq!(strict(slicer, &[0; 9]), [0..4, 2..6, 4..9]);
        let slicer = Slicer::TimeBins { bins: 3, overlap: 0.5 };
        let t: Vec<i64> = (0..=8).collect();
        // [0, 4), [2, 6), [4, 8]
        assert_eq!(strict(slicer, &t), [0..4, 2..6, 4..9]);
    }

    #[test]
    fn without_events_slices_are_empty() {
        for policy in [Policy::Strict, Policy::Tonic] {
            for (slicer, count) in [
                (Slicer::time_window(10), 1),
                (Slicer::event_count(10), 1),
                (Slicer::time_bins(3), 3),
                (Slicer::event_bins(3), 3),
            ] {
                let slices = slicer.ranges(&[], || true, policy).unwrap();
                assert_eq!(slices, vec![0..0; count], "{slicer:?}");
            }
        }
    }

    #[test]
    fn explicit_slices() {
        let t = [0, 10, 20, 30];
        assert_eq!(strict(Slicer::TimePoints(vec![0..20, 10..11, 25..99]), &t), [0..2, 1..2, 3..4]);
        assert_eq!(strict(Slicer::Indices(vec![1..3, 0..4]), &t), [1..3, 0..4]);
        let beyond = Slicer::Indices(vec![3..9, 1..2]);
        let error = beyond.ranges(&t, || true, Policy::Strict).unwrap_err();
        assert_eq!(error.to_string(), "slice 3..9 of 4 events");
        assert_eq!(beyond.ranges(&t, || true, Policy::Tonic).unwrap(), [3..4, 1..2]);
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        let overlapping = |overlap| Slicer::TimeWindow {
            window: 10,
            overlap,
            include_incomplete: true,
            start: None,
            end: None,
        };
        for (slicer, problem) in [
            (Slicer::time_window(0), "a time window of 0 µs"),
            (overlapping(10), "windows of 10 µs that overlap by 10 µs"),
            (overlapping(-1), "windows of 10 µs that overlap by -1 µs"),
            (window(10, 5, 4), "a start and an end of (5, 4) µs"),
            (Slicer::event_count(0), "slices of no events"),
            (Slicer::time_bins(0), "no bins"),
            (Slicer::TimeBins { bins: 2, overlap: 1.0 }, "bins that overlap by 1 of their size"),
            (window(1, 0, i64::MAX), "9223372036854775807 slices are too many"),
        ] {
            let error = slicer.ranges(&[0, 1], || true, Policy::Strict).unwrap_err();
            assert_eq!(error.to_string(), problem);
        }
    }

    #[test]
    fn unsorted_events_are_an_error_unless_tonic_only_numbers_them() {
        let unsorted = |slicer: Slicer, policy| slicer.ranges(&[1, 0], || false, policy).is_err();
        for (slicer, tonic) in [
            (Slicer::time_window(1), true),
            (Slicer::time_bins(1), true),
            (Slicer::event_count(1), false),
            (Slicer::event_bins(1), false),
        ] {
            assert!(unsorted(slicer.clone(), Policy::Strict));
            assert_eq!(unsorted(slicer, Policy::Tonic), tonic);
        }
    }

    #[test]
    fn seeking_is_searching() {
        let t = [1, 1, 2, 3, 5, 8, 13, 21];
        for at in 0..=t.len() {
            for time in 0..23 {
                let expected = t.partition_point(|t| *t < time).max(at);
                assert_eq!(seek(&t, at, |t| t < time), expected, "{at} {time}");
            }
        }
    }
}

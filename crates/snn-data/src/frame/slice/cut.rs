//! Where a recording is cut.

use std::ops::Range;

use crate::frame::FrameError;
use crate::policy::Policy;

pub(super) fn time_windows(
    t: &[i64],
    window: f64,
    stride: f64,
    include_incomplete: bool,
    [start, end]: [Option<f64>; 2],
    policy: Policy,
) -> Result<Vec<Range<usize>>, FrameError> {
    // Beyond the last event: times are whole.
    let closed = match end {
        Some(end) => end.floor() as i128 + 1,
        None => t.last().map_or(0, |last| i128::from(*last) + 1),
    };
    let start = start.or(t.first().map(|first| *first as f64));
    let end = end.or(t.last().map(|last| *last as f64));
    let (Some(start), Some(end)) = (start, end) else { return empty(1) };
    if t.is_empty() && policy == Policy::Tonic {
        return empty(1);
    }
    let more = (end - start - window) / stride;
    let more = if include_incomplete { more.ceil() } else { more.floor() };
    let more = more.max(0.0) as i128;
    let windows = (0..=more).map(|index| {
        let at = |index: i128| index as f64 * stride + start;
        let from = at(index);
        // Rounded twice, the end may be another number than the start of the next window.
        let to = match policy {
            Policy::Strict if stride == window => at(index + 1),
            _ => from + window,
        };
        let is_last = to >= end || include_incomplete && index == more;
        let to = match policy {
            Policy::Strict if is_last => closed,
            _ => to.ceil() as i128,
        };
        (from.ceil() as i128, to)
    });
    at_times(t, windows, more.saturating_add(1), |t, edge| i128::from(t) < edge)
}

pub(super) fn event_counts(
    events: usize,
    count: usize,
    stride: f64,
    include_incomplete: bool,
) -> Result<Vec<Range<usize>>, FrameError> {
    let count = count.min(events);
    let more = (events - count) as f64 / stride;
    let more = if include_incomplete { more.ceil() } else { more.floor() } as usize;
    let mut slices = reserve((more as i128).saturating_add(1))?;
    slices.extend((0..=more).map(|index| {
        let at = ((index as f64 * stride) as usize).min(events);
        at..(at + count).min(events)
    }));
    Ok(slices)
}

pub(super) fn time_bins(
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

pub(super) fn event_bins(
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

/// Cuts `0..whole` into bins of the same size, of which neighbours share a part. The last has no
/// end.
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

pub(super) fn indices(
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

pub(super) fn empty(slices: usize) -> Result<Vec<Range<usize>>, FrameError> {
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

/// Slices of windows of which neither starts nor ends go back. `before` says whether a time is
/// before an edge.
fn at_times<E: Copy + PartialOrd>(
    t: &[i64],
    windows: impl Iterator<Item = (E, E)>,
    count: i128,
    before: impl Fn(i64, E) -> bool,
) -> Result<Vec<Range<usize>>, FrameError> {
    let mut slices = reserve(count)?;
    let (mut start, mut end, mut ended) = (0, 0, None);
    slices.extend(windows.map(|(from, to)| {
        // Windows that do not overlap start where the one before has ended, or later.
        let at = if ended.is_some_and(|ended| ended <= from) { end } else { start };
        start = seek(t, at, |t| before(t, from));
        end = seek(t, end.max(start), |t| before(t, to));
        ended = Some(to);
        start..end
    }));
    Ok(slices)
}

/// The first from `at` on that is not before something. It is close by: steps double until they are
/// over it.
pub(super) fn seek(t: &[i64], at: usize, before: impl Fn(i64) -> bool) -> usize {
    let rest = &t[at..];
    let mut step = 1;
    while step < rest.len() && before(rest[step]) {
        step *= 2;
    }
    let (low, high) = (step / 2, step.min(rest.len()));
    at + low + rest[low..high].partition_point(|t| before(*t))
}

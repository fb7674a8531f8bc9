//! Where a recording is cut.

use std::ops::Range;

use crate::frame::FrameError;
use crate::policy::Policy;

pub(super) fn time_windows(
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

pub(super) fn event_counts(
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

//! What must hold for the frames of any recording: they are those of a naive reference.

use std::collections::BTreeMap;
use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use snn::data::events::{Events, SensorSize};
use snn::data::frame::{
    Decay, Slicer, ToAveragedTimesurface, ToFrame, ToImage, ToTimesurface, ToVoxelGrid,
};
use snn::data::policy::Policy;

fn recordings() -> impl Strategy<Value = Events> {
    let event = |w, h| (0..40i64, 0..w, 0..h, any::<bool>());
    let columns = (1..7u16, 1..5u16, 1..=2u8, -100..100i64);
    columns.prop_flat_map(move |(w, h, polarities, start)| {
        vec(event(w, h), 0..120).prop_map(move |events| {
            let mut time = start;
            let t = events.iter().map(|event| {
                // Half of the events are of the same time as the one before.
                time += (event.0 - 20).max(0);
                time
            });
            let t = t.collect();
            let (x, y) =
                (events.iter().map(|e| e.1).collect(), events.iter().map(|e| e.2).collect());
            let p = events.iter().map(|event| event.3).collect();
            let sensor = SensorSize { width: w.into(), height: h.into(), polarities };
            Events::new(t, x, y, p, sensor).unwrap()
        })
    })
}

fn slicers() -> impl Strategy<Value = Slicer> {
    let shares = prop_oneof![Just(0.0), 0.0..0.95];
    // Halves are exact, also in sums.
    let window = (2..120u8, 0.0..1.0, any::<bool>(), any::<Option<i8>>(), any::<Option<u8>>());
    let window = window.prop_map(|(window, overlap, include_incomplete, start, more)| {
        let half = |number: f64| number.floor() / 2.0;
        let start = start.map(|start| half(start.into()));
        // Not before the start.
        let end = more.map(|more| start.unwrap_or(100.0) + half(more.into()));
        let overlap = half(overlap * f64::from(window));
        let window = half(window.into());
        Slicer::TimeWindow { window, overlap, include_incomplete, start, end }
    });
    let count = (1..50usize, 0.0..1.0, any::<bool>());
    let count = count.prop_map(|(count, overlap, include_incomplete): (usize, f64, bool)| {
        let overlap = (overlap * count as f64).floor();
        Slicer::EventCount { count, overlap, include_incomplete }
    });
    prop_oneof![
        window,
        count,
        (1..40usize, shares.clone()).prop_map(|(bins, overlap)| Slicer::TimeBins { bins, overlap }),
        (1..40usize, shares).prop_map(|(bins, overlap)| Slicer::EventBins { bins, overlap }),
    ]
}

/// The numbers of the events of each slice, event by event.
fn naive_slices(slicer: &Slicer, t: &[i64], policy: Policy) -> Vec<Vec<usize>> {
    let strict = policy == Policy::Strict;
    let events = |contains: &dyn Fn(f64) -> bool| -> Vec<usize> {
        (0..t.len()).filter(|index| contains(t[*index] as f64)).collect()
    };
    let numbered = |ranges: Vec<Range<usize>>| {
        let within = |range: Range<usize>| range.filter(|index| *index < t.len()).collect();
        ranges.into_iter().map(within).collect()
    };
    let first = t.first().map_or(0.0, |t| *t as f64);
    let last = t.last().map_or(0.0, |t| *t as f64);
    match *slicer {
        Slicer::TimeWindow { window, overlap, include_incomplete, start, end } => {
            if t.is_empty() && (!strict || start.is_none() || end.is_none()) {
                return vec![vec![]];
            }
            let (start, end) = (start.unwrap_or(first), end.unwrap_or(last));
            let stride = window - overlap;
            let mut slices = Vec::new();
            let mut at = start;
            loop {
                slices.push(events(&|t| {
                    let closed = strict && at + window >= end;
                    at <= t && if closed { t <= end } else { t < at + window }
                }));
                at += stride;
                // The one before has reached the end, or this one would not.
                let covered = at - stride + window >= end;
                if covered || !include_incomplete && at + window > end {
                    return slices;
                }
            }
        }
        Slicer::EventCount { count, overlap, include_incomplete } => {
            let mut slices = Vec::new();
            let mut at = 0;
            loop {
                slices.push(at..at + count);
                let covered = at + count >= t.len();
                at += count - overlap as usize;
                if covered || !include_incomplete && at + count > t.len() {
                    return numbered(slices);
                }
            }
        }
        Slicer::TimeBins { bins, overlap } if strict => {
            let all = (bins - 1) as f64 * (1.0 - overlap) + 1.0;
            let edge = |at: f64| at * (last - first) / all;
            let slice = |bin: usize| {
                let start = bin as f64 * (1.0 - overlap);
                events(&|t| {
                    let open = bin + 1 < bins;
                    t - first >= edge(start) && (t - first < edge(start + 1.0) || !open)
                })
            };
            (0..bins).map(slice).collect()
        }
        Slicer::TimeBins { bins, overlap } => {
            let window = ((last - first) / bins as f64).floor() * (1.0 + overlap);
            let start = |bin| bin as f64 * (window * (1.0 - overlap)) + first;
            let slice = |bin| events(&|t| start(bin) <= t && t < start(bin) + window);
            (0..bins).map(slice).collect()
        }
        Slicer::EventBins { bins, overlap } if strict => {
            let all = (bins - 1) as f64 * (1.0 - overlap) + 1.0;
            let edge = |at: f64| (at * t.len() as f64 / all).floor() as usize;
            let slice = |bin: usize| {
                let start = bin as f64 * (1.0 - overlap);
                let end = if bin + 1 < bins { edge(start + 1.0) } else { t.len() };
                edge(start)..end
            };
            numbered((0..bins).map(slice).collect())
        }
        Slicer::EventBins { bins, overlap } => {
            let count = ((t.len() / bins) as f64 * (1.0 + overlap)) as usize;
            let stride = (count as f64 * (1.0 - overlap)) as usize;
            numbered((0..bins).map(|bin| bin * stride..bin * stride + count).collect())
        }
        _ => panic!("not a slicer of these tests"),
    }
}

/// Frame, channel, row and column of each count that is not zero.
fn naive_counts(slices: &[Vec<usize>], events: &Events) -> BTreeMap<[u32; 4], u16> {
    let mut counts = BTreeMap::new();
    for (frame, slice) in slices.iter().enumerate() {
        for event in slice.iter().map(|index| events.get(*index).unwrap()) {
            let channel = events.sensor().channel(event.p) as u32;
            *counts.entry([frame as u32, channel, event.y.into(), event.x.into()]).or_default() +=
                1;
        }
    }
    counts
}

fn both_on_one_channel(events: &Events) -> bool {
    let p = events.p();
    events.sensor().polarities == 1 && p.contains(&true) && p.contains(&false)
}

proptest! {
    #[test]
    fn frames_are_those_of_the_reference(
        events in recordings(),
        slicer in slicers(),
        policy in prop_oneof![Just(Policy::Strict), Just(Policy::Tonic)],
    ) {
        let frames = ToFrame { slicer: slicer.clone(), policy };
        if policy == Policy::Tonic && both_on_one_channel(&events) {
            prop_assert!(frames.apply::<i16>(&events).is_err());
            return Ok(());
        }
        let slices = naive_slices(&slicer, events.t(), policy);
        let ranges = slicer.slices(&events, policy).unwrap();
        let got: Vec<Vec<usize>> = ranges.into_iter().map(Range::collect).collect();
        prop_assert_eq!(&got, &slices);

        let expected = naive_counts(&slices, &events);
        let sparse = frames.apply_sparse::<u16>(&events).unwrap();
        let got: Vec<_> = sparse.coordinates().zip(sparse.counts().iter().copied()).collect();
        prop_assert_eq!(got, expected.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(sparse.shape()[0], slices.len());
        prop_assert_eq!(&sparse.dense().unwrap(), &frames.apply::<u16>(&events).unwrap());
        let float = frames.apply::<f32>(&events).unwrap();
        prop_assert_eq!(float, frames.apply::<u16>(&events).unwrap().map(f32::from));
    }

    #[test]
    fn strict_frames_have_every_event_once(events in recordings(), n in 1..60usize) {
        for slicer in [
            Slicer::time_window(n as i64),
            Slicer::event_count(n),
            Slicer::time_bins(n),
            Slicer::event_bins(n),
        ] {
            let frames = ToFrame::new(slicer).apply::<u16>(&events).unwrap();
            let counted: usize = frames.values.iter().map(|n| usize::from(*n)).sum();
            prop_assert_eq!(counted, events.len());
        }
        let image = ToImage::default().apply::<u16>(&events).unwrap();
        prop_assert_eq!(image.values.iter().map(|n| usize::from(*n)).sum::<usize>(), events.len());
    }

    #[test]
    fn overlapping_strict_slices_leave_nothing_out(events in recordings(), slicer in slicers()) {
        let mut slicer = slicer;
        match &mut slicer {
            Slicer::TimeWindow { include_incomplete, start, end, .. } => {
                (*include_incomplete, *start, *end) = (true, None, None);
            }
            Slicer::EventCount { include_incomplete, .. } => *include_incomplete = true,
            _ => (),
        }
        let mut seen = vec![false; events.len()];
        for slice in slicer.slices(&events, Policy::Strict).unwrap() {
            seen[slice].fill(true);
        }
        prop_assert!(seen.into_iter().all(|seen| seen));
    }

    #[test]
    fn strict_voxel_grids_sum_up_to_the_polarities(events in recordings(), bins in 1..20usize) {
        let grid = ToVoxelGrid::new(bins).apply(&events).unwrap();
        let one = events.sensor().polarities == 1;
        let expected: f64 = events.p().iter().map(|p| if *p || one { 1.0 } else { -1.0 }).sum();
        prop_assert!((grid.values.iter().sum::<f64>() - expected).abs() < 1e-9);
    }

    #[test]
    fn time_surfaces_are_those_of_the_reference(
        events in recordings(),
        dt in (2..160u8).prop_map(|halves| f64::from(halves) / 2.0),
        tau in 1.0..100.0f64,
    ) {
        prop_assume!(!events.is_empty());
        for policy in [Policy::Strict, Policy::Tonic] {
            let surfaces = ToTimesurface { dt, tau, policy }.apply(&events);
            let one = events.sensor().polarities == 1;
            let slicer = Slicer::TimeWindow {
                window: dt,
                overlap: 0.0,
                include_incomplete: policy == Policy::Strict,
                start: None,
                end: None,
            };
            let slices = naive_slices(&slicer, events.t(), policy);
            let brighter = slices.iter().flatten().any(|index| events.p()[*index]);
            if policy == Policy::Tonic && one && brighter {
                prop_assert!(surfaces.is_err());
                continue;
            }
            let surfaces = surfaces.unwrap();
            prop_assert_eq!(surfaces.len(), slices.len());
            let [_, _, h, w] = surfaces.shape;
            let mut last = vec![f64::NEG_INFINITY; surfaces.frame_len()];
            for (index, slice) in slices.iter().enumerate() {
                for event in slice.iter().map(|index| events.get(*index).unwrap()) {
                    let channel = events.sensor().channel(event.p);
                    let row = channel * h + usize::from(event.y);
                    last[row * w + usize::from(event.x)] = event.t as f64;
                }
                let time = events.t()[0] as f64 + (index as f64 + 1.0) * dt;
                for (got, last) in surfaces.frame(index).iter().zip(&last) {
                    let expected = ((last - time) / tau).exp();
                    prop_assert!((got - expected).abs() <= 1e-12 * expected, "{got} {expected}");
                }
            }
        }
    }

    #[test]
    fn averaged_surfaces_are_those_of_the_reference(
        events in recordings(),
        radius in 0..3usize,
        cell_size in 1..5usize,
        time_window in 1.0..200.0f64,
        linear in any::<bool>(),
    ) {
        let (surface_size, tau) = (2 * radius + 1, 30.0);
        let decay = if linear { Decay::Linear } else { Decay::Exponential };
        let config = ToAveragedTimesurface {
            surface_size, cell_size, time_window, tau, decay, policy: Policy::Strict,
        };
        let surfaces = config.apply(&events).unwrap();
        let [_, polarities, h, w] = ToImage::default().apply::<u8>(&events).unwrap().shape;
        let columns = w.div_ceil(cell_size);
        prop_assert_eq!(surfaces.shape[0], columns * h.div_ceil(cell_size));
        let all: Vec<_> = events.iter().collect();
        let group = |event: &snn::data::events::Event| {
            let (row, column) = (usize::from(event.y) / cell_size, usize::from(event.x) / cell_size);
            let cell = row * columns + column;
            cell * polarities + events.sensor().channel(event.p)
        };
        let groups = surfaces.shape[0] * polarities;
        let mut sums = vec![0.0f64; groups * surface_size * surface_size];
        let mut sizes = vec![0.0f64; groups];
        for (i, event) in all.iter().enumerate() {
            sizes[group(event)] += 1.0;
            for (j, other) in all[..=i].iter().enumerate() {
                let (dx, dy) = (
                    i64::from(other.x) - i64::from(event.x) + radius as i64,
                    i64::from(other.y) - i64::from(event.y) + radius as i64,
                );
                let on = |d: i64| (0..surface_size as i64).contains(&d);
                let age = (event.t - other.t) as f64;
                if group(other) == group(event) && on(dx) && on(dy) && age <= time_window {
                    let weight = match (i == j, linear) {
                        (true, _) => 1.0,
                        (false, true) => (1.0 - age / (3.0 * tau)).max(0.0),
                        (false, false) => (-age / tau).exp(),
                    };
                    let row = group(event) * surface_size + dy as usize;
                    sums[row * surface_size + dx as usize] += weight;
                }
            }
        }
        for (index, (got, sum)) in surfaces.values.iter().zip(&sums).enumerate() {
            let expected = sum / sizes[index / (surface_size * surface_size)].max(1.0);
            prop_assert!((f64::from(*got) - expected).abs() < 1e-4, "{got} {expected}");
        }
    }

    #[test]
    fn events_out_of_order_are_an_error(events in recordings()) {
        let columns = events.clone().into_columns();
        let t: Vec<i64> = columns.t.into_iter().rev().collect();
        let sorted = t.is_sorted();
        let back = Events::new(t, columns.x, columns.y, columns.p, events.sensor()).unwrap();
        let frames = ToFrame::new(Slicer::time_bins(3)).apply::<u8>(&back);
        prop_assert_eq!(frames.is_ok(), sorted);
        prop_assert_eq!(ToTimesurface::new(5, 5.0).apply(&back).is_ok(), sorted);
        prop_assert_eq!(ToVoxelGrid::new(5).apply(&back).is_ok(), sorted);
    }
}

use super::cut::seek;
use super::*;

fn strict(slicer: Slicer, t: &[i64]) -> Vec<Range<usize>> {
    slicer.ranges(t, || true, Policy::Strict).unwrap()
}

fn counts(slicer: Slicer, t: &[i64]) -> Vec<usize> {
    strict(slicer, t).iter().map(Range::len).collect()
}

fn window(window: f64, start: f64, end: f64) -> Slicer {
    let [start, end] = [start, end].map(Some);
    Slicer::TimeWindow { window, overlap: 0.0, include_incomplete: true, start, end }
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
    assert_eq!(counts(window(10.0, 5.0, 20.0), &t), [2, 2]);
    assert_eq!(counts(window(10.0, -10.0, 30.0), &t), [0, 2, 2, 2]);
    assert_eq!(counts(window(10.0, 30.0, 40.0), &t), [0]);
    // The same shape for recordings without events.
    assert_eq!(strict(window(10.0, -10.0, 30.0), &[]), [0..0, 0..0, 0..0, 0..0]);
}

#[test]
fn windows_and_overlaps_have_parts() {
    // [0, 7.5), [7.5, 15), [15, 22.5), [22.5, 23]
    let t = [0, 5, 7, 8, 14, 15, 22, 23];
    let slicer = |window, overlap, start, end| Slicer::TimeWindow {
        window,
        overlap,
        include_incomplete: true,
        start,
        end,
    };
    assert_eq!(counts(slicer(7.5, 0.0, None, None), &t), [3, 2, 2, 1]);
    // [0.5, 8), [8, 14.5]
    assert_eq!(counts(slicer(7.5, 0.0, Some(0.5), Some(14.5)), &t), [2, 2]);
    // [0, 16), [11.5, 23]
    assert_eq!(counts(slicer(16.0, 4.5, None, None), &t), [6, 4]);
    // Thirty pictures a second for an hour: each event once, the last one too.
    let hour: Vec<i64> = (0..=3600).map(|second| second * 1_000_000).collect();
    let pictures = counts(slicer(1e6 / 30.0, 0.0, None, None), &hour);
    assert_eq!(pictures.iter().sum::<usize>(), hour.len());
    let slicer = Slicer::EventCount { count: 3, overlap: 0.5, include_incomplete: true };
    assert_eq!(strict(slicer, &t), [0..3, 2..5, 5..8]);
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
        window: 10.0,
        overlap,
        include_incomplete: true,
        start: None,
        end: None,
    };
    for (slicer, problem) in [
        (Slicer::time_window(0), "a time window of 0 µs"),
        (overlapping(10.0), "windows of 10 µs that overlap by 10 µs"),
        (overlapping(f64::NAN), "windows of 10 µs that overlap by NaN µs"),
        (overlapping(-1.0), "windows of 10 µs that overlap by -1 µs"),
        (window(10.0, 5.0, 4.0), "a start and an end of (5.0, 4.0) µs"),
        (window(10.0, 5.0, f64::INFINITY), "a start and an end of (5.0, inf) µs"),
        (Slicer::event_count(0), "slices of no events"),
        (Slicer::time_bins(0), "no bins"),
        (Slicer::TimeBins { bins: 2, overlap: 1.0 }, "bins that overlap by 1 of their size"),
        (window(1.0, 0.0, 2f64.powi(50)), "1125899906842624 slices are too many"),
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

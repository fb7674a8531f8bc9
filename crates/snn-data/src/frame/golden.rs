//! What Tonic 1.7.0 gives for one small recording.

use super::{FrameError, Slicer, ToFrame};
use crate::events::{Events, SensorSize};

fn recording() -> Events {
    let t = vec![0, 5, 10, 10, 15, 19, 20, 23];
    let p = (0..8).map(|k| k % 2 == 1).collect();
    let (x, y) = (vec![0, 1, 2, 3, 0, 1, 2, 3], vec![0, 0, 1, 1, 1, 1, 0, 0]);
    Events::new(t, x, y, p, SensorSize::new(4, 2)).unwrap()
}

/// Events in each frame.
fn counts(slicer: Slicer) -> Result<Vec<i16>, FrameError> {
    let frames = ToFrame::tonic(slicer).apply::<i16>(&recording())?;
    assert_eq!(frames.shape[1..], [2, 2, 4]);
    Ok((0..frames.len()).map(|index| frames.frame(index).iter().sum()).collect())
}

fn window(window: impl Into<f64>, overlap: impl Into<f64>, include_incomplete: bool) -> Slicer {
    let (window, overlap) = (window.into(), overlap.into());
    Slicer::TimeWindow { window, overlap, include_incomplete, start: None, end: None }
}

fn between(window: f64, start: f64, end: Option<f64>, include_incomplete: bool) -> Slicer {
    Slicer::TimeWindow { window, overlap: 0.0, include_incomplete, start: Some(start), end }
}

fn count(count: usize, overlap: impl Into<f64>, include_incomplete: bool) -> Slicer {
    Slicer::EventCount { count, overlap: overlap.into(), include_incomplete }
}

#[test]
fn windows_of_time() {
    for (slicer, expected) in [
        (window(5, 0, false), &[1, 1, 2, 2][..]),
        (window(5, 0, true), &[1, 1, 2, 2, 2]),
        (window(7, 0, false), &[2, 2, 3]),
        (window(7, 0, true), &[2, 2, 3, 1]),
        (window(10, 0, false), &[2, 4]),
        (window(10, 0, true), &[2, 4, 2]),
        (window(20, 0, false), &[6]),
        (window(30, 0, false), &[8]),
        (window(10, 5, false), &[2, 3, 4]),
        (window(10, 5, true), &[2, 3, 4, 4]),
        (window(7.5, 0, false), &[2, 2, 3]),
        (window(7.5, 0, true), &[2, 2, 3, 1]),
        (window(5, 2.5, false), &[1, 1, 1, 2, 2, 1, 2, 2]),
        (window(5, -2, false), &[1, 2, 1]),
        (window(5, -2, true), &[1, 2, 1, 1]),
        (between(10.0, -10.0, Some(40.0), false), &[0, 2, 4, 2, 0]),
        (between(10.0, 5.0, None, false), &[3]),
        (between(10.0, 30.0, Some(5.0), false), &[0]),
        (between(7.5, 0.5, Some(22.7), false), &[1, 3]),
        (between(7.5, 0.5, Some(22.7), true), &[1, 3, 2]),
    ] {
        assert_eq!(counts(slicer.clone()).unwrap(), expected, "{slicer:?}");
    }
}

#[test]
fn bins_of_time_and_of_events() {
    let time = |bins, overlap| Slicer::TimeBins { bins, overlap };
    let events = |bins, overlap| Slicer::EventBins { bins, overlap };
    for (slicer, expected) in [
        (time(2, 0.0), &[4, 3][..]),
        (time(3, 0.0), &[2, 2, 3]),
        (time(4, 0.0), &[1, 1, 2, 2]),
        (time(5, 0.0), &[1, 1, 2, 1, 1]),
        (time(24, 0.0), &[0; 24]),
        (time(2, 0.5), &[5, 6]),
        (events(3, 0.0), &[2, 2, 2]),
        (events(2, 0.5), &[6, 5]),
        (events(9, 0.0), &[0; 9]),
        (events(3, 1.0), &[4; 3]),
    ] {
        assert_eq!(counts(slicer.clone()).unwrap(), expected, "{slicer:?}");
    }
}

#[test]
fn numbers_of_events() {
    for (slicer, expected) in [
        (count(3, 0, false), &[3, 3][..]),
        (count(3, 0, true), &[3, 3, 2]),
        (count(3, 1, false), &[3, 3, 3]),
        (count(3, 1, true), &[3, 3, 3, 2]),
        (count(10, 0, false), &[8]),
        (count(10, -2, false), &[8]),
        (count(10, 9.5, false), &[8]),
        (count(2, -1, false), &[2, 2, 2]),
        (count(2, -1, true), &[2, 2, 2]),
        (count(3, -2, true), &[3, 3]),
        (count(3, 0.5, false), &[3, 3, 3]),
        (count(3, 0.5, true), &[3, 3, 3]),
        (count(1, -0.5, false), &[1; 5]),
    ] {
        assert_eq!(counts(slicer.clone()).unwrap(), expected, "{slicer:?}");
    }
}

#[test]
fn errors() {
    for slicer in [
        window(0, 0, false),
        window(5, 5, false),
        count(0, 0, false),
        count(3, 3, true),
        Slicer::time_bins(0),
        Slicer::event_bins(0),
        Slicer::TimeBins { bins: 2, overlap: 1.0 },
    ] {
        assert!(counts(slicer.clone()).is_err(), "{slicer:?}");
    }
}

//! What errors advise, followed to the end.

use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use snn::data::events::{Events, SensorSize, TriggerKind};
use snn::data::format::{Options, Recording, read, read_triggers};
use snn::data::frame::{Slicer, ToFrame};
use snn::data::transform::{Compose, Crop, Denoise, Downsample, SortByTime};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/events").join(name)
}

fn events(name: &str) -> Events {
    match read(fixture(name)).unwrap() {
        Recording::Events(events) => events,
        Recording::Spikes(_) => panic!("spikes"),
    }
}

/// Of 400 events, event n of 1 to 400 is at n ms, but each 50th 99 ms earlier.
#[test]
fn events_out_of_order_are_sorted() {
    let events = events("backwards.csv");
    assert_eq!((events.len(), events.is_sorted()), (400, false));
    let frames = ToFrame::new(Slicer::time_window(50_000));
    let error = frames.apply::<u8>(&events).unwrap_err().to_string();
    assert!(error.contains("apply the transform `SortByTime`"), "{error}");
    let error = Denoise::new(1).apply(&events).unwrap_err().to_string();
    assert!(error.contains("apply the transform `SortByTime` first"), "{error}");

    let sort: Compose = serde_json::from_str(r#"[{"transform": "SortByTime"}]"#).unwrap();
    assert_eq!(sort, Compose::new([SortByTime {}.into()]));
    let sorted = sort.apply(&events, &mut ChaCha8Rng::seed_from_u64(0)).unwrap();
    // Event 50 is first, at -49 ms. At 1 ms there are event 1 and event 100, which is later in the file.
    assert_eq!(sorted.t()[..4], [-49_000, 1_000, 1_000, 2_000]);
    let pixels = |events: &Events, n: usize| (events.x()[n], events.y()[n], events.p()[n]);
    assert_eq!(pixels(&sorted, 0), pixels(&events, 49));
    assert_eq!(pixels(&sorted, 1), pixels(&events, 0));
    assert_eq!(pixels(&sorted, 2), pixels(&events, 99));
    // Windows of 50 ms from -49 ms: event 50 alone; then 49 events in place and one from 99 ms later, at
    // 1, 51, … 301 ms; the last window, from 351 ms, ends after the last event, at 399 ms.
    let windows = |include_incomplete| {
        let slicer = Slicer::TimeWindow {
            window: 50_000.0,
            overlap: 0.0,
            include_incomplete,
            start: None,
            end: None,
        };
        let frames = ToFrame::new(slicer).apply::<u8>(&sorted).unwrap();
        let count = |n| frames.frame(n).iter().map(|count| u32::from(*count)).sum::<u32>();
        (0..frames.len()).map(count).collect::<Vec<_>>()
    };
    assert_eq!(windows(true), [1, 50, 50, 50, 50, 50, 50, 50, 49]);
    assert_eq!(windows(false)[..8], [1, 50, 50, 50, 50, 50, 50, 50]);
}

/// Coordinates are 128 times those of the camera, with a fraction: up to 65,278 and 65,280.
#[test]
fn fixed_point_coordinates_are_scaled() {
    let events = events("fixed_point.npz");
    assert_eq!(events.sensor(), SensorSize::new(65_279, 65_281));
    let frames = ToFrame::new(Slicer::time_bins(5));
    let error = frames.apply::<u8>(&events).unwrap_err().to_string();
    assert!(error.contains("[1, 2, 65281, 65279] is too large"), "{error}");
    assert!(error.contains("the transforms `Crop` and `Downsample`"), "{error}");
    let error = Denoise::new(10_000).apply(&events).unwrap_err().to_string();
    assert!(error.contains("fixed-point coordinates are scaled by `Downsample`"), "{error}");

    let scaled = Downsample::by([1.0 / 128.0; 2]).apply(&events).unwrap();
    // 65,278 / 128 is 509.98, and 65,280 / 128 is 510.
    assert_eq!(scaled.sensor(), SensorSize::new(510, 511));
    assert_eq!((scaled.len(), scaled.t()), (500, events.t()));
    // The file begins with (48382, 2432) and (21886, 13440): 377.98, 19, 170.98 and 105 pixels.
    assert_eq!((&events.x()[..2], &events.y()[..2]), (&[48_382, 21_886][..], &[2_432, 13_440][..]));
    assert_eq!((&scaled.x()[..2], &scaled.y()[..2]), (&[377, 170][..], &[19, 105][..]));
    assert!(events.x().iter().zip(scaled.x()).all(|(fixed, x)| fixed / 128 == *x));
    let frames = frames.apply::<u8>(&scaled).unwrap();
    assert_eq!(frames.shape, [5, 2, 511, 510]);
    assert_eq!(frames.values.iter().map(|count| u32::from(*count)).sum::<u32>(), 500);
    assert!(Denoise::new(10_000).apply(&scaled).is_ok());
}

/// One event of three is far from the sensor of 34 x 34.
#[test]
fn stray_events_are_cropped_away() {
    let (t, p) = (vec![0, 1, 2], vec![true; 3]);
    let sensor = SensorSize::new(1 << 16, 1 << 16);
    let events = Events::new(t, vec![3, 65_535, 4], vec![5, 65_535, 5], p, sensor).unwrap();
    let error = Denoise::new(10).apply(&events).unwrap_err().to_string();
    assert!(error.contains("stray events are dropped by the transform `Crop`"), "{error}");
    let cropped = Crop::new([34, 34]).apply(&events);
    assert_eq!((cropped.t(), cropped.x()), (&[0, 2][..], &[3, 4][..]));
    // The later one has a neighbour 2 µs before.
    assert_eq!(Denoise::new(10).apply(&cropped).unwrap().t(), [2]);
    let frames = ToFrame::new(Slicer::time_bins(1)).apply::<u8>(&cropped).unwrap();
    assert_eq!(frames.shape, [1, 2, 34, 34]);
}

/// The words of the file: `8001` and `6388` are the time 0x1388 = 5000 µs; `a001` is a rising edge at input
/// 0, `a100` a falling one at input 1; continued (`7004`, `f123`) and vendor's words (`e014`, `9abc`)
/// follow.
#[test]
fn triggers_of_an_evk4() {
    let (triggers, damage) =
        read_triggers(fixture("evk4_triggers.raw"), &Options::default()).unwrap();
    assert!(damage.is_none());
    assert_eq!((triggers.t(), triggers.channel()), (&[5000, 5000][..], &[0, 1][..]));
    assert_eq!(triggers.kind(), [TriggerKind::RisingEdge, TriggerKind::FallingEdge]);
    // The trigger is at the time of the event before it.
    assert_eq!(events("evk4_triggers.raw").t()[0], 5000);
}

/// Plain readers find no trigger words in the EVT files, and no packet in the stream of triggers of the
/// AEDAT 4 file.
#[test]
fn recordings_without_triggers() {
    for name in ["evt2/evt2_sample.raw", "evt3/evt3_sample.raw", "aedat4/sample.aedat4"] {
        let Some(path) = crate::files::real(name) else { return };
        assert!(read_triggers(path, &Options::default()).unwrap().0.is_empty(), "{name}");
    }
}

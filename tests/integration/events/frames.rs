//! Frames of a real recording.

use std::path::PathBuf;

use snn::data::events::{Events, SensorSize};
use snn::data::format::{self, Options, Recording};
use snn::data::frame::{SlicedDataset, Slicer, ToFrame, ToImage};
use snn::data::policy::Policy;

use crate::files::real;

fn digit() -> Option<Events> {
    let path = real("nmnist/extra/tonic_sample_nmnist.bin")?;
    let Recording::Events(events) = format::read(&path).unwrap() else { panic!("spikes") };
    let sensor = SensorSize::new(34, 34);
    Some(Events::from_columns(events.into_columns(), sensor).unwrap())
}

/// Events in each frame.
fn counts(frames: &ToFrame, events: &Events) -> Vec<i32> {
    let dense = frames.apply::<i16>(events).unwrap();
    assert_eq!(dense.shape[1..], [2, 34, 34]);
    assert_eq!(frames.apply_sparse::<i16>(events).unwrap().dense().unwrap(), dense);
    (0..dense.len()).map(|k| dense.frame(k).iter().map(|n| i32::from(*n)).sum()).collect()
}

#[test]
fn a_digit_has_the_frames_that_tonic_makes() {
    let Some(events) = digit() else { return };
    let bins = ToFrame::tonic(Slicer::time_bins(10));
    assert_eq!(counts(&bins, &events), [198, 789, 373, 191, 654, 387, 179, 448, 855, 250]);
    let windows = ToFrame::tonic(Slicer::time_window(10_000).complete_only());
    let expected = [
        16, 50, 114, 200, 270, 284, 249, 128, 44, 18, 56, 76, 138, 214, 244, 187, 170, 98, 53, 52,
        75, 40, 5, 195, 275, 315, 311, 204, 149, 74, 19,
    ];
    assert_eq!(counts(&windows, &events), expected);
    assert_eq!(counts(&ToFrame::tonic(Slicer::event_bins(10)), &events), [432; 10]);
    let slicer = Slicer::EventCount { count: 1000, overlap: 100.0, include_incomplete: true };
    assert_eq!(counts(&ToFrame::tonic(slicer), &events), [1000, 1000, 1000, 1000, 725]);
}

#[test]
fn strict_frames_of_a_digit_have_all_events() {
    let Some(events) = digit() else { return };
    for slicer in [
        Slicer::time_bins(10),
        Slicer::event_bins(10),
        Slicer::time_window(10_000),
        Slicer::event_count(1000),
    ] {
        let frames = ToFrame::new(slicer.clone());
        assert_eq!(counts(&frames, &events).iter().sum::<i32>(), 4325, "{slicer:?}");
    }
    let image = ToImage::default().apply::<u16>(&events).unwrap();
    assert_eq!(image.values[34 * 34..].iter().sum::<u16>(), 2145);
}

#[test]
fn slices_of_files_are_kept_until_a_file_changes() {
    let names = ["nmnist/extra/tonic_sample_nmnist.bin", "nmnist/extra/digit5.bin"];
    let Some(files) = names.into_iter().map(real).collect::<Option<Vec<_>>>() else { return };
    let folder = tempfile::tempdir().unwrap();
    let copies: Vec<PathBuf> = ["a.bin", "b.bin"].map(|name| folder.path().join(name)).to_vec();
    for (file, copy) in files.iter().zip(&copies) {
        std::fs::copy(file, copy).unwrap();
    }
    let metadata = folder.path().join("slices.json");
    let slicer = Slicer::event_count(200);
    let open = |slicer: &Slicer| {
        let (strict, options) = (Policy::Strict, Options::default());
        SlicedDataset::new(copies.clone(), slicer, strict, &options, Some(&metadata)).unwrap()
    };
    let dataset = open(&slicer);
    // 4325 and 5801 events.
    assert_eq!(dataset.len(), 22 + 30);
    let slice = |dataset: &SlicedDataset, index| match dataset.get(index).unwrap().unwrap() {
        Recording::Events(events) => events,
        Recording::Spikes(_) => panic!("spikes"),
    };
    assert_eq!((slice(&dataset, 0).len(), slice(&dataset, 21).len()), (200, 125));
    assert_eq!((slice(&dataset, 51).len(), slice(&dataset, 20).t().len()), (1, 200));
    let first = slice(&dataset, 0);
    assert_eq!((first.x()[0], first.y()[0], first.t()[0], first.p()[0]), (7, 15, 654, true));
    assert_eq!(dataset.path(22), Some(copies[1].as_path()));
    assert!(dataset.get(52).unwrap().is_none());
    // From the other file and back, out of the middle of a file that is not in memory any more.
    let fresh = open(&slicer);
    for index in [51, 0, 30, 5, 5, 51, 21, 22] {
        assert_eq!(slice(&dataset, index), slice(&fresh, index), "{index}");
        assert_eq!(slice(&dataset, index), slice(&open(&slicer), index), "{index}");
    }

    // What is kept is what is used: nothing is read, and nothing written.
    let text = std::fs::read_to_string(&metadata).unwrap();
    assert_eq!(open(&slicer).len(), 52);
    assert_eq!(std::fs::read_to_string(&metadata).unwrap(), text);
    let fewer = text.replace("{\"start\":0,\"end\":200},", "");
    std::fs::write(&metadata, &fewer).unwrap();
    assert_eq!(open(&slicer).len(), 50);

    // Slices that end before they start are no slices.
    for (wrong, from) in [("400,\"end\":200", "400,\"end\":600"), ("9,\"end\":1", "0,\"end\":200")]
    {
        let damaged =
            text.replace(&format!("{{\"start\":{from}}}"), &format!("{{\"start\":{wrong}}}"));
        assert_ne!(damaged, text);
        std::fs::write(&metadata, damaged).unwrap();
        assert_eq!(slice(&open(&slicer), 2).len(), 200);
        assert_eq!(std::fs::read_to_string(&metadata).unwrap(), text);
    }

    // Of a sensor that is given, not of the smallest one.
    let sensor = SensorSize::new(304, 240);
    assert_ne!(slice(&open(&slicer), 0).sensor(), sensor);
    let given = Options { sensor: Some(sensor), ..Options::default() };
    let given =
        SlicedDataset::new(copies.clone(), &slicer, Policy::Strict, &given, Some(&metadata));
    let given = given.unwrap();
    assert!([0, 51, 3].into_iter().all(|index| slice(&given, index).sensor() == sensor));
    assert_ne!(std::fs::read_to_string(&metadata).unwrap(), text);

    std::fs::write(&metadata, fewer).unwrap();
    // A shorter file is sliced again, and another slicer slices all of them.
    let bytes = std::fs::read(&copies[1]).unwrap();
    std::fs::write(&copies[1], &bytes[..5 * 401]).unwrap();
    assert_eq!(open(&slicer).len(), 21 + 3);
    assert_eq!(open(&Slicer::event_count(1000)).len(), 5 + 1);
    std::fs::write(&metadata, "no JSON").unwrap();
    let dataset = open(&slicer);
    assert_eq!(dataset.len(), 22 + 3);

    // The recording has lost the events of a slice since.
    std::fs::write(&copies[0], &bytes[..5 * 300]).unwrap();
    let error = dataset.get(2).unwrap_err().to_string();
    assert!(error.ends_with("a.bin: slice 400..600 of 300 events"), "{error}");
}

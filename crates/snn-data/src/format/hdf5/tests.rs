use hdf5_pure::{AttrValue, FileBuilder, GroupBuilder};

use super::*;
use crate::events::{Events, SensorSize};
use crate::format::damage::damaged;
use crate::format::{self, Format, Options, Recording};

fn decode(bytes: &[u8]) -> Result<Recording, FormatError> {
    format::decode(Format::Hdf5, bytes, &Options::default())
}

fn four() -> Events {
    let (t, p) = (vec![0, 5, 5, 1 << 40], vec![true, false, true, false]);
    Events::new(t, vec![3, 0, 1, 2], vec![1, 1, 0, 0], p, SensorSize::new(4, 2)).unwrap()
}

/// A file with the columns as datasets of a group.
fn file(group: Option<&str>, write: impl Fn(&mut GroupBuilder)) -> Vec<u8> {
    let mut builder = FileBuilder::new();
    let mut columns = builder.create_group(group.unwrap_or("other"));
    write(&mut columns);
    let columns = columns.finish();
    builder.add_group(columns);
    builder.finish().unwrap()
}

fn columns(group: &mut GroupBuilder) {
    let events = four();
    group.create_dataset("t").with_i64_data(events.t());
    group.create_dataset("x").with_u16_data(events.x());
    group.create_dataset("y").with_u16_data(events.y());
    let p: Vec<u8> = events.p().iter().map(|p| u8::from(*p)).collect();
    group.create_dataset("polarity").with_u8_data(&p);
    group.create_dataset("height").with_u8_data(&[2]);
}

#[test]
fn a_group_of_columns() {
    let read = decode(&file(Some("events"), columns)).unwrap();
    assert!(matches!(read, Recording::Events(events) if events == four()));
}

#[test]
fn rows_and_spikes_without_a_group() {
    let events = four();
    let rows: Vec<f64> = events
        .iter()
        .flat_map(|event| {
            [f64::from(event.x), f64::from(event.y), f64::from(u8::from(event.p)), event.t as f64]
        })
        .collect();
    let mut builder = FileBuilder::new();
    builder.create_dataset("events").with_f64_data(&rows).with_shape(&[4, 4]);
    let read = decode(&builder.finish().unwrap()).unwrap();
    assert!(matches!(read, Recording::Events(read) if read == events));

    let mut builder = FileBuilder::new();
    builder.create_dataset("times").with_i32_data(&[7, 9]);
    builder.create_dataset("x").with_i32_data(&[1, 699]);
    let read = decode(&builder.finish().unwrap()).unwrap();
    assert!(
        matches!(read, Recording::Spikes(read) if read.t() == [7, 9] && read.unit() == [1, 699])
    );
}

#[test]
fn what_is_no_recording_is_refused_by_name() {
    let problem = |bytes: &[u8]| decode(bytes).unwrap_err().problem;
    assert!(problem(b"\x89HDF\r\n\x1a\n").contains("HDF5"));
    let empty = file(None, |group| {
        group.create_dataset("t").with_i64_data(&[1, 2]);
        group.create_dataset("y").with_f32_data(&[1.0]);
    });
    assert!(problem(&empty).ends_with("the file contains other/t [2] i64; other/y [1] f32"));
    let short = file(Some("events"), |group| {
        group.create_dataset("t").with_i64_data(&[1, 2]);
        group.create_dataset("x").with_i64_data(&[1]);
        group.create_dataset("y").with_i64_data(&[1, 2]);
    });
    assert!(problem(&short).contains("lengths"));
    let wide = file(Some("events"), |group| {
        group.create_dataset("t").with_i64_data(&[1, 2]);
        group.create_dataset("x").with_i64_data(&[1, -7]);
        group.create_dataset("y").with_i64_data(&[1, 2]);
    });
    assert!(problem(&wide).contains("events/x of event 1 is -7"));
    for set in ["train_labels", "test_labels"] {
        let mut builder = FileBuilder::new();
        builder.create_dataset(set).with_i32_data(&[7]);
        assert!(problem(&builder.finish().unwrap()).contains("hdf5::NTidigits reads it"));
    }
    assert!(
        Shd::decode(file(None, columns)).is_err_and(|refusal| {
            refusal.problem == "spikes/times: expected a dataset, got none"
        })
    );
}

#[test]
fn any_group_with_all_columns() {
    let read = decode(&file(None, columns)).unwrap();
    assert!(matches!(read, Recording::Events(events) if events == four()));
}

/// The recording of a group `events` that `write` adds to.
fn events_of(write: impl Fn(&mut GroupBuilder)) -> Result<Events, String> {
    let read = decode(&file(Some("events"), write));
    match read.map_err(|refusal| refusal.problem)? {
        Recording::Events(events) => Ok(events),
        Recording::Spikes(_) => Err("spikes".into()),
    }
}

#[test]
fn units_of_attributes() {
    let read = |unit: &str| {
        events_of(|group| {
            let t = group.create_dataset("t").with_f64_data(&[1.5, 2.0]);
            t.set_attr("units", AttrValue::String(unit.into()));
            group.create_dataset("x").with_u8_data(&[0, 1]);
            group.create_dataset("y").with_u8_data(&[0, 1]);
            group.create_dataset("p").with_i8_data(&[-1, 1]);
        })
    };
    for (unit, t) in [
        ("s", [1_500_000, 2_000_000]),
        ("Seconds", [1_500_000, 2_000_000]),
        ("ms", [1500, 2000]),
        ("milliseconds", [1500, 2000]),
        ("ns", [0, 0]),
    ] {
        assert_eq!(read(unit).unwrap().t(), t, "{unit}");
    }
    let refusal = read("ticks").unwrap_err();
    assert!(
        refusal.starts_with("events/t: expected a unit of time, s, ms, us or ns, found \"ticks\"")
    );
}

#[test]
fn units_of_groups_and_layouts() {
    let minimal = |unit: Option<&str>, ts: &[f64]| {
        let bytes = file(Some("events"), |group| {
            group.create_dataset("ts").with_f64_data(ts);
            for name in ["xs", "ys", "ps"] {
                group.create_dataset(name).with_u8_data(&vec![1; ts.len()]);
            }
            if let Some(unit) = unit {
                group.set_attr("time_unit", AttrValue::String(unit.into()));
            }
        });
        match decode(&bytes).unwrap() {
            Recording::Events(events) => events.t().to_vec(),
            Recording::Spikes(spikes) => panic!("{spikes:?}"),
        }
    };
    // Seconds in the layout of event_cnn_minimal, unless they are whole: someone has converted them.
    assert_eq!(minimal(None, &[0.5, 0.75]), [500_000, 750_000]);
    assert_eq!(minimal(None, &[10.0, 990.0]), [10, 990]);
    assert_eq!(minimal(Some(" [ms] "), &[10.0, 990.5]), [10_000, 990_500]);
}

#[test]
fn sensors_of_attributes() {
    let read = |attributes: &[(&str, AttrValue)]| {
        events_of(|group| {
            columns(group);
            for (name, value) in attributes {
                group.set_attr(name, value.clone());
            }
        })
        .map(|events| events.sensor())
    };
    let sides =
        |width, height| [("width", AttrValue::U32(width)), ("height", AttrValue::I64(height))];
    assert_eq!(read(&sides(304, 240)), Ok(SensorSize::new(304, 240)));
    for geometry in ["304x240", "304, 240"] {
        let geometry = AttrValue::String(geometry.into());
        assert_eq!(read(&[("geometry", geometry)]), Ok(SensorSize::new(304, 240)));
    }
    // Height, then width; or else the other way round, where only that has all events, 4 x 2.
    let resolution =
        |sides: [i64; 2]| read(&[("sensor_resolution", AttrValue::I64Array(sides.to_vec()))]);
    assert_eq!(resolution([240, 304]), Ok(SensorSize::new(304, 240)));
    assert_eq!(resolution([4, 2]), Ok(SensorSize::new(4, 2)));
    let refusal = resolution([2, 3]).unwrap_err();
    assert!(refusal.contains("event 0: x 3, y 1 is outside of a sensor of 3 x 2"), "{refusal}");
    // Numbers that no sensor has state none.
    assert_eq!(read(&sides(0, 240)), Ok(SensorSize::new(4, 2)));
}

#[test]
fn a_time_that_is_added_does_not_overflow() {
    let read = |offset: i64| {
        events_of(|group| {
            columns(group);
            group.create_dataset("t_offset").with_i64_data(&[offset]);
        })
        .map(|events| events.t().to_vec())
    };
    assert_eq!(read(-7).unwrap(), [-7, -2, -2, (1 << 40) - 7]);
    let refusal = read(i64::MAX - 5).unwrap_err();
    assert!(refusal.starts_with("events/t_offset: the sum"), "{refusal}");
}

#[test]
fn more_than_the_file_has_is_refused() {
    let bytes = file(Some("events"), columns);
    // The shape [4] of each column, and the sizes of bytes next to it, made large.
    for (at, _) in bytes.windows(8).enumerate().filter(|(_, window)| *window == 4_u64.to_le_bytes())
    {
        let mut copy = bytes.clone();
        copy[at..at + 8].copy_from_slice(&(1_u64 << 40).to_le_bytes());
        if let Ok(Recording::Events(events)) = decode(&copy) {
            assert_eq!(events.len(), 4);
        }
    }
}

#[test]
fn damaged_files_give_an_error_or_events() {
    for copy in damaged(&file(Some("events"), columns), 3000) {
        if let Ok(Recording::Events(events)) = decode(&copy) {
            assert!(events.len() <= copy.len());
        }
        let _ = File::decode(copy).and_then(|file| file.datasets());
    }
}

#[test]
fn the_sensor_of_the_options_is_that_of_a_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    std::fs::write(&path, file(Some("events"), columns)).unwrap();
    let read = |width, height| {
        let sensor = Some(SensorSize::new(width, height));
        format::read_with(&path, &Options { sensor, ..Options::default() })
    };
    let Recording::Events(large) = read(304, 240).unwrap() else { panic!("spikes") };
    assert_eq!((large.sensor(), large.t()), (SensorSize::new(304, 240), four().t()));
    let error = read(3, 2).unwrap_err().to_string();
    assert!(error.contains("event 0: x 3, y 1 is outside of a sensor of 3 x 2"), "{error}");
}

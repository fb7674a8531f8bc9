//! Windows of recordings.

use super::*;

/// An event each µs.
fn steady(times: std::ops::Range<i64>) -> Vec<Row> {
    times.map(|t| (t, (t % 8) as u16, (t % 5) as u16, t % 3 == 0)).collect()
}

#[test]
fn they_follow_each_other_from_the_first_event_on() {
    let long = steady(7..40);
    let root = folder(&[
        ("a/1.npz", encoded(format::Format::Npz, &long)),
        // One µs less than a window, and as long as one.
        ("a/2.es", encoded(format::Format::EventStream, &steady(3..12))),
        ("b/1.es", encoded(format::Format::EventStream, &steady(3..13))),
        // A window without events; not sorted.
        ("b/2.npz", encoded(format::Format::Npz, &[(30, 1, 1, true), (5, 2, 2, true), A])),
        ("b/3.npz", encoded(format::Format::Npz, &[])),
    ]);
    let data = Folder::open(root.path(), &FolderConfig::default()).unwrap();
    let data = data.windows(10).unwrap();
    let name = |path: &str, label| (path.to_string(), label);
    let (long_one, unsorted) = (name("a/1.npz", 0), name("b/2.npz", 1));
    let mut expected = vec![long_one; 3];
    expected.push(name("b/1.es", 1));
    expected.extend([unsorted.clone(), unsorted]);
    assert_eq!(listing(&data, root.path()), expected);
    let recordings: Vec<usize> = (0..6).map(|index| data.recording(index)).collect();
    assert_eq!(recordings, [0, 0, 0, 2, 3, 3]);
    // Twice: the second time, only the part of the file is read.
    for _ in 0..2 {
        for (index, window) in long.chunks_exact(10).enumerate() {
            assert_eq!(rows(&data, index), window);
        }
        assert_eq!(rows(&data, 3), steady(3..13));
        assert_eq!(rows(&data, 4), [(5, 2, 2, true), A]);
        assert_eq!(rows(&data, 5), []);
    }
    let mut parts: Vec<_> = (0..3).map(|index| data.origin(index).part).collect();
    parts.dedup();
    assert_eq!(parts.len(), 3);

    // Of windows, the same; the numbers stay where some are left out.
    let data = data.without(&[0, 3]).windows(5).unwrap();
    let recordings: Vec<usize> = (0..data.len()).map(|index| data.recording(index)).collect();
    assert_eq!((recordings, data.labels()), (vec![0; 4], vec![0; 4]));
    assert_eq!((rows(&data, 0), rows(&data, 3)), (steady(17..22), steady(32..37)));
}

#[test]
fn they_have_the_sensor_of_their_recording() {
    let (es, npz) = (format::Format::EventStream, format::Format::Npz);
    let both = [(0, 1, 1, true), (9, 1, 1, true), (10, 30, 20, false), (19, 0, 0, true)];
    let root = folder(&[("a/1.es", encoded(es, &both)), ("a/2.npz", encoded(npz, &both))]);
    let windows = Folder::open(root.path(), &FolderConfig::default()).unwrap().windows(10).unwrap();
    let sensors = |data: &Folder| -> Vec<SensorSize> {
        (0..data.len()).map(|index| data.get(index).unwrap().data.sensor()).collect()
    };
    for _ in 0..2 {
        assert_eq!(sensors(&windows), [SensorSize::new(31, 21); 4]);
    }
    let wide = SensorSize::new(346, 260);
    assert_eq!(sensors(&windows.clone().on_sensor(wide)), [wide; 4]);
    assert_eq!(windows.union_sensor().unwrap(), SensorSize::new(31, 21));
    // What is outside is an error of its window alone.
    let narrow = windows.on_sensor(SensorSize::new(8, 8));
    let broken: Vec<usize> = narrow.broken().into_iter().map(|(index, _)| index).collect();
    assert_eq!(broken, [1, 3]);
    let options = Options { sensor: Some(wide), ..Options::default() };
    let config = FolderConfig { options, ..FolderConfig::default() };
    let data = Folder::open(root.path(), &config).unwrap().windows(10).unwrap();
    for _ in 0..2 {
        assert_eq!(sensors(&data), [wide; 4]);
    }
}

/// What a set makes of the events of a file is made of all of them, not of those of a window.
#[test]
fn they_are_of_what_is_read() {
    let root = folder(&[
        ("nmnist/Train/0/1.bin", atis(&[A, B, C])),
        (
            "ncaltech101/Caltech101/airplanes/1.bin",
            atis(&[
                (0, 9, 200, true),
                (9, 10, 190, false),
                (10, 12, 199, true),
                (19, 9, 195, true),
            ]),
        ),
    ]);
    let stable = NMnistOptions { stabilize: true, ..Default::default() };
    let data = NMnist::open(root.path(), Part::Train, stable).unwrap().windows(1).unwrap();
    assert_eq!((data.len(), rows(&data, 0)), (1, vec![(5, 5, 4, true)]));
    let data = NCaltech101::open(root.path()).unwrap().windows(10).unwrap();
    assert_eq!(rows(&data, 1), [(10, 3, 9, true), (19, 0, 5, true)]);
    assert_eq!(data.get(1).unwrap().data.sensor(), SensorSize::new(4, 11));

    // Read with the options of the folder: the other way round than without.
    let aedat = encoded(format::Format::Aedat2, &[A, (6, 1, 1, false)]);
    let root = folder(&[("a/1.aedat", aedat)]);
    let options = Options { polarity: format::PolarityBit::Inverse, ..Options::default() };
    let config = FolderConfig { options, ..FolderConfig::default() };
    let whole = Folder::open(root.path(), &config).unwrap();
    let data = whole.clone().windows(2).unwrap();
    for _ in 0..2 {
        assert_eq!(rows(&data, 0), rows(&whole, 0));
    }
    let other = Folder::open(root.path(), &FolderConfig::default()).unwrap();
    assert_ne!(rows(&data, 0), rows(&other, 0));
}

#[test]
fn they_stay_within_a_part_of_a_file() {
    let all = steady(0..100);
    let root = folder(&[
        ("dvs_gesture/DvsGesture/trials_to_train.txt", b"user2_led.aedat\n".into()),
        ("dvs_gesture/DvsGesture/user2_led.aedat", aedat3(&[&all])),
        (
            "dvs_gesture/DvsGesture/user2_led_labels.csv",
            format!("{HEAD}1,10,32\n1,32,39\n11,50,71\n3,95,200\n").into(),
        ),
    ]);
    let data = DvsGesture::open(root.path(), Part::Train, DvsGestureRelease::Ibm).unwrap();
    let data = data.windows(10).unwrap();
    for _ in 0..2 {
        let windows: Vec<_> = (0..data.len())
            .map(|index| (data.label(index), data.recording(index), rows(&data, index)))
            .collect();
        let expected = [(0, 0, 10), (0, 0, 20), (10, 2, 50), (10, 2, 60)];
        let expected = expected
            .map(|(label, recording, start)| (label, recording, all[start..start + 10].to_vec()));
        assert_eq!(windows, expected);
    }
    assert_eq!(data.get(0).unwrap().data.sensor(), SensorSize::new(128, 128));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let root = folder(&[("a/1.es", b"Event Stream".into())]);
    let data = Folder::open(root.path(), &FolderConfig::default()).unwrap();
    assert!(message(data.windows(10)).contains("1.es: "));
}

#[test]
#[should_panic(expected = "windows of 0 µs")]
fn a_window_of_no_time() {
    let root = folder(&[("a/1.npz", vec![])]);
    let _ = Folder::open(root.path(), &FolderConfig::default()).unwrap().windows(0);
}

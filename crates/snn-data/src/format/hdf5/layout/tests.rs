use super::*;

/// Datasets of a shape: of f64 if the path ends with `*`, else of numbers without a fraction.
fn items(paths: &[&str], shape: &[u64]) -> Vec<Item> {
    let item = |path: &&str| Item {
        path: path.trim_end_matches('*').into(),
        shape: shape.into(),
        fields: None,
        is_number: true,
        is_float: path.ends_with('*'),
        shown: "i64".into(),
    };
    paths.iter().map(item).collect()
}

fn find(items: &[Item], group: Option<&str>) -> Result<Layout, String> {
    super::find(items, Choice { group, ..Choice::default() })
}

fn found(items: &[Item], group: Option<&str>) -> (String, &'static str, Option<TimeUnit>) {
    let layout = find(items, group).unwrap();
    (layout.path, layout.name.unwrap_or("none"), layout.unit)
}

#[test]
fn layouts_by_their_names() {
    let us = Some(TimeUnit::Microseconds);
    let seconds = Some(TimeUnit::Seconds);
    let cases: [(&[&str], _, _, _); 7] = [
        (&["t", "x", "y", "p"], "", "none", None),
        (&["a/b/ts*", "a/b/X", "a/b/y", "a/b/pol"], "a/b", "none", None),
        (&["events/t", "events/x", "events/y", "events/p", "ms_to_idx"], "events", "DSEC", us),
        (&["a/t*", "a/x", "a/y", "a/p", "a/ms_to_idx"], "a", "DSEC", None),
        (
            &["prophesee/right/t", "prophesee/right/x", "prophesee/right/y", "prophesee/right/p"],
            "prophesee/right",
            "M3ED",
            us,
        ),
        (&["e/xs", "e/ys", "e/ts*", "e/ps"], "e", "event_cnn_minimal", seconds),
        (&["e/xs", "e/ys", "e/ts", "e/ps"], "e", "event_cnn_minimal", None),
    ];
    for (paths, path, name, unit) in cases {
        assert_eq!(found(&items(paths, &[9]), None), (path.into(), name, unit));
    }
    let rows = |path: &str| items(&[path], &[9, 4]);
    assert_eq!(found(&rows("davis/left/events*"), None).1, "MVSEC");
    // Whole numbers are no seconds.
    assert_eq!(found(&rows("davis/left/events"), None).1, "none");
    assert_eq!(found(&rows("a/events*"), None), ("a/events".into(), "none", None));
    assert!(find(&rows("boxes"), None).is_err());
    assert_eq!(found(&rows("boxes"), Some("boxes")).1, "none");
    let mut records = items(&["CD/events"], &[9]);
    records[0].is_number = false;
    records[0].fields = Some(["x", "y", "p", "t"].map(String::from).to_vec());
    assert_eq!(found(&records, None), ("CD/events".into(), "Prophesee", us));
}

#[test]
fn what_has_polarities_goes_first() {
    let mut all = items(&["pose/t", "pose/x", "pose/y", "events/t", "events/x"], &[9]);
    // Spikes, and a group of another name.
    assert_eq!(found(&all, None).0, "events");
    assert_eq!(found(&all, Some("pose")).0, "pose");
    all.extend(items(&["b/t", "b/x", "b/y", "b/p"], &[9]));
    assert_eq!(found(&all, None).0, "b");
    all.extend(items(&["a/c/t", "a/c/x", "a/c/y", "a/c/p"], &[9]));
    let refusal = find(&all, None).unwrap_err();
    assert_eq!(
        refusal,
        "expected one recording, found 2: /a/c; /b; choose one with Options::group"
    );
    for group in ["a", "/a/c/", "a/c"] {
        assert_eq!(found(&all, Some(group)).0, "a/c");
    }
    // A group whose name only begins so.
    assert!(find(&all, Some("a/")).is_ok() && find(&all, Some("ev")).is_err());
}

#[test]
fn a_long_list_is_cut() {
    let paths: Vec<String> = (0..40).map(|k| format!("d{k}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let refusal = find(&items(&paths, &[1, 2]), None).unwrap_err();
    assert!(refusal.contains("the file contains d0 [1, 2] i64; d1 ["), "{refusal}");
    assert!(refusal.ends_with("d19 [1, 2] i64 and 28 more"), "{refusal}");
    assert!(find(&[], None).unwrap_err().ends_with("the file contains no datasets"));
}

#[test]
fn sizes_of_a_hostile_file() {
    let mut all = items(&["e/t", "e/x", "e/y", "e/p"], &[u64::MAX, u64::MAX]);
    all.extend(items(&["e/t_offset", "e/calib/resolution"], &[1 << 40, 1 << 40]));
    all.extend(items(&["e/image_raw"], &[1, u64::MAX, 0]));
    let layout = find(&all, None).unwrap();
    assert_eq!((layout.t_offset, layout.resolution, layout.sensor), (None, None, None));
}

#[test]
fn a_layout_in_one_line() {
    let all = items(&["events/x", "events/y", "events/p", "events/t"], &[9]);
    let offset = items(&["t_offset"], &[]);
    let layout = find(&[all, offset].concat(), None).unwrap();
    let line = "events/t, events/x, events/y, events/p, plus t_offset; layout of DSEC";
    assert_eq!(layout.to_string(), line);
    let layout = find(&items(&["davis/left/events*"], &[9, 4]), None).unwrap();
    assert_eq!(layout.to_string(), "rows of davis/left/events; layout of MVSEC");
}

#[test]
fn columns_that_are_selected() {
    let choose = |items: &[Item], text: &str, group| {
        let columns: ColumnSelection = text.parse().unwrap();
        let layout = super::find(items, Choice { group, columns: Some(&columns) })?;
        Ok::<_, String>(layout.to_string())
    };
    let all = items(&["a/stamp", "a/x", "a/y", "a/sign", "b/stamp", "b/x"], &[9]);
    let line = Ok("a/stamp, a/x, a/y, a/sign".to_string());
    assert_eq!(choose(&all, "t=stamp,x=x,y=y,p=sign", None), line);
    assert_eq!(choose(&all, "t=a/stamp,x=a/x,y=a/y,p=a/sign", None), line);
    assert_eq!(choose(&all, "t=stamp,x=x", Some("b")).unwrap(), "b/stamp, b/x");
    let refusal = choose(&all, "t=stamp,x=x", None).unwrap_err();
    assert!(refusal.contains("found 2: /a; /b; choose"), "{refusal}");
    let refusal = choose(&all, "t=time,x=x", None).unwrap_err();
    assert!(refusal.starts_with("expected the columns that Options::columns selects;"));
    // Datasets of a group have no positions.
    assert!(choose(&all, "txyp", None).is_err());
    assert_eq!(choose(&items(&["events"], &[9, 5]), "xy_tp", None).unwrap(), "rows of events");
}

#[test]
fn columns_with_two_names() {
    let refusal = find(&items(&["a/t", "a/ts", "a/x", "a/y", "a/p"], &[9]), None).unwrap_err();
    assert!(refusal.starts_with("a: several columns may be t: t, ts;"), "{refusal}");
    let layout = find(&items(&["a/time_ns", "a/x", "a/y", "a/p"], &[9]), None).unwrap();
    assert_eq!(layout.named_unit, Some(TimeUnit::Nanoseconds));
}

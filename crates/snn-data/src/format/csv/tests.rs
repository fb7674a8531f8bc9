use super::encode;
use crate::events::{Events, SensorSize};
use crate::format::damage::damaged;
use crate::format::{
    Basis, ColumnSelection, Finding, Format, FormatError, Interpretation, Options, Recording,
    TimeUnit, decode_as,
};

fn understood(text: &[u8], options: &Options) -> Result<(Recording, Interpretation), FormatError> {
    decode_as(Finding::new(Format::Csv, Basis::Option), text, options)
}

fn decode(text: &[u8]) -> Result<Recording, FormatError> {
    understood(text, &Options::default()).map(|(recording, _)| recording)
}

fn events_with(text: &str, options: &Options) -> Events {
    match understood(text.as_bytes(), options).unwrap().0 {
        Recording::Events(events) => events,
        Recording::Spikes(spikes) => panic!("{spikes:?}"),
    }
}

fn events(text: &str) -> Events {
    events_with(text, &Options::default())
}

fn problem(text: &str) -> String {
    decode(text.as_bytes()).unwrap_err().problem
}

fn two() -> Events {
    let (t, p) = (vec![1_605_537_493_718_345, -5], vec![true, false]);
    Events::new(t, vec![3, 0], vec![1, 2], p, SensorSize::new(4, 3)).unwrap()
}

#[test]
fn there_and_back() {
    let bytes = encode(&two());
    assert_eq!(bytes, b"t,x,y,p\n1605537493718345,3,1,1\n-5,0,2,0\n");
    assert_eq!(events(std::str::from_utf8(&bytes).unwrap()), two());
    for empty in ["t,x,y,p", "% x y p t\n", "240 180\n"] {
        assert!(events(empty).is_empty(), "{empty:?}");
    }
    for nothing in ["# nothing\n\n", "\n"] {
        assert!(problem(nothing).contains("expected lines of events"), "{nothing:?}");
    }
}

#[test]
fn separators_names_comments_and_orders() {
    for text in [
        "1605537493718345,3,1,1\n-5,0,2,0",
        "\u{feff}1605537493718345;3;1;1\r\n-5;0;2;-1\r\n",
        "# from a camera\n1605537493718345\t3\t1\t1\n\n-5\t0\t2\t0\n",
        "1605537493718345  3   1 1  \n  -5  0  2  0\n",
        "% x y p t\n3 1 1 1605537493718345.0\n0 2 0 -5\n",
        "X, Y, Timestamp, Polarity\n3.0, 1, 1605537493718345, True\n0, 2, -5, FALSE\n",
        "3,1,1,1605537493718345\n0,2,0,-5\n",
        "3,1,1605537493718345,1\n0,2,-5,0\n",
        "frame,t,x,y,p,gain\n7,1605537493718345,3,1,1,0.5\n7,-5,0,2,0,none\n",
        ",timestamp,x,y,polarity\n0,1605537493718345,3,1,on\n1,-5,0,2,off\n",
    ] {
        assert_eq!(events(text), two(), "{text}");
    }
}

#[test]
fn four_columns_are_in_the_order_in_which_time_does_not_fall() {
    // All values are pixels of 100 x 100, so that only the times tell the orders apart.
    let [t, x, y, p] = [[10, 20, 20, 90], [50, 3, 80, 4], [7, 60, 5, 99], [1, 0, 0, 1]];
    let of = |columns: [[i64; 4]; 4]| -> String {
        let row = |k: usize| columns.map(|column| column[k].to_string()).join(" ");
        (0..4).map(|k| row(k) + "\n").collect()
    };
    for (text, order) in [(of([t, x, y, p]), "t, x, y, p"), (of([x, y, t, p]), "x, y, t, p")] {
        let (read, how) = understood(text.as_bytes(), &Options::default()).unwrap();
        let Recording::Events(read) = read else { panic!("spikes") };
        assert_eq!((read.t(), read.x()), (&[10, 20, 20, 90][..], &[50, 3, 80, 4][..]), "{order}");
        let columns = how.columns.unwrap();
        assert_eq!(columns.value, order);
        assert!(columns.to_string().contains("the time does not fall"), "{columns}");
    }
    // One event fits both orders, and so do columns that rise both ways.
    for text in ["5 6 7 1\n", "1 5 2 0\n2 6 3 1\n"] {
        let problem = problem(text);
        let (txyp, xytp) =
            (problem.find("txyp (first event t "), problem.find("xytp (first event x "));
        assert!(
            txyp.is_some() && xytp.is_some() && problem.contains("Options::columns"),
            "{problem}"
        );
    }
    let given = Options { columns: Some(ColumnSelection::xytp()), ..Options::default() };
    assert_eq!(events_with("5 6 7 1\n", &given).t(), [7]);
    // So do columns that fall both ways.
    assert!(problem("9 6 7 1\n1 2 3 0\n").contains("Options::columns"));
    // A sensor rules out the order in which y would be 70.
    let small = Options { sensor: Some(SensorSize::new(34, 34)), ..Options::default() };
    assert_eq!(events_with("5 6 70 1\n", &small).t(), [70]);
}

#[test]
fn columns_are_chosen() {
    let celex = "0,0,100,-1,0\n1,1,101,1,20\n";
    let refusal = problem(celex);
    assert!(
        refusal.contains("5 columns without names") && refusal.contains("Options::columns"),
        "{refusal}"
    );
    for order in ["xy_pt", "t=4,x=0,y=1,p=3"] {
        let options = Options { columns: Some(order.parse().unwrap()), ..Options::default() };
        let read = events_with(celex, &options);
        assert_eq!((read.t(), read.p()), (&[0, 20][..], &[false, true][..]));
    }
    let named = "stamp_ms;col;row;sign\n3;5;6;1\n";
    assert!(problem(named).contains("found stamp_ms, col, row, sign"), "{}", problem(named));
    let columns = Some("t=stamp_ms,x=col,y=row,p=3".parse().unwrap());
    let read = events_with(named, &Options { columns, ..Options::default() });
    assert_eq!((read.t(), read.x(), read.y()), (&[3000][..], &[5][..], &[6][..]));
    let columns = Some("t=4,x=0".parse().unwrap());
    let wrong = understood(named.as_bytes(), &Options { columns, ..Options::default() });
    assert!(wrong.unwrap_err().problem.contains("expected a column 4 for t"));
    assert!(problem("t,ts,x\n1,1,1\n").contains("several columns may be t: t, ts"));
}

#[test]
fn units_are_stated_or_asked_for() {
    let seconds = "0.003811 96 133 0\n0.5 97 134 1\n";
    assert_eq!(
        problem(seconds),
        "line 1: the time is 0.003811, but times without a unit are whole µs; state the unit with \
         Options::time_unit: the times are 3811 to 500000 µs if they are s, 3 to 500 µs if they are ms"
    );
    // One fraction is enough, wherever it is.
    assert!(
        problem("0 96 133 0\n1 97 134 1\n2.5 97 134 1\n").starts_with("line 3: the time is 2.5")
    );
    for (unit, t) in [
        (TimeUnit::Seconds, [3811, 500_000]),
        (TimeUnit::Milliseconds, [3, 500]),
        (TimeUnit::Microseconds, [0, 0]),
    ] {
        let options = Options { time_unit: Some(unit), ..Options::default() };
        assert_eq!(events_with(seconds, &options).t(), t);
        let (_, how) = understood(seconds.as_bytes(), &options).unwrap();
        assert_eq!(how.time_unit, Finding::new(unit, Basis::Option));
    }
    for (header, t) in [
        ("t_s x y p", [3811, 500_000]),
        ("# time [s] x y p", [3811, 500_000]),
        ("# Format: time (float s), x, y, polarity (0=off, 1=on)", [3811, 500_000]),
        ("timestamp_ms x y polarity", [3, 500]),
    ] {
        assert_eq!(events(&format!("{header}\n{seconds}")).t(), t, "{header}");
    }
    // Nanoseconds since 1970 would be 55,000 years in µs.
    let ns = "1468941032200000000,1,2,1\n";
    assert!(problem(ns).contains("Options::time_unit (often ns)"), "{}", problem(ns));
    assert_eq!(events(&format!("t_ns,x,y,p\n{ns}")).t(), [1_468_941_032_200_000]);
}

#[test]
fn the_first_line_for_e2vid_is_the_sensor() {
    let text = "240 180\n1468941032.200000048 0 0 0\n1468941032.207499981 3 3 1\n";
    let (read, how) = understood(text.as_bytes(), &Options::default()).unwrap();
    let Recording::Events(read) = read else { panic!("spikes") };
    // Seconds in f64 since 1970 are 0.24 µs apart.
    assert_eq!(read.t(), [1_468_941_032_200_000, 1_468_941_032_207_500]);
    assert_eq!(read.sensor(), SensorSize::new(240, 180));
    assert_eq!(how.time_unit.value, TimeUnit::Seconds);
    assert!(how.time_unit.to_string().contains("assumed: fractions in text for E2VID"));
    assert_eq!(events("240 180\n5 3 3 1\n7 2 2 1\n9 4 4 0\n").t(), [5, 7, 9]);
}

#[test]
fn a_sensor_in_a_comment() {
    let text = "%geometry:1280,720\n0,0,0,0\n1,1,1,10\n";
    let (read, how) = understood(text.as_bytes(), &Options::default()).unwrap();
    let Recording::Events(read) = read else { panic!("spikes") };
    assert_eq!((read.sensor(), read.t()), (SensorSize::new(1280, 720), &[0, 10][..]));
    assert_eq!(how.sensor.unwrap().basis, Basis::File);
    assert_eq!(how.columns.unwrap().value, "x, y, p, t");
    assert!(problem("%geometry:4,4\nt,x,y,p\n0,4,0,1\n").contains("outside of a sensor of 4 x 4"));
}

#[test]
fn spikes_and_one_channel() {
    let read = decode(b"x,t\n699,5\n").unwrap();
    assert!(matches!(read, Recording::Spikes(read) if read.unit() == [699] && read.t() == [5]));
    let read = events("t,x,y\n1,2,3\n");
    assert_eq!((read.p(), read.sensor()), (&[true][..], SensorSize::new(3, 4).merged()));
}

#[test]
fn what_is_wrong_has_a_line_and_a_place() {
    let no_order = ", read as t, x, y, p; no other order fits, choose one with Options::columns";
    for (text, offset, problem) in [
        ("t,x,y,p\n1,2,3,1\n1,2,x,1\n", 20, "line 3: expected 0 to 65535, found \"x\""),
        ("1,2,3,1\n1,2,x,1\n", 12, "line 2: expected a number, found \"x\""),
        (
            "1,2,3,1\n1,2,3,2\n",
            14,
            "line 2: expected a polarity, 0, 1 or -1; Options::columns without p reads events of one polarity, found \"2\"",
        ),
        ("1,2,3,1\n1,2,3\n", 13, "line 2: expected 4 fields, but the line ends"),
        ("1,2,,1\n", 4, "line 1: expected a number, found \"\""),
        ("1 2 3 1\n1  2 3 1 9\n", 17, "line 2: expected 4 fields, found more"),
        ("1,65536,0,1\n", 2, "line 1: expected 0 to 65535, found \"65536\""),
        ("t,x,y,p\n1e30,2,3,1\n", 8, "line 2: expected a time, found \"1e30\""),
        ("t,x,y,p\nnan,2,3,1\n", 8, "line 2: expected a time, found \"nan\""),
        ("t_s,x,y,p\ninf,2,3,1\n", 10, "line 2: expected a time, found \"inf\""),
    ] {
        let refusal = decode(text.as_bytes()).unwrap_err();
        let found = refusal.problem.strip_suffix(no_order).unwrap_or(&refusal.problem);
        assert_eq!((refusal.offset, found), (offset, problem), "{text}");
    }
    assert!(problem("x,y\n1,2\n").contains("expected columns t and x at least, found x, y"));
}

#[test]
fn damaged_files_give_an_error_or_events() {
    for copy in damaged(&encode(&two()), 2000) {
        if let Ok(Recording::Events(events)) = decode(&copy) {
            assert!(events.len() <= copy.len() / 4);
        }
    }
}

#[test]
fn names_that_are_not_recognized_are_asked_for() {
    for (header, missing) in [
        ("timestamp,x,y,is_on", "expected a column p"),
        ("t,x,row,p", "expected a column y"),
        ("t (10 us),x,y,p", "expected columns t and x"),
    ] {
        let problem = problem(&format!("{header}\n5,3,1,1\n"));
        assert!(problem.contains(missing) && problem.contains("Options::columns"), "{problem}");
    }
    for header in
        ["time_stamp,x_pos,y_addr,polarity_bool", "\"t\",\"x\",\"y\",\"p\"", "t,x,y,p,gain"]
    {
        let text =
            format!("{header}\n5,3,1,1{}\n", if header.ends_with("gain") { ",0.5" } else { "" });
        assert_eq!(events(&text).len(), 1, "{header}");
    }
}

#[test]
fn tables_of_other_programs() {
    for text in [
        // R, with and without names of rows; a spreadsheet; a separator at each end.
        "\"t\" \"x\" \"y\" \"p\"\n\"1\" 1605537493718345 3 1 1\n\"2\" -5 0 2 0\n",
        "\"t\",\"x\",\"y\",\"p\"\n\"1605537493718345\",\"3\",\"1\",\"1\"\n\"-5\",\"0\",\"2\",\"0\"\n",
        "t,x,y,p,\n1605537493718345,3,1,1,\n-5,0,2,0,\n",
        "t,x,y,p\n1605537493718345,3,1,1,\n-5,0,2,0,\n",
        "// t, x, y, p\n1605537493718345,3,1,1\n-5,0,2,0\n",
    ] {
        assert_eq!(events(text), two(), "{text}");
    }
    assert!(decode(b"\xff\xfet\0,\0").unwrap_err().problem.contains("save it as UTF-8"));
}

#[test]
fn what_comments_state_is_obeyed() {
    assert_eq!(events("# time unit: ns\nt,x,y,p\n5000,3,1,1\n").t(), [5]);
    assert_eq!(events("# t, x, y, p; times in ms\n5,3,1,1\n").t(), [5000]);
    assert_eq!(
        events("# geometry: height=720, width=1280\nt,x,y,p\n5,3,1,1\n").sensor().width,
        1280
    );
    // Seconds for E2VID, also where they are whole; a comment after the size.
    let whole = events("240 180\n# seconds\n0.000000 1 2 1\n1.000000 2 2 0\n");
    assert_eq!(whole.t(), [0, 1_000_000]);
    assert!(problem("1.714550400e+18 1 2 1\n").contains("(often ns)"));
}

#[test]
fn sorted_pixels_are_no_times() {
    // numpy.argwhere of a volume [x, y, t]: x rises, and t does not.
    let rows = (0..20)
        .flat_map(|x| (0..100).map(move |t| format!("{x} {} {} 1\n", (x * 7 + t) % 20, 20 * t)));
    let problem = problem(&rows.collect::<String>());
    assert!(problem.contains("txyp") && problem.contains("xytp"), "{problem}");
}

#[test]
fn a_sensor_does_not_make_an_order_wrong() {
    // x up to 33 and y up to 30 on 30 x 30, whose events outside are dropped.
    let rows = (0..300).map(|k| format!("{} {} {} 1\n", k * 7 % 34, k * 5 % 31, 388 + 131 * k));
    let text = rows.collect::<String>();
    let sensor = Some(SensorSize::new(30, 30));
    let options = Options { sensor, outside: crate::events::Outside::Drop, ..Options::default() };
    let (_, how) = understood(text.as_bytes(), &options).unwrap();
    assert_eq!(how.columns.unwrap().value, "x, y, t, p");
}

#[test]
fn what_is_not_clear_is_refused() {
    for (text, remedy) in [
        // A field more than names, which might be the first or the last.
        ("t,x,y,p\n100,5,6,1,0\n200,6,1,0,1\n", "expected 4 fields, found more"),
        ("# time unit: min\nt,x,y,p\n5,3,1,1\n", "Options::time_unit"),
        ("t [ticks],x,y,p\n5,3,1,1\n", "Options::columns"),
    ] {
        assert!(problem(text).contains(remedy), "{}", problem(text));
    }
    let columns = Some("t=t (10 us),x=x,y=y,p=p".parse().unwrap());
    let options = Options { columns, ..Options::default() };
    let scaled = understood(b"t (10 us),x,y,p\n5,3,1,1\n", &options).unwrap_err();
    assert!(scaled.problem.contains("multiply them first"), "{scaled}");
    // Prose that has times and units in it states none.
    assert_eq!(events("# Start time (s): 12\nt,x,y,p\n5,3,1,1\n").t(), [5]);
    // Pixels first, whatever the first line for E2VID suggests.
    assert_eq!(events("240 180\n9 3 100 1\n2 5 150 0\n").t(), [100, 150]);
}

use super::super::traces::traces;
use super::*;

fn panels<'a>(panels: &'a [Panel<'a>]) -> Traces<'a> {
    Traces { title: "neurons", x_label: "time (ms)", panels, step: 0.5 }
}

#[test]
fn traces_share_their_axis() {
    let membrane = |name| Series { name, values: &[0.0, 0.25, 1.0, 0.0, 0.5] };
    let current = [Series { name: "alone", values: &[0.0, 5e4, 0.0, 5e4, 0.0] }];
    let two = [membrane("first"), membrane("second")];
    let many = [membrane("crowded"); 13];
    let stack = [
        Panel { y_label: "current (pA)", series: &current },
        Panel { y_label: "membrane", series: &two },
        Panel { y_label: "all", series: &many },
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traces.svg");
    traces(&path, &panels(&stack)).unwrap();
    let svg = fs::read_to_string(&path).unwrap();
    let times = |text: &str| svg.matches(&format!(">{text}<")).count();
    for text in ["neurons", "time (ms)", "current (pA)", "membrane", "all", "first", "second"] {
        assert_eq!(times(text), 1, "{text}");
    }
    assert_eq!([times("alone"), times("crowded")], [0, 0], "a legend has 2 to 12 names");

    // Every line starts and ends where those of the other panels do: 5 values, 4 steps apart.
    let lines = svg.split("<path d=\"M").skip(1).map(|rest| rest.split('"').next().unwrap());
    let lines = lines.map(|line| {
        let numbers = line.split([' ', ',', 'L', 'M']).filter_map(|text| text.parse().ok());
        let numbers: Vec<f64> = numbers.collect();
        numbers.iter().step_by(2).copied().collect::<Vec<_>>()
    });
    let lines: Vec<_> = lines.filter(|line| line.len() == 5).collect();
    assert_eq!(lines.len(), 16);
    assert!(lines.iter().all(|line| *line == lines[0]), "{lines:?}");
    assert!((lines[0][4] - lines[0][0] - 4.0 * (lines[0][1] - lines[0][0])).abs() < 0.1);

    let one = [Panel { y_label: "", series: &[Series { name: "", values: &[0.0] }] }];
    assert_eq!(png_size(|path| traces(path, &panels(&one))).0, 1440);
}

#[test]
fn traces_of_nothing_are_refused() {
    let panel = |series| Panel { y_label: "membrane", series };
    let good = panel(&[SERIES]);
    refusal("a.png", |path| traces(path, &panels(&[])));
    refusal("a.gif", |path| traces(path, &panels(&[good])));
    refusal("a.png", |path| traces(path, &panels(&[panel(&[Series { values: &[], ..SERIES }])])));
    for (series, problem) in [
        (&[][..], "no series"),
        (&[Series { values: &[1.0], ..SERIES }], "has 1 values"),
        (&[Series { values: &[0.0, f64::NAN, 0.0], ..SERIES }], "value 2 of 3 of \"loss\" is NaN"),
        (&[Series { values: &[0.0, 0.0, f64::INFINITY], ..SERIES }], "is inf"),
    ] {
        let error = refusal("a.png", |path| traces(path, &panels(&[good, panel(series)])));
        assert!(error.contains(problem), "{error}");
    }
    for step in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refusal("a.png", |path| traces(path, &Traces { step, ..panels(&[good]) }));
    }
}

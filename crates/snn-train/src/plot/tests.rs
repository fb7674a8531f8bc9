#![allow(clippy::unwrap_used)]

mod event_grid;
mod traces;

use std::fs;
use std::path::Path;

use super::style::{WHITE, colour, hex, mix};
use super::*;

const NAMES: [&str; 3] = ["yin", "yang", "dot"];

/// Calls `draw` with a path in a new folder below a fresh one, and returns the size of the PNG
/// that is then the only file there.
fn png_size(draw: impl FnOnce(&Path) -> Result<(), PlotError>) -> (u32, u32) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("figure.png");
    draw(&path).unwrap();
    assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1);
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.ends_with(b"IEND\xaeB`\x82"));
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

/// Calls `draw` and returns its error, having seen that it names the file and wrote nothing.
fn refusal(name: &str, draw: impl FnOnce(&Path) -> Result<(), PlotError>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let error = draw(&path).unwrap_err().to_string();
    assert!(error.contains(name), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    error
}

/// The rectangles of an SVG that have a colour, as `[x, y, width, height]`.
fn rectangles(svg: &str, fill: style::Rgb) -> Vec<[f64; 4]> {
    let fill = hex(fill);
    let rects = svg.split("<rect").filter(|rect| rect.contains(&fill));
    let number = |rect: &str, name: &str| {
        let (_, rest) = rect.split_once(&format!(" {name}=\"")).unwrap();
        rest.split('"').next().unwrap().parse::<f64>().unwrap()
    };
    rects.map(|rect| ["x", "y", "width", "height"].map(|name| number(rect, name))).collect()
}

const SERIES: Series<'_> = Series { name: "loss", values: &[1.1, 0.4, 0.2] };

fn map(classes: &[usize]) -> DecisionMap<'_> {
    DecisionMap {
        title: "map",
        resolution: 2,
        classes,
        confidence: &[0.0, 0.5, 0.9, 1.0],
        samples: &[([0.0, 1.0], 2), ([0.3, 0.2], 0)],
        names: &NAMES,
    }
}

fn activity(readout: &[Vec<f32>]) -> SampleActivity<'_> {
    SampleActivity {
        title: "sample",
        time_step: 2.0,
        steps: 3,
        input_spikes: &[(0, 0), (2, 1)],
        inputs: 2,
        hidden_spikes: &[(1, 0)],
        hidden: 1,
        readout,
        names: &NAMES,
    }
}

#[test]
fn figures_are_images() {
    let one = Series { name: "one", values: &[0.3] };
    assert_eq!(png_size(|path| curves(path, "loss", "loss", &[SERIES, SERIES])), (1440, 880));
    assert_eq!(png_size(|path| curves_log(path, "loss", "loss", &[SERIES])), (1440, 880));
    assert_eq!(png_size(|path| curves(path, "loss", "loss", &[one])), (1440, 880));
    let (width, height) = png_size(|path| decision_map(path, &map(&[0, 1, 2, 1])));
    assert!(width == 1440 && height > 0);
    let readout = vec![vec![0.0, 0.2, 0.1]; 3];
    let (width, height) = png_size(|path| sample_activity(path, &activity(&readout)));
    assert!(width == 1440 && height > 0);
}

fn spikes<'a>(spikes: &'a [(usize, usize)]) -> SpikeCount<'a> {
    SpikeCount { title: "spikes", steps: 4, spikes, names: &NAMES }
}

#[test]
fn a_confusion_matrix_has_its_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("confusion.svg");
    let matrix = |counts| ConfusionMatrix { title: "matrix", counts, names: &NAMES };
    confusion_matrix(&path, &matrix(&[41, 2, 0, 0, 43, 0, 5, 0, 47])).unwrap();
    let svg = fs::read_to_string(&path).unwrap();
    for text in ["yin", "41", "2", "43", "5", "47", "taken for"] {
        assert!(svg.contains(&format!(">{text}<")), "{text}");
    }
    assert!(svg.contains(&hex(mix(WHITE, colour(0), 0.9))), "all of class 1 are right");
    let (width, height) = png_size(|path| confusion_matrix(path, &matrix(&[1; 9])));
    assert!(width > 0 && height > 0);
    for counts in [&[][..], &[1; 8]] {
        refusal("a.png", |path| confusion_matrix(path, &matrix(counts)));
    }
    refusal("a.png", |path| confusion_matrix(path, &ConfusionMatrix { names: &[], ..matrix(&[]) }));
}

#[test]
fn spike_counts_grow_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spikes.gif");
    spike_count(&path, &spikes(&[(1, 2), (2, 2), (2, 0)])).unwrap();
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut gif = options.read_info(fs::File::open(&path).unwrap()).unwrap();
    assert_eq!((gif.width(), gif.height()), (900, 525));
    // Pixels of the bars: the leading neuron's, and the others'.
    let mut pixels = Vec::new();
    while let Some(frame) = gif.read_next_frame().unwrap() {
        let count = |rgb: style::Rgb| {
            frame.buffer.chunks(4).filter(|pixel| pixel[..3] == rgb).count() as f64
        };
        pixels.push([count(colour(0)), count(mix(WHITE, colour(0), 0.45))]);
    }
    let full = pixels[2][0];
    let shares = pixels.iter().flatten().map(|count| (10.0 * count / full).round());
    let expected = [[0.0, 0.0], [5.0, 0.0], [10.0, 5.0], [10.0, 5.0]];
    assert_eq!(shares.collect::<Vec<_>>(), expected.concat());
}

#[test]
fn spikes_outside_an_animation_are_refused() {
    let error = refusal("a.png", |path| spike_count(path, &spikes(&[])));
    assert!(error.contains(".gif"), "{error}");
    for bad in [&[(4, 0)], &[(0, 3)]] {
        refusal("a.gif", |path| spike_count(path, &spikes(bad)));
    }
    refusal("a.gif", |path| spike_count(path, &SpikeCount { steps: 0, ..spikes(&[]) }));
    refusal("a.gif", |path| spike_count(path, &SpikeCount { names: &[], ..spikes(&[]) }));
}

#[test]
fn svg_is_written_over_an_older_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figure.svg");
    fs::write(&path, "old").unwrap();
    curves(&path, "loss", "loss", &[SERIES]).unwrap();
    assert!(fs::read_to_string(&path).unwrap().starts_with("<svg"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn rows_count_from_the_bottom() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.svg");
    let map = DecisionMap { confidence: &[1.0; 4], ..map(&[0, 1, 2, 2]) };
    decision_map(&path, &map).unwrap();
    let svg = fs::read_to_string(&path).unwrap();
    let place = |class: usize| rectangles(&svg, mix(WHITE, colour(class), 0.8))[0];
    let [bottom_left, bottom_right, top_left] = [0, 1, 2].map(place);
    assert!(bottom_left[0] < bottom_right[0] && bottom_left[1] == bottom_right[1]);
    assert!(bottom_left[0] == top_left[0] && bottom_left[1] > top_left[1]);
}

#[test]
fn bad_input_is_refused() {
    for name in ["figure.pdf", "figure"] {
        let error = refusal(name, |path| curves(path, "", "", &[SERIES]));
        assert!(error.contains(".png or .svg"), "{error}");
    }
    for series in [&[][..], &[Series { values: &[], ..SERIES }]] {
        refusal("a.png", |path| curves(path, "", "", series));
    }
    for values in [&[1.0, 2.0][..], &[1.0, f64::NAN, 2.0]] {
        let series = [SERIES, Series { name: "b", values }];
        refusal("a.png", |path| curves(path, "", "", &series));
    }
    let zero = Series { values: &[1.0, 0.0], ..SERIES };
    refusal("a.png", |path| curves_log(path, "", "", &[zero]));

    for classes in [&[0, 1, 2][..], &[0, 1, 2, 3]] {
        refusal("a.png", |path| decision_map(path, &map(classes)));
    }
    let bad = DecisionMap { samples: &[([0.5, 1.5], 0)], ..map(&[0; 4]) };
    refusal("a.png", |path| decision_map(path, &bad));
    let bad = DecisionMap { confidence: &[0.0, 0.5, f32::NAN, 1.0], ..map(&[0; 4]) };
    refusal("a.png", |path| decision_map(path, &bad));
    let bad = DecisionMap { resolution: usize::MAX, ..map(&[0; 4]) };
    refusal("a.png", |path| decision_map(path, &bad));

    for readout in [vec![vec![0.0; 3]; 2], vec![vec![0.0; 4]; 3], vec![vec![f32::NAN; 3]; 3]] {
        refusal("a.png", |path| sample_activity(path, &activity(&readout)));
    }
    let readout = vec![vec![0.0; 3]; 3];
    let good = activity(&readout);
    for bad in [
        SampleActivity { input_spikes: &[(3, 0)], ..good },
        SampleActivity { hidden_spikes: &[(0, 1)], ..good },
        SampleActivity { time_step: 0.0, ..good },
        SampleActivity { hidden: 0, hidden_spikes: &[], ..good },
    ] {
        refusal("a.png", |path| sample_activity(path, &bad));
    }
}

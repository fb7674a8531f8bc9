//! Decision maps.

use std::path::Path;
use std::sync::Arc;

use kuva::plot::legend::LegendShape;
use kuva::plot::scatter::ScatterPlot;
use kuva::plot::{ColorMap, Heatmap};
use kuva::render::render::render_multiple;

use super::PlotError;
use super::file::Target;
use super::style::{WHITE, colour, dark, framed, hex, layout, legend, mix, y_label};

/// The class a classifier gives every point of the unit square, and labelled samples on top.
#[derive(Clone, Copy, Debug)]
pub struct DecisionMap<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Number `n` of cells along each side of the square.
    pub resolution: usize,
    /// Winning class per cell, `n * n` of them: `classes[row * n + col]` is the class at
    /// `x = (col + 0.5) / n`, `y = (row + 0.5) / n`, so row 0 is at the bottom.
    pub classes: &'a [usize],
    /// How sure the classifier is, `0.0..=1.0` per cell in the order of `classes`; the surer, the
    /// stronger the colour.
    pub confidence: &'a [f32],
    /// Samples as `([x, y], class)`, inside the unit square.
    pub samples: &'a [([f64; 2], usize)],
    /// Name of each class.
    pub names: &'a [&'a str],
}

/// Draws a decision map as a square.
///
/// # Errors
///
/// [`PlotError`] when the resolution is zero, when `classes` or `confidence` do not hold one entry
/// per cell, when a class has no name, when a confidence or a coordinate lies outside `0..=1`,
/// when the path ends in neither `.png` nor `.svg`, or when the file cannot be written.
pub fn decision_map(path: &Path, map: &DecisionMap<'_>) -> Result<(), PlotError> {
    let target = Target::new(path)?;
    let n = map.resolution;
    let cells = n.checked_mul(n);
    target.check(n > 0, || "the resolution is zero".into())?;
    for (what, len) in [("classes", map.classes.len()), ("confidence", map.confidence.len())] {
        target.check(cells == Some(len), || {
            format!("{what} has {len} entries, a {n} x {n} map needs one per cell")
        })?;
    }
    let labels = map.samples.iter().map(|(_, class)| class);
    for class in map.classes.iter().chain(labels) {
        target.check(*class < map.names.len(), || {
            format!("class {class} has no name, there are {}", map.names.len())
        })?;
    }
    for value in map.confidence {
        target.check((0.0..=1.0).contains(value), || {
            format!("a confidence of {value} is outside 0..=1")
        })?;
    }
    for ([x, y], _) in map.samples {
        let inside = (0.0..=1.0).contains(x) && (0.0..=1.0).contains(y);
        target.check(inside, || format!("the sample at ({x}, {y}) is outside the unit square"))?;
    }

    // A heat map colours one number per cell, a decision map needs two (class and confidence):
    // the number of a cell is its own index, and the colour map looks the colour up.
    let colours: Vec<String> = map
        .classes
        .iter()
        .zip(map.confidence)
        .map(|(class, confidence)| hex(mix(WHITE, colour(*class), 0.12 + 0.68 * confidence)))
        .collect();
    let last = colours.len().saturating_sub(1) as f64;
    let heatmap = Heatmap::new()
        .with_data((0..n).map(|row| (row * n..(row + 1) * n).map(|cell| cell as f64)))
        .with_color_map(ColorMap::Custom(Arc::new(move |t| {
            let cell = (t * last).round() as usize;
            colours.get(cell).cloned().unwrap_or_default()
        })))
        .with_x_range(0.0, 1.0)
        .with_y_range(0.0, 1.0)
        .with_cell_size(1.0);

    // The edge of a dot is a larger white dot under it, drawn just before it, so that of two
    // samples that overlap each keeps its edge.
    let dots = || map.samples.iter().flat_map(|sample| [sample, sample]);
    let edge_then_dot = || dots().enumerate().map(|(i, dot)| (i % 2 == 0, dot));
    let samples = ScatterPlot::new()
        .with_data(dots().map(|([x, y], _)| (*x, *y)))
        .with_sizes(edge_then_dot().map(|(edge, _)| if edge { 3.6 } else { 2.6 }))
        .with_colors(
            edge_then_dot()
                .map(|(edge, (_, class))| hex(if edge { WHITE } else { dark(colour(*class)) })),
        );

    let layout = layout((0.0, 1.0), (0.0, 1.0))
        .with_title(map.title)
        .with_x_label("x")
        .with_x_tick_step(0.2)
        .with_y_tick_step(0.2)
        .with_legend_entries(legend(map.names, LegendShape::Rect));
    let (layout, frame) = framed(layout);
    let height = frame.plot_width() + frame.margin_top + frame.margin_bottom;
    let plots = vec![heatmap.into(), samples.into()];
    let mut scene = render_multiple(plots, layout.with_height(height));
    scene.add(y_label("y", frame.margin_left, frame.margin_top));
    target.write(&scene)
}

//! The look that all figures share, and the pieces they are drawn from.

use std::sync::Arc;

use kuva::plot::LinePlot;
use kuva::plot::legend::{LegendEntry, LegendShape};
use kuva::plot::scatter::ScatterPlot;
use kuva::render::figure::Figure;
use kuva::render::layout::{ComputedLayout, Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::{Primitive, Scene, TextAnchor};
use kuva::render::theme::Theme;

/// Red, green and blue.
pub(super) type Rgb = [u8; 3];

/// Colours of classes and lines, in order. A chart with more takes them darker, then starts over.
pub(super) const COLOURS: [Rgb; 8] = [
    [0x63, 0x92, 0xEB],
    [0xD9, 0x7C, 0x75],
    [0x65, 0xAD, 0x68],
    [0xE0, 0xA4, 0x3A],
    [0x9B, 0x7F, 0xC9],
    [0x4F, 0xB0, 0xB5],
    [0xC7, 0x79, 0xB0],
    [0x8C, 0x8C, 0x8C],
];
pub(super) const WHITE: Rgb = [255; 3];
pub(super) const INK: Rgb = [0x33; 3];
pub(super) const GRID: Rgb = [0xE6; 3];

/// Room above the frame for the label of the y axis. It stands there upright, because turned text
/// comes out ragged in a PNG.
pub(super) const LABEL_ROOM: f64 = 18.0;

/// Width of a figure.
pub(super) const WIDTH: f64 = 720.0;

/// The look all figures share, with axes that span exactly these ranges.
pub(super) fn layout(x: (f64, f64), y: (f64, f64)) -> Layout {
    let theme = Theme {
        axis_color: hex(INK),
        tick_color: hex(INK),
        text_color: hex(INK),
        grid_color: hex(GRID),
        legend_border: "#cccccc".into(),
        ..Theme::light()
    };
    Layout::new(x, y)
        .with_theme(theme)
        .with_box_axes()
        .with_legend_box(false)
        .with_width(WIDTH)
        .with_y_tick_format(TickFormat::Custom(Arc::new(tick)))
        .with_x_axis_min(x.0)
        .with_x_axis_max(x.1)
        .with_y_axis_min(y.0)
        .with_y_axis_max(y.1)
}

/// A value of the y axis. Kuva's own choice is `1e-1` for 0.1 on a logarithmic axis, and every
/// digit of a large whole number.
pub(super) fn tick(value: f64) -> String {
    if value.abs() < 1e5 { TickFormat::Auto.format(value) } else { TickFormat::Sci.format(value) }
}

/// Adds the room that the label of the y axis and the last number of the x axis need.
pub(super) fn framed(layout: Layout) -> (Layout, ComputedLayout) {
    let frame = ComputedLayout::from_layout(&layout);
    let layout = layout
        .with_force_margins(frame.margin_left, frame.margin_right.max(24.0))
        .with_force_margins_y(frame.margin_top + LABEL_ROOM, frame.margin_bottom);
    let frame = ComputedLayout::from_layout(&layout);
    (layout, frame)
}

/// One of several panels above each other.
pub(super) struct StackedPanel<'a> {
    pub plots: Vec<Plot>,
    pub layout: Layout,
    pub y_label: &'a str,
    /// Height of the frame.
    pub height: f64,
}

/// Panels above each other over one x axis: the title is above the first, the label of the x axis
/// below the last.
pub(super) fn stacked(title: &str, x_label: &str, panels: Vec<StackedPanel<'_>>) -> Scene {
    let last = panels.len().saturating_sub(1);
    let mut figure = Figure::new(panels.len(), 1)
        .with_shared_x_all()
        .with_spacing(0.0)
        .with_padding(0.0)
        .with_cell_size(WIDTH, 0.0);
    let mut plots = Vec::new();
    let mut layouts = Vec::new();
    let mut labels = Vec::new();
    let (mut left, mut right, mut top) = (0.0_f64, 0.0_f64, 0.0);
    for (row, panel) in panels.into_iter().enumerate() {
        let mut layout = panel.layout;
        if row == 0 {
            layout = layout.with_title(title);
        }
        if row == last {
            layout = layout.with_x_label(x_label);
        }
        let (layout, frame) = framed(layout);
        // Only the lowest panel writes numbers below its frame.
        let bottom = if row == last { frame.margin_bottom } else { 8.0 };
        let height = frame.margin_top + panel.height + bottom;
        figure = figure.with_row_height(row, height);
        plots.push(panel.plots);
        layouts.push(layout.with_force_margins_y(frame.margin_top, bottom));
        labels.push((panel.y_label, top + frame.margin_top));
        left = left.max(frame.margin_left);
        right = right.max(frame.margin_right);
        top += height;
    }
    // The panels share the x axis only if their frames start and end at the same place.
    let layouts = layouts.into_iter().map(|layout| layout.with_force_margins(left, right));
    let mut scene = figure.with_plots(plots).with_layouts(layouts.collect()).render();
    labels.into_iter().for_each(|(label, top)| scene.add(y_label(label, left, top)));
    scene
}

/// The label of the y axis of a frame whose upper left corner is at `left`, `top`.
pub(super) fn y_label(label: &str, left: f64, top: f64) -> Primitive {
    text(label, (left, top - 8.0), 14, TextAnchor::Start)
}

/// Text whose baseline is at `y` and whose start, middle or end is at `x`.
pub(super) fn text(content: &str, (x, y): (f64, f64), size: u32, anchor: TextAnchor) -> Primitive {
    Primitive::Text {
        x,
        y,
        content: content.into(),
        size,
        anchor,
        rotate: None,
        bold: false,
        color: None,
    }
}

/// A filled rectangle from its upper left corner.
pub(super) fn rect((x, y): (f64, f64), (width, height): (f64, f64), fill: Rgb) -> Primitive {
    Primitive::Rect {
        x,
        y,
        width,
        height,
        fill: hex(fill).into(),
        stroke: None,
        stroke_width: None,
        opacity: None,
    }
}

/// An empty figure to draw on.
pub(super) fn scene(width: f64, height: f64) -> Scene {
    let mut scene = Scene::new(width, height);
    scene.text_color = Some(hex(INK));
    scene
}

pub(super) fn line(points: impl Iterator<Item = (f64, f64)>, colour: Rgb) -> Plot {
    LinePlot::new().with_data(points).with_color(hex(colour)).with_stroke_width(2.0).into()
}

/// A line, or a dot where there is just one point: a line through one point is invisible.
pub(super) fn line_or_dot(points: &[(f64, f64)], colour: Rgb) -> Plot {
    match points {
        [point] => dot(*point, colour, 4.0),
        points => line(points.iter().copied(), colour),
    }
}

pub(super) fn dot(point: (f64, f64), colour: Rgb, size: f64) -> Plot {
    ScatterPlot::new().with_data([point]).with_color(hex(colour)).with_size(size).into()
}

pub(super) fn legend(names: &[&str], shape: LegendShape) -> Vec<LegendEntry> {
    let entry = |(index, name): (usize, &&str)| LegendEntry {
        label: (*name).into(),
        color: hex(colour(index)),
        shape,
        dasharray: None,
    };
    names.iter().enumerate().map(entry).collect()
}

/// The range of the values and a little room around it, never empty.
pub(super) fn padded(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let room = if high > low { 0.05 * (high - low) } else { 0.1 * high.abs().max(1e-3) };
    (low - room, high + room)
}

/// The smallest whole number of 1, 2, 5, 10, 20, 50, ... that cuts `count` into at most `parts`.
pub(super) fn whole_step(count: usize, parts: usize) -> f64 {
    round_up(count.div_ceil(parts).max(1) as f64)
}

/// The smallest of ..., 0.1, 0.2, 0.5, 1, 2, 5, 10, ... that is not below a positive value.
pub(super) fn round_up(value: f64) -> f64 {
    let decade = 10_f64.powf(value.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().find(|step| step * decade >= value);
    step.unwrap_or(10.0) * decade
}

pub(super) fn colour(index: usize) -> Rgb {
    let colour = COLOURS[index % COLOURS.len()];
    if (index / COLOURS.len()).is_multiple_of(2) { colour } else { dark(colour) }
}

pub(super) fn dark(colour: Rgb) -> Rgb {
    mix([0; 3], colour, 0.62)
}

/// `share` of the colour `to`, the rest of `from`.
pub(super) fn mix(from: Rgb, to: Rgb, share: f32) -> Rgb {
    let [a, b, c] = from;
    let [x, y, z] = to;
    [(a, x), (b, y), (c, z)].map(|(from, to)| {
        let (from, to) = (f32::from(from), f32::from(to));
        (from + share * (to - from)).round() as u8
    })
}

pub(super) fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

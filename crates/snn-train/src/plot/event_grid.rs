//! Pictures of the events of a recording.

use std::path::Path;

use kuva::render::render::{Primitive, TextAnchor};

use super::PlotError;
use super::file::Target;
use super::style::{GRID, Rgb, WHITE, hex, mix, rect, scene, text};

/// Events per pixel of one picture.
#[derive(Clone, Copy, Debug)]
pub struct EventPicture<'a> {
    /// Name below the picture: a moment, or the label of a sample.
    pub name: &'a str,
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Events of pixels that became brighter, row by row from the top: that of column `x` in row `y`
    /// is at `y * width + x`.
    pub on: &'a [f32],
    /// Events of pixels that became darker, in the order of `on`.
    pub off: &'a [f32],
}

/// Pictures side by side: moments of one recording, or several samples.
#[derive(Clone, Copy, Debug)]
pub struct EventGrid<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// The pictures, row by row from the top.
    pub pictures: &'a [EventPicture<'a>],
    /// Pictures in a row.
    pub columns: usize,
}

pub(super) const ON: Rgb = [0x2F, 0x63, 0xD0];
pub(super) const OFF: Rgb = [0xD6, 0x45, 0x3B];

/// The longer side of a picture is near to this, in units of length, and never longer than that.
const SIDE: f64 = 150.0;
const LONGEST_SIDE: f64 = 200.0;
/// Pixels are drawn in whole multiples of this, which is a dot of a PNG: edges stay sharp.
const DOT: f64 = 0.5;
/// Strength of the colour of the weakest events that are shown.
const FAINTEST: f32 = 0.25;
/// The colour is full above this share of the pixels that have events, so that a single pixel which
/// fires all the time leaves the others their colour.
const FULL_ABOVE: f64 = 0.98;

const MARGIN: f64 = 20.0;
const GAP: f64 = 16.0;
const TOP: f64 = 72.0;
/// Room below a picture for its name.
const NAME_ROOM: f64 = 26.0;

/// Draws pictures of events on white: pixels that became brighter are blue, those that became darker
/// are red, and those that did both are in between. The more events, the stronger the colour, on one
/// scale for all the pictures. Tonic `plot_event_grid`.
///
/// Of a picture with more than 400 pixels in a row or column, squares of pixels are added up.
///
/// # Errors
///
/// [`PlotError`] when there are no pictures or no columns, when a picture has no pixels, when its
/// counts are not one number for each pixel, finite and not negative, when the path ends in neither
/// `.png` nor `.svg`, or when the file cannot be written.
pub fn event_grid(path: &Path, grid: &EventGrid<'_>) -> Result<(), PlotError> {
    let target = Target::new(path)?;
    target.check(!grid.pictures.is_empty(), || "there are no pictures".into())?;
    target.check(grid.columns > 0, || "there are no columns".into())?;
    for EventPicture { name, width, height, on, off } in grid.pictures {
        let pixels = width.checked_mul(*height);
        target.check(pixels != Some(0), || format!("{name:?} has no pixels"))?;
        for (what, counts) in [("ON", on), ("OFF", off)] {
            target.check(pixels == Some(counts.len()), || {
                let count = counts.len();
                format!("{name:?} has {count} {what} counts for {width} x {height} pixels")
            })?;
            for count in *counts {
                target.check(*count >= 0.0 && count.is_finite(), || {
                    format!("{name:?} has an {what} count of {count}")
                })?;
            }
        }
    }

    let pictures: Vec<Cells> = grid.pictures.iter().map(Cells::new).collect();
    let full = full_colour(&pictures);
    let names = grid.pictures.iter().map(|picture| text_width(picture.name, 13));
    let slot_width = pictures.iter().map(Cells::width).chain(names).fold(0.0, f64::max);
    let slot_height = pictures.iter().map(Cells::height).fold(0.0, f64::max) + NAME_ROOM;

    let columns = grid.columns.min(pictures.len());
    let slots = columns as f64 * (slot_width + GAP) - GAP;
    let inner = slots.max(text_width(grid.title, 18)).max(LEGEND_WIDTH);
    let width = inner + 2.0 * MARGIN;
    let rows = pictures.len().div_ceil(columns) as f64;
    let mut scene = scene(width, TOP + rows * (slot_height + GAP) - GAP + MARGIN);
    scene.add(text(grid.title, (width / 2.0, 32.0), 18, TextAnchor::Middle));
    legend(width / 2.0).into_iter().for_each(|part| scene.add(part));
    for (index, (cells, picture)) in pictures.iter().zip(grid.pictures).enumerate() {
        let (row, column) = ((index / columns) as f64, (index % columns) as f64);
        let slot = (width - slots) / 2.0 + column * (slot_width + GAP);
        let left = to_dot(slot + (slot_width - cells.width()) / 2.0);
        let top = to_dot(TOP + row * (slot_height + GAP));
        scene.add(rect((left - 1.0, top - 1.0), (cells.width() + 2.0, cells.height() + 2.0), GRID));
        scene.add(rect((left, top), (cells.width(), cells.height()), WHITE));
        scene.add(cells.drawn((left, top), full));
        let name = (slot + slot_width / 2.0, top + cells.height() + 20.0);
        scene.add(text(picture.name, name, 13, TextAnchor::Middle));
    }
    target.write(&scene)
}

/// A picture as it is drawn: each cell is a square of one or more pixels.
struct Cells {
    columns: usize,
    /// ON and OFF events of each cell, row by row.
    counts: Vec<[f32; 2]>,
    /// Length of the side of a cell.
    side: f64,
}

impl Cells {
    fn new(picture: &EventPicture<'_>) -> Self {
        let pixels = picture.width.max(picture.height);
        let block = (pixels as f64 * DOT / LONGEST_SIDE).ceil() as usize;
        let (columns, rows) = (picture.width.div_ceil(block), picture.height.div_ceil(block));
        let mut counts = vec![[0.0; 2]; columns * rows];
        for (pixel, (on, off)) in picture.on.iter().zip(picture.off).enumerate() {
            let (x, y) = (pixel % picture.width, pixel / picture.width);
            let [on_sum, off_sum] = &mut counts[y / block * columns + x / block];
            *on_sum += on;
            *off_sum += off;
        }
        Self { columns, counts, side: to_dot(SIDE / columns.max(rows) as f64) }
    }

    fn width(&self) -> f64 {
        self.columns as f64 * self.side
    }

    fn height(&self) -> f64 {
        (self.counts.len() / self.columns) as f64 * self.side
    }

    /// The cells that have events, with the colour full from `full` events on.
    fn drawn(&self, (left, top): (f64, f64), full: f32) -> Primitive {
        let cells = self.counts.iter().enumerate().filter(|(_, [on, off])| on + off > 0.0);
        let (mut x, mut y, mut fills) = (Vec::new(), Vec::new(), Vec::new());
        for (cell, [on, off]) in cells {
            x.push(left + (cell % self.columns) as f64 * self.side);
            y.push(top + (cell / self.columns) as f64 * self.side);
            let both = on + off;
            let strength = FAINTEST + (1.0 - FAINTEST) * (both / full).min(1.0);
            fills.push(hex(mix(WHITE, mix(ON, OFF, off / both), strength)).into());
        }
        let sides = vec![self.side; x.len()];
        Primitive::RectBatch { x, y, w: sides.clone(), h: sides, fills }
    }
}

/// The events of a cell from which on its colour is full.
fn full_colour(pictures: &[Cells]) -> f32 {
    let counts = pictures.iter().flat_map(|cells| &cells.counts).map(|[on, off]| on + off);
    let mut counts: Vec<f32> = counts.filter(|count| *count > 0.0).collect();
    counts.sort_unstable_by(f32::total_cmp);
    let last = counts.len().saturating_sub(1) as f64;
    // Without any event nothing is coloured.
    counts.get((FULL_ABOVE * last).round() as usize).copied().unwrap_or(1.0)
}

const LEGEND_WIDTH: f64 = 164.0;

fn legend(middle: f64) -> Vec<Primitive> {
    let left = to_dot(middle - LEGEND_WIDTH / 2.0);
    let entry = |x: f64, name: &str, fill: Rgb| {
        [
            rect((x, TOP - 27.0), (10.0, 10.0), fill),
            text(name, (x + 16.0, TOP - 18.0), 12, TextAnchor::Start),
        ]
    };
    [entry(left, "brighter", ON), entry(left + 96.0, "darker", OFF)].into_iter().flatten().collect()
}

/// About the width of a text, from that of a letter.
fn text_width(content: &str, size: u32) -> f64 {
    0.58 * f64::from(size) * content.chars().count() as f64
}

/// The nearest length of whole dots.
fn to_dot(length: f64) -> f64 {
    DOT * (length / DOT).round()
}

//! Confusion matrices.

use std::path::Path;

use kuva::render::render::TextAnchor;

use super::PlotError;
use super::file::Target;
use super::style::{WHITE, colour, mix, rect, scene, text, y_label};

/// How often each class was taken for each class.
#[derive(Clone, Copy, Debug)]
pub struct ConfusionMatrix<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Number of samples of each class (row) that were taken for each class (column), row by row.
    pub counts: &'a [usize],
    /// Name of each class.
    pub names: &'a [&'a str],
}

/// Width of the cells together, and the largest and smallest that one gets.
const WIDTH: f64 = 480.0;
const CELL: (f64, f64) = (14.0, 60.0);
/// The smallest cell that has room for a number.
const CELL_WITH_COUNT: f64 = 30.0;
const TOP: f64 = 84.0;
const MARGIN: f64 = 24.0;

/// Draws a confusion matrix: a row for each class, a column for each answer, and in each cell the number
/// of samples. The colour is the share of the row; that of wrong answers rises faster, so that a few
/// of them show.
///
/// # Errors
///
/// [`PlotError`] when there are no classes, when `counts` does not hold one number for each pair of
/// classes, when the path ends in neither `.png` nor `.svg`, or when the file cannot be written.
pub fn confusion_matrix(path: &Path, matrix: &ConfusionMatrix<'_>) -> Result<(), PlotError> {
    let target = Target::new(path)?;
    let ConfusionMatrix { title, counts, names } = *matrix;
    let classes = names.len();
    target.check(classes > 0, || "there are no classes".into())?;
    target.check(counts.len() == classes * classes, || {
        format!("there are {} counts for {classes} classes", counts.len())
    })?;

    let cell = (WIDTH / classes as f64).clamp(CELL.0, CELL.1);
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let left = MARGIN + 60.0_f64.max(8.0 * longest as f64);
    let side = cell * classes as f64;
    let mut scene = scene(left + side + MARGIN, TOP + side + MARGIN);
    scene.add(text(title, (left + side / 2.0, 26.0), 18, TextAnchor::Middle));
    scene.add(text("taken for", (left + side / 2.0, TOP - 28.0), 14, TextAnchor::Middle));
    scene.add(y_label("class", MARGIN, TOP));
    for (row, (name, counts)) in names.iter().zip(counts.chunks(classes)).enumerate() {
        // Where the baseline of a text is that stands in the middle of a cell.
        let middle = |index: usize| (index as f64 + 0.5) * cell;
        let baseline = TOP + middle(row) + 4.5;
        scene.add(text(name, (left - 10.0, baseline), 13, TextAnchor::End));
        scene.add(text(name, (left + middle(row), TOP - 8.0), 13, TextAnchor::Middle));
        let samples = counts.iter().sum::<usize>().max(1) as f32;
        for (column, count) in counts.iter().enumerate() {
            let share = *count as f32 / samples;
            let fill = match row == column {
                true => mix(WHITE, colour(0), 0.08 + 0.82 * share),
                false => mix(WHITE, colour(1), share.sqrt()),
            };
            let corner = (left + column as f64 * cell, TOP + row as f64 * cell);
            // A white gap keeps the cells apart.
            scene.add(rect(corner, (cell - 1.0, cell - 1.0), fill));
            if *count > 0 && cell >= CELL_WITH_COUNT {
                let place = (left + middle(column), baseline);
                scene.add(text(&count.to_string(), place, 12, TextAnchor::Middle));
            }
        }
    }
    target.write(&scene)
}

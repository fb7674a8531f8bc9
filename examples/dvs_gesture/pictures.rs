//! The pictures of a run: learning curves, what is taken for what, recordings of some classes.

use std::error::Error;
use std::path::Path;

use snn::train::plot::{ConfusionMatrix, EventGrid, EventPicture, confusion_matrix, event_grid};
use snn::train::trainer::EpochRecord;

use super::common;
use super::frames::FrameLoader;

/// Pictures in a row.
const COLUMNS: usize = 6;

pub fn draw(
    out: &Path,
    history: &[EpochRecord],
    confusion: &[usize],
    names: &[String],
    test: &FrameLoader,
) -> Result<(), Box<dyn Error>> {
    common::curves(out, "test set as validation", history)?;
    let short: Vec<&str> = names.iter().map(String::as_str).collect();
    let matrix =
        ConfusionMatrix { title: "recordings to test with", counts: confusion, names: &short };
    confusion_matrix(&out.join("confusion_matrix.png"), &matrix)?;

    // A few moments of some recordings, a row each.
    let chosen: Vec<usize> = (0..4).map(|k| k * (test.len - 1) / 3).collect();
    let mut pictures = Vec::new();
    for batch in test.loader.batches(0, chosen.into_iter().map(|index| vec![index]).collect()) {
        let (frames, labels) = batch?;
        let [p, h, w] = frames.shape.frame;
        let steps = frames.shape.steps();
        for k in 0..COLUMNS {
            let step = k * steps.saturating_sub(1) / (COLUMNS - 1);
            let frame = &frames.values[step * p * h * w..][..p * h * w];
            let (off, on) = frame.split_at(h * w * (p - 1));
            pictures.push((
                format!("{}, {}", names[labels[0]], step),
                h,
                w,
                off.to_vec(),
                on.to_vec(),
            ));
        }
    }
    let pictures: Vec<EventPicture<'_>> = pictures
        .iter()
        .map(|(name, height, width, off, on)| EventPicture {
            name,
            width: *width,
            height: *height,
            on,
            off,
        })
        .collect();
    let grid = EventGrid {
        title: "recordings to test with, at some of their frames",
        pictures: &pictures,
        columns: COLUMNS,
    };
    Ok(event_grid(&out.join("events.png"), &grid)?)
}

//! Figures of a training run and of its data: learning curves, confusion matrices, decision maps, the
//! activity one sample causes, traces of its states over time, and pictures of events.
//!
//! Every function writes one file, PNG or SVG by the ending of its path; animations are GIFs. The text is set in the
//! font that `kuva` carries, so a figure looks the same on a machine that has no fonts at all.

mod activity;
mod confusion;
mod curves;
mod decision;
mod event_grid;
mod file;
mod spike_count;
mod style;
#[cfg(test)]
mod tests;
mod traces;

use std::io;
use std::path::PathBuf;

pub use activity::{SampleActivity, sample_activity};
pub use confusion::{ConfusionMatrix, confusion_matrix};
pub use curves::{Series, curves, curves_log};
pub use decision::{DecisionMap, decision_map};
pub use event_grid::{EventGrid, EventPicture, event_grid};
pub use spike_count::{SpikeCount, spike_count};
pub use traces::{Panel, Traces, traces};

/// Why a figure was not written. Every variant names the file it was meant for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The ending of the path names no format that this figure has.
    #[error("cannot draw {}: the file name must end in {expected}", path.display())]
    Format {
        /// The file that was asked for.
        path: PathBuf,
        /// The endings there are.
        expected: &'static str,
    },
    /// What was handed over does not describe a figure.
    #[error("cannot draw {}: {problem}", path.display())]
    Input {
        /// The file that was asked for.
        path: PathBuf,
        /// What is wrong with the input.
        problem: String,
    },
    /// The drawing could not be turned into an image.
    #[error("cannot render {}: {message}", path.display())]
    Render {
        /// The file that was asked for.
        path: PathBuf,
        /// What the renderer said.
        message: String,
    },
    /// The file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file that was asked for.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

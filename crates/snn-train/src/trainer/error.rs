//! What can end a run.

use std::io;
use std::path::PathBuf;

use burn::data::dataset::DatasetError;
use burn::store::RecordError;
use burn::tensor::TensorReadError;
use thiserror::Error;

use crate::loss::out_of_range;

/// Why a run could not go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A split without samples.
    #[error("the {split} set has no samples")]
    Empty {
        /// Which one.
        split: &'static str,
    },
    /// A batch size of zero.
    #[error("batch size: expected at least one sample, got 0")]
    BatchSize,
    /// Samples could not be read.
    #[error("cannot read samples: {0}")]
    Samples(#[from] DatasetError),
    /// The device failed to hand over a result.
    #[error("cannot read results from the device: {0}")]
    Device(#[from] TensorReadError),
    /// A label that is not one of the network's classes.
    #[error("{}", out_of_range("label", *label, &format!("sample {sample} of the {split} set"), *classes))]
    Label {
        /// Set that contains the sample.
        split: &'static str,
        /// Index of the sample in the set, from 0.
        sample: usize,
        /// Its label.
        label: i64,
        /// Number of classes of the network.
        classes: usize,
    },
    /// A loss or a weight is not a finite number any more.
    #[error("training diverged in epoch {epoch}: {what}")]
    Diverged {
        /// From 1.
        epoch: usize,
        /// What is not finite.
        what: String,
    },
    /// No neuron of a layer spiked during a whole epoch.
    #[error(
        "hidden layer {layer} is dead: not one spike in epoch {epoch}, so nothing behind it can \
         learn; give it larger weights, stronger input or a lower threshold"
    )]
    DeadLayer {
        /// From 1.
        epoch: usize,
        /// From 0, in the order of `Activity::spike_counts`.
        layer: usize,
    },
    /// A file of the checkpoint could not be read or written.
    #[error("checkpoint {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file of the checkpoint holds something else.
    #[error("checkpoint {}: {source}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: RecordError,
    },
    /// The progress file is not what it should be.
    #[error("checkpoint {}: {source}", path.display())]
    Progress {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        source: serde_json::Error,
    },
    /// The checkpoint belongs to another run.
    #[error("checkpoint {}: made with {setting} = {saved}, but this run has {current}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What differs.
        setting: String,
        /// Its value in the checkpoint.
        saved: String,
        /// Its value now.
        current: String,
    },
}

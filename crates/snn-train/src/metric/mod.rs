//! How well a network classifies, and how much it spikes.
//!
//! | for one batch, a tensor | for Burn's training loop and dashboard |
//! |---|---|
//! | [`accuracy`] of scores, [`correct`], [`predictions`] | Burn's `AccuracyMetric` |
//! | [`accuracy_rate`], [`accuracy_temporal`] | the same, with scores from [`Readout::Sum`] or [`Readout::FirstSpike`] |
//! | [`top_k_accuracy`] | Burn's `TopKAccuracyMetric` |
//! | [`confusion_matrix`] | Burn's `PrecisionMetric`, `RecallMetric`, `FBetaScoreMetric` |
//! | [`sparsity`]; the firing rate is one minus that of spikes | [`ActivityMetric::firing_rate`] |
//! | [`dead_neurons`] | [`ActivityMetric::dead_neurons`] |
//!
//! With a population code, [`population_sums`](crate::loss::population_sums) comes first:
//! `accuracy_rate(population_sums(spikes, 10), targets)`.
//!
//! # Recordings of different lengths
//!
//! The functions that end in `_masked` take the mask of a padded batch, as the
//! [losses](crate::loss#recordings-of-different-lengths) do: padding counts for nothing, and a recording
//! without a step adds 0 to the mean over the batch.
//!
//! # Class indices
//!
//! On CPUs a class index that is not from 0 to `C - 1` is a panic that names the index, its sample and
//! the number of classes. Elsewhere the share is NaN: reading the indices would wait for the device.
//! [`confusion_matrix`] reads them on every device.
//!
//! [`Readout::Sum`]: crate::loss::Readout::Sum
//! [`Readout::FirstSpike`]: crate::loss::Readout::FirstSpike

mod accuracy;
mod activity;
mod confusion;
mod spikes;

pub(crate) use accuracy::correct_checked;
pub use accuracy::{
    accuracy, accuracy_rate, accuracy_rate_masked, accuracy_temporal, accuracy_temporal_masked,
    correct, predictions, top_k_accuracy,
};
pub use activity::{ActivityInput, ActivityMetric};
pub use confusion::confusion_matrix;
pub use spikes::{dead_neurons, sparsity, sparsity_masked};

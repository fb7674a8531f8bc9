//! How well a network classifies, and how much it spikes.
//!
//! | for one batch, a tensor | for Burn's training loop and dashboard |
//! |---|---|
//! | [`accuracy`] of scores | Burn's `AccuracyMetric` |
//! | [`accuracy_rate`], [`accuracy_temporal`] | the same, with scores from [`Readout::Sum`] or [`Readout::FirstSpike`] |
//! | [`top_k_accuracy`] | Burn's `TopKAccuracyMetric` |
//! | [`confusion_matrix`] | Burn's `PrecisionMetric`, `RecallMetric`, `FBetaScoreMetric` |
//! | [`sparsity`]; the firing rate is one minus that of spikes | [`ActivityMetric::firing_rate`] |
//! | [`dead_neurons`] | [`ActivityMetric::dead_neurons`] |
//!
//! With a population code, [`population_sums`](crate::loss::population_sums) comes first:
//! `accuracy_rate(population_sums(spikes, 10), targets)`.
//!
//! [`Readout::Sum`]: crate::loss::Readout::Sum
//! [`Readout::FirstSpike`]: crate::loss::Readout::FirstSpike

mod accuracy;
mod activity;
mod confusion;
mod spikes;

pub use accuracy::{accuracy, accuracy_rate, accuracy_temporal, top_k_accuracy};
pub use activity::{ActivityInput, ActivityMetric};
pub use confusion::confusion_matrix;
pub use spikes::{dead_neurons, sparsity};

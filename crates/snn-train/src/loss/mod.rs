//! Losses on what an output layer did over time, `[T, B, C]`: spikes or membranes.
//!
//! Two choices make most of them: a [`Readout`] turns the sequence into scores, a criterion
//! compares these with class indices `[B]`.
//!
//! | name in the field | here |
//! |---|---|
//! | snnTorch `ce_rate_loss`, TET without its second term | [`ReadoutCrossEntropy::ce_rate`] |
//! | snnTorch `ce_count_loss` | [`ReadoutCrossEntropy::ce_count`] |
//! | snnTorch `ce_max_membrane_loss`, Norse's NLL of the maximum | [`ReadoutCrossEntropy::ce_max_membrane`] |
//! | snnTorch `ce_temporal_loss` | [`ReadoutCrossEntropy::ce_temporal`] |
//! | Spyx `integral_crossentropy` | [`ReadoutCrossEntropy::integral`] |
//! | NLL of the last or the mean membrane | [`ReadoutCrossEntropy`] with [`Readout::Last`], [`Readout::Mean`] |
//! | snnTorch `mse_membrane_loss` | [`ReadoutMse::mse_membrane`] |
//! | lava-dl `SpikeRate`, Spyx `mse_spikerate` | [`ReadoutMse::spike_rate`] |
//! | snnTorch `mse_count_loss` | [`MseCountLoss`] |
//! | snnTorch `mse_temporal_loss` | [`MseTemporalLoss`], or [`spike_time_error`] for times of your own |
//! | TET | [`TetLoss`] |
//! | van Rossum distance, lava-dl `SpikeTime` | [`van_rossum`] |
//! | lava-dl `SpikeMax` | [`SpikeMaxLoss`] |
//! | snnTorch `l1_rate_sparsity`, Spyx and lava-dl rate bounds, synaptic operations | [`regularize`](crate::regularize) |
//!
//! Recordings of different lengths are filled up at their ends to make a batch. The losses above that
//! come from a [`Readout`], and [`MseCountLoss`], then take a mask `[T, B]`, 1 at the steps of a recording
//! and 0 behind its last, and are what they would be of each recording alone: `forward_masked`.
//!
//! `forward` is the mean, `[1]`. `forward_no_reduction` is the loss of each sample, or of each
//! sample and class: `.sum()` of it is what other libraries call `reduction="sum"`.
//!
//! All take sequence and targets on one device. Class indices are not read back to be checked: each
//! must be in `0..C`.

#[cfg(test)]
pub(crate) mod check;
mod criterion;
mod cross_entropy;
mod filter;
mod mask;
mod mse;
mod mse_count;
mod mse_temporal;
mod population;
mod readout;
mod spike_max;
mod spike_times;
mod target;
mod tet;
mod van_rossum;

pub use criterion::Criterion;
pub use cross_entropy::{ReadoutCrossEntropy, cross_entropy};
pub(crate) use mask::mean_over_steps;
pub use mse::ReadoutMse;
pub use mse_count::MseCountLoss;
pub use mse_temporal::{MseTemporalLoss, spike_time_error};
pub use population::population_sums;
pub use readout::{Inverse, Readout};
pub use spike_max::SpikeMaxLoss;
pub use spike_times::{first_spike_times, spike_times};
pub(crate) use target::{check_targets, one_hot};
pub use tet::TetLoss;
pub use van_rossum::van_rossum;

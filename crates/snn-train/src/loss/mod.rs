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
//! `forward` is the mean, `[1]`. `forward_no_reduction` is the loss of each sample, or of each
//! sample and class: `.sum()` of it is what other libraries call `reduction="sum"`.
//!
//! All take sequence and targets on one device, and panic if a sequence has no step.
//!
//! # Recordings of different lengths
//!
//! They are padded at their ends to make a batch. `forward_masked`, and the functions that end in
//! `_masked`, take a mask `[T, B]`, 1 at the steps of a recording and 0 after its last. The loss is then
//! the mean over the batch of the losses that the recordings have alone, and padding has no gradient.
//!
//! A recording without a step, empty or over before this chunk of a longer sequence, has a loss of 0
//! and no gradient. The mean is still over the whole batch: a recording has the same weight in every
//! chunk, however many others are over, so that losses of chunks add up to those of the recordings
//! alone. If none has a step, the loss is 0. [`zero_padding`] does the same for losses of your own.
//!
//! # Class indices
//!
//! Each must be from 0 to `C - 1`; there is no index that is ignored, but a class may have a weight of
//! 0. Where the indices are in the memory of the host, on CPUs, each loss and metric checks them, and
//! panics with the index, its sample and the number of classes. Elsewhere reading them would wait for
//! the device, so an index out of range makes the loss NaN, and the [`Trainer`](crate::Trainer) reports
//! it: it reads the indices together with the loss, on every device.

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
pub use mask::zero_padding;
pub(crate) use mask::{has_steps, mean_over_steps};
pub use mse::ReadoutMse;
pub use mse_count::MseCountLoss;
pub use mse_temporal::{MseTemporalLoss, spike_time_error, spike_time_error_masked};
pub use population::population_sums;
pub use readout::{Inverse, Readout};
pub use spike_max::SpikeMaxLoss;
pub use spike_times::{first_spike_times, spike_times};
#[cfg(test)]
pub(crate) use target::simulate_device_memory;
pub(crate) use target::{LabelCheck, Targets, check_range, out_of_range, outside};
pub use tet::TetLoss;
pub use van_rossum::{van_rossum, van_rossum_masked};

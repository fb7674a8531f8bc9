//! Training spiking neural networks by backpropagation through time.
//!
//! * [`mod@classify`] makes a network and its loss a training step of Burn's `Learner` and of
//!   [`Trainer`].
//! * [`mod@loss`] holds losses on spikes and membranes over time.
//! * [`mod@regularize`] holds penalties on scores, activity and weights.
//! * [`mod@metric`] holds accuracies and what else is said of spikes, for Burn's dashboard as well.
//! * [`mod@bptt`] cuts sequences that are too long for backpropagation through all steps.
//! * [`mod@trainer`] runs epochs, saves checkpoints, and resumes exactly.
//! * [`mod@plot`] draws figures.

pub mod bptt;
pub mod classify;
mod file;
pub mod loss;
pub mod metric;
pub mod plot;
pub mod regularize;
#[cfg(test)]
mod tests;
pub mod trainer;

pub use trainer::Trainer;

//! Training spiking neural networks by backpropagation through time.
//!
//! * [`mod@classify`] makes a network and its loss a training step of Burn's `Learner` and of
//!   [`Trainer`].
//! * [`mod@bptt`] cuts sequences that are too long for backpropagation through all steps.
//! * [`mod@regularize`] holds penalties on scores, spike counts and weights.
//! * [`mod@metric`] holds metrics for Burn's dashboard that speak of spikes.
//! * [`mod@trainer`] runs epochs, saves checkpoints, and resumes exactly.
//! * [`mod@plot`] draws figures.

pub mod bptt;
pub mod classify;
mod file;
pub mod metric;
pub mod plot;
pub mod regularize;
pub mod trainer;

pub use trainer::Trainer;

//! Training spiking neural networks by backpropagation through time.
//!
//! * [`classify`]: a network with a loss, as a training step for Burn's `Learner` and for [`Trainer`].
//! * [`regularize`]: penalties on scores, spike counts and weights.
//! * [`metric`]: metrics for Burn's dashboard that speak of spikes.
//! * [`Trainer`]: epochs, checkpoints and exact resumption.
//! * [`plot`]: figures.

pub mod classify;
mod file;
pub mod metric;
pub mod plot;
pub mod regularize;
pub mod trainer;

pub use trainer::Trainer;

//! Spiking neurons, surrogate gradients, encoders and decoders on Burn tensors.
//!
//! Nothing here names a backend: every constructor takes a [`Device`](burn::tensor::Device), and the
//! same code runs on each backend that Burn was built with.
//!
//! * [`mod@surrogate`] has the derivatives that stand in for that of the Heaviside step.
//! * [`mod@neuron`] has the neurons: leaky, current-based, adaptive, nonlinear, refractory, their
//!   non-spiking readouts, and the pieces (decay, reset, order of update) they are made of.
//! * [`mod@recurrent`] puts a recurrent connection around any of them.
//! * [`mod@layer`] runs stateless layers over time: Burn's own, dropout, batch normalization.
//! * [`mod@sequential`] makes networks of layers and neurons from a configuration.
//! * [`mod@convert`] makes a spiking network of a trained network of analog neurons.
//! * [`mod@synops`] counts synaptic operations, and what they cost.
//! * [`mod@encode`] turns numbers into spike trains, [`mod@decode`] what a network did over time
//!   into one score.
//! * [`mod@hardware`] shows what a chip makes of a network.
//! * [`mod@memory`] keeps the memory of one training step for the next.
//! * [`mod@weights`] loads what PyTorch and safetensors files have into a network.
//!
//! Tensors are time first: `[T, B, ...]` for a sequence, `[B, ...]` for one step.

mod coefficient;
pub mod convert;
mod decay;
pub mod decode;
pub mod encode;
mod error;
pub mod hardware;
mod kernel;
pub mod layer;
pub mod memory;
pub mod neuron;
mod real;
pub mod recurrent;
pub mod sequential;
mod steps;
pub mod surrogate;
pub mod synops;
pub mod weights;
mod window;

pub use coefficient::{Coefficient, Values};
pub use decay::Decay;
pub use error::ConfigError;
pub use sequential::{Sequential, SequentialConfig, SequentialState};

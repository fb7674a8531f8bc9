//! Weights of networks that were trained elsewhere: PyTorch and safetensors files.
//!
//! * [`WeightFile`] is an open file: it prints as a table of its tensors, and
//!   [loads](WeightFile::load) them into a [`Sequential`](crate::Sequential).
//! * [`Mapping`] says which layer takes which tensors, [`LoadReport`] which did.
//! * [`WeightError`] says what does not fit.
//!
//! Tensors have the names and shapes that PyTorch gives them:
//!
//! | layer | takes |
//! |---|---|
//! | `Linear` | `weight` `[out, in]`, `bias` `[out]` |
//! | `Conv2d` | `weight` `[out, in / groups, height, width]`, `bias` `[out]` |
//! | `BatchNorm`, `ThresholdDependentBatchNorm` | `weight`, `bias`, `running_mean`, `running_var`, all `[C]` |
//! | neurons | snnTorch `beta`, `alpha`, `threshold`, `graded_spikes_factor`, `reset_mechanism_val`; SpikingJelly `w` |
//! | recurrent neurons | the same, and `recurrent.weight`, `recurrent.bias`, or `V` |
//!
//! Weights in parts, of weight normalization, spectral normalization and pruning in PyTorch, are computed.

mod connection;
mod error;
mod file;
mod layer;
mod load;
mod name;
mod neuron;
mod order;
mod parametrization;

pub use error::{WeightError, WeightProblem};
pub use file::WeightFile;
pub use load::{LoadReport, Mapping};

//! Layers without state, over whole sequences `[T, B, ...]`.
//!
//! * [`time_distributed`] runs any layer of Burn (linear, convolution, pooling, normalization) on
//!   all steps at once.
//! * [`conv2d`] and [`linear`] are Burn's layers at a cost that grows with the number of spikes.
//! * [`Dropout`] drops the same neurons, or channels, at every step.
//! * [`ThresholdDependentBatchNorm`], [`TemporalEffectiveBatchNorm`] and [`BatchNormThroughTime`]
//!   are batch normalization for spiking networks.
//! * [`SumPool2d`] adds up spikes, [`SpikingMaxPool2d`] lets the busiest one of a window through,
//!   [`Flatten`] makes one axis of several.
//! * [`QuantizedRelu`] is for networks that are to become spiking ones.
//!
//! # Batch normalization
//!
//! The three are built on Burn's [`BatchNorm`](burn::nn::BatchNorm) and differ in what they share
//! over time: statistics and scale ([`ThresholdDependentBatchNorm`]), statistics only
//! ([`TemporalEffectiveBatchNorm`]), nothing ([`BatchNormThroughTime`]). As Burn's does, they
//! normalize by the batch on an autodiff device, unless frozen, and by the running statistics
//! elsewhere. Burn keeps the biased variance in its running statistics; PyTorch's is `n / (n - 1)`
//! times it. `momentum` and `epsilon` are Burn's defaults, 0.1 and 1e-5, and public fields of `norm`.

mod dropout;
mod flatten;
mod norm;
mod quantized_relu;
mod spikes;
mod spiking_max_pool;
mod sum_pool;
mod time;

pub use dropout::{Dropout, DropoutConfig};
pub use flatten::Flatten;
pub use norm::{
    BatchNormThroughTime, BatchNormThroughTimeConfig, TemporalEffectiveBatchNorm,
    TemporalEffectiveBatchNormConfig, ThresholdDependentBatchNorm,
    ThresholdDependentBatchNormConfig,
};
pub use quantized_relu::{QuantizedRelu, QuantizedReluConfig};
pub use spikes::{conv2d, linear};
pub use spiking_max_pool::{SpikingMaxPool2d, SpikingMaxPool2dConfig};
pub(crate) use sum_pool::UNEQUAL_WINDOWS;
pub use sum_pool::{SumPool2d, SumPool2dConfig};
pub use time::time_distributed;

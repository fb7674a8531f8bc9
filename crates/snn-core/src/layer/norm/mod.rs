//! Batch normalization of sequences `[T, B, C, ...]`, built on Burn's `BatchNorm`.

mod temporal_effective;
mod threshold_dependent;
mod through_time;

pub use temporal_effective::{TemporalEffectiveBatchNorm, TemporalEffectiveBatchNormConfig};
pub use threshold_dependent::{ThresholdDependentBatchNorm, ThresholdDependentBatchNormConfig};
pub use through_time::{BatchNormThroughTime, BatchNormThroughTimeConfig};

use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::{Device, Tensor};

use crate::error::{ConfigError, at_least_one};

/// Burn's layer with its defaults.
fn batch_norm(features: usize, device: &Device) -> Result<BatchNorm, ConfigError> {
    at_least_one("number of features", features)?;
    Ok(BatchNormConfig::new(features).init(device))
}

/// Normalizes each channel of `[T, B, C, ...]` over time, batch and space.
fn over_time_and_batch<const D: usize>(norm: &BatchNorm, x: Tensor<D>) -> Tensor<D> {
    const { assert!(D >= 3, "a sequence with channels has the axes [T, B, C, ...]") };
    let dims = x.dims();
    let space = dims[3..].iter().product();
    norm.forward::<3>(x.reshape([dims[0] * dims[1], dims[2], space])).reshape(dims)
}

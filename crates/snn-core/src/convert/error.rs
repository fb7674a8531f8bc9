//! What keeps a network from being converted.

use thiserror::Error;

use crate::error::ConfigError;
use crate::sequential::LayerError;

/// Why a network was not converted.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ConversionError {
    /// A number of the configuration makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Layers do not fit together, or do not take the samples.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// A layer of which nothing equal can be made of spikes, where it is.
    #[error("layer {layer} ({name}) cannot be converted: {reason}")]
    Unsupported {
        /// Number of the layer; the first is 0.
        layer: usize,
        /// Name of the layer.
        name: String,
        /// What stands in the way.
        reason: String,
    },
    /// Weights or activations that are not finite.
    #[error("layer {layer} ({name}): {what} are not finite")]
    NotFinite {
        /// Number of the layer; the first is 0.
        layer: usize,
        /// Name of the layer.
        name: String,
        /// Weights or activations.
        what: &'static str,
    },
    /// Data without samples.
    #[error("no samples to normalize by")]
    NoData,
}

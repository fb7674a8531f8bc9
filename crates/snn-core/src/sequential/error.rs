//! What can be wrong with a network.

use thiserror::Error;

use crate::error::ConfigError;

/// A layer that cannot work, by its number in the network; the first is 0.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LayerError {
    /// Its configuration describes no working layer.
    #[error("layer {layer}: {source}")]
    Config {
        /// Number of the layer.
        layer: usize,
        /// What is wrong.
        source: ConfigError,
    },
    /// It does not take what it gets.
    #[error("layer {layer} ({name}): expected samples of shape {expected}, got {got:?}")]
    Shape {
        /// Number of the layer.
        layer: usize,
        /// Name of the layer.
        name: String,
        /// Shapes that it takes, without `T` and `B`.
        expected: String,
        /// The shape that it got.
        got: Vec<usize>,
    },
}

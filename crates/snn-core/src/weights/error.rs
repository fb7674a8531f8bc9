//! What can be wrong with a file of weights.

use std::io;
use std::path::Path;

use thiserror::Error;

/// A file whose weights a network cannot have.
#[derive(Debug, Error)]
#[error("{}: {problem}", path.display())]
pub struct WeightError {
    /// The file.
    pub path: Box<Path>,
    /// What is wrong with it.
    pub problem: WeightProblem,
}

/// What is wrong with a file of weights. Layers are meant by their number in the network; the first is 0.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WeightProblem {
    /// It cannot be read.
    #[error("{0}")]
    Io(io::Error),
    /// It is in another format, or damaged.
    #[error("not a PyTorch or safetensors file, or damaged: {0}")]
    Format(String),
    /// There are no tensors in it.
    #[error("it has no tensors")]
    Empty,
    /// There is nothing under the key that was asked for.
    #[error("no tensors under {key}, only {}", listed(names))]
    Key {
        /// The key.
        key: String,
        /// Tensors of the file.
        names: Vec<String>,
    },
    /// A tensor's numbers cannot be read.
    #[error("{tensor} cannot be read: {problem}")]
    Damaged {
        /// The tensor.
        tensor: String,
        /// What the reader said.
        problem: String,
    },
    /// A tensor of something other than floating-point numbers.
    #[error("{tensor}: expected floating-point numbers, got {dtype}")]
    DType {
        /// The tensor.
        tensor: String,
        /// What it is of.
        dtype: String,
    },
    /// A number that no weight can be.
    #[error("{tensor}{index:?}: expected {expected}, got {value:?}")]
    Number {
        /// The tensor.
        tensor: String,
        /// Where in it, as PyTorch counts.
        index: Vec<usize>,
        /// What would have been accepted.
        expected: &'static str,
        /// The number.
        value: f64,
    },
    /// Layers shall take tensors in order, but the names have none.
    #[error("the names {} give no order; say which layer takes which", listed(prefixes))]
    Order {
        /// What is in front of `.weight`.
        prefixes: Vec<String>,
    },
    /// Layers shall take tensors in order, but they are not as many.
    #[error(
        "weights of {} layers ({}) for {} layers of the network ({})",
        prefixes.len(), listed(prefixes), layers.len(), numbered(layers)
    )]
    Count {
        /// Number and name of the layers that take weights.
        layers: Vec<(usize, String)>,
        /// What is in front of `.weight`.
        prefixes: Vec<String>,
    },
    /// The mapping names a layer that takes no weights.
    #[error("the mapping gives weights to layer {layer}, {problem}")]
    Mapping {
        /// Number of the layer.
        layer: usize,
        /// Why it takes none.
        problem: String,
    },
    /// A layer takes a tensor that is not there.
    #[error("layer {layer} ({name}) takes {tensor}, but there is only {}", listed(names))]
    Missing {
        /// Number of the layer.
        layer: usize,
        /// Name of the layer.
        name: String,
        /// The tensor.
        tensor: String,
        /// Tensors with the same prefix, or all of them if none has it.
        names: Vec<String>,
    },
    /// A layer without a bias, for which there is one.
    #[error("layer {layer} ({name}) has no bias, but there is {tensor}")]
    Bias {
        /// Number of the layer.
        layer: usize,
        /// Name of the layer.
        name: String,
        /// The bias.
        tensor: String,
    },
    /// A tensor of another shape than that of the layer.
    #[error("layer {layer} ({name}) takes {tensor} of shape {expected:?}, got {got:?}")]
    Shape {
        /// Number of the layer.
        layer: usize,
        /// Name of the layer.
        name: String,
        /// The tensor.
        tensor: String,
        /// What the layer takes, as PyTorch has it.
        expected: Vec<usize>,
        /// What there is.
        got: Vec<usize>,
    },
    /// Tensors that no layer takes.
    #[error("no layer takes {}", listed(names))]
    Unused {
        /// The tensors.
        names: Vec<String>,
    },
    /// Layers with weights that get none.
    #[error("there are no weights for the layers {}", numbered(layers))]
    Untouched {
        /// Number and name of the layers.
        layers: Vec<(usize, String)>,
    },
}

/// The first of them, and how many there are more.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..SHOWN].join(", ")),
    }
}

fn numbered(layers: &[(usize, String)]) -> String {
    let layers = layers.iter().map(|(layer, name)| format!("{layer} ({name})"));
    listed(&layers.collect::<Vec<_>>())
}

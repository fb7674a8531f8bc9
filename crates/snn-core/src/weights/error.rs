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
    #[error("{}: expected {expected}, got {value:?}", element(tensor, index))]
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
    /// A tensor that the file holds in parts, which do not determine it.
    #[error(
        "layer {layer} ({name}) takes {tensor}, for which the file has {}: {problem}",
        listed(parts)
    )]
    Parametrized {
        /// Number of the layer.
        layer: usize,
        /// Name of the layer.
        name: String,
        /// The tensor.
        tensor: String,
        /// Tensors of the file that it is made of.
        parts: Vec<String>,
        /// Why they do not determine it, and what makes it a whole in Python.
        problem: Box<str>,
    },
    /// A parameter of neurons that is configured, not learned, with another value.
    #[error(
        "{tensor} is {found}, but layer {layer} ({name}) is configured with a {what} of {configured}: {remedy}"
    )]
    Configured {
        /// Number of the layer.
        layer: usize,
        /// Name of the layer.
        name: String,
        /// The tensor, with the index of the value.
        tensor: String,
        /// The value of the file.
        found: f32,
        /// The parameter.
        what: &'static str,
        /// The value of the layer.
        configured: f32,
        /// Remedy.
        remedy: Box<str>,
    },
    /// A parameter of neurons that the neurons of a layer do not take.
    #[error("layer {layer} ({name}) does not take {tensor}: {problem}")]
    Neuron {
        /// Number of the layer.
        layer: usize,
        /// Name of the layer.
        name: String,
        /// The tensor.
        tensor: String,
        /// The conflict and its remedy.
        problem: String,
    },
    /// Neurons between the same layers with weights, of another number in the network.
    #[error(
        "parameters of {} layers of neurons ({}) for {} layers of the network ({}) between the same layers with \
         weights: select which takes which with `Mapping::layers`",
        prefixes.len(), listed(prefixes), layers.len(), numbered(layers)
    )]
    NeuronCount {
        /// Number and name of the layers of neurons.
        layers: Vec<(usize, String)>,
        /// Prefixes of the parameters.
        prefixes: Vec<String>,
    },
    /// The state of neurons after a run.
    #[error(
        "{tensor} is not at rest: it is the state of neurons after a run, not a parameter; call \
         `snntorch.utils.reset(network)` before `torch.save`, or `load_partial`, which leaves it"
    )]
    State {
        /// The tensor.
        tensor: String,
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

/// The name of a value: that of its tensor, with an index unless it is the only one.
pub(super) fn element(tensor: &str, index: &[usize]) -> String {
    match index {
        [] => tensor.into(),
        _ => format!("{tensor}{index:?}"),
    }
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

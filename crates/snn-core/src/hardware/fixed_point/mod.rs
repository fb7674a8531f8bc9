//! Networks of integers: weights of 8 bits, states of 16.
//!
//! In a layer of integrate-and-fire neurons, weights, biases, thresholds and membranes may all be
//! multiplied by one number, and not a spike changes. The number is chosen as large as the chip's
//! integers allow; then everything is rounded, and rounding is the only error.
//!
//! ```text
//! scale = min(127 / largest weight or bias, 32767 / largest potential)
//! ```
//!
//! Source: sinabs, `backend/dynapcnn/discretize.py`, for its chips DYNAP-CNN and Speck.

use burn::config::Config;
use burn::tensor::Tensor;
use thiserror::Error;

use super::IntegerRange;
use crate::error::{ConfigError, check};
use crate::layer::{SumPool2d, UNEQUAL_WINDOWS};
use crate::neuron::AnyNeuron;
use crate::sequential::{Layer, Sequential, Weights, parameters};

/// How many bits there are.
#[derive(Config, Debug, PartialEq, Eq)]
pub struct FixedPointConfig {
    /// Of weights and biases, 2 to 24.
    #[config(default = 8)]
    pub weight_bits: u32,
    /// Of membranes, thresholds and lower bounds, 2 to 24.
    #[config(default = 16)]
    pub state_bits: u32,
}

/// A network of integers.
#[derive(Debug, Clone)]
pub struct FixedPoint {
    /// The network: the same spikes for the same input, but for the rounding. If there are weights
    /// behind the last neurons, its output is `scale` times as large.
    pub network: Sequential,
    /// What became of each layer with weights, first to last.
    pub layers: Vec<FixedPointLayer>,
    states: IntegerRange,
}

/// What became of a layer with weights, and of the neurons behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedPointLayer {
    /// Number of the layer in the network.
    pub weights: usize,
    /// Number of the layer of its neurons, if there are any behind it.
    pub neurons: Option<usize>,
    /// The number that everything was multiplied by.
    pub scale: f64,
    /// How far the rounding moved a weight or bias at most, in units of the weights before.
    pub largest_error: f64,
}

/// A network that cannot be one of integers.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FixedPointError {
    /// A number of bits that is none.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A layer at fault, by its number in the network; the first is 0.
    #[error("layer {layer} ({name}): {problem}")]
    Layer {
        /// Number of the layer.
        layer: usize,
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl FixedPointConfig {
    /// `network` as one of integers.
    ///
    /// It is made of groups: pools that average become pools that sum, `Linear` or `Conv2d` with the
    /// weights, more pools, and [`Iaf`](crate::neuron::Iaf) neurons; the last group may end without
    /// neurons. The windows of a pool that averages or sums must all be equally large. The factor of an average is taken over by the weights of its group. Neurons without a
    /// lower bound get that of the register.
    ///
    /// Where sinabs takes a missing bound for a potential of -32768 *before* scaling, which leaves no
    /// room for a scale above 1, here it does not enter the scale.
    ///
    /// # Errors
    ///
    /// Names the first layer that has no place in such a network (normalization must have been folded
    /// into the weights), that has nothing but zeros or a number that is not finite, or whose threshold
    /// is rounded to 0 next to its weights.
    pub fn discretize(&self, network: &Sequential) -> Result<FixedPoint, FixedPointError> {
        for (name, bits) in [("weight_bits", self.weight_bits), ("state_bits", self.state_bits)] {
            check(name, bits.into(), "2 to 24 bits", (2..=24).contains(&bits))?;
        }
        let [weights, states] = [self.weight_bits, self.state_bits].map(IntegerRange::signed);
        let mut network = network.clone();
        sums_for_averages(&mut network.layers)?;
        let groups = groups(&network.layers)?;
        let layers = groups
            .into_iter()
            .map(|group| round(&mut network.layers, group, weights, states))
            .collect::<Result<_, _>>()?;
        Ok(FixedPoint { network, layers, states })
    }
}

impl FixedPoint {
    /// The share of membranes, of a [`Recording`](crate::sequential::Recording) for example, that are
    /// at an end of the register or beyond: there the chip saturates, and this network does not, but for
    /// the lower end.
    pub fn saturated<const D: usize>(&self, membranes: Tensor<D>) -> f64 {
        let (count, IntegerRange { min, max }) = (membranes.shape().num_elements(), self.states);
        let low = membranes.clone().lower_equal_scalar(min).float().sum();
        let high = membranes.greater_equal_scalar(max).float().sum();
        (low + high).into_data().iter::<f64>().sum::<f64>() / count as f64
    }
}

/// Weights, and the neurons that they drive, by their numbers in the network.
#[derive(Debug, Clone, Copy)]
struct Group {
    weights: usize,
    neurons: Option<usize>,
}

fn error(layers: &[Layer], layer: usize, problem: &'static str) -> FixedPointError {
    FixedPointError::Layer { layer, name: layers[layer].name(), problem }
}

/// Replaces pools that average by pools that sum; the weights before or, at the beginning of a group,
/// behind take over the factor.
fn sums_for_averages(layers: &mut [Layer]) -> Result<(), FixedPointError> {
    // Weights of this group so far; the factor of all pools in front of them, and what is wrong if there
    // are none.
    let (mut weights, mut open): (Option<usize>, Option<(FixedPointError, f32)>) = (None, None);
    for index in 0..layers.len() {
        match &layers[index] {
            Layer::AvgPool2d(pool) => {
                let sum = SumPool2d::of_average(pool);
                let sum = sum.ok_or_else(|| error(layers, index, UNEQUAL_WINDOWS))?;
                let factor = 1.0 / sum.window() as f32;
                let unused = error(layers, index, "no weights behind it can take over its factor");
                layers[index] = Layer::SumPool2d(sum);
                match weights.and_then(|at: usize| Weights::of(&mut layers[at])) {
                    Some(mut weights) => weights.scale_output(&vec![factor; weights.outputs()]),
                    None => open = Some((unused, open.map_or(1.0, |(_, open)| open) * factor)),
                }
            }
            Layer::SumPool2d(pool) if !pool.has_equal_windows() => {
                return Err(error(layers, index, UNEQUAL_WINDOWS));
            }
            Layer::Linear(_) | Layer::Conv2d(_) => {
                if let (Some((_, factor)), Some(mut weights)) =
                    (open.take(), Weights::of(&mut layers[index]))
                {
                    weights.scale_input(factor);
                }
                weights = Some(index);
            }
            Layer::Neuron(_) => weights = None,
            _ => (),
        }
    }
    match open {
        Some((unused, _)) => Err(unused),
        None => Ok(()),
    }
}

/// The groups that a network is made of.
fn groups(layers: &[Layer]) -> Result<Vec<Group>, FixedPointError> {
    let (mut groups, mut open): (Vec<Group>, Option<Group>) = (Vec::new(), None);
    for (index, layer) in layers.iter().enumerate() {
        let problem = match layer {
            Layer::Linear(_) | Layer::Conv2d(_) => match open {
                Some(_) => Some("no neurons between it and the weights before"),
                None => {
                    open = Some(Group { weights: index, neurons: None });
                    None
                }
            },
            Layer::Neuron(AnyNeuron::Lif(lif)) if lif.only_integrates() => match open.take() {
                Some(group) => {
                    groups.push(Group { neurons: Some(index), ..group });
                    None
                }
                None => Some("no weights in front of it"),
            },
            Layer::Neuron(_) | Layer::Recurrent(_) => {
                Some("expected integrate-and-fire neurons: no leak, no gain, spikes of 1")
            }
            // What multiplies its output if its input is multiplied.
            Layer::MaxPool2d(_)
            | Layer::SpikingMaxPool2d(_)
            | Layer::SumPool2d(_)
            | Layer::Flatten(_)
            | Layer::Dropout(_)
            | Layer::Relu(_) => None,
            _ => Some("expected weights, pools and integrate-and-fire neurons"),
        };
        if let Some(problem) = problem {
            return Err(error(layers, index, problem));
        }
    }
    groups.extend(open);
    Ok(groups)
}

/// Scales and rounds a group.
fn round(
    layers: &mut [Layer],
    group: Group,
    weights: IntegerRange,
    states: IntegerRange,
) -> Result<FixedPointLayer, FixedPointError> {
    let parameters = parameters(&layers[group.weights]);
    let lif = group.neurons.and_then(|neurons| match &layers[neurons] {
        Layer::Neuron(AnyNeuron::Lif(lif)) => Some((neurons, lif.clone())),
        _ => None,
    });
    let potentials = lif.iter().flat_map(|(_, lif)| lif.potentials());
    let scale = weights.scale(parameters.iter().copied()).min(states.scale(potentials));
    if !scale.is_finite() || parameters.iter().any(|parameter| !parameter.is_finite()) {
        return Err(error(layers, group.weights, "expected finite weights that are not all zero"));
    }
    let rounded = |value: f64| (value * scale).round_ties_even();
    if let Some(mut weights) = Weights::of(&mut layers[group.weights]) {
        weights.map(rounded);
    }
    if let Some((index, lif)) = lif {
        let lif = lif.in_units(rounded, states.min.into());
        if lif.threshold().values().contains(&0.0) {
            return Err(error(layers, index, "its threshold is 0 next to its largest weight"));
        }
        layers[index] = Layer::Neuron(AnyNeuron::Lif(lif));
    }
    let errors = parameters.iter().map(|value| (rounded(*value) / scale - value).abs());
    Ok(FixedPointLayer {
        weights: group.weights,
        neurons: group.neurons,
        scale,
        largest_error: errors.fold(0.0, f64::max),
    })
}

#[cfg(test)]
mod tests;

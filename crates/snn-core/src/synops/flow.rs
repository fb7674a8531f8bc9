//! Where events go in a network.

use crate::neuron::AnyNeuron;
use crate::sequential::{Layer, Sequential};

/// What a layer makes of what it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Currents: weights.
    Weights,
    /// Events: spiking neurons, and rectified units, which stand for some.
    Units,
    /// Membranes: neurons that never spike.
    Readout,
    /// Fewer values, or the same in another shape: pooling, flattening.
    Pooling,
    /// As many values: normalization, dropout.
    Scaling,
}

impl Role {
    pub(super) fn of(layer: &Layer) -> Self {
        match layer {
            Layer::Linear(_) | Layer::Conv2d(_) => Self::Weights,
            Layer::Relu(_) | Layer::QuantizedRelu(_) => Self::Units,
            Layer::Neuron(neuron) => Self::of_neuron(neuron),
            Layer::Recurrent(recurrent) => Self::of_neuron(&recurrent.neuron),
            Layer::MaxPool2d(_)
            | Layer::SpikingMaxPool2d(_)
            | Layer::AvgPool2d(_)
            | Layer::SumPool2d(_)
            | Layer::Flatten(_) => Self::Pooling,
            Layer::Dropout(_)
            | Layer::BatchNorm(_)
            | Layer::ThresholdDependentBatchNorm(_)
            | Layer::TemporalEffectiveBatchNorm(_)
            | Layer::BatchNormThroughTime(_) => Self::Scaling,
        }
    }

    fn of_neuron(neuron: &AnyNeuron) -> Self {
        match neuron {
            AnyNeuron::Li(_) | AnyNeuron::CubaLi(_) => Self::Readout,
            _ => Self::Units,
        }
    }
}

/// How many events a value of one stands for, in front of each layer and behind the last one. A mean
/// stands for the events of its window, until weights or units make other values of it; sinabs
/// multiplies by the areas of average pooling, too.
pub(super) fn events_of_one(network: &Sequential) -> Vec<f64> {
    let behind = network.layers.iter().scan(1.0, |events, layer| {
        *events = match (layer, Role::of(layer)) {
            (Layer::AvgPool2d(pool), _) => {
                *events * pool.kernel_size.iter().product::<usize>() as f64
            }
            (_, Role::Pooling | Role::Scaling) => *events,
            _ => 1.0,
        };
        Some(*events)
    });
    std::iter::once(1.0).chain(behind).collect()
}

/// A layer that events reach, or that has synapses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) layer: usize,
    /// The units that it drives, by the number of their layer.
    pub(super) units: Option<usize>,
}

/// The layers of the table.
pub(super) fn lines(network: &Sequential) -> Vec<Line> {
    let roles: Vec<Role> = network.layers.iter().map(Role::of).collect();
    let passes = |role: &&Role| matches!(role, Role::Pooling | Role::Scaling);
    // Pooling between weights and neurons has currents, and no events.
    let has_currents = |at: usize| {
        let front = roles[..at].iter().rev().find(|role| !passes(role));
        let behind = roles[at + 1..].iter().find(|role| !passes(role));
        front == Some(&Role::Weights) && matches!(behind, Some(Role::Units | Role::Readout))
    };
    let mut lines: Vec<Line> = Vec::new();
    // Whether the last line still waits for its neurons.
    let mut waits = false;
    for (index, layer) in network.layers.iter().enumerate() {
        match roles[index] {
            Role::Pooling if has_currents(index) => {}
            Role::Weights | Role::Pooling => {
                lines.push(Line { layer: index, units: None });
                waits = true;
            }
            role @ (Role::Units | Role::Readout) => {
                let mut units = (role == Role::Units).then_some(index);
                if let Some(front) = lines.last_mut().filter(|_| waits) {
                    front.units = units.take();
                }
                if matches!(layer, Layer::Recurrent(_)) {
                    lines.push(Line { layer: index, units });
                }
                waits = false;
            }
            Role::Scaling => {}
        }
    }
    lines
}

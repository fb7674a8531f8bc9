//! What the neurons of a network did.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::activation::Activation;

/// What to record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// Outputs: spikes, and the membranes of readouts.
    Outputs,
    /// Membranes after every step as well, which costs their memory.
    OutputsAndMembranes,
}

/// What the neurons of each layer did, with gradients, by the number of the layer in the network.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    layers: BTreeMap<usize, (Activation, Option<Activation>)>,
}

impl Recording {
    /// Numbers of the layers with neurons, first to last.
    pub fn layers(&self) -> impl Iterator<Item = usize> {
        self.layers.keys().copied()
    }

    /// Outputs of a layer, `[T, B, ...]`.
    ///
    /// # Panics
    ///
    /// If the layer has no neurons, or outputs of another rank.
    pub fn outputs<const D: usize>(&self, layer: usize) -> Tensor<D> {
        self.get(layer).0.clone().into_sequence()
    }

    /// Membrane potentials of a layer after each step, resets included, `[T, B, ...]`.
    ///
    /// # Panics
    ///
    /// If the layer has no neurons, or membranes of another rank, or membranes were not recorded.
    pub fn membranes<const D: usize>(&self, layer: usize) -> Tensor<D> {
        match &self.get(layer).1 {
            Some(membranes) => membranes.clone().into_sequence(),
            None => panic!("only outputs were recorded, not membranes"),
        }
    }

    fn get(&self, layer: usize) -> &(Activation, Option<Activation>) {
        let recorded =
            || panic!("layer {layer} has no neurons, layers {:?} have", self.layers.keys());
        self.layers.get(&layer).unwrap_or_else(recorded)
    }

    pub(super) fn insert(
        &mut self,
        layer: usize,
        outputs: Activation,
        membranes: Option<Activation>,
    ) {
        self.layers.insert(layer, (outputs, membranes));
    }
}

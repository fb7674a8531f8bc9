//! The state of a network.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::Layer;
use super::activation::{Activation, shape};

/// What the neurons of a [`Sequential`](super::Sequential) remember from one step to the next.
///
/// The default is rest, for every number of samples.
#[derive(Debug, Clone, Default)]
pub struct SequentialState {
    layers: BTreeMap<usize, LayerState>,
}

/// State of one layer.
#[derive(Debug, Clone)]
struct LayerState {
    /// Name of the layer that it is of.
    neurons: String,
    /// Shape of a sample.
    sample: Vec<usize>,
    /// Fields of the neuron's state, `[B, C, H, W]` each, in its order.
    fields: Vec<Tensor<4>>,
}

impl SequentialState {
    /// The membrane potentials of a layer, `[B, ...]`, by its number in the network; `None` at rest
    /// and for a layer without neurons.
    ///
    /// # Panics
    ///
    /// If they have another rank.
    pub fn v<const D: usize>(&self, layer: usize) -> Option<Tensor<D>> {
        self.fields(layer).into_iter().next()
    }

    /// All fields of the state of a layer's neurons, `[B, ...]` each, in the order of
    /// [`NeuronState::tensors`](crate::neuron::NeuronState::tensors): the membrane potential first.
    /// [`SpikingMaxPool2d`](crate::layer::SpikingMaxPool2d) has one, the sums of its inputs. None at rest
    /// and for a layer without state.
    ///
    /// # Panics
    ///
    /// If they have another rank.
    pub fn fields<const D: usize>(&self, layer: usize) -> Vec<Tensor<D>> {
        let Some(LayerState { sample, fields, .. }) = self.layers.get(&layer) else {
            return Vec::new();
        };
        fields.iter().map(|x| x.clone().reshape(shape::<D>(&x.dims()[..1], sample))).collect()
    }

    /// The same values, cut off from the steps that led to them: where truncated backpropagation
    /// through time ends.
    pub fn detach(self) -> Self {
        self.map(Tensor::detach)
    }

    /// Every field of every layer replaced by what `f` makes of it, of the same shape.
    pub fn map(mut self, mut f: impl FnMut(Tensor<4>) -> Tensor<4>) -> Self {
        for field in self.layers.values_mut().flat_map(|state| &mut state.fields) {
            *field = f(field.clone());
        }
        self
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.layers.is_empty()
    }

    /// The fields of `layer`, number `index`, whose input is `x`.
    ///
    /// Panics if they are those of other neurons.
    pub(super) fn take(
        &mut self,
        index: usize,
        layer: &Layer,
        x: &Activation,
    ) -> Option<Vec<Tensor<4>>> {
        let LayerState { neurons, sample, fields } = self.layers.remove(&index)?;
        let name = layer.name();
        assert!(neurons == name, "layer {index} ({name}): got a state of {neurons}");
        let found = [&fields[0].dims()[..1], &sample].concat();
        let expected = [&x.step_dims()[..1], x.sample()].concat();
        assert!(
            found == expected,
            "layer {index} ({name}): expected a state of shape {expected:?}, found {found:?}: begin \
             with `SequentialState::default()`, or go on with the samples of the state",
        );
        let (expected, mut dims) = (x.step_dims(), fields.iter().map(Tensor::dims));
        if let Some(found) = dims.find(|dims| *dims != expected) {
            panic!(
                "layer {index} ({name}): expected fields of shape {expected:?}, [B, C, H, W], in its \
                 state, found {found:?}"
            );
        }
        Some(fields)
    }

    /// Keeps the fields of `layer`, number `index`, whose samples have this shape.
    pub(super) fn insert(
        &mut self,
        index: usize,
        layer: &Layer,
        sample: Vec<usize>,
        fields: Vec<Tensor<4>>,
    ) {
        self.layers.insert(index, LayerState { neurons: layer.name(), sample, fields });
    }
}

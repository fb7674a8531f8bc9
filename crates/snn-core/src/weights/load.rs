//! From a file into a network.

use std::collections::BTreeSet;

use super::layer::{Source, Weights};
use super::neuron::{is_state, neurons_of};
use super::{WeightError, WeightFile, WeightProblem};
use crate::sequential::Sequential;

/// Which layers take which tensors of a [`WeightFile`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapping {
    /// The first layer that takes weights, those of the lowest number in the file; and so on. For names such
    /// as `0.weight`, `3.weight`, `10.weight` of `torch.nn.Sequential`. Neurons take the parameters that a file
    /// has between the same weights. Names whose first difference is not a number, as `conv1.weight` and
    /// `fc1.weight`, have no order.
    InOrder,
    /// The layer of this number, the first is 0, takes what the file has under this prefix: `conv1` for
    /// `conv1.weight` and `conv1.bias`.
    Layers(Vec<(usize, String)>),
}

impl Mapping {
    /// A [`Mapping::Layers`]: `Mapping::layers([(0, "conv1"), (3, "fc1")])`.
    pub fn layers<S: Into<String>>(pairs: impl IntoIterator<Item = (usize, S)>) -> Self {
        Self::Layers(pairs.into_iter().map(|(layer, prefix)| (layer, prefix.into())).collect())
    }
}

/// What was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadReport {
    /// Layers by number, and the prefix whose tensors each has taken.
    pub loaded: Vec<(usize, String)>,
    /// Tensors that no layer has taken.
    pub unused: Vec<String>,
    /// Number and name of the layers with weights that have kept them.
    pub untouched: Vec<(usize, String)>,
}

impl WeightFile {
    /// Gives the weights of the file to a network, all of them. Numbers of half and double precision become
    /// those of the network. Parameters keep their id, device and whether they are learned.
    ///
    /// Weights that PyTorch normalizes or prunes are computed from their parts, as in evaluation mode. Neurons get
    /// the parameters that snnTorch and SpikingJelly have for them where they are learned, or one for each neuron;
    /// what is configured must be equal in the file. Neurons for which the file has nothing keep theirs, as does
    /// the largest output of a [`QuantizedRelu`](crate::layer::QuantizedRelu), for which files have no common name:
    /// where a file has it, it is a tensor that no layer takes, for [`load_partial`](Self::load_partial). A
    /// `num_batches_tracked` beside a batch normalization is passed over.
    ///
    /// # Errors
    ///
    /// If something does not fit: the mapping to the network; a tensor that is missing, is damaged, has another
    /// shape, or has a number that is not finite; a bias on one side only; parts that do not determine a weight; a
    /// parameter of neurons that differs from the configuration, or a state that is not at rest; a tensor that no
    /// layer takes, or a layer with weights that gets none. Then the network stays as it was.
    pub fn load(
        &self,
        network: &mut Sequential,
        mapping: &Mapping,
    ) -> Result<LoadReport, WeightError> {
        let (loaded, report) = self.loaded(network, mapping)?;
        let LoadReport { unused, untouched, .. } = &report;
        // Of neurons that are mapped; others are tensors that no layer takes.
        let is_left = |name: &&String| {
            let neurons = is_state(name).then(|| neurons_of(name)).flatten();
            report.loaded.iter().any(|(_, prefix)| Some(&prefix[..]) == neurons)
        };
        if let Some(tensor) = unused.iter().find(is_left) {
            return Err(self.error(WeightProblem::State { tensor: tensor.clone() }));
        }
        if !unused.is_empty() {
            return Err(self.error(WeightProblem::Unused { names: unused.clone() }));
        }
        if !untouched.is_empty() {
            return Err(self.error(WeightProblem::Untouched { layers: untouched.clone() }));
        }
        *network = loaded;
        Ok(report)
    }

    /// [`load`](Self::load), but tensors that no layer takes are left, and layers that get no weights keep
    /// theirs. PyTorch's `load_state_dict(.., strict=False)`, except that a layer that is mapped must get all that
    /// it takes.
    ///
    /// # Errors
    ///
    /// All others of [`load`](Self::load).
    pub fn load_partial(
        &self,
        network: &mut Sequential,
        mapping: &Mapping,
    ) -> Result<LoadReport, WeightError> {
        let report;
        (*network, report) = self.loaded(network, mapping)?;
        Ok(report)
    }

    fn loaded(
        &self,
        network: &Sequential,
        mapping: &Mapping,
    ) -> Result<(Sequential, LoadReport), WeightError> {
        let pairs = match mapping {
            Mapping::InOrder => self.in_order(network).map_err(|problem| self.error(problem))?,
            Mapping::Layers(pairs) => pairs.clone(),
        };
        let mut layers = network.layers.clone();
        let (mut filled, mut taken) = (BTreeSet::new(), BTreeSet::new());
        for (index, prefix) in &pairs {
            let refuse = |problem: String| {
                Err(self.error(WeightProblem::Mapping { layer: *index, problem }))
            };
            let Some(layer) = network.layers.get(*index) else {
                return refuse(format!("but the network has {}", layers.len()));
            };
            let name = layer.name();
            match Weights::of(layer) {
                Weights::File | Weights::Neurons | Weights::Recurrent => {}
                Weights::Elsewhere => return refuse(format!("a {name}, which files do not have")),
                Weights::None => return refuse(format!("a {name}, which has none")),
            }
            if !filled.insert(*index) {
                return refuse("twice".into());
            }
            let mut source = Source { file: self, prefix, index: *index, layer, taken: Vec::new() };
            layers[*index] = source.filled()?;
            taken.extend(source.taken);
        }
        let unused = self.names().into_iter().filter(|name| !taken.contains(*name));
        let unused = unused.map(String::from).collect();
        let untouched = network.layers.iter().enumerate();
        let untouched = untouched.filter(|(index, layer)| {
            !matches!(Weights::of(layer), Weights::None | Weights::Neurons)
                && !filled.contains(index)
        });
        let untouched = untouched.map(|(index, layer)| (index, layer.name())).collect();
        Ok((Sequential::new(layers), LoadReport { loaded: pairs, unused, untouched }))
    }
}

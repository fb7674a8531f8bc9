//! Which layer takes which tensors, by the numbers in their names.

use super::layer::Weights;
use super::neuron::{neurons_of, owner};
use super::parametrization::module_of;
use super::{WeightFile, WeightProblem, name};
use crate::sequential::Sequential;

/// Kind of layer whose parameters a module of a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Weights,
    Neurons,
}

impl WeightFile {
    /// Layers by number, and the prefixes whose tensors they take: those of the lowest number go to the first layer.
    pub(super) fn in_order(
        &self,
        network: &Sequential,
    ) -> Result<Vec<(usize, String)>, WeightProblem> {
        let modules = self.modules();
        let of_kind = |kind: Kind| -> Vec<String> {
            let modules = modules.iter().filter(|(_, other)| *other == kind);
            modules.map(|(prefix, _)| prefix.clone()).collect()
        };
        let prefixes = of_kind(Kind::Weights);
        let takes: Vec<_> = network
            .layers
            .iter()
            .enumerate()
            .filter_map(|(index, layer)| match Weights::of(layer) {
                Weights::File => Some((index, layer.name(), Kind::Weights)),
                Weights::Neurons | Weights::Recurrent => Some((index, layer.name(), Kind::Neurons)),
                Weights::None | Weights::Elsewhere => None,
            })
            .collect();
        if !name::are_numbered(&prefixes) {
            return Err(WeightProblem::Order { prefixes });
        }
        let with_weights = takes.iter().filter(|(.., kind)| *kind == Kind::Weights);
        let layers: Vec<_> = with_weights.map(|(index, name, _)| (*index, name.clone())).collect();
        if layers.len() != prefixes.len() {
            return Err(WeightProblem::Count { layers, prefixes });
        }
        let mut pairs: Vec<(usize, String)> =
            layers.iter().map(|(index, _)| *index).zip(prefixes).collect();
        // Neurons are between the same layers with weights here and there.
        let here = between(takes.iter().map(|(index, name, kind)| ((*index, name.clone()), *kind)));
        let there = between(modules.iter().map(|(prefix, kind)| (prefix.clone(), *kind)));
        let all: Vec<String> = modules.iter().map(|(prefix, _)| prefix.clone()).collect();
        let numbered = name::are_numbered(&all);
        for (layers, prefixes) in here.into_iter().zip(there) {
            match (layers.len(), prefixes.len()) {
                (0, _) | (_, 0) => {}
                // Without numbers it is not known between which weights neurons are.
                _ if !numbered => return Err(WeightProblem::Order { prefixes: all }),
                (here, there) if here == there => {
                    pairs.extend(layers.into_iter().map(|(index, _)| index).zip(prefixes));
                }
                _ => return Err(WeightProblem::NeuronCount { layers, prefixes }),
            }
        }
        pairs.sort();
        Ok(pairs)
    }

    /// Modules of the file with weights or neurons, by their numbers.
    fn modules(&self) -> Vec<(String, Kind)> {
        let names = || self.tensors.keys();
        let with_weights = names().filter_map(|name| module_of(name, "weight"));
        let neurons: Vec<_> = names().filter_map(|name| neurons_of(name)).collect();
        // The connection of a neuron back to itself goes with the neuron.
        let is_own = |prefix: &&str| owner(prefix).is_none_or(|owner| !neurons.contains(&owner));
        let with_weights: Vec<_> = with_weights.filter(is_own).collect();
        let neurons = neurons.iter().filter(|prefix| !with_weights.contains(prefix));
        let mut modules: Vec<_> = neurons
            .map(|prefix| (prefix.to_string(), Kind::Neurons))
            .chain(with_weights.iter().map(|prefix| (prefix.to_string(), Kind::Weights)))
            .collect();
        modules.sort_by(|(a, _), (b, _)| name::compare(a, b));
        modules.dedup();
        modules
    }
}

/// Items with neurons, by the gaps before, between and after the items with weights.
fn between<T>(all: impl Iterator<Item = (T, Kind)>) -> Vec<Vec<T>> {
    let mut gaps = vec![Vec::new()];
    for (item, kind) in all {
        match (kind, gaps.last_mut()) {
            (Kind::Neurons, Some(gap)) => gap.push(item),
            _ => gaps.push(Vec::new()),
        }
    }
    gaps
}

//! Shapes of a state and of its neurons against the input: nothing is broadcast.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

use super::NeuronState;

/// Checks that a state and a neuron fit one step of the input, `[B, ...]`. Looks at shapes alone.
///
/// # Panics
///
/// If a field of the state has another shape, or the neuron has values for another number of neurons
/// along axis 1.
pub(crate) fn check<const S: usize>(
    neuron: &impl Module,
    step: &[usize],
    state: &impl NeuronState<S>,
) {
    for (index, field) in state.tensors().into_iter().enumerate() {
        let found = field.dims();
        assert!(
            found == step,
            "expected a state of shape {step:?}, the shape of one step of the input, found \
             {found:?} in field {index} of the state: begin with \
             `initial_state({step:?}, &device)`, or repeat the state for each sample"
        );
    }
    let values = own_values(neuron);
    let neurons = step.get(1).or(step.first()).copied().unwrap_or(1);
    assert!(
        values == 1 || values == neurons,
        "expected input for {values} neurons (channels), for which the neuron layer has values of \
         their own, found shape {step:?}: give `Values::Each` one value for each neuron (channel)"
    );
}

/// The number of neurons for which `module` has values of their own; 1 if all neurons share them.
pub(crate) fn own_values(module: &impl Module) -> usize {
    let mut longest = Longest { values: 1, inside: 0 };
    module.visit(&mut longest);
    longest.values
}

/// The longest [`Coefficient`](crate::Coefficient). Weights and biases of connections do not count.
struct Longest {
    values: usize,
    /// Depth below a coefficient.
    inside: usize,
}

/// Container of the fields of a coefficient, in Burn's notation.
const COEFFICIENT: &str = "Struct:Coefficient";

impl ModuleVisitor for Longest {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.inside > 0 {
            self.values = self.values.max(param.lazy_shape().num_elements());
        }
    }

    fn enter_module(&mut self, _name: &str, container: &str) {
        self.inside += usize::from(container == COEFFICIENT);
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        self.inside -= usize::from(container == COEFFICIENT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Values;
    use crate::neuron::{LifConfig, RefractoryConfig};
    use crate::recurrent::{OneToOneConfig, RecurrentConfig};
    use burn::tensor::Device;

    #[test]
    fn values_of_neurons_count_and_weights_of_connections_do_not() {
        let device = Device::default();
        let lif = |values: Vec<f64>| LifConfig::snntorch_leaky(values).init(&device).unwrap();
        assert_eq!(own_values(&LifConfig::iaf().init(&device).unwrap()), 1);
        assert_eq!(own_values(&lif(vec![0.5; 3])), 3);
        let refractory = RefractoryConfig::new(2.0).init(lif(vec![0.5; 3])).unwrap();
        assert_eq!(own_values(&refractory), 3);
        let dense = RecurrentConfig::snntorch(7).init(lif(vec![0.5]), &device).unwrap();
        assert_eq!(own_values(&dense), 1);
        let each = OneToOneConfig::new(Values::Each(vec![0.1; 4]));
        assert_eq!(own_values(&each.init(lif(vec![0.5]), &device).unwrap()), 4);
    }
}

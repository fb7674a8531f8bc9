//! A neuron as what it is compared with: the same, from tensor operations at every step.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use snn::prelude::*;

/// The same neuron, but not known as one that runs in one operation.
#[derive(Module, Debug)]
pub struct StepByStep<N: Neuron> {
    pub neuron: N,
}

impl<N: Neuron> Neuron for StepByStep<N> {
    type State<const D: usize> = N::State<D>;

    fn initial_state<const D: usize>(&self, shape: [usize; D], device: &Device) -> N::State<D> {
        self.neuron.initial_state(shape, device)
    }

    fn update<const D: usize>(
        &self,
        input: Tensor<D>,
        state: N::State<D>,
    ) -> (Tensor<D>, N::State<D>) {
        self.neuron.update(input, state)
    }
}

//! What goes on from one chunk of a sequence to the next.

use burn::tensor::Tensor;
use snn_core::neuron::{CubaState, LifState, NeuronState};
use snn_core::sequential::SequentialState;

/// Tensors that one chunk of a sequence hands to the next: states of neurons, and what the loss needs
/// of the output, a sum over time for example. Several of them go as a tuple.
pub trait Carried: Clone {
    /// Every tensor replaced by what `f` makes of it, seen as one row of numbers.
    fn map(self, f: &mut dyn FnMut(Tensor<1>) -> Tensor<1>) -> Self;

    /// All tensors, seen as rows of numbers.
    fn rows(&self) -> Vec<Tensor<1>> {
        let mut rows = Vec::new();
        self.clone().map(&mut |row| {
            rows.push(row.clone());
            row
        });
        rows
    }
}

impl<const D: usize> Carried for Tensor<D> {
    fn map(self, f: &mut dyn FnMut(Tensor<1>) -> Tensor<1>) -> Self {
        let dims = self.dims();
        f(self.reshape([-1])).reshape(dims)
    }
}

impl<const D: usize> Carried for LifState<D> {
    fn map(self, f: &mut dyn FnMut(Tensor<1>) -> Tensor<1>) -> Self {
        NeuronState::map(self, |field| Carried::map(field, f))
    }
}

impl<const D: usize> Carried for CubaState<D> {
    fn map(self, f: &mut dyn FnMut(Tensor<1>) -> Tensor<1>) -> Self {
        NeuronState::map(self, |field| Carried::map(field, f))
    }
}

impl Carried for SequentialState {
    fn map(self, f: &mut dyn FnMut(Tensor<1>) -> Tensor<1>) -> Self {
        SequentialState::map(self, |field| Carried::map(field, f))
    }
}

impl<A: Carried, B: Carried> Carried for (A, B) {
    fn map(self, f: &mut dyn FnMut(Tensor<1>) -> Tensor<1>) -> Self {
        (self.0.map(f), self.1.map(f))
    }
}

impl<A: Carried, B: Carried, C: Carried> Carried for (A, B, C) {
    fn map(self, f: &mut dyn FnMut(Tensor<1>) -> Tensor<1>) -> Self {
        (self.0.map(f), self.1.map(f), self.2.map(f))
    }
}

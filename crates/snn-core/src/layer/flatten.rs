//! All axes behind the batch as one.

use burn::module::Module;
use burn::tensor::Tensor;

/// Makes one axis of all that follow the batch: from maps to the input of a linear layer.
#[derive(Module, Debug, Default)]
pub struct Flatten;

impl Flatten {
    /// The same values along one axis.
    ///
    /// # Shapes
    ///
    /// `x`: `[B, ...]`, or `[T * B, ...]` in [`time_distributed`](super::time_distributed);
    /// output: `[B, N]`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<2> {
        x.flatten(1, D - 1)
    }
}

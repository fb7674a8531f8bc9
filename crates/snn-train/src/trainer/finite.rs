//! Whether a model can go on.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// Whether all parameters are finite numbers. Without spikes a loss can be finite though no weight is.
pub(super) fn are_weights<M: Module>(model: &M) -> bool {
    let mut all = All(true);
    model.visit(&mut all);
    all.0
}

struct All(bool);

impl ModuleVisitor for All {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // Not on the device: shaders may take it that there are no other numbers.
        let values = param.val().without_autodiff().into_data();
        self.0 &= values.iter::<f32>().all(f32::is_finite);
    }
}

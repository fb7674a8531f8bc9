//! The synaptic current `i` of the two-state neurons.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::options::InputOrder;
use crate::coefficient::Coefficient;
use crate::decay::Decay;
use crate::error::ConfigError;

#[derive(Module, Debug)]
pub(crate) struct Synapse {
    pub(crate) alpha: Coefficient,
    #[module(skip)]
    order: InputOrder,
}

impl Synapse {
    pub(crate) fn new(
        alpha: &Decay,
        order: InputOrder,
        learn_alpha: bool,
        device: &Device,
    ) -> Result<Self, ConfigError> {
        let alpha = Coefficient::new(&alpha.factors()?, (0.0, 1.0), learn_alpha, device);
        Ok(Self { alpha, order })
    }

    /// The current that the membrane sees in this step, and the one kept for the next.
    pub(crate) fn step<const D: usize>(
        &self,
        input: Tensor<D>,
        i: Tensor<D>,
    ) -> (Tensor<D>, Tensor<D>) {
        match self.order {
            InputOrder::SameStep => {
                let i = self.alpha.times(i) + input;
                (i.clone(), i)
            }
            InputOrder::SameStepBeforeDecay => {
                let i = i + input;
                (i.clone(), self.alpha.times(i))
            }
            InputOrder::NextStep => (i.clone(), self.alpha.times(i) + input),
        }
    }
}

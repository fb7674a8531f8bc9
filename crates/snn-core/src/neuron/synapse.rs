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
    pub(crate) order: InputOrder,
}

impl Synapse {
    pub(crate) fn new(
        alpha: &Decay,
        order: InputOrder,
        learn_alpha: bool,
        device: &Device,
    ) -> Result<Self, ConfigError> {
        Ok(Self { alpha: alpha.coefficient(learn_alpha, device)?, order })
    }

    /// The current that the membrane sees in this step, and the one kept for the next.
    pub(crate) fn step<const D: usize>(
        &self,
        input: Tensor<D>,
        i: Tensor<D>,
    ) -> (Tensor<D>, Tensor<D>) {
        let alpha = self.alpha.level();
        match self.order {
            InputOrder::SameStep => {
                let i = alpha.times(i) + input;
                (i.clone(), i)
            }
            InputOrder::SameStepBeforeDecay => {
                let i = i + input;
                (i.clone(), alpha.times(i))
            }
            InputOrder::SameStepAfterDecay => {
                let i = alpha.times(i + input);
                (i.clone(), i)
            }
            InputOrder::NextStep => (i.clone(), alpha.times(i) + input),
        }
    }
}

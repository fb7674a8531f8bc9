//! Current-based leaky integrator: [`Li`](super::Li) behind a decaying synaptic current.
//!
//! ```text
//! i ← α i + x                                    in the order of InputOrder
//! v ← v_leak + β (v - v_leak) + gain · i
//! ```

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::cuba_lif::CubaState;
use super::li::LiConfig;
use super::membrane::Membrane;
use super::options::InputOrder;
use super::synapse::Synapse;
use super::{Neuron, Parts, Reset};
use crate::coefficient::Coefficient;
use crate::decay::Decay;
use crate::error::ConfigError;
use crate::kernel::Linear;

/// Configuration of [`CubaLi`].
#[derive(Config, Debug, PartialEq)]
pub struct CubaLiConfig {
    /// Decay of the synaptic current.
    pub alpha: Decay,
    /// Membrane.
    pub li: LiConfig,
    /// When an input reaches the membrane.
    #[config(default = "InputOrder::SameStep")]
    pub input_order: InputOrder,
    /// Learn the decay of the current, in the form it is given in.
    #[config(default = false)]
    pub learn_alpha: bool,
}

impl CubaLiConfig {
    /// The neuron.
    ///
    /// # Errors
    ///
    /// Names the first field that describes no working neuron.
    pub fn init(&self, device: &Device) -> Result<CubaLi, ConfigError> {
        Ok(CubaLi {
            synapse: Synapse::new(&self.alpha, self.input_order, self.learn_alpha, device)?,
            membrane: self.li.membrane(device)?,
        })
    }
}

/// Current-based leaky integrators; output: membrane potential, before its lower bound is applied.
#[derive(Module, Debug)]
pub struct CubaLi {
    synapse: Synapse,
    membrane: Membrane,
}

impl CubaLi {
    /// Decay factor of the synaptic current.
    pub fn alpha(&self) -> &Coefficient {
        &self.synapse.alpha
    }

    /// Decay factor of the membrane.
    pub fn beta(&self) -> &Coefficient {
        &self.membrane.beta
    }

    pub(crate) fn parts(&mut self) -> Parts<'_> {
        Parts {
            alpha: Some(&mut self.synapse.alpha),
            beta: &mut self.membrane.beta,
            threshold: None,
            graded_spikes_factor: None,
            reset: Some(Reset::None),
            gain: self.membrane.gain,
        }
    }
}

impl Neuron for CubaLi {
    type State<const D: usize> = CubaState<D>;

    fn initial_state<const D: usize>(&self, shape: [usize; D], device: &Device) -> CubaState<D> {
        CubaState { i: Tensor::zeros(shape, device), v: self.membrane.at_rest(shape, device) }
    }

    fn linear(&self) -> Option<Linear<'_>> {
        Some(self.membrane.linear(Some(&self.synapse), None))
    }

    fn update<const D: usize>(
        &self,
        input: Tensor<D>,
        state: CubaState<D>,
    ) -> (Tensor<D>, CubaState<D>) {
        let (current, i) = self.synapse.step(input, state.i);
        let v = self.membrane.integrate(state.v, current);
        (v.clone(), CubaState { i, v: self.membrane.bounded(v) })
    }
}

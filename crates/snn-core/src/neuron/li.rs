//! Leaky integrator: a membrane that never spikes, the usual readout.
//!
//! ```text
//! v ← v_leak + β (v - v_leak) + gain · x        gain = 1 or 1 - β
//! ```

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::membrane::Membrane;
use super::options::InputGain;
use super::{LifState, Neuron, Parts, Reset};
use crate::coefficient::Coefficient;
use crate::decay::Decay;
use crate::error::ConfigError;
use crate::kernel::Linear;

/// Configuration of [`Li`].
#[derive(Config, Debug, PartialEq)]
pub struct LiConfig {
    /// Decay of the membrane.
    pub beta: Decay,
    /// Potential to which the membrane leaks.
    #[config(default = 0.0)]
    pub v_leak: f64,
    /// Lower bound of the membrane at the end of a step, if it is to have one.
    #[config(default = "None")]
    pub v_min: Option<f64>,
    /// How strongly the input drives the membrane.
    #[config(default = "InputGain::Unit")]
    pub input_gain: InputGain,
    /// Learn the decay, in the form it is given in.
    #[config(default = false)]
    pub learn_beta: bool,
}

impl LiConfig {
    /// The neuron.
    ///
    /// # Errors
    ///
    /// Names the first field that describes no working neuron.
    pub fn init(&self, device: &Device) -> Result<Li, ConfigError> {
        Ok(Li { membrane: self.membrane(device)? })
    }

    pub(crate) fn membrane(&self, device: &Device) -> Result<Membrane, ConfigError> {
        let Self { beta, v_leak, input_gain, v_min, learn_beta } = self;
        Membrane::new(beta, *v_leak, *input_gain, *v_min, *learn_beta, device)
    }
}

/// Leaky integrators; output: membrane potential, before its lower bound is applied.
#[derive(Module, Debug)]
pub struct Li {
    membrane: Membrane,
}

impl Li {
    /// Decay factor of the membrane.
    pub fn beta(&self) -> &Coefficient {
        &self.membrane.beta
    }

    pub(crate) fn parts(&mut self) -> Parts<'_> {
        Parts {
            alpha: None,
            beta: &mut self.membrane.beta,
            threshold: None,
            graded_spikes_factor: None,
            reset: Some(Reset::None),
            gain: self.membrane.gain,
        }
    }
}

impl Neuron for Li {
    type State<const D: usize> = LifState<D>;

    fn initial_state<const D: usize>(&self, shape: [usize; D], device: &Device) -> LifState<D> {
        LifState { v: self.membrane.at_rest(shape, device) }
    }

    fn linear(&self) -> Option<Linear<'_>> {
        Some(self.membrane.linear(None, None))
    }

    fn update<const D: usize>(
        &self,
        input: Tensor<D>,
        state: LifState<D>,
    ) -> (Tensor<D>, LifState<D>) {
        let v = self.membrane.integrate(state.v, input);
        (v.clone(), LifState { v: self.membrane.bounded(v) })
    }
}

//! Delta-leaky: spikes when the membrane has moved far enough within a step, and is never reset.
//!
//! ```text
//! v' = β v + x
//! z  = Θ(|v' - v| - threshold)
//! ```
//!
//! Source: snnTorch `DeltaLeaky`.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::firing::Firing;
use super::lif::{LifConfig, LifState};
use super::membrane::Membrane;
use super::{Neuron, Parts, Reset};
use crate::coefficient::Coefficient;
use crate::error::ConfigError;

/// Configuration of [`DeltaLeaky`].
#[derive(Config, Debug, PartialEq)]
pub struct DeltaLeakyConfig {
    /// Membrane and spike; the threshold is one of `|v' - v|`. There is no reset.
    pub lif: LifConfig,
}

impl DeltaLeakyConfig {
    /// The neuron.
    ///
    /// # Errors
    ///
    /// Names the first field that describes no working neuron.
    pub fn init(&self, device: &Device) -> Result<DeltaLeaky, ConfigError> {
        let lif = self.lif.clone().with_reset(Reset::None);
        Ok(DeltaLeaky { membrane: lif.membrane(device)?, firing: Firing::new(&lif, device)? })
    }
}

/// Neurons that spike on a change of their membrane; output: spikes.
#[derive(Module, Debug)]
pub struct DeltaLeaky {
    membrane: Membrane,
    firing: Firing,
}

impl DeltaLeaky {
    /// Decay factor of the membrane.
    pub fn beta(&self) -> &Coefficient {
        &self.membrane.beta
    }

    /// Threshold of the change within a step.
    pub fn threshold(&self) -> &Coefficient {
        &self.firing.threshold
    }

    /// The threshold of a change is in no file.
    pub(crate) fn parts(&mut self) -> Parts<'_> {
        Parts {
            alpha: None,
            beta: &mut self.membrane.beta,
            threshold: None,
            graded_spikes_factor: None,
            reset: None,
            gain: self.membrane.gain,
        }
    }
}

impl Neuron for DeltaLeaky {
    type State<const D: usize> = LifState<D>;

    fn initial_state<const D: usize>(&self, shape: [usize; D], device: &Device) -> LifState<D> {
        LifState { v: self.membrane.at_rest(shape, device) }
    }

    fn update<const D: usize>(
        &self,
        input: Tensor<D>,
        state: LifState<D>,
    ) -> (Tensor<D>, LifState<D>) {
        let v = self.membrane.bounded(self.membrane.integrate(state.v.clone(), input));
        let change = (v.clone() - state.v).abs();
        let z = self.firing.spike(&change, &self.firing.threshold.level());
        (self.firing.graded(z), LifState { v })
    }
}

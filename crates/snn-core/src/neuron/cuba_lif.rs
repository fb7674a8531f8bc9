//! Current-based leaky integrate-and-fire: an exponentially decaying synaptic current drives the
//! membrane.
//!
//! ```text
//! i ← α i + x                                    in the order of InputOrder
//! v ← v_leak + β (v - v_leak) + gain · i         then spike and reset as in Lif
//! ```
//!
//! Source: Gerstner et al., *Neuronal Dynamics*, section 3.1; Zenke and Ganguli, *SuperSpike*, Neural
//! Computation 30, 2018.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::firing::Firing;
use super::lif::LifConfig;
use super::membrane::Membrane;
use super::options::InputOrder;
use super::synapse::Synapse;
use super::{Neuron, NeuronState, Parts};
use crate::coefficient::Coefficient;
use crate::decay::Decay;
use crate::error::ConfigError;
use crate::kernel::Linear;

/// Configuration of [`CubaLif`].
#[derive(Config, Debug, PartialEq)]
pub struct CubaLifConfig {
    /// Decay of the synaptic current.
    pub alpha: Decay,
    /// Membrane, threshold and reset.
    pub lif: LifConfig,
    /// When an input reaches the membrane.
    #[config(default = "InputOrder::SameStep")]
    pub input_order: InputOrder,
    /// Learn the decay of the current, in the form it is given in.
    #[config(default = false)]
    pub learn_alpha: bool,
}

impl CubaLifConfig {
    /// The neuron.
    ///
    /// # Errors
    ///
    /// Names the first field that describes no working neuron.
    pub fn init(&self, device: &Device) -> Result<CubaLif, ConfigError> {
        Ok(CubaLif {
            synapse: self.synapse(device)?,
            membrane: self.lif.membrane(device)?,
            firing: Firing::new(&self.lif, device)?,
        })
    }

    pub(crate) fn synapse(&self, device: &Device) -> Result<Synapse, ConfigError> {
        Synapse::new(&self.alpha, self.input_order, self.learn_alpha, device)
    }
}

/// Current-based leaky integrate-and-fire neurons; output: spikes.
#[derive(Module, Debug)]
pub struct CubaLif {
    synapse: Synapse,
    membrane: Membrane,
    firing: Firing,
}

/// State of [`CubaLif`] and [`CubaLi`](super::CubaLi).
#[derive(Debug, Clone)]
pub struct CubaState<const D: usize> {
    /// Synaptic current, `[B, ...]`.
    pub i: Tensor<D>,
    /// Membrane potential, `[B, ...]`.
    pub v: Tensor<D>,
}

impl<const D: usize> CubaState<D> {
    /// No current, every membrane at zero.
    pub fn zeros(shape: [usize; D], device: &Device) -> Self {
        Self { i: Tensor::zeros(shape, device), v: Tensor::zeros(shape, device) }
    }
}

impl<const D: usize> NeuronState<D> for CubaState<D> {
    fn tensors(&self) -> Vec<&Tensor<D>> {
        vec![&self.v, &self.i]
    }

    fn tensors_mut(&mut self) -> Vec<&mut Tensor<D>> {
        vec![&mut self.v, &mut self.i]
    }
}

impl CubaLif {
    /// Decay factor of the synaptic current.
    pub fn alpha(&self) -> &Coefficient {
        &self.synapse.alpha
    }

    /// Decay factor of the membrane.
    pub fn beta(&self) -> &Coefficient {
        &self.membrane.beta
    }

    /// Threshold.
    pub fn threshold(&self) -> &Coefficient {
        &self.firing.threshold
    }

    pub(crate) fn parts(&mut self) -> Parts<'_> {
        let reset = Some(self.firing.reset());
        Parts {
            alpha: Some(&mut self.synapse.alpha),
            beta: &mut self.membrane.beta,
            threshold: Some(&mut self.firing.threshold),
            graded_spikes_factor: Some(&mut self.firing.graded_spikes_factor),
            reset,
            gain: self.membrane.gain,
        }
    }
}

impl Neuron for CubaLif {
    type State<const D: usize> = CubaState<D>;

    fn initial_state<const D: usize>(&self, shape: [usize; D], device: &Device) -> CubaState<D> {
        CubaState { i: Tensor::zeros(shape, device), v: self.membrane.at_rest(shape, device) }
    }

    fn linear(&self) -> Option<Linear<'_>> {
        let synapse = Some(&self.synapse);
        self.firing.is_independent().then(|| self.membrane.linear(synapse, Some(&self.firing)))
    }

    fn update<const D: usize>(
        &self,
        input: Tensor<D>,
        state: CubaState<D>,
    ) -> (Tensor<D>, CubaState<D>) {
        let (current, i) = self.synapse.step(input, state.i);
        let (z, v) = self.firing.step(state.v, |v| self.membrane.integrate(v, current));
        (z, CubaState { i, v: self.membrane.bounded(v) })
    }
}

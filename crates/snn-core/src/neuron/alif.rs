//! Adaptive leaky integrate-and-fire: every spike raises the threshold, which falls back
//! exponentially. Known as ALIF, and as the neuron of LSNNs.
//!
//! ```text
//! θ ← threshold + a           with a before or after its decay, see AdaptationTiming
//! z ← Θ(v - θ)                v and its reset as in CubaLif, with θ in place of the threshold
//! a ← δ a + jump · z
//! ```
//!
//! Source: Bellec et al., *Long short-term memory and learning-to-learn in networks of spiking
//! neurons*, NeurIPS 2018.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::cuba_lif::CubaLifConfig;
use super::firing::Firing;
use super::membrane::Membrane;
use super::synapse::Synapse;
use super::{Neuron, NeuronState};
use crate::coefficient::Coefficient;
use crate::decay::Decay;
use crate::error::{ConfigError, finite};

/// Whether the adaptation has decayed in a step when the threshold is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum AdaptationTiming {
    /// The threshold test sees `δ a`. Norse.
    #[default]
    DecayBeforeTest,
    /// The threshold test sees `a`. sinabs.
    TestBeforeDecay,
}

/// Configuration of [`Alif`].
#[derive(Config, Debug, PartialEq)]
pub struct AlifConfig {
    /// Synaptic current, membrane, threshold and reset. With an `alpha` of 0 the current is the
    /// input itself.
    pub cuba: CubaLifConfig,
    /// Decay `δ` of the adaptation.
    pub adaptation: Decay,
    /// How much a spike raises the threshold.
    pub jump: f64,
    /// Multiply the jump by `1 - δ`.
    #[config(default = false)]
    pub normalized_jump: bool,
    /// What the threshold test sees.
    #[config(default = "AdaptationTiming::DecayBeforeTest")]
    pub timing: AdaptationTiming,
    /// Learn the decay of the adaptation, in the form it is given in.
    #[config(default = false)]
    pub learn_adaptation: bool,
}

impl AlifConfig {
    /// The neuron.
    ///
    /// # Errors
    ///
    /// Names the first field that describes no working neuron.
    pub fn init(&self, device: &Device) -> Result<Alif, ConfigError> {
        Ok(Alif {
            synapse: self.cuba.synapse(device)?,
            membrane: self.cuba.lif.membrane(device)?,
            firing: Firing::new(&self.cuba.lif, device)?,
            adaptation: self.adaptation.coefficient(self.learn_adaptation, device)?,
            jump: finite("jump", self.jump)?,
            normalized_jump: self.normalized_jump,
            timing: self.timing,
        })
    }
}

/// Leaky integrate-and-fire neurons with an adaptive threshold; output: spikes.
#[derive(Module, Debug)]
pub struct Alif {
    synapse: Synapse,
    membrane: Membrane,
    firing: Firing,
    adaptation: Coefficient,
    jump: f64,
    normalized_jump: bool,
    #[module(skip)]
    timing: AdaptationTiming,
}

/// State of [`Alif`].
#[derive(Debug, Clone)]
pub struct AlifState<const D: usize> {
    /// Synaptic current, `[B, ...]`.
    pub i: Tensor<D>,
    /// Membrane potential, `[B, ...]`.
    pub v: Tensor<D>,
    /// How far the threshold is above its resting value, `[B, ...]`.
    pub a: Tensor<D>,
}

impl<const D: usize> NeuronState<D> for AlifState<D> {
    fn tensors(&self) -> Vec<&Tensor<D>> {
        vec![&self.v, &self.i, &self.a]
    }

    fn tensors_mut(&mut self) -> Vec<&mut Tensor<D>> {
        vec![&mut self.v, &mut self.i, &mut self.a]
    }
}

impl Alif {
    /// Decay factor of the synaptic current.
    pub fn alpha(&self) -> &Coefficient {
        &self.synapse.alpha
    }

    /// Decay factor of the membrane.
    pub fn beta(&self) -> &Coefficient {
        &self.membrane.beta
    }

    /// Threshold at rest.
    pub fn threshold(&self) -> &Coefficient {
        &self.firing.threshold
    }

    /// Decay factor of the adaptation.
    pub fn adaptation(&self) -> &Coefficient {
        &self.adaptation
    }
}

impl Neuron for Alif {
    type State<const D: usize> = AlifState<D>;

    fn initial_state<const D: usize>(&self, shape: [usize; D], device: &Device) -> AlifState<D> {
        let zeros = Tensor::zeros(shape, device);
        AlifState { i: zeros.clone(), v: self.membrane.at_rest(shape, device), a: zeros }
    }

    fn update<const D: usize>(
        &self,
        input: Tensor<D>,
        state: AlifState<D>,
    ) -> (Tensor<D>, AlifState<D>) {
        let delta = self.adaptation.level();
        let decayed = delta.times(state.a.clone());
        let excess = match self.timing {
            AdaptationTiming::DecayBeforeTest => decayed.clone(),
            AdaptationTiming::TestBeforeDecay => state.a,
        };
        let (current, i) = self.synapse.step(input, state.i);
        let threshold = self.firing.threshold.level().plus(excess);
        let integrate = |v| self.membrane.integrate(v, current);
        let (z, v) = self.firing.step_at(&threshold, state.v, integrate);

        let jump = self.firing.resetting(&z).mul_scalar(self.jump);
        let jump = match self.normalized_jump {
            true => delta.complement_times(jump),
            false => jump,
        };
        let state = AlifState { i, v: self.membrane.bounded(v), a: decayed + jump };
        (self.firing.graded(z), state)
    }
}

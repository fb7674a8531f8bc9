//! Leaky integrate-and-fire without a synaptic current.
//!
//! ```text
//! v ← v_leak + β (v - v_leak) + gain · x        gain = 1 or 1 - β
//! z = Θ(v - threshold)
//! v ← v - z · threshold, or v_reset, or v       in this step or the next
//! v ← max(v, v_min)                             if there is a lower bound
//! ```
//!
//! Source: Gerstner et al., *Neuronal Dynamics*, section 1.3; in discrete time as in Eshraghian et
//! al., *Training Spiking Neural Networks Using Lessons From Deep Learning*, Proc. IEEE 111, 2023.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::firing::Firing;
use super::membrane::Membrane;
use super::options::{InputGain, Reset, ResetTiming};
use super::{Neuron, NeuronState, Parts};
use crate::coefficient::{Coefficient, Values};
use crate::decay::Decay;
use crate::error::ConfigError;
use crate::kernel::Linear;
use crate::surrogate::{SpikeTest, Surrogate, SurrogateUnit};

/// Configuration of [`Lif`], and of membrane, threshold and reset of the neurons built on it.
#[derive(Config, Debug, PartialEq)]
pub struct LifConfig {
    /// Decay of the membrane.
    pub beta: Decay,
    /// Membrane potential above which it spikes; above 0.
    #[config(default = "Values::One(1.0)")]
    pub threshold: Values,
    /// Potential to which the membrane leaks, and where it starts.
    #[config(default = 0.0)]
    pub v_leak: f64,
    /// Lower bound of the membrane at the end of a step, if it is to have one.
    #[config(default = "None")]
    pub v_min: Option<f64>,
    /// How strongly the input drives the membrane.
    #[config(default = "InputGain::Unit")]
    pub input_gain: InputGain,
    /// Effect of a spike on the membrane.
    #[config(default = "Reset::Subtract")]
    pub reset: Reset,
    /// When it does.
    #[config(default = "ResetTiming::Immediate")]
    pub reset_timing: ResetTiming,
    /// Keep the spike's gradient out of the reset. A delayed reset is always out of the gradient.
    #[config(default = true)]
    pub detach_reset: bool,
    /// Which membranes spike, and how often in a step.
    #[config(default = "SpikeTest::Above")]
    pub spike_test: SpikeTest,
    /// Derivative of the spike.
    #[config(default = "Surrogate::default()")]
    pub surrogate: Surrogate,
    /// What it is a derivative by.
    #[config(default = "SurrogateUnit::Membrane")]
    pub surrogate_unit: SurrogateUnit,
    /// Let only the neuron with the largest membrane along axis 1 spike (winner takes all).
    #[config(default = false)]
    pub inhibition: bool,
    /// Value of an output spike; the reset does not depend on it.
    #[config(default = "Values::One(1.0)")]
    pub graded_spikes_factor: Values,
    /// Learn the decay, in the form it is given in.
    #[config(default = false)]
    pub learn_beta: bool,
    /// Learn the threshold, kept from falling below 0.
    #[config(default = false)]
    pub learn_threshold: bool,
    /// Learn the value of a spike.
    #[config(default = false)]
    pub learn_graded_spikes_factor: bool,
}

impl LifConfig {
    /// The neuron.
    ///
    /// # Errors
    ///
    /// Names the first field that describes no working neuron.
    pub fn init(&self, device: &Device) -> Result<Lif, ConfigError> {
        Ok(Lif { membrane: self.membrane(device)?, firing: Firing::new(self, device)? })
    }

    pub(crate) fn membrane(&self, device: &Device) -> Result<Membrane, ConfigError> {
        let Self { beta, v_leak, input_gain, v_min, learn_beta, .. } = self;
        Membrane::new(beta, *v_leak, *input_gain, *v_min, *learn_beta, device)
    }
}

/// Leaky integrate-and-fire neurons; output: spikes.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use snn_core::neuron::{LifConfig, Neuron};
///
/// let device = Device::default();
/// let lif = LifConfig::snntorch_leaky(0.9).init(&device)?;
/// let current = Tensor::<3>::full([6, 1, 1], 0.4, &device); // [T, B, N]
/// let (spikes, state) = lif.forward(current, lif.initial_state([1, 1], &device));
///
/// assert_eq!(spikes.into_data().try_to_vec::<f32>().unwrap(), [0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
/// assert!((state.v.into_scalar::<f32>() - 1.064236).abs() < 1e-5);
/// # Ok::<(), snn_core::ConfigError>(())
/// ```
#[derive(Module, Debug)]
pub struct Lif {
    membrane: Membrane,
    firing: Firing,
}

/// State of [`Lif`], [`Iaf`](super::Iaf), [`Li`](super::Li) and
/// [`DeltaLeaky`](super::DeltaLeaky).
#[derive(Debug, Clone)]
pub struct LifState<const D: usize> {
    /// Membrane potential, `[B, ...]`.
    pub v: Tensor<D>,
}

impl<const D: usize> LifState<D> {
    /// Every membrane at zero.
    pub fn zeros(shape: [usize; D], device: &Device) -> Self {
        Self { v: Tensor::zeros(shape, device) }
    }
}

impl<const D: usize> NeuronState<D> for LifState<D> {
    fn tensors(&self) -> Vec<&Tensor<D>> {
        vec![&self.v]
    }

    fn tensors_mut(&mut self) -> Vec<&mut Tensor<D>> {
        vec![&mut self.v]
    }
}

impl Lif {
    /// Decay factor of the membrane.
    pub fn beta(&self) -> &Coefficient {
        &self.membrane.beta
    }

    /// Threshold.
    pub fn threshold(&self) -> &Coefficient {
        &self.firing.threshold
    }

    /// Value of an output spike.
    pub fn graded_spikes_factor(&self) -> &Coefficient {
        &self.firing.graded_spikes_factor
    }

    /// Whether the membrane only adds up its input, and spikes are ones.
    pub(crate) fn only_integrates(&self) -> bool {
        self.membrane.only_integrates() && self.firing.is_ungraded()
    }

    /// The potentials that it is configured with.
    pub(crate) fn potentials(&self) -> Vec<f64> {
        self.membrane.potentials().chain(self.firing.potentials()).collect()
    }

    /// The same neurons in other units: every potential as `f` has it, `lowest` the lower bound of
    /// those that had none.
    pub(crate) fn in_units(&self, f: impl Fn(f64) -> f64, lowest: f64) -> Self {
        let membrane = self.membrane.in_units(&f, lowest);
        Self { membrane, firing: self.firing.in_units(f) }
    }

    pub(crate) fn parts(&mut self) -> Parts<'_> {
        let reset = Some(self.firing.reset());
        Parts {
            alpha: None,
            beta: &mut self.membrane.beta,
            threshold: Some(&mut self.firing.threshold),
            graded_spikes_factor: Some(&mut self.firing.graded_spikes_factor),
            reset,
            gain: self.membrane.gain,
        }
    }
}

impl Neuron for Lif {
    type State<const D: usize> = LifState<D>;

    fn initial_state<const D: usize>(&self, shape: [usize; D], device: &Device) -> LifState<D> {
        LifState { v: self.membrane.at_rest(shape, device) }
    }

    fn linear(&self) -> Option<Linear<'_>> {
        self.firing.is_independent().then(|| self.membrane.linear(None, Some(&self.firing)))
    }

    fn update<const D: usize>(
        &self,
        input: Tensor<D>,
        state: LifState<D>,
    ) -> (Tensor<D>, LifState<D>) {
        let (z, v) = self.firing.step(state.v, |v| self.membrane.integrate(v, input));
        (z, LifState { v: self.membrane.bounded(v) })
    }
}

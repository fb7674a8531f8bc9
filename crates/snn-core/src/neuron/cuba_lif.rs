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
use super::options::{InputGain, InputOrder, Reset, ResetTiming, SnnTorchReset};
use super::synapse::Synapse;
use super::{Neuron, NeuronState};
use crate::coefficient::{Coefficient, Values};
use crate::decay::Decay;
use crate::error::ConfigError;
use crate::surrogate::Surrogate;

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
    /// Learn the decay factor of the current, kept in `[0, 1]`.
    #[config(default = false)]
    pub learn_alpha: bool,
}

/// Parameters of Norse's LIF and LI cells, with Norse's defaults. Inverse time constants are per
/// unit of `dt`: per second, if `dt` is in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NorseParameters {
    /// Inverse synaptic time constant.
    pub tau_syn_inv: f64,
    /// Inverse membrane time constant.
    pub tau_mem_inv: f64,
    /// Leak potential.
    pub v_leak: f64,
    /// Threshold.
    pub v_th: f64,
    /// Potential after a spike.
    pub v_reset: f64,
    /// Steepness of the SuperSpike surrogate.
    pub alpha: f64,
    /// Length of a step.
    pub dt: f64,
}

impl Default for NorseParameters {
    fn default() -> Self {
        Self {
            tau_syn_inv: 200.0,
            tau_mem_inv: 100.0,
            v_leak: 0.0,
            v_th: 1.0,
            v_reset: 0.0,
            alpha: 100.0,
            dt: 1e-3,
        }
    }
}

/// Parameters of hxtorch's current-based LIF and LI integration, in the unit of `dt`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HxTorchParameters {
    /// Synaptic time constant.
    pub tau_syn: f64,
    /// Membrane time constant.
    pub tau_mem: f64,
    /// Leak potential.
    pub v_leak: f64,
    /// Threshold.
    pub v_th: f64,
    /// Potential after a spike.
    pub v_reset: f64,
    /// Steepness of the SuperSpike surrogate.
    pub alpha: f64,
    /// Length of a step.
    pub dt: f64,
}

impl Default for HxTorchParameters {
    /// The Yin-Yang experiment on BrainScaleS-2, in µs.
    fn default() -> Self {
        Self {
            tau_syn: 6.0,
            tau_mem: 6.0,
            v_leak: 0.0,
            v_th: 1.0,
            v_reset: 0.0,
            alpha: 50.0,
            dt: 2.0,
        }
    }
}

impl From<NorseParameters> for HxTorchParameters {
    fn from(p: NorseParameters) -> Self {
        Self {
            tau_syn: 1.0 / p.tau_syn_inv,
            tau_mem: 1.0 / p.tau_mem_inv,
            v_leak: p.v_leak,
            v_th: p.v_th,
            v_reset: p.v_reset,
            alpha: p.alpha,
            dt: p.dt,
        }
    }
}

impl CubaLifConfig {
    /// snnTorch's `Synaptic(alpha, beta)`. As there, factors outside `[0, 1]` are used at the limit.
    pub fn snntorch_synaptic(alpha: impl Into<Values>, beta: impl Into<Values>) -> Self {
        Self::new(LifConfig::snntorch_leaky(alpha).beta, LifConfig::snntorch_leaky(beta))
    }

    /// `reset_mechanism` and `reset_delay` of snnTorch's `Synaptic`. Unlike `Leaky`, its delayed
    /// reset to zero also drops the input of that step.
    pub fn with_snntorch_reset(mut self, mechanism: SnnTorchReset, delay: bool) -> Self {
        self.lif = self.lif.with_snntorch_reset(mechanism, delay);
        if self.lif.reset_timing == ResetTiming::NextStepBeforeInput {
            self.lif.reset_timing = ResetTiming::NextStepAfterInput;
        }
        self
    }

    /// Norse's feed-forward `LIFCell`; its reset carries the spike's gradient.
    pub fn norse_lif(p: NorseParameters) -> Self {
        let mut config = Self::norse_lif_recurrent(p);
        config.lif.detach_reset = false;
        config
    }

    /// The neuron of Norse's `LIFRecurrentCell`, whose reset is out of the gradient. Wrap it in a
    /// [`Recurrent`](crate::recurrent::Recurrent) without autapses.
    pub fn norse_lif_recurrent(p: NorseParameters) -> Self {
        Self::hxtorch_lif(p.into()).with_input_order(InputOrder::SameStepBeforeDecay)
    }

    /// hxtorch's current-based LIF (`cuba_lif_integration`): the membrane sees the current of the
    /// step before.
    pub fn hxtorch_lif(p: HxTorchParameters) -> Self {
        let lif = LifConfig::new(Decay::euler(p.tau_mem, p.dt))
            .with_threshold(Values::One(p.v_th))
            .with_v_leak(p.v_leak)
            .with_input_gain(InputGain::OneMinusBeta)
            .with_reset(Reset::ToValue(p.v_reset))
            .with_surrogate(Surrogate::SuperSpike { alpha: p.alpha });
        Self::new(Decay::euler(p.tau_syn, p.dt), lif).with_input_order(InputOrder::NextStep)
    }

    /// The neuron.
    ///
    /// # Errors
    ///
    /// Names the first field that describes no working neuron.
    pub fn init(&self, device: &Device) -> Result<CubaLif, ConfigError> {
        Ok(CubaLif {
            synapse: Synapse::new(&self.alpha, self.input_order, self.learn_alpha, device)?,
            membrane: self.lif.membrane(device)?,
            firing: Firing::new(&self.lif, device)?,
        })
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

    pub(crate) fn stack<const S: usize>(states: Vec<CubaState<S>>) -> Self {
        let (i, v) = states.into_iter().map(|state| (state.i, state.v)).unzip();
        Self { i: Tensor::stack(i, 0), v: Tensor::stack(v, 0) }
    }
}

impl<const D: usize> NeuronState<D> for CubaState<D> {
    fn dims(&self) -> [usize; D] {
        self.v.dims()
    }

    fn detach(self) -> Self {
        Self { i: self.i.detach(), v: self.v.detach() }
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
}

impl Neuron for CubaLif {
    type State<const D: usize> = CubaState<D>;

    fn initial_state<const D: usize>(&self, shape: [usize; D], device: &Device) -> CubaState<D> {
        CubaState { i: Tensor::zeros(shape, device), v: self.membrane.at_rest(shape, device) }
    }

    fn step<const D: usize>(
        &self,
        input: Tensor<D>,
        state: CubaState<D>,
    ) -> (Tensor<D>, CubaState<D>) {
        let (current, i) = self.synapse.step(input, state.i);
        let (z, v) = self.firing.step(state.v, |v| self.membrane.integrate(v, current));
        (z, CubaState { i, v })
    }

    fn stack_states<const D: usize, const S: usize>(states: Vec<CubaState<S>>) -> CubaState<D> {
        CubaState::stack(states)
    }
}

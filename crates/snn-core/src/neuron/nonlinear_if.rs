//! Nonlinear integrate-and-fire, with or without an adaptation current: AdEx, exponential and quadratic
//! integrate-and-fire, Izhikevich.
//!
//! ```text
//! v ← v + (1 - β) (f(v) + gain · i - w)          f is a Drift; then spike and reset as in Lif
//! w ← w + rate (coupling (v - v_rest) - w)       with the v of the step before
//! w ← w + jump · z
//! ```
//!
//! Source: Gerstner et al., *Neuronal Dynamics*, chapters 5 and 6; Brette and Gerstner, *Adaptive
//! Exponential Integrate-and-Fire Model*, Journal of Neurophysiology 94, 2005; Izhikevich, *Simple
//! Model of Spiking Neurons*, IEEE Transactions on Neural Networks 14, 2003.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::cuba_lif::CubaLifConfig;
use super::firing::Firing;
use super::options::InputGain;
use super::synapse::Synapse;
use super::{Neuron, NeuronState};
use crate::coefficient::Coefficient;
use crate::error::{ConfigError, check, finite, positive};

/// What drives the membrane when nothing comes in: `f(v)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Drift {
    /// `v_leak - v + delta_t exp((v - v_rheobase) / delta_t)`: exponential integrate-and-fire.
    Exponential {
        /// Sharpness of the upstroke, in units of the membrane.
        delta_t: f64,
        /// Where the upstroke begins.
        v_rheobase: f64,
    },
    /// `square · v² + linear · v + constant`: quadratic integrate-and-fire.
    Quadratic {
        /// Of `v²`.
        square: f64,
        /// Of `v`.
        linear: f64,
        /// Added.
        constant: f64,
    },
}

/// An adaptation current `w`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdaptationCurrent {
    /// `dt / tau` of the current.
    pub rate: f64,
    /// How strongly the membrane drives it.
    pub coupling: f64,
    /// Membrane potential at which it does not.
    pub v_rest: f64,
    /// How much a spike raises it.
    pub jump: f64,
}

/// Configuration of [`NonlinearIf`].
#[derive(Config, Debug, PartialEq)]
pub struct NonlinearIfConfig {
    /// Synaptic current, membrane, threshold and reset. `1 - beta` is `dt / tau` of the membrane; the
    /// membrane starts at `v_leak`; the threshold may be any number. With an `alpha` of 0 the current
    /// is the input itself.
    pub cuba: CubaLifConfig,
    /// What drives the membrane on its own.
    pub drift: Drift,
    /// The adaptation current, if there is one.
    #[config(default = "None")]
    pub adaptation: Option<AdaptationCurrent>,
}

impl NonlinearIfConfig {
    /// Quadratic integrate-and-fire, `f(v) = a0 (v - v_rest) (v - v_c)`, in SpikingJelly's form
    /// (`QIFNode`): below `v_c` the membrane falls back to `v_rest`, above it rises on its own.
    pub fn quadratic(cuba: CubaLifConfig, a0: f64, v_rest: f64, v_c: f64) -> Self {
        let drift = Drift::Quadratic {
            square: a0,
            linear: -a0 * (v_rest + v_c),
            constant: a0 * v_rest * v_c,
        };
        Self::new(cuba, drift)
    }

    /// The neuron.
    ///
    /// # Errors
    ///
    /// Names the first field that describes no working neuron.
    pub fn init(&self, device: &Device) -> Result<NonlinearIf, ConfigError> {
        match self.drift {
            Drift::Exponential { delta_t, v_rheobase } => {
                positive("delta_t", delta_t)?;
                finite("v_rheobase", v_rheobase)?;
            }
            Drift::Quadratic { square, linear, constant } => {
                for coefficient in [square, linear, constant] {
                    finite("drift", coefficient)?;
                }
            }
        }
        if let Some(w) = self.adaptation {
            for (name, value) in
                [("rate", w.rate), ("coupling", w.coupling), ("v_rest", w.v_rest), ("jump", w.jump)]
            {
                finite(name, value)?;
            }
        }
        let lif = &self.cuba.lif;
        if let Some(v_min) = lif.v_min {
            check("v_min", v_min, "none: a nonlinear membrane has no lower bound", false)?;
        }
        Ok(NonlinearIf {
            synapse: self.cuba.synapse(device)?,
            beta: lif.beta.coefficient(lif.learn_beta, device)?,
            v_leak: finite("v_leak", lif.v_leak)?,
            gain: match lif.input_gain {
                InputGain::Factor(gain) => finite("input gain", gain)?,
                InputGain::Unit | InputGain::OneMinusBeta => 1.0,
            },
            drift: self.drift,
            adaptation: self.adaptation,
            firing: Firing::within(lif, None, device)?,
        })
    }
}

/// Nonlinear integrate-and-fire neurons; output: spikes.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use snn_core::neuron::{IzhikevichPreset, Neuron, NonlinearIfConfig};
///
/// let device = Device::default();
/// let parameters = IzhikevichPreset::TonicSpiking.parameters();
/// let neuron = NonlinearIfConfig::izhikevich(parameters, 0.25).init(&device)?;
/// let current = Tensor::<3>::full([400, 1, 1], 14.0, &device); // 100 ms
/// let (spikes, _) = neuron.forward(current, neuron.initial_state([1, 1], &device));
/// assert!(spikes.sum().into_scalar::<f32>() >= 3.0);
/// # Ok::<(), snn_core::ConfigError>(())
/// ```
#[derive(Module, Debug)]
pub struct NonlinearIf {
    synapse: Synapse,
    beta: Coefficient,
    v_leak: f64,
    gain: f64,
    #[module(skip)]
    drift: Drift,
    #[module(skip)]
    adaptation: Option<AdaptationCurrent>,
    firing: Firing,
}

/// State of [`NonlinearIf`].
#[derive(Debug, Clone)]
pub struct NonlinearIfState<const D: usize> {
    /// Synaptic current, `[B, ...]`.
    pub i: Tensor<D>,
    /// Membrane potential, `[B, ...]`.
    pub v: Tensor<D>,
    /// Adaptation current, `[B, ...]`; zero without adaptation.
    pub w: Tensor<D>,
}

impl<const D: usize> NeuronState<D> for NonlinearIfState<D> {
    fn tensors(&self) -> Vec<&Tensor<D>> {
        vec![&self.v, &self.i, &self.w]
    }

    fn tensors_mut(&mut self) -> Vec<&mut Tensor<D>> {
        vec![&mut self.v, &mut self.i, &mut self.w]
    }
}

impl NonlinearIf {
    /// `1 - dt / tau` of the membrane.
    pub fn beta(&self) -> &Coefficient {
        &self.beta
    }

    /// Threshold.
    pub fn threshold(&self) -> &Coefficient {
        &self.firing.threshold
    }

    fn drift<const D: usize>(&self, v: Tensor<D>) -> Tensor<D> {
        match self.drift {
            Drift::Exponential { delta_t, v_rheobase } => {
                let upstroke = v.clone().sub_scalar(v_rheobase).div_scalar(delta_t).exp();
                upstroke.mul_scalar(delta_t) - v.sub_scalar(self.v_leak)
            }
            Drift::Quadratic { square, linear, constant } => {
                (v.clone().square().mul_scalar(square) + v.mul_scalar(linear)).add_scalar(constant)
            }
        }
    }
}

impl Neuron for NonlinearIf {
    type State<const D: usize> = NonlinearIfState<D>;

    fn initial_state<const D: usize>(
        &self,
        shape: [usize; D],
        device: &Device,
    ) -> NonlinearIfState<D> {
        let w = self.adaptation.map_or(0.0, |w| w.coupling * (self.v_leak - w.v_rest));
        NonlinearIfState {
            i: Tensor::zeros(shape, device),
            v: Tensor::full(shape, self.v_leak, device),
            w: Tensor::full(shape, w, device),
        }
    }

    fn update<const D: usize>(
        &self,
        input: Tensor<D>,
        state: NonlinearIfState<D>,
    ) -> (Tensor<D>, NonlinearIfState<D>) {
        let (current, i) = self.synapse.step(input, state.i);
        let (before, mut w) = (state.v.clone(), state.w.clone());
        let (z, v) = self.firing.step(state.v, |v| {
            let drift = match self.adaptation {
                Some(_) => self.drift(v.clone()) - state.w,
                None => self.drift(v.clone()),
            };
            let force = drift + current.mul_scalar(self.gain);
            v + self.beta.level().complement_times(force)
        });
        if let Some(AdaptationCurrent { rate, coupling, v_rest, jump }) = self.adaptation {
            let pull = before.sub_scalar(v_rest).mul_scalar(coupling) - w.clone();
            w = w + pull.mul_scalar(rate) + self.firing.resetting(&z).mul_scalar(jump);
        }
        (z, NonlinearIfState { i, v, w })
    }
}

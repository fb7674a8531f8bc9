//! hxtorch (BrainScaleS-2): the software integration of its neurons.

use crate::coefficient::Values;
use crate::decay::Decay;
use crate::neuron::options::{InputGain, InputOrder, Reset};
use crate::neuron::{CubaLiConfig, CubaLifConfig, LiConfig, LifConfig};
use crate::surrogate::Surrogate;

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

impl CubaLifConfig {
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
}

impl CubaLiConfig {
    /// hxtorch's current-based readout (`cuba_li_integration`). `v_th`, `v_reset` and `alpha` have
    /// no meaning here.
    pub fn hxtorch_li(p: HxTorchParameters) -> Self {
        let li = LiConfig::new(Decay::euler(p.tau_mem, p.dt))
            .with_v_leak(p.v_leak)
            .with_input_gain(InputGain::OneMinusBeta);
        Self::new(Decay::euler(p.tau_syn, p.dt), li).with_input_order(InputOrder::NextStep)
    }
}

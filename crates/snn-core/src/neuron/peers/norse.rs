//! Norse: its cells, feed-forward and as they are inside its recurrent ones.
//!
//! In its feed-forward cells the reset carries the spike's gradient; in some of the recurrent ones it
//! does not, and these have a constructor of their own, for [`Recurrent`](crate::recurrent::Recurrent)
//! without autapses.

use super::HxTorchParameters;
use crate::decay::Decay;
use crate::neuron::izhikevich::IzhikevichParameters;
use crate::neuron::nonlinear_if::{AdaptationCurrent, Drift, NonlinearIfConfig};
use crate::neuron::options::{InputGain, InputOrder};
use crate::neuron::{AlifConfig, CubaLiConfig, CubaLifConfig, LiConfig, LifConfig};
use crate::surrogate::Surrogate;

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
    /// Norse's feed-forward `LIFCell`.
    pub fn norse_lif(p: NorseParameters) -> Self {
        feed_forward(Self::norse_lif_recurrent(p))
    }

    /// The neuron of Norse's `LIFRecurrentCell`.
    pub fn norse_lif_recurrent(p: NorseParameters) -> Self {
        Self::hxtorch_lif(p.into()).with_input_order(InputOrder::SameStepBeforeDecay)
    }
}

fn feed_forward(mut config: CubaLifConfig) -> CubaLifConfig {
    config.lif.detach_reset = false;
    config
}

impl CubaLiConfig {
    /// Norse's `LICell`. `v_th`, `v_reset` and `alpha` have no meaning here.
    pub fn norse_li(p: NorseParameters) -> Self {
        Self::hxtorch_li(p.into()).with_input_order(InputOrder::SameStepBeforeDecay)
    }
}

impl LifConfig {
    /// Norse's `IAFCell`: no leak, a membrane that starts at, and is reset to, `v_reset`.
    pub fn norse_iaf(p: NorseParameters) -> Self {
        Self {
            beta: Decay::factor(1.0),
            input_gain: InputGain::Unit,
            v_leak: p.v_reset,
            ..Self::norse_lif_box(p)
        }
    }

    /// Norse's `LIFBoxCell`: no synaptic current, reset to `v_reset`.
    pub fn norse_lif_box(p: NorseParameters) -> Self {
        CubaLifConfig::norse_lif(p).lif
    }
}

impl LiConfig {
    /// Norse's `LIBoxCell`: no synaptic current.
    pub fn norse_li_box(p: NorseParameters) -> Self {
        CubaLiConfig::norse_li(p).li
    }
}

/// How a threshold adapts in Norse's LSNN cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NorseAdaptation {
    /// Inverse time constant of the threshold. Norse's default is 1/800 per *second*.
    pub tau_adapt_inv: f64,
    /// How much a spike raises the threshold.
    pub beta: f64,
}

impl Default for NorseAdaptation {
    fn default() -> Self {
        Self { tau_adapt_inv: 1.0 / 800.0, beta: 1.8 }
    }
}

impl AlifConfig {
    /// Norse's feed-forward `LSNNCell`. Its input reaches the membrane one step later than that of
    /// `LIFCell`.
    pub fn norse_lsnn(p: NorseParameters, adaptation: NorseAdaptation) -> Self {
        let config = Self::norse_lsnn_recurrent(p, adaptation);
        Self { cuba: feed_forward(config.cuba), ..config }
    }

    /// The neuron of Norse's `LSNNRecurrentCell`.
    pub fn norse_lsnn_recurrent(p: NorseParameters, adaptation: NorseAdaptation) -> Self {
        let decay = Decay::euler(1.0 / adaptation.tau_adapt_inv, p.dt);
        Self::new(CubaLifConfig::hxtorch_lif(p.into()), decay, adaptation.beta)
    }
}

/// The exponential term and the adaptation current of Norse's AdEx cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NorseAdEx {
    /// Coupling of the adaptation current to the membrane.
    pub adaptation_current: f64,
    /// How much a spike raises the adaptation current.
    pub adaptation_spike: f64,
    /// Sharpness of the exponential.
    pub delta_t: f64,
    /// Inverse time constant of the adaptation current.
    pub tau_ada_inv: f64,
}

impl Default for NorseAdEx {
    fn default() -> Self {
        Self { adaptation_current: 4.0, adaptation_spike: 0.02, delta_t: 0.5, tau_ada_inv: 2.0 }
    }
}

impl NonlinearIfConfig {
    /// Norse's `LIFAdExCell`, and the neuron of `LIFAdExRecurrentCell`.
    pub fn norse_adex(p: NorseParameters, adex: NorseAdEx) -> Self {
        let drift = Drift::Exponential { delta_t: adex.delta_t, v_rheobase: p.v_th };
        let current = AdaptationCurrent {
            rate: p.dt * adex.tau_ada_inv,
            coupling: adex.adaptation_current,
            v_rest: p.v_leak,
            jump: adex.adaptation_spike,
        };
        Self::new(CubaLifConfig::norse_lif(p), drift).with_adaptation(Some(current))
    }

    /// Norse's feed-forward `LIFExCell`: AdEx without adaptation.
    pub fn norse_ex(p: NorseParameters, delta_t: f64) -> Self {
        let drift = Drift::Exponential { delta_t, v_rheobase: p.v_th };
        Self::new(CubaLifConfig::norse_lif(p), drift)
    }

    /// Norse's `IzhikevichCell`, and the neuron of `IzhikevichRecurrentCell`: `tau_inv` per second,
    /// steps of `dt` seconds, SuperSpike of steepness `alpha`.
    pub fn norse_izhikevich(p: IzhikevichParameters, tau_inv: f64, dt: f64, alpha: f64) -> Self {
        let mut config = Self::izhikevich(p, dt * tau_inv);
        config.cuba.lif.surrogate = Surrogate::SuperSpike { alpha };
        config.cuba.lif.detach_reset = false;
        config
    }
}

//! snnTorch: its neurons and their resets.

use serde::{Deserialize, Serialize};

use crate::coefficient::Values;
use crate::decay::Decay;
use crate::neuron::options::{InputGain, Reset, ResetTiming};
use crate::neuron::{AlphaConfig, CubaLifConfig, LifConfig};

/// `reset_mechanism` of snnTorch's neurons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SnnTorchReset {
    /// `"subtract"`
    Subtract,
    /// `"zero"`
    Zero,
    /// `"none"`
    None,
}

/// The circuit of snnTorch's `Lapicque`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RcCircuit {
    /// Resistance `R`.
    pub r: f64,
    /// Capacitance `C`; `R C` is the time constant, in the unit of `dt`.
    pub c: f64,
    /// Length of a step.
    pub dt: f64,
}

impl RcCircuit {
    /// The circuit whose time constant belongs to a decay of `beta` in a step: `C = dt / (R ln(1 /
    /// beta))`. snnTorch takes `R = 1`. The decay of the neuron is then `1 - dt / (R C) = 1 + ln(beta)`,
    /// since it integrates by Euler steps, and not `beta` itself.
    pub fn from_beta(beta: f64, r: f64, dt: f64) -> Self {
        Self { r, c: dt / (r * (1.0 / beta).ln()), dt }
    }
}

impl LifConfig {
    /// snnTorch's `Leaky(beta)`: unit gain, a subtracting reset one step after the spike. As there,
    /// a factor outside `[0, 1]` is used at the limit.
    pub fn snntorch_leaky(beta: impl Into<Values>) -> Self {
        Self::new(clamped(beta)).with_snntorch_reset(SnnTorchReset::Subtract, true)
    }

    /// The neuron of snnTorch's `RLeaky(beta)`, to be wrapped in a
    /// [`Recurrent`](crate::recurrent::Recurrent). Unlike `Leaky`, its delayed reset to zero also
    /// drops the input of that step.
    pub fn snntorch_rleaky(beta: impl Into<Values>, mechanism: SnnTorchReset, delay: bool) -> Self {
        Self::new(clamped(beta)).with_snntorch_reset(mechanism, delay).dropping_input()
    }

    /// snnTorch's `Lapicque`: `v ← (1 - dt / (R C)) v + (dt / C) x`. Its delayed reset to zero drops the
    /// input of that step.
    pub fn snntorch_lapicque(circuit: RcCircuit, mechanism: SnnTorchReset) -> Self {
        let RcCircuit { r, c, dt } = circuit;
        Self::new(Decay::euler(r * c, dt))
            .with_input_gain(InputGain::Factor(dt / c))
            .with_snntorch_reset(mechanism, true)
            .dropping_input()
    }

    /// `reset_mechanism` and `reset_delay` of snnTorch's `Leaky`. Its delayed reset to zero clears
    /// the membrane before the input, its immediate one carries the spike's gradient.
    pub fn with_snntorch_reset(self, mechanism: SnnTorchReset, delay: bool) -> Self {
        let reset = match mechanism {
            SnnTorchReset::Subtract => Reset::Subtract,
            SnnTorchReset::Zero => Reset::ToValue(0.0),
            SnnTorchReset::None => Reset::None,
        };
        let timing = match (mechanism, delay) {
            (SnnTorchReset::Zero, true) => ResetTiming::NextStepBeforeInput,
            (_, true) => ResetTiming::NextStepAfterInput,
            (SnnTorchReset::Subtract, false) => ResetTiming::ImmediateLessPending,
            (_, false) => ResetTiming::Immediate,
        };
        self.with_reset(reset).with_reset_timing(timing).with_detach_reset(delay)
    }

    /// Moves a reset from before the input of a step to after it.
    fn dropping_input(mut self) -> Self {
        if self.reset_timing == ResetTiming::NextStepBeforeInput {
            self.reset_timing = ResetTiming::NextStepAfterInput;
        }
        self
    }
}

fn clamped(factor: impl Into<Values>) -> Decay {
    Decay::Factor(match factor.into() {
        Values::One(factor) => Values::One(factor.clamp(0.0, 1.0)),
        Values::Each(factors) => Values::Each(factors.iter().map(|f| f.clamp(0.0, 1.0)).collect()),
    })
}

impl CubaLifConfig {
    /// snnTorch's `Synaptic(alpha, beta)`, and the neuron of `RSynaptic`. As there, factors outside
    /// `[0, 1]` are used at the limit.
    pub fn snntorch_synaptic(alpha: impl Into<Values>, beta: impl Into<Values>) -> Self {
        Self::new(clamped(alpha), LifConfig::snntorch_leaky(beta))
    }

    /// `reset_mechanism` and `reset_delay` of snnTorch's `Synaptic`. Unlike `Leaky`, its delayed
    /// reset to zero also drops the input of that step. (In snnTorch `RSynaptic(reset_delay=False)`
    /// resets as if it were delayed; here it does not.)
    pub fn with_snntorch_reset(mut self, mechanism: SnnTorchReset, delay: bool) -> Self {
        self.lif = self.lif.with_snntorch_reset(mechanism, delay).dropping_input();
        self
    }
}

impl AlphaConfig {
    /// snnTorch's `Alpha(alpha, beta)`: always with a delayed reset.
    pub fn snntorch_alpha(
        alpha: impl Into<Values>,
        beta: impl Into<Values>,
        mechanism: SnnTorchReset,
    ) -> Self {
        let lif = LifConfig::snntorch_rleaky(beta, mechanism, true);
        Self::new(clamped(alpha), lif)
    }
}

//! Izhikevich's neuron: a quadratic membrane `v` (mV) with a recovery current `u`.
//!
//! ```text
//! v ← v + κ (0.04 v² + 5 v + 140 - u + x)        κ: length of a step in ms
//! u ← u + κ a (b v - u)
//! v ← c, u ← u + d                               where v reaches 30 mV
//! ```
//!
//! Source: Izhikevich, *Simple Model of Spiking Neurons*, IEEE Transactions on Neural Networks 14,
//! 2003; the presets are those of his *Which Model to Use for Cortical Spiking Neurons?*, ibid. 15,
//! 2004.

use serde::{Deserialize, Serialize};

use super::cuba_lif::CubaLifConfig;
use super::lif::LifConfig;
use super::nonlinear_if::{AdaptationCurrent, Drift, NonlinearIfConfig};
use super::options::Reset;
use crate::coefficient::Values;
use crate::decay::Decay;

/// Parameters of Izhikevich's neuron.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct IzhikevichParameters {
    /// Rate of the recovery current, per ms.
    pub a: f64,
    /// How strongly the membrane drives the recovery current.
    pub b: f64,
    /// Membrane potential after a spike.
    pub c: f64,
    /// How much a spike raises the recovery current.
    pub d: f64,
    /// Of `v²`: 0.04.
    pub square: f64,
    /// Of `v`: 5, but 4.1 in two presets.
    pub linear: f64,
    /// Constant: 140, but 108 in two presets.
    pub constant: f64,
    /// Membrane potential at which it spikes: 30.
    pub v_th: f64,
    /// Membrane potential at the start; the recovery current starts at `b` times it.
    pub v_start: f64,
}

impl IzhikevichParameters {
    /// A neuron of the given `a`, `b`, `c` and `d`, that starts at `v_start`.
    pub fn new(a: f64, b: f64, c: f64, d: f64, v_start: f64) -> Self {
        Self { a, b, c, d, square: 0.04, linear: 5.0, constant: 140.0, v_th: 30.0, v_start }
    }
}

/// The twenty behaviours of Izhikevich's neuron.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "they are named after what they do")]
pub enum IzhikevichPreset {
    TonicSpiking,
    PhasicSpiking,
    TonicBursting,
    PhasicBursting,
    MixedMode,
    SpikeFrequencyAdaptation,
    Class1Excitable,
    Class2Excitable,
    SpikeLatency,
    SubthresholdOscillation,
    Resonator,
    Integrator,
    ReboundSpike,
    ReboundBurst,
    ThresholdVariability,
    Bistability,
    DepolarizingAfterPotential,
    /// In the paper its recovery current follows `b (v + 65)`.
    Accommodation,
    InhibitionInducedSpiking,
    InhibitionInducedBursting,
}

impl IzhikevichPreset {
    /// The published parameters.
    pub fn parameters(self) -> IzhikevichParameters {
        let new = IzhikevichParameters::new;
        let with_class_1 =
            |p: IzhikevichParameters| IzhikevichParameters { linear: 4.1, constant: 108.0, ..p };
        match self {
            Self::TonicSpiking | Self::SpikeLatency => new(0.02, 0.2, -65.0, 6.0, -70.0),
            Self::PhasicSpiking => new(0.02, 0.25, -65.0, 6.0, -64.0),
            Self::TonicBursting => new(0.02, 0.2, -50.0, 2.0, -70.0),
            Self::PhasicBursting => new(0.02, 0.25, -55.0, 0.05, -64.0),
            Self::MixedMode => new(0.02, 0.2, -55.0, 4.0, -70.0),
            Self::SpikeFrequencyAdaptation => new(0.01, 0.2, -65.0, 8.0, -70.0),
            Self::Class1Excitable => with_class_1(new(0.02, -0.1, -55.0, 6.0, -60.0)),
            Self::Class2Excitable => new(0.2, 0.26, -65.0, 0.0, -64.0),
            Self::SubthresholdOscillation => new(0.05, 0.26, -60.0, 0.0, -62.0),
            Self::Resonator => new(0.1, 0.26, -60.0, -1.0, -62.0),
            Self::Integrator => with_class_1(new(0.02, -0.1, -55.0, 6.0, -60.0)),
            Self::ReboundSpike | Self::ThresholdVariability => new(0.03, 0.25, -60.0, 4.0, -64.0),
            Self::ReboundBurst => new(0.03, 0.25, -52.0, 0.0, -64.0),
            Self::Bistability => new(0.1, 0.26, -60.0, 0.0, -61.0),
            Self::DepolarizingAfterPotential => new(1.0, 0.2, -60.0, -21.0, -70.0),
            Self::Accommodation => new(0.02, 1.0, -55.0, 4.0, -65.0),
            Self::InhibitionInducedSpiking => new(-0.02, -1.0, -60.0, 8.0, -63.8),
            Self::InhibitionInducedBursting => new(-0.026, -1.0, -45.0, -2.0, -63.8),
        }
    }
}

impl NonlinearIfConfig {
    /// Izhikevich's neuron with steps of `kappa` ms (below 1), reset in the step of the spike. The
    /// input is the current `I` of the paper.
    pub fn izhikevich(p: IzhikevichParameters, kappa: f64) -> Self {
        let lif = LifConfig::new(Decay::factor(1.0 - kappa))
            .with_threshold(Values::One(p.v_th))
            .with_v_leak(p.v_start)
            .with_reset(Reset::ToValue(p.c));
        let drift = Drift::Quadratic { square: p.square, linear: p.linear, constant: p.constant };
        let current =
            AdaptationCurrent { rate: kappa * p.a, coupling: p.b, v_rest: 0.0, jump: p.d };
        Self::new(CubaLifConfig::new(Decay::factor(0.0), lif), drift).with_adaptation(Some(current))
    }
}

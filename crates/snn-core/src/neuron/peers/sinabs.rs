//! sinabs: exponential decays with time constants in steps, several spikes in a step, a subtracting
//! reset that carries their gradient, a surrogate as wide as the threshold is high.

use crate::coefficient::Values;
use crate::decay::Decay;
use crate::neuron::alif::AdaptationTiming;
use crate::neuron::options::{InputGain, InputOrder};
use crate::neuron::{AlifConfig, CubaLifConfig, LiConfig, LifConfig};
use crate::surrogate::{SpikeTest, Surrogate, SurrogateUnit};

impl LifConfig {
    /// `LIF(tau_mem, norm_input)`. sinabs normalizes the input unless told otherwise, and learns
    /// `tau_mem` ([`with_learn_beta`](Self::with_learn_beta)).
    pub fn sinabs_lif(tau_mem: impl Into<Values>, norm_input: bool) -> Self {
        Self::sinabs(Decay::exact(tau_mem, 1.0), gain(norm_input))
    }

    /// `IAF()`. Conversion from a trained network sets its `min_v_mem`
    /// ([`with_v_min`](Self::with_v_min)) to -1.
    pub fn sinabs_iaf() -> Self {
        Self::sinabs(Decay::factor(1.0), InputGain::Unit)
    }

    fn sinabs(beta: Decay, gain: InputGain) -> Self {
        Self::new(beta)
            .with_input_gain(gain)
            .with_detach_reset(false)
            .with_spike_test(SpikeTest::Multiple { max: None })
            .with_surrogate(Surrogate::sinabs_single_exponential(0.5, 1.0))
            .with_surrogate_unit(SurrogateUnit::Threshold)
    }
}

fn gain(norm_input: bool) -> InputGain {
    match norm_input {
        true => InputGain::OneMinusBeta,
        false => InputGain::Unit,
    }
}

impl CubaLifConfig {
    /// `LIF` or `IAF` with `tau_syn`.
    pub fn sinabs(tau_syn: impl Into<Values>, lif: LifConfig) -> Self {
        Self::new(Decay::exact(tau_syn, 1.0), lif).with_input_order(InputOrder::SameStepAfterDecay)
    }
}

impl LiConfig {
    /// `ExpLeak(tau_mem, norm_input)`. sinabs does not normalize the input unless told to.
    pub fn sinabs_exp_leak(tau_mem: impl Into<Values>, norm_input: bool) -> Self {
        Self::new(Decay::exact(tau_mem, 1.0)).with_input_gain(gain(norm_input))
    }
}

impl AlifConfig {
    /// `ALIF(tau_mem, tau_adapt, norm_input, adapt_scale)`: one spike in a step, after which the
    /// threshold is `adapt_scale (1 - exp(-1 / tau_adapt))` higher. sinabs' defaults are a normalized
    /// input and a scale of 1.8. Without `tau_syn`: the synaptic current is the input.
    pub fn sinabs_alif(
        tau_mem: impl Into<Values>,
        tau_adapt: impl Into<Values>,
        norm_input: bool,
        adapt_scale: f64,
    ) -> Self {
        let lif = LifConfig::sinabs_lif(tau_mem, norm_input).with_spike_test(SpikeTest::AtOrAbove);
        let cuba = CubaLifConfig::new(Decay::factor(0.0), lif);
        Self::new(cuba, Decay::exact(tau_adapt, 1.0), adapt_scale)
            .with_timing(AdaptationTiming::TestBeforeDecay)
            .with_normalized_jump(true)
    }
}

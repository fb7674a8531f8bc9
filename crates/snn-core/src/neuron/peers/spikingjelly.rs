//! SpikingJelly: it spikes at the threshold, leaks to the reset potential, and keeps the reset in the
//! gradient unless told otherwise (`detach_reset`).

use crate::decay::Decay;
use crate::neuron::LifConfig;
use crate::neuron::options::{InputGain, Reset};
use crate::surrogate::{SpikeTest, Surrogate};

impl LifConfig {
    /// `IFNode(v_reset)`; `None` is the soft reset.
    pub fn spikingjelly_if(v_reset: Option<f64>) -> Self {
        Self::spikingjelly(Decay::factor(1.0), InputGain::Unit, v_reset)
    }

    /// `LIFNode(tau, decay_input, v_reset)`; `tau` is in steps.
    pub fn spikingjelly_lif(tau: f64, decay_input: bool, v_reset: Option<f64>) -> Self {
        Self::spikingjelly(Decay::euler(tau, 1.0), gain(decay_input), v_reset)
    }

    /// `ParametricLIFNode(init_tau, decay_input, v_reset)`: the time constant is learned.
    pub fn spikingjelly_plif(init_tau: f64, decay_input: bool, v_reset: Option<f64>) -> Self {
        Self::spikingjelly(Decay::parametric(init_tau, 1.0), gain(decay_input), v_reset)
            .with_learn_beta(true)
    }

    fn spikingjelly(beta: Decay, gain: InputGain, v_reset: Option<f64>) -> Self {
        Self::new(beta)
            .with_input_gain(gain)
            .with_v_leak(v_reset.unwrap_or(0.0))
            .with_reset(v_reset.map_or(Reset::Subtract, Reset::ToValue))
            .with_detach_reset(false)
            .with_spike_test(SpikeTest::AtOrAbove)
            .with_surrogate(Surrogate::Sigmoid { slope: 4.0 })
    }
}

fn gain(decay_input: bool) -> InputGain {
    match decay_input {
        true => InputGain::OneMinusBeta,
        false => InputGain::Unit,
    }
}

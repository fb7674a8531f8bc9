//! The linear neurons with every combination of their options, twice: for the library and for a
//! reference.

mod gradients;
pub mod reference;

use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use snn::core::Decay;
use snn::core::neuron::{
    CubaLif, CubaLifConfig, InputGain, InputOrder, Lif, LifConfig, Neuron, Reset, ResetTiming,
};
use snn::core::recurrent::{Connection, Dense, Recurrent};
use snn::core::surrogate::Surrogate;

use crate::linear::reference::Layer;

/// The library's neuron for a layer of the reference, with everything learnable learned.
#[expect(clippy::large_enum_variant, reason = "a handful of them live at once")]
pub enum Own {
    Lif(Lif),
    CubaLif(CubaLif),
    Recurrent(Recurrent<CubaLif>),
}

impl Own {
    pub fn new(layer: &Layer, device: &Device) -> Self {
        let lif = LifConfig::new(Decay::factor(layer.beta))
            .with_threshold(layer.threshold.into())
            .with_v_leak(layer.v_leak)
            .with_input_gain(layer.gain)
            .with_reset(layer.reset)
            .with_reset_timing(layer.timing)
            .with_detach_reset(layer.detach_reset)
            .with_surrogate(Surrogate::FastSigmoid { slope: layer.slope })
            .with_learn_beta(true)
            .with_learn_threshold(true);
        let Some(alpha) = layer.alpha else {
            return Self::Lif(lif.init(device).unwrap());
        };
        let cuba = CubaLifConfig::new(Decay::factor(alpha), lif)
            .with_input_order(layer.order)
            .with_learn_alpha(true)
            .init(device)
            .unwrap();
        if layer.recurrent.is_empty() {
            return Self::CubaLif(cuba);
        }
        let size = layer.recurrent.len();
        let weights = TensorData::new(layer.recurrent.concat(), [size, size]);
        let dense = Dense::new(Tensor::from_data(weights, device), None, true);
        let connection = Connection::Dense(dense);
        Self::Recurrent(Recurrent { neuron: cuba, connection })
    }

    /// Spikes and membranes over `[T, B, N]`, from rest.
    pub fn record(&self, x: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
        let ([_, batch, neurons], device) = (x.dims(), x.device());
        let shape = [batch, neurons];
        match self {
            Self::Lif(neuron) => {
                let (z, states) = neuron.record(x, neuron.initial_state(shape, &device));
                (z, states.v)
            }
            Self::CubaLif(neuron) => {
                let (z, states) = neuron.record(x, neuron.initial_state(shape, &device));
                (z, states.v)
            }
            Self::Recurrent(neuron) => {
                let (z, states) = neuron.record(x, neuron.initial_state(shape, &device));
                (z, states.neuron.v)
            }
        }
    }

    /// Recurrent weights, if it has any.
    pub fn recurrent_weight(&self) -> Option<Tensor<2>> {
        match self {
            Self::Recurrent(Recurrent { connection: Connection::Dense(dense), .. }) => {
                Some(dense.linear.weight.val())
            }
            _ => None,
        }
    }

    /// Learned scalars by name.
    pub fn scalars(&self) -> Vec<(&'static str, Tensor<1>)> {
        let (alpha, beta, threshold) = match self {
            Self::Lif(neuron) => (None, neuron.beta(), neuron.threshold()),
            Self::CubaLif(neuron) => (Some(neuron.alpha()), neuron.beta(), neuron.threshold()),
            Self::Recurrent(Recurrent { neuron, .. }) => {
                (Some(neuron.alpha()), neuron.beta(), neuron.threshold())
            }
        };
        let named = [("alpha", alpha), ("beta", Some(beta)), ("threshold", Some(threshold))];
        let param = |(name, coefficient): (_, Option<&snn::core::Coefficient>)| {
            Some((name, coefficient?.param()?.val()))
        };
        named.into_iter().filter_map(param).collect()
    }
}

/// Layers that together use every option.
pub fn layers() -> Vec<Layer> {
    let base = Layer {
        alpha: None,
        beta: 0.9,
        threshold: 1.0,
        v_leak: 0.0,
        gain: InputGain::Unit,
        order: InputOrder::SameStep,
        reset: Reset::Subtract,
        timing: ResetTiming::Immediate,
        detach_reset: true,
        slope: 5.0,
        recurrent: Vec::new(),
    };
    let mut layers = Vec::new();
    let resets = [Reset::Subtract, Reset::ToValue(0.0), Reset::ToValue(-0.2), Reset::None];
    let timings = [
        ResetTiming::Immediate,
        ResetTiming::NextStepBeforeInput,
        ResetTiming::NextStepAfterInput,
        ResetTiming::ImmediateLessPending,
    ];
    for reset in resets {
        for timing in timings {
            for detach_reset in [true, false] {
                layers.push(Layer { reset, timing, detach_reset, ..base.clone() });
            }
        }
    }
    layers.push(Layer { gain: InputGain::Factor(0.6), ..base.clone() });
    let orders = [
        InputOrder::SameStep,
        InputOrder::SameStepBeforeDecay,
        InputOrder::SameStepAfterDecay,
        InputOrder::NextStep,
    ];
    for order in orders {
        let cuba = Layer { alpha: Some(0.7), order, beta: 0.8, ..base.clone() };
        layers.push(cuba.clone());
        let leaky =
            Layer { gain: InputGain::OneMinusBeta, v_leak: 0.1, threshold: 0.3, ..cuba.clone() };
        layers.push(Layer { reset: Reset::ToValue(-0.1), detach_reset: false, ..leaky.clone() });
        let recurrent = vec![vec![0.3, -0.5], vec![0.6, 0.2]];
        // snnTorch's RSynaptic(reset_delay=False), as its documentation has it.
        let timing = ResetTiming::ImmediateLessPending;
        let immediate = Layer { timing, detach_reset: false, recurrent: recurrent.clone(), ..cuba };
        layers.push(immediate);
        layers.push(Layer { recurrent, ..leaky });
    }
    layers
}

/// Inputs `[T][N]` that make the layers spike now and then.
pub fn inputs(steps: usize, neurons: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = || f64::from(rng.random_range(-0.2f32..1.0));
    (0..steps).map(|_| (0..neurons).map(|_| draw()).collect()).collect()
}

/// `[T][N]` as `[T, 1, N]`.
pub fn sequence(x: &[Vec<f64>], device: &Device) -> Tensor<3> {
    Tensor::from_data(TensorData::new(x.concat(), [x.len(), 1, x[0].len()]), device)
}

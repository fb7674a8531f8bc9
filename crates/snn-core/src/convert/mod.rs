//! From a trained network of analog neurons to a spiking one.
//!
//! Every rectified linear unit becomes an integrate-and-fire neuron, whose rate stands for its activation:
//!
//! ```text
//! v ← v + x                     x: W times the spikes of the layer in front, + b
//! n = ⌊v / θ⌋, if v ≥ θ         spikes in this step
//! v ← max(v - n θ, v_min)
//! ```
//!
//! | layer | becomes |
//! |---|---|
//! | `Linear`, `Conv2d` | the same with other weights |
//! | `Relu` | integrate-and-fire neurons |
//! | `QuantizedRelu` | the same, at most one spike in a step, from where levels are rounded: `θ / 2` |
//! | `AvgPool2d` | `SumPool2d`; the factor goes into the next weights, so that spikes stay whole |
//! | `MaxPool2d` | [`SpikingMaxPool2d`](crate::layer::SpikingMaxPool2d): exact in the number of spikes |
//! | `BatchNorm` | nothing: it is folded into the weights before it, also through poolings, or after it |
//! | `Dropout` | nothing |
//! | `Flatten`, `SumPool2d` | the same |
//!
//! Any other layer is an error. [`ConversionConfig::convert`] takes weights as they are, as sinabs'
//! `from_model` does; [`ConversionConfig::convert_normalized`] scales them by activations first (Rueckauer
//! et al., *Conversion of Continuous-Valued Deep Networks to Efficient Event-Driven Networks for Image
//! Classification*, Frontiers in Neuroscience 11, 2017). [`Conversion::correct_biases`] makes up for what
//! is left (Li et al., *A Free Lunch From ANN*, ICML 2021).
//!
//! State is explicit, as in every [`Sequential`]: it persists where it is handed on,
//! and a default state is rest.

mod affine;
mod bias;
mod builder;
mod error;
mod normalize;
mod poolings;
mod report;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use burn::config::Config;
use burn::tensor::Tensor;

use crate::error::{ConfigError, at_least_one, check, finite, positive};
use crate::neuron::LifConfig;
use crate::sequential::Sequential;
use crate::surrogate::SpikeTest;
use builder::Builder;
pub use error::ConversionError;
pub use normalize::{Normalization, ScaleBy};
pub use report::{ConversionReport, ConversionStep};

/// How networks are converted.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::{Device, Tensor};
/// use snn_core::convert::{ConversionConfig, Normalization};
/// use snn_core::sequential::{LayerConfig, SequentialConfig, SequentialState};
///
/// let device = Device::default();
/// let ann = SequentialConfig::new()
///     .layer(LinearConfig::new(4, 16))
///     .layer(LayerConfig::Relu)
///     .layer(LinearConfig::new(16, 3))
///     .init(&device)?;
/// let x = Tensor::<2>::ones([2, 4], &device) * 0.7;
/// let (expected, _) = ann.step::<2, 2>(x.clone(), SequentialState::default());
///
/// let normalization = Normalization::new(99.9);
/// let converted = ConversionConfig::new()
///     .with_initial_membrane(0.5)
///     .convert_normalized(&ann, &x, &normalization)?;
/// println!("{}", converted.report);
/// let rest = SequentialState::default();
/// let (y, _) = converted.network.forward_static::<2, 3>(x, 200, rest);
/// let error = (y.mean_dim(0).squeeze_dim::<2>(0) - expected).abs().max();
/// assert!(error.into_scalar::<f32>() < 0.02);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct ConversionConfig {
    /// Membrane at which a neuron spikes.
    ///
    /// [`convert_normalized`](Self::convert_normalized) gives it weights to match, so that rates do not
    /// depend on it. [`convert`](Self::convert) leaves weights as they are, as sinabs does: at half the
    /// threshold there are twice the spikes, in every layer anew, and a spike of layer `k` stands for
    /// `s^k`, with `s` for what a spike takes from the membrane. Biases behind the first neurons, and
    /// what a `BatchNorm` there adds, are then not in proportion, unless `s` is 1.
    #[config(default = 1.0)]
    pub threshold: f64,
    /// What a spike takes from the membrane; as much as the threshold if it is not given. With `s` in
    /// place of the threshold, `n = ⌊(v - θ) / s⌋ + 1` if `v ≥ θ`.
    #[config(default = "None")]
    pub membrane_subtract: Option<f64>,
    /// Lower bound of the membrane. sinabs has -1; without one no input is ever forgotten.
    #[config(default = "Some(-1.0)")]
    pub v_min: Option<f64>,
    /// Membrane at rest, as a share of the threshold: 0.5 rounds rates instead of cutting them off, where a
    /// spike takes as much as the threshold. `QuantizedRelu` starts where it rounds in any case.
    #[config(default = 0.0)]
    pub initial_membrane: f64,
    /// Largest number of spikes in a step, if there is to be one.
    #[config(default = "None")]
    pub max_spikes: Option<u32>,
    /// Number of steps over which the input of the original is spread: biases, which are added at every
    /// step, are divided by it. 1 if each step gets what the original gets, or spikes at that rate.
    #[config(default = 1.0)]
    pub bias_steps: f64,
    /// Put neurons behind the last layer, if that has weights and no activation.
    #[config(default = false)]
    pub spiking_output: bool,
}

impl Default for ConversionConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// A converted network.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// The spiking network. Its output is spikes if the original ends with an activation, else currents,
    /// whose mean over time is the original's output.
    pub network: Sequential,
    /// What was done.
    pub report: ConversionReport,
    /// What one spike, or a current of one, of the output stands for in the output of the original.
    pub output_scale: f32,
    /// What a spike takes from a membrane.
    subtract: f32,
    /// What became of the activations of the original.
    units: Vec<Units>,
}

/// An activation of the original and the neurons that stand for it.
#[derive(Debug, Clone)]
struct Units {
    /// Number of the activation's layer in the original.
    analog: usize,
    /// Number of the neurons' layer.
    spiking: usize,
    /// Number of the layer with their weights.
    weights: usize,
    /// Mean gain of the poolings between weights and neurons for a bias of one.
    gain: f32,
    /// What a spike of each channel stands for, or of all.
    scale: Vec<f32>,
}

impl ConversionConfig {
    /// A spiking network with the weights of `ann`, for samples of shape `sample`, without `B`.
    ///
    /// Only a [`QuantizedRelu`](crate::layer::QuantizedRelu) scales the weights in front of it: its largest
    /// output is a spike in every step.
    ///
    /// # Errors
    ///
    /// Names the first layer that cannot be converted, or does not fit, or the number of this
    /// configuration that makes no sense. Pools that average spikes must have windows that are all equally
    /// large.
    pub fn convert(
        &self,
        ann: &Sequential,
        sample: &[usize],
    ) -> Result<Conversion, ConversionError> {
        self.build(ann, sample, None)
    }

    /// The same with weights scaled so that a spike in each step stands for a large activation of `data`,
    /// `[B, ...]`.
    ///
    /// # Errors
    ///
    /// Those of [`convert`](Self::convert), and a `normalization` that makes no sense, and data whose
    /// activations are not finite.
    pub fn convert_normalized<const D: usize>(
        &self,
        ann: &Sequential,
        data: &Tensor<D>,
        normalization: &Normalization,
    ) -> Result<Conversion, ConversionError> {
        let scales = normalize::scales(ann, data, normalization)?;
        self.build(ann, &data.dims()[1..], Some(scales))
    }

    /// With `scales` for what a spike is to stand for, by the number of the activation's layer.
    fn build(
        &self,
        ann: &Sequential,
        sample: &[usize],
        scales: Option<BTreeMap<usize, Vec<f32>>>,
    ) -> Result<Conversion, ConversionError> {
        let neuron = self.neuron()?;
        let bias_steps = positive("bias_steps", self.bias_steps)?;
        let summary = ann.summary(sample)?;
        let mut builder = Builder::new(neuron, scales, sample);
        for (index, (layer, line)) in ann.layers.iter().zip(&summary.layers).enumerate() {
            builder.add(index, layer, &line.output)?;
        }
        builder.finish(self.spiking_output, bias_steps)
    }

    /// What rectified linear units become.
    fn neuron(&self) -> Result<LifConfig, ConfigError> {
        let threshold = positive("threshold", self.threshold)?;
        let subtract = positive("membrane_subtract", self.membrane_subtract.unwrap_or(threshold))?;
        let share = finite("initial_membrane", self.initial_membrane)?;
        check("initial_membrane", share, "a number below 1", share < 1.0)?;
        if let Some(v_min) = self.v_min {
            let below = v_min.is_finite() && v_min < threshold;
            check("v_min", v_min, "a finite number below the threshold", below)?;
        }
        if let Some(max) = self.max_spikes {
            at_least_one("max_spikes", max as usize)?;
        }
        // Measured from here, the membrane spikes as often as what is subtracted fits into it.
        let origin = threshold - subtract;
        Ok(LifConfig::sinabs_iaf()
            .with_threshold(subtract.into())
            .with_v_leak(share * threshold - origin)
            .with_v_min(self.v_min.map(|v_min| v_min - origin))
            .with_spike_test(SpikeTest::Multiple { max: self.max_spikes }))
    }
}

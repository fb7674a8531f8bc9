//! A spiking network, layer by layer.

use std::collections::BTreeMap;

use burn::nn::BatchNorm;
use burn::nn::pool::{AvgPool2d, MaxPool2d};
use burn::tensor::Tensor;

use super::affine::Affine;
use super::error::ConversionError;
use super::poolings::Poolings;
use super::report::{ConversionReport, ConversionStep};
use super::{Conversion, Units};
use crate::kernel;
use crate::layer::{SpikingMaxPool2d, SumPool2d, UNEQUAL_WINDOWS};
use crate::neuron::{AnyNeuron, LifConfig};
use crate::sequential::{Layer, Sequential, Weights, parameters};
use crate::surrogate::SpikeTest;
use crate::window::Window;

pub(super) struct Builder {
    neuron: LifConfig,
    /// What a spike is to stand for, by the number of the activation's layer; weights stay as they are if
    /// there are none.
    scales: Option<BTreeMap<usize, Vec<f32>>>,
    layers: Vec<Layer>,
    steps: Vec<ConversionStep>,
    units: Vec<Units>,
    /// The layer whose weights make the currents that flow here; `None` where events do.
    driven_by: Option<usize>,
    /// Poolings after these weights.
    poolings: Poolings,
    /// From what flows here to the original, as the next weights will make up for it.
    relation: Affine,
    /// What a one here stands for besides, and no weights make up for: weights that stay as they are
    /// do not go with what a spike takes from the membrane.
    unit: f32,
    sample: Vec<usize>,
}

/// What is done with a layer, or why nothing can be.
type Done = Result<String, String>;

impl Builder {
    pub(super) fn new(
        neuron: LifConfig,
        scales: Option<BTreeMap<usize, Vec<f32>>>,
        sample: &[usize],
    ) -> Self {
        Self {
            neuron,
            scales,
            layers: Vec::new(),
            steps: Vec::new(),
            units: Vec::new(),
            driven_by: None,
            poolings: Poolings::none(),
            relation: Affine::identity(sample.first().copied().unwrap_or(1)),
            unit: 1.0,
            sample: sample.to_vec(),
        }
    }

    /// Adds what becomes of number `index` of the original's layers, whose samples then have the shape
    /// `output`.
    pub(super) fn add(
        &mut self,
        index: usize,
        layer: &Layer,
        output: &[usize],
    ) -> Result<(), ConversionError> {
        let name = layer.name();
        if !parameters(layer).into_iter().all(f64::is_finite) {
            return Err(ConversionError::NotFinite { layer: index, name, what: "weights" });
        }
        let done = match layer {
            Layer::Linear(_) | Layer::Conv2d(_) => self.weights(layer.clone()),
            Layer::Relu(_) if self.driven_by.is_none() && self.is_rectified() => {
                Ok("left out: spikes are not negative".into())
            }
            Layer::Relu(_) => {
                let scale = self.scales.as_ref().and_then(|scales| scales.get(&index).cloned());
                self.rectify(index, scale, self.neuron.clone())
            }
            Layer::QuantizedRelu(relu) => {
                // From half of what a spike takes, levels are rounded.
                let neuron = self.neuron.clone();
                let neuron = neuron
                    .with_spike_test(SpikeTest::Multiple { max: Some(1) })
                    .with_v_leak(self.subtract() / 2.0);
                self.rectify(index, Some(vec![relu.largest()]), neuron)
            }
            Layer::AvgPool2d(pool) => self.average(pool),
            Layer::SumPool2d(pool) => self.sum(pool),
            Layer::MaxPool2d(pool) => self.largest(pool),
            Layer::BatchNorm(norm) => self.normalize(norm),
            Layer::Flatten(_) => {
                self.relation.flatten(self.sample.iter().skip(1).product());
                self.layers.push(layer.clone());
                Ok("kept".into())
            }
            Layer::Dropout(_) => Ok("left out".into()),
            Layer::Neuron(_) | Layer::Recurrent(_) | Layer::SpikingMaxPool2d(_) => {
                Err("it is of a spiking network".into())
            }
            Layer::ThresholdDependentBatchNorm(_)
            | Layer::TemporalEffectiveBatchNorm(_)
            | Layer::BatchNormThroughTime(_) => {
                Err("it normalizes spiking networks; use BatchNorm".into())
            }
        };
        let action = done.map_err(|reason| {
            let name = name.clone();
            ConversionError::Unsupported { layer: index, name, reason }
        })?;
        self.sample = output.to_vec();
        self.steps.push(ConversionStep { layer: index, name, output: output.to_vec(), action });
        Ok(())
    }

    fn weights(&mut self, mut layer: Layer) -> Done {
        if let Layer::Conv2d(conv) = &layer
            && self.relation.is_shifted()
            && self.is_padded(&Window::from(conv))
        {
            return Err(PADDED_SHIFT.into());
        }
        let plain = self.relation.is_identity();
        if let Some(mut weights) = Weights::of(&mut layer) {
            if !plain {
                self.relation.fold_forward(&mut weights);
            }
            self.relation = Affine::identity(weights.outputs());
        }
        self.driven_by = Some(self.layers.len());
        self.poolings = Poolings::none();
        self.layers.push(layer);
        Ok(if plain { "weights as they are" } else { "weights scaled by what came before" }.into())
    }

    /// Puts neurons here whose spikes stand for `scale`, or, if there is none, for what the weights
    /// make of it as they are.
    fn rectify(&mut self, index: usize, scale: Option<Vec<f32>>, neuron: LifConfig) -> Done {
        let subtract = self.subtract() as f32;
        let weights_at = self.driven_by;
        let weights = weights_at.and_then(|at| Some((at, Weights::of(&mut self.layers[at])?)));
        let Some((weights_at, mut weights)) = weights else {
            return Err(
                "there are no weights between it and the activation or the input before it: \
                        put a Linear or Conv2d there, or leave it out"
                    .into(),
            );
        };
        let outputs = weights.outputs();
        let scale = match scale {
            None => {
                self.unit *= subtract;
                vec![1.0; outputs]
            }
            Some(scale) => {
                // Behind a flattening there is more than one neuron to an output.
                let scale = match scale.len() {
                    1 => vec![scale[0]; outputs],
                    length if length == outputs => scale,
                    _ => vec![scale.iter().copied().fold(0.0, f32::max); outputs],
                };
                if self.unit != 1.0 {
                    weights.scale_input(self.unit);
                    self.unit = 1.0;
                }
                let factors: Vec<f32> = scale.iter().map(|scale| subtract / scale).collect();
                if factors.iter().any(|factor| *factor != 1.0) {
                    weights.scale_output(&factors);
                }
                scale
            }
        };
        let neuron = neuron.init(&weights.device()).map_err(|error| error.to_string())?;
        let pixels = self.sample[0] / outputs;
        self.relation = Affine::scaled(scale.clone());
        self.relation.flatten(pixels);
        let scale: Vec<f32> = scale.iter().map(|scale| scale * self.unit).collect();
        let (low, high) = scale
            .iter()
            .fold((f32::MAX, 0.0_f32), |(low, high), scale| (low.min(*scale), high.max(*scale)));
        let spiking = self.layers.len();
        let gain = self.poolings.gain;
        self.units.push(Units { analog: index, spiking, weights: weights_at, gain, scale });
        self.layers.push(Layer::Neuron(AnyNeuron::Lif(neuron)));
        self.driven_by = None;
        Ok(match low == high {
            true => format!("integrate-and-fire; a spike stands for {high}"),
            false => format!("integrate-and-fire; a spike stands for {low} to {high}"),
        })
    }

    fn average(&mut self, pool: &AvgPool2d) -> Done {
        let padded = self.is_padded(&Window::from(pool)) && pool.count_include_pad;
        if let Some(ones) = self.ones() {
            self.poolings.add_linear(kernel::avg_pool2d(pool, false, ones), 1.0);
            self.layers.push(Layer::AvgPool2d(pool.clone()));
            return Ok("kept: it averages currents".into());
        }
        let sum = SumPool2d::of_average(pool).ok_or(UNEQUAL_WINDOWS)?;
        if padded && self.relation.is_shifted() {
            return Err(PADDED_SHIFT.into());
        }
        let window = sum.window();
        self.relation.mean_for_sum(window);
        self.layers.push(Layer::SumPool2d(sum));
        Ok(format!("sum pooling; {} goes into the next weights", 1.0 / window as f32))
    }

    fn sum(&mut self, pool: &SumPool2d) -> Done {
        match self.ones() {
            Some(ones) => self.poolings.add_linear(pool.forward(ones), pool.window() as f32),
            None if !pool.has_equal_windows() => return Err(UNEQUAL_WINDOWS.into()),
            None => {}
        }
        if self.is_padded(&Window::from(&pool.mean)) && self.relation.is_shifted() {
            return Err(PADDED_SHIFT.into());
        }
        self.relation.sum(pool.window());
        self.layers.push(Layer::SumPool2d(pool.clone()));
        Ok("kept".into())
    }

    fn largest(&mut self, pool: &MaxPool2d) -> Done {
        if let Some((channel, scale)) = self.relation.first_not_positive() {
            return Err(format!(
                "a BatchNorm before it scales channel {channel} by {scale}, which turns the largest value \
                 into the smallest: train with the BatchNorm after the pooling, or with a gamma above 0"
            ));
        }
        self.poolings.add_max();
        self.layers.push(Layer::SpikingMaxPool2d(SpikingMaxPool2d { pool: pool.clone() }));
        Ok("max pooling of what has come so far".into())
    }

    fn normalize(&mut self, norm: &BatchNorm) -> Done {
        let Some(weights_at) = self.driven_by else {
            self.relation.then(&Affine::of_norm(norm)?);
            return Ok("goes into the next weights".into());
        };
        let moved = self.poolings.moved_before(norm)?;
        match Weights::of(&mut self.layers[weights_at]) {
            Some(mut weights) if weights.outputs() == moved.channels() => {
                moved.fold_backward(&mut weights);
                Ok("folded into the weights before it".into())
            }
            _ => Err(format!(
                "it normalizes {} features, which are not the channels of the weights before it: train \
                 with the BatchNorm before the Flatten",
                moved.channels()
            )),
        }
    }

    /// An input of ones for a pooling of currents; `None` if spikes come here, or no weights are before it.
    fn ones(&mut self) -> Option<Tensor<4>> {
        let weights = Weights::of(&mut self.layers[self.driven_by?])?;
        let [_, height, width] = self.sample[..] else { return None };
        Some(Tensor::ones([1, 1, height, width], &weights.device()))
    }

    pub(super) fn finish(
        mut self,
        spiking_output: bool,
        bias_steps: f64,
    ) -> Result<Conversion, ConversionError> {
        let last = self.steps.len().saturating_sub(1);
        if spiking_output && self.driven_by.is_some() {
            let scale = self.scales.as_ref().map(|_| vec![1.0]);
            let done = self.rectify(last, scale, self.neuron.clone());
            // It is no activation of the original.
            self.units.pop();
            let action = done.map_err(|reason| self.unsupported(last, reason))?;
            if let Some(step) = self.steps.last_mut() {
                step.action = format!("{}; {action}", step.action);
            }
        }
        let Some(scale) = self.relation.common_scale() else {
            let reason = "no later weights can absorb the scaling of the BatchNorm or the scales of channels \
                          before it: end with a Linear or Conv2d";
            return Err(self.unsupported(last, reason.into()));
        };
        if bias_steps != 1.0 {
            for layer in &mut self.layers {
                if let Some(mut weights) = Weights::of(layer) {
                    weights.divide_bias(bias_steps);
                }
            }
        }
        Ok(Conversion {
            subtract: self.subtract() as f32,
            network: Sequential::new(self.layers),
            report: ConversionReport { steps: self.steps },
            output_scale: scale * self.unit,
            units: self.units,
        })
    }

    fn unsupported(&self, layer: usize, reason: String) -> ConversionError {
        let name = self.steps.get(layer).map_or_else(String::new, |step| step.name.clone());
        ConversionError::Unsupported { layer, name, reason }
    }

    /// What a spike takes from the membrane.
    fn subtract(&self) -> f64 {
        self.neuron.threshold.extreme(f64::max)
    }

    /// Whether what comes here is not negative: spikes, or sums of them.
    fn is_rectified(&self) -> bool {
        !self.units.is_empty() && self.relation.keeps_sign()
    }

    fn is_padded(&self, window: &Window<'_>) -> bool {
        let sides = self.sample.iter().skip(1).enumerate();
        sides.map(|(axis, size)| window.padding(axis, *size)).any(|padding| padding != (0, 0))
    }
}

const PADDED_SHIFT: &str = "a BatchNorm before it adds to its input, and it pads that with zeros: train \
                            with the BatchNorm before the activation, or without padding";

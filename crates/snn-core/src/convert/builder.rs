//! A spiking network, layer by layer.

use burn::nn::BatchNorm;
use burn::tensor::Tensor;

use super::error::ConversionError;
use super::report::{ConversionReport, ConversionStep};
use super::weights::{Weights, are_finite};
use super::{Conversion, Units};
use crate::layer::{SpikingMaxPool2d, SumPool2d};
use crate::neuron::{AnyNeuron, LifConfig};
use crate::sequential::{Layer, Sequential};
use crate::surrogate::SpikeTest;
use crate::window::Window;

pub(super) struct Builder {
    neuron: LifConfig,
    threshold: f64,
    layers: Vec<Layer>,
    steps: Vec<ConversionStep>,
    units: Vec<Units>,
    /// The layer whose weights make the currents that flow here; `None` where events do.
    driven_by: Option<usize>,
    /// Whether a pooling is behind these weights that does not leave a constant as it is, or an order.
    unequal: bool,
    /// What the original has here is, for each channel, the scale times what the spiking network has,
    /// plus the shift.
    scale: Vec<f32>,
    shift: Vec<f32>,
    sample: Vec<usize>,
}

/// What is done with a layer, or why nothing can be.
type Done = Result<String, String>;

impl Builder {
    pub(super) fn new(neuron: LifConfig, threshold: f64, sample: &[usize]) -> Self {
        let channels = sample.first().copied().unwrap_or(1);
        Self {
            neuron,
            threshold,
            layers: Vec::new(),
            steps: Vec::new(),
            units: Vec::new(),
            driven_by: None,
            unequal: false,
            scale: vec![1.0; channels],
            shift: vec![0.0; channels],
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
        scale: &impl Fn(usize) -> Vec<f32>,
    ) -> Result<(), ConversionError> {
        let name = layer.name();
        if !are_finite(layer) {
            return Err(ConversionError::NotFinite { layer: index, name, what: "weights" });
        }
        let done = match layer {
            Layer::Linear(_) | Layer::Conv2d(_) => self.weights(layer.clone()),
            Layer::Relu(_) if self.driven_by.is_none() && self.is_rectified() => {
                Ok("left out: spikes are not negative".into())
            }
            Layer::Relu(_) => self.rectify(index, scale(index), 1.0, self.neuron.clone()),
            Layer::QuantizedRelu(relu) => {
                // Weights go with the threshold, as if it was the largest output.
                let subtract = self.neuron.threshold.extreme(f64::max);
                let neuron = self.neuron.clone();
                let neuron = neuron
                    .with_spike_test(SpikeTest::Multiple { max: Some(1) })
                    .with_v_leak(subtract - self.threshold / 2.0);
                self.rectify(index, vec![relu.largest()], self.threshold as f32, neuron)
            }
            Layer::AvgPool2d(pool) => {
                let [height, width] = pool.kernel_size;
                let padded = self.is_padded(&Window::from(pool)) && pool.count_include_pad;
                match self.driven_by {
                    Some(_) => {
                        self.unequal |= padded;
                        self.layers.push(layer.clone());
                        Ok("kept: it averages currents".into())
                    }
                    None if padded && self.is_shifted() => Err(PADDED_SHIFT.into()),
                    None => {
                        self.layers.push(Layer::SumPool2d(SumPool2d { mean: pool.clone() }));
                        let factor = 1.0 / (height * width) as f32;
                        self.scale.iter_mut().for_each(|scale| *scale *= factor);
                        Ok(format!("sum pooling; {factor} goes into the next weights"))
                    }
                }
            }
            Layer::SumPool2d(pool) => {
                let [height, width] = pool.mean.kernel_size;
                if self.is_padded(&Window::from(&pool.mean)) && self.is_shifted() {
                    Err(PADDED_SHIFT.into())
                } else {
                    self.shift.iter_mut().for_each(|shift| *shift *= (height * width) as f32);
                    self.unequal = true;
                    self.layers.push(layer.clone());
                    Ok("kept".into())
                }
            }
            Layer::MaxPool2d(pool) => {
                if self.scale.iter().any(|scale| *scale <= 0.0) {
                    Err("a BatchNorm in front of it turns the largest into the smallest".into())
                } else {
                    self.unequal = true;
                    let pool = SpikingMaxPool2d { pool: pool.clone() };
                    self.layers.push(Layer::SpikingMaxPool2d(pool));
                    Ok("max pooling of what has come so far".into())
                }
            }
            Layer::BatchNorm(norm) => self.normalize(norm),
            Layer::Flatten(_) => {
                let pixels = self.sample[1..].iter().product();
                let each = |values: &[f32]| {
                    values.iter().flat_map(|x| std::iter::repeat_n(*x, pixels)).collect()
                };
                (self.scale, self.shift) = (each(&self.scale), each(&self.shift));
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
            && self.is_shifted()
            && self.is_padded(&Window::from(conv))
        {
            return Err(PADDED_SHIFT.into());
        }
        let plain = !self.is_shifted() && self.scale.iter().all(|scale| *scale == 1.0);
        if let Some(mut weights) = Weights::of(&mut layer) {
            if !plain {
                weights.take_input(&self.scale, &self.shift);
            }
            let outputs = weights.outputs();
            (self.scale, self.shift) = (vec![1.0; outputs], vec![0.0; outputs]);
        }
        self.driven_by = Some(self.layers.len());
        self.unequal = false;
        self.layers.push(layer);
        Ok(if plain { "weights as they are" } else { "weights scaled by what came before" }.into())
    }

    /// Puts neurons here whose spikes stand for so much, with weights that are `gain` times what that
    /// asks for.
    fn rectify(&mut self, index: usize, scale: Vec<f32>, gain: f32, neuron: LifConfig) -> Done {
        let weights_at = self.driven_by;
        let weights = weights_at.and_then(|at| Some((at, Weights::of(&mut self.layers[at])?)));
        let Some((weights_at, mut weights)) = weights else {
            return Err("there are no weights in front of it".into());
        };
        let outputs = weights.outputs();
        // Behind a flattening there is more than one neuron to an output.
        let scale = match scale.len() {
            1 => vec![scale[0]; outputs],
            length if length == outputs => scale,
            _ => vec![scale.iter().copied().fold(0.0, f32::max); outputs],
        };
        let factors: Vec<f32> = scale.iter().map(|scale| gain / scale).collect();
        if factors.iter().any(|factor| *factor != 1.0) {
            weights.scale_output(&factors);
        }
        let neuron = neuron.init(&weights.device()).map_err(|error| error.to_string())?;
        let (low, high) = scale
            .iter()
            .fold((f32::MAX, 0.0_f32), |(low, high), scale| (low.min(*scale), high.max(*scale)));
        let pixels = self.sample[0] / outputs;
        self.scale = scale.iter().flat_map(|x| std::iter::repeat_n(*x, pixels)).collect();
        self.shift = vec![0.0; self.scale.len()];
        let spiking = self.layers.len();
        self.units.push(Units { analog: index, spiking, weights: weights_at, scale });
        self.layers.push(Layer::Neuron(AnyNeuron::Lif(neuron)));
        self.driven_by = None;
        Ok(match low == high {
            true => format!("integrate-and-fire; a spike stands for {high}"),
            false => format!("integrate-and-fire; a spike stands for {low} to {high}"),
        })
    }

    fn normalize(&mut self, norm: &BatchNorm) -> Done {
        let values = |x: Tensor<1>| -> Vec<f32> { x.into_data().iter().collect() };
        let (gamma, beta) = (values(norm.gamma.val()), values(norm.beta.val()));
        let mean = values(norm.running_mean.value_sync());
        let variance = values(norm.running_var.value_sync());
        let scale: Vec<f32> = gamma
            .iter()
            .zip(&variance)
            .map(|(gamma, variance)| {
                (f64::from(*gamma) / (f64::from(*variance) + norm.epsilon).sqrt()) as f32
            })
            .collect();
        let shift = (0..scale.len()).map(|c| beta[c] - scale[c] * mean[c]).collect::<Vec<f32>>();
        if scale.iter().chain(&shift).any(|value| !value.is_finite()) {
            return Err("its parameters are not finite".into());
        }
        match self.driven_by {
            Some(_) if self.unequal => {
                Err("a pooling is between it and the weights in front of it".into())
            }
            Some(weights_at) => match Weights::of(&mut self.layers[weights_at]) {
                Some(mut weights) if weights.outputs() == scale.len() => {
                    weights.scale_output(&scale);
                    weights.add(&shift);
                    Ok("folded into the weights in front of it".into())
                }
                _ => Err("it does not normalize the channels of the weights in front".into()),
            },
            None => {
                for channel in 0..scale.len() {
                    self.scale[channel] *= scale[channel];
                    self.shift[channel] = self.shift[channel] * scale[channel] + shift[channel];
                }
                Ok("goes into the next weights".into())
            }
        }
    }

    pub(super) fn finish(
        mut self,
        spiking_output: bool,
        bias_steps: f64,
    ) -> Result<Conversion, ConversionError> {
        let last = self.steps.len().saturating_sub(1);
        if spiking_output && self.driven_by.is_some() {
            let done = self.rectify(last, vec![1.0], 1.0, self.neuron.clone());
            // It is no activation of the original.
            self.units.pop();
            let action = done.map_err(|reason| self.unsupported(last, reason))?;
            if let Some(step) = self.steps.last_mut() {
                step.action = format!("{}; {action}", step.action);
            }
        }
        let alike = self.scale.windows(2).all(|pair| pair[0] == pair[1]);
        if self.is_shifted() || !alike {
            let reason = "there are no weights behind it to make up for what came before";
            return Err(self.unsupported(last, reason.into()));
        }
        if bias_steps != 1.0 {
            for layer in &mut self.layers {
                if let Some(mut weights) = Weights::of(layer) {
                    weights.divide_bias(bias_steps);
                }
            }
        }
        Ok(Conversion {
            network: Sequential::new(self.layers),
            report: ConversionReport { steps: self.steps },
            output_scale: self.scale.first().copied().unwrap_or(1.0),
            threshold: self.threshold as f32,
            units: self.units,
        })
    }

    fn unsupported(&self, layer: usize, reason: String) -> ConversionError {
        let name = self.steps.get(layer).map_or_else(String::new, |step| step.name.clone());
        ConversionError::Unsupported { layer, name, reason }
    }

    /// Whether what comes here is not negative: spikes, or sums of them.
    fn is_rectified(&self) -> bool {
        let rectified = !self.units.is_empty() && !self.is_shifted();
        rectified && self.scale.iter().all(|scale| *scale >= 0.0)
    }

    fn is_shifted(&self) -> bool {
        self.shift.iter().any(|shift| *shift != 0.0)
    }

    fn is_padded(&self, window: &Window<'_>) -> bool {
        let sides = self.sample.iter().skip(1).enumerate();
        sides.map(|(axis, size)| window.padding(axis, *size)).any(|padding| padding != (0, 0))
    }
}

const PADDED_SHIFT: &str =
    "a BatchNorm in front of it adds to its input, and it pads that with zeros";

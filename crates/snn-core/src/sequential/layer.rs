//! A layer of a network.

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::conv::Conv2d;
use burn::nn::pool::{AvgPool2d, MaxPool2d};
use burn::nn::{BatchNorm, Linear, Relu};
use burn::tensor::Tensor;

use super::LayerError;
use super::activation::Activation;
use super::neurons::{self, Traces};
use crate::kernel;
use crate::layer::{
    BatchNormThroughTime, Dropout, Flatten, QuantizedRelu, SpikingMaxPool2d, SumPool2d,
    TemporalEffectiveBatchNorm, ThresholdDependentBatchNorm,
};
use crate::neuron::AnyNeuron;
use crate::recurrent::{Connection, Recurrent};
use crate::window::Window;

/// A layer of a [`Sequential`](super::Sequential). Samples are `[N]` or `[C, H, W]`.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "a network has a few, and a box is not a module")]
pub enum Layer {
    /// `[N]` to `[M]`.
    Linear(Linear),
    /// `[C, H, W]` to other maps.
    Conv2d(Conv2d),
    /// The largest value in each window of `[C, H, W]`.
    MaxPool2d(MaxPool2d),
    /// The largest sum over time in each window of `[C, H, W]`.
    SpikingMaxPool2d(SpikingMaxPool2d),
    /// The mean of each window of `[C, H, W]`.
    AvgPool2d(AvgPool2d),
    /// The sum of each window of `[C, H, W]`.
    SumPool2d(SumPool2d),
    /// Any shape to `[N]`.
    Flatten(Flatten),
    /// Drops the same neurons at every step.
    Dropout(Dropout),
    /// `max(x, 0)`
    Relu(Relu),
    /// `max(x, 0)` in a few levels.
    QuantizedRelu(QuantizedRelu),
    /// Burn's: over time, batch and space.
    BatchNorm(BatchNorm),
    /// Over time, batch and space; starts at the scale of the threshold.
    ThresholdDependentBatchNorm(ThresholdDependentBatchNorm),
    /// Over time, batch and space, with a scale for each step.
    TemporalEffectiveBatchNorm(TemporalEffectiveBatchNorm),
    /// Over batch and space, of its own for each step.
    BatchNormThroughTime(BatchNormThroughTime),
    /// Neurons; they run along `N` or `C`.
    Neuron(AnyNeuron),
    /// Neurons with a recurrent connection.
    Recurrent(Recurrent<AnyNeuron>),
}

impl Layer {
    /// Its name: that of the variant, or of the neuron.
    pub fn name(&self) -> String {
        match self {
            Self::Linear(_) => "Linear".into(),
            Self::Conv2d(_) => "Conv2d".into(),
            Self::MaxPool2d(_) => "MaxPool2d".into(),
            Self::SpikingMaxPool2d(_) => "SpikingMaxPool2d".into(),
            Self::AvgPool2d(_) => "AvgPool2d".into(),
            Self::SumPool2d(_) => "SumPool2d".into(),
            Self::Flatten(_) => "Flatten".into(),
            Self::Dropout(_) => "Dropout".into(),
            Self::Relu(_) => "Relu".into(),
            Self::QuantizedRelu(_) => "QuantizedRelu".into(),
            Self::BatchNorm(_) => "BatchNorm".into(),
            Self::ThresholdDependentBatchNorm(_) => "ThresholdDependentBatchNorm".into(),
            Self::TemporalEffectiveBatchNorm(_) => "TemporalEffectiveBatchNorm".into(),
            Self::BatchNormThroughTime(_) => "BatchNormThroughTime".into(),
            Self::Neuron(neuron) => neuron.name().into(),
            Self::Recurrent(recurrent) => format!("Recurrent {}", recurrent.neuron.name()),
        }
    }

    /// The number of steps for which it has values of its own.
    pub(super) fn steps(&self) -> Option<usize> {
        match self {
            Self::TemporalEffectiveBatchNorm(norm) => Some(norm.scale.dims()[0]),
            Self::BatchNormThroughTime(norm) => Some(norm.steps),
            _ => None,
        }
    }

    /// Whether the same input at every step may be another output at each.
    pub(super) fn changes_over_time(&self) -> bool {
        let pools = matches!(self, Self::SpikingMaxPool2d(_));
        self.steps().is_some() || self.has_neurons() || pools
    }

    /// Whether it is made of neurons.
    pub(crate) fn has_neurons(&self) -> bool {
        matches!(self, Self::Neuron(_) | Self::Recurrent(_))
    }

    /// Runs a convolution and the max pooling behind it at once, whose maps are then never all in memory.
    /// `sample` is the shape that samples will have after the pooling.
    pub(super) fn convolve_and_pool(
        conv: &Conv2d,
        pool: &MaxPool2d,
        x: Activation,
        sample: Vec<usize>,
    ) -> Activation {
        x.map(sample, |x| kernel::conv2d(conv, Some(pool), x))
    }

    /// Runs it on all steps; `sample` is the shape that its samples will have.
    pub(super) fn forward(
        &self,
        x: Activation,
        sample: Vec<usize>,
        state: Option<Vec<Tensor<4>>>,
        membranes: bool,
    ) -> (Activation, Option<Traces>) {
        let y = match self {
            Self::Linear(linear) => {
                x.map(sample, |x| kernel::linear_layer(linear, x.flatten(1, 3)))
            }
            Self::Conv2d(conv) => x.map(sample, |x| kernel::conv2d(conv, None, x)),
            Self::MaxPool2d(pool) => x.map(sample, |x| kernel::max_pool2d(pool, x)),
            Self::SpikingMaxPool2d(pool) => {
                let (y, sums) = pool.forward(x.for_neurons::<5>(), state.and_then(only));
                let traces = Traces { last: vec![sums], membranes: None };
                return (x.map(sample, |_| y), Some(traces));
            }
            Self::AvgPool2d(pool) => x.map(sample, |x| kernel::avg_pool2d(pool, false, x)),
            Self::SumPool2d(pool) => x.map(sample, |x| pool.forward(x)),
            Self::Flatten(flatten) => x.map(sample, |x| flatten.forward(x)),
            Self::Relu(relu) => x.map(sample, |x| relu.forward(x)),
            Self::QuantizedRelu(relu) => x.map(sample, |x| relu.forward(x)),
            Self::BatchNorm(norm) => x.map(sample, |x| norm.forward(x)),
            Self::Dropout(dropout) => x.map_over_time(|x| dropout.forward(x)),
            Self::ThresholdDependentBatchNorm(norm) => x.map_over_time(|x| norm.forward(x)),
            Self::TemporalEffectiveBatchNorm(norm) => x.map_over_time(|x| norm.forward(x)),
            Self::BatchNormThroughTime(norm) => x.map_over_time(|x| norm.forward(x)),
            Self::Neuron(neuron) => {
                let (y, traces) = neurons::run::<_, 5, 4>(neuron, &x, state, membranes);
                return (y, Some(traces));
            }
            Self::Recurrent(recurrent) => {
                let (y, traces) = match x.sample() {
                    [_] => neurons::run::<_, 3, 2>(recurrent, &x, state, membranes),
                    _ => neurons::run::<_, 5, 4>(recurrent, &x, state, membranes),
                };
                return (y, Some(traces));
            }
        };
        (y, None)
    }

    /// [`output`](Self::output), or an error that names this layer, number `index`.
    pub(super) fn checked_output(
        &self,
        index: usize,
        sample: &[usize],
    ) -> Result<Vec<usize>, LayerError> {
        self.output(sample).map_err(|expected| {
            let (name, got) = (self.name(), sample.to_vec());
            LayerError::Shape { layer: index, name, expected, got }
        })
    }

    /// The shape of its output for samples of this shape, or the shapes that it takes.
    fn output(&self, sample: &[usize]) -> Result<Vec<usize>, String> {
        match self {
            Self::Linear(linear) => {
                let [inputs, outputs] = linear.weight.dims();
                exactly(sample, &[inputs]).map(|_| vec![outputs])
            }
            Self::Conv2d(conv) => {
                let [outputs, per_group, ..] = conv.weight.dims();
                let (inputs, window) = (per_group * conv.groups, Window::from(conv));
                let places = window.over(sample).filter(|_| sample[0] == inputs);
                let [h, w] = places.ok_or_else(|| window.takes(&inputs.to_string()))?;
                Ok(vec![outputs, h, w])
            }
            Self::MaxPool2d(pool) => pooled(sample, pool.into()),
            Self::SpikingMaxPool2d(pool) => pooled(sample, (&pool.pool).into()),
            Self::AvgPool2d(pool) => pooled(sample, pool.into()),
            Self::SumPool2d(pool) => pooled(sample, (&pool.mean).into()),
            Self::Flatten(_) => Ok(vec![sample.iter().product()]),
            Self::Dropout(_) | Self::Relu(_) | Self::QuantizedRelu(_) => Ok(sample.to_vec()),
            Self::BatchNorm(norm) => channels(sample, norm.gamma.dims()[0]),
            Self::ThresholdDependentBatchNorm(layer) => {
                channels(sample, layer.norm.gamma.dims()[0])
            }
            Self::TemporalEffectiveBatchNorm(layer) => channels(sample, layer.norm.gamma.dims()[0]),
            Self::BatchNormThroughTime(layer) => {
                channels(sample, layer.norm.gamma.dims()[0] / layer.steps)
            }
            Self::Neuron(neuron) => own_values(neuron, sample),
            Self::Recurrent(Recurrent { neuron, connection }) => {
                own_values(neuron, sample)?;
                match connection {
                    Connection::Dense(dense) => exactly(sample, &[dense.linear.weight.dims()[0]]),
                    Connection::OneToOne(weight) => own_values(weight, sample),
                    Connection::Conv2d(conv) => match (conv.weight.dims()[0], sample) {
                        (size, [c, _, _]) if *c == size => Ok(sample.to_vec()),
                        (size, _) => Err(format!("[{size}, H, W]")),
                    },
                }
            }
        }
    }

    /// Multiplications with additions for one step of one sample, from its output's shape.
    pub(crate) fn macs(&self, output: &[usize]) -> usize {
        let outputs = output.iter().product::<usize>();
        let convolution = |conv: &Conv2d| {
            let [_, per_group, height, width] = conv.weight.dims();
            outputs * per_group * height * width
        };
        match self {
            Self::Linear(linear) => linear.weight.dims().iter().product(),
            Self::Conv2d(conv) => convolution(conv),
            Self::Recurrent(recurrent) => match &recurrent.connection {
                Connection::Dense(dense) => dense.linear.weight.dims().iter().product(),
                Connection::Conv2d(conv) => convolution(conv),
                Connection::OneToOne(_) => outputs,
            },
            _ => 0,
        }
    }
}

/// The field of a state of one field.
fn only(fields: Vec<Tensor<4>>) -> Option<Tensor<4>> {
    fields.into_iter().next()
}

fn exactly(sample: &[usize], expected: &[usize]) -> Result<Vec<usize>, String> {
    if sample == expected { Ok(sample.to_vec()) } else { Err(format!("{expected:?}")) }
}

/// The first axis has this size.
fn channels(sample: &[usize], expected: usize) -> Result<Vec<usize>, String> {
    match sample.first() {
        Some(size) if *size == expected => Ok(sample.to_vec()),
        _ => Err(format!("[{expected}, ...]")),
    }
}

fn pooled(sample: &[usize], window: Window<'_>) -> Result<Vec<usize>, String> {
    let [h, w] = window.over(sample).ok_or_else(|| window.takes("C"))?;
    Ok(vec![sample[0], h, w])
}

/// The first axis has as many neurons as a neuron has values of its own, if it has some.
fn own_values(module: &impl Module, sample: &[usize]) -> Result<Vec<usize>, String> {
    struct Longest(usize);
    impl ModuleVisitor for Longest {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 = self.0.max(param.lazy_shape().num_elements());
        }
    }
    let mut longest = Longest(1);
    module.visit(&mut longest);
    match longest.0 {
        1 => Ok(sample.to_vec()),
        neurons => channels(sample, neurons),
    }
}

//! What goes from layer to layer of a network, summed over time.

use burn::tensor::Tensor;

use super::{Activation, Layer, Sequential, SequentialState};
use crate::neuron::AnyNeuron;

/// How much each layer of a network got and gave: `Σ_t |x|` over the steps of a run, with gradients;
/// numbers of events, if it was spikes. [`synops`](mod@crate::synops) makes synaptic operations of it.
///
/// A spike that is missing has the derivative of a spike. A graded spike counts as much as its factor.
#[derive(Debug, Clone)]
pub struct EventCounts {
    steps: usize,
    samples: Vec<Vec<usize>>,
    sums: Vec<Tensor<2>>,
}

impl EventCounts {
    /// Number of time steps.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Number of samples.
    pub fn batch_size(&self) -> usize {
        self.sums[0].dims()[0]
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.sums.len() - 1
    }

    /// Shape of a sample in front of a layer, by its number; behind the last layer for the number of
    /// layers.
    ///
    /// # Panics
    ///
    /// If there is no such layer.
    pub fn shape(&self, layer: usize) -> &[usize] {
        &self.samples[layer]
    }

    /// `Σ_t |x|` of what a layer got, `[B, N]`, by its number; of what the last one gave for the number of
    /// layers.
    ///
    /// # Panics
    ///
    /// If there is no such layer.
    pub fn input(&self, layer: usize) -> &Tensor<2> {
        &self.sums[layer]
    }

    /// `Σ_t |x|` of what a layer gave, `[B, N]`.
    ///
    /// # Panics
    ///
    /// If there is no such layer.
    pub fn output(&self, layer: usize) -> &Tensor<2> {
        &self.sums[layer + 1]
    }
}

impl Sequential {
    /// [`forward`](Self::forward) with how much went from layer to layer.
    ///
    /// # Panics
    ///
    /// See [`Sequential`].
    pub fn forward_counted<const I: usize, const O: usize>(
        &self,
        x: Tensor<I>,
        state: SequentialState,
    ) -> (Tensor<O>, SequentialState, EventCounts) {
        self.counted(Activation::sequence(x), state)
    }

    /// [`forward_static`](Self::forward_static) with how much went from layer to layer.
    ///
    /// # Panics
    ///
    /// See [`Sequential`].
    pub fn forward_static_counted<const I: usize, const O: usize>(
        &self,
        x: Tensor<I>,
        steps: usize,
        state: SequentialState,
    ) -> (Tensor<O>, SequentialState, EventCounts) {
        self.counted(Activation::constant(x, steps), state)
    }

    fn counted<const O: usize>(
        &self,
        x: Activation,
        state: SequentialState,
    ) -> (Tensor<O>, SequentialState, EventCounts) {
        assert!(x.steps() > 0, "expected at least one time step");
        let mut counts = EventCounts {
            steps: x.steps(),
            samples: vec![x.sample().to_vec()],
            sums: vec![x.magnitude_over_time(true)],
        };
        let mut signed = true;
        let mut watch = |index: usize, _: &Activation, output: &Activation| {
            signed = is_signed(&self.layers[index], signed);
            counts.samples.push(output.sample().to_vec());
            counts.sums.push(output.magnitude_over_time(signed));
        };
        let (output, state, _) = self.run(x, state, None, Some(&mut watch));
        (output.into_sequence(), state, counts)
    }
}

/// Whether a layer may give negative numbers, if it gets some or not.
fn is_signed(layer: &Layer, gets: bool) -> bool {
    let never_spikes =
        |neuron: &AnyNeuron| matches!(neuron, AnyNeuron::Li(_) | AnyNeuron::CubaLi(_));
    match layer {
        Layer::Relu(_) | Layer::QuantizedRelu(_) => false,
        Layer::Neuron(neuron) => never_spikes(neuron),
        Layer::Recurrent(recurrent) => never_spikes(&recurrent.neuron),
        Layer::MaxPool2d(_)
        | Layer::SpikingMaxPool2d(_)
        | Layer::AvgPool2d(_)
        | Layer::SumPool2d(_)
        | Layer::Flatten(_)
        | Layer::Dropout(_) => gets,
        Layer::Linear(_)
        | Layer::Conv2d(_)
        | Layer::BatchNorm(_)
        | Layer::ThresholdDependentBatchNorm(_)
        | Layer::TemporalEffectiveBatchNorm(_)
        | Layer::BatchNormThroughTime(_) => true,
    }
}

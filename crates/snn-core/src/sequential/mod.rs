//! Networks of layers and neurons, one after another, from a configuration.
//!
//! * [`SequentialConfig`] lists [`LayerConfig`]s; as all of Burn's configurations it can be stored as
//!   JSON.
//! * [`Sequential`] is the network, a Burn module; its [`layers`](Sequential::layers) are public.
//! * [`SequentialState`] is what its neurons remember from one step to the next.
//! * [`Recording`] has outputs and membranes of every neuron layer, for losses and plots.
//! * [`Summary`] has shapes, numbers of parameters and multiplications, and finds shapes that do not
//!   fit without running anything.

mod activation;
mod config;
mod counts;
mod error;
mod layer;
mod neurons;
mod recording;
mod state;
mod summary;
mod weights;

use burn::module::Module;
use burn::tensor::Tensor;

pub(crate) use activation::Activation;
pub use config::{ConnectionConfig, LayerConfig, RecurrentLayerConfig, SequentialConfig};
pub use counts::EventCounts;
pub use error::LayerError;
pub use layer::Layer;
use neurons::Traces;
pub use recording::{Record, Recording};
pub use state::SequentialState;
pub use summary::{LayerSummary, Summary};
pub(crate) use weights::{Weights, parameters};

/// Layers and neurons, one after another.
///
/// Layers without state run once over all steps, neurons over the sequence, in one operation where
/// there is one.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::nn::conv::Conv2dConfig;
/// use burn::nn::pool::MaxPool2dConfig;
/// use burn::tensor::{Device, Tensor};
/// use snn_core::neuron::LifConfig;
/// use snn_core::sequential::{LayerConfig, SequentialConfig, SequentialState};
///
/// let device = Device::default();
/// let network = SequentialConfig::new()
///     .layer(Conv2dConfig::new([2, 8], [3, 3]))
///     .layer(MaxPool2dConfig::new([2, 2]))
///     .layer(LifConfig::snntorch_leaky(0.9))
///     .layer(LayerConfig::Flatten)
///     .layer(LinearConfig::new(8 * 4 * 4, 5))
///     .layer(LifConfig::snntorch_leaky(0.9))
///     .init(&device)?;
/// println!("{}", network.summary(&[2, 10, 10])?);
///
/// let x = Tensor::<5>::ones([20, 4, 2, 10, 10], &device); // [T, B, C, H, W]
/// let (spikes, state) = network.forward::<5, 3>(x, SequentialState::default()); // from rest
/// assert_eq!(spikes.dims(), [20, 4, 5]); // [T, B, N]
///
/// // One step more.
/// let x = Tensor::<4>::ones([4, 2, 10, 10], &device);
/// let (spikes, _) = network.step::<4, 2>(x, state);
/// assert_eq!(spikes.dims(), [4, 5]);
/// # Ok::<(), snn_core::sequential::LayerError>(())
/// ```
///
/// # Panics
///
/// Every run panics if
///
/// * samples do not have the shape that a layer takes ([`summary`](Self::summary) finds that
///   before), or the output does not have the rank that is asked for;
/// * there are no time steps;
/// * a state is not one of this network, or of another number of samples;
/// * a layer with values of its own for each step ([`BatchNormThroughTime`],
///   [`TemporalEffectiveBatchNorm`]) gets anything but a whole sequence that starts at rest.
///
/// [`BatchNormThroughTime`]: crate::layer::BatchNormThroughTime
/// [`TemporalEffectiveBatchNorm`]: crate::layer::TemporalEffectiveBatchNorm
#[derive(Module, Debug)]
pub struct Sequential {
    /// The layers, first to last.
    pub layers: Vec<Layer>,
}

/// Looks at number, input and output of a layer.
pub(crate) type Watch<'a> = &'a mut dyn FnMut(usize, &Activation, &Activation);

impl Sequential {
    /// A network of layers that exist already.
    pub fn new(layers: Vec<Layer>) -> Self {
        Self { layers }
    }

    /// A whole sequence: the output at each step, and the last state. A default state is rest.
    ///
    /// # Shapes
    ///
    /// `x`: `[T, B, ...]`, of rank `I`; output: `[T, B, ...]`, of rank `O`.
    ///
    /// # Panics
    ///
    /// See [`Sequential`].
    pub fn forward<const I: usize, const O: usize>(
        &self,
        x: Tensor<I>,
        state: SequentialState,
    ) -> (Tensor<O>, SequentialState) {
        let (output, state, _) = self.run(Activation::sequence(x), state, None, None);
        (output.into_sequence(), state)
    }

    /// One time step. Steps one by one are the same as [`forward`](Self::forward) on all of them,
    /// except in training for layers that look at a whole sequence: normalization by the batch, and
    /// dropout, which draws at every call.
    ///
    /// # Shapes
    ///
    /// `x`: `[B, ...]`, of rank `I`; output: `[B, ...]`, of rank `O`.
    ///
    /// # Panics
    ///
    /// See [`Sequential`].
    pub fn step<const I: usize, const O: usize>(
        &self,
        x: Tensor<I>,
        state: SequentialState,
    ) -> (Tensor<O>, SequentialState) {
        let (output, state, _) = self.run(Activation::step(x), state, None, None);
        (output.into_step(), state)
    }

    /// The same input at every step, an image for example: [`forward`](Self::forward) on `x`
    /// repeated, but layers in front of the first one that changes over time (neurons, or a batch
    /// normalization with values for each step) run once, not `steps` times.
    ///
    /// # Shapes
    ///
    /// `x`: `[B, ...]`, of rank `I`; output: `[steps, B, ...]`, of rank `O`.
    ///
    /// # Panics
    ///
    /// See [`Sequential`].
    pub fn forward_static<const I: usize, const O: usize>(
        &self,
        x: Tensor<I>,
        steps: usize,
        state: SequentialState,
    ) -> (Tensor<O>, SequentialState) {
        let (output, state, _) = self.run(Activation::constant(x, steps), state, None, None);
        (output.into_sequence(), state)
    }

    /// [`forward`](Self::forward) with what the neurons of each layer did.
    ///
    /// # Panics
    ///
    /// See [`Sequential`].
    pub fn forward_recorded<const I: usize, const O: usize>(
        &self,
        x: Tensor<I>,
        state: SequentialState,
        record: Record,
    ) -> (Tensor<O>, SequentialState, Recording) {
        let (output, state, recording) =
            self.run(Activation::sequence(x), state, Some(record), None);
        (output.into_sequence(), state, recording)
    }

    /// [`forward_static`](Self::forward_static) with what the neurons of each layer did.
    ///
    /// # Panics
    ///
    /// See [`Sequential`].
    pub fn forward_static_recorded<const I: usize, const O: usize>(
        &self,
        x: Tensor<I>,
        steps: usize,
        state: SequentialState,
        record: Record,
    ) -> (Tensor<O>, SequentialState, Recording) {
        let x = Activation::constant(x, steps);
        let (output, state, recording) = self.run(x, state, Some(record), None);
        (output.into_sequence(), state, recording)
    }

    /// Shapes, parameters and multiplications for samples of this shape, without `T` and `B`.
    ///
    /// # Errors
    ///
    /// Names the first layer that does not take the shape that it gets.
    pub fn summary(&self, sample: &[usize]) -> Result<Summary, LayerError> {
        Summary::new(self, sample)
    }

    /// Shows input and output of every layer to `watch`, with the number of the layer.
    pub(crate) fn run(
        &self,
        mut x: Activation,
        mut state: SequentialState,
        record: Option<Record>,
        mut watch: Option<Watch<'_>>,
    ) -> (Activation, SequentialState, Recording) {
        let (mut next, mut recording) = (SequentialState::default(), Recording::default());
        let at_rest = state.is_at_rest();
        let membranes = record == Some(Record::OutputsAndMembranes);
        let checked = |index, sample: &[usize]| {
            let layer: &Layer = &self.layers[index];
            layer.checked_output(index, sample).unwrap_or_else(|error| panic!("{error}"))
        };
        let mut layers = self.layers.iter().enumerate().peekable();
        while let Some((index, layer)) = layers.next() {
            let sample = checked(index, x.sample());
            if let (Layer::Conv2d(conv), Some((after, Layer::MaxPool2d(pool))), None) =
                (layer, layers.peek(), &watch)
            {
                let sample = checked(*after, &sample);
                x = Layer::convolve_and_pool(conv, pool, x, sample);
                layers.next();
                continue;
            }
            if layer.changes_over_time() {
                x = x.expanded();
            }
            if let Some(steps) = layer.steps() {
                assert!(
                    at_rest && x.steps() == steps,
                    "layer {index} ({}): has values for each of {steps} steps, and takes \
                     sequences of {steps} steps from rest, got {} from {}",
                    layer.name(),
                    x.steps(),
                    if at_rest { "rest" } else { "another state" },
                );
            }
            let start = state.take(index, layer, &x);
            let of_state = x.sample().to_vec();
            let seen = watch.is_some().then(|| x.clone());
            let (y, traces) = layer.forward(x, sample, start, membranes);
            x = y;
            if let (Some(watch), Some(input)) = (&mut watch, seen) {
                watch(index, &input, &x);
            }
            if let Some(Traces { last, membranes }) = traces {
                next.insert(index, layer, of_state, last);
                if record.is_some() && layer.has_neurons() {
                    recording.insert(index, x.clone(), membranes);
                }
            }
        }
        assert!(state.is_at_rest(), "the state is of a network with more neurons: {state:?}");
        (x.expanded(), next, recording)
    }
}

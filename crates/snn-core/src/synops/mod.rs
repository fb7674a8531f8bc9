//! Synaptic operations: what spikes cost.
//!
//! An event that arrives at a layer with weights is added to the membranes of all neurons that it is
//! connected to; each addition is one synaptic operation:
//!
//! ```text
//! synops = Σ_i events_i · fan_out_i
//! ```
//!
//! The fan-out of an input `i` of a convolution is the number of windows that it is in, times the
//! number of channels they make: fewer at the border, and with strides. sinabs counts so now
//! ([`LayerSynOps::synops`]); its first version took `channels · kernel / stride` for all
//! ([`LayerSynOps::synops_by_formula`]), which is more.
//!
//! An input that is no spike counts as its magnitude in every step. A mean over spikes, of `AvgPool2d`,
//! counts as the spikes in its window: its value times the area of the window, as in sinabs.
//!
//! * [`Sequential::forward_counted`](crate::Sequential::forward_counted) runs a network and counts
//!   events.
//! * [`EventCounts::synops`](crate::sequential::EventCounts::synops) is a number with gradients, for
//!   training with a budget.
//! * [`SynOpsCounter`] adds up many runs and makes a [`SynOpsReport`]: a table of layers, operations in a
//!   second, energy and power.

mod energy;
mod fan_out;
mod flow;
mod report;
#[cfg(test)]
mod tests;

use burn::tensor::{Tensor, TensorData};

use crate::sequential::{EventCounts, Sequential};
pub use energy::Energy;
use fan_out::FanOut;
use flow::Role;
pub use report::{LayerSynOps, NeuronActivity, SynOpsReport};

impl EventCounts {
    /// Synaptic operations of a sample in all layers of `network`, which it is of; mean over the batch,
    /// `[1]`, with gradients of the events.
    ///
    /// # Panics
    ///
    /// If it is of another network.
    pub fn synops(&self, network: &Sequential) -> Tensor<1> {
        self.check(network);
        let device = self.input(0).device();
        let batch = self.batch_size() as f64;
        let none = Tensor::zeros([1], &device);
        let events_of_one = flow::events_of_one(network);
        let operations = network.layers.iter().enumerate().filter_map(|(index, layer)| {
            let fan_out = FanOut::of(layer, self.shape(index))?;
            let (at, inputs) = (fan_out.driven_by(index), fan_out.inputs());
            let fan_out = TensorData::new(fan_out.each(), [1, inputs]);
            let sum = (self.input(at).clone() * Tensor::from_data(fan_out, &device)).sum();
            Some(sum * events_of_one[at] / batch)
        });
        operations.fold(none, |sum, layer| sum + layer)
    }

    fn check(&self, network: &Sequential) {
        let (counted, layers) = (self.layers(), network.layers.len());
        assert!(counted == layers, "events of a network of {counted} layers, and not of {layers}");
    }
}

/// Adds up the events of many runs.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::{Device, Tensor};
/// use snn_core::neuron::LifConfig;
/// use snn_core::sequential::{SequentialConfig, SequentialState};
/// use snn_core::synops::{Energy, SynOpsCounter};
///
/// let network = SequentialConfig::new()
///     .layer(LinearConfig::new(6, 20))
///     .layer(LifConfig::iaf())
///     .init(&Device::default())?;
/// let mut counter = SynOpsCounter::new(&network);
/// let spikes = Tensor::<3>::ones([10, 4, 6], &Device::default()); // [T, B, N]
/// let rest = SequentialState::default();
/// let (_, _, counts) = network.forward_counted::<3, 3>(spikes, rest);
/// counter.add(&counts);
///
/// let report = counter.report(1e-3); // steps of a millisecond
/// println!("{report}");
/// assert_eq!(report.synops(), 10.0 * 6.0 * 20.0); // of a sample
/// assert_eq!(report.per_second(), 1.2e5);
/// assert!((report.watts(Energy::LOIHI) - 1.2e5 * 23.6e-12).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct SynOpsCounter<'a> {
    network: &'a Sequential,
    /// How many events a value of one stands for, in front of each layer, and behind the last one.
    events_of_one: Vec<f64>,
    /// Shape of a sample, once there is one.
    shape: Option<Vec<usize>>,
    samples: usize,
    /// Of all samples.
    steps: usize,
    /// Events in front of each layer, and behind the last one.
    events: Vec<f64>,
    synops: Vec<f64>,
    fan_out: Vec<Option<FanOut>>,
    /// Spikes of each neuron of each layer of neurons that spike.
    spikes: Vec<Vec<f64>>,
    macs: Vec<usize>,
}

impl<'a> SynOpsCounter<'a> {
    /// Of a network.
    pub fn new(network: &'a Sequential) -> Self {
        let layers = network.layers.len();
        Self {
            network,
            events_of_one: flow::events_of_one(network),
            shape: None,
            samples: 0,
            steps: 0,
            events: vec![0.0; layers + 1],
            synops: vec![0.0; layers],
            fan_out: vec![None; layers],
            spikes: vec![Vec::new(); layers],
            macs: vec![0; layers],
        }
    }

    /// Adds a run. Reads from the device.
    ///
    /// # Panics
    ///
    /// If it is of another network, or of samples of another shape.
    pub fn add(&mut self, counts: &EventCounts) {
        counts.check(self.network);
        let (shape, got) = (&mut self.shape, counts.shape(0));
        let shape = shape.get_or_insert_with(|| got.to_vec());
        assert!(shape == got, "expected samples of shape {shape:?}, got {got:?}");
        self.samples += counts.batch_size();
        self.steps += counts.steps() * counts.batch_size();
        for (index, events) in self.events.iter_mut().enumerate() {
            *events += self.events_of_one[index] * total(counts.input(index));
        }
        for (index, layer) in self.network.layers.iter().enumerate() {
            if let Some(fan_out) = FanOut::of(layer, counts.shape(index)) {
                let (at, each) = (fan_out.driven_by(index), fan_out.each());
                let operations = over_batch(counts.input(at)).into_iter().zip(each);
                let operations: f64 = operations.map(|(n, fan)| n * f64::from(fan)).sum();
                self.synops[index] += self.events_of_one[at] * operations;
                self.fan_out[index] = Some(fan_out);
                self.macs[index] = layer.macs(counts.shape(index + 1));
            }
            if layer.has_neurons() && Role::of(layer) == Role::Units {
                let spikes = over_batch(counts.output(index));
                let all = &mut self.spikes[index];
                all.resize(spikes.len(), 0.0);
                all.iter_mut().zip(spikes).for_each(|(all, more)| *all += more);
            }
        }
    }

    /// What was counted, for steps of `dt` seconds.
    ///
    /// # Panics
    ///
    /// If nothing was added, or `dt` is not a number above 0.
    pub fn report(&self, dt: f64) -> SynOpsReport {
        report::report(self, dt)
    }
}

/// The sum of all.
fn total(events: &Tensor<2>) -> f64 {
    over_batch(events).iter().sum()
}

/// The sum over samples, in 64 bits.
fn over_batch(events: &Tensor<2>) -> Vec<f64> {
    let [_, inputs] = events.dims();
    let mut sums = vec![0.0; inputs];
    let data = events.clone().into_data();
    data.iter::<f32>().enumerate().for_each(|(at, n)| sums[at % inputs] += f64::from(n));
    sums
}

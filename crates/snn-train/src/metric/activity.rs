//! What hidden layers do, for Burn's training loop and dashboard.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorReadError};
use burn::train::metric::state::{FormatOptions, NumericMetricState};
use burn::train::metric::{
    Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
    SerializedEntry,
};

use super::sparsity;

/// A number about each hidden layer, as the mean over layers.
#[derive(Clone)]
pub struct ActivityMetric {
    name: MetricName,
    unit: &'static str,
    layer: fn(Tensor<1>) -> Tensor<1>,
    state: NumericMetricState,
}

/// What [`ActivityMetric`] takes.
pub struct ActivityInput {
    /// Mean firing rate of each neuron of each layer over the batch, `[neurons]` each, in spikes
    /// per step. Without any, the metric is zero.
    pub rates: Vec<Tensor<1>>,
    /// Number of samples in the batch.
    pub batch_size: usize,
}

impl ActivityMetric {
    /// Mean firing rate, in spikes per neuron and time step. Where a neuron spikes at most once per
    /// step, the sparsity is one minus that.
    pub fn firing_rate() -> Self {
        Self::new("Firing rate", "per step", Tensor::mean)
    }

    /// Share of neurons that did not spike in a batch, as the mean over batches.
    pub fn dead_neurons() -> Self {
        Self::new("Dead neurons", "of all", sparsity)
    }

    fn new(name: &str, unit: &'static str, layer: fn(Tensor<1>) -> Tensor<1>) -> Self {
        Self { name: Arc::new(name.into()), unit, layer, state: NumericMetricState::default() }
    }

    fn format(&self) -> FormatOptions {
        FormatOptions::new(self.name()).unit(self.unit).precision(4)
    }
}

impl Metric for ActivityMetric {
    type Input = ActivityInput;

    fn name(&self) -> MetricName {
        self.name.clone()
    }

    fn attributes(&self) -> MetricAttributes {
        NumericAttributes { unit: Some(self.unit.into()), higher_is_better: false }.into()
    }

    fn update(
        &mut self,
        input: &ActivityInput,
        _metadata: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        let layers: Vec<_> = input.rates.iter().cloned().map(self.layer).collect();
        let value = match layers.is_empty() {
            true => 0.0,
            false => Tensor::cat(layers, 0).mean().try_into_scalar::<f64>()?,
        };
        self.state.update(value, input.batch_size);
        Ok(self.state.compute_update(self.format()))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        Ok(self.state.compute_final(self.format()))
    }

    fn clear(&mut self) {
        self.state.reset();
    }
}

impl Numeric for ActivityMetric {
    fn value(&self) -> Option<NumericEntry> {
        Some(self.state.current_value())
    }

    fn running_value(&self) -> Option<NumericEntry> {
        Some(self.state.running_value())
    }

    fn final_value(&self) -> NumericEntry {
        self.state.final_value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::data::dataloader::Progress;
    use burn::tensor::Device;

    /// The final value after a batch of three samples and one of one.
    fn final_value(mut metric: ActivityMetric) -> f64 {
        let device = Device::default();
        let metadata = MetricMetadata {
            progress: Progress { items_processed: 1, items_total: 1, unit: None },
            iteration: None,
            lr: None,
        };
        let layer = |rates: &[f32]| Tensor::<1>::from_floats(rates, &device);
        let first = vec![layer(&[0.5, 0.0, 0.25, 0.25]), layer(&[0.0, 0.5])];
        let second = vec![layer(&[0.0; 4]), layer(&[0.0; 2])];
        for (rates, batch_size) in [(first, 3), (second, 1)] {
            metric.update(&ActivityInput { rates, batch_size }, &metadata).unwrap();
        }
        metric.final_value().current()
    }

    #[test]
    fn batches_count_by_their_samples() {
        assert_eq!(final_value(ActivityMetric::firing_rate()), 0.25 * 0.75);
        let dead = final_value(ActivityMetric::dead_neurons());
        assert!((dead - (0.375 * 0.75 + 0.25)).abs() < 1e-6, "{dead}");
    }
}

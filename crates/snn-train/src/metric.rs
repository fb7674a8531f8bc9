//! Metrics for Burn's training loop and dashboard.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorReadError};
use burn::train::metric::state::{FormatOptions, NumericMetricState};
use burn::train::metric::{
    Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
    SerializedEntry,
};

/// Mean firing rate of the hidden layers, in spikes per neuron and time step.
#[derive(Clone)]
pub struct FiringRateMetric {
    name: MetricName,
    state: NumericMetricState,
}

/// What [`FiringRateMetric`] takes.
pub struct FiringRateInput {
    /// Mean rate of each layer over the batch, `[1]` each. Without any, the rate is zero.
    pub rates: Vec<Tensor<1>>,
    /// Number of samples in the batch.
    pub batch_size: usize,
}

impl FiringRateMetric {
    /// Creates the metric.
    pub fn new() -> Self {
        Self { name: Arc::new("Firing rate".into()), state: NumericMetricState::default() }
    }

    fn format(&self) -> FormatOptions {
        FormatOptions::new(self.name()).unit("per step").precision(4)
    }
}

impl Default for FiringRateMetric {
    fn default() -> Self {
        Self::new()
    }
}

impl Metric for FiringRateMetric {
    type Input = FiringRateInput;

    fn name(&self) -> MetricName {
        self.name.clone()
    }

    fn attributes(&self) -> MetricAttributes {
        NumericAttributes { unit: Some("per step".into()), higher_is_better: false }.into()
    }

    fn update(
        &mut self,
        input: &FiringRateInput,
        _metadata: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        let rate = match input.rates.is_empty() {
            true => 0.0,
            false => Tensor::cat(input.rates.clone(), 0).mean().try_into_scalar::<f64>()?,
        };
        self.state.update(rate, input.batch_size);
        Ok(self.state.compute_update(self.format()))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        Ok(self.state.compute_final(self.format()))
    }

    fn clear(&mut self) {
        self.state.reset();
    }
}

impl Numeric for FiringRateMetric {
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

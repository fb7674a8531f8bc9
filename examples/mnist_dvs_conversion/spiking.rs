//! What a spiking network says, step by step, and what it costs.

use burn::data::dataset::DatasetError;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use snn::core::synops::{SynOpsCounter, SynOpsReport};
use snn::prelude::*;
use snn::train::classify::ClassifierOutput;
use snn::train::metric;
use snn::train::regularize::synops_budget;
use snn::train::trainer::generator;

use super::network::Spiking;
use super::samples::Samples;

/// Samples that run at once.
const BATCH: usize = 50;

/// What came of a test.
pub struct Tested {
    /// Share of samples whose class has the most spikes after each step.
    pub accuracy: Vec<f64>,
    pub report: SynOpsReport,
}

impl Tested {
    /// After all steps.
    pub fn last(&self) -> f64 {
        self.accuracy.last().copied().unwrap_or(0.0)
    }
}

/// Runs a network over the first so many samples.
pub fn test(
    layers: &Sequential,
    samples: &Samples,
    count: usize,
    seed: u32,
    device: &Device,
) -> Result<Tested, DatasetError> {
    let mut correct = vec![0; samples.steps];
    let mut counter = SynOpsCounter::new(layers);
    let indices: Vec<usize> = (0..count.min(samples.len())).collect();
    for (number, batch) in indices.chunks(BATCH).enumerate() {
        let Batch { input, targets, .. } =
            samples.events(batch, &mut generator(seed.into(), 0, number), device)?;
        let rest = SequentialState::default();
        let (output, _, counts) = layers.forward_counted::<5, 3>(input, rest);
        counter.add(&counts);
        let [steps, batch, classes] = output.dims();
        let scores = output.cumsum(0).reshape([steps * batch, classes]);
        let right = metric::correct(scores, targets.repeat_dim(0, steps));
        let right = right.reshape([steps, batch]).int().sum_dim(1);
        let right = right.into_data().iter::<i64>().map(|n| n as usize).collect::<Vec<_>>();
        correct.iter_mut().zip(right).for_each(|(correct, right)| *correct += right);
    }
    let accuracy = correct.into_iter().map(|n| n as f64 / indices.len() as f64).collect();
    Ok(Tested { accuracy, report: counter.report(samples.dt()) })
}

/// A training step that also asks for a number of synaptic operations.
pub fn step_within_budget(
    model: &Classifier<Spiking>,
    criterion: &Criterion,
    budget: f64,
    batch: Batch<Tensor<5>>,
    weight: f64,
) -> (GradientsParams, ClassifierOutput) {
    let layers = &model.network.layers;
    let rest = SequentialState::default();
    let (output, _, counts) = layers.forward_counted::<5, 3>(batch.input, rest);
    let (loss, scores) = criterion.forward(output, 1.0, batch.targets.clone(), batch.mask.as_ref());
    let loss = loss + synops_budget(counts.synops(layers), budget);
    let gradients = GradientsParams::from_grads((loss.clone() * weight).backward(), model);
    let scores = scores.sum_dim(0).squeeze_dim(0);
    let Batch { targets, mask, .. } = batch;
    (gradients, ClassifierOutput { loss, scores, targets, mask, rates: Vec::new() })
}

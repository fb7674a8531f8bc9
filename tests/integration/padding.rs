//! Recordings of different lengths: alone, and filled up in a batch.

use std::sync::Arc;

use burn::module::Module;
use burn::nn::LinearConfig;
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::MaxPool2dConfig;
use burn::optim::GradientsAccumulator;
use burn::tensor::Tensor;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use snn::core::sequential::{Layer, Sequential};
use snn::data::Part;
use snn::data::collate::{Layout, labels_tensor, pad_as, separate};
use snn::data::dataset::Sample;
use snn::data::dataset::nmnist::{NMnist, NMnistOptions};
use snn::data::events::Events;
use snn::data::frame::{Frames, Slicer, ToFrame};
use snn::data::loader::Loader;
use snn::prelude::*;
use snn::train::bptt::truncated_bptt;
use snn::train::loss::ReadoutMse;
use snn::train::trainer::{Split, evaluate};

use crate::files::real;
use crate::{test_device, values};

/// Convolution, pooling, neurons, and a readout that still moves when its input has ended.
#[derive(Module, Debug)]
struct Network {
    layers: Sequential,
}

impl SpikingNetwork for Network {
    type Input = Tensor<5>;

    fn run(&self, frames: Tensor<5>) -> Activity {
        let (output, _) = self.layers.forward::<5, 3>(frames, SequentialState::default());
        Activity { output, spike_counts: Vec::new() }
    }
}

fn batches(folder: &std::path::Path, batch_size: usize) -> Vec<Batch<Tensor<5>>> {
    let recordings = NMnist::open(folder, Part::Test, NMnistOptions::default()).unwrap();
    let to_frame = ToFrame::new(Slicer::time_window(20_000));
    let loader = Loader::new(Arc::new(recordings), move |samples: Vec<Sample<Events>>, _| {
        let (recordings, labels) = separate(samples);
        // Cut short by different amounts: the recordings of the set are nearly equally long.
        let cut = |(events, label): (&Events, &usize)| {
            to_frame.apply::<u8>(&events.between(0..40_000 + 20_000 * *label as i64))
        };
        let frames = recordings.iter().zip(&labels).map(cut).collect::<Result<Vec<_>, _>>()?;
        Ok((pad_as::<f32, _>(&frames, Layout::TimeFirst)?, labels))
    });
    let order = [0, 11, 25, 40].chunks(batch_size).map(<[usize]>::to_vec).collect();
    let device = test_device();
    let tensors = loader.workers(2).batches(0, order).map(|batch| {
        let (frames, labels) = batch.unwrap();
        Batch {
            targets: labels_tensor(&labels, &device),
            mask: Some(frames.shape.mask_tensor(&device)),
            input: frames.into_tensor(&device),
        }
    });
    tensors.collect()
}

#[test]
fn the_loss_of_a_recording_is_the_same_alone_and_in_a_batch() {
    let Some(nmnist) = real("nmnist") else { return };
    let folder = nmnist.parent().unwrap();
    let device = test_device();
    device.seed(1);
    let lif = LifConfig::snntorch_leaky(0.9);
    let layers = SequentialConfig::new()
        .layer(Conv2dConfig::new([2, 4], [5, 5]))
        .layer(MaxPool2dConfig::new([3, 3]))
        .layer(lif.clone())
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(400, 10))
        .layer(LiConfig::new(Decay::factor(0.95)));
    let network = Network { layers: layers.init(&device).unwrap() };
    let criteria: [Criterion; 4] = [
        ReadoutCrossEntropy::ce_rate().into(),
        ReadoutCrossEntropy::ce_count().into(),
        ReadoutCrossEntropy::ce_max_membrane().into(),
        MseCountLoss::new().with_correct_rate(0.8).with_incorrect_rate(0.2).into(),
    ];
    let together = batches(folder, 4).remove(0);
    let steps = together.input.dims()[0];
    let mut whole = 0;
    for criterion in criteria {
        let model = ClassifierConfig::new(criterion.clone()).init(network.clone());
        let loss = |batch: Batch<_>| {
            let output = model.forward(batch);
            (values(output.loss)[0], values(output.scores))
        };
        let (batch, scores) = loss(together.clone());
        let mut alone = (0.0, Vec::new());
        for batch in batches(folder, 1) {
            whole += usize::from(batch.input.dims()[0] == steps);
            let (loss, scores) = loss(Batch { mask: None, ..batch });
            alone.0 += loss / 4.0;
            alone.1.extend(scores);
        }
        let close = |a: f32, b: f32| (a - b).abs() <= 1e-5 * b.abs().max(1.0);
        assert!(close(batch, alone.0), "{criterion:?}: {batch} and {}", alone.0);
        let far = scores.iter().zip(&alone.1).find(|(a, b)| !close(**a, **b));
        assert!(far.is_none(), "{criterion:?}: {far:?}");
        // Without the mask it is another loss.
        let (unmasked, _) = loss(Batch { mask: None, ..together.clone() });
        assert!((unmasked - batch).abs() > 1e-4, "{criterion:?}: {unmasked}");
    }
    assert!(whole < 16, "the recordings are equally long");
}

/// Batches of random spikes, `[T, B, 1, 5, 5]`, of recordings of these lengths.
fn random_batch(lengths: &[usize], labels: &[usize]) -> Batch<Tensor<5>> {
    let device = test_device().autodiff();
    let frames = lengths.iter().zip(labels).map(|(length, label)| {
        let mut rng = ChaCha8Rng::seed_from_u64(*label as u64);
        let values = (0..length * 25).map(|_| u8::from(rng.random::<f32>() < 0.4)).collect();
        Frames { shape: [*length, 1, 5, 5], values }
    });
    let frames = frames.collect::<Vec<_>>();
    let batch = pad_as::<f32, _>(&frames, Layout::TimeFirst).unwrap();
    Batch {
        targets: labels_tensor(labels, &device),
        mask: Some(batch.shape.mask_tensor(&device)),
        input: batch.into_tensor(&device),
    }
}

#[test]
fn an_empty_recording_adds_nothing_to_loss_gradient_and_accuracy() {
    let device = test_device().autodiff();
    device.seed(1);
    let layers = SequentialConfig::new()
        .layer(Conv2dConfig::new([1, 4], [3, 3]))
        .layer(LifConfig::snntorch_leaky(0.9))
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(36, 3))
        .layer(LiConfig::new(Decay::factor(0.95)));
    let network = Network { layers: layers.init(&device).unwrap() };
    let criteria: [Criterion; 6] = [
        ReadoutCrossEntropy::ce_rate().into(),
        ReadoutCrossEntropy::ce_count().into(),
        ReadoutCrossEntropy::ce_max_membrane().into(),
        ReadoutCrossEntropy::new(Readout::Last).into(),
        ReadoutMse::spike_rate(0.5, 0.1).into(),
        MseCountLoss::new().into(),
    ];
    for criterion in criteria {
        let model = ClassifierConfig::new(criterion.clone()).with_readout(0.1);
        let model = model.init(network.clone());
        let weights = |lengths: &[usize], labels: &[usize]| {
            let (gradients, output) = model.gradients(random_batch(lengths, labels), 1.0);
            let Layer::Conv2d(conv) = &model.network.layers.layers[0] else { panic!() };
            let gradient = gradients.get::<4>(conv.weight.id).map(values).unwrap_or_default();
            (values(output.loss)[0], gradient)
        };
        let (loss, gradient) = weights(&[4, 0, 2], &[1, 0, 2]);
        let (alone, expected) = weights(&[4, 2], &[1, 2]);
        // Means over three recordings, one of which adds 0, and over two.
        let close = |a: f32, b: f32| (a - b * 2.0 / 3.0).abs() < 1e-5 * b.abs().max(1.0);
        assert!(close(loss, alone), "{criterion:?}: {loss} and {alone}");
        assert_eq!(gradient.len(), 36, "{criterion:?}");
        let far = gradient.iter().zip(&expected).find(|(a, b)| !close(**a, **b));
        assert!(far.is_none(), "{criterion:?}: {far:?}");

        let (loss, gradient) = weights(&[0, 0], &[0, 1]);
        assert_eq!(loss, 0.0, "{criterion:?}");
        assert!(gradient.iter().all(|slope| *slope == 0.0), "{criterion:?}: {gradient:?}");
        // All scores of an empty recording are tied, and class 0 is the first.
        let split = Split::new(2, |_| {
            let Batch { input, targets, mask } = random_batch(&[0, 0], &[0, 0]);
            let mask = mask.map(Tensor::without_autodiff);
            let batch = Batch {
                input: input.without_autodiff(),
                targets: targets.without_autodiff(),
                mask,
            };
            Box::new(std::iter::once(Ok(batch)))
        });
        let evaluation = evaluate(&model.valid(), &split, 2).unwrap();
        assert_eq!((evaluation.loss, evaluation.accuracy), (0.0, 0.0), "{criterion:?}");
    }
}

#[test]
fn chunks_of_truncated_backpropagation_count_a_recording_as_if_it_were_alone() {
    let device = test_device().autodiff();
    device.seed(1);
    let layers = SequentialConfig::new()
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(25, 8))
        .layer(LifConfig::snntorch_leaky(0.9))
        .layer(LinearConfig::new(8, 3))
        .layer(LiConfig::new(Decay::factor(0.95)));
    let layers = layers.init(&device).unwrap();
    let criterion = Criterion::from(ReadoutCrossEntropy::ce_rate());
    // Weighted by the share of each recording's steps that are in the chunk: the mean over all its steps.
    let run = |lengths: &[usize], labels: &[usize]| {
        let Batch { input, targets, mask } = random_batch(lengths, labels);
        let (mask, steps) = (mask.unwrap(), input.dims()[0]);
        let lengths = mask.clone().sum_dim(0).clamp_min(1.0);
        let mut sum = GradientsAccumulator::new();
        let (_, losses, _) = truncated_bptt(
            layers.clone(),
            steps,
            2,
            SequentialState::default(),
            |layers, steps, state| {
                let mask = mask.clone().slice(steps.clone());
                let (output, state) = layers.forward::<5, 3>(input.clone().slice(steps), state);
                let targets = targets.clone();
                let (each, _) = criterion.forward_no_reduction(output, 1.0, targets, Some(&mask));
                let share = (mask.sum_dim(0) / lengths.clone()).squeeze_dim::<1>(0);
                ((each * share).mean(), state.detach())
            },
            |layers, gradients| {
                sum.accumulate(&layers, gradients);
                layers
            },
        );
        let Layer::Linear(linear) = &layers.layers[1] else { panic!() };
        let gradient = sum.grads().get::<2>(linear.weight.id).map(values).unwrap();
        [vec![values(losses).iter().sum::<f32>()], gradient].concat()
    };
    // 5 steps in three chunks, none, and 3 steps, of which the second chunk has one.
    let together = run(&[5, 0, 3], &[1, 0, 2]);
    let alone = [run(&[5], &[1]), run(&[0], &[0]), run(&[3], &[2])];
    assert!(alone[1].iter().all(|value| *value == 0.0), "{:?}", alone[1]);
    assert!(alone[0].iter().any(|value| value.abs() > 1e-2), "{:?}", alone[0]);
    for (k, value) in together.iter().enumerate() {
        let mean = alone.iter().map(|values| values[k]).sum::<f32>() / 3.0;
        assert!((value - mean).abs() < 1e-6 + 1e-5 * mean.abs(), "{k}: {value}, not {mean}");
    }
}

//! MNIST, and the network of the `mnist_csnn` example.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use burn::data::dataset::{Dataset, InMemDataset};
use burn::lr_scheduler::constant::ConstantLr;
use burn::optim::AdamConfig;
use burn::tensor::Tensor;
use serde_json::json;
use snn::core::sequential::Layer;
use snn::data::Part;
use snn::data::mnist::{CLASSES, Mnist, MnistSample, SIDE};
use snn::prelude::*;
use snn::train::trainer::{Keep, Outcome, Split, TrainerConfig};

use crate::files::real;
use crate::{test_device, values};

#[path = "../../examples/common/csnn.rs"]
mod csnn;
#[path = "../../examples/mnist_csnn/network.rs"]
mod network;
use network::{Csnn, ToImages};

#[test]
fn the_original_files_are_read() {
    let Some(folder) = real("mnist") else { return };
    let folder = folder.parent().unwrap();
    // What torchvision reads.
    let train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
    let test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];
    for (part, first, expected, mean) in [
        (Part::Train, [5, 0, 4, 1, 9], train, 0.1306604762738429),
        (Part::Test, [7, 2, 1, 0, 4], test, 0.13251460584233693),
    ] {
        let data = Mnist::open(folder, part).unwrap();
        let (mut counts, mut sum) = ([0; CLASSES], 0.0);
        for index in 0..data.len() {
            let sample = data.get(index).unwrap();
            counts[sample.label] += 1;
            sum += sample.image.iter().map(|pixel| f64::from(*pixel)).sum::<f64>();
        }
        assert_eq!(counts, expected);
        assert_eq!([0, 1, 2, 3, 4].map(|index| data.get(index).unwrap().label), first);
        let pixels = (data.len() * SIDE * SIDE) as f64 * 255.0;
        assert!((sum / pixels - mean).abs() < 1e-9, "{}", sum / pixels);
    }
}

/// Weights of both convolutions and of the linear layer.
fn weights(network: &Csnn) -> Vec<Vec<f32>> {
    let of = |layer: &Layer| match layer {
        Layer::Conv2d(conv) => Some(values(conv.weight.val())),
        Layer::Linear(linear) => Some(values(linear.weight.val())),
        _ => None,
    };
    network.layers.layers.iter().filter_map(of).collect()
}

#[test]
fn weights_are_drawn_as_pytorch_draws_them() {
    let network = Csnn::new(1, 7, &test_device()).unwrap();
    for (weights, fan_in) in weights(&network).into_iter().zip([25, 12 * 25, 1024]) {
        let bound = 1.0 / (fan_in as f32).sqrt();
        let count = weights.len() as f32;
        let largest = weights.iter().fold(0.0, |largest: f32, w| largest.max(w.abs()));
        assert!(largest <= bound && largest > 0.95 * bound, "{largest} of {bound}");
        let variance = weights.iter().map(|w| w * w).sum::<f32>() / count;
        // Of 300 weights and more.
        assert!((variance / (bound * bound / 3.0) - 1.0).abs() < 0.2, "{variance}");
    }
}

/// Crosses, drawn with a pen as wide as that of MNIST; the upright one is at another place in each.
fn images() -> InMemDataset<MnistSample> {
    let ink = |index: usize, k: usize| {
        let (row, column) = (k / SIDE, k % SIDE);
        let upright = (8 + index..11 + index).contains(&column) && (4..24).contains(&row);
        let level = (12..15).contains(&row) && (4..24).contains(&column);
        if upright || level { 255 } else { 0 }
    };
    let image = |index| (0..SIDE * SIDE).map(|k| ink(index, k)).collect();
    let samples = (0..8).map(|index| MnistSample { image: image(index), label: index });
    InMemDataset::new(samples.collect())
}

/// Steps that an image is seen for.
const STEPS: usize = 12;

/// Two steps of four images.
fn train() -> Outcome<Csnn> {
    let folder = tempfile::tempdir().unwrap();
    let config = TrainerConfig {
        epochs: 1,
        batch_size: 4,
        seed: 3,
        average: None,
        keep: Keep::Best,
        accumulate: NonZeroUsize::MIN,
        directory: folder.path().into(),
        settings: json!({}),
    };
    let (data, device) = (images(), test_device());
    let network = Csnn::new(STEPS, 1, &device.clone().autodiff()).unwrap();
    let model = ClassifierConfig::new(ReadoutCrossEntropy::ce_rate().into()).init(network);
    let trainer = Trainer::new(
        config,
        model,
        AdamConfig::new().with_epsilon(1e-8).init(),
        ConstantLr::new(1e-2).into(),
    );
    let train = Split::from_dataset(&data, &ToImages, &device.clone().autodiff());
    let valid = Split::from_dataset(&data, &ToImages, &device);
    trainer.fit(&train, &valid, &AtomicBool::new(false), |_| {}).unwrap()
}

#[test]
fn two_steps_change_every_weight_layer_and_come_out_the_same_again() {
    let (outcome, again) = (train(), train());
    assert_eq!(outcome.history, again.history);
    let before = weights(&Csnn::new(STEPS, 1, &test_device()).unwrap());
    let after = weights(&outcome.model.network);
    assert_eq!(after, weights(&again.model.network));
    for (before, after) in before.iter().zip(&after) {
        // Adam's first steps are about as large as the learning rate.
        let largest = before.iter().zip(after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!((1e-3..3e-2).contains(&largest), "{largest}");
    }
    let epoch = &outcome.history[0];
    assert!(epoch.firing_rates.iter().all(|rate| (0.001..1.0).contains(rate)), "{epoch:?}");
}

#[test]
fn output_spikes_are_those_of_a_training_step() {
    let device = test_device();
    let network = Csnn::new(6, 7, &device).unwrap();
    let images = Tensor::<4>::ones([2, 1, SIDE, SIDE], &device);
    let spikes = network.spikes(images.clone());
    assert_eq!(spikes.dims(), [6, 2, 10]);
    let activity = network.run(images);
    assert_eq!(values(activity.output), values(spikes));
    let shapes = activity.spike_counts.iter().map(Tensor::dims).collect::<Vec<_>>();
    assert_eq!(shapes, [[2, 12 * 12 * 12], [2, 64 * 4 * 4]]);
}

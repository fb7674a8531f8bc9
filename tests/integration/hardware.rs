//! Networks of integers, and the network of the `yin_yang` example on its chip.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::lr_scheduler::constant::ConstantLr;
use burn::nn::LinearConfig;
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::AvgPool2dConfig;
use burn::optim::AdamConfig;
use burn::tensor::{Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use snn::core::encode::CoordinatesToSpikes;
use snn::core::hardware::FixedPointConfig;
use snn::core::neuron::AnyNeuron;
use snn::core::sequential::Layer;
use snn::data::yin_yang::YinYang;
use snn::prelude::*;
use snn::train::trainer::{Keep, Outcome, Report, TrainerConfig, evaluate};

use crate::{test_device, values};

#[path = "../../examples/yin_yang/chip.rs"]
mod chip;
#[path = "../../examples/yin_yang/data.rs"]
mod data;
#[path = "../../examples/yin_yang/network.rs"]
mod network;
use chip::Chip;
use data::Encoded;
use network::YinYangNetwork;

const STEPS: usize = 16;
const SAMPLES: usize = 3;
const SIDE: usize = 8;

/// A convolution, a pool and a layer, each with neurons as sinabs converts them.
fn convolutional() -> Sequential {
    let iaf = LifConfig::sinabs_iaf().with_threshold(0.3.into());
    let config = SequentialConfig::new()
        .layer(Conv2dConfig::new([1, 3], [3, 3]))
        .layer(AvgPool2dConfig::new([2, 2]))
        .layer(iaf.clone().with_v_min(Some(-0.3)))
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(27, 4))
        .layer(iaf);
    let device = test_device();
    let mut network = config.init(&device).unwrap();
    // Burn draws other weights on every device.
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for layer in &mut network.layers {
        let mut drawn = |count: usize, bound: f64| -> Vec<f64> {
            (0..count).map(|_| rng.random_range(-bound..bound)).collect()
        };
        let bias = match layer {
            Layer::Conv2d(conv) => {
                let weight = TensorData::new(drawn(27, 0.6), [3, 1, 3, 3]);
                conv.weight = burn::module::Param::from_data(weight, &device);
                &mut conv.bias
            }
            Layer::Linear(linear) => {
                let weight = TensorData::new(drawn(108, 0.4), [27, 4]);
                linear.weight = burn::module::Param::from_data(weight, &device);
                &mut linear.bias
            }
            _ => continue,
        };
        let count = bias.as_ref().unwrap().dims()[0];
        let values = TensorData::new(drawn(count, 0.1), [count]);
        *bias = Some(burn::module::Param::from_data(values, &device));
    }
    network
}

/// Zeros and ones, `[T, B, 1, H, W]`.
fn spikes() -> Vec<i64> {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    (0..STEPS * SAMPLES * SIDE * SIDE).map(|_| i64::from(rng.random_bool(0.3))).collect()
}

fn outputs(network: &Sequential) -> Vec<i64> {
    let data = TensorData::new(spikes(), [STEPS, SAMPLES, 1, SIDE, SIDE]).convert::<f32>();
    let x = Tensor::<5>::from_data(data, &test_device());
    let (y, _) = network.forward::<5, 3>(x, SequentialState::default());
    values(y).into_iter().map(|spikes| spikes as i64).collect()
}

/// Weights, biases, thresholds: all of them integers.
fn integers(values: Vec<f32>) -> Vec<i64> {
    assert!(values.iter().all(|value| value.fract() == 0.0), "{values:?}");
    values.into_iter().map(|value| value as i64).collect()
}

/// Adds up its input, spikes as often as the threshold fits in, stays above its lower bound.
fn integrate(v: &mut i64, x: i64, threshold: i64, v_min: i64) -> i64 {
    *v += x;
    let spikes = (*v / threshold).max(0);
    *v = (*v - spikes * threshold).max(v_min);
    spikes
}

/// What the network of integers does, in integers.
fn reference(network: &Sequential, v_min: [i64; 2]) -> Vec<i64> {
    let [Layer::Conv2d(conv), _, first, _, Layer::Linear(linear), second] = &network.layers[..]
    else {
        panic!("{network:?}")
    };
    let threshold = |layer: &Layer| match layer {
        Layer::Neuron(AnyNeuron::Lif(lif)) => integers(lif.threshold().values())[0],
        other => panic!("{other:?}"),
    };
    let kernel = integers(values(conv.weight.val()));
    let kernel_bias = integers(values(conv.bias.as_ref().unwrap().val()));
    let weight = integers(values(linear.weight.val()));
    let bias = integers(values(linear.bias.as_ref().unwrap().val()));
    let (mut v, mut v_out) = (vec![0; SAMPLES * 27], vec![0; SAMPLES * 4]);
    let mut output = Vec::new();
    for (row, image) in spikes().chunks(SIDE * SIDE).enumerate() {
        let sample = row % SAMPLES;
        let hidden: Vec<i64> = (0..27)
            .map(|neuron| {
                let (map, y, x) = (neuron / 9, neuron / 3 % 3, neuron % 3);
                let window = |place: usize| {
                    let (y, x) = (2 * y + place / 2, 2 * x + place % 2);
                    let at = |k: usize| image[(y + k / 3) * SIDE + x + k % 3];
                    kernel_bias[map] + (0..9).map(|k| kernel[map * 9 + k] * at(k)).sum::<i64>()
                };
                let input = (0..4).map(window).sum();
                integrate(&mut v[sample * 27 + neuron], input, threshold(first), v_min[0])
            })
            .collect();
        for neuron in 0..4 {
            let input = (0..27).map(|i| weight[i * 4 + neuron] * hidden[i]).sum::<i64>();
            let v = &mut v_out[sample * 4 + neuron];
            output.push(integrate(v, input + bias[neuron], threshold(second), v_min[1]));
        }
    }
    output
}

#[test]
fn a_network_of_integers_spikes_as_integers_do() {
    let network = convolutional();
    let fixed = FixedPointConfig::new().discretize(&network).unwrap();
    let v_min = (-0.3 * fixed.layers[0].scale).round() as i64;
    let (got, before) = (outputs(&fixed.network), outputs(&network));
    assert_eq!(got, reference(&fixed.network, [v_min, -32768]));
    assert!(got.iter().sum::<i64>() > 50, "{got:?}");

    // Rounding moves a spike now and then, and next to no rate.
    let total = |spikes: &[i64]| spikes.iter().sum::<i64>() as f64;
    let same = got.iter().zip(&before).filter(|(a, b)| a == b).count() as f64 / got.len() as f64;
    assert!(same > 0.9, "{same}");
    assert!(
        (total(&got) / total(&before) - 1.0).abs() < 0.02,
        "{} {}",
        total(&got),
        total(&before)
    );
    // Weights use 8 bits: half a step is what is lost.
    for layer in &fixed.layers {
        assert!(layer.largest_error <= 0.5 / layer.scale + 1e-9, "{layer:?}");
        assert!(layer.largest_error > 0.4 / layer.scale, "{layer:?}");
    }
}

/// What the network asks for.
struct Settings {
    dt: f64,
    hidden_mean: f64,
    hidden_std: f64,
    mismatch: Option<f64>,
}

const EPOCHS: usize = 6;
const SEED: u32 = 5;

/// Trains on the chip; stops after `stop_after` batches in all.
fn train(directory: &Path, resume: bool, stop_after: usize) -> Outcome<YinYangNetwork> {
    let device = test_device();
    let training_device = device.clone().autodiff();
    let settings = Settings { dt: 2.0, hidden_mean: 1.0, hidden_std: 1.0, mismatch: None };
    let encoder = CoordinatesToSpikes::new(30, 2.0, 2.0, 40.0).with_t_bias(Some(18.0));
    let chip = Chip::new(&settings, SEED, &training_device).unwrap();
    let network = YinYangNetwork::new(&settings, SEED, Some(chip), &training_device).unwrap();
    let model = ClassifierConfig::new(ReadoutCrossEntropy::ce_max_membrane().into())
        .with_readout_scale(10.0)
        .init(network);
    let config = TrainerConfig {
        epochs: EPOCHS,
        batch_size: 50,
        seed: SEED.into(),
        average: None,
        keep: Keep::Last,
        accumulate: NonZeroUsize::MIN,
        directory: directory.into(),
        settings: json!({}),
    };
    let (optimizer, scheduler) = (AdamConfig::new().init(), ConstantLr::new(5e-3).into());
    let mut trainer = Trainer::new(config, model, optimizer, scheduler);
    assert_eq!(trainer.resume().unwrap(), resume);
    let train = Encoded::new(&YinYang::new(1000, 1), &encoder, &training_device).unwrap();
    let valid = Encoded::new(&YinYang::new(300, 2), &encoder, &device).unwrap();
    let (stop, mut batches) = (AtomicBool::new(false), 0);
    let count = |report: Report<'_>| {
        if matches!(report, Report::Batch { .. }) {
            batches += 1;
            stop.store(batches == stop_after, Ordering::Relaxed);
        }
    };
    trainer.fit(&train.split(1), &valid.split(2), &stop, count).unwrap()
}

#[test]
fn a_network_learns_on_its_chip_and_goes_on_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let whole = train(&folder.path().join("whole"), false, usize::MAX);
    let parts = folder.path().join("parts");
    assert!(train(&parts, false, 33).interrupted);
    let resumed = train(&parts, true, usize::MAX);
    assert_eq!(whole.history, resumed.history);
    let [first, .., last] = whole.history.as_slice() else { panic!("{EPOCHS} epochs") };
    assert!(last.train_loss < 0.7 * first.train_loss, "{first:?} {last:?}");
    assert!(last.valid_accuracy > 0.75, "{last:?}");

    // Noise is the same at every validation, and another with another seed.
    let encoder = CoordinatesToSpikes::new(30, 2.0, 2.0, 40.0).with_t_bias(Some(18.0));
    let data = Encoded::new(&YinYang::new(300, 2), &encoder, &test_device()).unwrap();
    let loss = |model: &Classifier<YinYangNetwork>, noise| {
        evaluate(model, &data.split(noise), 50).unwrap().loss
    };
    assert_eq!(loss(&whole.model, 2), last.valid_loss);
    assert_ne!(loss(&whole.model, 3), last.valid_loss);
    // And the chip makes a difference.
    let mut ideal = whole.model.clone();
    ideal.network.chip = None;
    assert_ne!(loss(&ideal, 2), last.valid_loss);
    assert_eq!(loss(&ideal, 2), loss(&ideal, 3));
}

//! Weights that others have trained and published. What PyTorch gets with them is from
//! tests/fixtures/weights/reference.py.

use std::path::PathBuf;

use burn::data::dataset::Dataset;
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::AvgPool2dConfig;
use burn::nn::{BatchNormConfig, LinearConfig};
use burn::tensor::Tensor;
use snn::core::sequential::Layer;
use snn::core::weights::{Mapping, WeightFile};
use snn::data::Part;
use snn::data::mnist::{Mnist, SIDE};
use snn::prelude::*;

use super::{assert_close, init};
use crate::files::real;
use crate::{test_device, values};

fn conv(channels: [usize; 2], side: usize) -> Conv2dConfig {
    Conv2dConfig::new(channels, [side, side]).with_bias(false)
}

/// sinabs `tests/test_conversion.py` and its `mnist_params.pt`, as PyTorch's `nn.Sequential` numbers its layers.
pub fn sinabs_mnist() -> SequentialConfig {
    let linear = |inputs, outputs| LinearConfig::new(inputs, outputs).with_bias(false);
    let convolutions = [([1, 20], 5), ([20, 32], 5), ([32, 128], 3)];
    let network =
        convolutions.into_iter().fold(SequentialConfig::new(), |network, (channels, side)| {
            network
                .layer(conv(channels, side))
                .layer(LayerConfig::Relu)
                .layer(AvgPool2dConfig::new([2, 2]))
        });
    network
        .layer(LayerConfig::Flatten)
        .layer(linear(128, 500))
        .layer(LayerConfig::Relu)
        .layer(linear(500, 10))
}

/// Burn's example `import-model-weights`.
pub fn burn_mnist() -> (SequentialConfig, Mapping) {
    let network = [[1, 8], [8, 16], [16, 24]]
        .into_iter()
        .fold(SequentialConfig::new(), |network, channels| {
            network.layer(Conv2dConfig::new(channels, [3, 3])).layer(LayerConfig::Relu)
        })
        .layer(BatchNormConfig::new(24))
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(11616, 32))
        .layer(LayerConfig::Relu)
        .layer(LinearConfig::new(32, 10))
        .layer(BatchNormConfig::new(10));
    let names = ["conv1", "conv2", "conv3", "norm1", "fc1", "fc2", "norm2"];
    (network, Mapping::layers([0, 2, 4, 6, 8, 10, 11].into_iter().zip(names)))
}

pub fn loaded(path: PathBuf, config: &SequentialConfig, mapping: &Mapping) -> Sequential {
    let mut network = init(config);
    let file = WeightFile::open(path).unwrap_or_else(|error| panic!("{error}"));
    file.load(&mut network, mapping).unwrap_or_else(|error| panic!("{error}"));
    network
}

/// Outputs for some test images of MNIST, ten numbers for each, and their labels.
fn outputs(
    network: &Sequential,
    count: usize,
    scaled: fn(f32) -> f32,
) -> Option<(Vec<f32>, Vec<usize>)> {
    outputs_of(count, scaled, |x| network.step::<4, 2>(x, SequentialState::default()).0)
}

/// What `run` makes of images `[B, 1, 28, 28]`: ten numbers for each, and their labels.
pub fn outputs_of(
    count: usize,
    scaled: fn(f32) -> f32,
    mut run: impl FnMut(Tensor<4>) -> Tensor<2>,
) -> Option<(Vec<f32>, Vec<usize>)> {
    let data = Mnist::open(real("mnist")?.parent()?, Part::Test).unwrap();
    let samples: Vec<_> = (0..count).map(|index| data.get(index).unwrap()).collect();
    let mut outputs = Vec::new();
    // Few enough for what a GPU takes in one piece, also where each is seen for many steps.
    for samples in samples.chunks(25) {
        let images = samples.iter().map(|sample| sample.image.as_slice());
        outputs.extend(values(run(images_of(images, scaled))));
    }
    Some((outputs, samples.into_iter().map(|sample| sample.label).collect()))
}

/// The first so many images to train with, `[B, 1, 28, 28]`.
pub fn training_images(count: usize, scaled: fn(f32) -> f32) -> Option<Tensor<4>> {
    let data = Mnist::open(real("mnist")?.parent()?, Part::Train).unwrap();
    let samples: Vec<_> = (0..count).map(|index| data.get(index).unwrap()).collect();
    Some(images_of(samples.iter().map(|sample| sample.image.as_slice()), scaled))
}

fn images_of<'a>(
    images: impl ExactSizeIterator<Item = &'a [u8]>,
    scaled: fn(f32) -> f32,
) -> Tensor<4> {
    let count = images.len();
    let pixels: Vec<f32> = images.flatten().map(|pixel| scaled(f32::from(*pixel))).collect();
    let x = Tensor::<1>::from_floats(pixels.as_slice(), &test_device());
    x.reshape([count, 1, SIDE, SIDE])
}

pub fn correct(logits: &[f32], labels: &[usize]) -> usize {
    let classes = logits
        .chunks(10)
        .map(|logits| (0..10).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap());
    classes.zip(labels).filter(|(class, label)| class == *label).count()
}

#[test]
fn sinabs_mnist_network() {
    let Some(folder) = real("weights") else { return };
    let path = folder.join("sinabs_mnist_params.pt");
    let network = loaded(path, &sinabs_mnist(), &Mapping::InOrder);
    let Some((logits, labels)) = outputs(&network, 1000, |pixel| pixel) else { return };
    // PyTorch 2.15, of pixels from 0 to 255.
    #[rustfmt::skip]
    let expected = [
        0.233_889_22, -0.520_075_4, 4.815_344_3, 3.397_545_8, -6.620_343,
        -1.950_774_9, -8.282_389, 14.985_368, -1.558_175_8, 2.705_408,
        4.284_845, 6.336_937, 12.979_813, 2.810_047, -5.210_320_5,
        -4.590_996, 0.480_392_2, -3.631_424_7, 1.529_151_8, -5.007_947,
        -1.109_338_4, 8.586_418, -2.275_079_7, -2.248_228_3, 2.329_185,
        -2.462_766_2, -0.140_720_73, 0.934_453, 0.424_331_67, -1.285_160_7,
    ];
    assert_close(&logits[..30], &expected, 1e-4);
    let correct = correct(&logits, &labels);
    assert!(correct.abs_diff(977) <= 1, "{correct}");
}

#[test]
fn burn_mnist_networks() {
    let Some(folder) = real("weights") else { return };
    let (config, mapping) = burn_mnist();
    // PyTorch 2.15; the two files are of different trainings.
    #[rustfmt::skip]
    let files = [("burn_mnist.pt", 991, [
        -0.159_751_9, -0.751_787_8, -1.332_790_1, -0.484_548_66, -0.929_705,
        -2.043_576_2, -1.823_797_2, 9.231_033, -0.898_946_76, -0.520_772_34,
        -0.811_752, -2.207_451, 6.925_421, -2.165_302_5, -1.631_746_3,
        -2.501_234_5, -1.150_306_8, -1.793_643_8, -1.373_161_3, -1.068_160_7,
        -0.055_855_63, 11.482_331, -0.162_770_51, -0.271_762_34, 0.263_209_55,
        -0.138_157_26, -0.450_648_58, -0.048_736_338, -0.649_806_4, -0.094_750_546,
    ]), ("burn_mnist.safetensors", 990, [
        -0.850_991_85, -1.487_414_4, -1.255_945_3, -1.471_058, -1.260_210_9,
        -2.134_420_2, -1.748_778, 8.757_073, -1.589_288, -0.899_858_8,
        -1.770_924_6, -1.952_990_2, 7.201_824, -3.241_396_7, -0.757_677_7,
        -2.984_794, -1.011_590_7, -1.932_881_6, -1.681_133_5, -1.511_691_9,
        -0.269_411_7, 11.999_193, -0.498_083_1, -0.189_711_21, -0.228_898_91,
        -0.759_707_7, -0.202_530_55, -0.180_822_7, -0.552_451_13, -0.234_602_84,
    ])];
    for (name, expected, logits_expected) in files {
        let network = loaded(folder.join(name), &config, &mapping);
        let scaled = |pixel| (pixel / 255.0 - 0.1307) / 0.3081;
        let Some((logits, labels)) = outputs(&network, 1000, scaled) else { return };
        assert_close(&logits[..30], &logits_expected, 1e-4);
        let correct = correct(&logits, &labels);
        assert!(correct.abs_diff(expected) <= 1, "{name}: {correct}");
    }

    // The names do not say that norm1 is before fc1.
    let file = WeightFile::open(folder.join("burn_mnist.pt")).unwrap();
    let error = file.load(&mut init(&config), &Mapping::InOrder).unwrap_err().to_string();
    let expected = "the names conv1, conv2, conv3, fc1, fc2, norm1, norm2 give no order";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn sinabs_dvs_gesture_weights() {
    let Some(folder) = real("weights") else { return };
    let convolutions = [
        ([2, 16], 2),
        ([16, 16], 3),
        ([16, 32], 3),
        ([32, 32], 3),
        ([32, 64], 3),
        ([64, 64], 3),
        ([64, 256], 2),
    ];
    let config = convolutions
        .into_iter()
        .fold(SequentialConfig::new(), |network, (channels, side)| {
            network.layer(conv(channels, side))
        })
        .layer(LinearConfig::new(256, 128).with_bias(false))
        .layer(LinearConfig::new(128, 11).with_bias(false));
    let network = loaded(folder.join("sinabs_dvs_gesture_params.pt"), &config, &Mapping::InOrder);
    // From PyTorch: the first two numbers of each weight, and its sum in double precision.
    let expected = [
        ([0.585_175_4, 0.157_905_13], -2.161_951_628_746_465),
        ([-0.006_439_629_5, -0.068_833_76], -22.690_149_464_353_453),
        ([0.223_292_04, 0.359_927_98], -188.218_427_369_971_3),
        ([-0.139_250_93, 0.160_553_83], -335.508_233_443_688_3),
        ([-0.083_107_03, -0.281_197_28], -1_056.717_670_271_188),
        ([0.017_074_857, 0.110_803_08], -787.499_721_393_037_4),
        ([-0.036_899_008, 0.119_328_06], -1_346.760_444_393_581_6),
        ([-0.125_457_53, -0.048_084_546], -851.788_644_362_492),
        ([0.049_803_41, -0.156_660_7], -101.497_114_755_591_61),
    ];
    for (layer, (first, sum)) in network.layers.iter().zip(expected) {
        let weight: Vec<f32> = match layer {
            Layer::Conv2d(conv) => values(conv.weight.val()),
            Layer::Linear(linear) => values(linear.weight.val().transpose()),
            other => panic!("{other:?}"),
        };
        assert_eq!(weight[..2], first);
        let total: f64 = weight.iter().copied().map(f64::from).sum();
        assert!((total - sum).abs() < 1e-9, "{total} instead of {sum}");
    }
}

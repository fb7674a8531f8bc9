//! A trained network as a spiking one, as `with_sinabs.py` has it.

use std::hint::black_box;
use std::path::Path;

use burn::data::dataset::Dataset;
use burn::nn::LinearConfig;
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::AvgPool2dConfig;
use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use snn::core::convert::{ConversionConfig, Normalization};
use snn::core::encode::{RateConfig, rate};
use snn::core::synops::SynOpsCounter;
use snn::core::weights::{Mapping, WeightFile};
use snn::data::Part;
use snn::data::mnist::{Mnist, SIDE};
use snn::prelude::*;

use crate::cases::Iteration;

/// Images in a batch, and steps for which they are seen.
const IMAGES: usize = 100;
const STEPS: usize = 32;

/// `spikes` runs the converted network; `synops` also counts its operations.
pub fn case(work: &str, folder: &Path) -> Iteration {
    let device = Device::default();
    let linear = |inputs, outputs| LinearConfig::new(inputs, outputs).with_bias(false);
    let mut network = SequentialConfig::new();
    for (channels, side) in [([1, 20], 5), ([20, 32], 5), ([32, 128], 3)] {
        network = network
            .layer(Conv2dConfig::new(channels, [side, side]).with_bias(false))
            .layer(LayerConfig::Relu)
            .layer(AvgPool2dConfig::new([2, 2]));
    }
    let network = network
        .layer(LayerConfig::Flatten)
        .layer(linear(128, 500))
        .layer(LayerConfig::Relu)
        .layer(linear(500, 10));
    let mut ann = network.init(&device).expect("a network");
    let weights = WeightFile::open(folder.join("weights/sinabs_mnist_params.pt"));
    weights.expect("weights").load(&mut ann, &Mapping::InOrder).expect("weights that fit");

    let images = images(folder, IMAGES, &device);
    let snn = ConversionConfig::new()
        .convert_normalized(&ann, &images, &Normalization::new(99.9))
        .expect("a network that can be converted")
        .network;
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let spikes: Tensor<5> = rate(images, &RateConfig::new(STEPS), &mut rng).expect("rates");
    let counted = work == "synops";
    Box::new(move |clock| {
        let rest = SequentialState::default();
        if counted {
            let (_, _, counts) = snn.forward_counted::<5, 3>(spikes.clone(), rest);
            let mut counter = SynOpsCounter::new(&snn);
            counter.add(&counts);
            black_box(counter.report(1e-3).synops());
        } else {
            black_box(snn.forward::<5, 3>(spikes.clone(), rest));
        }
        clock.lap("forward");
    })
}

/// The first images of MNIST's test set, `[B, 1, 28, 28]`, from 0 to 1.
pub fn images(folder: &Path, number: usize, device: &Device) -> Tensor<4> {
    let mnist = Mnist::open(folder, Part::Test).expect("MNIST");
    let pixels = (0..number).flat_map(|index| mnist.get(index).expect("an image").image);
    let pixels: Vec<f32> = pixels.map(|pixel| f32::from(pixel) / 255.0).collect();
    Tensor::from_data(TensorData::new(pixels, [number, 1, SIDE, SIDE]), device)
}

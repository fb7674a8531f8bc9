//! 12C5-MP2-LIF-64C5-MP2-LIF-1024FC10-LIF, the convolutional spiking network of snnTorch's tutorial 6.

use burn::data::dataloader::batcher::Batcher;
use burn::module::{Module, Param};
use burn::nn::LinearConfig;
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::MaxPool2dConfig;
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use snn::core::sequential::{Layer, LayerError};
use snn::data::mnist::{MnistSample, SIDE};
use snn::prelude::*;

#[derive(Module, Debug)]
pub struct Csnn {
    pub layers: Sequential,
    #[module(skip)]
    steps: usize,
}

impl Csnn {
    /// A network that looks at an image for `steps` steps.
    pub fn new(steps: usize, seed: u32, device: &Device) -> Result<Self, LayerError> {
        let lif =
            LifConfig::snntorch_leaky(0.5).with_surrogate(Surrogate::FastSigmoid { slope: 25.0 });
        let mut layers = SequentialConfig::new()
            .layer(Conv2dConfig::new([1, 12], [5, 5]))
            .layer(MaxPool2dConfig::new([2, 2]))
            .layer(lif.clone())
            .layer(Conv2dConfig::new([12, 64], [5, 5]))
            .layer(MaxPool2dConfig::new([2, 2]))
            .layer(lif.clone())
            .layer(LayerConfig::Flatten)
            .layer(LinearConfig::new(64 * 4 * 4, 10))
            .layer(lif)
            .init(device)?;
        // Drawn here rather than by Burn, so that every device starts from the same weights.
        let mut rng = ChaCha8Rng::seed_from_u64(seed.into());
        for layer in &mut layers.layers {
            match layer {
                Layer::Conv2d(conv) => {
                    let [_, channels, height, width] = conv.weight.dims();
                    draw(&mut conv.weight, conv.bias.as_mut(), channels * height * width, &mut rng);
                }
                Layer::Linear(linear) => {
                    let [inputs, _] = linear.weight.dims();
                    draw(&mut linear.weight, linear.bias.as_mut(), inputs, &mut rng);
                }
                _ => {}
            }
        }
        Ok(Self { layers, steps })
    }

    /// Spikes of the ten output neurons, `[T, B, 10]`, of images `[B, 1, 28, 28]`.
    pub fn spikes(&self, images: Tensor<4>) -> Tensor<3> {
        self.layers.forward_static(images, self.steps, SequentialState::default()).0
    }
}

impl SpikingNetwork for Csnn {
    /// Images, `[B, 1, 28, 28]`.
    type Input = Tensor<4>;

    fn run(&self, images: Tensor<4>) -> Activity {
        let rest = SequentialState::default();
        let (output, _, recording) =
            self.layers.forward_static_recorded(images, self.steps, rest, Record::Outputs);
        let counts = |layer| -> Tensor<2> {
            let counts: Tensor<4> = sum_over_time(recording.outputs::<5>(layer).detach());
            counts.flatten(1, 3)
        };
        Activity { output, spike_counts: vec![counts(2), counts(5)] }
    }
}

/// Weights and biases, uniform within `±1 / sqrt(fan_in)`, as PyTorch draws them.
fn draw<const D: usize>(
    weight: &mut Param<Tensor<D>>,
    bias: Option<&mut Param<Tensor<1>>>,
    fan_in: usize,
    rng: &mut ChaCha8Rng,
) {
    fill(weight, fan_in, rng);
    if let Some(bias) = bias {
        fill(bias, fan_in, rng);
    }
}

fn fill<const D: usize>(param: &mut Param<Tensor<D>>, fan_in: usize, rng: &mut ChaCha8Rng) {
    let (shape, device) = (param.dims(), param.device());
    let bound = 1.0 / (fan_in as f32).sqrt();
    let values: Vec<f32> =
        (0..shape.iter().product()).map(|_| bound * (2.0 * rng.random::<f32>() - 1.0)).collect();
    *param = Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), &device));
}

/// Images as the tutorial normalizes them, by a mean of 0 and a standard deviation of 1: from 0 to 1.
pub struct ToImages;

impl Batcher<MnistSample, Batch<Tensor<4>>> for ToImages {
    fn batch(&self, samples: Vec<MnistSample>, device: &Device) -> Batch<Tensor<4>> {
        let pixels = samples.iter().flat_map(|sample| &sample.image);
        let pixels: Vec<f32> = pixels.map(|pixel| f32::from(*pixel) / 255.0).collect();
        let labels: Vec<i64> = samples.iter().map(|sample| sample.label as i64).collect();
        let shape = [samples.len(), 1, SIDE, SIDE];
        Batch {
            input: Tensor::from_data(TensorData::new(pixels, shape), device),
            targets: Tensor::from_data(labels.as_slice(), device),
            mask: None,
        }
    }
}

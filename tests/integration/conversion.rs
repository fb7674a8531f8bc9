//! Networks that others have trained, as spiking networks.

use burn::module::{Module, ModuleMapper, Param};
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::{AvgPool2dConfig, MaxPool2dConfig};
use burn::nn::{BatchNormConfig, LinearConfig, PaddingConfig2d};
use burn::serde::Deserialize;
use burn::tensor::{Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use snn::core::convert::{ConversionConfig, Normalization};
use snn::core::encode::{RateConfig, rate};
use snn::core::synops::SynOpsCounter;
use snn::core::weights::Mapping;
use snn::prelude::*;

use crate::files::real;
use crate::weights::real::{
    burn_mnist, correct, loaded, outputs_of, sinabs_mnist, training_images,
};
use crate::{on_cpu, test_device, values};

/// Images to test with: all of them only if asked for, since that takes minutes.
fn images() -> usize {
    match std::env::var_os("SNN_TEST_LARGE") {
        Some(_) => 10_000,
        None => few(100),
    }
}

/// Fewer where a GPU may be one in software.
fn few(images: usize) -> usize {
    if on_cpu() { images } else { images / 8 }
}

/// How images come to the spiking network.
#[derive(Debug, Clone, Copy)]
enum Input {
    /// The image at every step.
    Constant,
    /// Spikes at the rates of its pixels.
    Rates,
}

/// Images, out of so many, that the original and the spiking network know.
fn known(
    ann: &Sequential,
    snn: &Sequential,
    scaled: fn(f32) -> f32,
    steps: usize,
    input: Input,
) -> Option<[usize; 2]> {
    let rest = SequentialState::default;
    let (analog, labels) = outputs_of(images(), scaled, |x| ann.step::<4, 2>(x, rest()).0)?;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut counter = SynOpsCounter::new(snn);
    let (spiking, _) = outputs_of(images(), scaled, |x| {
        let (output, _, counts) = match input {
            Input::Constant => snn.forward_static_counted::<4, 3>(x, steps, rest()),
            Input::Rates => {
                let spikes: Tensor<5> = rate(x, &RateConfig::new(steps), &mut rng).unwrap();
                snn.forward_counted::<5, 3>(spikes, rest())
            }
        };
        counter.add(&counts);
        sum_over_time(output)
    })?;
    let known = [correct(&analog, &labels), correct(&spiking, &labels)];
    let synops = counter.report(1e-3).synops();
    let all = images();
    println!("{input:?}, {steps} steps: {known:?} of {all}, {synops:.0} synaptic operations");
    Some(known)
}

/// Within a tenth of a point, or one image of few.
fn assert_alike([analog, spiking]: [usize; 2]) {
    let lost = analog as f64 - spiking as f64;
    assert!(lost <= (images() as f64 * 0.001).max(1.0), "{spiking} instead of {analog}");
}

#[test]
fn the_mnist_network_of_sinabs() {
    let Some(folder) = real("weights") else { return };
    let path = folder.join("sinabs_mnist_params.pt");
    let ann = loaded(path, &sinabs_mnist(), &Mapping::InOrder);
    let scaled = |pixel| pixel / 255.0;
    let Some(data) = training_images(few(200), scaled) else { return };
    let conversion = ConversionConfig::new().with_v_min(None).with_initial_membrane(0.5);
    let converted = conversion.convert_normalized(&ann, &data, &Normalization::new(99.9)).unwrap();
    println!("{}", converted.report);
    for (steps, input) in [(32, Input::Constant), (32, Input::Rates), (100, Input::Rates)] {
        let Some(known) = known(&ann, &converted.network, scaled, steps, input) else { return };
        assert_alike(known);
    }

    // As sinabs does it: weights as they are, membranes not below -1, pixels up to 255.
    let scaled = |pixel| pixel;
    let converted = ConversionConfig::new().convert(&ann, &[1, 28, 28]).unwrap();
    let Some(known) = known(&ann, &converted.network, scaled, 10, Input::Constant) else { return };
    assert_alike(known);
}

/// It has biases, batch normalization behind rectified units, and inputs below zero.
#[test]
fn the_mnist_network_of_burn() {
    let Some(folder) = real("weights") else { return };
    let (config, mapping) = burn_mnist();
    let ann = loaded(folder.join("burn_mnist.pt"), &config, &mapping);
    let scaled = |pixel| (pixel / 255.0 - 0.1307) / 0.3081;
    let Some(data) = training_images(few(200), scaled) else { return };
    let conversion = ConversionConfig::new().with_v_min(None).with_initial_membrane(0.5);
    let mut converted =
        conversion.convert_normalized(&ann, &data, &Normalization::new(99.9)).unwrap();
    println!("{}", converted.report);
    let known = |network: &Sequential| known(&ann, network, scaled, 32, Input::Constant);
    let Some(before) = known(&converted.network) else { return };
    assert_alike(before);
    converted.correct_biases(&ann, &data, 32);
    if let Some(after) = known(&converted.network) {
        assert_alike(after);
    }
}

/// Weights, input and results of tests/fixtures/conversion/make.py, which runs sinabs.
#[derive(Deserialize)]
#[serde(crate = "burn::serde")]
struct Fixture {
    events: Vec<f32>,
    events_shape: [usize; 5],
    weights: Vec<Vec<f32>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(crate = "burn::serde")]
struct Case {
    min_v_mem: Option<f64>,
    spike_threshold: f64,
    /// `[T, B, N]` of each layer of neurons.
    spikes: Vec<Vec<f32>>,
    /// Of each layer with weights, mean over samples.
    synops_per_timestep: Vec<f64>,
}

/// Parameters in the order of a file.
struct Given(std::vec::IntoIter<Vec<f32>>);

impl ModuleMapper for Given {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let data = TensorData::new(self.0.next().unwrap(), param.dims());
        Param::from_tensor(Tensor::from_data(data, &param.device()))
    }
}

#[test]
fn spikes_and_operations_are_those_of_sinabs() {
    let file = include_str!("../fixtures/conversion/sinabs.json");
    let fixture: Fixture = serde_json::from_str(file).unwrap();
    let padding = PaddingConfig2d::Explicit(1, 1, 1, 1);
    let second = Conv2dConfig::new([4, 6], [3, 3]).with_stride([2, 2]).with_groups(2);
    let ann = SequentialConfig::new()
        .layer(Conv2dConfig::new([2, 4], [3, 3]).with_padding(padding))
        .layer(LayerConfig::Relu)
        .layer(AvgPool2dConfig::new([2, 2]))
        .layer(second.with_bias(false))
        .layer(LayerConfig::Relu)
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(24, 5))
        .layer(LayerConfig::Relu);
    let ann = ann.init(&test_device()).unwrap().map(&mut Given(fixture.weights.into_iter()));
    let events = TensorData::new(fixture.events, fixture.events_shape);
    let events = Tensor::<5>::from_data(events, &test_device());
    for case in fixture.cases {
        let conversion =
            ConversionConfig::new().with_threshold(case.spike_threshold).with_v_min(case.min_v_mem);
        let snn = conversion.convert(&ann, &fixture.events_shape[2..]).unwrap().network;
        let rest = SequentialState::default;
        let (_, _, recording) =
            snn.forward_recorded::<5, 3>(events.clone(), rest(), Record::Outputs);
        let layers: Vec<usize> = recording.layers().collect();
        let [first, second, third] = layers[..] else { panic!("{layers:?}") };
        assert_eq!(values(recording.outputs::<5>(first)), case.spikes[0]);
        assert_eq!(values(recording.outputs::<5>(second)), case.spikes[1]);
        assert_eq!(values(recording.outputs::<3>(third)), case.spikes[2]);

        // sinabs keeps the average pooling, as a network of ours may.
        let mut averages = snn.clone();
        averages.layers[2..4].clone_from_slice(&ann.layers[2..4]);
        for network in [snn, averages] {
            let (_, _, counts) = network.forward_counted::<5, 3>(events.clone(), rest());
            let mut counter = SynOpsCounter::new(&network);
            counter.add(&counts);
            let report = counter.report(1.0);
            let weighted = report.layers.iter().filter(|layer| layer.fan_out > 0.0);
            let per_step: Vec<f64> = weighted.map(|layer| layer.synops / report.steps).collect();
            assert_eq!(per_step.len(), case.synops_per_timestep.len());
            for (ours, theirs) in per_step.iter().zip(&case.synops_per_timestep) {
                assert!((ours / theirs - 1.0).abs() < 1e-5, "{per_step:?}");
            }
        }
    }
}

/// A convolution of weight 1 over one pixel, means of 0 and variances of 1: behind the pooling, channel `c` is
/// `gamma[c] x + beta[c]`.
fn normalized_behind_pooling(gamma: [f32; 2], beta: [f32; 2]) -> Sequential {
    let config = SequentialConfig::new()
        .layer(Conv2dConfig::new([1, 2], [1, 1]))
        .layer(MaxPool2dConfig::new([2, 2]))
        .layer(BatchNormConfig::new(2).with_epsilon(1e-12))
        .layer(LayerConfig::Relu)
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(2, 2).with_bias(false));
    let weights = [vec![1.0, 1.0], vec![0.0, 0.0], gamma.to_vec(), beta.to_vec()];
    let statistics = [vec![0.0, 0.0], vec![1.0, 1.0]];
    let last = [vec![1.0, 0.0, 0.0, 1.0]];
    let all: Vec<Vec<f32>> = weights.into_iter().chain(statistics).chain(last).collect();
    config.init(&test_device()).unwrap().map(&mut Given(all.into_iter()))
}

#[test]
fn a_normalization_behind_a_max_pooling() {
    let x = Tensor::<1>::from_floats([0.25, 0.75, -0.5, 0.5], &test_device()).reshape([1, 1, 2, 2]);
    let ann = normalized_behind_pooling([0.5, 1.0], [0.125, -0.25]);
    let converted = ConversionConfig::new().with_v_min(None).convert(&ann, &[1, 2, 2]).unwrap();
    println!("{}", converted.report);
    let rest = SequentialState::default();
    let (y, _) = converted.network.forward_static::<4, 3>(x.clone(), 64, rest);
    // The largest pixel is 0.75: 0.5 * 0.75 + 0.125 = 0.5 and 0.75 - 0.25 = 0.5, a spike in every other step.
    assert_eq!(values(y.mean_dim(0)), [0.5, 0.5]);
    let (y, _) = ann.step::<4, 2>(x, SequentialState::default());
    assert_eq!(values(y), [0.5, 0.5]);

    let ann = normalized_behind_pooling([0.5, -1.0], [0.125, -0.25]);
    let error = ConversionConfig::new().convert(&ann, &[1, 2, 2]).unwrap_err().to_string();
    assert!(error.starts_with("layer 2 (BatchNorm) cannot be converted: its scale, "), "{error}");
    assert!(error.contains(" is -1 in channel 1, ") && error.contains(": train with "), "{error}");
}

//! Converted networks against their originals, and spike for spike against loops over numbers.

mod loops;

use burn::module::{Module, ModuleMapper, Param, RunningState};
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::{AvgPool2dConfig, MaxPool2dConfig};
use burn::nn::{BatchNormConfig, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::layer::{DropoutConfig, QuantizedReluConfig};
use crate::sequential::{Layer, LayerConfig, Record, SequentialConfig, SequentialState};
use loops::by_loops;

fn device() -> Device {
    Device::default()
}

fn rest() -> SequentialState {
    SequentialState::default()
}

fn values<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().convert::<f32>().try_to_vec().unwrap()
}

/// Draws parameters that are multiples of 1/16, with which nothing is ever rounded.
struct Drawn(ChaCha8Rng);

impl Drawn {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn sixteenths(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.0.random_range(-10..=10) as f32 / 16.0).collect()
    }

    /// Numbers of events, none most of the time.
    fn events<const D: usize>(&mut self, shape: [usize; D]) -> Tensor<D> {
        let count = shape.iter().product();
        let events = (0..count).map(|_| (self.0.random_range(0..8) - 5).max(0) as f32).collect();
        Tensor::from_data(TensorData::new::<f32, _>(events, shape), &device())
    }

    /// Numbers from 0 to 1.
    fn image<const D: usize>(&mut self, shape: [usize; D]) -> Tensor<D> {
        let values = (0..shape.iter().product()).map(|_| self.0.random::<f32>()).collect();
        Tensor::from_data(TensorData::new::<f32, _>(values, shape), &device())
    }
}

impl ModuleMapper for Drawn {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = param.dims();
        let values = self.sixteenths(shape.iter().product());
        Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), &param.device()))
    }
}

fn drawn(config: SequentialConfig, seed: u64) -> Sequential {
    config.init(&device()).unwrap().map(&mut Drawn::new(seed))
}

fn analog<const I: usize, const O: usize>(network: &Sequential, x: &Tensor<I>) -> Tensor<O> {
    network.step(x.clone(), rest()).0
}

fn convolutional() -> SequentialConfig {
    SequentialConfig::new()
        .layer(
            Conv2dConfig::new([2, 4], [3, 3])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .with_bias(false),
        )
        .layer(LayerConfig::Relu)
        .layer(AvgPool2dConfig::new([2, 2]))
        .layer(DropoutConfig::new(0.5))
        .layer(
            Conv2dConfig::new([4, 6], [2, 2]).with_stride([2, 2]).with_groups(2).with_bias(false),
        )
        .layer(LayerConfig::Relu)
        .layer(AvgPool2dConfig::new([2, 2]))
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(6, 5))
        .layer(LayerConfig::Relu)
        .layer(LinearConfig::new(5, 3).with_bias(false))
        .layer(LayerConfig::Relu)
}

#[test]
fn spikes_are_those_of_a_naive_reference() {
    let configs = [
        ConversionConfig::new(),
        ConversionConfig::new().with_v_min(None).with_initial_membrane(0.5),
        ConversionConfig::new().with_threshold(0.5).with_membrane_subtract(Some(0.25)),
        ConversionConfig::new().with_threshold(2.0).with_membrane_subtract(Some(4.0)),
        ConversionConfig::new().with_max_spikes(Some(1)).with_v_min(Some(-0.25)),
        ConversionConfig::new().with_bias_steps(4.0),
    ];
    let mut fired = [0.0; 4];
    for seed in 0..5 {
        let ann = drawn(convolutional(), seed);
        let x = Drawn::new(100 + seed).events([12, 2, 2, 8, 8]);
        for config in &configs {
            let snn = config.convert(&ann, &[2, 8, 8]).unwrap().network;
            let (_, _, recording) =
                snn.forward_recorded::<5, 3>(x.clone(), rest(), Record::Outputs);
            let expected = by_loops(&ann, &x, config);
            let layers: Vec<usize> = recording.layers().collect();
            assert_eq!(layers.len(), expected.len());
            for (number, (layer, expected)) in layers.into_iter().zip(expected).enumerate() {
                let spikes = match number {
                    0 | 1 => values(recording.outputs::<5>(layer)),
                    _ => values(recording.outputs::<3>(layer)),
                };
                fired[number] += spikes.iter().sum::<f32>();
                assert_eq!(spikes, expected, "layer {layer}, seed {seed}, {config:?}");
            }
        }
    }
    assert!(fired.iter().all(|spikes| *spikes > 50.0), "{fired:?}");
}

/// What sinabs' integrate-and-fire neuron did with this input, by its first version and by the present one.
#[test]
fn a_neuron_is_that_of_sinabs() {
    let config = SequentialConfig::new()
        .layer(LinearConfig::new(1, 1).with_bias(false))
        .layer(LayerConfig::Relu);
    let mut ann = config.init(&device()).unwrap();
    let Layer::Linear(linear) = &mut ann.layers[0] else { panic!("another layer") };
    linear.weight = Param::from_tensor(Tensor::ones([1, 1], &device()));
    let snn = ConversionConfig::new().convert(&ann, &[1]).unwrap().network;
    let x = [0.4, 0.4, 0.4, 2.7, -3.0, 0.5, 1.5, 0.0];
    let x = Tensor::<1>::from_floats(x, &device()).reshape([8, 1, 1]);
    let record = Record::OutputsAndMembranes;
    let (spikes, _, recording) = snn.forward_recorded::<3, 3>(x, rest(), record);
    assert_eq!(values(spikes), [0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 1.0, 0.0]);
    let membranes = values(recording.membranes::<3>(1));
    let expected = [0.4, 0.8, 0.2, 0.9, -1.0, -0.5, 0.0, 0.0];
    for (got, expected) in membranes.iter().zip(expected) {
        assert!((got - expected).abs() < 1e-6, "{membranes:?}");
    }
}

#[test]
fn state_persists_where_it_is_handed_on() {
    let ann = drawn(convolutional(), 1);
    let snn = ConversionConfig::new().convert(&ann, &[2, 8, 8]).unwrap().network;
    let x = Drawn::new(2).events([10, 2, 2, 8, 8]);
    let (all, _) = snn.forward::<5, 3>(x.clone(), rest());
    let (first, state) = snn.forward::<5, 3>(x.clone().narrow(0, 0, 4), rest());
    let (second, _) = snn.forward::<5, 3>(x.narrow(0, 4, 6), state);
    assert_eq!(values(Tensor::cat(vec![first, second], 0)), values(all));
}

/// The mean output over many steps of a constant input, and what the original says.
fn assert_rates<const I: usize, const D: usize>(
    ann: &Sequential,
    x: &Tensor<I>,
    converted: &Conversion,
    tolerance: f32,
) {
    let (y, _) = converted.network.forward_static::<I, D>(x.clone(), 400, rest());
    let rates: Tensor<2> = y.mean_dim(0).reshape([x.dims()[0] as i32, -1]);
    let expected: Tensor<2> = analog(ann, x);
    let scale = expected.clone().abs().max().into_scalar::<f32>();
    assert!(scale > 0.05, "nothing to compare: {scale}");
    let error = (rates * converted.output_scale - expected).abs().max().into_scalar::<f32>();
    assert!(error < tolerance * scale, "{error} of {scale}\n{}", converted.report);
}

fn faithful() -> ConversionConfig {
    ConversionConfig::new().with_v_min(None).with_initial_membrane(0.5)
}

#[test]
fn rates_are_activations() {
    let x = Drawn::new(7).image([4, 2, 8, 8]);
    for scale_by in [ScaleBy::Layer, ScaleBy::Channel] {
        let normalization = Normalization::new(99.0).with_scale_by(scale_by);
        for seed in 0..3 {
            let ann = drawn(convolutional(), seed);
            let converted = faithful().convert_normalized(&ann, &x, &normalization).unwrap();
            assert_rates::<4, 3>(&ann, &x, &converted, 0.02);
        }
    }
}

/// With running statistics that are not those it starts with.
fn with_statistics(mut network: Sequential, seed: u64) -> Sequential {
    for layer in &mut network.layers {
        if let Layer::BatchNorm(norm) = layer {
            let features = norm.gamma.dims()[0];
            let mut draw = Drawn::new(seed);
            let mean = Tensor::<1>::from_floats(draw.sixteenths(features).as_slice(), &device());
            norm.running_mean = RunningState::new(mean);
            norm.running_var = RunningState::new(draw.image([features]) + 0.5);
        }
    }
    network
}

#[test]
fn batch_normalization_goes_into_weights_before_or_behind_it() {
    let conv = |channels| Conv2dConfig::new(channels, [3, 3]);
    let behind = SequentialConfig::new() // the usual order, and pooling of currents
        .layer(conv([2, 4]))
        .layer(BatchNormConfig::new(4))
        .layer(LayerConfig::Relu)
        .layer(conv([4, 3]))
        .layer(AvgPool2dConfig::new([2, 2]))
        .layer(BatchNormConfig::new(3))
        .layer(LayerConfig::Relu)
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(12, 4))
        .layer(BatchNormConfig::new(4));
    let before = SequentialConfig::new() // through pooling and flattening, and of the input
        .layer(BatchNormConfig::new(2))
        .layer(conv([2, 4]))
        .layer(LayerConfig::Relu)
        .layer(BatchNormConfig::new(4))
        .layer(AvgPool2dConfig::new([2, 2]))
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(36, 4))
        .layer(LayerConfig::Relu)
        .layer(BatchNormConfig::new(4))
        .layer(LinearConfig::new(4, 3));
    let x = Drawn::new(8).image([3, 2, 8, 8]);
    for config in [behind, before] {
        let ann = with_statistics(drawn(config, 3), 9);
        let converted = faithful().convert_normalized(&ann, &x, &Normalization::new(100.0));
        assert_rates::<4, 3>(&ann, &x, &converted.unwrap(), 0.02);
    }
}

#[test]
fn max_pooling_is_exact_over_time() {
    let config = SequentialConfig::new()
        .layer(Conv2dConfig::new([2, 4], [3, 3]))
        .layer(LayerConfig::Relu)
        .layer(MaxPool2dConfig::new([2, 2]))
        .layer(Conv2dConfig::new([4, 3], [2, 2]))
        .layer(MaxPool2dConfig::new([2, 2]))
        .layer(LayerConfig::Relu)
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(3, 3));
    let x = Drawn::new(8).image([3, 2, 8, 8]);
    let ann = drawn(config, 4);
    let converted = faithful().convert_normalized(&ann, &x, &Normalization::new(100.0)).unwrap();
    assert_rates::<4, 3>(&ann, &x, &converted, 0.02);
}

#[test]
fn quantized_units_are_exact_in_as_many_steps_as_levels() {
    let config = SequentialConfig::new()
        .layer(LinearConfig::new(6, 20))
        .layer(QuantizedReluConfig::new(8, 1.0))
        .layer(LinearConfig::new(20, 4));
    let mut ann = drawn(config, 5);
    // A power of two, so that nothing is rounded.
    let Layer::QuantizedRelu(relu) = &mut ann.layers[1] else { panic!("another layer") };
    relu.threshold = Param::from_tensor(Tensor::full([1], 2.0, &device()));
    let x = (Drawn::new(6).image::<2>([10, 6]) * 16.0).round() / 16.0;
    for threshold in [1.0, 0.5] {
        let config = ConversionConfig::new().with_threshold(threshold).with_v_min(None);
        let converted = config.convert(&ann, &[6]).unwrap();
        let (y, _) = converted.network.forward_static::<2, 3>(x.clone(), 8, rest());
        let rates: Tensor<2> = y.mean_dim(0).squeeze_dim(0);
        assert_eq!(values(rates), values(analog::<2, 2>(&ann, &x)));
    }
}

#[test]
fn corrected_biases_bring_rates_nearer() {
    let config = SequentialConfig::new()
        .layer(Conv2dConfig::new([2, 4], [3, 3]))
        .layer(LayerConfig::Relu)
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(144, 20))
        .layer(LayerConfig::Relu)
        .layer(LinearConfig::new(20, 4));
    let ann = drawn(config, 2);
    let x = Drawn::new(7).image([80, 2, 8, 8]);
    let mut converted = faithful().convert_normalized(&ann, &x, &Normalization::new(99.0)).unwrap();
    let error = |converted: &Conversion| {
        let (y, _) = converted.network.forward_static::<4, 3>(x.clone(), 6, rest());
        let rates: Tensor<2> = y.mean_dim(0).squeeze_dim(0);
        let expected: Tensor<2> = analog(&ann, &x);
        (rates * converted.output_scale - expected).mean_dim(0).abs().sum().into_scalar::<f32>()
    };
    let before = error(&converted);
    converted.correct_biases(&ann, &x, 6);
    let after = error(&converted);
    assert!(after < 0.5 * before, "{before} became {after}");
}

#[test]
fn neurons_are_put_behind_the_last_weights_if_asked_for() {
    let ann = drawn(SequentialConfig::new().layer(LinearConfig::new(2, 2)), 1);
    let convert = |spiking| {
        let config = ConversionConfig::new().with_spiking_output(spiking);
        config.convert(&ann, &[2]).unwrap().network.layers.len()
    };
    assert_eq!([convert(false), convert(true)], [1, 2]);
}

#[test]
fn what_was_done_is_reported() {
    let config = SequentialConfig::new()
        .layer(Conv2dConfig::new([1, 2], [3, 3]))
        .layer(BatchNormConfig::new(2))
        .layer(LayerConfig::Relu)
        .layer(AvgPool2dConfig::new([2, 2]))
        .layer(DropoutConfig::new(0.1))
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(8, 3));
    let ann = config.init(&device()).unwrap();
    let report = ConversionConfig::new().convert(&ann, &[1, 6, 6]).unwrap().report;
    let lines = [
        "  0  Conv2d     [2, 4, 4]  weights as they are",
        "  1  BatchNorm  [2, 4, 4]  folded into the weights in front of it",
        "  2  Relu       [2, 4, 4]  integrate-and-fire; a spike stands for 1",
        "  3  AvgPool2d  [2, 2, 2]  sum pooling; 0.25 goes into the next weights",
        "  4  Dropout    [2, 2, 2]  left out",
        "  5  Flatten    [8]        kept",
        "  6  Linear     [3]        weights scaled by what came before",
        "",
    ];
    assert_eq!(report.to_string(), lines.join("\n"));
}

#[test]
fn what_cannot_be_converted_is_named() {
    let message = |config: SequentialConfig, sample: &[usize]| {
        let ann = config.init(&device()).unwrap();
        ConversionConfig::new().convert(&ann, sample).unwrap_err().to_string()
    };
    let linear = || SequentialConfig::new().layer(LinearConfig::new(2, 2));
    assert_eq!(
        message(linear().layer(LifConfig::iaf()), &[2]),
        "layer 1 (Lif) cannot be converted: it is of a spiking network"
    );
    assert_eq!(
        message(SequentialConfig::new().layer(LayerConfig::Relu), &[2]),
        "layer 0 (Relu) cannot be converted: there are no weights in front of it"
    );
    let last = linear().layer(LayerConfig::Relu).layer(BatchNormConfig::new(2));
    let ann = with_statistics(last.init(&device()).unwrap(), 1);
    assert_eq!(
        ConversionConfig::new().convert(&ann, &[2]).unwrap_err().to_string(),
        "layer 2 (BatchNorm) cannot be converted: there are no weights behind it to make up for \
         what came before"
    );
    assert_eq!(message(linear(), &[3]), "layer 0 (Linear): expected samples of shape [2], got [3]");
    let mut ann = drawn(linear(), 1);
    let Layer::Linear(linear) = &mut ann.layers[0] else { panic!("another layer") };
    linear.weight = Param::from_tensor(Tensor::full([2, 2], f32::NAN, &device()));
    let config = ConversionConfig::new();
    assert_eq!(
        config.convert(&ann, &[2]).unwrap_err().to_string(),
        "layer 0 (Linear): weights are not finite"
    );
    let error = config.with_threshold(0.0).convert(&ann, &[2]).unwrap_err();
    assert_eq!(error.to_string(), "threshold: expected a finite number above 0, got 0");
}

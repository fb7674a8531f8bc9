//! Numbers by sinabs, and what is refused.

use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{AvgPool2dConfig, MaxPool2dConfig};
use burn::nn::{BatchNormConfig, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, TensorData};

use super::*;
use crate::convert::ConversionConfig;
use crate::neuron::{InputGain, LifConfig, Reset};
use crate::sequential::{LayerConfig, Record, SequentialConfig};

/// sinabs' test layer: a convolution from one map to two.
fn conv(weight: [f64; 8], bias: [f64; 2]) -> Layer {
    let device = Device::default();
    let conv = Conv2dConfig::new([1, 2], [2, 2]).init(&device);
    let weight = TensorData::new(weight.to_vec(), [2, 1, 2, 2]);
    Layer::Conv2d(Conv2d {
        weight: Param::from_tensor(Tensor::from_data(weight, &device)),
        bias: Some(Param::from_tensor(Tensor::from_data(bias, &device))),
        ..conv
    })
}

fn neurons(config: LifConfig) -> Layer {
    Layer::Neuron(AnyNeuron::Lif(config.init(&Device::default()).unwrap()))
}

fn discretized(layers: Vec<Layer>) -> FixedPoint {
    FixedPointConfig::new().discretize(&Sequential::new(layers)).unwrap()
}

/// Start, lower bound, threshold and reset of the neurons in a layer.
fn potentials(network: &Sequential, layer: usize) -> Vec<f64> {
    match &network.layers[layer] {
        Layer::Neuron(AnyNeuron::Lif(lif)) => lif.potentials(),
        other => panic!("{other:?}"),
    }
}

const WEIGHT: [f64; 8] = [0.31, -0.52, 0.07, 0.9, -1.3, 0.44, 0.25, -0.08];

/// The numbers are those of sinabs 3.1.3, `discretize_conv_spike`.
#[test]
fn numbers_are_those_of_sinabs() {
    let iaf =
        |v_min| neurons(LifConfig::sinabs_iaf().with_threshold(1.7.into()).with_v_min(Some(v_min)));
    // A negative weight decides.
    let fixed = discretized(vec![conv(WEIGHT, [0.11, -0.4]), iaf(-1.0)]);
    let expected = [31.0, -51.0, 7.0, 89.0, -128.0, 43.0, 25.0, -8.0, 11.0, -39.0];
    assert_eq!(parameters(&fixed.network.layers[0]), expected);
    assert_eq!(potentials(&fixed.network, 1), [0.0, -98.0, 167.0]);
    let [layer] = fixed.layers.as_slice() else { panic!("{:?}", fixed.layers) };
    assert_eq!((layer.weights, layer.neurons), (0, Some(1)));
    assert!((layer.scale - 128.0 / 1.3).abs() < 1e-5, "{}", layer.scale);
    // 0.31 is 30.52.
    assert!((layer.largest_error - (31.0 / layer.scale - 0.31)).abs() < 1e-6);

    // A bias decides.
    let fixed = discretized(vec![conv(WEIGHT, [3.11, -0.4]), iaf(-1.0)]);
    let expected = [13.0, -21.0, 3.0, 37.0, -53.0, 18.0, 10.0, -3.0, 127.0, -16.0];
    assert_eq!(parameters(&fixed.network.layers[0]), expected);
    assert_eq!(potentials(&fixed.network, 1), [0.0, -41.0, 69.0]);

    // The lower bound decides.
    let fixed = discretized(vec![conv(WEIGHT.map(|w| w * 1e-3), [0.0; 2]), iaf(-2.0)]);
    let expected = [5.0, -9.0, 1.0, 15.0, -21.0, 7.0, 4.0, -1.0, 0.0, 0.0];
    assert_eq!(parameters(&fixed.network.layers[0]), expected);
    assert_eq!(potentials(&fixed.network, 1), [0.0, -32768.0, 27853.0]);
}

#[test]
fn neurons_keep_what_has_no_unit_and_get_the_bound_of_the_register() {
    let config =
        LifConfig::iaf().with_threshold(vec![0.5, 1.0].into()).with_reset(Reset::ToValue(-0.25));
    let fixed = discretized(vec![conv(WEIGHT, [0.0; 2]), neurons(config)]);
    let expected = [0.0, -32768.0, 49.0, 98.0, -25.0];
    assert_eq!(potentials(&fixed.network, 1), expected);
}

#[test]
fn weights_take_over_the_factor_of_an_average() {
    let device = Device::default();
    let pool = || Layer::AvgPool2d(AvgPool2dConfig::new([2, 2]).init());
    let lif = || neurons(LifConfig::iaf());
    let layers = vec![
        conv([4.0; 8], [8.0, -8.0]),
        pool(),
        lif(),
        pool(),
        Layer::MaxPool2d(MaxPool2dConfig::new([2, 2]).init()),
        conv([4.0; 8], [8.0, -8.0]),
    ];
    let mut summing = layers.clone();
    sums_for_averages(&mut summing).unwrap();
    // In front of the neurons the bias is averaged as well, behind them it is not.
    assert_eq!(parameters(&summing[0]), [[1.0; 8].as_slice(), &[2.0, -2.0]].concat());
    assert_eq!(parameters(&summing[5]), [[1.0; 8].as_slice(), &[8.0, -8.0]].concat());
    assert!(matches!(summing[1..4], [Layer::SumPool2d(_), Layer::Neuron(_), Layer::SumPool2d(_)]));
    // And nothing else changes.
    let x = Tensor::<4>::random([2, 1, 8, 8], burn::tensor::Distribution::Default, &device);
    let run = |layers: &[Layer]| {
        let network = Sequential::new(layers[..2].to_vec());
        network.forward::<5, 5>(x.clone().unsqueeze(), Default::default()).0
    };
    let difference = (run(&layers) - run(&summing)).abs().max().into_scalar::<f32>();
    assert!(difference < 1e-5, "{difference}");
}

#[test]
fn a_converted_network_with_max_pooling_becomes_one_of_integers() {
    let network = SequentialConfig::new()
        .layer(Conv2dConfig::new([1, 2], [2, 2]))
        .layer(LayerConfig::Relu)
        .layer(MaxPool2dConfig::new([2, 2]))
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(2, 3));
    let ann = network.init(&Device::default()).unwrap();
    let snn = ConversionConfig::new().convert(&ann, &[1, 3, 3]).unwrap().network;
    let fixed = FixedPointConfig::new().discretize(&snn).unwrap();
    let groups = fixed.layers.iter().map(|group| (group.weights, group.neurons));
    assert_eq!(groups.collect::<Vec<_>>(), [(0, Some(1)), (4, None)]);
}

#[test]
fn membranes_at_an_end_of_the_register_are_counted() {
    let fixed = discretized(vec![conv(WEIGHT, [0.0; 2]), neurons(LifConfig::iaf())]);
    let v = [-40000.0, -32768.0, -32767.0, 0.0, 32766.0, 32767.0, 1e5, 5.0];
    let v = Tensor::<1>::from_floats(v, &Device::default());
    assert_eq!(fixed.saturated(v), 0.5);
}

#[test]
fn what_cannot_be_integers_is_refused_by_its_layer() {
    let device = Device::default();
    let linear = || LayerConfig::from(LinearConfig::new(2, 2));
    let lif = || LayerConfig::from(LifConfig::iaf());
    let refused = |layers: Vec<LayerConfig>| {
        let config = layers.into_iter().fold(SequentialConfig::new(), SequentialConfig::layer);
        let network = config.init(&device).unwrap();
        FixedPointConfig::new().discretize(&network).unwrap_err().to_string()
    };
    let iaf = "expected integrate-and-fire neurons: no leak, no gain, spikes of 1";
    for (layers, expected) in [
        (vec![lif()], "layer 0 (Lif): no weights in front of it"),
        (
            vec![linear(), linear(), lif()],
            "layer 1 (Linear): no neurons between it and the weights before",
        ),
        (vec![linear(), LifConfig::snntorch_leaky(0.9).into()], &format!("layer 1 (Lif): {iaf}")),
        (
            vec![linear(), LifConfig::iaf().with_input_gain(InputGain::Factor(2.0)).into()],
            &format!("layer 1 (Lif): {iaf}"),
        ),
        (
            vec![linear(), lif(), linear(), lif(), BatchNormConfig::new(2).into()],
            "layer 4 (BatchNorm): expected weights, pools and integrate-and-fire neurons",
        ),
        (
            vec![linear(), lif(), AvgPool2dConfig::new([2, 2]).into()],
            "layer 2 (AvgPool2d): no weights behind it can take over its factor",
        ),
        (
            vec![AvgPool2dConfig::new([2, 2]).with_ceil_mode(true).into(), linear()],
            "layer 0 (AvgPool2d): its windows are not equally large",
        ),
        (
            vec![
                AvgPool2dConfig::new([2, 2])
                    .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                    .with_count_include_pad(false)
                    .into(),
                linear(),
            ],
            "layer 0 (AvgPool2d): its windows are not equally large",
        ),
        (
            vec![linear(), LifConfig::iaf().with_threshold(1e-5.into()).into()],
            "layer 1 (Lif): its threshold is 0 next to its largest weight",
        ),
    ] {
        assert_eq!(refused(layers), expected);
    }
    // A sum of what is no whole window is none.
    let mean = AvgPool2dConfig::new([2, 2]).with_ceil_mode(true).init();
    let layers = vec![Layer::SumPool2d(SumPool2d { mean }), conv(WEIGHT, [0.0; 2])];
    let error = FixedPointConfig::new().discretize(&Sequential::new(layers)).unwrap_err();
    assert_eq!(error.to_string(), "layer 0 (SumPool2d): its windows are not equally large");
    let zeros = Sequential::new(vec![conv([0.0; 8], [0.0; 2])]);
    let error = FixedPointConfig::new().discretize(&zeros).unwrap_err();
    let expected = "layer 0 (Conv2d): expected finite weights that are not all zero";
    assert_eq!(error.to_string(), expected);
    let error = FixedPointConfig::new().with_weight_bits(1).discretize(&zeros).unwrap_err();
    assert_eq!(error.to_string(), "weight_bits: expected 2 to 24 bits, got 1");
}

/// Two layers of neurons with weights of which the largest is 127/128: the scale is 128.
fn two_layers() -> Sequential {
    let layers = SequentialConfig::new()
        .layer(LinearConfig::new(3, 4).with_bias(false))
        .layer(LayerConfig::Relu)
        .layer(LinearConfig::new(4, 2).with_bias(false))
        .layer(LayerConfig::Relu);
    let mut ann = layers.init(&Device::default()).unwrap();
    let largest = 127.0 / 128.0;
    let first =
        [0.31, -0.52, 0.07, 0.9, largest, 0.44, 0.25, -0.08, 0.17, -0.6, 0.71, 0.33].to_vec();
    let second = [0.83, -0.27, 0.41, 0.58, -0.36, largest, 0.12, 0.77].to_vec();
    for (at, shape, weight) in [(0, [3, 4], first), (2, [4, 2], second)] {
        let Layer::Linear(linear) = &mut ann.layers[at] else { panic!("another layer") };
        let weight = TensorData::new::<f64, _>(weight, shape);
        linear.weight = Param::from_tensor(Tensor::from_data(weight, &Device::default()));
    }
    ann
}

#[test]
fn a_network_that_starts_at_half_the_threshold_is_one_of_integers_all_along() {
    const STEPS: usize = 20;
    let config = ConversionConfig::new().with_initial_membrane(0.5);
    let mut ann = two_layers();
    let fixed =
        FixedPointConfig::new().discretize(&config.convert(&ann, &[3]).unwrap().network).unwrap();
    assert_eq!(potentials(&fixed.network, 1), [64.0, -128.0, 128.0]);
    let events: Vec<f32> =
        (0..STEPS * 3).map(|i| (i * 7 % 5) as f32 - 1.5).map(f32::ceil).collect();
    let x = Tensor::<1>::from_floats(events.as_slice(), &Device::default()).reshape([STEPS, 1, 3]);
    let run = |network: &Sequential| {
        let record = Record::OutputsAndMembranes;
        let (_, _, recording) =
            network.forward_recorded::<3, 3>(x.clone(), Default::default(), record);
        let values = |x: Tensor<3>| x.into_data().try_to_vec::<f32>().unwrap();
        [1, 3].map(|at| [values(recording.outputs(at)), values(recording.membranes(at))])
    };
    let integers = run(&fixed.network);

    // The same in integers.
    let whole = |values: Vec<f64>| -> Vec<i64> {
        assert!(values.iter().all(|value| value.fract() == 0.0), "{values:?}");
        values.into_iter().map(|value| value as i64).collect()
    };
    let mut input = whole(events.iter().map(|events| f64::from(*events)).collect());
    for (at, [spikes, membranes]) in [0, 2].into_iter().zip(&integers) {
        let weight = whole(parameters(&fixed.network.layers[at]));
        let outputs = spikes.len() / STEPS;
        let inputs = input.len() / STEPS;
        let mut v = vec![64; outputs];
        let (mut fired, mut left) = (Vec::new(), Vec::new());
        for input in input.chunks(inputs) {
            for (output, v) in v.iter_mut().enumerate() {
                *v += (0..inputs).map(|i| input[i] * weight[i * outputs + output]).sum::<i64>();
                let n = v.div_euclid(128).max(0);
                *v = (*v - n * 128).max(-128);
                fired.push(n);
                left.push(*v);
            }
        }
        assert!(fired.iter().sum::<i64>() > 10, "{fired:?}");
        assert_eq!(whole(spikes.iter().map(|n| f64::from(*n)).collect()), fired);
        assert_eq!(whole(membranes.iter().map(|v| f64::from(*v)).collect()), left);
        input = fired;
    }

    // Spike for spike the network with rounded weights.
    for at in [0, 2] {
        let mut weights = Weights::of(&mut ann.layers[at]).unwrap();
        weights.map(|weight| (weight * 128.0).round_ties_even() / 128.0);
    }
    let rounded = run(&config.convert(&ann, &[3]).unwrap().network);
    for ([spikes, membranes], [rounded, unscaled]) in integers.iter().zip(&rounded) {
        assert_eq!(spikes, rounded);
        assert!(membranes.iter().zip(unscaled).all(|(v, unscaled)| *v == unscaled * 128.0));
    }
}

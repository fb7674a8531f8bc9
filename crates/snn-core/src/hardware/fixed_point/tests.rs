//! Numbers by sinabs, and what is refused.

use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{AvgPool2dConfig, MaxPool2dConfig};
use burn::nn::{BatchNormConfig, LinearConfig};
use burn::tensor::Device;

use super::*;
use crate::convert::ConversionConfig;
use crate::neuron::{InputGain, LifConfig, Reset};
use crate::sequential::{LayerConfig, SequentialConfig};

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

/// Leak, lower bound, threshold and reset of the neurons in a layer.
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
            vec![linear(), LifConfig::iaf().with_threshold(1e-5.into()).into()],
            "layer 1 (Lif): its threshold is 0 next to its largest weight",
        ),
    ] {
        assert_eq!(refused(layers), expected);
    }
    let zeros = Sequential::new(vec![conv([0.0; 8], [0.0; 2])]);
    let error = FixedPointConfig::new().discretize(&zeros).unwrap_err();
    let expected = "layer 0 (Conv2d): expected finite weights that are not all zero";
    assert_eq!(error.to_string(), expected);
    let error = FixedPointConfig::new().with_weight_bits(1).discretize(&zeros).unwrap_err();
    assert_eq!(error.to_string(), "weight_bits: expected 2 to 24 bits, got 1");
}

//! Synaptic operations, counted one by one.

use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::AvgPool2dConfig;
use burn::nn::{LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Int, Tensor};

use super::*;
use crate::layer::SumPool2dConfig;
use crate::neuron::LifConfig;
use crate::recurrent::RecurrentConfig;
use crate::sequential::{LayerConfig, SequentialConfig, SequentialState};

fn rest() -> SequentialState {
    SequentialState::default()
}

/// Events of a few numbers, `[T, B, C, H, W]`.
fn events(shape: [usize; 5]) -> Tensor<5> {
    let count = shape.iter().product::<usize>() as i64;
    let numbers = Tensor::<1, Int>::arange(0..count, &Device::default()).float();
    (numbers.clone() * 7.3).sin().mul_scalar(3.0).round().clamp_min(0.0).reshape(shape)
}

#[test]
fn operations_of_a_convolution_are_its_additions() {
    let device = Device::default();
    let paddings =
        [PaddingConfig2d::Valid, PaddingConfig2d::Same, PaddingConfig2d::Explicit(1, 0, 2, 1)];
    for padding in paddings {
        for (kernel, stride, dilation, groups) in
            [([3, 3], [1, 1], [1, 1], 1), ([2, 3], [2, 1], [1, 1], 2), ([3, 2], [3, 2], [2, 1], 1)]
        {
            let network = SequentialConfig::new()
                .layer(
                    Conv2dConfig::new([2, 4], kernel)
                        .with_stride(stride)
                        .with_dilation(dilation)
                        .with_groups(groups)
                        .with_padding(padding.clone()),
                )
                .init(&device)
                .unwrap();
            let x = events([3, 2, 2, 7, 8]);
            let (_, _, counts) = network.forward_counted::<5, 5>(x.clone(), rest());
            // With weights of one, an output is the number of events that reached it.
            let mut ones = network.clone();
            let crate::sequential::Layer::Conv2d(conv) = &mut ones.layers[0] else {
                panic!("another layer")
            };
            conv.weight = burn::module::Param::from_tensor(conv.weight.val().ones_like());
            conv.bias = None;
            let (y, _) = ones.forward::<5, 5>(x, rest());
            let expected = y.sum().into_scalar::<f32>() / 2.0;
            let synops = counts.synops(&network).into_scalar::<f32>();
            assert_eq!(synops, expected, "{kernel:?} {stride:?} {dilation:?} {padding:?}");
            let mut counter = SynOpsCounter::new(&network);
            counter.add(&counts);
            assert_eq!(counter.report(1.0).synops(), f64::from(expected));
        }
    }
}

#[test]
fn a_network_is_counted_layer_by_layer() {
    let device = Device::default();
    let network = SequentialConfig::new()
        .layer(SumPool2dConfig::new([2, 2]))
        .layer(Conv2dConfig::new([1, 2], [3, 3]).with_bias(false))
        .layer(LifConfig::iaf())
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(8, 3).with_bias(false))
        .layer(LayerConfig::recurrent(LifConfig::iaf(), RecurrentConfig::new(3)))
        .init(&device)
        .unwrap();
    let x = Tensor::<5>::ones([5, 2, 1, 8, 8], &device);
    let (y, _, counts) = network.forward_counted::<5, 3>(x, rest());
    let mut counter = SynOpsCounter::new(&network);
    counter.add(&counts);
    counter.add(&counts);
    let report = counter.report(0.01);
    assert_eq!((report.samples, report.steps, report.seconds()), (4, 5.0, 0.05));
    let [pool, conv, flatten, linear, recurrent] = &report.layers[..] else {
        panic!("other lines: {report}")
    };
    let names = report.layers.iter().map(|layer| layer.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["SumPool2d", "Conv2d", "Flatten", "Linear", "Recurrent Lif"]);
    assert_eq!((pool.events_in, pool.events_out, pool.synops), (320.0, 320.0, 0.0));
    // 2 x 2 places of 3 x 3 pixels with 4 events, 2 channels, 5 steps.
    assert_eq!((conv.events_in, conv.synops), (320.0, 1440.0));
    assert_eq!((conv.fan_out, conv.synops_by_formula), (18.0, 5760.0));
    assert_eq!(conv.macs, 5.0 * 2.0 * 4.0 * 9.0);
    assert_eq!(conv.events_out, flatten.events_in);
    assert_eq!(linear.synops, 3.0 * linear.events_in);
    let spikes = f64::from(y.sum().into_scalar::<f32>()) / 2.0;
    assert_eq!((recurrent.events_in, recurrent.synops), (spikes, 3.0 * spikes));
    assert!((report.per_second() - report.synops() / 0.05).abs() < 1e-6);
    let neurons = conv.neurons.as_ref().unwrap();
    assert_eq!(neurons.count, 8);
    assert!((neurons.rate - conv.events_out / 40.0).abs() < 1e-9);
}

#[test]
fn neurons_that_never_or_always_spike_are_counted() {
    let device = Device::default();
    let neurons = LifConfig::iaf().with_v_min(Some(0.0));
    let network = SequentialConfig::new().layer(neurons).init(&device).unwrap();
    let x = Tensor::<3>::from_floats([[[-1.0, 0.6, 1.5, 1.2]]], &device).repeat_dim(0, 10);
    let (_, _, counts) = network.forward_counted::<3, 3>(x, rest());
    let mut counter = SynOpsCounter::new(&network);
    counter.add(&counts);
    let neurons = &counter.spikes[0];
    assert_eq!((neurons[0], neurons[2], neurons[3]), (0.0, 10.0, 10.0));
    let linear = SequentialConfig::new()
        .layer(LinearConfig::new(4, 4).with_bias(false))
        .layer(LifConfig::iaf().with_v_min(Some(0.0)));
    let mut network = linear.init(&device).unwrap();
    if let crate::sequential::Layer::Linear(linear) = &mut network.layers[0] {
        linear.weight = burn::module::Param::from_tensor(Tensor::eye(4, &device));
    }
    let x = Tensor::<3>::from_floats([[[-1.0, 0.6, 1.5, 1.2]]], &device).repeat_dim(0, 10);
    let (_, _, counts) = network.forward_counted::<3, 3>(x, rest());
    let mut counter = SynOpsCounter::new(&network);
    counter.add(&counts);
    let report = counter.report(1.0);
    let neurons = report.layers[0].neurons.clone().unwrap();
    assert_eq!((neurons.silent, neurons.saturated, neurons.count), (1, 2, 4));
}

/// The table that sinabs' MNIST-DVS tutorial prints: four layers with weights, 521 steps of 10 ms, and 100 pJ.
#[test]
fn the_power_of_the_tutorial() {
    let layer = |synops: f64, fan_out: f64| LayerSynOps {
        layer: 0,
        name: String::new(),
        events_in: synops / fan_out,
        events_out: 0.0,
        fan_out,
        synops,
        synops_by_formula: synops,
        macs: 0.0,
        neurons: None,
    };
    let layers = [(227922624.0, 144.0), (107965296.0, 144.0), (7490624.0, 32.0), (145670.0, 10.0)];
    let layers = layers.map(|(synops, fan_out)| layer(synops, fan_out)).to_vec();
    let report = SynOpsReport { samples: 1, steps: 521.0, dt: 0.01, layers };
    assert_eq!(report.synops(), 343_524_214.0);
    let milliwatts = 1e3 * report.watts(Energy(100e-12));
    assert!((milliwatts - 6.5936).abs() < 5e-5, "{milliwatts}");
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<SynOpsReport>(&json).unwrap(), report);
}

#[test]
fn operations_have_gradients() {
    let device = Device::default().autodiff();
    let network = SequentialConfig::new()
        .layer(AvgPool2dConfig::new([2, 2]))
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(4, 3))
        .layer(LifConfig::iaf())
        .layer(LinearConfig::new(3, 2))
        .init(&device)
        .unwrap();
    let x = Tensor::<5>::ones([2, 1, 1, 4, 4], &device).require_grad();
    let (_, _, counts) = network.forward_counted::<5, 3>(x.clone(), rest());
    let gradients = counts.synops(&network).backward();
    let gradient = x.grad(&gradients).unwrap();
    assert_eq!(gradient.dims(), [2, 1, 1, 4, 4]);
    // Three neurons for a quarter of an event, and what their spikes do behind them.
    let crate::sequential::Layer::Linear(linear) = &network.layers[2] else {
        panic!("another layer")
    };
    let weights = linear.weight.val().grad(&gradients).unwrap();
    assert!(weights.abs().sum().into_scalar::<f32>() > 0.0);
    assert!((gradient - 0.75).abs().sum().into_scalar::<f32>() > 0.0);
}

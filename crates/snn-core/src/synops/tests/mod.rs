//! Synaptic operations, counted one by one.

mod report;
mod tutorial;

use burn::module::Param;
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::AvgPool2dConfig;
use burn::nn::{LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Int, Tensor};

use super::*;
use crate::layer::SumPool2dConfig;
use crate::neuron::LifConfig;
use crate::recurrent::RecurrentConfig;
use crate::sequential::{Layer, LayerConfig, SequentialConfig, SequentialState};
use crate::surrogate::Surrogate;

fn rest() -> SequentialState {
    SequentialState::default()
}

fn network(layers: impl IntoIterator<Item = LayerConfig>, device: &Device) -> Sequential {
    layers
        .into_iter()
        .fold(SequentialConfig::new(), |all, layer| all.layer(layer))
        .init(device)
        .unwrap()
}

fn values<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().try_to_vec().unwrap()
}

/// Gives all weights of a layer this value, and takes its bias away.
fn fill(layer: &mut Layer, weight: f64, device: &Device) {
    match layer {
        Layer::Linear(linear) => {
            linear.weight = Param::from_tensor(Tensor::full(linear.weight.dims(), weight, device));
            linear.bias = None;
        }
        Layer::Conv2d(conv) => {
            conv.weight = Param::from_tensor(Tensor::full(conv.weight.dims(), weight, device));
            conv.bias = None;
        }
        _ => panic!("no weights: {}", layer.name()),
    }
}

/// By [`EventCounts::synops`] and by [`SynOpsCounter`], which must be the same.
fn synops(network: &Sequential, counts: &EventCounts) -> f64 {
    let number = f64::from(counts.synops(network).into_scalar::<f32>());
    let mut counter = SynOpsCounter::new(network);
    counter.add(counts);
    assert_eq!(counter.report(1.0).synops(), number);
    number
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
            fill(&mut ones.layers[0], 1.0, &device);
            let (y, _) = ones.forward::<5, 5>(x, rest());
            let expected = y.sum().into_scalar::<f32>() / 2.0;
            let expected = f64::from(expected);
            let text = format!("{kernel:?} {stride:?} {dilation:?} {padding:?}");
            assert_eq!(synops(&network, &counts), expected, "{text}");
        }
    }
}

#[test]
fn inputs_of_both_signs_do_not_cancel() {
    let device = Device::default();
    let linear = network([LinearConfig::new(2, 3).into()], &device);
    let x = Tensor::<3>::from_floats([[[1.0, -2.0]], [[-1.0, 0.5]]], &device);
    let (_, _, counts) = linear.forward_counted::<3, 3>(x, rest());
    assert_eq!(values(counts.input(0).clone()), [2.0, 2.5]);
    assert_eq!(synops(&linear, &counts), 4.5 * 3.0);
    let x = Tensor::<2>::from_floats([[1.0, -2.0]], &device);
    let (_, _, counts) = linear.forward_static_counted::<2, 3>(x, 4, rest());
    assert_eq!(synops(&linear, &counts), 4.0 * 3.0 * 3.0);

    let device = device.autodiff();
    let linear = network([LinearConfig::new(2, 3).into()], &device);
    let x = Tensor::<3>::from_floats([[[1.0, -2.0]], [[0.0, 0.5]]], &device).require_grad();
    let (_, _, counts) = linear.forward_counted::<3, 3>(x.clone(), rest());
    let gradients = counts.synops(&linear).backward();
    assert_eq!(values(x.grad(&gradients).unwrap()), [3.0, -3.0, 0.0, 3.0]);
}

#[test]
fn a_mean_over_spikes_stands_for_all_of_them() {
    let device = Device::default();
    let behind = |pool: LayerConfig| {
        let conv = Conv2dConfig::new([2, 4], [3, 3]).with_padding(PaddingConfig2d::Same);
        network([LifConfig::iaf().into(), pool, conv.into()], &device)
    };
    let mean = behind(AvgPool2dConfig::new([2, 2]).into());
    let sum = behind(SumPool2dConfig::new([2, 2]).into());
    let x = events([3, 2, 2, 8, 8]);
    let (y, _, counts) = mean.forward_counted::<5, 5>(x.clone(), rest());
    assert_eq!(y.dims(), [3, 2, 4, 4, 4]);
    let expected = synops(&mean, &counts);
    let (_, _, counts) = sum.forward_counted::<5, 5>(x, rest());
    assert!(expected > 0.0);
    assert_eq!(synops(&sum, &counts), expected);

    // Means of means, in front of weights: 2 steps, 16 pixels, 3 synapses. Behind weights and behind neurons nothing
    // is a mean any more.
    let pool = || AvgPool2dConfig::new([2, 2]).into();
    let linear = |inputs, outputs| LinearConfig::new(inputs, outputs).into();
    let mut twice =
        network([pool(), pool(), LayerConfig::Flatten, linear(1, 3), linear(3, 2)], &device);
    fill(&mut twice.layers[3], 1.0, &device);
    let x = Tensor::<5>::ones([2, 1, 1, 4, 4], &device);
    let (_, _, counts) = twice.forward_counted::<5, 3>(x.clone(), rest());
    assert_eq!(synops(&twice, &counts), 2.0 * (16.0 * 3.0 + 3.0 * 2.0));
    let neurons = LifConfig::iaf().with_threshold(0.5.into()).into();
    let spikes = network([pool(), neurons, LayerConfig::Flatten, linear(4, 3)], &device);
    let (_, _, counts) = spikes.forward_counted::<5, 3>(x, rest());
    assert_eq!(synops(&spikes, &counts), 2.0 * 4.0 * 3.0);
}

#[test]
fn a_neuron_that_is_not_connected_to_itself_has_a_synapse_less() {
    let device = Device::default();
    let connection = RecurrentConfig::new(3).with_autapses(false);
    let layer = LayerConfig::recurrent(LifConfig::iaf(), connection);
    let recurrent = network([layer], &device);
    let x = Tensor::<3>::full([1, 1, 3], 2.0, &device);
    let (_, _, counts) = recurrent.forward_counted::<3, 3>(x, rest());
    assert_eq!(synops(&recurrent, &counts), 3.0 * 2.0);
}

#[test]
fn operations_have_gradients() {
    let device = Device::default().autodiff();
    let neurons = LifConfig::iaf().with_surrogate(Surrogate::FastSigmoid { slope: 1.0 });
    let mut network = network(
        [
            AvgPool2dConfig::new([2, 2]).into(),
            LayerConfig::Flatten,
            LinearConfig::new(4, 3).into(),
            neurons.into(),
            LinearConfig::new(3, 2).into(),
        ],
        &device,
    );
    fill(&mut network.layers[2], 0.5, &device);
    let x = Tensor::<5>::ones([1, 1, 1, 4, 4], &device).require_grad();
    let (_, _, counts) = network.forward_counted::<5, 3>(x.clone(), rest());
    // 16 events reach three neurons each; their three spikes reach two outputs each.
    let synops = counts.synops(&network);
    assert_eq!(values(synops.clone()), [16.0 * 3.0 + 3.0 * 2.0]);
    // Membranes are at 2, one above the threshold, where the derivative of a spike is 1/4.
    let spike = 0.25;
    let gradients = synops.backward();
    let gradient = values(x.grad(&gradients).unwrap());
    assert_eq!(gradient, [3.0 + 2.0 * 3.0 * spike * 0.5 / 4.0; 16]);
    let Layer::Linear(linear) = &network.layers[2] else { panic!("another layer") };
    let weights = values(linear.weight.val().grad(&gradients).unwrap());
    assert_eq!(weights, [2.0 * spike; 12]);
}

#[test]
#[should_panic(expected = "events of a network of 1 layers, and not of 2")]
fn events_of_another_network_are_refused() {
    let device = Device::default();
    let linear = || LinearConfig::new(2, 2).into();
    let (one, two) = (network([linear()], &device), network([linear(), linear()], &device));
    let x = Tensor::<3>::ones([1, 1, 2], &device);
    let (_, _, counts) = one.forward_counted::<3, 3>(x, rest());
    counts.synops(&two);
}

#[test]
#[should_panic(expected = "expected at least one time step")]
fn there_are_time_steps() {
    let linear = network([LinearConfig::new(2, 2).into()], &Device::default());
    let x = Tensor::<2>::ones([1, 2], &Device::default());
    linear.forward_static_counted::<2, 3>(x, 0, rest());
}

//! The lines of the table.

use burn::nn::BatchNormConfig;
use burn::nn::pool::MaxPool2dConfig;

use super::*;
use crate::Decay;
use crate::neuron::LiConfig;
use crate::sequential::Record;

fn report(network: &Sequential, x: Tensor<5>) -> SynOpsReport {
    let (_, _, counts) = network.forward_counted::<5, 3>(x, rest());
    let mut counter = SynOpsCounter::new(network);
    counter.add(&counts);
    counter.report(1e-3)
}

/// Spikes of a layer of a sample.
fn spikes_of(network: &Sequential, x: Tensor<5>, layer: usize) -> f64 {
    let samples = x.dims()[1] as f64;
    let (_, _, recording) = network.forward_recorded::<5, 3>(x, rest(), Record::Outputs);
    f64::from(recording.outputs::<5>(layer).sum().into_scalar::<f32>()) / samples
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
    // They are the neurons of the weights in front of them.
    assert_eq!((linear.events_out, recurrent.events_out), (spikes, spikes));
    assert_eq!(linear.neurons.as_ref().unwrap().count, 3);
    assert_eq!(recurrent.neurons, None);
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
    let linear = LinearConfig::new(4, 4).with_bias(false);
    let neurons = LifConfig::iaf().with_v_min(Some(0.0));
    let mut network = super::network([linear.into(), neurons.into()], &device);
    if let Layer::Linear(linear) = &mut network.layers[0] {
        linear.weight = Param::from_tensor(Tensor::eye(4, &device));
    }
    let x = Tensor::<3>::from_floats([[[-1.0, 0.6, 1.5, 1.2]]], &device).repeat_dim(0, 10);
    let (_, _, counts) = network.forward_counted::<3, 3>(x, rest());
    let mut counter = SynOpsCounter::new(&network);
    counter.add(&counts);
    let report = counter.report(1.0);
    let neurons = report.layers[0].neurons.clone().unwrap();
    assert_eq!((neurons.silent, neurons.saturated, neurons.count), (1, 2, 4));
}

#[test]
fn normalization_is_no_neuron_and_a_readout_does_not_spike() {
    let device = Device::default();
    let mut network = network(
        [
            Conv2dConfig::new([1, 2], [3, 3]).into(),
            BatchNormConfig::new(2).into(),
            LifConfig::iaf().into(),
            AvgPool2dConfig::new([2, 2]).into(),
            LayerConfig::Flatten,
            LinearConfig::new(8, 5).into(),
            LiConfig::new(Decay::factor(0.9)).into(),
        ],
        &device,
    );
    fill(&mut network.layers[0], 0.2, &device);
    let x = events([5, 2, 1, 6, 6]);
    let spikes = spikes_of(&network, x.clone(), 2);
    assert!(spikes > 0.0);
    let report = report(&network, x);
    let [conv, pool, flatten, linear] = &report.layers[..] else { panic!("other lines: {report}") };
    assert_eq!((conv.layer, pool.layer, flatten.layer, linear.layer), (0, 3, 4, 5));
    assert_eq!(conv.events_out, spikes);
    let neurons = conv.neurons.as_ref().unwrap();
    assert_eq!(neurons.count, 2 * 4 * 4);
    assert!((neurons.rate - spikes / (32.0 * 5.0)).abs() < 1e-9);
    // A mean stands for four spikes at most.
    for line in [pool, flatten] {
        assert_eq!((line.events_in, line.events_out, &line.neurons), (spikes, spikes, &None));
    }
    assert_eq!((linear.events_in, linear.synops), (spikes, 5.0 * spikes));
    // Membranes are no events.
    assert_eq!((linear.events_out, &linear.neurons), (0.0, &None));
}

#[test]
fn pooling_of_currents_passes_no_events_on() {
    let device = Device::default();
    let mut network = network(
        [
            Conv2dConfig::new([1, 2], [3, 3]).into(),
            MaxPool2dConfig::new([2, 2]).into(),
            LifConfig::iaf().into(),
            LayerConfig::Flatten,
            LinearConfig::new(8, 5).into(),
        ],
        &device,
    );
    fill(&mut network.layers[0], 0.2, &device);
    let x = events([5, 2, 1, 6, 6]);
    let spikes = spikes_of(&network, x.clone(), 2);
    let report = report(&network, x);
    let [conv, flatten, linear] = &report.layers[..] else { panic!("other lines: {report}") };
    assert_eq!((conv.layer, flatten.layer, linear.layer), (0, 3, 4));
    assert_eq!((conv.events_out, flatten.events_in, linear.events_in), (spikes, spikes, spikes));
    assert_eq!(conv.neurons.as_ref().unwrap().count, 8);
}

#[test]
fn recurrent_neurons_without_weights_in_front_have_a_line() {
    let device = Device::default();
    let recurrent = || LayerConfig::recurrent(LifConfig::iaf(), RecurrentConfig::new(3));
    let network = network([recurrent(), recurrent()], &device);
    let x = Tensor::<3>::full([4, 1, 3], 2.0, &device);
    let (y, _, counts) = network.forward_counted::<3, 3>(x, rest());
    let mut counter = SynOpsCounter::new(&network);
    counter.add(&counts);
    let report = counter.report(1.0);
    let [first, second] = &report.layers[..] else { panic!("other lines: {report}") };
    let spikes = f64::from(y.sum().into_scalar::<f32>());
    assert_eq!(
        (second.events_in, second.events_out, second.synops),
        (spikes, spikes, 3.0 * spikes)
    );
    for line in [first, second] {
        assert_eq!(line.neurons.as_ref().unwrap().count, 3);
    }
}

#[test]
#[should_panic(expected = "expected samples of shape [1, 4, 4], got [1, 5, 5]")]
fn samples_have_one_shape() {
    let device = Device::default();
    let network = network([Conv2dConfig::new([1, 1], [3, 3]).into()], &device);
    let mut counter = SynOpsCounter::new(&network);
    for side in [4, 5] {
        let x = Tensor::<5>::ones([1, 1, 1, side, side], &device);
        let (_, _, counts) = network.forward_counted::<5, 5>(x, rest());
        counter.add(&counts);
    }
}

#[test]
#[should_panic(expected = "nothing was counted")]
fn nothing_has_no_report() {
    let network = network([LayerConfig::Relu], &Device::default());
    SynOpsCounter::new(&network).report(1e-3);
}

#[test]
#[should_panic(expected = "expected steps of more than 0 seconds, got 0")]
fn a_step_takes_time() {
    let network = network([LayerConfig::Relu], &Device::default());
    let x = Tensor::<3>::ones([1, 1, 1], &Device::default());
    let (_, _, counts) = network.forward_counted::<3, 3>(x, rest());
    let mut counter = SynOpsCounter::new(&network);
    counter.add(&counts);
    counter.report(0.0);
}

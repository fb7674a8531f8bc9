//! Summaries, and what is refused.

use burn::nn::LinearConfig;
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::MaxPool2dConfig;
use burn::tensor::Tensor;
use snn::core::Values;
use snn::core::layer::{BatchNormThroughTimeConfig, SumPool2dConfig};
use snn::core::neuron::{CubaLifConfig, LifConfig};
use snn::core::recurrent::{ConvRecurrentConfig, OneToOneConfig, RecurrentConfig};
use snn::core::sequential::{
    ConnectionConfig, LayerConfig, Record, RecurrentLayerConfig, Sequential, SequentialConfig,
};

use super::rest;
use crate::test_device;

/// 12C5-MP2-64C5-MP2-1024FC10.
fn mnist() -> Sequential {
    let lif = || LifConfig::snntorch_leaky(0.5);
    let network = SequentialConfig::new()
        .layer(Conv2dConfig::new([1, 12], [5, 5]))
        .layer(MaxPool2dConfig::new([2, 2]))
        .layer(lif())
        .layer(Conv2dConfig::new([12, 64], [5, 5]))
        .layer(MaxPool2dConfig::new([2, 2]))
        .layer(lif())
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(1024, 10))
        .layer(lif());
    network.init(&test_device()).unwrap()
}

#[test]
fn the_summary_of_a_network_for_mnist() {
    let summary = mnist().summary(&[1, 28, 28]).unwrap();
    let lines: Vec<(&str, &[usize], usize, usize)> = vec![
        ("Conv2d", &[12, 24, 24], 12 * 25 + 12, 24 * 24 * 12 * 25),
        ("MaxPool2d", &[12, 12, 12], 0, 0),
        ("Lif", &[12, 12, 12], 0, 0),
        ("Conv2d", &[64, 8, 8], 64 * 12 * 25 + 64, 8 * 8 * 64 * 12 * 25),
        ("MaxPool2d", &[64, 4, 4], 0, 0),
        ("Lif", &[64, 4, 4], 0, 0),
        ("Flatten", &[1024], 0, 0),
        ("Linear", &[10], 10_250, 10_240),
        ("Lif", &[10], 0, 0),
    ];
    assert_eq!(summary.layers.len(), lines.len());
    for (got, (name, output, parameters, macs)) in summary.layers.iter().zip(lines) {
        assert_eq!((&got.name[..], &got.output[..]), (name, output));
        assert_eq!((got.parameters, got.macs), (parameters, macs), "{name}");
    }
    assert_eq!(summary.output(), [10]);
    assert_eq!(summary.parameters(), 312 + 19_264 + 10_250);
    assert_eq!(summary.macs(), 172_800 + 1_228_800 + 10_240);
}

#[test]
fn the_summary_has_the_shapes_of_a_run() {
    let (network, device) = (mnist(), test_device());
    let x = Tensor::<5>::ones([1, 1, 1, 28, 28], &device);
    let (y, _, recording) = network.forward_recorded::<5, 3>(x, rest(), Record::Outputs);
    let summary = network.summary(&[1, 28, 28]).unwrap();
    assert_eq!(y.dims()[2..], summary.layers[8].output);
    for layer in [2, 5] {
        assert_eq!(recording.outputs::<5>(layer).dims()[2..], summary.layers[layer].output);
    }
}

#[test]
fn the_summary_of_recurrent_layers() {
    let line = |neuron: LifConfig, connection: ConnectionConfig, sample: &[usize]| {
        let layer = RecurrentLayerConfig::new(neuron.into(), connection);
        let network = SequentialConfig::new().layer(layer).init(&test_device()).unwrap();
        let line = network.summary(sample).map_err(|e| e.to_string())?.layers.remove(0);
        Ok((line.name, line.parameters, line.macs))
    };
    let name = || "Recurrent Lif".to_string();
    let dense = || ConnectionConfig::Dense(RecurrentConfig::new(4).with_bias(true));
    assert_eq!(line(LifConfig::iaf(), dense(), &[4]), Ok((name(), 20, 16)));
    let refused = |expected: &str, got: &str| {
        format!("layer 0 (Recurrent Lif): expected samples of shape {expected}, got {got}")
    };
    assert_eq!(line(LifConfig::iaf(), dense(), &[3]), Err(refused("[4]", "[3]")));
    assert_eq!(line(LifConfig::iaf(), dense(), &[4, 1, 1]), Err(refused("[4]", "[4, 1, 1]")));

    let conv = || ConnectionConfig::Conv2d(ConvRecurrentConfig::new(2, [3, 1]));
    let channelwise = || LifConfig::snntorch_leaky(vec![0.5, 0.9]);
    let expected = (name(), 2 * 2 * 3 + 2 + 2, 5 * 4 * 2 * 2 * 3);
    assert_eq!(line(channelwise(), conv(), &[2, 5, 4]), Ok(expected));
    assert_eq!(line(LifConfig::iaf(), conv(), &[2]), Err(refused("[2, H, W]", "[2]")));

    let each = || ConnectionConfig::OneToOne(OneToOneConfig::new(Values::Each(vec![0.1; 3])));
    assert_eq!(line(LifConfig::iaf(), each(), &[3]), Ok((name(), 3, 3)));
    assert_eq!(line(LifConfig::iaf(), each(), &[2]), Err(refused("[3, ...]", "[2]")));
    assert_eq!(line(channelwise(), each(), &[3]), Err(refused("[2, ...]", "[3]")));
}

#[test]
fn sums_are_pooled_as_counts() {
    let device = test_device();
    let pool = SequentialConfig::new().layer(SumPool2dConfig::new([2, 3])).init(&device).unwrap();
    let (y, _) = pool.step::<4, 4>(Tensor::ones([1, 2, 4, 6], &device), rest());
    assert_eq!(pool.summary(&[2, 4, 6]).unwrap().output(), [2, 2, 2]);
    assert!(crate::values(y).into_iter().all(|sum| (sum - 6.0).abs() < 1e-5));
}

#[test]
#[should_panic(expected = "layer 7 (Linear): expected samples of shape [1024], got [2304]")]
fn a_sample_of_another_shape_is_refused() {
    let x = Tensor::<4>::zeros([1, 1, 36, 36], &test_device());
    mnist().step::<4, 2>(x, rest());
}

#[test]
#[should_panic(expected = "layer 0 (Lif): expected a state of shape [3, 4], found [2, 4]")]
fn a_state_of_another_batch_is_refused() {
    let device = test_device();
    let network = SequentialConfig::new().layer(LifConfig::iaf()).init(&device).unwrap();
    let (_, state) = network.step::<2, 2>(Tensor::zeros([2, 4], &device), rest());
    network.step::<2, 2>(Tensor::zeros([3, 4], &device), state);
}

/// Step and sequence, for each field of a state: nothing is broadcast.
#[test]
fn a_field_of_another_shape_is_refused() {
    let device = test_device();
    let cuba = CubaLifConfig::snntorch_synaptic(0.8, 0.7);
    let network = SequentialConfig::new().layer(cuba).init(&device).unwrap();
    let (_, state) = network.step::<2, 2>(Tensor::zeros([2, 4], &device), rest());
    for wrong in [0, 1] {
        for shape in [[1, 4, 1, 1], [2, 1, 1, 1], [1, 1, 1, 1], [2, 4, 2, 1]] {
            let mut field = 0;
            let state = state.clone().map(|values| {
                field += 1;
                if field - 1 == wrong { Tensor::zeros(shape, &device) } else { values }
            });
            let sequence = state.clone();
            let runs: [Box<dyn FnOnce()>; 2] = [
                Box::new(|| drop(network.step::<2, 2>(Tensor::zeros([2, 4], &device), state))),
                Box::new(|| {
                    drop(network.forward::<3, 3>(Tensor::zeros([5, 2, 4], &device), sequence));
                }),
            ];
            for run in runs {
                let message = crate::cells::shapes::panic_of(run);
                assert!(message.starts_with("layer 0 (CubaLif): expected "), "{message}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "layer 0 (CubaLif): got a state of Lif")]
fn a_state_of_another_network_is_refused() {
    let device = test_device();
    let x = || Tensor::zeros([2, 4], &device);
    let network = SequentialConfig::new().layer(LifConfig::iaf()).init(&device).unwrap();
    let (_, state) = network.step::<2, 2>(x(), rest());
    let cuba = CubaLifConfig::snntorch_synaptic(0.8, 0.7);
    let network = SequentialConfig::new().layer(cuba).init(&device).unwrap();
    network.step::<2, 2>(x(), state);
}

#[test]
#[should_panic(
    expected = "layer 0 (BatchNormThroughTime): has values for each of 4 steps, and takes \
                           sequences of 4 steps from rest, got 1 from rest"
)]
fn a_layer_with_values_for_each_step_takes_whole_sequences() {
    let device = test_device();
    let norm = BatchNormThroughTimeConfig::new(4, 2);
    let network = SequentialConfig::new().layer(norm).init(&device).unwrap();
    network.step::<2, 2>(Tensor::zeros([3, 2], &device), rest());
}

#[test]
#[should_panic(expected = "layer 1 has no neurons, layers [0] have")]
fn what_was_not_recorded_is_not_there() {
    let device = test_device();
    let network = SequentialConfig::new()
        .layer(LifConfig::iaf())
        .layer(LinearConfig::new(4, 2))
        .init(&device)
        .unwrap();
    let x = Tensor::<3>::zeros([3, 2, 4], &device);
    let (_, _, recording) = network.forward_recorded::<3, 3>(x, rest(), Record::Outputs);
    recording.outputs::<3>(1);
}

//! Spike for spike.

use burn::nn::BatchNormConfig;
use burn::nn::conv::Conv2d;
use burn::nn::pool::MaxPool2dConfig;

use super::loops::by_loops;
use super::*;
use crate::layer::SumPool2dConfig;
use crate::sequential::Record;

fn configs() -> [ConversionConfig; 6] {
    [
        ConversionConfig::new(),
        ConversionConfig::new().with_v_min(None).with_initial_membrane(0.5),
        ConversionConfig::new().with_threshold(0.5).with_membrane_subtract(Some(0.25)),
        ConversionConfig::new().with_threshold(2.0).with_membrane_subtract(Some(4.0)),
        ConversionConfig::new().with_max_spikes(Some(1)).with_v_min(Some(-0.25)),
        ConversionConfig::new().with_bias_steps(4.0),
    ]
}

/// Converts with weights as they are, compares each spike; how many there were in each layer.
fn compared(ann: &Sequential, x: &Tensor<5>, config: &ConversionConfig) -> Vec<f32> {
    let sample = &x.dims()[2..];
    let snn = config.convert(ann, sample).unwrap().network;
    let (_, _, recording) = snn.forward_recorded::<5, 3>(x.clone(), rest(), Record::Outputs);
    let expected = by_loops(ann, x, config);
    let layers: Vec<usize> = recording.layers().collect();
    assert_eq!(layers.len(), expected.len());
    let shapes = snn.summary(sample).unwrap().layers;
    let each = layers.into_iter().zip(expected).map(|(layer, expected)| {
        let spikes = match shapes[layer].output.len() {
            3 => values(recording.outputs::<5>(layer)),
            _ => values(recording.outputs::<3>(layer)),
        };
        assert_eq!(spikes, expected, "layer {layer} of {:?}, {config:?}", ann.layers);
        spikes.iter().sum()
    });
    each.collect()
}

#[test]
fn spikes_are_those_of_a_naive_reference() {
    let mut fired = [0.0; 4];
    for seed in 0..5 {
        let ann = drawn(convolutional(), seed);
        let x = Drawn::new(100 + seed).events([12, 2, 2, 8, 8]);
        for config in &configs() {
            let spikes = compared(&ann, &x, config);
            fired.iter_mut().zip(spikes).for_each(|(fired, spikes)| *fired += spikes);
        }
    }
    assert!(fired.iter().all(|spikes| *spikes > 50.0), "{fired:?}");
}

const SAMPLE: [usize; 3] = [2, 12, 11];

/// Two convolutions and two linear layers, with windows, pools and normalizations that are drawn.
fn any_network(draw: &mut Drawn) -> Sequential {
    let mut config = SequentialConfig::new();
    let mut channels = SAMPLE[0];
    for outputs in [4, 6] {
        let mut two = |most: usize| [0; 2].map(|_| 1 + draw.below(most));
        let (kernel, stride, dilation) = (two(3), two(2), two(2));
        let mut padding = || draw.below(2);
        let padding = PaddingConfig2d::Explicit(padding(), padding(), padding(), padding());
        let conv = Conv2dConfig::new([channels, outputs], kernel)
            .with_stride(stride)
            .with_dilation(dilation)
            .with_padding(padding)
            .with_groups(1 + draw.below(2))
            .with_bias(draw.below(2) == 1);
        config = config.layer(conv);
        if draw.below(2) == 1 {
            config = match draw.below(6) {
                0 => config.layer(MaxPool2dConfig::new([1, 2]).with_strides([1, 1])),
                1 => config.layer(AvgPool2dConfig::new([2, 1]).with_strides([1, 1])),
                2 => config.layer(SumPool2dConfig::new([1, 2]).with_strides([1, 1])),
                _ => config,
            };
            config = config.layer(BatchNormConfig::new(outputs));
        }
        config = config.layer(LayerConfig::Relu);
        config = match draw.below(4) {
            0 => config.layer(AvgPool2dConfig::new([1, 2])),
            1 => config.layer(SumPool2dConfig::new([2, 1]).with_strides([1, 2])),
            2 => config.layer(MaxPool2dConfig::new([2, 1]).with_strides([1, 1])),
            _ => config,
        };
        channels = outputs;
    }
    config = config.layer(LayerConfig::Flatten);
    let Ok(summary) = config.init(&device()).unwrap().summary(&SAMPLE) else {
        // A window that does not fit.
        return any_network(draw);
    };
    let pixels = summary.layers.last().unwrap().output[0];
    if draw.below(2) == 1 {
        config = config.layer(BatchNormConfig::new(pixels));
    }
    let config = config
        .layer(LinearConfig::new(pixels, 7))
        .layer(LayerConfig::Relu)
        .layer(LinearConfig::new(7, 4))
        .layer(LayerConfig::Relu);
    let mut ann = config.init(&device()).unwrap().map(draw);
    // Statistics with which nothing is rounded: variances of 1 and 4, with epsilon.
    let mut behind_max = false;
    for layer in &mut ann.layers {
        match layer {
            Layer::Conv2d(_) => behind_max = false,
            Layer::MaxPool2d(_) => behind_max = true,
            _ => {}
        }
        if let Layer::BatchNorm(norm) = layer {
            let features = norm.gamma.dims()[0];
            if behind_max {
                norm.gamma = Param::from_tensor(norm.gamma.val().abs() + 0.0625);
            }
            norm.epsilon = 0.75;
            let state = |values: Vec<f32>| {
                RunningState::new(Tensor::<1>::from_floats(values.as_slice(), &device()))
            };
            let means = (0..features).map(|_| draw.below(5) as f32 / 4.0 - 0.5);
            norm.running_mean = state(means.collect());
            let variances = (0..features).map(|_| [0.25, 3.25][draw.below(2)]);
            norm.running_var = state(variances.collect());
        }
    }
    ann
}

#[test]
fn spikes_of_any_network_are_those_of_a_naive_reference() {
    let mut draw = Drawn::new(3);
    let (mut layers, mut fired) = (Vec::new(), [0.0; 4]);
    for _ in 0..12 {
        let ann = any_network(&mut draw);
        let [channels, height, width] = SAMPLE;
        let x = draw.events([8, 2, channels, height, width]);
        for config in &configs() {
            let spikes = compared(&ann, &x, config);
            fired.iter_mut().zip(spikes).for_each(|(fired, spikes)| *fired += spikes);
        }
        layers.extend(ann.layers);
    }
    assert!(fired.iter().all(|spikes| *spikes > 200.0), "{fired:?}");
    let seen = |is: fn(&Layer) -> bool| layers.iter().any(is);
    let convolution = |is: fn(&Conv2d) -> bool| {
        layers.iter().any(|layer| matches!(layer, Layer::Conv2d(conv) if is(conv)))
    };
    assert!(seen(|layer| matches!(layer, Layer::BatchNorm(_))));
    assert!(seen(|layer| matches!(layer, Layer::AvgPool2d(_))));
    assert!(seen(|layer| matches!(layer, Layer::SumPool2d(_))));
    assert!(seen(|layer| matches!(layer, Layer::MaxPool2d(_))));
    assert!(convolution(|conv| conv.bias.is_some()));
    assert!(convolution(|conv| conv.groups > 1));
    assert!(convolution(|conv| conv.dilation[0] > 1 && conv.kernel_size[0] > 1));
    assert!(convolution(|conv| conv.kernel_size[0] != conv.kernel_size[1]));
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

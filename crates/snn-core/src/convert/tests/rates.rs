//! Rates and activations.

use burn::nn::BatchNormConfig;
use burn::nn::pool::MaxPool2dConfig;

use super::*;

/// The mean output over many steps of a constant input, and what the original says.
pub(super) fn assert_rates<const I: usize, const D: usize>(
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
fn neurons_are_put_behind_the_last_weights_if_asked_for() {
    let ann = drawn(SequentialConfig::new().layer(LinearConfig::new(2, 2)), 1);
    let convert = |spiking| {
        let config = ConversionConfig::new().with_spiking_output(spiking);
        config.convert(&ann, &[2]).unwrap().network.layers.len()
    };
    assert_eq!([convert(false), convert(true)], [1, 2]);
}

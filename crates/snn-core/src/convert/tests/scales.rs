//! What a spike stands for.

use burn::nn::BatchNormConfig;

use super::rates::assert_rates;
use super::*;
use crate::layer::QuantizedReluConfig;
use crate::layer::SumPool2dConfig;
use crate::sequential::parameters;

/// Thresholds, and what a spike takes from the membrane.
const THRESHOLDS: [(f64, Option<f64>); 5] =
    [(1.0, None), (2.0, None), (0.5, None), (1.0, Some(0.5)), (1.0, Some(2.0))];

fn identities(layers: usize) -> Sequential {
    let config = (0..layers).fold(SequentialConfig::new(), |config, _| {
        config.layer(LinearConfig::new(1, 1).with_bias(false)).layer(LayerConfig::Relu)
    });
    let mut ann = config.init(&device()).unwrap();
    for layer in &mut ann.layers {
        if let Layer::Linear(linear) = layer {
            linear.weight = Param::from_tensor(Tensor::ones([1, 1], &device()));
        }
    }
    ann
}

#[test]
fn a_spike_stands_for_what_it_is_said_to_at_every_threshold() {
    let x = Tensor::<2>::ones([1, 1], &device());
    let rate = |converted: &Conversion| {
        let (spikes, _) = converted.network.forward_static::<2, 3>(x.clone(), 64, rest());
        spikes.mean().into_scalar::<f32>()
    };
    for (threshold, subtract) in THRESHOLDS {
        let config = faithful().with_threshold(threshold).with_membrane_subtract(subtract);
        let taken = subtract.unwrap_or(threshold) as f32;
        for layers in [1, 2, 3] {
            let ann = identities(layers);
            // Weights to match: as many spikes as ever.
            let normalization = Normalization::new(100.0);
            let converted = config.convert_normalized(&ann, &x, &normalization).unwrap();
            assert_eq!(converted.output_scale, 1.0);
            assert!((rate(&converted) - 1.0).abs() < 0.05, "{}", rate(&converted));
            // Weights as they are.
            let converted = config.convert(&ann, &[1]).unwrap();
            for layer in (0..2 * layers).step_by(2) {
                assert_eq!(parameters(&converted.network.layers[layer]), [1.0]);
            }
            assert_eq!(converted.output_scale, taken.powi(layers as i32));
            let action = &converted.report.steps[2 * layers - 1].action;
            let said = format!("a spike stands for {}", converted.output_scale);
            assert!(action.ends_with(&said), "{action}");
            let seen = rate(&converted) * converted.output_scale;
            assert!((seen - 1.0).abs() < 0.2, "{seen} at {threshold}, {subtract:?}");
        }
    }
}

#[test]
fn rates_are_activations_at_every_threshold() {
    let x = Drawn::new(7).image([4, 2, 8, 8]);
    let ann = drawn(convolutional(), 1);
    for (threshold, subtract) in THRESHOLDS {
        let config = faithful().with_threshold(threshold).with_membrane_subtract(subtract);
        let converted = config.convert_normalized(&ann, &x, &Normalization::new(99.0)).unwrap();
        assert_rates::<4, 3>(&ann, &x, &converted, 0.02);
    }
}

#[test]
fn quantized_units_know_what_spikes_in_front_of_them_stand_for() {
    let config = SequentialConfig::new()
        .layer(LinearConfig::new(6, 20))
        .layer(LayerConfig::Relu)
        .layer(LinearConfig::new(20, 10))
        .layer(QuantizedReluConfig::new(64, 1.5))
        .layer(LinearConfig::new(10, 4));
    let x = Drawn::new(6).image::<2>([10, 6]);
    let mut ann = drawn(config, 5);
    let Layer::QuantizedRelu(relu) = &mut ann.layers[3] else { panic!("another layer") };
    relu.threshold = Param::from_tensor(Tensor::full([1], 1.5, &device()));
    for (threshold, subtract) in THRESHOLDS {
        let config = faithful().with_threshold(threshold).with_membrane_subtract(subtract);
        let converted = config.convert(&ann, &[6]).unwrap();
        assert_eq!(converted.output_scale, 1.0);
        assert_rates::<2, 3>(&ann, &x, &converted, 0.03);
    }
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
    for (threshold, subtract) in THRESHOLDS {
        let config = ConversionConfig::new()
            .with_threshold(threshold)
            .with_membrane_subtract(subtract)
            .with_v_min(None);
        let converted = config.convert(&ann, &[6]).unwrap();
        let (y, _) = converted.network.forward_static::<2, 3>(x.clone(), 8, rest());
        let rates: Tensor<2> = y.mean_dim(0).squeeze_dim(0);
        assert_eq!(values(rates), values(analog::<2, 2>(&ann, &x)));
    }
}

/// A sum over four pixels makes four of a bias: a correction without that factor would be four times too large.
#[test]
fn corrected_biases_account_for_poolings_before_neurons() {
    let config = SequentialConfig::new()
        .layer(Conv2dConfig::new([2, 4], [3, 3]))
        .layer(SumPool2dConfig::new([2, 2]))
        .layer(LayerConfig::Relu)
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(36, 4));
    let ann = drawn(config, 2);
    let x = Drawn::new(7).image([80, 2, 8, 8]);
    let mut converted = ConversionConfig::new()
        .with_v_min(None)
        .convert_normalized(&ann, &x, &Normalization::new(99.0))
        .unwrap();
    let error = |converted: &Conversion| {
        let (y, _) = converted.network.forward_static::<4, 3>(x.clone(), 6, rest());
        let rates: Tensor<2> = y.mean_dim(0).squeeze_dim(0);
        let expected: Tensor<2> = analog(&ann, &x);
        (rates * converted.output_scale - expected).mean_dim(0).abs().sum().into_scalar::<f32>()
    };
    let before = error(&converted);
    converted.correct_biases(&ann, &x, 6);
    let after = error(&converted);
    assert!(after < 0.4 * before, "{before} became {after}");
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
    let error = |converted: &Conversion| {
        let (y, _) = converted.network.forward_static::<4, 3>(x.clone(), 6, rest());
        let rates: Tensor<2> = y.mean_dim(0).squeeze_dim(0);
        let expected: Tensor<2> = analog(&ann, &x);
        (rates * converted.output_scale - expected).mean_dim(0).abs().sum().into_scalar::<f32>()
    };
    for (threshold, subtract) in THRESHOLDS {
        let config = faithful().with_threshold(threshold).with_membrane_subtract(subtract);
        let mut converted = config.convert_normalized(&ann, &x, &Normalization::new(99.0)).unwrap();
        let before = error(&converted);
        converted.correct_biases(&ann, &x, 6);
        let after = error(&converted);
        assert!(after < 0.4 * before, "{before} became {after}: {threshold}, {subtract:?}");
    }
}

/// Dropout and normalization by the batch are off, and statistics stay as they are.
#[test]
fn an_original_in_training_becomes_what_it_becomes_in_use() {
    let config = SequentialConfig::new()
        .layer(Conv2dConfig::new([2, 4], [3, 3]))
        .layer(BatchNormConfig::new(4))
        .layer(LayerConfig::Relu)
        .layer(DropoutConfig::new(0.5))
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(144, 20))
        .layer(LayerConfig::Relu)
        .layer(DropoutConfig::new(0.5))
        .layer(LinearConfig::new(20, 4));
    let in_use = with_statistics(drawn(config, 2), 9);
    let trained = in_use.clone().train();
    let x = Drawn::new(7).image::<4>([20, 2, 8, 8]);
    let numbers = |conversion: &Conversion| -> Vec<f64> {
        conversion.network.layers.iter().flat_map(parameters).collect()
    };
    let normalization = Normalization::new(99.0);
    let convert = |ann: &Sequential, x: Tensor<4>| {
        let plain = faithful().convert(ann, &[2, 8, 8]).unwrap();
        let mut normalized = faithful().convert_normalized(ann, &x, &normalization).unwrap();
        let scaled = numbers(&normalized);
        normalized.correct_biases(ann, &x, 4);
        [numbers(&plain), scaled, numbers(&normalized)]
    };
    let expected = convert(&in_use, x.clone());
    assert_eq!(convert(&trained, x.autodiff()), expected);
    assert!(expected[1] != expected[2]);
    let statistics = |network: &Sequential| match &network.layers[1] {
        Layer::BatchNorm(norm) => {
            [&norm.running_mean, &norm.running_var].map(|state| values(state.value_sync()))
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(statistics(&trained), statistics(&in_use));
}

#[test]
fn what_is_silent_most_of_the_time_has_a_scale_of_its_own() {
    let config = SequentialConfig::new()
        .layer(LinearConfig::new(2, 2).with_bias(false))
        .layer(LayerConfig::Relu)
        .layer(LinearConfig::new(2, 1));
    let mut ann = config.init(&device()).unwrap();
    let Layer::Linear(linear) = &mut ann.layers[0] else { panic!("another layer") };
    linear.weight = Param::from_tensor(Tensor::eye(2, &device()));
    // The first is active once, the second never.
    let mut x = vec![-1.0; 20];
    x[8] = 5.0;
    let x = Tensor::<1>::from_floats(x.as_slice(), &device()).reshape([10, 2]);
    let normalization = Normalization::new(50.0).with_scale_by(ScaleBy::Channel);
    let report = faithful().convert_normalized(&ann, &x, &normalization).unwrap().report;
    assert_eq!(report.steps[1].action, "integrate-and-fire; a spike stands for 1 to 5");
}

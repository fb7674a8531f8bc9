//! What was done, and what cannot be.

use burn::nn::BatchNormConfig;

use super::*;

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
        "  1  BatchNorm  [2, 4, 4]  folded into the weights before it",
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
        "layer 0 (Relu) cannot be converted: there are no weights between it and the activation or the \
         input before it: put a Linear or Conv2d there, or leave it out"
    );
    let last = linear().layer(LayerConfig::Relu).layer(BatchNormConfig::new(2));
    let ann = with_statistics(last.init(&device()).unwrap(), 1);
    assert_eq!(
        ConversionConfig::new().convert(&ann, &[2]).unwrap_err().to_string(),
        "layer 2 (BatchNorm) cannot be converted: no later weights can absorb the scaling of the \
         BatchNorm or the scales of channels before it: end with a Linear or Conv2d"
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

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let ann = drawn(SequentialConfig::new().layer(LinearConfig::new(2, 2)), 1);
    let config = ConversionConfig::new;
    for (config, expected) in [
        (config().with_threshold(f64::NAN), "threshold: expected a finite number above 0, got NaN"),
        (
            config().with_membrane_subtract(Some(f64::NAN)),
            "membrane_subtract: expected a finite number above 0, got NaN",
        ),
        (
            config().with_v_min(Some(f64::NAN)),
            "v_min: expected a finite number below the threshold, got NaN",
        ),
        (
            config().with_v_min(Some(1.0)),
            "v_min: expected a finite number below the threshold, got 1",
        ),
        (
            config().with_initial_membrane(f64::NAN),
            "initial_membrane: expected a finite number, got NaN",
        ),
        (config().with_initial_membrane(1.0), "initial_membrane: expected a number below 1, got 1"),
        (config().with_max_spikes(Some(0)), "max_spikes: expected at least one, got 0"),
        (
            config().with_bias_steps(f64::NAN),
            "bias_steps: expected a finite number above 0, got NaN",
        ),
    ] {
        let error = config.convert(&ann, &[2]).unwrap_err();
        assert!(matches!(error, ConversionError::Config(_)), "{error:?}");
        assert_eq!(error.to_string(), expected);
    }
    let x = Tensor::<2>::ones([1, 2], &device());
    let error = config().convert_normalized(&ann, &x, &Normalization::new(f64::NAN)).unwrap_err();
    assert_eq!(error.to_string(), "percentile: expected a number above 0, up to 100, got NaN");
}

#[test]
fn averages_of_unequal_windows_of_spikes_are_refused() {
    let behind_spikes = |pool: AvgPool2dConfig| {
        let config = SequentialConfig::new()
            .layer(Conv2dConfig::new([1, 2], [1, 1]))
            .layer(LayerConfig::Relu)
            .layer(pool)
            .layer(Conv2dConfig::new([2, 2], [1, 1]));
        ConversionConfig::new().convert(&config.init(&device()).unwrap(), &[1, 5, 5]).map(drop)
    };
    let pool = || AvgPool2dConfig::new([3, 3]);
    let padded = || pool().with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1));
    for pool in [pool().with_ceil_mode(true), padded().with_count_include_pad(false)] {
        assert_eq!(
            behind_spikes(pool).unwrap_err().to_string(),
            "layer 2 (AvgPool2d) cannot be converted: its windows are not equally large"
        );
    }
    assert_eq!(behind_spikes(padded()), Ok(()));
    // There is nothing around the image that would not count.
    assert_eq!(behind_spikes(pool().with_count_include_pad(false)), Ok(()));
}

#[test]
fn samples_of_one_number_can_be_flattened() {
    let config = SequentialConfig::new()
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(1, 2))
        .layer(LayerConfig::Relu);
    let ann = drawn(config, 1);
    let snn = ConversionConfig::new().convert(&ann, &[]).unwrap().network;
    let x = Tensor::<1>::from_floats([0.5, 2.0, 1.0], &device());
    let (spikes, _) = snn.forward_static::<1, 3>(x, 4, rest());
    assert_eq!(spikes.dims(), [4, 3, 2]);
}

//! Normalizations that go into weights: networks without activations, whose outputs must be those of the
//! original, whatever is between the weights and the normalization.

use burn::nn::BatchNormConfig;
use burn::nn::pool::MaxPool2dConfig;
use proptest::prelude::*;

use super::*;
use crate::layer::SumPool2dConfig;

const SAMPLE: [usize; 3] = [2, 9, 8];

/// Layers between the convolution and the output.
#[derive(Debug, Clone)]
enum MiddleLayer {
    Max { kernel: [usize; 2], stride: usize, padding: [usize; 4], ceil: bool },
    Mean { kernel: [usize; 2], stride: usize, padding: [usize; 4], counts: bool, ceil: bool },
    Sum { kernel: [usize; 2], padding: [usize; 4] },
    Norm,
    Dropout,
}

fn explicit([top, left, bottom, right]: [usize; 4]) -> PaddingConfig2d {
    PaddingConfig2d::Explicit(top, left, bottom, right)
}

impl MiddleLayer {
    fn layer(&self, channels: usize) -> LayerConfig {
        match *self {
            Self::Max { kernel, stride, padding, ceil } => MaxPool2dConfig::new(kernel)
                .with_strides([stride; 2])
                .with_padding(explicit(padding))
                .with_ceil_mode(ceil)
                .into(),
            Self::Mean { kernel, stride, padding, counts, ceil } => AvgPool2dConfig::new(kernel)
                .with_strides([stride; 2])
                .with_padding(explicit(padding))
                .with_count_include_pad(counts)
                .with_ceil_mode(ceil)
                .into(),
            Self::Sum { kernel, padding } => SumPool2dConfig::new(kernel)
                .with_strides([1, 2])
                .with_padding(explicit(padding))
                .into(),
            Self::Norm => BatchNormConfig::new(channels).into(),
            Self::Dropout => DropoutConfig::new(0.5).into(),
        }
    }
}

/// No padding of more than half a kernel, which PyTorch refuses.
fn padding(kernel: [usize; 2]) -> impl Strategy<Value = [usize; 4]> {
    let [height, width] = kernel.map(|side| 0..=side / 2);
    let padded = (height.clone(), width.clone(), height, width);
    prop_oneof![Just([0; 4]), padded.prop_map(|(a, b, c, d)| [a, b, c, d])]
}

fn middle_layer() -> impl Strategy<Value = MiddleLayer> {
    let kernel = || [1usize..=3, 1usize..=3];
    let max = (kernel(), 1usize..=2, any::<bool>()).prop_flat_map(|(kernel, stride, ceil)| {
        padding(kernel).prop_map(move |padding| MiddleLayer::Max { kernel, stride, padding, ceil })
    });
    let mean = (kernel(), 1usize..=2, any::<bool>(), any::<bool>()).prop_flat_map(
        |(kernel, stride, counts, ceil)| {
            padding(kernel).prop_map(move |padding| MiddleLayer::Mean {
                kernel,
                stride,
                padding,
                counts,
                ceil,
            })
        },
    );
    let sum = kernel().prop_flat_map(|kernel| {
        padding(kernel).prop_map(move |padding| MiddleLayer::Sum { kernel, padding })
    });
    prop_oneof![2 => max, 2 => mean, 1 => sum, 3 => Just(MiddleLayer::Norm), 1 => Just(MiddleLayer::Dropout)]
}

/// How the gammas of normalizations are drawn.
#[derive(Debug, Clone, Copy)]
enum Gammas {
    Positive,
    Any,
}

struct Original {
    ann: Sequential,
    /// Whether some normalization cannot be folded: one of a scale that is not positive behind a max pooling, or
    /// with a shift behind a window that counts zeros around the image.
    unfoldable: bool,
}

fn original(layers: &[MiddleLayer], gammas: Gammas, groups: usize, seed: u64) -> Option<Original> {
    const CHANNELS: usize = 4;
    let conv = Conv2dConfig::new([SAMPLE[0], CHANNELS], [2, 3])
        .with_padding(PaddingConfig2d::Explicit(1, 0, 0, 1))
        .with_groups(groups)
        .with_bias(seed.is_multiple_of(2));
    let config = SequentialConfig::new().layer(conv);
    let config = layers.iter().fold(config, |config, layer| config.layer(layer.layer(CHANNELS)));
    let config = config.layer(LayerConfig::Flatten);
    let summary = config.init(&device()).unwrap().summary(&SAMPLE).ok()?;
    let config = config.layer(LinearConfig::new(summary.output()[0], 3));
    let mut ann = with_statistics(drawn(config, seed), seed + 1);
    let (mut largest, mut uniform, mut unfoldable) = (false, true, false);
    let mut sample = SAMPLE.to_vec();
    for (layer, line) in ann.layers.iter_mut().zip(summary.layers) {
        let [_, height, width] = sample[..] else { break };
        let ones = Tensor::<4>::ones([1, 1, height, width], &device());
        let is_whole = |ones: Tensor<4>, whole: f32| {
            values(ones).into_iter().all(|one| (one - whole).abs() < 1e-4)
        };
        match layer {
            Layer::MaxPool2d(_) => largest = true,
            Layer::AvgPool2d(pool) => uniform &= is_whole(pool.forward(ones), 1.0),
            Layer::SumPool2d(pool) => uniform &= is_whole(pool.forward(ones), pool.window() as f32),
            Layer::BatchNorm(norm) => {
                let gamma = match gammas {
                    Gammas::Positive => norm.gamma.val().abs() + 0.125,
                    Gammas::Any => norm.gamma.val(),
                };
                norm.gamma = Param::from_tensor(gamma.clone());
                let not_positive = values(gamma).iter().any(|gamma| *gamma <= 0.0);
                // All shifts are zero with a probability of nothing: means and variances are drawn.
                unfoldable |= largest && not_positive || !uniform;
            }
            _ => {}
        }
        sample = line.output;
    }
    Some(Original { ann, unfoldable })
}

proptest! {
    #[test]
    fn what_is_folded_equals_the_original_and_the_rest_is_refused(
        layers in prop::collection::vec(middle_layer(), 1..5),
        gammas in prop_oneof![Just(Gammas::Positive), Just(Gammas::Any)],
        groups in 1usize..=2,
        seed in 0u64..1_000_000,
    ) {
        let original = original(&layers, gammas, groups, seed);
        prop_assume!(original.is_some());
        let Original { ann, unfoldable } = original.unwrap();
        let converted = match ConversionConfig::new().convert(&ann, &SAMPLE) {
            Ok(converted) => converted,
            Err(error) => {
                prop_assert!(unfoldable, "{error}");
                let message = error.to_string();
                prop_assert!(message.contains("(BatchNorm) cannot be converted: it"), "{message}");
                prop_assert!(message.contains("train with the BatchNorm before the pooling"), "{message}");
                return Ok(());
            }
        };
        prop_assert!(!unfoldable, "{}", converted.report);
        let norms = converted.network.layers.iter().any(|layer| matches!(layer, Layer::BatchNorm(_)));
        prop_assert!(!norms);
        let [c, h, w] = SAMPLE;
        let x = Drawn::new(seed + 2).image::<4>([2, c, h, w]) * 2.0 - 1.0;
        let expected = values(analog::<4, 2>(&ann, &x));
        let (got, _) = converted.network.step::<4, 2>(x.clone(), rest());
        assert_close(&values(got), &expected);
        // The mean over steps, since a max pooling puts out differences of sums.
        let (got, _) = converted.network.forward_static::<4, 3>(x, 4, rest());
        assert_close(&values(got.mean_dim(0).squeeze_dim::<2>(0)), &expected);
    }
}

fn assert_close(got: &[f32], expected: &[f32]) {
    let largest = expected.iter().fold(1.0f32, |largest, x| largest.max(x.abs()));
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() <= 1e-5 * largest, "{got} instead of {expected}");
    }
}

/// A convolution of one pixel, weight 1 and bias 0, in two channels; a pooling; a normalization with means of 0,
/// variances of 1 and no epsilon, so that its scale is gamma and its shift beta.
fn normalized(pool: impl Into<LayerConfig>, gamma: [f32; 2], beta: [f32; 2]) -> Sequential {
    let config = SequentialConfig::new()
        .layer(Conv2dConfig::new([2, 2], [1, 1]).with_groups(2).with_bias(false))
        .layer(pool)
        .layer(BatchNormConfig::new(2))
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(8, 8).with_bias(false));
    let mut ann = config.init(&device()).unwrap();
    let param = |x: [f32; 2]| Param::from_tensor(Tensor::<1>::from_floats(x, &device()));
    for layer in &mut ann.layers {
        match layer {
            Layer::Conv2d(conv) => {
                conv.weight = Param::from_tensor(Tensor::ones([2, 1, 1, 1], &device()));
            }
            Layer::BatchNorm(norm) => {
                (norm.gamma, norm.beta, norm.epsilon) = (param(gamma), param(beta), 0.0);
            }
            Layer::Linear(linear) => linear.weight = Param::from_tensor(Tensor::eye(8, &device())),
            _ => {}
        }
    }
    ann
}

/// Two channels of 2 x 2 windows, each with its own largest value.
fn windows() -> Tensor<4> {
    let x: Vec<f32> = (0..32).map(|k| ((k * 7) % 32) as f32 / 8.0 - 2.0).collect();
    Tensor::<1>::from_floats(x.as_slice(), &device()).reshape([1, 2, 4, 4])
}

#[test]
fn a_normalization_behind_a_max_pooling_goes_into_weights_and_biases() {
    let ann = normalized(MaxPool2dConfig::new([2, 2]), [2.0, 0.5], [1.0, -1.0]);
    let converted = ConversionConfig::new().convert(&ann, &[2, 4, 4]).unwrap();
    assert_eq!(converted.report.steps[2].action, "folded into the weights before it");
    let Layer::Conv2d(conv) = &converted.network.layers[0] else { panic!("another layer") };
    assert_eq!(values(conv.weight.val()), [2.0, 0.5]);
    assert_eq!(values(conv.bias.as_ref().unwrap().val()), [1.0, -1.0]);
    let (got, _) = converted.network.step::<4, 2>(windows(), rest());
    assert_eq!(values(got), values(analog::<4, 2>(&ann, &windows())));
}

#[test]
fn a_normalization_behind_sums_has_a_share_of_its_shift_in_each_pixel() {
    // Four pixels in a window: 1 / 4 and -1 / 4.
    let ann = normalized(SumPool2dConfig::new([2, 2]), [2.0, -0.5], [1.0, -1.0]);
    let converted = ConversionConfig::new().convert(&ann, &[2, 4, 4]).unwrap();
    let Layer::Conv2d(conv) = &converted.network.layers[0] else { panic!("another layer") };
    assert_eq!(values(conv.bias.as_ref().unwrap().val()), [0.25, -0.25]);
    let (got, _) = converted.network.step::<4, 2>(windows(), rest());
    assert_eq!(values(got), values(analog::<4, 2>(&ann, &windows())));
}

#[test]
fn a_scale_that_is_not_positive_behind_a_max_pooling_is_refused_by_channel() {
    for scale in [-0.5, 0.0] {
        let ann = normalized(MaxPool2dConfig::new([2, 2]), [2.0, scale], [1.0, -1.0]);
        assert_eq!(
            ConversionConfig::new().convert(&ann, &[2, 4, 4]).unwrap_err().to_string(),
            format!(
                "layer 2 (BatchNorm) cannot be converted: its scale, gamma / sqrt(var + epsilon), is {scale} in \
                 channel 1, and a max pooling is between it and the weights before it, whose largest value only a \
                 scale above 0 keeps: train with the BatchNorm before the pooling, or with a gamma above 0"
            )
        );
    }
    // Behind a mean, a scale may have either sign.
    let ann = normalized(AvgPool2dConfig::new([2, 2]), [2.0, -0.5], [1.0, -1.0]);
    let converted = ConversionConfig::new().convert(&ann, &[2, 4, 4]).unwrap();
    let (got, _) = converted.network.step::<4, 2>(windows(), rest());
    assert_eq!(values(got), values(analog::<4, 2>(&ann, &windows())));
}

#[test]
fn a_shift_behind_zeros_that_count_is_refused_and_a_scale_is_not() {
    let pool = || {
        AvgPool2dConfig::new([3, 3])
            .with_strides([2, 2])
            .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
    };
    let convert = |ann: &Sequential| ConversionConfig::new().convert(ann, &[2, 4, 4]);
    let error = convert(&normalized(pool(), [2.0, -0.5], [0.0, 1.0])).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "layer 2 (BatchNorm) cannot be converted: it adds a constant, and a pooling"
        ),
        "{error}"
    );
    let unpadded = pool().with_count_include_pad(false);
    for ann in [
        normalized(pool(), [2.0, -0.5], [0.0, 0.0]),
        normalized(unpadded, [2.0, -0.5], [1.0, -1.0]),
    ] {
        let (got, _) = convert(&ann).unwrap().network.step::<4, 2>(windows(), rest());
        assert_close(&values(got), &values(analog::<4, 2>(&ann, &windows())));
    }
}

/// A normalization after an activation is folded into the next weights. Its scale may have either sign, unless a
/// max pooling comes between: then it is above zero.
#[test]
fn a_normalization_between_activation_and_pooling() {
    let convert = |gamma: [f32; 2], padding: usize| {
        let mut ann = SequentialConfig::new()
            .layer(Conv2dConfig::new([2, 2], [1, 1]))
            .layer(LayerConfig::Relu)
            .layer(BatchNormConfig::new(2))
            .layer(MaxPool2dConfig::new([2, 2]))
            .layer(Conv2dConfig::new([2, 1], [2, 2]).with_padding(explicit([padding; 4])))
            .init(&device())
            .unwrap();
        let Layer::BatchNorm(norm) = &mut ann.layers[2] else { panic!("another layer") };
        norm.gamma = Param::from_tensor(Tensor::from_floats(gamma, &device()));
        norm.beta = Param::from_tensor(Tensor::from_floats([0.5, 0.25], &device()));
        ConversionConfig::new().convert(&ann, &[2, 4, 4]).map(|c| c.report.steps[2].action.clone())
    };
    assert_eq!(convert([0.5, 2.0], 0).unwrap(), "goes into the next weights");
    let error = convert([0.5, -2.0], 0).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "layer 3 (MaxPool2d) cannot be converted: a BatchNorm before it scales channel 1 by -"
        ),
        "{error}"
    );
    let error = convert([0.5, 2.0], 1).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "layer 4 (Conv2d) cannot be converted: a BatchNorm before it adds to its input"
        ),
        "{error}"
    );
}

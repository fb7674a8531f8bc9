//! Stateless layers over time.

use burn::module::{Module, Param};
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::{BatchNormConfig, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData, Tolerance};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use snn::core::layer::{
    BatchNormThroughTimeConfig, DropoutConfig, SumPool2dConfig, TemporalEffectiveBatchNormConfig,
    ThresholdDependentBatchNormConfig, time_distributed,
};

use crate::{test_device, values};

/// Numbers from -1 to 1, the same on every device.
pub fn numbers<const D: usize>(shape: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let n = shape.iter().product();
    let numbers: Vec<f32> = (0..n).map(|_| rng.random_range(-1.0..1.0)).collect();
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

/// The steps of a sequence, one by one.
fn steps_of(x: &Tensor<5>) -> impl Iterator<Item = Tensor<4>> {
    (0..x.dims()[0]).map(|t| x.clone().narrow(0, t, 1).squeeze_dim(0))
}

#[track_caller]
pub fn assert_close<const D: usize>(got: Tensor<D>, expected: Tensor<D>) {
    let tolerance = Tolerance::rel_abs(1e-4, 1e-5);
    got.into_data().assert_approx_eq::<f32>(&expected.into_data(), tolerance);
}

/// The sum of the outputs, each with a weight of its own, so that no two gradients are alike.
pub fn loss<const D: usize>(y: Tensor<D>) -> Tensor<1> {
    let weights = numbers(y.dims(), 99, &y.device());
    (y * weights).sum()
}

#[test]
fn all_steps_at_once_are_the_steps_one_by_one() {
    let device = test_device().autodiff();
    let conv = Conv2dConfig::new([2, 3], [3, 3]).init(&device);
    let pool = MaxPool2dConfig::new([2, 2]).init();
    let sum = SumPool2dConfig::new([1, 2]).with_strides([1, 1]).init();
    let linear = LinearConfig::new(12, 4).init(&device);
    let apply = |x: Tensor<4>| {
        let x = sum.forward(pool.forward(conv.forward(x)));
        linear.forward(x.flatten::<2>(1, 3))
    };
    let x = numbers([5, 2, 2, 6, 8], 1, &device).require_grad();

    let at_once: Tensor<3> = time_distributed(x.clone(), apply);
    let one_by_one: Tensor<3> = Tensor::stack(steps_of(&x).map(apply).collect(), 0);
    assert_eq!(at_once.dims(), [5, 2, 4]);
    assert_close(at_once.clone(), one_by_one.clone());

    let (got, expected) = (loss(at_once).backward(), loss(one_by_one).backward());
    assert_close(x.grad(&got).unwrap(), x.grad(&expected).unwrap());
    let kernel = conv.weight.val();
    assert_close(kernel.grad(&got).unwrap(), kernel.grad(&expected).unwrap());
    let weight = linear.weight.val();
    assert_close(weight.grad(&got).unwrap(), weight.grad(&expected).unwrap());
}

#[test]
fn dropout_has_one_mask_over_time_and_keeps_the_mean() {
    let (device, [steps, batch, neurons]) = (test_device().autodiff(), [4, 8, 512]);
    let dropout = DropoutConfig::new(0.2).init().unwrap();
    let x = Tensor::<3>::ones([steps, batch, neurons], &device).require_grad();
    let y = dropout.forward(x.clone());
    let gradient = values(x.grad(&y.clone().sum().backward()).unwrap());
    let y = values(y);
    assert_eq!(gradient, y, "for an input of ones the gradient is the mask");

    let step: Vec<&[f32]> = y.chunks(batch * neurons).collect();
    assert!(step.iter().all(|other| *other == step[0]), "every step has the same mask");
    let samples: Vec<&[f32]> = step[0].chunks(neurons).collect();
    assert!(samples[1..].iter().all(|other| *other != samples[0]), "every sample has its own");
    assert!(step[0].iter().all(|y| *y == 0.0 || (*y - 1.25).abs() < 1e-6));

    let draws = (batch * neurons) as f32;
    let mean = step[0].iter().sum::<f32>() / draws;
    // Six standard deviations of the mean of Bernoulli draws over 0.8.
    assert!((mean - 1.0).abs() < 6.0 * (0.8f32 * 0.2 / draws).sqrt() / 0.8, "{mean}");
}

#[test]
fn channelwise_dropout_drops_whole_channels() {
    let (device, [batch, channels, space]) = (test_device().autodiff(), [4, 64, 6]);
    let dropout = DropoutConfig::new(0.5).with_channelwise(true).init().unwrap();
    let y = values(dropout.forward(Tensor::<5>::ones([3, batch, channels, 2, 3], &device)));
    let step: Vec<&[f32]> = y.chunks(batch * channels * space).collect();
    assert!(step.iter().all(|other| *other == step[0]), "every step has the same mask");
    let channel: Vec<&[f32]> = step[0].chunks(space).collect();
    assert!(channel.iter().all(|channel| *channel == [0.0; 6] || *channel == [2.0; 6]));
    let kept: Vec<bool> = channel.iter().map(|channel| channel[0] != 0.0).collect();
    assert!(kept.contains(&true) && kept.contains(&false), "some channels are dropped, not all");
    assert!(kept.chunks(channels).any(|other| *other != kept[..channels]), "samples differ");
}

#[test]
fn dropout_does_nothing_without_autodiff_or_frozen() {
    let device = test_device();
    let dropout = DropoutConfig::new(0.9).init().unwrap();
    let x = numbers([3, 2, 50], 2, &device);
    assert_eq!(values(dropout.forward(x.clone())), values(x));

    let x = numbers([3, 2, 50], 2, &device.autodiff());
    assert_ne!(values(dropout.forward(x.clone())), values(x.clone()));
    assert_eq!(values(dropout.freeze().forward(x.clone())), values(x.clone()));
    let nothing = DropoutConfig::new(0.0).init().unwrap();
    assert_eq!(values(nothing.forward(x.clone())), values(x));
}

#[test]
fn threshold_dependent_statistics_are_over_time_and_batch() {
    let device = test_device().autodiff();
    let config = ThresholdDependentBatchNormConfig::new(2, 3.0).with_alpha(0.5);
    let layer = config.init(&device).unwrap();
    // Mean 4 and variance 5 in the first channel, -1 and 4 in the second.
    let x = [[[1.0, -3.0], [3.0, 1.0]], [[5.0, 1.0], [7.0, -3.0]]];
    let y = values(layer.forward(Tensor::<3>::from_floats(x, &device)));
    let normal = |x: f32, mean: f32, var: f32| 1.5 * (x - mean) / (var + 1e-5).sqrt();
    for (k, (y, x)) in y.iter().zip(x.concat().concat()).enumerate() {
        let expected = if k % 2 == 0 { normal(x, 4.0, 5.0) } else { normal(x, -1.0, 4.0) };
        assert!((y - expected).abs() < 1e-5, "{k}: {y}, expected {expected}");
    }

    // Then a tenth of them is in the running statistics, which start at 0 and 1.
    let layer = layer.valid();
    let y = values(layer.forward(Tensor::<3>::from_floats([[[1.0, 1.0]]], &test_device())));
    for (y, expected) in y.iter().zip([normal(1.0, 0.4, 1.4), normal(1.0, -0.1, 1.3)]) {
        assert!((y - expected).abs() < 1e-5, "{y}, expected {expected}");
    }
}

#[test]
fn temporal_effective_normalization_scales_each_step() {
    let device = test_device().autodiff();
    let mut layer = TemporalEffectiveBatchNormConfig::new(2, 1).init(&device).unwrap();
    layer.scale = Param::from_tensor(Tensor::from_floats([1.0, -3.0], &device));
    // Mean 4, variance 5.
    let x = Tensor::<5>::from_floats([[[[[1.0, 3.0]]]], [[[[5.0, 7.0]]]]], &device);
    let y = layer.forward(x);
    let gradients = y.clone().square().sum().backward();
    let unit = 1.0 / 5.00001f32.sqrt();
    for (y, expected) in values(y).iter().zip([-3.0, -1.0, -3.0, -9.0]) {
        assert!((y - expected * unit).abs() < 1e-5, "{y}, expected {}", expected * unit);
    }
    // d/dp Σ (p n)² = 2 p Σ n², with n² = 9/5 + 1/5 in each step.
    let got = values(layer.scale.val().grad(&gradients).unwrap());
    for (got, expected) in got.iter().zip([4.0, -12.0]) {
        assert!((got - expected).abs() < 1e-3, "{got}, expected {expected}");
    }
}

#[test]
fn normalization_through_time_is_one_normalization_for_each_step() {
    let (device, [steps, channels]) = (test_device().autodiff(), [3, 2]);
    let layer = BatchNormThroughTimeConfig::new(steps, channels).init(&device).unwrap();
    let each: Vec<_> = (0..steps).map(|_| BatchNormConfig::new(channels).init(&device)).collect();
    let drift = numbers([steps, 1, channels, 1, 1], 4, &device).mul_scalar(5.0);
    let x = (numbers([steps, 4, channels, 2, 3], 3, &device) + drift).require_grad();
    let y = layer.forward(x.clone());
    let expected: Vec<Tensor<4>> =
        steps_of(&x).zip(&each).map(|(x, norm)| norm.forward(x)).collect();
    let expected: Tensor<5> = Tensor::stack(expected, 0);
    assert_close(y.clone(), expected.clone());

    let (got, expected) = (loss(y).backward(), loss(expected).backward());
    assert_close(x.grad(&got).unwrap(), x.grad(&expected).unwrap());
    let gammas = each.iter().map(|norm| norm.gamma.val().grad(&expected).unwrap()).collect();
    assert_close(layer.norm.gamma.val().grad(&got).unwrap(), Tensor::cat(gammas, 0));
    assert!(layer.norm.beta.val().grad(&got).is_none(), "there is no bias to learn");

    let (layer, each): (_, Vec<_>) = (layer.valid(), each.iter().map(Module::valid).collect());
    let x = x.without_autodiff();
    let expected = steps_of(&x).zip(&each).map(|(x, norm)| norm.forward(x)).collect();
    assert_close(layer.forward(x.clone()), Tensor::stack::<5>(expected, 0));
}

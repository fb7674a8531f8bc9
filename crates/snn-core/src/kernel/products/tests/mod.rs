//! Products of spikes with weights against Burn's own layers: values and gradients.

mod shapes;

use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{AvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Distribution, Tensor};

use super::{conv2d, linear, max_pool2d, sum_pool2d};
use crate::kernel::tests::{numbers, on_gpu, values};

/// Of each number, whether it is not zero has this probability; half of them are spikes.
fn sparse<const D: usize>(shape: [usize; D], density: f64, device: &Device) -> Tensor<D> {
    let spikes = Tensor::<D>::random(shape, Distribution::Bernoulli(density), device);
    let values = Tensor::<D>::random(shape, Distribution::Bernoulli(0.5), device) + 0.5;
    spikes * values
}

fn close(what: &str, got: Vec<f32>, expected: Vec<f32>) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1.0, |largest: f32, x| largest.max(x.abs()));
    for (got, expected) in got.iter().zip(&expected) {
        let limit = 1e-5 * expected.abs() + 4e-6 * scale;
        assert!((got - expected).abs() <= limit, "{what}: {got}, {expected}");
    }
}

/// Output, and gradients of input and parameters, of two ways to run a layer.
fn agree<const D: usize>(
    what: &str,
    x: Tensor<D>,
    density_of_gradient: f64,
    ours: impl Fn(Tensor<D>) -> Tensor<D>,
    burns: impl Fn(Tensor<D>) -> Tensor<D>,
    parameters: impl Fn(&burn::tensor::Gradients) -> Vec<Vec<f32>>,
) {
    let device = x.device();
    let mut weights: Option<Tensor<D>> = None;
    let mut run = |layer: &dyn Fn(Tensor<D>) -> Tensor<D>| {
        let x = x.clone().detach().require_grad();
        let y = layer(x.clone());
        let weights =
            weights.get_or_insert_with(|| sparse(y.dims(), density_of_gradient, &device)).clone();
        let gradients = (y.clone() * weights).sum().backward();
        let mut all = vec![values(y), values(x.grad(&gradients).unwrap())];
        all.extend(parameters(&gradients));
        all
    };
    let (got, expected) = (run(&ours), run(&burns));
    for (k, (got, expected)) in got.into_iter().zip(expected).enumerate() {
        close(&format!("{what}, {k}"), got, expected);
    }
}

fn linears(what: &str, layer: &Linear, rows: usize, density: f64) {
    let device = Device::default().autodiff();
    let x = sparse([rows, layer.weight.dims()[0]], density, &device);
    let ours = |x: Tensor<2>| linear(layer, &x).expect("a CPU");
    agree(
        what,
        x,
        0.9,
        ours,
        |x| layer.forward(x),
        |gradients| {
            let mut all = vec![values(layer.weight.val().grad(gradients).unwrap())];
            all.extend(layer.bias.as_ref().map(|bias| values(bias.val().grad(gradients).unwrap())));
            all
        },
    );
}

fn convolutions(
    what: &str,
    layer: &Conv2d,
    pool: Option<&MaxPool2d>,
    x: Tensor<4>,
    of_gradient: f64,
) {
    let ours = |x: Tensor<4>| conv2d(layer, pool, &x).expect("a CPU");
    convolutions_by(what, layer, pool, x, of_gradient, ours);
}

fn convolutions_by(
    what: &str,
    layer: &Conv2d,
    pool: Option<&MaxPool2d>,
    x: Tensor<4>,
    of_gradient: f64,
    ours: impl Fn(Tensor<4>) -> Tensor<4>,
) {
    agree(
        what,
        x,
        of_gradient,
        ours,
        |x| {
            let y = layer.forward(x);
            match pool {
                Some(pool) => pool.forward(y),
                None => y,
            }
        },
        |gradients| {
            let mut all = vec![values(layer.weight.val().grad(gradients).unwrap())];
            all.extend(layer.bias.as_ref().map(|bias| values(bias.val().grad(gradients).unwrap())));
            all
        },
    );
}

#[test]
fn linear_layers_agree() {
    if on_gpu() {
        return;
    }
    let device = Device::default().autodiff();
    for [inputs, outputs, rows] in [[3, 5, 7], [70, 33, 130], [1, 1, 1], [129, 100, 64]] {
        for bias in [true, false] {
            let layer = LinearConfig::new(inputs, outputs).with_bias(bias).init(&device);
            for density in [0.0, 0.1, 0.9] {
                let what = format!("{inputs} to {outputs}, {rows} rows, {bias}, {density}");
                linears(&what, &layer, rows, density);
            }
        }
    }
}

#[test]
fn convolutions_agree() {
    if on_gpu() {
        return;
    }
    let device = Device::default().autodiff();
    let base = || Conv2dConfig::new([3, 40], [3, 2]);
    let layers = [
        ("plain", base()),
        ("no bias", base().with_bias(false)),
        ("strides", base().with_stride([2, 3])),
        ("dilated", base().with_dilation([2, 1])),
        ("padded", base().with_padding(PaddingConfig2d::Explicit(1, 2, 1, 2))),
        ("same size", base().with_padding(PaddingConfig2d::Same)),
        ("one pixel", Conv2dConfig::new([3, 2], [1, 1])),
    ];
    for (what, layer) in layers {
        let layer = layer.init(&device);
        for images in [1, 9, 70] {
            for (density, of_gradient) in [(0.1, 0.1), (0.1, 0.9), (0.9, 0.1), (0.9, 0.9)] {
                let what = format!("{what}, {images} images, {density}, {of_gradient}");
                let x = sparse([images, 3, 7, 8], density, &device);
                convolutions(&what, &layer, None, x, of_gradient);
            }
        }
    }
}

#[test]
fn pooled_convolutions_agree() {
    if on_gpu() {
        return;
    }
    let device = Device::default().autodiff();
    let mut layer = Conv2dConfig::new([5, 40], [3, 2])
        .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
        .init(&device);
    layer.weight = Param::from_tensor(numbers([40, 5, 3, 2], 1, &device).sub_scalar(0.4));
    for (what, pool) in pools() {
        let pool = pool.init();
        for (channels, of_gradient) in [(1, 0.1), (1, 0.9), (5, 0.1), (5, 0.9)] {
            // A channel or all of them: every window sees something, and no two the same. Which of two equal
            // numbers gets the gradient is nobody's promise, and the same numbers in every run are never all but
            // equal.
            let x = numbers([9, channels, 8, 9], 2, &device).add_scalar(0.5);
            let silent = Tensor::<4>::zeros([9, 5 - channels, 8, 9], &device);
            let x = if channels < 5 { Tensor::cat(vec![x, silent], 1) } else { x };
            let what = format!("{what}, {channels}, {of_gradient}");
            convolutions(&what, &layer, Some(&pool), x, of_gradient);
        }
    }
}

fn pools() -> [(&'static str, MaxPool2dConfig); 6] {
    let base = || MaxPool2dConfig::new([2, 2]);
    let padded = || base().with_padding(PaddingConfig2d::Explicit(1, 0, 1, 1));
    [
        ("plain", base()),
        ("overlapping", MaxPool2dConfig::new([3, 2]).with_strides([1, 2])),
        ("dilated", base().with_strides([1, 1]).with_dilation([2, 3])),
        ("padded", padded()),
        ("padded, parts of windows", padded().with_ceil_mode(true)),
        (
            "parts of windows",
            MaxPool2dConfig::new([3, 3]).with_strides([3, 2]).with_ceil_mode(true),
        ),
    ]
}

#[test]
fn max_pooling_agrees() {
    if on_gpu() {
        return;
    }
    let device = Device::default().autodiff();
    for (what, layer) in pools() {
        let layer = layer.init();
        for images in [1, 23] {
            // No ties: which of two equal numbers gets the gradient is nobody's promise.
            let shape = [images, 3, 7, 9];
            let x = Tensor::<4>::random(shape, Distribution::Uniform(-1.0, 1.0), &device);
            let ours = |x: Tensor<4>| max_pool2d(&layer, &x).expect("a CPU");
            agree(what, x, 0.9, ours, |x| layer.forward(x), |_| vec![]);
        }
    }
}

#[test]
fn what_is_not_ours_is_left_to_burn() {
    let device = Device::default();
    let small = Conv2dConfig::new([4, 4], [3, 3]).init(&device);
    assert!(conv2d(&small, None, &Tensor::zeros([1, 4, 2, 5], &device)).is_none());
    assert!(conv2d(&small, None, &Tensor::zeros([0, 4, 5, 5], &device)).is_none());
    let layer = LinearConfig::new(3, 2).init(&device);
    assert!(linear(&layer, &Tensor::zeros([0, 3], &device)).is_none());
}

#[test]
fn average_and_sum_pooling_agree() {
    if on_gpu() {
        return;
    }
    let device = Device::default().autodiff();
    let explicit = PaddingConfig2d::Explicit(1, 0, 1, 2);
    for (padding, include) in
        [(PaddingConfig2d::Valid, false), (explicit, true), (PaddingConfig2d::Same, true)]
    {
        for (kernel, stride) in [([2, 2], [2, 2]), ([3, 2], [1, 3]), ([4, 4], [2, 1])] {
            let layer = AvgPool2dConfig::new(kernel)
                .with_strides(stride)
                .with_padding(padding.clone())
                .with_count_include_pad(include)
                .init();
            let size = (kernel[0] * kernel[1]) as f64;
            for (factor, times) in [(1.0 / size, 1.0), (1.0, size)] {
                agree(
                    &format!("{kernel:?} {stride:?} {padding:?}"),
                    sparse([70, 2, 9, 10], 0.3, &device),
                    0.5,
                    |x| sum_pool2d(&layer, factor, &x).expect("a CPU"),
                    |x| layer.forward(x) * times,
                    |_| Vec::new(),
                );
            }
        }
    }
    // Means over parts of windows are Burn's.
    let partial = AvgPool2dConfig::new([2, 2]).with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1));
    let partial = partial.with_count_include_pad(false).init();
    assert!(sum_pool2d(&partial, 1.0, &sparse([1, 1, 4, 4], 0.5, &device)).is_none());
}

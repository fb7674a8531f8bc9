//! Convolutions in groups, with large kernels, and in front of a pooling that runs elsewhere.

use burn::module::Param;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::MaxPool2dConfig;
use burn::tensor::{Device, Distribution, Tensor};

use super::super::conv2d;
use super::{convolutions, convolutions_by, sparse};
use crate::kernel::tests::{numbers, on_gpu};
#[cfg(feature = "rayon")]
use crate::kernel::tests::{same_on_any_number_of_threads, values};

#[test]
fn convolutions_in_groups_agree() {
    if on_gpu() {
        return;
    }
    let device = Device::default().autodiff();
    let pool = MaxPool2dConfig::new([2, 2]).init();
    for (channels, groups) in [([4, 6], 2), ([6, 40], 2), ([5, 5], 5), ([3, 6], 3)] {
        let mut layer = Conv2dConfig::new(channels, [3, 2])
            .with_groups(groups)
            .with_stride([1, 2])
            .with_padding(PaddingConfig2d::Explicit(1, 1, 0, 1))
            .init(&device);
        for images in [1, 9, 70] {
            for (density, of_gradient) in [(0.1, 0.1), (0.1, 0.9), (0.9, 0.1), (0.9, 0.9)] {
                let shape = [images, channels[0], 7, 9];
                let what = format!("{channels:?}, {images} images, {density}, {of_gradient}");
                convolutions(&what, &layer, None, sparse(shape, density, &device), of_gradient);
            }
        }
        // The same numbers each time, among which no two of a window are nearly equal.
        layer.weight = Param::from_tensor(numbers(layer.weight.dims(), 1, &device));
        let x = numbers([9, channels[0], 7, 9], 2, &device);
        for of_gradient in [0.1, 0.9] {
            let what = format!("{channels:?}, pooled, {of_gradient}");
            convolutions(&what, &layer, Some(&pool), x.clone(), of_gradient);
        }
    }
}

/// So large that the sums of its gradient are fewer.
fn large(device: &Device) -> Conv2d {
    Conv2dConfig::new([64, 256], [5, 5]).init(device)
}

#[test]
fn large_kernels_agree() {
    if on_gpu() {
        return;
    }
    let device = Device::default().autodiff();
    for density in [0.1, 0.9] {
        let x = sparse([81, 64, 5, 6], density, &device);
        convolutions(&format!("{density}"), &large(&device), None, x, 0.9);
    }
}

#[cfg(feature = "rayon")]
#[test]
fn gradients_of_weights_do_not_depend_on_the_number_of_threads() {
    if on_gpu() {
        return;
    }
    same_on_any_number_of_threads("a large kernel", || {
        let device = Device::default().autodiff();
        let mut layer = large(&device);
        layer.weight = Param::from_tensor(numbers([256, 64, 5, 5], 1, &device));
        layer.bias = None;
        let x = numbers([81, 64, 5, 5], 2, &device).sub_scalar(0.8).clamp_min(0.0);
        let y = conv2d(&layer, None, &x).expect("a CPU");
        let gradients = (y.clone() * numbers(y.dims(), 3, &device)).sum().backward();
        let gradient = values(layer.weight.val().grad(&gradients).unwrap());
        vec![("output".into(), values(y)), ("d weight".into(), gradient)]
    });
}

#[test]
fn a_pooling_that_is_not_ours_leaves_us_the_convolution() {
    if on_gpu() {
        return;
    }
    let device = Device::default().autodiff();
    let layer = Conv2dConfig::new([2, 3], [3, 3]).init(&device);
    // More numbers than a byte can count.
    let pool = MaxPool2dConfig::new([16, 16]).with_strides([2, 2]).init();
    let x = Tensor::random([4, 2, 20, 20], Distribution::Uniform(0.5, 1.5), &device);
    assert!(conv2d(&layer, Some(&pool), &x).is_none() && conv2d(&layer, None, &x).is_some());
    let one_by_one = |x| crate::kernel::conv2d(&layer, Some(&pool), x);
    convolutions_by("a large window", &layer, Some(&pool), x, 0.9, one_by_one);
}

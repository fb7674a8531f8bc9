//! Layers on the CPU backends: products of spikes with weights, where what does not spike costs nothing,
//! and pooling.
//!
//! Whether an input is sparse is looked up each time. What is not goes through matrix products.

mod backend;
mod conv2d;
mod geometry;
mod linear;
mod max_pool2d;
mod sum_pool2d;
#[cfg(test)]
mod tests;

use burn::backend::Dispatch;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::nn::pool::{AvgPool2d, MaxPool2d};
use burn::tensor::{DType, Tensor};

use super::Kernels;
use crate::window::Window;
use backend::ProductBackend;
use geometry::Geometry;

/// `layer.forward(x)`, if it runs here.
pub(super) fn linear(layer: &Linear, x: &Tensor<2>) -> Option<Tensor<2>> {
    let [inputs, n] = layer.weight.dims();
    let rows = x.dims()[0];
    if !runs(x) || rows == 0 || x.dims()[1] != inputs {
        return None;
    }
    let bias = match &layer.bias {
        Some(bias) => bias.val().unsqueeze(),
        None => Tensor::<2>::zeros([1, n], &x.device()),
    };
    Some(Tensor::from_dispatch(Dispatch::product(
        x.clone().into_dispatch(),
        layer.weight.val().into_dispatch(),
        bias.into_dispatch(),
    )))
}

/// `layer.forward(x)`, if it runs here, and `pool.forward` of that, if that does.
pub(super) fn conv2d(layer: &Conv2d, pool: Option<&MaxPool2d>, x: &Tensor<4>) -> Option<Tensor<4>> {
    let ([images, channels, height, width], [outputs, inputs, kh, kw]) =
        (x.dims(), layer.weight.dims());
    let (kernel, stride, dilation) = ([kh, kw], layer.stride, layer.dilation);
    let groups = layer.groups;
    if !runs(x) || images == 0 || channels != groups * inputs || outputs % groups != 0 {
        return None;
    }
    let window = Window::from(layer);
    let output = window.over(&[channels, height, width])?;
    let padding = [window.padding(0, height).0, window.padding(1, width).0];
    let geometry = Geometry {
        channels: [inputs, outputs / groups],
        input: [height, width],
        output,
        kernel,
        stride,
        dilation,
        padding,
    };
    let pool = match pool {
        Some(pool) => Some(pooling(pool, outputs / groups, output)?),
        None => None,
    };
    let bias = match &layer.bias {
        Some(bias) => bias.val(),
        None => Tensor::zeros([outputs], &x.device()),
    };
    Some(Tensor::from_dispatch(Dispatch::convolution(
        x.clone().into_dispatch(),
        layer.weight.val().into_dispatch(),
        bias.into_dispatch(),
        geometry,
        pool,
    )))
}

/// `layer.forward(x)`, if it runs here.
pub(super) fn max_pool2d(layer: &MaxPool2d, x: &Tensor<4>) -> Option<Tensor<4>> {
    let [images, channels, height, width] = x.dims();
    if !runs(x) || images * channels == 0 {
        return None;
    }
    let geometry = pooling(layer, channels, [height, width])?;
    Some(Tensor::from_dispatch(Dispatch::max_pool(x.clone().into_dispatch(), geometry)))
}

/// Sums of the windows of `layer` times `factor`, if that runs here: where every mean is over a whole window.
pub(super) fn sum_pool2d(layer: &AvgPool2d, factor: f64, x: &Tensor<4>) -> Option<Tensor<4>> {
    let [images, channels, height, width] = x.dims();
    if !runs(x) || images * channels == 0 || layer.ceil_mode {
        return None;
    }
    let window = Window::from(layer);
    let padding = [window.padding(0, height), window.padding(1, width)];
    if padding != [(0, 0); 2] && !layer.count_include_pad {
        return None;
    }
    let geometry = Geometry {
        channels: [channels; 2],
        input: [height, width],
        output: window.over(&[channels, height, width])?,
        kernel: layer.kernel_size,
        stride: layer.stride,
        dilation: [1, 1],
        padding: padding.map(|(before, _)| before),
    };
    let x = x.clone().into_dispatch();
    Some(Tensor::from_dispatch(Dispatch::sum_pool(x, geometry, factor as f32)))
}

/// Where the windows of a pooling are in maps of this height and width, if it runs here.
fn pooling(layer: &MaxPool2d, channels: usize, input: [usize; 2]) -> Option<Geometry> {
    let (kernel, [height, width]) = (layer.kernel_size, input);
    let window = Window::from(layer);
    let small = kernel[0] * kernel[1] <= usize::from(u8::MAX);
    let output = window.over(&[channels, height, width]).filter(|_| small)?;
    Some(Geometry {
        channels: [channels; 2],
        input,
        output,
        kernel,
        stride: layer.stride,
        dilation: layer.dilation,
        padding: [window.padding(0, height).0, window.padding(1, width).0],
    })
}

fn runs<const D: usize>(x: &Tensor<D>) -> bool {
    x.dtype() == DType::F32 && Kernels::of(x.device().as_dispatch()) == Some(Kernels::Cpu)
}

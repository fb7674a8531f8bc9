//! The number of places a sliding window has.

use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2d;
use burn::nn::pool::{AvgPool2d, MaxPool2d};

/// The window of a convolution or a pooling layer.
pub(crate) struct Window<'a> {
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) dilation: [usize; 2],
    padding: &'a PaddingConfig2d,
    ceil: bool,
}

impl<'a> From<&'a Conv2d> for Window<'a> {
    fn from(conv: &'a Conv2d) -> Self {
        let Conv2d { kernel_size, stride, dilation, padding, .. } = conv;
        let (kernel, stride, dilation) = (*kernel_size, *stride, *dilation);
        Self { kernel, stride, dilation, padding, ceil: false }
    }
}

impl<'a> From<&'a MaxPool2d> for Window<'a> {
    fn from(pool: &'a MaxPool2d) -> Self {
        let MaxPool2d { kernel_size, stride, dilation, padding, ceil_mode } = pool;
        let (kernel, stride, dilation) = (*kernel_size, *stride, *dilation);
        Self { kernel, stride, dilation, padding, ceil: *ceil_mode }
    }
}

impl<'a> From<&'a AvgPool2d> for Window<'a> {
    fn from(pool: &'a AvgPool2d) -> Self {
        let AvgPool2d { kernel_size, stride, padding, ceil_mode, .. } = pool;
        let (kernel, stride) = (*kernel_size, *stride);
        Self { kernel, stride, dilation: [1, 1], padding, ceil: *ceil_mode }
    }
}

impl Window<'_> {
    /// Height and width of what comes out of maps `[C, H, W]`, if the window fits in.
    pub(crate) fn over(&self, sample: &[usize]) -> Option<[usize; 2]> {
        let [_, height, width] = *sample else { return None };
        Some([self.places(0, height)?, self.places(1, width)?])
    }

    /// What it fits in, for an error.
    pub(crate) fn takes(&self, channels: &str) -> String {
        let [h, w] = [0, 1].map(|axis| self.dilation[axis] * (self.kernel[axis] - 1) + 1);
        format!("[{channels}, H, W] with room for a window of [{h}, {w}]")
    }

    /// Along one axis of this size.
    pub(crate) fn places(&self, axis: usize, size: usize) -> Option<usize> {
        let (kernel, stride) = (self.kernel[axis], self.stride[axis]);
        let (before, after) = self.padding(axis, size);
        let extent = self.dilation[axis] * (kernel - 1) + 1;
        let padded = size + before + after;
        let room = if self.ceil { padded + stride - 1 } else { padded };
        let places = room.checked_sub(extent)? / stride + 1;
        // No window starts in the padding behind the image.
        let inside = (size + before).div_ceil(stride);
        Some(if self.ceil { places.min(inside) } else { places })
    }

    pub(crate) fn padding(&self, axis: usize, size: usize) -> (usize, usize) {
        match *self.padding {
            PaddingConfig2d::Valid => (0, 0),
            PaddingConfig2d::Explicit(top, left, bottom, right) => {
                [(top, bottom), (left, right)][axis]
            }
            // As Burn pads: from the kernel without its dilation.
            PaddingConfig2d::Same => {
                let (kernel, stride) = (self.kernel[axis], self.stride[axis]);
                let last = size.div_ceil(stride).saturating_sub(1) * stride;
                let total = (last + kernel).saturating_sub(size);
                (total / 2, total - total / 2)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::conv::Conv2dConfig;
    use burn::nn::pool::{AvgPool2dConfig, MaxPool2dConfig};
    use burn::tensor::{Device, Tensor};

    #[test]
    fn shapes_are_those_of_burn() {
        let device = Device::default();
        let paddings =
            [PaddingConfig2d::Valid, PaddingConfig2d::Same, PaddingConfig2d::Explicit(1, 0, 1, 2)];
        for padding in paddings {
            for (kernel, stride, dilation, ceil) in [
                ([2, 2], [2, 2], [1, 1], false),
                ([3, 2], [2, 3], [1, 1], true),
                ([3, 3], [1, 2], [2, 1], false),
                ([1, 3], [3, 2], [1, 2], true),
            ] {
                let x = Tensor::<4>::ones([1, 1, 6, 7], &device);
                let dims = |y: Tensor<4>| Some([y.dims()[2], y.dims()[3]]);
                let conv = Conv2dConfig::new([1, 1], kernel)
                    .with_stride(stride)
                    .with_dilation(dilation)
                    .with_padding(padding.clone())
                    .init(&device);
                let text = format!("{conv:?}");
                assert_eq!(
                    Window::from(&conv).over(&[1, 6, 7]),
                    dims(conv.forward(x.clone())),
                    "{text}"
                );
                let max = MaxPool2dConfig::new(kernel)
                    .with_strides(stride)
                    .with_dilation(dilation)
                    .with_padding(padding.clone())
                    .with_ceil_mode(ceil)
                    .init();
                assert_eq!(
                    Window::from(&max).over(&[1, 6, 7]),
                    dims(max.forward(x.clone())),
                    "{max}"
                );
                let mean = AvgPool2dConfig::new(kernel)
                    .with_strides(stride)
                    .with_padding(padding.clone())
                    .with_ceil_mode(ceil)
                    .init();
                assert_eq!(Window::from(&mean).over(&[1, 6, 7]), dims(mean.forward(x)), "{mean}");
            }
        }
    }

    #[test]
    fn a_window_that_does_not_fit_has_no_place() {
        let pool = MaxPool2dConfig::new([5, 5]).init();
        assert_eq!(Window::from(&pool).over(&[1, 5, 4]), None);
        assert_eq!(Window::from(&pool).over(&[25]), None);
    }
}

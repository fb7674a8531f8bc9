//! Sum pooling: the number of spikes in a window, not their mean.

use burn::config::Config;
use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::pool::{AvgPool2d, AvgPool2dConfig};
use burn::tensor::Tensor;

use crate::kernel;

/// Configuration of [`SumPool2d`].
#[derive(Config, Debug)]
pub struct SumPool2dConfig {
    /// Size of the window.
    pub kernel_size: [usize; 2],
    /// Distance between windows.
    #[config(default = "kernel_size")]
    pub strides: [usize; 2],
    /// Zeros around the input.
    #[config(default = "PaddingConfig2d::Valid")]
    pub padding: PaddingConfig2d,
}

impl SumPool2dConfig {
    /// The layer.
    pub fn init(&self) -> SumPool2d {
        let mean = AvgPool2dConfig::new(self.kernel_size)
            .with_strides(self.strides)
            .with_padding(self.padding.clone())
            .init();
        SumPool2d { mean }
    }
}

/// Adds up windows of an image: sinabs `SumPool2d`, NIR `SumPool2d`.
///
/// On GPUs computed as the mean times the size of the window, as in sinabs, so that a sum over a window whose
/// size is not a power of two is off by rounding there.
#[derive(Module, Debug)]
pub struct SumPool2d {
    /// The mean of each window.
    pub mean: AvgPool2d,
}

impl SumPool2d {
    /// Sums of all windows.
    ///
    /// # Shapes
    ///
    /// `x`: `[B, C, H, W]`, or `[T * B, C, H, W]` in
    /// [`time_distributed`](super::time_distributed); output: the same with the height and width of
    /// Burn's `AvgPool2d`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        kernel::avg_pool2d(&self.mean, true, x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Tolerance};

    #[test]
    fn windows_are_summed_with_zeros_around() {
        let x = [[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]];
        let x = Tensor::<4>::from_floats(x, &Device::default());
        let padding = PaddingConfig2d::Explicit(1, 1, 1, 1);
        let sums = SumPool2dConfig::new([3, 3]).with_strides([2, 2]).with_padding(padding).init();
        let expected = Tensor::<4>::from_floats([[[[12.0, 16.0], [24.0, 28.0]]]], &x.device());
        let sums = sums.forward(x.clone()).into_data();
        sums.assert_approx_eq::<f32>(&expected.into_data(), Tolerance::relative(1e-6));

        // The stride is the window, and a power of two is exact.
        let sums = SumPool2dConfig::new([2, 2]).init().forward(x).into_data();
        assert_eq!(sums.try_to_vec::<f32>().unwrap(), [12.0]);
    }
}

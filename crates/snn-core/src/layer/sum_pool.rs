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
/// Where windows are not equally large (`ceil_mode`, or padding that does not count), a sum is the mean times
/// the size of a whole window.
///
/// On GPUs computed as the mean times the size of the window, as in sinabs, so that a sum over a window whose
/// size is not a power of two is off by rounding there.
#[derive(Module, Debug)]
pub struct SumPool2d {
    /// The mean of each window.
    pub mean: AvgPool2d,
}

/// What keeps a pool that averages from being a sum times a number.
pub(crate) const UNEQUAL_WINDOWS: &str = "its windows are not equally large";

impl SumPool2d {
    /// The sums of windows that `pool` averages, if all are equally large.
    pub(crate) fn of_average(pool: &AvgPool2d) -> Option<Self> {
        let sum = Self { mean: pool.clone() };
        sum.has_equal_windows().then_some(sum)
    }

    /// Whether every mean is over as many numbers.
    pub(crate) fn has_equal_windows(&self) -> bool {
        let AvgPool2d { padding, count_include_pad, ceil_mode, .. } = &self.mean;
        let unpadded =
            matches!(padding, PaddingConfig2d::Valid | PaddingConfig2d::Explicit(0, 0, 0, 0));
        !ceil_mode && (unpadded || *count_include_pad)
    }

    /// Number of the numbers in a window.
    pub(crate) fn window(&self) -> usize {
        self.mean.kernel_size.iter().product()
    }

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

//! Layers of Burn on spikes.

use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;

use crate::kernel;

/// `layer.forward(x)`. On a CPU its cost, and that of its gradients, grows with the numbers of `x` that are not
/// zero; where many are, and on other devices, it is a product like any other. [`Sequential`](crate::Sequential)
/// does the same.
///
/// ```
/// use burn::nn::conv::Conv2dConfig;
/// use burn::tensor::{Device, Distribution, Tensor};
/// use snn_core::layer::{conv2d, time_distributed};
///
/// let device = Device::default();
/// let conv = Conv2dConfig::new([2, 8], [5, 5]).init(&device);
/// let spikes = Tensor::<5>::random([20, 4, 2, 18, 18], Distribution::Bernoulli(0.1), &device);
/// let current: Tensor<5> = time_distributed(spikes, |x| conv2d(&conv, x)); // [T, B, C, H, W]
/// assert_eq!(current.dims(), [20, 4, 8, 14, 14]);
/// ```
///
/// # Shapes
///
/// As `layer.forward` has them: `x`: `[B, C, H, W]`, or `[T * B, C, H, W]` in
/// [`time_distributed`](super::time_distributed).
pub fn conv2d(layer: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    kernel::conv2d(layer, None, x)
}

/// The same for a linear layer: `x`: `[B, N]`, or `[T * B, N]` in
/// [`time_distributed`](super::time_distributed).
pub fn linear(layer: &Linear, x: Tensor<2>) -> Tensor<2> {
    kernel::linear_layer(layer, x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::LinearConfig;
    use burn::nn::conv::Conv2dConfig;
    use burn::tensor::{Device, Distribution, Tolerance};

    #[test]
    fn layers_are_those_of_burn() {
        let device = Device::default();
        let close = |got: Tensor<1>, expected: Tensor<1>| {
            let tolerance = Tolerance::absolute(1e-5);
            got.into_data().assert_approx_eq::<f32>(&expected.into_data(), tolerance);
        };
        for density in [0.1, 0.9] {
            let spikes =
                Tensor::<4>::random([3, 2, 6, 5], Distribution::Bernoulli(density), &device);
            let conv = Conv2dConfig::new([2, 4], [3, 3]).init(&device);
            let got = conv2d(&conv, spikes.clone()).flatten(0, 3);
            close(got, conv.forward(spikes.clone()).flatten(0, 3));

            let spikes = spikes.reshape([3, 60]);
            let layer = LinearConfig::new(60, 20).init(&device);
            close(
                linear(&layer, spikes.clone()).flatten(0, 1),
                layer.forward(spikes).flatten(0, 1),
            );
        }
    }
}

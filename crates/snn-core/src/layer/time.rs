//! One layer, all steps at once.

use burn::tensor::Tensor;

/// Runs a layer that has no state once over all steps of a sequence: time and batch become one
/// axis, `[T * B, ...]`, and are split again afterwards.
///
/// The layer may be any function that keeps the first axis, of any rank in and out. Several
/// stateless layers in a row go into one call. On spikes, [`conv2d`](super::conv2d) and
/// [`linear`](super::linear) are faster than the layers' own `forward`. SpikingJelly: multi-step mode,
/// `SeqToANNContainer`.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::nn::conv::Conv2dConfig;
/// use burn::nn::pool::MaxPool2dConfig;
/// use burn::tensor::{Device, Tensor};
/// use snn_core::layer::time_distributed;
///
/// let device = Device::default();
/// let conv = Conv2dConfig::new([2, 8], [5, 5]).init(&device);
/// let pool = MaxPool2dConfig::new([2, 2]).init();
/// let linear = LinearConfig::new(8 * 7 * 7, 10).init(&device);
///
/// let x = Tensor::<5>::ones([20, 4, 2, 18, 18], &device); // [T, B, C, H, W]
/// let x: Tensor<5> = time_distributed(x, |x| pool.forward(conv.forward(x)));
/// assert_eq!(x.dims(), [20, 4, 8, 7, 7]);
///
/// let x: Tensor<3> = time_distributed(x, |x: Tensor<4>| x.flatten::<2>(1, 3)); // [T, B, N]
/// let x: Tensor<3> = time_distributed(x, |x: Tensor<2>| linear.forward(x));
/// assert_eq!(x.dims(), [20, 4, 10]);
/// ```
///
/// # Shapes
///
/// `x`: `[T, B, ...]`; what the layer takes and returns: `[T * B, ...]`; output: `[T, B, ...]`.
/// `M` is `D - 1`, `E` is `N + 1`; any other rank does not compile.
///
/// # Panics
///
/// If the layer changes the size of the first axis.
pub fn time_distributed<const D: usize, const M: usize, const N: usize, const E: usize>(
    x: Tensor<D>,
    layer: impl FnOnce(Tensor<M>) -> Tensor<N>,
) -> Tensor<E> {
    const { assert!(M + 1 == D && N + 1 == E, "a layer sees one axis less than the sequence has") };
    let dims = x.dims();
    let y = layer(x.flatten(0, 1));
    let merged = y.dims();
    assert_eq!(
        merged[0],
        dims[0] * dims[1],
        "a layer over time keeps the first axis, [T * B, ...]: {dims:?} became {merged:?}"
    );
    let mut split = [0; E];
    split[..2].copy_from_slice(&dims[..2]);
    split[2..].copy_from_slice(&merged[1..]);
    y.reshape(split)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Int};

    /// 0, 1, 2, ...
    fn counting<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        let n = shape.iter().product::<usize>() as i64;
        Tensor::<1, Int>::arange(0..n, &Device::default()).float().reshape(shape)
    }

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn the_layer_sees_all_steps_at_once_and_in_order() {
        let mut seen = Vec::new();
        let y: Tensor<4> = time_distributed(counting([3, 2, 2]), |x: Tensor<2>| {
            seen = x.dims().to_vec();
            x.mul_scalar(2.0).unsqueeze_dim::<3>(2)
        });
        assert_eq!(seen, [6, 2]);
        assert_eq!(y.dims(), [3, 2, 2, 1]);
        assert_eq!(values(y), values(counting([3, 2, 2]).mul_scalar(2.0)));
    }

    #[test]
    fn ranks_may_fall_to_one_value_for_each_sample() {
        let y: Tensor<2> =
            time_distributed(counting([3, 2, 2]), |x: Tensor<2>| x.sum_dim(1).squeeze_dim::<1>(1));
        assert_eq!(y.dims(), [3, 2]);
        assert_eq!(values(y), [1.0, 5.0, 9.0, 13.0, 17.0, 21.0]);
    }

    #[test]
    #[should_panic(expected = "keeps the first axis, [T * B, ...]: [3, 2, 2] became [1, 2]")]
    fn a_layer_that_mixes_samples_is_refused() {
        let _: Tensor<3> = time_distributed(counting([3, 2, 2]), |x: Tensor<2>| x.sum_dim(0));
    }
}

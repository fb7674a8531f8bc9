//! Spikes as tensors: the step forward, the surrogate backward.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::Surrogate;

/// Which membranes spike, and how often in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SpikeTest {
    /// `v > threshold`: snnTorch, Norse, hxtorch.
    #[default]
    Above,
    /// `v ≥ threshold`: SpikingJelly, sinabs `SingleSpike`.
    AtOrAbove,
    /// As many spikes as the threshold fits into the membrane, `⌊v / threshold⌋`, but at most `max`:
    /// sinabs `MultiSpike` and `MaxSpike`.
    Multiple {
        /// Largest number of spikes in a step.
        max: Option<u32>,
    },
}

/// `1` where `v > threshold`, else `0`; the gradient of `surrogate` backward. Any shape.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use snn_core::surrogate::{Surrogate, spike};
///
/// let device = Device::default().autodiff();
/// let v = Tensor::<1>::from_floats([0.5, 1.0, 1.5], &device).require_grad();
/// let z = spike(v.clone(), 1.0, &Surrogate::FastSigmoid { slope: 25.0 });
/// assert_eq!(z.to_data().try_to_vec::<f32>().unwrap(), [0.0, 0.0, 1.0]);
///
/// let gradients = z.sum().backward();
/// let gradient = v.grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(gradient[1], 1.0);
/// ```
pub fn spike<const D: usize>(v: Tensor<D>, threshold: f64, surrogate: &Surrogate) -> Tensor<D> {
    spike_with(v, threshold, |x| surrogate.derivative(x))
}

/// [`spike`] with a derivative of one's own, a function of `x = v - threshold`, element by element.
/// Neurons take one as [`Surrogate::sampled`].
pub fn spike_with<const D: usize>(
    v: Tensor<D>,
    threshold: f64,
    derivative: impl FnOnce(Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    let x = v.sub_scalar(threshold);
    let z = x.clone().detach().greater_scalar(0.0).float();
    with_gradient(z, x, derivative)
}

/// `z` forward, the gradient of `x` times `derivative(x)` backward.
pub(crate) fn with_gradient<const D: usize>(
    z: Tensor<D>,
    x: Tensor<D>,
    derivative: impl FnOnce(Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    if !x.device().is_autodiff() {
        return z;
    }
    let constant = x.clone().detach();
    let slope = derivative(constant.clone());
    // (x - x) is exactly zero, so the spike stays what it is, while its gradient is the slope.
    z + (x - constant) * slope
}

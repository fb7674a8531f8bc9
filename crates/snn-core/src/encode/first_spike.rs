//! Spike trains reduced to their first spike.

use burn::tensor::Tensor;

/// Spikes `[T, ...]` without all but the first of each neuron: what a rate code says by the number of
/// spikes, the time of the first says sooner. Any value but 0 is a spike and keeps its size. Norse
/// `spike_latency_encode`; with a neuron on a constant current, `spike_latency_lif_encode`.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use snn_core::encode::keep_first_spike;
///
/// let spikes = Tensor::<2>::from_floats([[0.0, 1.0, 1.0], [1.0, 1.0, 1.0]], &Device::default());
/// let first = keep_first_spike(spikes).into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(first, [0.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
/// ```
pub fn keep_first_spike<const D: usize>(spikes: Tensor<D>) -> Tensor<D> {
    let fired = spikes.clone().detach().not_equal_scalar(0.0).float();
    let later = fired.cumsum(0).greater_scalar(1.0);
    // At a silent step after the first spike the count is 1, but there is nothing to keep.
    spikes.mask_fill(later, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn only_the_first_spike_stays_with_its_sign() {
        let spikes = [[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]];
        let spikes = Tensor::<2>::from_floats(spikes, &Device::default());
        let got = keep_first_spike(spikes).into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(got, [0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn only_the_first_spike_has_a_gradient() {
        let device = Device::default().autodiff();
        let spikes = Tensor::<1>::from_floats([0.0, 1.0, 0.0, 1.0], &device).require_grad();
        let weights = Tensor::<1>::from_floats([1.0, 2.0, 3.0, 4.0], &device);
        let gradients = (keep_first_spike(spikes.clone()) * weights).sum().backward();
        let gradient = spikes.grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(gradient, [1.0, 2.0, 3.0, 0.0]);
    }
}

//! When neurons spiked, with a gradient.

use burn::tensor::Tensor;

use crate::steps::step_axis;

/// The steps of the first `count` spikes of each neuron, in ascending order: `[T, ...]` to
/// `[count, ...]`. Infinity where a neuron has fewer spikes. Any value but 0 is a spike.
///
/// The gradient of a time with regard to its own spike is -1, and 0 elsewhere: a stronger drive is an
/// earlier spike. For times in seconds multiply by the length of a step. Norse
/// `SpikesToTimesDecoder`.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use snn_core::decode::spike_times;
///
/// let spikes = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]];
/// let spikes = Tensor::<2>::from_floats(spikes, &Device::default());
/// let times = spike_times(spikes, 2).into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(times, [1.0, 2.0, 3.0, f32::INFINITY]);
/// ```
///
/// # Panics
///
/// If there are no steps, or no times are asked for.
pub fn spike_times<const D: usize>(spikes: Tensor<D>, count: usize) -> Tensor<D> {
    let steps = spikes.dims()[0];
    assert!(steps > 0 && count > 0, "no times among {steps} steps for the first {count} spikes");
    let constant = spikes.clone().detach();
    let fired = constant.clone().not_equal_scalar(0.0).float();
    let order = fired.clone().cumsum(0);
    let total = order.clone().narrow(0, steps - 1, 1);
    let step = step_axis::<D>(steps, &spikes.device());
    // Exactly zero, but its gradient is that of the spikes.
    let earlier = spikes.device().is_autodiff().then(|| spikes - constant);
    let times = (1..=count).map(|k| {
        let kth = order.clone().equal_scalar(k as f32).float() * fired.clone();
        let time = match &earlier {
            Some(earlier) => kth * (step.clone() - earlier.clone()),
            None => kth * step.clone(),
        };
        time.sum_dim(0).mask_fill(total.clone().lower_scalar(k as f32), f32::INFINITY)
    });
    Tensor::cat(times.collect(), 0)
}

/// The step of the first spike of each neuron, infinity if it has none. See [`spike_times`], also for
/// the gradient.
pub fn first_spike_time<const D: usize, const S: usize>(spikes: Tensor<D>) -> Tensor<S> {
    spike_times(spikes, 1).squeeze_dim(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    const INF: f32 = f32::INFINITY;

    fn trains(device: &Device) -> Tensor<3> {
        let trains = [[[1.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]], [[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]];
        Tensor::from_floats(trains, device)
    }

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn times_ascend_and_missing_ones_are_infinite() {
        let device = Device::default();
        let times = spike_times(trains(&device), 2);
        assert_eq!(times.dims(), [2, 1, 3]);
        assert_eq!(values(times), [0.0, 2.0, INF, 2.0, INF, INF]);
        let first: Tensor<2> = first_spike_time(trains(&device));
        assert_eq!(values(first), [0.0, 2.0, INF]);
        // More times than steps.
        let one = Tensor::<1>::ones([1], &device);
        assert_eq!(values(spike_times(one, 3)), [0.0, INF, INF]);
    }

    #[test]
    fn only_the_spike_of_a_time_has_a_gradient() {
        let device = Device::default().autodiff();
        let spikes = trains(&device).require_grad();
        let times = spike_times(spikes.clone(), 2);
        assert_eq!(values(times.clone()), [0.0, 2.0, INF, 2.0, INF, INF]);
        let weights = Tensor::from_floats([[[1.0, 2.0, 4.0]], [[8.0, 16.0, 32.0]]], &device);
        let gradients = (times * weights).sum().backward();
        let gradient = values(spikes.grad(&gradients).unwrap());
        let expected = [[-1.0, 0.0, 0.0], [0.0; 3], [-8.0, -2.0, 0.0], [0.0; 3]];
        assert_eq!(gradient, expected.as_flattened());
    }

    #[test]
    fn a_gradient_that_is_not_finite_stays_away_from_silent_neurons() {
        let device = Device::default().autodiff();
        let spikes = Tensor::<2>::from_floats([[1.0, 0.0], [0.0, 0.0]], &device).require_grad();
        // The square of an infinite time has an infinite gradient.
        let gradients = (spike_times(spikes.clone(), 1) + 3.0).square().sum().backward();
        assert_eq!(values(spikes.grad(&gradients).unwrap()), [-6.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "no times among 0 steps for the first 1 spikes")]
    fn a_sequence_without_steps_is_refused() {
        spike_times(Tensor::<2>::zeros([0, 3], &Device::default()), 1);
    }
}

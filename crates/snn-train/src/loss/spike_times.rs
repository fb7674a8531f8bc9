//! Times of the first spikes of each neuron, with a gradient.

use burn::tensor::{Int, Tensor};

/// Time of the first spike of each neuron in steps, `[T, B, N]` to `[B, N]`; see [`spike_times`].
///
/// # Panics
///
/// If there are no steps.
pub fn first_spike_times(spikes: Tensor<3>) -> Tensor<2> {
    spike_times(spikes, 1).squeeze_dim(0)
}

/// Times of the first `count` spikes of each neuron in steps, `[T, B, N]` to `[count, B, N]`. A
/// spike that never comes counts as one at the last step, `T - 1`. Any value above zero is a spike.
///
/// A time has no derivative with respect to spikes. As in snnTorch, the gradient is -1 at the
/// element that holds the spike (at `T - 1` if it never came) and 0 elsewhere: more drive there, an
/// earlier spike.
///
/// For a padded batch, use [`Readout::FirstSpike`](super::Readout::FirstSpike) or
/// [`MseTemporalLoss`](super::MseTemporalLoss) with a mask: their last step is that of each recording.
///
/// Each neuron is on its own. (snnTorch's `multi_spike=True` removes the spikes already counted by
/// clearing whole time steps, for all neurons and samples; and where several missing spikes meet
/// at the last step, it keeps the gradient of one of them, not their sum.)
///
/// # Panics
///
/// If there are no steps, or `count` is zero.
pub fn spike_times(spikes: Tensor<3>, count: usize) -> Tensor<3> {
    let last = spikes.dims()[0] as f64 - 1.0;
    let last = Tensor::full([1, 1, 1], last, &spikes.device());
    spike_times_until(spikes, count, last)
}

/// [`spike_times`] where the last step is that of each recording, `[1, B, 1]` or `[1, 1, 1]`.
pub(super) fn spike_times_until(spikes: Tensor<3>, count: usize, last: Tensor<3>) -> Tensor<3> {
    let shape = spikes.dims();
    let steps = shape[0];
    assert!(steps > 0, "expected at least one time step, got shape {shape:?}");
    assert!(count > 0, "expected at least one spike to be asked for, got none");
    let last = last.expand(shape);

    let fixed = spikes.clone().detach();
    let silent = fixed.clone().lower_equal_scalar(0.0);
    // Zero, but with the gradient of the spikes.
    let spikes = spikes - fixed;
    let step = Tensor::<1, Int>::arange(0..steps as i64, &spikes.device()).float();
    let step = step.reshape([steps, 1, 1]).expand(shape);
    // The step itself where there is a spike still to be counted, else the last one.
    let mut pending = step.clone().mask_where(silent, last.clone());
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let time = pending.clone().min_dim(0);
        let here = step.clone().equal(time.clone()).float();
        times.push(time.clone() - (spikes.clone() * here).sum_dim(0));
        let counted = pending.clone().lower_equal(time);
        pending = pending.mask_where(counted, last.clone());
    }
    Tensor::cat(times, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{gradient, trains, values};

    #[test]
    fn times_of_one_neuron_do_not_depend_on_another() {
        // snnTorch: second spikes 3 and 5.
        let spikes = trains(6, &[&[1, 3], &[0, 1]]);
        assert_eq!(values(spike_times(spikes, 2)), [1.0, 0.0, 3.0, 1.0]);
    }

    #[test]
    fn spikes_that_never_come_are_at_the_last_step() {
        let spikes = || trains(6, &[&[], &[2], &[5]]);
        assert_eq!(values(first_spike_times(spikes())), [5.0, 2.0, 5.0]);
        assert_eq!(values(spike_times(spikes(), 2)), [5.0, 2.0, 5.0, 5.0, 5.0, 5.0]);
    }

    #[test]
    fn the_gradient_is_where_the_spike_is() {
        let spikes = trains(4, &[&[1, 2], &[]]);
        let weighted = |spikes: Tensor<3>| {
            let [_, batch, neurons] = spikes.dims();
            let weights = Tensor::<1, Int>::arange(1..5, &spikes.device()).float();
            (spike_times(spikes, 2) * weights.reshape([2, batch, neurons])).sum()
        };
        // 1 t1(a) + 2 t1(b) + 3 t2(a) + 4 t2(b), with b's two missing spikes at the last step.
        let (value, gradient) = gradient(spikes, weighted);
        assert_eq!(value, 1.0 + 2.0 * 3.0 + 3.0 * 2.0 + 4.0 * 3.0);
        assert_eq!(gradient, [0.0, 0.0, -1.0, 0.0, -3.0, 0.0, 0.0, -6.0]);
    }

    #[test]
    #[should_panic(expected = "expected at least one time step, got shape [0, 1, 2]")]
    fn there_must_be_steps() {
        first_spike_times(trains(0, &[&[], &[]]));
    }
}

//! What a network did over time, as one score for each output: `[T, B, ...]` to `[B, ...]`.
//!
//! `S` is `D - 1`; it follows from how the result is used.

mod spike_times;
mod vote;

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

pub use spike_times::{first_spike_time, spike_times};
pub use vote::vote;

/// The largest value over time. The gradient goes to the first step that reached it.
///
/// hxtorch `MaxOverTime` (which splits the gradient between tied steps), Norse's `max(x, 0)`.
pub fn max_over_time<const D: usize, const S: usize>(sequence: Tensor<D>) -> Tensor<S> {
    sequence.max_dim(0).squeeze_dim(0)
}

/// The sum over time: spike counts, if the sequence is spikes. hxtorch `SumOverTime`, Norse
/// `sum_decode`.
pub fn sum_over_time<const D: usize, const S: usize>(sequence: Tensor<D>) -> Tensor<S> {
    sequence.sum_dim(0).squeeze_dim(0)
}

/// The mean over time: firing rates in spikes per step, if the sequence is spikes. hxtorch
/// `MeanOverTime`.
pub fn mean_over_time<const D: usize, const S: usize>(sequence: Tensor<D>) -> Tensor<S> {
    sequence.mean_dim(0).squeeze_dim(0)
}

/// The last step of the sequence.
///
/// # Panics
///
/// If there is none.
pub fn last_over_time<const D: usize, const S: usize>(sequence: Tensor<D>) -> Tensor<S> {
    let steps = sequence.dims()[0];
    assert!(steps > 0, "a sequence without steps has no last one");
    sequence.narrow(0, steps - 1, 1).squeeze_dim(0)
}

/// The sum over time of the softmax over the outputs (the last axis): each step votes, with one vote
/// to share among the outputs.
///
/// Bittar and Garner, "A surrogate gradient spiking baseline for speech command recognition",
/// Frontiers in Neuroscience 16:865897 (2022).
pub fn softmax_over_time<const D: usize, const S: usize>(sequence: Tensor<D>) -> Tensor<S> {
    sum_over_time(softmax(sequence, D - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn scores_of_a_short_sequence() {
        let x = || {
            let device = Device::default();
            Tensor::<3>::from_floats([[[1.0, 5.0]], [[3.0, 2.0]], [[2.0, 2.0]]], &device)
        };
        let values = |score: Tensor<2>| score.into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(values(max_over_time(x())), [3.0, 5.0]);
        assert_eq!(values(sum_over_time(x())), [6.0, 9.0]);
        assert_eq!(values(mean_over_time(x())), [2.0, 3.0]);
        assert_eq!(values(last_over_time(x())), [2.0, 2.0]);
    }

    #[test]
    fn each_step_has_one_vote() {
        let device = Device::default();
        // Softmax of ln 3 and 0 is 3/4 and 1/4.
        let x = Tensor::<3>::from_floats([[[3f32.ln(), 0.0]], [[7.0, 7.0]]], &device);
        let scores: Tensor<2> = softmax_over_time(x);
        let scores = scores.into_data().try_to_vec::<f32>().unwrap();
        assert!((scores[0] - 1.25).abs() < 1e-6 && (scores[1] - 0.75).abs() < 1e-6, "{scores:?}");
    }

    #[test]
    #[should_panic(expected = "without steps")]
    fn a_sequence_without_steps_has_no_last_one() {
        let _: Tensor<1> = last_over_time(Tensor::<2>::zeros([0, 3], &Device::default()));
    }

    #[test]
    fn the_first_of_tied_maxima_gets_the_gradient() {
        let device = Device::default().autodiff();
        let x = Tensor::<2>::from_floats([[1.0], [4.0], [4.0]], &device).require_grad();
        let score: Tensor<1> = max_over_time(x.clone());
        let gradient = x.grad(&score.sum().backward()).unwrap();
        assert_eq!(gradient.into_data().try_to_vec::<f32>().unwrap(), [0.0, 1.0, 0.0]);
    }
}

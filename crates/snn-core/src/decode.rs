//! What a network did over time, as one score for each output: `[T, B, ...]` to `[B, ...]`.
//!
//! `S` is `D - 1`; it follows from how the result is used.

use burn::tensor::Tensor;

/// The largest value over time. The gradient goes to the first step that reached it.
///
/// hxtorch `MaxOverTime` (which splits the gradient between tied steps), Norse's `max(x, 0)`.
pub fn max_over_time<const D: usize, const S: usize>(sequence: Tensor<D>) -> Tensor<S> {
    sequence.max_dim(0).squeeze_dim(0)
}

/// The sum over time: spike counts, if the sequence is spikes.
pub fn sum_over_time<const D: usize, const S: usize>(sequence: Tensor<D>) -> Tensor<S> {
    sequence.sum_dim(0).squeeze_dim(0)
}

/// The mean over time: firing rates in spikes per step, if the sequence is spikes.
pub fn mean_over_time<const D: usize, const S: usize>(sequence: Tensor<D>) -> Tensor<S> {
    sequence.mean_dim(0).squeeze_dim(0)
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

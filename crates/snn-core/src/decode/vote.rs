//! Several neurons for one class.

use burn::tensor::Tensor;

/// The mean over each `voters` neurons that follow each other on the last axis: `[..., C * voters]` to
/// `[..., C]`. For scores as well as for sequences. SpikingJelly `VotingLayer`; snnTorch's
/// `population_code` takes the sum.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use snn_core::decode::vote;
///
/// let counts = Tensor::<2>::from_floats([[4.0, 2.0, 0.0, 1.0]], &Device::default());
/// assert_eq!(vote(counts, 2).into_data().try_to_vec::<f32>().unwrap(), [3.0, 0.5]);
/// ```
///
/// # Panics
///
/// If the neurons cannot be shared out evenly.
pub fn vote<const D: usize>(scores: Tensor<D>, voters: usize) -> Tensor<D> {
    let mut shape = scores.dims();
    let neurons = shape[D - 1];
    assert!(
        voters > 0 && neurons.is_multiple_of(voters),
        "{neurons} neurons do not make groups of {voters}"
    );
    shape[D - 1] = neurons / voters;
    let groups = shape.iter().product();
    scores.reshape([groups, voters]).mean_dim(1).reshape(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn neighbours_vote_for_one_class() {
        let sequence = [[[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]], [[0.0, 0.0, 0.0, 3.0, 0.0, 0.0]]];
        let votes = vote(Tensor::<3>::from_floats(sequence, &Device::default()), 3);
        assert_eq!(votes.dims(), [2, 1, 2]);
        let votes = votes.into_data().try_to_vec::<f32>().unwrap();
        let expected = [1.0 / 3.0, 1.0, 0.0, 1.0];
        assert!(votes.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{votes:?}");
    }

    #[test]
    #[should_panic(expected = "5 neurons do not make groups of 2")]
    fn uneven_groups_are_refused() {
        vote(Tensor::<2>::zeros([1, 5], &Device::default()), 2);
    }
}

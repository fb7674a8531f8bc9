//! How much a layer spikes.

use burn::tensor::Tensor;

use crate::loss::{mean_over_steps, zero_padding};

/// Share of outputs that are zero, `[1]`, of any shape.
///
/// # Panics
///
/// If there are no outputs.
pub fn sparsity<const D: usize>(outputs: Tensor<D>) -> Tensor<1> {
    let shape = outputs.dims();
    assert!(!shape.contains(&0), "expected at least one output, got shape {shape:?}");
    outputs.detach().equal_scalar(0.0).float().mean()
}

/// Computes [`sparsity`] for recordings of different lengths, outputs `[T, B, ...]`: the mean over the
/// batch of each recording's share. The mask `[T, B]` is 1 at the steps of a recording; a recording
/// without a step adds 0.
///
/// # Panics
///
/// If there are no steps, or the mask has another shape.
pub fn sparsity_masked<const D: usize>(outputs: Tensor<D>, mask: &Tensor<2>) -> Tensor<1> {
    let zeros = outputs.detach().equal_scalar(0.0).float();
    let [steps, batch] = mask.dims();
    let zeros = zero_padding(zeros, mask).reshape([steps as i64, batch as i64, -1]);
    mean_over_steps(zeros, Some(mask)).mean()
}

/// Share of neurons that did not spike for any sample, `[1]`, from spike counts `[B, N]`, summed over
/// time. Nothing behind a dead neuron learns from it.
pub fn dead_neurons(spike_counts: Tensor<2>) -> Tensor<1> {
    sparsity(spike_counts.sum_dim(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{trains, values};
    use burn::tensor::Device;

    #[test]
    fn zeros_are_counted() {
        assert_eq!(values(sparsity(trains(4, &[&[1], &[0, 1, 2]]))), [0.5]);
        assert_eq!(values(sparsity(trains(4, &[&[]]))), [1.0]);
    }

    #[test]
    fn zeros_of_padding_are_not_counted() {
        // One neuron and two steps of each recording, of which one is silent; then two of padding.
        let spikes = trains(4, &[&[1], &[0, 2, 3]]).swap_dims(1, 2);
        let mask = [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
        let mask = Tensor::<2>::from_floats(mask, &spikes.device());
        assert_eq!(values(sparsity_masked(spikes.clone(), &mask)), [0.5]);
        assert_eq!(values(sparsity_masked(spikes, &mask.zeros_like())), [0.0]);
    }

    #[test]
    fn a_neuron_that_spikes_for_one_sample_is_alive() {
        let counts = [[0.0, 0.0, 3.0, 0.0], [0.0, 1.0, 2.0, 0.0]];
        let counts = Tensor::<2>::from_floats(counts, &Device::default());
        assert_eq!(values(dead_neurons(counts)), [0.5]);
    }
}

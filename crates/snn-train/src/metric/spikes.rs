//! How much a layer spikes.

use burn::tensor::Tensor;

/// Share of outputs that are zero, `[1]`, of any shape.
pub fn sparsity<const D: usize>(outputs: Tensor<D>) -> Tensor<1> {
    outputs.detach().equal_scalar(0.0).float().mean()
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
    fn a_neuron_that_spikes_for_one_sample_is_alive() {
        let counts = [[0.0, 0.0, 3.0, 0.0], [0.0, 1.0, 2.0, 0.0]];
        let counts = Tensor::<2>::from_floats(counts, &Device::default());
        assert_eq!(values(dead_neurons(counts)), [0.5]);
    }
}

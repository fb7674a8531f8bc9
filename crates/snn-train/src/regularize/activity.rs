//! Bounds on how much a layer spikes.

use burn::nn::loss::HuberLossConfig;
use burn::tensor::Tensor;

use crate::loss::{mean_over_steps, zero_padding};

/// The sum of all spikes, of any shape: not a mean. snnTorch `l1_rate_sparsity` is 1e-5 times it.
#[doc(alias = "l1_rate_sparsity")]
pub fn l1_rate<const D: usize>(spikes: Tensor<D>) -> Tensor<1> {
    spikes.sum()
}

/// `mean_n max(0, min_count - mean_b counts)²`: neurons should spike at least `min_count` times, on
/// average over the batch. Takes spike counts `[B, N]`, summed over time. Spyx `silence_reg` is the
/// sum over neurons.
#[doc(alias = "silence_reg")]
pub fn silence(spike_counts: Tensor<2>, min_count: f64) -> Tensor<1> {
    let missing = spike_counts.mean_dim(0).neg().add_scalar(min_count);
    missing.clamp_min(0.0).square().mean()
}

/// `mean_b H(max(0, mean_n counts - max_count))` with the Huber loss `H` (δ = 1): the neurons of a
/// layer should spike at most `max_count` times, on average over the layer. Takes spike counts
/// `[B, N]`, summed over time. Spyx `sparsity_reg` is the sum over samples.
#[doc(alias = "sparsity_reg")]
pub fn sparsity(spike_counts: Tensor<2>, max_count: f64) -> Tensor<1> {
    let excess = spike_counts.mean_dim(1).sub_scalar(max_count).clamp_min(0.0);
    let none = excess.zeros_like();
    HuberLossConfig::new(1.0).init().forward_no_reduction(excess, none).mean()
}

/// `max(0, mean spikes - max_rate)²`, of any shape: a layer's rate should be at most `max_rate`
/// spikes per neuron and step. lava-dl `SparsityEnforcer` (0.01).
///
/// # Panics
///
/// If there are no values, of a sequence without a step for example.
#[doc(alias = "SparsityEnforcer")]
pub fn rate_above<const D: usize>(spikes: Tensor<D>, max_rate: f64) -> Tensor<1> {
    let shape = spikes.dims();
    assert!(!shape.contains(&0), "expected at least one value, got shape {shape:?}");
    spikes.mean().sub_scalar(max_rate).clamp_min(0.0).square()
}

/// Computes [`rate_above`] for recordings of different lengths, spikes `[T, B, ...]`: the rate is the
/// mean over the batch of each recording's. The mask `[T, B]` is 1 at the steps of a recording; a
/// recording without a step adds 0.
///
/// # Panics
///
/// If there are no steps, or the mask has another shape.
pub fn rate_above_masked<const D: usize>(
    spikes: Tensor<D>,
    max_rate: f64,
    mask: &Tensor<2>,
) -> Tensor<1> {
    let [steps, batch] = mask.dims();
    let spikes = zero_padding(spikes, mask).reshape([steps as i64, batch as i64, -1]);
    let rate = mean_over_steps(spikes, Some(mask)).mean();
    rate.sub_scalar(max_rate).clamp_min(0.0).square()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{assert_close, differentiate, sequence, values};
    use burn::tensor::Device;

    /// Two samples, three neurons.
    fn counts() -> Tensor<2> {
        Tensor::from_floats([[0.0, 1.0, 5.0], [0.0, 2.0, 10.0]], &Device::default())
    }

    #[test]
    fn values_on_small_examples() {
        assert_eq!(values(l1_rate(counts())), [18.0]);
        // Neurons at 0, 1.5 and 7.5: 2² and 0.5² short of 2.
        assert_close(&values(silence(counts(), 2.0)), &[4.25 / 3.0]);
        // Samples at 2 and 4: excess 0.5 and 2.5.
        assert_close(&values(sparsity(counts(), 1.5)), &[(0.125 + 2.0) / 2.0]);
        assert_close(&values(rate_above(counts(), 1.0)), &[4.0]);
    }

    #[test]
    fn rates_are_those_of_the_recordings() {
        // Rates 1 of one step and 1/2 of two, 3/4 in the mean, and a bound of -1/4: (3/4 + 1/4)².
        let spikes = [[[1.0], [1.0]], [[9.0], [0.0]]];
        let spikes = Tensor::<3>::from_floats(spikes, &Device::default());
        let mask = Tensor::<2>::from_floats([[1.0, 1.0], [0.0, 1.0]], &Device::default());
        assert_eq!(values(rate_above_masked(spikes, -0.25, &mask)), [1.0]);
    }

    #[test]
    fn within_the_bounds_nothing_is_lost() {
        assert_eq!(values(silence(counts(), 0.0)), [0.0]);
        assert_eq!(values(sparsity(counts(), 4.0)), [0.0]);
        assert_eq!(values(rate_above(counts(), 3.0)), [0.0]);
    }

    #[test]
    fn gradients_are_finite_differences() {
        let x = || sequence([1, 2, 3]);
        differentiate(x(), l1_rate);
        differentiate(x(), |x| silence(x.squeeze_dim(0), 2.0));
        differentiate(x(), |x| sparsity(x.squeeze_dim(0), -0.5));
        differentiate(x(), |x| rate_above(x, -0.5));
    }
}

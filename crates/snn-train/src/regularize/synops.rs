//! Synaptic operations: what a spike costs on neuromorphic hardware.

use burn::tensor::Tensor;

/// Synaptic operations of a sample, mean over the batch: `Σ_layers fan_out · Σ_n counts`. Takes for
/// each layer its spike counts `[B, N]`, summed over time, and the number of synapses that a spike of
/// it drives: the outputs of a linear layer, `channels · kernel / stride` of a convolution, which is
/// too much at its borders. `None` without layers.
///
/// For networks of one's own. [`EventCounts::synops`] finds the fan-out of each layer of a
/// [`Sequential`](snn_core::Sequential), and counts it exactly.
///
/// [`EventCounts::synops`]: snn_core::sequential::EventCounts::synops
pub fn synops(layers: impl IntoIterator<Item = (Tensor<2>, f64)>) -> Option<Tensor<1>> {
    let operations = |(counts, fan_out): (Tensor<2>, f64)| {
        let [batch, _] = counts.dims();
        counts.sum().mul_scalar(fan_out / batch as f64)
    };
    layers.into_iter().map(operations).reduce(|sum, layer| sum + layer)
}

/// `((synops - budget) / budget)²`: the network should need as many synaptic operations as the
/// `budget` says, no fewer, so that it does not fall silent. Sorbaro et al., *Optimizing the Energy
/// Consumption of Spiking Neural Networks for Neuromorphic Applications*, Frontiers in Neuroscience
/// 14, 2020.
///
/// # Panics
///
/// If the budget is not a positive number.
pub fn synops_budget(synops: Tensor<1>, budget: f64) -> Tensor<1> {
    assert!(budget.is_finite() && budget > 0.0, "expected a budget above 0, got {budget}");
    synops.div_scalar(budget).sub_scalar(1.0).square()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{differentiate, sequence, values};
    use burn::tensor::Device;

    #[test]
    fn spikes_cost_their_fan_out() {
        let device = Device::default();
        let first = Tensor::<2>::from_floats([[1.0, 2.0], [0.0, 3.0]], &device);
        let second = Tensor::<2>::from_floats([[4.0], [0.0]], &device);
        let operations = synops([(first, 10.0), (second, 3.0)]).unwrap();
        assert_eq!(values(operations.clone()), [36.0]);
        assert_eq!(values(synops_budget(operations.clone(), 24.0)), [0.25]);
        assert_eq!(values(synops_budget(operations, 36.0)), [0.0]);
        assert!(synops([]).is_none());
    }

    #[test]
    fn gradients_are_finite_differences() {
        differentiate(sequence([1, 2, 3]), |x| {
            let counts = x.squeeze_dim::<2>(0);
            synops_budget(synops([(counts.clone(), 3.0), (counts, 1.0)]).unwrap(), 4.0)
        });
    }

    #[test]
    #[should_panic(expected = "expected a budget above 0, got 0")]
    fn a_budget_is_positive() {
        synops_budget(Tensor::zeros([1], &Device::default()), 0.0);
    }
}

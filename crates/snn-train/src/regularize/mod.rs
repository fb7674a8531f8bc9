//! Penalties that keep scores, activity and weights within bounds. Each is a mean, so that its
//! strength does not depend on the size of batch or layer, unless it says otherwise; all return
//! `[1]`.
//!
//! Of a padded batch, take spikes or counts without those of padding:
//! [`zero_padding`](crate::loss::zero_padding) before the sum over time. A recording without a step then adds 0
//! to each sum or mean, and has no gradient. [`rate_above_masked`] and [`readout`] take the mask, as their means
//! are also over steps.
//!
//! [`readout`], [`bursts`] and [`weights`] are those of the Yin-Yang experiment of hxtorch
//! (`reg_readout`, `reg_bursts`, `reg_weights`).

mod activity;
mod synops;

pub use activity::{l1_rate, rate_above, rate_above_masked, silence, sparsity};
pub use synops::{synops, synops_budget};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::loss::mean_over_steps;

/// `mean(scores²)`; scores `[S, B, C]`, and a mask `[T, B]` of recordings that are not equally long, as
/// [losses](crate::loss) take it.
pub fn readout(scores: Tensor<3>, mask: Option<&Tensor<2>>) -> Tensor<1> {
    mean_over_steps(scores.square(), mask).mean()
}

/// `mean((Σ_t spikes)²)`: many spikes of one neuron cost more than the same number spread over
/// several. Takes spike counts `[B, N]`, summed over time. (hxtorch sums over axis 1, which in its
/// time-first layout is the batch.)
pub fn bursts(spike_counts: Tensor<2>) -> Tensor<1> {
    spike_counts.square().mean()
}

/// The sum of `mean(w²)` over all learned parameters of two or more axes: weights, not biases,
/// decays or thresholds. `None` if there are none.
pub fn weights<M: Module>(module: &M) -> Option<Tensor<1>> {
    #[derive(Default)]
    struct Weights(Option<Tensor<1>>);

    impl ModuleVisitor for Weights {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if D >= 2 && param.is_require_grad() {
                let mean = param.val().square().mean();
                self.0 = Some(match self.0.take() {
                    Some(sum) => sum + mean,
                    None => mean,
                });
            }
        }
    }

    let mut visitor = Weights::default();
    module.visit(&mut visitor);
    visitor.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::LinearConfig;
    use burn::tensor::Device;

    fn value(x: Tensor<1>) -> f32 {
        x.into_scalar()
    }

    #[test]
    fn values_on_small_examples() {
        let device = Device::default();
        let x = || Tensor::<2>::from_floats([[1.0, 2.0], [0.0, 3.0]], &device);
        assert_eq!(value(readout(x().unsqueeze(), None)), 3.5);
        assert_eq!(value(bursts(x())), 3.5);
    }

    #[test]
    fn weights_leave_biases_out() {
        let device = Device::default().autodiff();
        let mut linear = LinearConfig::new(2, 2).init(&device);
        linear.weight = Param::from_tensor(Tensor::from_floats([[1.0, 0.0], [0.0, 3.0]], &device));
        linear.bias = Some(Param::from_tensor(Tensor::from_floats([10.0, 10.0], &device)));
        assert_eq!(value(weights(&linear).unwrap()), 2.5);
    }
}

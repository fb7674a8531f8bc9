//! The exponential moving average of a model's weights (Polyak and Juditsky, SIAM J. Control Optim.
//! 30, 1992): what the noise of single optimizer steps leaves behind.

use std::collections::VecDeque;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// `average` moved towards the weights of `model`, which has the same layers, after optimizer step
/// `step`, from 1. The mean of a young run is over its own length, not over steps it has not had:
/// `decay` is at most `(1 + step) / (10 + step)`.
pub(super) fn moved<M: Module>(average: M, model: &M, decay: f64, step: usize) -> M {
    let mut weights = Weights(VecDeque::new());
    model.visit(&mut weights);
    let decay = decay.min((1 + step) as f64 / (10 + step) as f64);
    average.map(&mut Move { weights: weights.0, decay })
}

/// The weights of a model in the order of a visit, flat.
struct Weights(VecDeque<Tensor<1>>);

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let weight = param.val().without_autodiff();
        self.0.push_back(weight.flatten(0, D.saturating_sub(1)));
    }
}

struct Move {
    weights: VecDeque<Tensor<1>>,
    decay: f64,
}

impl ModuleMapper for Move {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(weight) = self.weights.pop_front() else { return param };
        param.map(|average| {
            let weight = weight.reshape(average.dims());
            average * self.decay + weight * (1.0 - self.decay)
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::Device;

    use super::*;

    fn constant(value: f64) -> Linear {
        let mut linear = LinearConfig::new(3, 2).init(&Device::default());
        linear.weight = linear.weight.map(|weight| weight.full_like(value));
        linear.bias = linear.bias.map(|bias| bias.map(|bias| bias.full_like(value)));
        linear
    }

    #[test]
    fn weights_and_biases_move_by_one_minus_the_decay() {
        let late = moved(constant(1.0), &constant(2.0), 0.75, 1000);
        assert_eq!(late.weight.val().into_data().try_to_vec::<f32>().unwrap(), [1.25; 6]);
        assert_eq!(late.bias.unwrap().val().into_data().try_to_vec::<f32>().unwrap(), [1.25; 2]);
        // The first step: 2 / 11 of the start, 9 / 11 of the model.
        let first = moved(constant(0.0), &constant(11.0), 0.75, 1);
        let weights = first.weight.val().into_data().try_to_vec::<f32>().unwrap();
        assert!(weights.iter().all(|weight| (weight - 9.0).abs() < 1e-5), "{weights:?}");
    }
}

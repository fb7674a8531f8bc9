//! What a case does with a neuron, whatever the library: run it, compare what it put out, compare
//! gradients.

use burn::tensor::{Device, Gradients, Tensor};
use serde_json::Value;
use snn::core::Coefficient;
use snn::core::neuron::Neuron;

use super::case::{Case, compare_outputs};
use crate::values;

/// Outputs over time, `[T, B, N]`, by their names in the files.
pub type Outputs = Vec<(&'static str, Tensor<3>)>;

/// A tensor whose gradient is in the files.
pub enum Leaf {
    Sequence(Tensor<3>),
    Vector(Tensor<1>),
    /// Weights `[from, to]`; the files have them as `[to, from]`.
    Matrix(Tensor<2>),
}

impl Leaf {
    fn gradient(&self, gradients: &Gradients) -> Option<Vec<f32>> {
        match self {
            Self::Sequence(tensor) => tensor.grad(gradients).map(values),
            Self::Vector(tensor) => tensor.grad(gradients).map(values),
            Self::Matrix(tensor) => tensor.grad(gradients).map(|grad| values(grad.transpose())),
        }
    }
}

pub struct Run {
    pub outputs: Outputs,
    pub leaves: Vec<(&'static str, Leaf)>,
}

impl Run {
    /// Runs `neuron` from rest over `current`.
    pub fn new<N: Neuron>(
        neuron: &N,
        current: Tensor<3>,
        device: &Device,
        outputs: impl FnOnce(Tensor<3>, N::State<3>) -> Outputs,
    ) -> Self {
        let [_, batch, neurons] = current.dims();
        let rest = neuron.initial_state([batch, neurons], device);
        let (out, states) = neuron.record::<3, 2>(current, rest);
        Self { outputs: outputs(out, states), leaves: Vec::new() }
    }

    pub fn with_leaf(mut self, name: &'static str, leaf: Leaf) -> Self {
        self.leaves.push((name, leaf));
        self
    }

    /// A coefficient that is a parameter is a leaf.
    pub fn with_coefficient(self, name: &'static str, coefficient: &Coefficient) -> Self {
        match coefficient.param() {
            Some(param) => self.with_leaf(name, Leaf::Vector(param.val())),
            None => self,
        }
    }

    /// Compares the outputs, and the gradients of `Σ output · weight` with `grads`.
    pub fn compare(
        &self,
        case: &Case,
        grads: &Value,
        weights: &[(&str, &str)],
    ) -> Result<(), String> {
        compare_outputs(case, &self.outputs)?;
        let term = |(output, weight): &(&str, &str)| {
            let (_, tensor) = self.outputs.iter().find(|(name, _)| name == output).unwrap();
            (tensor.clone() * case.input(weight)).sum()
        };
        let loss = weights.iter().map(term).reduce(|sum, term| sum + term).unwrap();
        self.compare_gradients(case, grads, loss)
    }

    fn compare_gradients(&self, case: &Case, grads: &Value, loss: Tensor<1>) -> Result<(), String> {
        let gradients = loss.backward();
        for (name, expected) in grads.as_object().unwrap() {
            let got = match name.as_str() {
                "loss" => values(loss.clone()),
                leaf => {
                    let own = self.leaves.iter().find(|(own, _)| *own == leaf);
                    let (_, own) = own.ok_or_else(|| format!("unknown gradient {leaf}"))?;
                    own.gradient(&gradients).ok_or_else(|| format!("no gradient of {leaf}"))?
                }
            };
            case.compare(name, expected, got, false)?;
        }
        Ok(())
    }
}

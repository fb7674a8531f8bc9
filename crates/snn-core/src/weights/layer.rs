//! Layers with the numbers of a file.

use burn::module::{Param, RunningState, list_param_ids};
use burn::nn::BatchNorm;
use burn::tensor::{Tensor, TensorData};

use super::file::{index, values};
use super::{WeightError, WeightFile, WeightProblem};
use crate::sequential::Layer;

/// Where the weights of a layer may come from.
#[derive(PartialEq, Eq)]
pub(super) enum Weights {
    /// It has none, or only parameters of neurons, or of units in their place.
    None,
    /// [`Source::filled`] knows how files have them.
    File,
    /// Files do not have them.
    Elsewhere,
}

impl Weights {
    pub fn of(layer: &Layer) -> Self {
        match layer {
            Layer::Linear(_)
            | Layer::Conv2d(_)
            | Layer::BatchNorm(_)
            | Layer::ThresholdDependentBatchNorm(_) => Self::File,
            Layer::TemporalEffectiveBatchNorm(_)
            | Layer::BatchNormThroughTime(_)
            | Layer::Recurrent(_) => Self::Elsewhere,
            Layer::MaxPool2d(_)
            | Layer::SpikingMaxPool2d(_)
            | Layer::AvgPool2d(_)
            | Layer::SumPool2d(_)
            | Layer::Flatten(_)
            | Layer::Dropout(_)
            | Layer::Relu(_)
            | Layer::QuantizedRelu(_)
            | Layer::Neuron(_) => Self::None,
        }
    }
}

/// What a file has for a layer.
pub(super) struct Source<'a> {
    pub file: &'a WeightFile,
    pub prefix: &'a str,
    /// Number of the layer.
    pub index: usize,
    pub layer: &'a Layer,
    /// The tensors that the layer has taken.
    pub taken: Vec<String>,
}

impl Source<'_> {
    /// The layer with the weights of the file.
    pub fn filled(&mut self) -> Result<Layer, WeightError> {
        Ok(match self.layer {
            Layer::Linear(linear) => {
                let [inputs, outputs] = linear.weight.dims();
                let mut linear = linear.clone();
                let weight = transposed(&self.take("weight", &[outputs, inputs])?, inputs);
                linear.weight = replaced(&linear.weight, weight);
                linear.bias = self.bias(linear.bias.as_ref())?;
                Layer::Linear(linear)
            }
            Layer::Conv2d(conv) => {
                let mut conv = conv.clone();
                let weight = self.take("weight", &conv.weight.dims())?;
                conv.weight = replaced(&conv.weight, weight);
                conv.bias = self.bias(conv.bias.as_ref())?;
                Layer::Conv2d(conv)
            }
            Layer::BatchNorm(norm) => Layer::BatchNorm(self.batch_norm(norm)?),
            Layer::ThresholdDependentBatchNorm(layer) => {
                let mut layer = layer.clone();
                layer.norm = self.batch_norm(&layer.norm)?;
                Layer::ThresholdDependentBatchNorm(layer)
            }
            other => other.clone(),
        })
    }

    fn bias(
        &mut self,
        bias: Option<&Param<Tensor<1>>>,
    ) -> Result<Option<Param<Tensor<1>>>, WeightError> {
        let Some(bias) = bias else {
            let tensor = self.name("bias");
            return match self.file.shape(&tensor) {
                None => Ok(None),
                Some(_) => Err(self.file.error(WeightProblem::Bias {
                    layer: self.index,
                    name: self.layer.name(),
                    tensor,
                })),
            };
        };
        let values = self.take("bias", &bias.dims())?;
        Ok(Some(replaced(bias, values)))
    }

    fn batch_norm(&mut self, norm: &BatchNorm) -> Result<BatchNorm, WeightError> {
        let shape = norm.gamma.dims();
        let mut norm = norm.clone();
        norm.gamma = replaced(&norm.gamma, self.take("weight", &shape)?);
        norm.beta = replaced(&norm.beta, self.take("bias", &shape)?);
        norm.running_mean = running(&norm.running_mean, self.take("running_mean", &shape)?);
        let variance = self.take("running_var", &shape)?;
        if let Some(at) = variance.iter().position(|value| *value < 0.0) {
            return Err(self.file.error(WeightProblem::Number {
                tensor: self.name("running_var"),
                index: index(at, &shape),
                expected: "a variance of at least 0",
                value: variance[at].into(),
            }));
        }
        norm.running_var = running(&norm.running_var, variance);
        // Counts the updates for an average that Burn does not have.
        self.taken.push(self.name("num_batches_tracked"));
        Ok(norm)
    }

    /// The numbers of the tensor that has this name under the prefix, and must have this shape.
    fn take(&mut self, name: &str, expected: &[usize]) -> Result<Vec<f32>, WeightError> {
        let (file, layer, tensor) = (self.file, self.index, self.name(name));
        let problem = match file.tensors.get(&tensor) {
            Some(stored) if stored.shape[..] != *expected => {
                let (expected, got) = (expected.to_vec(), stored.shape.to_vec());
                WeightProblem::Shape { layer, name: self.layer.name(), tensor, expected, got }
            }
            Some(stored) => match values(stored) {
                Ok(values) => {
                    self.taken.push(tensor);
                    return Ok(values);
                }
                Err(problem) => problem,
            },
            None => {
                let beside = self.name("");
                let all = file.names().into_iter().map(String::from);
                let (near, far): (Vec<_>, Vec<_>) = all.partition(|name| name.starts_with(&beside));
                let names = if near.is_empty() { far } else { near };
                WeightProblem::Missing { layer, name: self.layer.name(), tensor, names }
            }
        };
        Err(file.error(problem))
    }

    fn name(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.into() } else { format!("{}.{name}", self.prefix) }
    }
}

/// `[rows, columns]` of a matrix `[columns, rows]`.
fn transposed(matrix: &[f32], rows: usize) -> Vec<f32> {
    (0..rows).flat_map(|row| matrix.iter().skip(row).step_by(rows).copied()).collect()
}

/// The same parameter with other numbers.
fn replaced<const D: usize>(param: &Param<Tensor<D>>, values: Vec<f32>) -> Param<Tensor<D>> {
    param.clone().map(|old| {
        let options = (&old.device(), old.dtype());
        let new = Tensor::from_data(TensorData::new(values, old.dims()), options);
        if old.is_require_grad() { new.require_grad() } else { new }
    })
}

/// The same statistics with other numbers. Not changed in place, where copies of the network have them too.
fn running(state: &RunningState<Tensor<1>>, values: Vec<f32>) -> RunningState<Tensor<1>> {
    let old = state.value();
    let options = (&old.device(), old.dtype());
    let new = Tensor::from_data(TensorData::new(values, old.dims()), options);
    match list_param_ids(state).first() {
        Some(id) => RunningState::with_id(*id, new),
        None => RunningState::new(new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_rows() {
        assert_eq!(transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }
}

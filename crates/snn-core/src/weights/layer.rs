//! Layers with the numbers of a file.

use burn::module::{Param, RunningState, list_param_ids};
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, Linear};
use burn::tensor::{Tensor, TensorData};

use super::file::index;
use super::parametrization::{Ambiguity, Failure, find};
use super::{WeightError, WeightFile, WeightProblem};
use crate::sequential::Layer;

/// Where the weights of a layer may come from.
#[derive(PartialEq, Eq)]
pub(super) enum Weights {
    /// It has none, or only parameters of units in the place of neurons.
    None,
    /// A file must have them.
    File,
    /// Neurons: a file may have their parameters.
    Neurons,
    /// Neurons with a recurrent connection, which a file must have.
    Recurrent,
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
            Layer::TemporalEffectiveBatchNorm(_) | Layer::BatchNormThroughTime(_) => {
                Self::Elsewhere
            }
            Layer::Neuron(_) => Self::Neurons,
            Layer::Recurrent(_) => Self::Recurrent,
            Layer::MaxPool2d(_)
            | Layer::SpikingMaxPool2d(_)
            | Layer::AvgPool2d(_)
            | Layer::SumPool2d(_)
            | Layer::Flatten(_)
            | Layer::Dropout(_)
            | Layer::Relu(_)
            | Layer::QuantizedRelu(_) => Self::None,
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
            Layer::Linear(linear) => Layer::Linear(self.linear(linear, "")?),
            Layer::Conv2d(conv) => Layer::Conv2d(self.conv2d(conv, "")?),
            Layer::BatchNorm(norm) => Layer::BatchNorm(self.batch_norm(norm)?),
            Layer::ThresholdDependentBatchNorm(layer) => {
                let mut layer = layer.clone();
                layer.norm = self.batch_norm(&layer.norm)?;
                Layer::ThresholdDependentBatchNorm(layer)
            }
            Layer::Neuron(neuron) => {
                let mut neuron = neuron.clone();
                self.refuse_connection()?;
                self.fill_neuron(&mut neuron)?;
                Layer::Neuron(neuron)
            }
            Layer::Recurrent(recurrent) => {
                let mut recurrent = recurrent.clone();
                self.fill_neuron(&mut recurrent.neuron)?;
                self.fill_connection(&mut recurrent.connection)?;
                Layer::Recurrent(recurrent)
            }
            other => other.clone(),
        })
    }

    pub fn linear(&mut self, linear: &Linear, inside: &str) -> Result<Linear, WeightError> {
        let [inputs, outputs] = linear.weight.dims();
        let mut linear = linear.clone();
        let weight = self.take(&format!("{inside}weight"), &[outputs, inputs])?;
        linear.weight = replaced(&linear.weight, transposed(&weight, inputs));
        linear.bias = self.bias(linear.bias.as_ref(), inside)?;
        Ok(linear)
    }

    pub fn conv2d(&mut self, conv: &Conv2d, inside: &str) -> Result<Conv2d, WeightError> {
        let mut conv = conv.clone();
        let weight = self.take(&format!("{inside}weight"), &conv.weight.dims())?;
        conv.weight = replaced(&conv.weight, weight);
        conv.bias = self.bias(conv.bias.as_ref(), inside)?;
        Ok(conv)
    }

    fn bias(
        &mut self,
        bias: Option<&Param<Tensor<1>>>,
        inside: &str,
    ) -> Result<Option<Param<Tensor<1>>>, WeightError> {
        let name = format!("{inside}bias");
        let Some(bias) = bias else {
            let tensor = self.name(&name);
            return match self.file.shape(&tensor) {
                None => Ok(None),
                Some(_) => Err(self.file.error(WeightProblem::Bias {
                    layer: self.index,
                    name: self.layer.name(),
                    tensor,
                })),
            };
        };
        let values = self.take(&name, &bias.dims())?;
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

    /// The numbers of the tensor that has this name under the prefix, as a whole or in parts, and must have this
    /// shape.
    fn take(&mut self, name: &str, expected: &[usize]) -> Result<Vec<f32>, WeightError> {
        let (file, tensor) = (self.file, self.name(name));
        let Some(found) = find(file, &tensor).map_err(|parts| self.ambiguous(&tensor, parts))?
        else {
            return Err(self.missing(name));
        };
        if found.shape != expected {
            let (expected, got) = (expected.to_vec(), found.shape);
            let (layer, name) = (self.index, self.layer.name());
            return Err(file.error(WeightProblem::Shape { layer, name, tensor, expected, got }));
        }
        match found.values() {
            Ok(values) => {
                self.taken.extend(found.names);
                Ok(values)
            }
            Err(Failure::File(problem)) => Err(file.error(problem)),
            Err(Failure::Ambiguous(reason)) => {
                let leaf = name.rsplit('.').next().unwrap_or(name);
                Err(self.ambiguous(&tensor, found.ambiguity(leaf, reason)))
            }
        }
    }

    fn ambiguous(&self, tensor: &str, parts: Ambiguity) -> WeightError {
        let Ambiguity { parts, reason, remedy } = parts;
        self.file.error(WeightProblem::Parametrized {
            layer: self.index,
            name: self.layer.name(),
            tensor: tensor.into(),
            parts,
            problem: format!("{reason}; call `{remedy}` in Python before `torch.save`").into(),
        })
    }

    /// The error for a tensor that is not under the prefix.
    pub fn missing(&self, name: &str) -> WeightError {
        let beside = self.name("");
        let all = self.file.names().into_iter().map(String::from);
        let (near, far): (Vec<_>, Vec<_>) = all.partition(|name| name.starts_with(&beside));
        self.file.error(WeightProblem::Missing {
            layer: self.index,
            name: self.layer.name(),
            tensor: self.name(name),
            names: if near.is_empty() { far } else { near },
        })
    }

    pub fn name(&self, name: &str) -> String {
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

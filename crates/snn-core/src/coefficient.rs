//! Numbers of a neuron: one for all or one each, fixed or learned.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::ConfigError;

/// One value for all neurons, or one for each.
///
/// Values for each neuron run along axis 1 of `[B, N, ...]`: neurons of a dense layer, channels of
/// a convolutional one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Values {
    /// All neurons share it.
    One(f64),
    /// One for each neuron (or channel).
    Each(Vec<f64>),
}

impl From<f64> for Values {
    fn from(value: f64) -> Self {
        Self::One(value)
    }
}

impl From<Vec<f64>> for Values {
    fn from(values: Vec<f64>) -> Self {
        Self::Each(values)
    }
}

impl Values {
    /// Applies `f` to every value.
    ///
    /// # Errors
    ///
    /// The first error of `f`, or [`ConfigError::Empty`] for an empty list.
    pub(crate) fn try_map(
        &self,
        name: &'static str,
        f: impl Fn(f64) -> Result<f64, ConfigError>,
    ) -> Result<Self, ConfigError> {
        match self {
            Self::One(value) => f(*value).map(Self::One),
            Self::Each(values) if values.is_empty() => Err(ConfigError::Empty { name }),
            Self::Each(values) => {
                values.iter().copied().map(f).collect::<Result<_, _>>().map(Self::Each)
            }
        }
    }

    fn to_vec(&self) -> Vec<f64> {
        match self {
            Self::One(value) => vec![*value],
            Self::Each(values) => values.clone(),
        }
    }
}

/// A decay or a threshold as a neuron holds it.
#[derive(Module, Debug)]
pub struct Coefficient {
    value: Stored,
    low: f64,
    high: f64,
}

/// A fixed scalar needs no tensor, and costs no broadcast at each step.
#[derive(Module, Debug)]
enum Stored {
    Scalar(f64),
    Tensor(Param<Tensor<1>>),
}

impl Coefficient {
    /// `values` as a parameter of the module (`learn`) or as a constant, used within `[low, high]`.
    pub(crate) fn new(
        values: &Values,
        (low, high): (f64, f64),
        learn: bool,
        device: &Device,
    ) -> Self {
        let value = match (values, learn) {
            (Values::One(value), false) => Stored::Scalar(*value),
            _ => {
                let values = values.to_vec();
                let tensor = Tensor::from_floats(values.as_slice(), device);
                Stored::Tensor(Param::from_tensor(tensor).set_require_grad(learn))
            }
        };
        Self { value, low, high }
    }

    /// The values in use, `[1]` if all neurons share one, else `[N]`. Reads from the device.
    pub fn values(&self) -> Vec<f32> {
        match &self.value {
            Stored::Scalar(value) => vec![*value as f32],
            Stored::Tensor(param) => self.in_range(param).into_data().iter::<f32>().collect(),
        }
    }

    /// The parameter behind it, `[1]` or `[N]`, if it is one (learned, or one value per neuron).
    pub fn param(&self) -> Option<&Param<Tensor<1>>> {
        match &self.value {
            Stored::Scalar(_) => None,
            Stored::Tensor(param) => Some(param),
        }
    }

    /// `x * self`
    pub(crate) fn times<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match &self.value {
            Stored::Scalar(1.0) => x,
            Stored::Scalar(value) => x.mul_scalar(*value),
            Stored::Tensor(param) => x * self.along_neurons(param),
        }
    }

    /// `x * (1 - self)`
    pub(crate) fn complement_times<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match &self.value {
            Stored::Scalar(value) => x.mul_scalar(1.0 - value),
            Stored::Tensor(param) => x * (self.along_neurons(param).neg() + 1.0),
        }
    }

    /// `x - self`
    pub(crate) fn subtracted_from<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match &self.value {
            Stored::Scalar(value) => x.sub_scalar(*value),
            Stored::Tensor(param) => x - self.along_neurons(param),
        }
    }

    fn along_neurons<const D: usize>(&self, param: &Param<Tensor<1>>) -> Tensor<D> {
        let values = self.in_range(param);
        let mut shape = [1; D];
        shape[D.min(2) - 1] = values.dims()[0];
        values.reshape(shape)
    }

    /// A learned value that overshoots is used at the limit, but keeps its gradient: with the
    /// gradient of a plain clamp it could never come back.
    fn in_range(&self, param: &Param<Tensor<1>>) -> Tensor<1> {
        let raw = param.val();
        let excess = raw.clone().clamp(self.low, self.high) - raw.clone();
        raw + excess.detach()
    }
}

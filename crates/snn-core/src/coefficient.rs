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

    /// The largest or the smallest value, by `f64::max` or `f64::min`.
    pub(crate) fn extreme(&self, f: impl Fn(f64, f64) -> f64) -> f64 {
        self.to_vec().into_iter().reduce(f).unwrap_or(f64::NAN)
    }

    fn to_vec(&self) -> Vec<f64> {
        match self {
            Self::One(value) => vec![*value],
            Self::Each(values) => values.clone(),
        }
    }
}

/// How the number in use follows from the one that is learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// It is the one.
    Itself,
    /// `1 - dt / tau`
    Euler { dt: f64 },
    /// `exp(-dt / tau)`
    Exact { dt: f64 },
    /// `1 - σ(w)`
    Sigmoid,
}

impl Form {
    /// The number that is learned, from the one in use.
    fn inverse(self, value: f64) -> f64 {
        match self {
            Self::Itself => value,
            Self::Euler { dt } => dt / (1.0 - value),
            // A factor of 1 is an infinite time constant, and ln 1 is a positive zero.
            Self::Exact { dt } if value < 1.0 => -dt / value.ln(),
            Self::Exact { .. } => f64::INFINITY,
            Self::Sigmoid => ((1.0 - value) / value).ln(),
        }
    }
}

/// A decay or a threshold as a neuron holds it.
#[derive(Module, Debug)]
pub struct Coefficient {
    value: Stored,
    #[module(skip)]
    form: Form,
    /// Where a learned value is kept.
    #[module(skip)]
    range: Option<(f64, f64)>,
}

/// Why a [`Coefficient`] cannot take values of a file.
#[derive(Debug, PartialEq)]
pub(crate) enum Mismatch {
    /// It is fixed, and value number `at` of the file is another.
    Fixed { at: usize, configured: f64 },
    /// It has another number of values.
    Count(usize),
    /// Value number `at` is the limit of its form, which no parameter reaches.
    Limit { at: usize },
}

/// A fixed scalar needs no tensor, and costs no broadcast at each step.
#[derive(Module, Debug)]
enum Stored {
    Scalar(f64),
    Tensor(Param<Tensor<1>>),
}

impl Coefficient {
    /// A number that stays as it is.
    pub(crate) fn fixed(values: &Values, device: &Device) -> Self {
        let value = match values {
            Values::One(value) => Stored::Scalar(*value),
            Values::Each(_) => stored(values, false, device),
        };
        Self { value, form: Form::Itself, range: None }
    }

    /// `values` as a parameter of the module, used within `range` and in the given form.
    pub(crate) fn learned(
        values: &Values,
        form: Form,
        range: Option<(f64, f64)>,
        device: &Device,
    ) -> Self {
        Self { value: stored(values, true, device), form, range }
    }

    /// `values` as they are, as a parameter if they are to be learned.
    pub(crate) fn new(
        values: &Values,
        learn: bool,
        range: Option<(f64, f64)>,
        device: &Device,
    ) -> Self {
        match learn {
            true => Self::learned(values, Form::Itself, range, device),
            false => Self::fixed(values, device),
        }
    }

    /// The values in use, `[1]` if all neurons share one, else `[N]`. Reads from the device.
    pub fn values(&self) -> Vec<f32> {
        match &self.value {
            Stored::Scalar(value) => vec![*value as f32],
            Stored::Tensor(param) => self.in_use(param).into_data().iter::<f32>().collect(),
        }
    }

    /// The values in use as `f` has them, and not learned.
    pub(crate) fn mapped(&self, f: impl Fn(f64) -> f64) -> Self {
        let value = match &self.value {
            Stored::Scalar(value) => Stored::Scalar(f(*value)),
            Stored::Tensor(param) => {
                let values = self.values().into_iter().map(|value| f(value.into())).collect();
                stored(&Values::Each(values), false, &param.val().device())
            }
        };
        Self { value, form: Form::Itself, range: None }
    }

    /// The parameter behind it, `[1]` or `[N]`, if it is one (learned, or one value per neuron).
    ///
    /// A decay is learned in the form it was given in: as a factor, as a time constant, or as the
    /// logit of [`Decay::Parametric`](crate::Decay::Parametric).
    pub fn param(&self) -> Option<&Param<Tensor<1>>> {
        match &self.value {
            Stored::Scalar(_) => None,
            Stored::Tensor(param) => Some(param),
        }
    }

    /// Takes the values in use from a file: one for all neurons, or one for each. A parameter gets what
    /// stands for them in the form it is learned in. A fixed scalar must be equal, up to the rounding of
    /// single precision, to its value as `rounded` to the precision of the file.
    pub(crate) fn take(
        &mut self,
        values: &[f64],
        rounded: impl Fn(f64) -> f64,
    ) -> Result<(), Mismatch> {
        let param = match &mut self.value {
            Stored::Scalar(configured) => {
                let expected = rounded(*configured);
                // A decay near 0 is the difference of two numbers near 1.
                let tolerance = 1e-6 * expected.abs().max(0.1);
                let other = |value: &f64| (value - expected).abs() > tolerance;
                return match values.iter().position(other) {
                    Some(at) => Err(Mismatch::Fixed { at, configured: *configured }),
                    None => Ok(()),
                };
            }
            Stored::Tensor(param) => param,
        };
        let count = param.dims()[0];
        let values = match values {
            [value] => vec![*value; count],
            [first, ..] if count == 1 && values.iter().all(|value| value == first) => vec![*first],
            _ if values.len() == count => values.to_vec(),
            _ => return Err(Mismatch::Count(count)),
        };
        let (low, high) = self.range.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        let raw = values.into_iter().map(|value| self.form.inverse(value).clamp(low, high) as f32);
        let raw: Vec<f32> = raw.collect();
        if let Some(at) = raw.iter().position(|raw| !raw.is_finite()) {
            return Err(Mismatch::Limit { at });
        }
        *param = param.clone().map(|old| {
            let new = Tensor::from_data(raw.as_slice(), (&old.device(), old.dtype()));
            if old.is_require_grad() { new.require_grad() } else { new }
        });
        Ok(())
    }

    /// What one step needs of it.
    pub(crate) fn level<const D: usize>(&self) -> Level<D> {
        match &self.value {
            Stored::Scalar(value) => Level::Scalar(*value),
            Stored::Tensor(param) => {
                let values = self.in_use(param);
                let mut shape = [1; D];
                shape[D.min(2) - 1] = values.dims()[0];
                Level::Tensor(values.reshape(shape))
            }
        }
    }

    fn in_use(&self, param: &Param<Tensor<1>>) -> Tensor<1> {
        let raw = param.val();
        let value = match self.range {
            None => raw,
            // A learned value that overshoots is used at the limit, but keeps its gradient: with the
            // gradient of a plain clamp it could never come back.
            Some((low, high)) => raw.clone() + (raw.clone().clamp(low, high) - raw).detach(),
        };
        match self.form {
            Form::Itself => value,
            Form::Euler { dt } => value.recip().mul_scalar(-dt).add_scalar(1.0),
            Form::Exact { dt } => value.recip().mul_scalar(-dt).exp(),
            Form::Sigmoid => burn::tensor::activation::sigmoid(value.neg()),
        }
    }
}

fn stored(values: &Values, learn: bool, device: &Device) -> Stored {
    let tensor = Tensor::from_floats(values.to_vec().as_slice(), device);
    Stored::Tensor(Param::from_tensor(tensor).set_require_grad(learn))
}

/// A number, or numbers that broadcast against `[B, ...]`.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one lives for a step; a box would be an allocation")]
pub(crate) enum Level<const D: usize> {
    Scalar(f64),
    Tensor(Tensor<D>),
}

impl<const D: usize> Level<D> {
    /// `x * self`
    pub(crate) fn times(&self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Scalar(1.0) => x,
            Self::Scalar(value) => x.mul_scalar(*value),
            Self::Tensor(value) => x * value.clone(),
        }
    }

    /// `x * (1 - self)`
    pub(crate) fn complement_times(&self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Scalar(value) => x.mul_scalar(1.0 - value),
            Self::Tensor(value) => x * (value.clone().neg() + 1.0),
        }
    }

    /// `x - self`
    pub(crate) fn subtracted_from(&self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Scalar(value) => x.sub_scalar(*value),
            Self::Tensor(value) => x - value.clone(),
        }
    }

    /// `x / self`
    pub(crate) fn dividing(&self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Scalar(1.0) => x,
            Self::Scalar(value) => x.div_scalar(*value),
            Self::Tensor(value) => x / value.clone(),
        }
    }

    /// `self + x`
    pub(crate) fn plus(self, x: Tensor<D>) -> Self {
        Self::Tensor(match self {
            Self::Scalar(value) => x.add_scalar(value),
            Self::Tensor(value) => value + x,
        })
    }

    /// `ln(self)`
    pub(crate) fn ln(self) -> Self {
        match self {
            Self::Scalar(value) => Self::Scalar(value.ln()),
            Self::Tensor(value) => Self::Tensor(value.log()),
        }
    }

    /// `self / (other - self) + 1`
    pub(crate) fn share_of_difference(self, other: Self) -> Self {
        match (self, other) {
            (Self::Scalar(a), Self::Scalar(b)) => Self::Scalar(a / (b - a) + 1.0),
            (Self::Scalar(a), Self::Tensor(b)) => {
                Self::Tensor(b.sub_scalar(a).recip().mul_scalar(a).add_scalar(1.0))
            }
            (Self::Tensor(a), b) => {
                let difference = b.subtracted_from(a.clone()).neg();
                Self::Tensor((a / difference).add_scalar(1.0))
            }
        }
    }

    /// The same, cut off from the graph.
    pub(crate) fn detach(&self) -> Self {
        match self {
            Self::Scalar(value) => Self::Scalar(*value),
            Self::Tensor(value) => Self::Tensor(value.clone().detach()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decay;

    fn exactly(value: f64) -> f64 {
        value
    }

    #[test]
    fn a_parameter_takes_the_value_in_use_in_every_form() {
        let device = Device::default();
        // 1 - 2 / 8, exp(-2 / tau), 1 - σ(w): each in use as 0.75.
        for decay in [
            Decay::factor(0.5),
            Decay::euler(4.0, 2.0),
            Decay::exact(5.0, 2.0),
            Decay::parametric(3.0, 2.0),
        ] {
            let mut learned = decay.coefficient(true, &device).unwrap();
            learned.take(&[0.75], exactly).unwrap();
            assert!((learned.values()[0] - 0.75).abs() < 1e-6, "{decay:?}");
        }
        let mut euler = Decay::euler(4.0, 2.0).coefficient(true, &device).unwrap();
        euler.take(&[0.75], exactly).unwrap();
        assert_eq!(euler.param().unwrap().val().into_scalar::<f32>(), 8.0);
        // An infinite time constant is used at the limit, an infinite logit is not.
        for decay in [Decay::factor(0.5), Decay::euler(4.0, 2.0), Decay::exact(5.0, 2.0)] {
            let mut learned = decay.coefficient(true, &device).unwrap();
            learned.take(&[1.0], exactly).unwrap();
            assert_eq!(learned.values(), [1.0], "{decay:?}");
        }
        let mut parametric = Decay::parametric(3.0, 2.0).coefficient(true, &device).unwrap();
        assert_eq!(parametric.take(&[1.0], exactly), Err(Mismatch::Limit { at: 0 }));
    }

    #[test]
    fn a_fixed_value_must_be_equal() {
        let device = Device::default();
        let mut fixed = Coefficient::fixed(&Values::One(0.9), &device);
        assert_eq!(fixed.take(&[f64::from(0.9f32); 3], exactly), Ok(()));
        let other = Err(Mismatch::Fixed { at: 1, configured: 0.9 });
        assert_eq!(fixed.take(&[0.9, 0.8], exactly), other);
        // As a file in half precision rounds it.
        assert_eq!(fixed.take(&[0.89990234375], |_| 0.89990234375), Ok(()));
    }

    #[test]
    fn values_of_single_neurons_are_taken_one_by_one() {
        let device = Device::default();
        let mut each = Coefficient::fixed(&Values::Each(vec![0.5, 0.6]), &device);
        each.take(&[0.25, 0.75], exactly).unwrap();
        assert_eq!(each.values(), [0.25, 0.75]);
        each.take(&[0.5], exactly).unwrap();
        assert_eq!(each.values(), [0.5, 0.5]);
        assert_eq!(each.take(&[0.5; 3], exactly), Err(Mismatch::Count(2)));
        let mut one = Coefficient::learned(&Values::One(0.5), Form::Itself, None, &device);
        one.take(&[0.25, 0.25], exactly).unwrap();
        assert_eq!(one.values(), [0.25]);
        assert_eq!(one.take(&[0.25, 0.5], exactly), Err(Mismatch::Count(1)));
    }
}

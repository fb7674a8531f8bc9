//! Spikes, and the derivative that stands in for that of the Heaviside step.
//!
//! A spike is `Θ(x)` with `x = v - threshold`: its derivative is zero wherever it exists, so
//! backpropagation uses a smooth `g(x)` in its place (Neftci, Mostafa and Zenke, *Surrogate Gradient
//! Learning in Spiking Neural Networks*, IEEE Signal Processing Magazine 36, 2019).

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::error::{ConfigError, finite, positive};

/// The derivative `g(x)` of a spike with respect to `x = v - threshold`.
///
/// Forward, all of them are the same step. `x` is in the unit of the membrane, so slopes are per
/// that unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Surrogate {
    /// `1 / (slope |x| + 1)²`. snnTorch `fast_sigmoid`, where the slope is 25.
    FastSigmoid {
        /// Steepness `k`.
        slope: f64,
    },
    /// `1 / (alpha |x| + 1)²`, the same function under the name of Zenke and Ganguli (*SuperSpike*,
    /// Neural Computation 30, 2018). Norse `super` (100), hxtorch `superspike` (50).
    SuperSpike {
        /// Steepness.
        alpha: f64,
    },
    /// `(alpha / 2) / (1 + (π alpha x / 2)²)`, the derivative of an arctangent (Fang et al.,
    /// *Incorporating Learnable Membrane Time Constant*, ICCV 2021). snnTorch and SpikingJelly
    /// `atan`, where alpha is 2.
    ATan {
        /// Twice the height of the peak.
        alpha: f64,
    },
    /// `k σ(k x) σ(-k x)`, the derivative of a logistic function. snnTorch `sigmoid` (25).
    Sigmoid {
        /// Steepness `k`; the peak is `k / 4`.
        slope: f64,
    },
    /// `height · max(0, 1 - |x| / width)`, a triangle around the threshold (Bellec et al., *Long
    /// short-term memory and learning-to-learn in networks of spiking neurons*, NeurIPS 2018). Norse
    /// `triangle` has width 1 and height 0.3.
    Triangular {
        /// Height at the threshold.
        height: f64,
        /// Distance from the threshold at which it reaches zero.
        width: f64,
    },
    /// `1` everywhere (Bengio, Léonard and Courville, arXiv:1308.3432).
    StraightThrough,
    /// `slope · exp(-beta |x - 1|)`, centred one unit above the threshold. snnTorch
    /// `spike_rate_escape` (beta 1, slope 25).
    SpikeRateEscape {
        /// Rate at which it falls off.
        beta: f64,
        /// Height of the peak.
        slope: f64,
    },
    /// `1` above the threshold, else `0`: snnTorch `heaviside`.
    Heaviside,
    /// `1 / (slope |x| + 1)²` where `x > bound`, else `0`: snnTorch `SFS` without its noise.
    SparseFastSigmoid {
        /// Steepness.
        slope: f64,
        /// Lower end of the support, relative to the threshold.
        bound: f64,
    },
    /// `+threshold` below the threshold and `-threshold` from it on: what snnTorch calls
    /// `triangular`. It drives membranes above threshold the wrong way; kept to reproduce results
    /// obtained with it. [`Surrogate::Triangular`] is the triangle.
    SnnTorchTriangular {
        /// Magnitude.
        threshold: f64,
    },
}

impl Default for Surrogate {
    /// snnTorch's default, `ATan { alpha: 2.0 }`.
    fn default() -> Self {
        Self::ATan { alpha: 2.0 }
    }
}

impl Surrogate {
    /// Itself, if every parameter means something.
    pub(crate) fn validated(self) -> Result<Self, ConfigError> {
        match self {
            Self::FastSigmoid { slope } | Self::Sigmoid { slope } => {
                positive("surrogate slope", slope)?;
            }
            Self::SuperSpike { alpha } | Self::ATan { alpha } => {
                positive("surrogate alpha", alpha)?;
            }
            Self::Triangular { height, width } => {
                positive("surrogate height", height)?;
                positive("surrogate width", width)?;
            }
            Self::SpikeRateEscape { beta, slope } => {
                positive("surrogate beta", beta)?;
                positive("surrogate slope", slope)?;
            }
            Self::SparseFastSigmoid { slope, bound } => {
                positive("surrogate slope", slope)?;
                finite("surrogate bound", bound)?;
            }
            Self::SnnTorchTriangular { threshold } => {
                positive("surrogate threshold", threshold)?;
            }
            Self::StraightThrough | Self::Heaviside => {}
        }
        Ok(self)
    }

    /// `g(x)`, element by element; any shape.
    pub fn derivative<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match *self {
            Self::FastSigmoid { slope } | Self::SuperSpike { alpha: slope } => {
                fast_sigmoid(x, slope)
            }
            Self::ATan { alpha } => {
                let scaled = x.mul_scalar(core::f64::consts::FRAC_PI_2 * alpha);
                scaled.square().add_scalar(1.0).recip().mul_scalar(alpha / 2.0)
            }
            Self::Sigmoid { slope } => {
                // e^-k|x| instead of e^-kx: the derivative is even, and this one cannot overflow.
                let e = x.abs().mul_scalar(-slope).exp();
                e.clone() * e.add_scalar(1.0).square().recip() * slope
            }
            Self::Triangular { height, width } => {
                (x.abs().mul_scalar(-1.0 / width) + 1.0).clamp_min(0.0).mul_scalar(height)
            }
            Self::StraightThrough => x.ones_like(),
            Self::SpikeRateEscape { beta, slope } => {
                x.sub_scalar(1.0).abs().mul_scalar(-beta).exp().mul_scalar(slope)
            }
            Self::Heaviside => x.greater_scalar(0.0).float(),
            Self::SparseFastSigmoid { slope, bound } => {
                x.clone().greater_scalar(bound).float() * fast_sigmoid(x, slope)
            }
            Self::SnnTorchTriangular { threshold } => {
                x.lower_scalar(0.0).float().mul_scalar(2.0 * threshold).sub_scalar(threshold)
            }
        }
    }
}

fn fast_sigmoid<const D: usize>(x: Tensor<D>, slope: f64) -> Tensor<D> {
    x.abs().mul_scalar(slope).add_scalar(1.0).square().recip()
}

/// Whether a membrane exactly at the threshold spikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SpikeTest {
    /// `v > threshold`: snnTorch, Norse, hxtorch.
    #[default]
    Above,
    /// `v >= threshold`: SpikingJelly, sinabs.
    AtOrAbove,
}

impl SpikeTest {
    /// `1` where `x = v - threshold` is a spike, else `0`; carries no gradient.
    pub(crate) fn apply<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Above => x.greater_scalar(0.0).float(),
            Self::AtOrAbove => x.greater_equal_scalar(0.0).float(),
        }
    }
}

/// `1` where `v > threshold`, else `0`; the gradient of `surrogate` backward. Any shape.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use snn_core::surrogate::{Surrogate, spike};
///
/// let device = Device::default().autodiff();
/// let v = Tensor::<1>::from_floats([0.5, 1.0, 1.5], &device).require_grad();
/// let z = spike(v.clone(), 1.0, Surrogate::FastSigmoid { slope: 25.0 });
/// assert_eq!(z.to_data().try_to_vec::<f32>().unwrap(), [0.0, 0.0, 1.0]);
///
/// let gradients = z.sum().backward();
/// let gradient = v.grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(gradient[1], 1.0);
/// ```
pub fn spike<const D: usize>(v: Tensor<D>, threshold: f64, surrogate: Surrogate) -> Tensor<D> {
    fire(v.sub_scalar(threshold), SpikeTest::Above, surrogate)
}

/// `Θ(x)` forward and `g(x)` backward, from ordinary tensor operations.
pub(crate) fn fire<const D: usize>(
    x: Tensor<D>,
    test: SpikeTest,
    surrogate: Surrogate,
) -> Tensor<D> {
    let z = test.apply(x.clone().detach());
    if !x.device().is_autodiff() {
        return z;
    }
    let constant = x.clone().detach();
    let slope = surrogate.derivative(constant.clone());
    // (x - x) is exactly zero, so the spike stays exactly 0 or 1, while its gradient is the slope.
    z + (x - constant) * slope
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// The antiderivative of each surrogate, in 64 bits: what a soft spike would look like.
    fn primitive(surrogate: Surrogate, x: f64) -> f64 {
        use core::f64::consts::{FRAC_PI_2, PI};
        match surrogate {
            Surrogate::FastSigmoid { slope: k } | Surrogate::SuperSpike { alpha: k } => {
                x / (1.0 + k * x.abs())
            }
            Surrogate::ATan { alpha } => (FRAC_PI_2 * alpha * x).atan() / PI,
            Surrogate::Sigmoid { slope } => 1.0 / (1.0 + (-slope * x).exp()),
            Surrogate::Triangular { height, width } => {
                let c = x.clamp(-width, width);
                height * (c - c * c.abs() / (2.0 * width))
            }
            Surrogate::StraightThrough => x,
            Surrogate::SpikeRateEscape { beta, slope } => {
                slope / beta * (x - 1.0).signum() * (1.0 - (-beta * (x - 1.0).abs()).exp())
            }
            Surrogate::Heaviside => x.max(0.0),
            Surrogate::SparseFastSigmoid { slope, bound } => {
                primitive(Surrogate::FastSigmoid { slope }, x.max(bound))
            }
            Surrogate::SnnTorchTriangular { threshold } => -threshold * x.abs(),
        }
    }

    #[test]
    fn derivatives_are_those_of_their_primitives() {
        let surrogates = [
            Surrogate::FastSigmoid { slope: 5.0 },
            Surrogate::SuperSpike { alpha: 3.0 },
            Surrogate::ATan { alpha: 2.0 },
            Surrogate::Sigmoid { slope: 4.0 },
            Surrogate::Triangular { height: 0.3, width: 0.8 },
            Surrogate::StraightThrough,
            Surrogate::SpikeRateEscape { beta: 1.5, slope: 2.0 },
            Surrogate::Heaviside,
            Surrogate::SparseFastSigmoid { slope: 5.0, bound: -0.25 },
            Surrogate::SnnTorchTriangular { threshold: 0.5 },
        ];
        // No point within a difference of a kink.
        let xs: Vec<f64> = (-40..40).map(|k| 0.05 * k as f64 + 0.021).collect();
        let h = 1e-4;
        for surrogate in surrogates {
            let x = Tensor::<1>::from_floats(xs.as_slice(), &Device::default());
            let got = surrogate.derivative(x).into_data();
            for (x, got) in xs.iter().zip(got.iter::<f64>()) {
                let expected =
                    (primitive(surrogate, x + h) - primitive(surrogate, x - h)) / (2.0 * h);
                assert!((got - expected).abs() < 1e-5, "{surrogate:?} at {x}: {got}, {expected}");
            }
        }
    }

    #[test]
    fn sigmoid_does_not_overflow_far_from_the_threshold() {
        let x = Tensor::<1>::from_floats([-1e4, 1e4], &Device::default());
        let g = Surrogate::Sigmoid { slope: 25.0 }.derivative(x);
        assert_eq!(g.into_data().try_to_vec::<f32>().unwrap(), [0.0, 0.0]);
    }

    #[test]
    fn only_the_second_test_fires_at_the_threshold() {
        let x = || Tensor::<1>::from_floats([-0.1, 0.0, 0.1], &Device::default());
        let fired = |test: SpikeTest| test.apply(x()).into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(fired(SpikeTest::Above), [0.0, 0.0, 1.0]);
        assert_eq!(fired(SpikeTest::AtOrAbove), [0.0, 1.0, 1.0]);
    }
}

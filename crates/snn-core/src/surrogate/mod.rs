//! Spikes, and the derivative that stands in for that of the Heaviside step.
//!
//! A spike is `Θ(x)` with `x = v - threshold`: its derivative is zero wherever it exists, so
//! backpropagation uses a smooth `g(x)` in its place (Neftci, Mostafa and Zenke, *Surrogate Gradient
//! Learning in Spiking Neural Networks*, IEEE Signal Processing Magazine 36, 2019).

mod derivative;
mod named;
mod sampled;
mod spike;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::error::{ConfigError, check, finite, positive};
pub use sampled::SampledDerivative;
pub(crate) use spike::with_gradient;
pub use spike::{SpikeTest, spike, spike_with};

/// The derivative `g(x)` of a spike with respect to `x = v - threshold`.
///
/// Forward, all of them are the same step. `x` is in the unit of the membrane, so slopes are per
/// that unit. What a library knows under another name or with other parameters has a constructor,
/// [`Surrogate::erf`] for example.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// `height / (slope |x| + 1)²`, the derivative of a soft sign.
    SoftSign {
        /// Height of the peak.
        height: f64,
        /// Steepness.
        slope: f64,
    },
    /// `(alpha / 2) / (1 + (π alpha x / 2)²)`, the derivative of an arctangent (Fang et al.,
    /// *Incorporating Learnable Membrane Time Constant*, ICCV 2021). snnTorch and SpikingJelly
    /// `atan`, where alpha is 2.
    ATan {
        /// Twice the height of the peak.
        alpha: f64,
    },
    /// `k σ(k x) σ(-k x)`, the derivative of a logistic function. snnTorch `sigmoid` (25),
    /// SpikingJelly `Sigmoid` (4).
    Sigmoid {
        /// Steepness `k`; the peak is `k / 4`.
        slope: f64,
    },
    /// `1 - tanh(slope x)²`. Norse `tanh`.
    Tanh {
        /// Steepness.
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
    /// `height` where `|x| < width / 2`, else `0`. SpikingJelly `Rect`.
    Boxcar {
        /// Height.
        height: f64,
        /// Width of the support.
        width: f64,
    },
    /// `height` where `x ≥ -below`, else `0`. sinabs `Heaviside`, Rockpool `StepPWL`.
    Window {
        /// Height.
        height: f64,
        /// How far below the threshold it begins.
        below: f64,
    },
    /// `height · exp(-|x| / width)` (Shrestha and Orchard, *SLAYER*, NeurIPS 2018). sinabs
    /// `SingleExponential`, SpikingJelly `PiecewiseExp`.
    Exponential {
        /// Height of the peak.
        height: f64,
        /// Distance from the threshold at which it has fallen to `1 / e`.
        width: f64,
    },
    /// `height · exp(-d / width)`, with `d` the distance from the threshold below it, and twice the
    /// distance from the nearest multiple of `period` above it: for neurons that may spike several
    /// times in a step (Weidel and Sheik, *WaveSense*, arXiv:2111.01456). sinabs
    /// `PeriodicExponential`.
    PeriodicExponential {
        /// Height of the peaks.
        height: f64,
        /// Distance below the threshold at which it has fallen to `1 / e`.
        width: f64,
        /// The threshold, which is the distance between peaks.
        period: f64,
    },
    /// `slope · exp(-beta |x - 1|)`, centred one unit above the threshold. snnTorch
    /// `spike_rate_escape` (beta 1, slope 25).
    SpikeRateEscape {
        /// Rate at which it falls off.
        beta: f64,
        /// Height of the peak.
        slope: f64,
    },
    /// `scale · N(x; mean, sigma)`, a normal density. sinabs `Gaussian` (0, 0.5, 1).
    Gaussian {
        /// Area under the curve.
        scale: f64,
        /// Centre, relative to the threshold.
        mean: f64,
        /// Standard deviation.
        sigma: f64,
    },
    /// `scale · ((1 + h) N(x; mean, σ) - h N(x; σ, s σ) - h N(x; -σ, s σ))`, a normal density between
    /// two negative ones (Yin, Corradi and Bohté, *Accurate and efficient time-domain classification
    /// with adaptive spiking recurrent neural networks*, Nature Machine Intelligence 3, 2021).
    /// sinabs `MultiGaussian` (scale 1, mean 0, σ 0.5, h 0.15, s 6).
    MultiGaussian {
        /// Factor on all of it.
        scale: f64,
        /// Centre of the positive density, relative to the threshold.
        mean: f64,
        /// Its standard deviation `σ`.
        sigma: f64,
        /// Weight `h` of the negative densities.
        height: f64,
        /// Their width `s`, in units of `σ`.
        spread: f64,
    },
    /// `a³ / (a² + x²)^1.5`, the derivative of `x / sqrt(a² + x²)`, scaled to a peak of 1. Norse
    /// `circ`.
    Circ {
        /// Width `a`.
        alpha: f64,
    },
    /// `alpha / (1 + alpha |x|)`, the derivative of `sign(x) ln(1 + alpha |x|)`. SpikingJelly
    /// `NonzeroSignLogAbs` (1).
    LogAbs {
        /// Height of the peak.
        alpha: f64,
    },
    /// `(1 + 2 |x| / (alpha - 1))^-alpha` (Herranz-Celotti and Rouat, *Stabilizing Spiking Neuron
    /// Training*, arXiv:2202.00282). SpikingJelly `QPseudoSpike` (2).
    QPseudoSpike {
        /// Exponent, above 1; the larger, the thinner the tail.
        alpha: f64,
    },
    /// `alpha σ(alpha x) σ(-alpha x)` below the threshold, `beta / (1 + x)` from it on (Suetake et
    /// al., *S2NN*, arXiv:2201.10879). SpikingJelly `S2NN` (4, 1).
    S2nn {
        /// Steepness below the threshold.
        alpha: f64,
        /// Height at and above the threshold.
        beta: f64,
    },
    /// `1 / (2 width)` where `|x| ≤ width`, `leak` elsewhere (Yin et al., arXiv:1710.03070).
    /// SpikingJelly `PiecewiseLeakyReLU` (1, 0.01).
    PiecewiseLeakyRelu {
        /// Half the width of the middle part.
        width: f64,
        /// Height outside of it.
        leak: f64,
    },
    /// `leak` below the threshold, `slope` from it on. SpikingJelly `LeakyKReLU` (0, 1), snnTorch
    /// `LSO` (leak 0.1, slope 1).
    LeakyRelu {
        /// Height below the threshold.
        leak: f64,
        /// Height from the threshold on.
        slope: f64,
    },
    /// `leak` up to the threshold, `1` one unit above it, `1 / x` beyond (Cai et al., *Deep
    /// learning with low precision by half-wave Gaussian quantization*, CVPR 2017). SpikingJelly
    /// `LogTailedReLU` (0).
    LogTailedRelu {
        /// Height up to the threshold.
        leak: f64,
    },
    /// `1` everywhere (Bengio, Léonard and Courville, arXiv:1308.3432).
    StraightThrough,
    /// `1` above the threshold, else `0`: snnTorch `heaviside`.
    Heaviside,
    /// `1 / (slope |x| + 1)²` where `x > bound`, else `0`: snnTorch `SFS` without its noise.
    SparseFastSigmoid {
        /// Steepness.
        slope: f64,
        /// Lower end of the support, relative to the threshold.
        bound: f64,
    },
    /// `1` above the threshold, noise `(u - 0.5 + mean) · variance` with `u` uniform in `[0, 1)` up to
    /// it: snnTorch `SSO` (0, 0.2). The noise is a fixed function of `x` and `seed`, so that a run can
    /// be repeated.
    StochasticSpike {
        /// Shift of the noise.
        mean: f64,
        /// Scale of the noise.
        variance: f64,
        /// Selects the noise.
        seed: u32,
    },
    /// `+threshold` below the threshold and `-threshold` from it on: what snnTorch calls
    /// `triangular`. It drives membranes above threshold the wrong way; kept to reproduce results
    /// obtained with it. [`Surrogate::Triangular`] is the triangle.
    SnnTorchTriangular {
        /// Magnitude.
        threshold: f64,
    },
    /// Any function of `x`, given by samples of it: [`Surrogate::sampled`].
    Sampled(SampledDerivative),
}

impl Default for Surrogate {
    /// snnTorch's default, `ATan { alpha: 2.0 }`.
    fn default() -> Self {
        Self::ATan { alpha: 2.0 }
    }
}

/// What the derivative of a neuron's spike is a derivative by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SurrogateUnit {
    /// `x = v - threshold`: the surrogate has the same width whatever the threshold, and a spike
    /// has a gradient with respect to the threshold too. snnTorch, Norse, hxtorch, SpikingJelly.
    #[default]
    Membrane,
    /// `x = v / threshold - 1`: the surrogate is as wide as the threshold is high, and a spike has no
    /// gradient with respect to the threshold. sinabs `SingleExponential`.
    Threshold,
}

impl Surrogate {
    /// Itself, if every parameter means something.
    pub(crate) fn validated(&self) -> Result<Self, ConfigError> {
        let (positives, finites): (Vec<(&'static str, f64)>, Vec<f64>) = match *self {
            Self::FastSigmoid { slope } | Self::Sigmoid { slope } | Self::Tanh { slope } => {
                (vec![("surrogate slope", slope)], vec![])
            }
            Self::SuperSpike { alpha }
            | Self::ATan { alpha }
            | Self::Circ { alpha }
            | Self::LogAbs { alpha } => (vec![("surrogate alpha", alpha)], vec![]),
            Self::SoftSign { height, slope } => {
                (vec![("surrogate height", height), ("surrogate slope", slope)], vec![])
            }
            Self::Triangular { height, width }
            | Self::Boxcar { height, width }
            | Self::Exponential { height, width } => {
                (vec![("surrogate height", height), ("surrogate width", width)], vec![])
            }
            Self::Window { height, below } => (vec![("surrogate height", height)], vec![below]),
            Self::PeriodicExponential { height, width, period } => (
                vec![
                    ("surrogate height", height),
                    ("surrogate width", width),
                    ("surrogate period", period),
                ],
                vec![],
            ),
            Self::SpikeRateEscape { beta, slope } => {
                (vec![("surrogate beta", beta), ("surrogate slope", slope)], vec![])
            }
            Self::Gaussian { scale, mean, sigma } => {
                (vec![("surrogate scale", scale), ("surrogate sigma", sigma)], vec![mean])
            }
            Self::MultiGaussian { scale, mean, sigma, height, spread } => {
                let positives = vec![
                    ("surrogate scale", scale),
                    ("surrogate sigma", sigma),
                    ("surrogate spread", spread),
                ];
                (positives, vec![mean, height])
            }
            Self::QPseudoSpike { alpha } => {
                check("surrogate alpha", alpha, "a number above 1", alpha > 1.0)?;
                (vec![("surrogate alpha", alpha)], vec![])
            }
            Self::S2nn { alpha, beta } => {
                (vec![("surrogate alpha", alpha), ("surrogate beta", beta)], vec![])
            }
            Self::PiecewiseLeakyRelu { width, leak } => {
                (vec![("surrogate width", width)], vec![leak])
            }
            Self::LeakyRelu { leak, slope } => (vec![], vec![leak, slope]),
            Self::LogTailedRelu { leak } => (vec![], vec![leak]),
            Self::SparseFastSigmoid { slope, bound } => {
                (vec![("surrogate slope", slope)], vec![bound])
            }
            Self::StochasticSpike { mean, variance, .. } => (vec![], vec![mean, variance]),
            Self::SnnTorchTriangular { threshold } => {
                (vec![("surrogate threshold", threshold)], vec![])
            }
            Self::StraightThrough | Self::Heaviside | Self::Sampled(_) => (vec![], vec![]),
        };
        for (name, value) in positives {
            positive(name, value)?;
        }
        for value in finites {
            finite("surrogate parameter", value)?;
        }
        Ok(self.clone())
    }
}

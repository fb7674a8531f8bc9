//! `g(x)` of every surrogate: the one place where it is written, for tensors and for the lanes of the
//! CPU kernels alike.

use core::f64::consts::{FRAC_PI_2, PI};

use burn::tensor::Tensor;

use super::Surrogate;
use crate::real::{Lanes, Real};

impl Surrogate {
    /// `g(x)`, element by element; any shape.
    pub fn derivative<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Sampled(samples) => samples.at(x),
            other => other.formula(x),
        }
    }

    /// `g(x)` of lanes.
    #[inline(always)]
    pub(crate) fn derivative_of_lanes(&self, x: Lanes) -> Lanes {
        match self {
            Self::Sampled(samples) => Lanes(x.0.map(|x| samples.at_number(x))),
            other => other.formula(x),
        }
    }

    /// `g(x)` in whatever numbers, unless it is [`Surrogate::Sampled`].
    #[inline(always)]
    pub(crate) fn formula<R: Real>(&self, x: R) -> R {
        match *self {
            Self::FastSigmoid { slope } | Self::SuperSpike { alpha: slope } => {
                fast_sigmoid(x, slope)
            }
            Self::SoftSign { height, slope } => fast_sigmoid(x, slope).times(height),
            Self::ATan { alpha } => {
                x.times(FRAC_PI_2 * alpha).square().plus(1.0).recip().times(alpha / 2.0)
            }
            Self::Sigmoid { slope } => logistic(x, slope),
            // 1 - tanh², without the cancellation: four times the derivative of a logistic at 2 k x.
            Self::Tanh { slope } => logistic(x, 2.0 * slope).times(2.0 / slope),
            Self::Triangular { height, width } => {
                x.abs().times(-1.0 / width).plus(1.0).at_least(0.0).times(height)
            }
            Self::Boxcar { height, width } => {
                let (inside, outside) = (x.filled(height), x.filled(0.0));
                x.abs().if_below(width / 2.0, inside, outside)
            }
            Self::Window { height, below } => {
                let (inside, outside) = (x.filled(height), x.filled(0.0));
                x.if_below(-below, outside, inside)
            }
            Self::Exponential { height, width } => exponential(x, width).times(height),
            Self::PeriodicExponential { height, width, period } => {
                // Below the threshold the nearest multiple is always zero.
                let multiple = x.clone().times(1.0 / period).plus(0.5).floor().at_least(0.0);
                let above = (x.clone() - multiple.times(period)).times(2.0);
                exponential(x.clone().if_below(0.0, x, above), width).times(height)
            }
            Self::SpikeRateEscape { beta, slope } => {
                exponential(x.plus(-1.0), 1.0 / beta).times(slope)
            }
            Self::Gaussian { scale, mean, sigma } => normal(x, mean, sigma).times(scale),
            Self::MultiGaussian { scale, mean, sigma, height, spread } => {
                let left = normal(x.clone(), -sigma, spread * sigma);
                let right = normal(x.clone(), sigma, spread * sigma);
                let middle = normal(x, mean, sigma).times(1.0 + height);
                (middle - (left + right).times(height)).times(scale)
            }
            Self::Circ { alpha } => {
                let inverse = x.square().plus(alpha * alpha).sqrt().recip().times(alpha);
                inverse.clone().square() * inverse
            }
            Self::LogAbs { alpha } => x.abs().times(alpha).plus(1.0).recip().times(alpha),
            Self::QPseudoSpike { alpha } => {
                x.abs().times(2.0 / (alpha - 1.0)).plus(1.0).powf(-alpha)
            }
            Self::S2nn { alpha, beta } => {
                let above = x.clone().at_least(0.0).plus(1.0).recip().times(beta);
                let below = logistic(x.clone(), alpha);
                x.if_below(0.0, below, above)
            }
            Self::PiecewiseLeakyRelu { width, leak } => {
                let (inside, outside) = (x.filled(0.5 / width), x.filled(leak));
                x.abs().if_above(width, outside, inside)
            }
            Self::LeakyRelu { leak, slope } => {
                let (below, above) = (x.filled(leak), x.filled(slope));
                x.if_below(0.0, below, above)
            }
            Self::LogTailedRelu { leak } => {
                let (below, above) = (x.filled(leak), x.clone().at_least(1.0).recip());
                x.if_above(0.0, above, below)
            }
            Self::StraightThrough => x.filled(1.0),
            Self::Heaviside => {
                let (below, above) = (x.filled(0.0), x.filled(1.0));
                x.if_above(0.0, above, below)
            }
            Self::SparseFastSigmoid { slope, bound } => {
                let (below, above) = (x.filled(0.0), fast_sigmoid(x.clone(), slope));
                x.if_above(bound, above, below)
            }
            Self::StochasticSpike { mean, variance, seed } => {
                // The usual one-line hash of shaders: its low digits are as good as random.
                let waves = x.clone().times(12.9898).plus(f64::from(seed % 1024)).sin();
                let u = waves.times(43_758.547);
                let u = u.clone() - u.floor();
                let (above, noise) = (x.filled(1.0), u.plus(mean - 0.5).times(variance));
                x.if_above(0.0, above, noise)
            }
            Self::SnnTorchTriangular { threshold } => {
                let (below, above) = (x.filled(threshold), x.filled(-threshold));
                x.if_below(0.0, below, above)
            }
            // Not a formula: `derivative` looks it up.
            Self::Sampled(_) => x.filled(f64::NAN),
        }
    }
}

#[inline(always)]
fn fast_sigmoid<R: Real>(x: R, slope: f64) -> R {
    x.abs().times(slope).plus(1.0).square().recip()
}

/// `k σ(k x) σ(-k x)`
#[inline(always)]
fn logistic<R: Real>(x: R, k: f64) -> R {
    // e^-k|x| instead of e^-kx: the derivative is even, and this one cannot overflow.
    let e = x.abs().times(-k).exp();
    (e.clone() * e.plus(1.0).square().recip()).times(k)
}

#[inline(always)]
fn exponential<R: Real>(x: R, width: f64) -> R {
    x.abs().times(-1.0 / width).exp()
}

#[inline(always)]
fn normal<R: Real>(x: R, mean: f64, sigma: f64) -> R {
    let exponent = x.plus(-mean).square().times(-0.5 / (sigma * sigma));
    exponent.exp().times(1.0 / (sigma * (2.0 * PI).sqrt()))
}

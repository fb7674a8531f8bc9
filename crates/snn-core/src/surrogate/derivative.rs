//! `g(x)` of every surrogate, from ordinary tensor operations: the one place where it is written.

use core::f64::consts::{FRAC_PI_2, PI};

use burn::tensor::Tensor;

use super::Surrogate;

impl Surrogate {
    /// `g(x)`, element by element; any shape.
    pub fn derivative<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match *self {
            Self::FastSigmoid { slope } | Self::SuperSpike { alpha: slope } => {
                fast_sigmoid(x, slope)
            }
            Self::SoftSign { height, slope } => fast_sigmoid(x, slope).mul_scalar(height),
            Self::ATan { alpha } => {
                let scaled = x.mul_scalar(FRAC_PI_2 * alpha);
                scaled.square().add_scalar(1.0).recip().mul_scalar(alpha / 2.0)
            }
            Self::Sigmoid { slope } => logistic(x, slope),
            // 1 - tanh², without the cancellation: four times the derivative of a logistic at 2 k x.
            Self::Tanh { slope } => logistic(x, 2.0 * slope).mul_scalar(2.0 / slope),
            Self::Triangular { height, width } => {
                (x.abs().mul_scalar(-1.0 / width) + 1.0).clamp_min(0.0).mul_scalar(height)
            }
            Self::Boxcar { height, width } => {
                x.abs().lower_scalar(width / 2.0).float().mul_scalar(height)
            }
            Self::Window { height, below } => {
                x.greater_equal_scalar(-below).float().mul_scalar(height)
            }
            Self::Exponential { height, width } => exponential(x, width).mul_scalar(height),
            Self::PeriodicExponential { height, width, period } => {
                // Below the threshold the nearest multiple is always zero.
                let multiple = x.clone().div_scalar(period).add_scalar(0.5).floor().clamp_min(0.0);
                let below = x.clone().lower_scalar(0.0);
                let distance = (x.clone() - multiple.mul_scalar(period)).mul_scalar(2.0);
                exponential(distance.mask_where(below, x), width).mul_scalar(height)
            }
            Self::SpikeRateEscape { beta, slope } => {
                exponential(x.sub_scalar(1.0), 1.0 / beta).mul_scalar(slope)
            }
            Self::Gaussian { scale, mean, sigma } => normal(x, mean, sigma).mul_scalar(scale),
            Self::MultiGaussian { scale, mean, sigma, height, spread } => {
                let sides = normal(x.clone(), sigma, spread * sigma)
                    + normal(x.clone(), -sigma, spread * sigma);
                (normal(x, mean, sigma).mul_scalar(1.0 + height) - sides.mul_scalar(height))
                    .mul_scalar(scale)
            }
            Self::Circ { alpha } => {
                let inverse = x.square().add_scalar(alpha * alpha).sqrt().recip().mul_scalar(alpha);
                inverse.clone().square() * inverse
            }
            Self::LogAbs { alpha } => x.abs().mul_scalar(alpha).add_scalar(1.0).recip() * alpha,
            Self::QPseudoSpike { alpha } => {
                let base = x.abs().mul_scalar(2.0 / (alpha - 1.0)).add_scalar(1.0);
                base.powf_scalar(-alpha)
            }
            Self::S2nn { alpha, beta } => {
                let above = x.clone().clamp_min(0.0).add_scalar(1.0).recip().mul_scalar(beta);
                above.mask_where(x.clone().lower_scalar(0.0), logistic(x, alpha))
            }
            Self::PiecewiseLeakyRelu { width, leak } => {
                let inside = x.abs().lower_equal_scalar(width).float();
                inside.mul_scalar(0.5 / width - leak).add_scalar(leak)
            }
            Self::LeakyRelu { leak, slope } => {
                x.greater_equal_scalar(0.0).float().mul_scalar(slope - leak).add_scalar(leak)
            }
            Self::LogTailedRelu { leak } => {
                let below = x.clone().lower_equal_scalar(0.0);
                x.clamp_min(1.0).recip().mask_fill(below, leak)
            }
            Self::StraightThrough => x.ones_like(),
            Self::Heaviside => x.greater_scalar(0.0).float(),
            Self::SparseFastSigmoid { slope, bound } => {
                x.clone().greater_scalar(bound).float() * fast_sigmoid(x, slope)
            }
            Self::StochasticSpike { mean, variance, seed } => {
                // The usual one-line hash of shaders: its low digits are as good as random.
                let waves = x.clone().mul_scalar(12.9898).add_scalar(f64::from(seed % 1024)).sin();
                let u = waves.mul_scalar(43_758.547);
                let u = u.clone() - u.floor();
                let noise = u.add_scalar(mean - 0.5).mul_scalar(variance);
                noise.mask_fill(x.greater_scalar(0.0), 1.0)
            }
            Self::SnnTorchTriangular { threshold } => {
                x.lower_scalar(0.0).float().mul_scalar(2.0 * threshold).sub_scalar(threshold)
            }
            Self::Sampled(ref samples) => samples.at(x),
        }
    }
}

fn fast_sigmoid<const D: usize>(x: Tensor<D>, slope: f64) -> Tensor<D> {
    x.abs().mul_scalar(slope).add_scalar(1.0).square().recip()
}

/// `k σ(k x) σ(-k x)`
fn logistic<const D: usize>(x: Tensor<D>, k: f64) -> Tensor<D> {
    // e^-k|x| instead of e^-kx: the derivative is even, and this one cannot overflow.
    let e = x.abs().mul_scalar(-k).exp();
    e.clone() * e.add_scalar(1.0).square().recip() * k
}

fn exponential<const D: usize>(x: Tensor<D>, width: f64) -> Tensor<D> {
    x.abs().mul_scalar(-1.0 / width).exp()
}

fn normal<const D: usize>(x: Tensor<D>, mean: f64, sigma: f64) -> Tensor<D> {
    let squared = x.sub_scalar(mean).square();
    squared.mul_scalar(-0.5 / (sigma * sigma)).exp().mul_scalar(1.0 / (sigma * (2.0 * PI).sqrt()))
}

//! Surrogates under the names and with the parameters of the libraries they come from.

use super::Surrogate;

impl Surrogate {
    /// `alpha / sqrt(π) · exp(-(alpha x)²)`, the derivative of an error function. SpikingJelly `Erf`
    /// (2).
    pub fn erf(alpha: f64) -> Self {
        Self::Gaussian { scale: 1.0, mean: 0.0, sigma: 1.0 / (alpha * 2f64.sqrt()) }
    }

    /// `2 / sqrt(π) · exp(-(k x)²)`. Norse `heavi_erfc`.
    pub fn norse_heavi_erfc(k: f64) -> Self {
        Self::Gaussian { scale: 2.0 / k, mean: 0.0, sigma: 1.0 / (k * 2f64.sqrt()) }
    }

    /// `alpha · max(0, 1 - |x|)`. Norse `triangle` (0.3).
    pub fn norse_triangle(alpha: f64) -> Self {
        Self::Triangular { height: alpha, width: 1.0 }
    }

    /// `max(0, alpha - alpha² |x|)`. SpikingJelly `PiecewiseQuadratic` (1).
    pub fn piecewise_quadratic(alpha: f64) -> Self {
        Self::Triangular { height: alpha, width: 1.0 / alpha }
    }

    /// `alpha / 2 · exp(-alpha |x|)`. SpikingJelly `PiecewiseExp` (1).
    pub fn piecewise_exp(alpha: f64) -> Self {
        Self::Exponential { height: alpha / 2.0, width: 1.0 / alpha }
    }

    /// `(alpha / 2) / (1 + alpha |x|)²`. SpikingJelly `SoftSign` (2).
    pub fn spikingjelly_soft_sign(alpha: f64) -> Self {
        Self::SoftSign { height: alpha / 2.0, slope: alpha }
    }

    /// `alpha / (1 + |x|)²`: SpikingJelly's `SuperSpike` (1), where alpha is a height.
    pub fn spikingjelly_super_spike(alpha: f64) -> Self {
        Self::SoftSign { height: alpha, slope: 1.0 }
    }

    /// `alpha` where `|x| < 1 / (2 alpha)`. SpikingJelly `Rect` (1).
    pub fn rect(alpha: f64) -> Self {
        Self::Boxcar { height: alpha, width: 1.0 / alpha }
    }

    /// `1` above the threshold, `slope` up to it: what snnTorch's `LSO` (0.1) is meant to be.
    pub fn snntorch_lso(slope: f64) -> Self {
        Self::LeakyRelu { leak: slope, slope: 1.0 }
    }

    /// sinabs `SingleExponential` (0.5, 1), for neurons whose surrogate is in units of the threshold
    /// ([`SurrogateUnit::Threshold`](super::SurrogateUnit)).
    pub fn sinabs_single_exponential(grad_width: f64, grad_scale: f64) -> Self {
        Self::Exponential { height: grad_scale / grad_width, width: grad_width }
    }
}

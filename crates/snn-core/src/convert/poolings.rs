//! Poolings between weights and a normalization that is folded into them.

use burn::nn::BatchNorm;
use burn::tensor::Tensor;

use super::affine::Affine;

/// Poolings after the last weights: their effect on a scale and a shift of each channel.
///
/// Sums and means are linear, so a scale passes through them as it is; a shift comes out times `gain`, if
/// that is the same everywhere. The largest of a window stays the largest under a scale above 0, and is
/// shifted as all are, also where the window is padded: with values below all others.
pub(super) struct Poolings {
    /// Mean output of the poolings for an input of ones.
    pub gain: f32,
    /// Whether every output is equal to that mean: no window is cut, or padded with zeros that count.
    uniform: bool,
    /// Whether one of them takes the largest of a window.
    largest: bool,
}

impl Poolings {
    pub fn none() -> Self {
        Self { gain: 1.0, uniform: true, largest: false }
    }

    pub fn add_max(&mut self) {
        self.largest = true;
    }

    /// Adds a linear pooling by its output for an input of ones: `whole` for a whole window.
    pub fn add_linear(&mut self, ones: Tensor<4>, whole: f32) {
        let ones: Vec<f32> = ones.into_data().iter().collect();
        // Means are rounded where a window is not a power of two.
        let is_whole = |one: &f32| (one - whole).abs() <= 1e-5 * whole;
        if ones.iter().all(is_whole) {
            self.gain *= whole;
        } else {
            self.uniform = false;
            self.gain *= ones.iter().sum::<f32>() / ones.len() as f32;
        }
    }

    /// The affine map that has the effect of `norm` when applied before the poolings, or the reason there is
    /// none.
    pub fn moved_before(&self, norm: &BatchNorm) -> Result<Affine, String> {
        let mut norm = Affine::of_norm(norm)?;
        if let (true, Some((channel, scale))) = (self.largest, norm.first_not_positive()) {
            return Err(format!(
                "its scale, gamma / sqrt(var + epsilon), is {scale} in channel {channel}, and a max pooling \
                 is between it and the weights before it, whose largest value only a scale above 0 keeps: \
                 train with the BatchNorm before the pooling, or with a gamma above 0"
            ));
        }
        if norm.is_shifted() && !self.uniform {
            return Err("it adds a constant, and a pooling between it and the weights before it counts \
                        zeros at the border, where the constant is less: train with the BatchNorm before \
                        the pooling, or with a pooling without padding (or `count_include_pad` false)"
                .into());
        }
        norm.divide_shift(self.gain);
        Ok(norm)
    }
}

//! Poolings between weights and what is folded into them.

use burn::nn::BatchNorm;
use burn::tensor::Tensor;

use super::affine::Affine;

/// The poolings behind the last weights: what they do to a scaling and a shift of each channel.
///
/// Sums and means are linear, so a scale passes through them as it is; a shift comes out times `gain`, if
/// that is the same everywhere. The largest of a window stays the largest under a scale above 0, and is
/// shifted as all are, also where the window is padded: with values below all others.
pub(super) struct Poolings {
    /// What an input of ones is behind them, on average.
    pub gain: f32,
    /// Whether it is that everywhere: no window is cut or padded with zeros that count.
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

    /// Adds a pooling that makes `ones` of an input of ones, and `whole` where a window is whole.
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

    /// What `norm` behind them is in front of them, or why there is no such thing.
    pub fn in_front(&self, norm: &BatchNorm) -> Result<Affine, String> {
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

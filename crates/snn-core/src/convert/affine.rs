//! How the values of a spiking network relate to those of its original.

use burn::nn::BatchNorm;
use burn::tensor::Tensor;

use crate::sequential::Weights;

/// The original has, for each channel, `scale` times what the spiking network has, plus `shift`.
pub(super) struct Affine {
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl Affine {
    /// The same in both.
    pub(super) fn identity(channels: usize) -> Self {
        Self::scaled(vec![1.0; channels])
    }

    pub(super) fn scaled(scale: Vec<f32>) -> Self {
        Self { shift: vec![0.0; scale.len()], scale }
    }

    /// What a normalization by running statistics does.
    pub(super) fn of_norm(norm: &BatchNorm) -> Result<Self, String> {
        let values = |x: Tensor<1>| -> Vec<f32> { x.into_data().iter().collect() };
        let (gamma, beta) = (values(norm.gamma.val()), values(norm.beta.val()));
        let mean = values(norm.running_mean.value_sync());
        let variance = values(norm.running_var.value_sync());
        let scale = gamma.iter().zip(&variance).map(|(gamma, variance)| {
            (f64::from(*gamma) / (f64::from(*variance) + norm.epsilon).sqrt()) as f32
        });
        let scale: Vec<f32> = scale.collect();
        let shift: Vec<f32> = (0..scale.len()).map(|c| beta[c] - scale[c] * mean[c]).collect();
        match scale.iter().chain(&shift).all(|value| value.is_finite()) {
            true => Ok(Self { scale, shift }),
            false => Err("its parameters are not finite".into()),
        }
    }

    pub(super) fn channels(&self) -> usize {
        self.scale.len()
    }

    pub(super) fn is_identity(&self) -> bool {
        !self.is_shifted() && self.scale.iter().all(|scale| *scale == 1.0)
    }

    pub(super) fn is_shifted(&self) -> bool {
        self.shift.iter().any(|shift| *shift != 0.0)
    }

    /// Whether what is not negative here is not negative in the original.
    pub(super) fn keeps_sign(&self) -> bool {
        !self.is_shifted() && self.scale.iter().all(|scale| *scale >= 0.0)
    }

    /// The first channel in which the largest here is not the largest in the original, and its scale.
    pub(super) fn first_not_positive(&self) -> Option<(usize, f32)> {
        self.scale.iter().copied().enumerate().find(|(_, scale)| *scale <= 0.0)
    }

    /// Divides the shift, for a map applied before a layer that multiplies a constant by `gain`.
    pub(super) fn divide_shift(&mut self, gain: f32) {
        self.shift.iter_mut().for_each(|shift| *shift /= gain);
    }

    /// The scale of all channels, if it is one, and nothing is shifted.
    pub(super) fn common_scale(&self) -> Option<f32> {
        let alike = self.scale.windows(2).all(|pair| pair[0] == pair[1]);
        let scale = self.scale.first().copied().unwrap_or(1.0);
        (alike && !self.is_shifted()).then_some(scale)
    }

    /// Behind a mean, in place of which the spiking network has a sum of so many.
    pub(super) fn mean_for_sum(&mut self, number: usize) {
        let factor = 1.0 / number as f32;
        self.scale.iter_mut().for_each(|scale| *scale *= factor);
    }

    /// Behind a sum of so many in both.
    pub(super) fn sum(&mut self, number: usize) {
        self.shift.iter_mut().for_each(|shift| *shift *= number as f32);
    }

    /// Behind `next`, which is in the original alone.
    pub(super) fn then(&mut self, next: &Self) {
        for channel in 0..self.channels() {
            self.scale[channel] *= next.scale[channel];
            self.shift[channel] = self.shift[channel] * next.scale[channel] + next.shift[channel];
        }
    }

    /// Where each of so many pixels is a channel of its own.
    pub(super) fn flatten(&mut self, pixels: usize) {
        let each =
            |values: &[f32]| values.iter().flat_map(|x| std::iter::repeat_n(*x, pixels)).collect();
        (self.scale, self.shift) = (each(&self.scale), each(&self.shift));
    }

    /// Puts it into the weights behind.
    pub(super) fn fold_forward(&self, weights: &mut Weights<'_>) {
        weights.take_input(&self.scale, &self.shift);
    }

    /// Puts it into the weights in front.
    pub(super) fn fold_backward(&self, weights: &mut Weights<'_>) {
        weights.scale_output(&self.scale);
        weights.add(&self.shift);
    }
}

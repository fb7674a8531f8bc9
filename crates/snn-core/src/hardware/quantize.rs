//! Numbers as integers of a chip, and the gradient through them.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// The integers that a register holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegerRange {
    /// The smallest.
    pub min: i32,
    /// The largest.
    pub max: i32,
}

impl IntegerRange {
    /// Two's complement: -128 to 127 for 8 bits.
    ///
    /// # Panics
    ///
    /// If there are no bits, or more than the 24 that 32-bit floats keep exact.
    pub fn signed(bits: u32) -> Self {
        assert!((1..=24).contains(&bits), "expected 1 to 24 bits, got {bits}");
        let half = 1 << (bits - 1);
        Self { min: -half, max: half - 1 }
    }

    /// 0 to 255 for 8 bits.
    ///
    /// # Panics
    ///
    /// See [`signed`](Self::signed).
    pub fn unsigned(bits: u32) -> Self {
        assert!((1..=24).contains(&bits), "expected 1 to 24 bits, got {bits}");
        Self { min: 0, max: (1 << bits) - 1 }
    }

    /// A magnitude and a sign: `-max` to `max`.
    pub fn symmetric(max: u32) -> Self {
        let max = i32::try_from(max).unwrap_or(i32::MAX);
        Self { min: -max, max }
    }

    /// The largest factor that keeps all `values` in the range; infinite if they are all zero.
    pub fn scale(&self, values: impl IntoIterator<Item = f64>) -> f64 {
        let limit = |value: f64| f64::from(if value < 0.0 { self.min } else { self.max });
        let scales = values.into_iter().filter(|value| *value != 0.0);
        scales.map(|value| limit(value) / value).fold(f64::INFINITY, f64::min)
    }
}

/// `round(scale · x) / scale`, at the end of the range where `scale · x` leaves it; halves are rounded
/// away from zero. Any shape. Zeros at an infinite scale, which is that of nothing but zeros.
///
/// Its gradient is that of `x`, inside the range and outside (a straight-through estimator; Bengio et
/// al., *Estimating or Propagating Gradients Through Stochastic Neurons*, 2013). Outside, the gradient of
/// a clamp would be zero, and a saturated weight could never come back.
///
/// The roundings are those of hxtorch, which sends `clamp(scale · w, -63, 63)` to the chip, rounded half
/// away from zero, and takes gradients as if it had sent `w`.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use snn_core::hardware::{IntegerRange, quantize};
///
/// let w = Tensor::<1>::from_floats([0.26, -0.125, 0.124, 40.0], &Device::default());
/// let on_chip = quantize(w, 4.0, IntegerRange::symmetric(63)); // steps of a quarter
/// assert_eq!(on_chip.into_data().try_to_vec::<f32>().unwrap(), [0.25, -0.25, 0.0, 15.75]);
/// ```
pub fn quantize<const D: usize>(x: Tensor<D>, scale: f64, range: IntegerRange) -> Tensor<D> {
    // As the tensor has it, in which zero times infinity is no number.
    let quantized = match (scale as f32).is_infinite() {
        true => x.zeros_like().detach(),
        false => {
            let scaled = x.clone().detach().mul_scalar(scale).clamp(range.min, range.max);
            let rounded = scaled.clone().abs().add_scalar(0.5).floor() * scaled.sign();
            rounded.div_scalar(scale)
        }
    };
    match x.device().is_autodiff() {
        // (x - x) is exactly zero.
        true => quantized + (x.clone() - x.detach()),
        false => quantized,
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn values(x: Tensor<1>) -> Vec<f32> {
        x.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn ranges_are_those_of_registers() {
        assert_eq!(IntegerRange::signed(8), IntegerRange { min: -128, max: 127 });
        assert_eq!(IntegerRange::signed(16), IntegerRange { min: -32768, max: 32767 });
        assert_eq!(IntegerRange::unsigned(8), IntegerRange { min: 0, max: 255 });
        assert_eq!(IntegerRange::symmetric(63), IntegerRange { min: -63, max: 63 });
    }

    #[test]
    fn a_scale_uses_the_range_as_far_as_every_value_fits() {
        let range = IntegerRange::signed(8);
        assert_eq!(range.scale([0.5, -0.25, 0.0]), 254.0);
        // There is one negative number more.
        assert_eq!(range.scale([0.5, -0.5]), 254.0);
        assert_eq!(range.scale([0.25, -0.5]), 256.0);
        assert_eq!(range.scale([-4.0]), 32.0);
        assert_eq!(range.scale([0.0, 0.0]), f64::INFINITY);
    }

    #[test]
    fn halves_go_away_from_zero_and_the_ends_saturate() {
        let x = [0.5, -0.5, 1.49, 2.5, -2.5, 62.6, 63.4, 64.0, -1e6, 0.0];
        let x = Tensor::from_floats(x, &Device::default());
        let expected = [1.0, -1.0, 1.0, 3.0, -3.0, 63.0, 63.0, 63.0, -63.0, 0.0];
        assert_eq!(values(quantize(x, 1.0, IntegerRange::symmetric(63))), expected);
        // Eight bits, in steps of 1/32.
        let x = Tensor::from_floats([0.1, 3.99, -4.2], &Device::default());
        let expected = [3.0 / 32.0, 127.0 / 32.0, -4.0];
        assert_eq!(values(quantize(x, 32.0, IntegerRange::signed(8))), expected);
    }

    #[test]
    fn zeros_stay_zeros_at_their_own_scale() {
        let range = IntegerRange::signed(8);
        let device = Device::default().autodiff();
        // The second scale is infinite in single precision alone.
        for scale in [range.scale([0.0, 0.0]), 1e40] {
            let x = Tensor::<1>::zeros([2], &device).require_grad();
            let y = quantize(x.clone(), scale, range);
            assert_eq!(values(y.clone()), [0.0, 0.0]);
            let gradients = y.sum().backward();
            assert_eq!(values(x.grad(&gradients).unwrap()), [1.0, 1.0]);
        }
    }

    #[test]
    fn gradients_pass_inside_the_range_and_outside() {
        let device = Device::default().autodiff();
        let x = Tensor::<1>::from_floats([0.3, -0.7, 100.0, -100.0], &device).require_grad();
        let y = quantize(x.clone(), 2.0, IntegerRange::symmetric(3));
        assert_eq!(values(y.clone()), [0.5, -0.5, 1.5, -1.5]);
        let weights = Tensor::from_floats([1.0, 2.0, 3.0, 4.0], &device);
        let gradients = (y * weights).sum().backward();
        assert_eq!(values(x.grad(&gradients).unwrap()), [1.0, 2.0, 3.0, 4.0]);
    }
}

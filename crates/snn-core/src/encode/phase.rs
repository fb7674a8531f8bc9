//! Weighted phase code: the binary digits of a value, the most significant first.

use burn::tensor::Tensor;

use super::EncodeError;
use super::error::check_values;
use crate::error::check;

/// Spikes `[T, ...]` from values `[...]` in `[0, 1 - 2^-T]`: at step `t` the binary digit of weight
/// `2^-(t+1)`. What is below the last weight is lost. For more than one period, repeat the spikes
/// with [`periodic`](fn@super::periodic).
///
/// Kim et al., "Deep neural networks with weighted spikes", Neurocomputing 311 (2018). SpikingJelly
/// `WeightedPhaseEncoder`.
///
/// # Errors
///
/// A value outside the range, fewer than 1 step or more than 126 (the weights would be too small for
/// 32 bits).
pub fn weighted_phase<const D: usize, const E: usize>(
    values: Tensor<D>,
    steps: usize,
) -> Result<Tensor<E>, EncodeError> {
    check("steps", steps as f64, "from 1 to 126 steps", (1..=126).contains(&steps))?;
    let largest = 1.0 - 0.5f64.powi(steps as i32);
    let expected = "a number from 0 to 1 - 2^-steps";
    check_values(&values, expected, |value| (0.0..=largest).contains(&value))?;
    // Scaling by a power of two, floor, and the difference of two neighbours are exact.
    let powers: Vec<f32> = (0..=steps).map(|t| 2f32.powi(t as i32)).collect();
    let mut shape = [1; E];
    shape[0] = steps + 1;
    let powers = Tensor::<1>::from_floats(powers.as_slice(), &values.device()).reshape(shape);
    let floors = (values.unsqueeze_dim::<E>(0) * powers).floor();
    let above = floors.clone().narrow(0, 0, steps);
    Ok(floors.narrow(0, 1, steps) - above.mul_scalar(2.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn spikes(value: f32, steps: usize) -> Vec<f32> {
        let values = Tensor::<1>::from_floats([value], &Device::default());
        weighted_phase::<1, 2>(values, steps).unwrap().into_data().try_to_vec().unwrap()
    }

    #[test]
    fn table_of_the_paper() {
        assert_eq!(spikes(192.0 / 256.0, 8), [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(spikes(1.0 / 256.0, 8), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(spikes(128.0 / 256.0, 8), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(spikes(255.0 / 256.0, 8), [1.0; 8]);
    }

    #[test]
    fn weighted_spikes_add_up_to_the_value() {
        for value in [0.0, 0.1, 0.37, 0.61803, 0.999] {
            let digits = spikes(value, 30);
            assert!(digits.iter().all(|z| [0.0, 1.0].contains(z)), "{digits:?}");
            let sum: f64 =
                digits.iter().zip(1..).map(|(z, t)| f64::from(*z) * 0.5f64.powi(t)).sum();
            let rest = f64::from(value) - sum;
            assert!((0.0..0.5f64.powi(30)).contains(&rest), "{value}: {rest}");
        }
    }

    #[test]
    fn what_cannot_be_encoded_says_why() {
        let message = |value: f32, steps| {
            let values = Tensor::<1>::from_floats([0.5, value], &Device::default());
            weighted_phase::<1, 2>(values, steps).unwrap_err().to_string()
        };
        assert_eq!(message(1.0, 4), "value 1: expected a number from 0 to 1 - 2^-steps, got 1");
        assert!(message(f32::NAN, 4).ends_with("got NaN"));
        assert_eq!(message(0.5, 0), "steps: expected from 1 to 126 steps, got 0");
    }
}

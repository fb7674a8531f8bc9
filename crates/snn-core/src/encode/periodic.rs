//! A spike pattern over and over.

use burn::tensor::{Int, Tensor};

/// Spikes `[steps, ...]` that repeat a pattern `[P, ...]`: step `t` is that of `t mod P`.
/// SpikingJelly `PeriodicEncoder`.
///
/// # Panics
///
/// If the pattern has no step, or none are asked for.
pub fn periodic<const D: usize>(pattern: Tensor<D>, steps: usize) -> Tensor<D> {
    let period = pattern.dims()[0];
    assert!(period > 0 && steps > 0, "{period} steps cannot be repeated to make {steps}");
    let step: Vec<i64> = (0..steps).map(|t| (t % period) as i64).collect();
    let step = Tensor::<1, Int>::from_data(step.as_slice(), &pattern.device());
    pattern.select(0, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn the_pattern_starts_over_and_may_be_cut() {
        let pattern =
            || Tensor::<2>::from_floats([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], &Device::default());
        let spikes = |steps| periodic(pattern(), steps).into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(spikes(5), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
        assert_eq!(spikes(2), [1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    #[should_panic(expected = "0 steps cannot be repeated to make 3")]
    fn an_empty_pattern_is_refused() {
        periodic(Tensor::<2>::zeros([0, 1], &Device::default()), 3);
    }
}

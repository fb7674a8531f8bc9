//! Rate code: at each step a spike with a probability given by the value.

use burn::tensor::{Tensor, TensorData};
use rand::{Rng, RngExt};

/// Draws spikes `[T, ...]` from values `[...]`: at each step an independent spike with the
/// probability `value`, clamped to `[0, 1]`. `E` is `D + 1`.
///
/// The draws come from `rng`, so the same seed gives the same spikes on every backend. snnTorch
/// `spikegen.rate`.
pub fn rate<const D: usize, const E: usize>(
    values: Tensor<D>,
    steps: usize,
    rng: &mut impl Rng,
) -> Tensor<E> {
    let mut shape = vec![steps];
    shape.extend(values.dims());
    let draws: Vec<f32> = (0..shape.iter().product()).map(|_| rng.random()).collect();
    let draws = Tensor::<E>::from_data(TensorData::new(draws, shape), &values.device());
    // Draws lie in [0, 1), so strictly below: a value of 0 never spikes, a value of 1 always does.
    draws.lower(values.unsqueeze_dim(0)).float()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn mean_rate_is_the_value_and_the_ends_are_exact() {
        let values = Tensor::<1>::from_floats([-1.0, 0.0, 0.3, 1.0, 2.0], &Device::default());
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let spikes: Tensor<2> = rate(values, 4000, &mut rng);
        let mean = spikes.mean_dim(0).into_data().try_to_vec::<f32>().unwrap();
        assert_eq!((mean[0], mean[1], mean[3], mean[4]), (0.0, 0.0, 1.0, 1.0));
        // Five standard deviations of the mean of 4,000 draws.
        assert!((mean[2] - 0.3).abs() < 5.0 * (0.3f32 * 0.7 / 4000.0).sqrt());
    }
}

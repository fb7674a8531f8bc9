//! Gaussian numbers, drawn where the same seed gives the same ones for every device.

use core::f64::consts::TAU;

use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, RngExt};

/// Independent draws from N(0, `std`), by the method of Box and Muller.
pub(super) fn gaussian<const D: usize>(
    shape: [usize; D],
    std: f64,
    rng: &mut impl Rng,
    device: &Device,
) -> Tensor<D> {
    let mut draw = |_| {
        let [radius, angle]: [f64; 2] = [rng.random(), rng.random()];
        // `random` may be 0, but not 1.
        (std * (-2.0 * (1.0 - radius).ln()).sqrt() * (TAU * angle).cos()) as f32
    };
    let draws: Vec<f32> = (0..shape.iter().product()).map(&mut draw).collect();
    Tensor::from_data(TensorData::new(draws, shape), device)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn draws_have_the_moments_of_the_distribution_and_follow_the_seed() {
        let draw = |seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let draws = gaussian([200, 500], 2.0, &mut rng, &Device::default());
            draws.into_data().iter::<f64>().collect::<Vec<f64>>()
        };
        let draws = draw(1);
        let moment = |k| draws.iter().map(|x| (x / 2.0).powi(k)).sum::<f64>() / draws.len() as f64;
        // Within about 4 standard errors of 100,000 draws.
        for (k, expected, error) in
            [(1, 0.0, 0.013), (2, 1.0, 0.018), (3, 0.0, 0.05), (4, 3.0, 0.13)]
        {
            assert!((moment(k) - expected).abs() < error, "moment {k}: {}", moment(k));
        }
        assert_eq!(draws, draw(1));
        assert_ne!(draws, draw(2));
    }
}

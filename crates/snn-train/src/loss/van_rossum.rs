//! The distance between spike trains.

use burn::tensor::Tensor;

use super::filter::causal_filter;
use super::mask::{check_mask, zero_padding};

/// Squared van Rossum distance of each neuron, `[B, N]`: `1/τ · Σ_t (f(t) - g(t))²`, where `f` and
/// `g` are the trains `[T, B, N]` with `exp(-t/τ)` for every spike; `tau` in steps. M. van Rossum, *A
/// Novel Spike Distance*, Neural Computation 13, 2001.
///
/// One spike more or less is a distance of about 1/2, a spike moved by much more than `τ` one of
/// about 1. lava-dl `SpikeTime` is `τ` times the sum over batch and neurons, with the filter cut off
/// after 100 steps.
///
/// # Panics
///
/// If there are no steps, the trains differ in shape, or `tau` is not a positive number.
#[doc(alias = "SpikeTime")]
pub fn van_rossum(spikes: Tensor<3>, targets: Tensor<3>, tau: f64) -> Tensor<2> {
    distances(spikes, targets, tau, None)
}

/// Computes [`van_rossum`] for recordings of different lengths, see [`loss`](super). The mask is
/// `[T, B]`; each sum ends with its recording.
///
/// # Panics
///
/// Also if the mask has another shape.
pub fn van_rossum_masked(
    spikes: Tensor<3>,
    targets: Tensor<3>,
    tau: f64,
    mask: &Tensor<2>,
) -> Tensor<2> {
    distances(spikes, targets, tau, Some(mask))
}

fn distances(
    spikes: Tensor<3>,
    targets: Tensor<3>,
    tau: f64,
    mask: Option<&Tensor<2>>,
) -> Tensor<2> {
    let (shape, got) = (spikes.dims(), targets.dims());
    check_mask(&shape, mask);
    assert_eq!(shape, got, "expected target trains {shape:?}, got {got:?}");
    assert!(tau.is_finite() && tau > 0.0, "expected a time constant above 0, got {tau}");
    // The filter is linear: that of the difference is the difference.
    let kernel = |k: usize| (-(k as f64) / tau).exp();
    let difference = spikes - targets;
    let trace = match mask {
        Some(mask) => zero_padding(causal_filter(zero_padding(difference, mask), kernel), mask),
        None => causal_filter(difference, kernel),
    };
    trace.square().sum_dim(0).squeeze_dim(0).div_scalar(tau)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{assert_close, differentiate, sequence, trains, values};

    #[test]
    fn a_spike_more_and_a_spike_moved() {
        let tau = 2.0;
        let distance = |a: &[usize], b: &[usize]| {
            values(van_rossum(trains(200, &[a]), trains(200, &[b]), tau))[0]
        };
        assert_eq!(distance(&[3, 50], &[3, 50]), 0.0);
        // 1/τ Σ e^(-2t/τ), a geometric series.
        let one = 1.0 / tau as f32 / (1.0 - (-2.0 / tau as f32).exp());
        assert_close(&[distance(&[3, 50], &[3])], &[one]);
        // Spikes d apart: twice that, less twice the overlap e^(-d/τ).
        let apart = 2.0 * one * (1.0 - (-3.0 / tau as f32).exp());
        assert_close(&[distance(&[10], &[13])], &[apart]);
    }

    #[test]
    fn gradients_are_finite_differences() {
        let target = || trains(5, &[&[1], &[4]]);
        differentiate(sequence([5, 1, 2]), |x| {
            let target = target().to_device(&x.device());
            van_rossum(x, target, 1.5).sum()
        });
    }

    #[test]
    #[should_panic(expected = "expected target trains [3, 1, 1], got [2, 1, 1]")]
    fn trains_are_of_one_length() {
        van_rossum(trains(3, &[&[0]]), trains(2, &[&[0]]), 1.0);
    }
}

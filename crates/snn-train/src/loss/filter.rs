//! Causal filters over time.

use burn::tensor::{Tensor, TensorData};

/// `y[t] = Σ_k kernel(k) x[t - k]` along the first axis of `[T, B, N]`, one matrix product.
pub(super) fn causal_filter(sequence: Tensor<3>, kernel: impl Fn(usize) -> f64) -> Tensor<3> {
    let [steps, batch, neurons] = sequence.dims();
    let kernel: Vec<f32> = (0..steps).map(|k| kernel(k) as f32).collect();
    let mut matrix = vec![0.0; steps * steps];
    for to in 0..steps {
        (0..=to).for_each(|from| matrix[to * steps + from] = kernel[to - from]);
    }
    let matrix = TensorData::new(matrix, [steps, steps]);
    let matrix = Tensor::<2>::from_data(matrix, &sequence.device());
    matrix.matmul(sequence.reshape([steps, batch * neurons])).reshape([steps, batch, neurons])
}

/// The mean over the last `window` steps; steps before the first count as zero.
pub(super) fn moving_mean(sequence: Tensor<3>, window: usize) -> Tensor<3> {
    assert!(window > 0, "expected a window of at least one step, got none");
    causal_filter(sequence, |k| if k < window { 1.0 / window as f64 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::{assert_close, trains, values};

    #[test]
    fn filters_look_back_only() {
        let spikes = || trains(5, &[&[1, 2], &[0, 4]]);
        let mean = values(moving_mean(spikes(), 2));
        assert_close(&mean, &[0.0, 0.5, 0.5, 0.5, 1.0, 0.0, 0.5, 0.0, 0.0, 0.5]);
        let halves = values(causal_filter(spikes(), |k| 0.5f64.powi(k as i32)));
        assert_close(&halves, &[0.0, 1.0, 1.0, 0.5, 1.5, 0.25, 0.75, 0.125, 0.375, 1.0625]);
    }
}

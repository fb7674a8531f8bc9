//! Errors of spike times, spike by spike: a naive reference.

use burn::tensor::Tensor;

use crate::values;

/// Squared errors of the times of the first spikes, and the gradient of their sum, spike by spike. As
/// snnTorch computes them, a spike that was counted is erased together with all others at that step,
/// and of several gradients at one place the last one stays.
pub fn spike_times(
    spikes: &Tensor<3>,
    targets: &[f32],
    tolerance: f64,
    snntorch: bool,
) -> (Vec<f32>, Vec<f32>) {
    let [steps, batch, neurons] = spikes.dims();
    let size = batch * neurons;
    let mut left: Vec<bool> = values(spikes.clone()).iter().map(|z| *z > 0.0).collect();
    let (mut losses, mut grads) = (Vec::new(), vec![0.0; left.len()]);
    for targets in targets.chunks(size) {
        let first = |k: usize| (0..steps).find(|t| left[t * size + k]).unwrap_or(steps - 1);
        let times: Vec<usize> = (0..size).map(first).collect();
        for (k, (time, target)) in times.iter().zip(targets).enumerate() {
            let target = if *target < 0.0 { target + steps as f32 } else { *target };
            let distance = *time as f64 - f64::from(target);
            let distance = if distance.abs() < tolerance { 0.0 } else { distance };
            losses.push((distance / steps as f64).powi(2) as f32);
            let grad = -2.0 * distance as f32 / (steps * steps) as f32;
            let at = &mut grads[time * size + k];
            *at = if snntorch { grad } else { *at + grad };
        }
        for (k, time) in times.iter().enumerate() {
            match snntorch {
                true => left[time * size..(time + 1) * size].fill(false),
                false => left[time * size + k] = false,
            }
        }
    }
    (losses, grads)
}

//! Spikes as lists.

use burn::tensor::{Tensor, TensorReadError};

/// Step and unit of each spike of one sample, `[T, 1, N]`.
pub fn spikes(sequence: Tensor<3>) -> Result<Vec<(usize, usize)>, TensorReadError> {
    let [_, _, units] = sequence.dims();
    let values = sequence.try_into_vec_as::<f32>()?;
    let fired = values.iter().enumerate().filter(|(_, z)| **z > 0.0);
    Ok(fired.map(|(k, _)| (k / units, k % units)).collect())
}

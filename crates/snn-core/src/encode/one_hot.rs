//! Class labels to one-hot rows and back.

use burn::tensor::{Int, Tensor, TensorData};

use super::EncodeError;

/// One row `[classes]` for each label `[B]`: 1 for the class of the label, 0 for the others. snnTorch
/// `spikegen.to_one_hot`.
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
/// use snn_core::encode::{LatencyConfig, latency, one_hot};
///
/// let labels = Tensor::<1, Int>::from_ints([0, 3], &Device::default());
/// // The class of the label spikes first, the others last.
/// let config = LatencyConfig::new(5).with_normalize(true);
/// let targets: Tensor<3> = latency(one_hot(labels, 4)?, &config)?;
/// assert_eq!(targets.dims(), [5, 2, 4]);
/// # Ok::<(), snn_core::encode::EncodeError>(())
/// ```
///
/// # Errors
///
/// A label that is not one of the classes.
pub fn one_hot(labels: Tensor<1, Int>, classes: usize) -> Result<Tensor<2>, EncodeError> {
    let device = labels.device();
    let [batch] = labels.dims();
    let mut rows = vec![0.0f32; batch * classes];
    for (index, label) in labels.into_data().iter::<i64>().enumerate() {
        match usize::try_from(label) {
            Ok(class) if class < classes => rows[index * classes + class] = 1.0,
            _ => {
                let expected = "a label from 0 to the number of classes less one";
                return Err(EncodeError::Value { index, expected, value: label as f64 });
            }
        }
    }
    Ok(Tensor::from_data(TensorData::new(rows, [batch, classes]), &device))
}

/// Labels `[B]` of one-hot rows `[B, classes]`. snnTorch `spikegen.from_one_hot`, which returns the
/// numbers of the rows instead of the labels if there is more than one row.
///
/// # Errors
///
/// A row that is not one 1 among zeros.
pub fn from_one_hot(rows: Tensor<2>) -> Result<Tensor<1, Int>, EncodeError> {
    let device = rows.device();
    let [batch, classes] = rows.dims();
    let values: Vec<f32> = rows.into_data().iter::<f32>().collect();
    let mut labels = Vec::with_capacity(batch);
    for row in 0..batch {
        let values = &values[row * classes..(row + 1) * classes];
        match values.iter().position(|value| *value == 1.0) {
            Some(label) if values.iter().filter(|value| **value != 0.0).count() == 1 => {
                labels.push(label as i64);
            }
            _ => return Err(EncodeError::NotOneHot { row, values: values.to_vec() }),
        }
    }
    Ok(Tensor::from_data(TensorData::new(labels, [batch]), &device))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn labels(labels: &[i64]) -> Tensor<1, Int> {
        Tensor::from_data(labels, &Device::default())
    }

    #[test]
    fn labels_come_back() {
        let rows = one_hot(labels(&[2, 0, 2]), 3).unwrap();
        let got = rows.to_data().try_to_vec::<f32>().unwrap();
        assert_eq!(got, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        let back = from_one_hot(rows).unwrap().into_data().iter::<i64>().collect::<Vec<_>>();
        assert_eq!(back, [2, 0, 2]);
    }

    #[test]
    fn what_is_no_label_says_why() {
        let message = |label| one_hot(labels(&[0, label]), 3).unwrap_err().to_string();
        let expected = "value 1: expected a label from 0 to the number of classes less one, got ";
        assert_eq!(message(3), format!("{expected}3"));
        assert_eq!(message(-1), format!("{expected}-1"));
        for row in [[0.0, 0.0], [1.0, 1.0], [1.0, 0.5], [0.0, f32::NAN]] {
            let rows = Tensor::<2>::from_floats([[0.0, 1.0], row], &Device::default());
            let error = from_one_hot(rows).unwrap_err().to_string();
            assert!(error.starts_with("row 1: expected one 1 and zeros, got ["), "{error}");
        }
    }
}

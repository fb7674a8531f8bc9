//! Which classes are taken for which.

use burn::tensor::{Int, Tensor};

use crate::loss::{LabelCheck, Targets, check_range};

/// Number of samples of each class (row) that were taken for each class (column), `[C, C]`, from
/// predicted and true class indices `[B]`. Matrices of several batches add up. Reads both back from
/// the device.
///
/// # Panics
///
/// If there is not one target for each prediction, or a target or a prediction is not a class; the
/// [prediction](super::predictions()) of scores that are NaN is none.
pub fn confusion_matrix(
    predictions: Tensor<1, Int>,
    targets: Tensor<1, Int>,
    classes: usize,
) -> Tensor<2, Int> {
    let batch = predictions.dims();
    // An integer cannot be NaN, so both are read on every device.
    check_range("class", &targets, classes);
    check_range("prediction", &predictions, classes);
    let rows = |indices| Targets::new(indices, batch, classes, LabelCheck::Now).is_class::<2>();
    let (targets, predictions) = (rows(targets).float(), rows(predictions).float());
    targets.transpose().matmul(predictions).int()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check::classes;

    #[test]
    fn rows_are_what_is_and_columns_what_was_said() {
        let matrix = confusion_matrix(classes(&[0, 1, 1, 2, 1]), classes(&[0, 1, 2, 2, 0]), 3);
        let matrix = matrix.into_data().convert::<i64>().try_to_vec::<i64>().unwrap();
        assert_eq!(matrix, [1, 1, 0, 0, 1, 0, 0, 1, 1]);
    }

    #[test]
    #[should_panic(expected = "from 0 to 2, found none of sample 1: its scores are NaN")]
    fn no_prediction_is_not_a_class() {
        confusion_matrix(classes(&[0, -1]), classes(&[0, 1]), 3);
    }

    #[test]
    #[should_panic(expected = "from 0 to 2 for 3 classes, found class 3 of sample 0")]
    fn targets_are_classes() {
        confusion_matrix(classes(&[0, 1]), classes(&[3, 1]), 3);
    }
}

//! Which classes are taken for which.

use burn::tensor::{Int, Tensor};

use crate::loss::{check_targets, one_hot};

/// Number of samples of each class (row) that were taken for each class (column), `[C, C]`, from
/// predicted and true class indices `[B]`. Matrices of several batches add up.
///
/// # Panics
///
/// If there is not one target for each prediction.
pub fn confusion_matrix(
    predictions: Tensor<1, Int>,
    targets: Tensor<1, Int>,
    classes: usize,
) -> Tensor<2, Int> {
    check_targets(predictions.dims()[0], &targets);
    let targets: Tensor<2> = one_hot(targets, classes);
    let predictions: Tensor<2> = one_hot(predictions, classes);
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
}

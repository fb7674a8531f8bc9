//! Confusion matrix of a split.

use std::error::Error;

use burn::tensor::{Device, Int, Tensor};
use snn::prelude::*;
use snn::train::metric::{confusion_matrix, predictions};
use snn::train::trainer::Split;

/// How many samples of each class (row) were taken for each class (column), row by row.
pub fn confusion<N: SpikingNetwork>(
    model: &Classifier<N>,
    split: &Split<'_, N::Input>,
    classes: usize,
    batch_size: usize,
    device: &Device,
) -> Result<Vec<usize>, Box<dyn Error>> {
    let mut matrix = Tensor::<2, Int>::zeros([classes, classes], device);
    for batch in split.all(batch_size) {
        let output = model.forward(batch?);
        let (mut predicted, mut targets) = (predictions(output.scores), output.targets);
        if let Some(mask) = output.mask {
            // Nothing is predicted for a recording without a step.
            let counted = mask.sum_dim(0).greater_scalar(0.0).squeeze_dim::<1>(0).argwhere();
            let counted = counted.squeeze_dim::<1>(1);
            if counted.dims()[0] == 0 {
                continue;
            }
            (predicted, targets) =
                (predicted.select(0, counted.clone()), targets.select(0, counted));
        }
        if predicted.clone().equal_scalar(-1).any().into_scalar::<bool>() {
            return Err("a sample has scores that are NaN, so no class is predicted for it".into());
        }
        matrix = matrix + confusion_matrix(predicted, targets, classes);
    }
    let counts = matrix.into_data().convert::<i64>().try_to_vec::<i64>()?;
    Ok(counts.into_iter().map(|count| count as usize).collect())
}

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
        let predicted = predictions(output.scores);
        matrix = matrix + confusion_matrix(predicted, output.targets, classes);
    }
    let counts = matrix.into_data().convert::<i64>().try_to_vec::<i64>()?;
    Ok(counts.into_iter().map(|count| count as usize).collect())
}

//! How large activations are.

use std::collections::BTreeMap;

use burn::config::Config;
use burn::tensor::{Tensor, s};
use serde::{Deserialize, Serialize};

use super::ConversionError;
use crate::error::check;
use crate::sequential::{Activation, Layer, Sequential, SequentialState};

/// What a spike in every step is to stand for.
#[derive(Config, Debug, PartialEq)]
pub struct Normalization {
    /// The activation that it stands for is as large as so many percent of all, from 0 to 100: 100 is the
    /// largest one. Rueckauer et al. take 99.9, sinabs' `normalize_weights` 99.
    pub percentile: f64,
    /// Whose activations.
    #[config(default = "ScaleBy::Layer")]
    pub scale_by: ScaleBy,
}

/// What shares a scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScaleBy {
    /// All neurons of a layer.
    Layer,
    /// Those of a channel. The last layer, whose outputs are compared, has one for all.
    Channel,
}

/// What a spike is to stand for, by the number of the activation's layer.
pub(super) fn scales<const D: usize>(
    ann: &Sequential,
    data: &Tensor<D>,
    normalization: &Normalization,
) -> Result<BTreeMap<usize, Vec<f32>>, ConversionError> {
    let Normalization { percentile, scale_by } = *normalization;
    let in_range = percentile > 0.0 && percentile <= 100.0;
    check("percentile", percentile, "a number above 0, up to 100", in_range)?;
    if data.dims().contains(&0) {
        return Err(ConversionError::NoData);
    }
    ann.summary(&data.dims()[1..])?;
    let has_weights = |layer: &Layer| matches!(layer, Layer::Linear(_) | Layer::Conv2d(_));
    let last_weights = ann.layers.iter().rposition(has_weights).unwrap_or(0);
    let mut active: BTreeMap<usize, Vec<Vec<f32>>> = BTreeMap::new();
    let mut watch = |index: usize, _: &Activation, output: &Activation| {
        if matches!(ann.layers[index], Layer::Relu(_) | Layer::QuantizedRelu(_)) {
            let channels = match scale_by {
                ScaleBy::Channel if index < last_weights => output.sample()[0],
                _ => 1,
            };
            let all = active.entry(index).or_insert_with(|| vec![Vec::new(); channels]);
            let values = by_channel(output.rows().clone(), channels);
            all.iter_mut().zip(values).for_each(|(all, values)| all.extend(values));
        }
    };
    // Without gradients, whatever the weights are for, and not all activations of the network at once.
    for samples in data.clone().detach().split(CHUNK, 0) {
        let (x, rest) = (Activation::step(samples), SequentialState::default());
        ann.run(x, rest, None, Some(&mut watch));
    }
    let mut scales = BTreeMap::new();
    for (index, channels) in active {
        if channels.iter().flatten().any(|value| !value.is_finite()) {
            let (layer, name) = (index, ann.layers[index].name());
            return Err(ConversionError::NotFinite { layer, name, what: "activations" });
        }
        let large = channels.into_iter().map(|values| percentile_of(values, percentile));
        // Of what is never active nothing is known.
        let large = large.map(|large| if large > 0.0 { large } else { 1.0 });
        scales.insert(index, large.collect());
    }
    Ok(scales)
}

/// Samples that run at once.
const CHUNK: usize = 64;

/// The values of each of so many parts of axis 1. Reads from the device.
pub(super) fn by_channel(rows: Tensor<4>, channels: usize) -> Vec<Vec<f32>> {
    let each = rows.dims()[1] / channels;
    let part = |channel: usize| {
        let part = rows.clone().slice(s![.., channel * each..(channel + 1) * each]);
        part.into_data().iter::<f32>().collect()
    };
    (0..channels).map(part).collect()
}

/// As NumPy's: between two values on a straight line.
fn percentile_of(mut values: Vec<f32>, percentile: f64) -> f32 {
    let at = percentile / 100.0 * (values.len() - 1) as f64;
    let (_, low, above) = values.select_nth_unstable_by(at as usize, f32::total_cmp);
    let low = *low;
    let high = above.iter().copied().min_by(f32::total_cmp).unwrap_or(low);
    low + (high - low) * at.fract() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_numpy() {
        let values = || vec![4.0, 1.0, 3.0, 2.0, 10.0];
        for (percentile, expected) in [(100.0, 10.0), (50.0, 3.0), (90.0, 7.6), (99.0, 9.76)] {
            let got = percentile_of(values(), percentile);
            assert!((got - expected).abs() < 1e-5, "{percentile}: {got}");
        }
        assert_eq!(percentile_of(vec![2.0], 99.0), 2.0);
    }
}

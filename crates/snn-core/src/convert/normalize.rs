//! How large activations are.

use std::collections::BTreeMap;

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Tensor, s};
use serde::{Deserialize, Serialize};

use super::ConversionError;
use crate::error::check;
use crate::sequential::{Activation, Layer, Sequential, SequentialState};

/// What a spike in every step is to stand for.
#[derive(Config, Debug, PartialEq)]
pub struct Normalization {
    /// The activation that it stands for is as large as so many percent of all, from 0 to 100: 100 is the
    /// largest one. Rueckauer et al. take 99.9, sinabs' `normalize_weights` 99. The largest one is also
    /// taken where the percentile is 0, and 1 where nothing is ever active.
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
    // Without gradients, dropout and statistics of a batch, also where it is trained.
    let ann = ann.valid();
    let data = data.clone().without_autodiff();
    let has_weights = |layer: &Layer| matches!(layer, Layer::Linear(_) | Layer::Conv2d(_));
    let last_weights = ann.layers.iter().rposition(has_weights).unwrap_or(0);
    let samples = data.dims()[0];
    let mut active: BTreeMap<usize, Vec<Largest>> = BTreeMap::new();
    let mut watch = |index: usize, _: &Activation, output: &Activation| {
        if matches!(ann.layers[index], Layer::Relu(_) | Layer::QuantizedRelu(_)) {
            let channels = match scale_by {
                ScaleBy::Channel if index < last_weights => {
                    output.sample().first().copied().unwrap_or(1)
                }
                _ => 1,
            };
            let all = active.entry(index).or_insert_with(|| {
                let count = samples * output.sample().iter().product::<usize>() / channels;
                vec![Largest::new(percentile, count); channels]
            });
            let values = by_channel(output.rows().clone(), channels);
            all.iter_mut().zip(values).for_each(|(all, values)| all.add(values));
        }
    };
    for samples in data.split(CHUNK, 0) {
        let (x, rest) = (Activation::step(samples), SequentialState::default());
        ann.run(x, rest, None, Some(&mut watch));
    }
    let mut scales = BTreeMap::new();
    for (index, channels) in active {
        if channels.iter().any(|channel| !channel.finite) {
            let (layer, name) = (index, ann.layers[index].name());
            return Err(ConversionError::NotFinite { layer, name, what: "activations" });
        }
        scales.insert(index, channels.into_iter().map(Largest::scale).collect());
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

/// The values at a percentile and above it, of so many that come in parts: no more are kept.
#[derive(Clone)]
struct Largest {
    kept: Vec<f32>,
    /// How many there will be.
    number: usize,
    /// Where the percentile is between the lowest two of them.
    fraction: f32,
    /// Whether all values were.
    finite: bool,
}

impl Largest {
    /// Of `count` values in all.
    fn new(percentile: f64, count: usize) -> Self {
        let at = percentile / 100.0 * count.saturating_sub(1) as f64;
        let number = count - at as usize;
        Self { kept: Vec::new(), number, fraction: at.fract() as f32, finite: true }
    }

    fn add(&mut self, values: Vec<f32>) {
        self.finite &= values.iter().all(|value| value.is_finite());
        self.kept.extend(values);
        let surplus = self.kept.len().saturating_sub(self.number);
        if surplus > 0 {
            self.kept.select_nth_unstable_by(surplus, f32::total_cmp);
            self.kept.drain(..surplus);
        }
    }

    /// The percentile as NumPy's, between two values on a straight line; the largest value, if most are
    /// silent. Of what is never active nothing is known.
    fn scale(mut self) -> f32 {
        self.kept.sort_unstable_by(f32::total_cmp);
        let (Some(low), Some(largest)) = (self.kept.first(), self.kept.last()) else { return 1.0 };
        let above = self.kept.get(1).unwrap_or(low);
        let percentile = low + (above - low) * self.fraction;
        [percentile, *largest].into_iter().find(|value| *value > 0.0).unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(percentile: f64, values: &[f32]) -> f32 {
        let mut largest = Largest::new(percentile, values.len());
        values.chunks(2).for_each(|part| largest.add(part.to_vec()));
        assert!(largest.finite && largest.kept.len() == largest.number);
        largest.scale()
    }

    #[test]
    fn percentiles_are_those_of_numpy() {
        let values = [4.0, 1.0, 3.0, 2.0, 10.0];
        for (percentile, expected) in [(100.0, 10.0), (50.0, 3.0), (90.0, 7.6), (99.0, 9.76)] {
            let got = scale(percentile, &values);
            assert!((got - expected).abs() < 1e-5, "{percentile}: {got}");
        }
        assert_eq!(scale(99.0, &[2.0]), 2.0);
    }

    #[test]
    fn what_is_silent_most_of_the_time_goes_by_its_largest_activation() {
        let mut values = [0.0; 200];
        assert_eq!(scale(99.0, &values), 1.0);
        values[77] = 5.0;
        assert_eq!(scale(99.0, &values), 5.0);
    }
}

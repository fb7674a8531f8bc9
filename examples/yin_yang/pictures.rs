//! The pictures of a run: learning curves, the learned figure, one sample through the network.

use std::error::Error;
use std::path::Path;

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use snn::core::encode::CoordinatesToSpikes;
use snn::data::yin_yang::{CLASSES, YinYangSample};
use snn::prelude::*;
use snn::train::plot::{DecisionMap, SampleActivity, decision_map, sample_activity};
use snn::train::trainer::EpochRecord;

use super::data::coordinates;
use super::network::YinYangNetwork;
use super::{common, spikes};

/// Points along each side of the decision map.
const RESOLUTION: usize = 120;

pub fn draw(
    out: &Path,
    history: &[EpochRecord],
    network: &YinYangNetwork,
    encoder: &CoordinatesToSpikes,
    samples: &[YinYangSample],
    device: &Device,
) -> Result<(), Box<dyn Error>> {
    common::curves(out, "Yin-Yang", history)?;
    draw_map(&out.join("decision_map.png"), network, encoder, samples, device)?;
    match samples {
        [sample, ..] => draw_sample(&out.join("sample.png"), network, encoder, sample, device),
        [] => Ok(()),
    }
}

/// What the pictures of a chip's network are drawn with.
fn noise(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn draw_map(
    path: &Path,
    network: &YinYangNetwork,
    encoder: &CoordinatesToSpikes,
    samples: &[YinYangSample],
    device: &Device,
) -> Result<(), Box<dyn Error>> {
    let middle = |cell: usize| (cell as f64 + 0.5) / RESOLUTION as f64;
    let (mut classes, mut confidence) = (Vec::new(), Vec::new());
    for row in 0..RESOLUTION {
        let y = middle(row);
        let points = (0..RESOLUTION).map(middle).flat_map(|x| [x, y, 1.0 - x, 1.0 - y]);
        let points = TensorData::new(points.collect::<Vec<f64>>(), [RESOLUTION, 4]);
        let (_, membranes) = network.traces((encoder.encode(points, device)?, noise(row as u64)));
        let scores: Tensor<2> = max_over_time(membranes);
        let probability = softmax(scores * 10.0, 1).into_data().try_to_vec::<f32>()?;
        for probability in probability.chunks(CLASSES.len()) {
            let best =
                (0..CLASSES.len()).max_by(|a, b| probability[*a].total_cmp(&probability[*b]));
            let best = best.unwrap_or_default();
            classes.push(best);
            confidence.push(probability[best]);
        }
    }
    let shown: Vec<([f64; 2], usize)> = samples
        .iter()
        .take(300)
        .map(|sample| ([sample.coordinates[0], sample.coordinates[1]], sample.label))
        .collect();
    let map = DecisionMap {
        title: "Yin-Yang: what the network has learned, and test samples",
        resolution: RESOLUTION,
        classes: &classes,
        confidence: &confidence,
        samples: &shown,
        names: &CLASSES,
    };
    Ok(decision_map(path, &map)?)
}

fn draw_sample(
    path: &Path,
    network: &YinYangNetwork,
    encoder: &CoordinatesToSpikes,
    sample: &YinYangSample,
    device: &Device,
) -> Result<(), Box<dyn Error>> {
    let input = encoder.encode(coordinates(&[*sample]), device)?;
    let (hidden, membranes) = network.traces((input.clone(), noise(0)));
    let ([_, _, inputs], [_, _, neurons]) = (input.dims(), hidden.dims());
    let membranes = membranes.into_data().try_to_vec::<f32>()?;
    let trace = |class| membranes.iter().skip(class).step_by(CLASSES.len()).copied().collect();
    let [x, y, ..] = sample.coordinates;
    let activity = SampleActivity {
        title: &format!("Yin-Yang: ({x:.2}, {y:.2}), class {}", CLASSES[sample.label]),
        time_step: encoder.dt,
        steps: encoder.steps,
        input_spikes: &spikes::spikes(input)?,
        inputs,
        hidden_spikes: &spikes::spikes(hidden)?,
        hidden: neurons,
        readout: &(0..CLASSES.len()).map(trace).collect::<Vec<Vec<f32>>>(),
        names: &CLASSES,
    };
    Ok(sample_activity(path, &activity)?)
}

//! The pictures of a run: learning curves, accuracy over time, one digit over time, and what other weights in the first
//! layer would do.

use std::error::Error;
use std::path::Path;

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use snn::prelude::*;
use snn::train::plot::{Panel, Series, Traces, traces};
use snn::train::trainer::{EpochRecord, generator};

use super::common;
use super::samples::Samples;

/// Accuracy and synaptic operations with the first layer's weights times a factor.
pub struct Rescaled {
    pub factor: f64,
    pub accuracy: f64,
    pub synops: f64,
}

pub fn draw(
    out: &Path,
    history: &[EpochRecord],
    accuracy: &[f64],
    analog: f64,
    dt: f64,
    rescaled: &[Rescaled],
) -> Result<(), Box<dyn Error>> {
    common::curves(out, "the analog network", history)?;
    let analog = vec![analog; accuracy.len()];
    let figure = Traces {
        title: "the converted network, test set",
        x_label: "time (ms)",
        panels: &[Panel {
            y_label: "accuracy",
            series: &[
                Series { name: "spiking", values: accuracy },
                Series { name: "analog", values: &analog },
            ],
        }],
        step: 1e3 * dt,
    };
    traces(&out.join("accuracy_over_time.png"), &figure)?;

    let values = |of: fn(&Rescaled) -> f64| rescaled.iter().map(of).collect::<Vec<f64>>();
    let (accuracies, millions) =
        (values(|point| point.accuracy), values(|point| point.synops / 1e6));
    let figure = Traces {
        title: "other weights in the first layer",
        x_label: "k: weights times 2^(k-3)",
        panels: &[
            Panel { y_label: "accuracy", series: &[Series { name: "", values: &accuracies }] },
            Panel { y_label: "million SynOps", series: &[Series { name: "", values: &millions }] },
        ],
        step: 1.0,
    };
    Ok(traces(&out.join("rescaled_weights.png"), &figure)?)
}

/// One digit: events, and what the network takes it for.
pub fn draw_digit(
    path: &Path,
    layers: &Sequential,
    samples: &Samples,
    names: &[String],
    seed: u32,
    device: &Device,
) -> Result<(), Box<dyn Error>> {
    let batch = samples.events(&[0], &mut generator(seed.into(), 0, 0), device)?;
    let arriving: Tensor<2> = batch.input.clone().flatten::<2>(1, 4).sum_dim(1);
    let arriving: Vec<f64> = arriving.into_data().iter::<f64>().collect();
    let rest = SequentialState::default();
    let (output, _) = layers.forward::<5, 3>(batch.input, rest);
    let counts: Tensor<2> = output.cumsum(0).squeeze_dim(1);
    let of = |values: Tensor<2>| -> Vec<Vec<f64>> {
        let values: Vec<f64> = values.into_data().iter::<f64>().collect();
        (0..names.len())
            .map(|class| values.iter().skip(class).step_by(names.len()).copied().collect())
            .collect()
    };
    let (counts, beliefs) = (of(counts.clone()), of(softmax(counts, 1)));
    fn series<'a>(lines: &'a [Vec<f64>], names: &'a [String]) -> Vec<Series<'a>> {
        lines.iter().zip(names).map(|(values, name)| Series { name, values }).collect()
    }
    let figure = Traces {
        title: &format!("a test sample of class {}", names[samples.labels[0]]),
        x_label: "time (ms)",
        panels: &[
            Panel { y_label: "events", series: &[Series { name: "", values: &arriving }] },
            Panel { y_label: "spikes so far", series: &series(&counts, names) },
            Panel { y_label: "softmax", series: &series(&beliefs, names) },
        ],
        step: 1e3 * samples.dt(),
    };
    Ok(traces(path, &figure)?)
}

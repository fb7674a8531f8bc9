//! The pictures of a run: learning curves, what is taken for what, membranes and currents of the readout.

use std::error::Error;
use std::path::Path;

use burn::tensor::Device;
use snn::prelude::*;
use snn::train::plot::{ConfusionMatrix, Panel, Series, Traces, confusion_matrix, traces};
use snn::train::trainer::EpochRecord;

use super::frames::FrameLoader;
use super::network::READOUT;
use super::{common, frames};

/// What the readout did with the first recording to test with.
pub struct Traced {
    label: usize,
    /// Membrane of each class over time, and its synaptic current.
    membranes: Vec<Vec<f64>>,
    currents: Vec<Vec<f64>>,
}

impl Traced {
    pub fn new(
        layers: &Sequential,
        test: &FrameLoader,
        device: &Device,
    ) -> Result<Self, Box<dyn Error>> {
        let batch = test.loader.batches(0, vec![vec![0]]).next().ok_or("no recording")??;
        let label = batch.1[0];
        let frames = frames::to_device(batch, device).input;
        let mut state = SequentialState::default();
        let (mut membranes, mut currents) = (Vec::new(), Vec::new());
        for step in 0..frames.dims()[0] {
            let frame = frames.clone().narrow(0, step, 1);
            (_, state) = layers.forward::<5, 3>(frame, state);
            let fields = state.fields::<2>(READOUT).into_iter();
            let fields = fields.map(|field| field.try_into_vec_as::<f32>());
            if let [v, i] = &fields.collect::<Result<Vec<_>, _>>()?[..] {
                membranes.push(v.clone());
                currents.push(i.clone());
            }
        }
        Ok(Self { label, membranes: by_class(&membranes), currents: by_class(&currents) })
    }
}

/// A list of steps for each class.
fn by_class(steps: &[Vec<f32>]) -> Vec<Vec<f64>> {
    let classes = steps.first().map_or(0, Vec::len);
    (0..classes).map(|class| steps.iter().map(|step| f64::from(step[class])).collect()).collect()
}

pub fn draw(
    out: &Path,
    history: &[EpochRecord],
    confusion: &[usize],
    names: &[String],
    [before, after]: &[Traced; 2],
    step: f64,
) -> Result<(), Box<dyn Error>> {
    common::curves(out, "test set as validation", history)?;
    let short: Vec<&str> = names.iter().map(String::as_str).collect();
    let matrix =
        ConfusionMatrix { title: "recordings to test with", counts: confusion, names: &short };
    confusion_matrix(&out.join("confusion_matrix.png"), &matrix)?;
    for (name, traced) in [("before", before), ("after", after)] {
        let membranes = series(names, &traced.membranes);
        let currents = series(names, &traced.currents);
        traces(
            &out.join(format!("traces_{name}_training.png")),
            &Traces {
                title: &format!("{name} training, a recording of {}", names[traced.label]),
                x_label: "time in ms",
                panels: &[
                    Panel { y_label: "membrane", series: &membranes },
                    Panel { y_label: "current", series: &currents },
                ],
                step,
            },
        )?;
    }
    Ok(())
}

fn series<'a>(names: &'a [String], values: &'a [Vec<f64>]) -> Vec<Series<'a>> {
    names.iter().zip(values).map(|(name, values)| Series { name, values }).collect()
}

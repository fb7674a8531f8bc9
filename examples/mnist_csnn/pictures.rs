//! The pictures of a run: learning curves, what is taken for what, the output spikes of one image.

use std::error::Error;
use std::path::Path;

use burn::data::dataloader::batcher::Batcher;
use burn::tensor::Device;
use snn::data::mnist::MnistSample;
use snn::train::plot::{ConfusionMatrix, SpikeCount, confusion_matrix, spike_count};
use snn::train::trainer::EpochRecord;

use super::network::{Csnn, ToImages};
use super::{common, spikes};

const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

pub fn draw(
    out: &Path,
    history: &[EpochRecord],
    network: &Csnn,
    confusion: &[usize],
    sample: MnistSample,
    device: &Device,
) -> Result<(), Box<dyn Error>> {
    common::curves(out, "MNIST", history)?;
    let matrix = ConfusionMatrix { title: "MNIST: test images", counts: confusion, names: &DIGITS };
    confusion_matrix(&out.join("confusion_matrix.png"), &matrix)?;

    let label = sample.label;
    let spikes = network.spikes(ToImages.batch(vec![sample], device).input);
    let count = SpikeCount {
        title: &format!("MNIST: output spikes for a test image of a {label}"),
        steps: spikes.dims()[0],
        spikes: &spikes::spikes(spikes)?,
        names: &DIGITS,
    };
    Ok(spike_count(&out.join("spike_count.gif"), &count)?)
}

//! Classifies recordings of an event camera with a convolutional spiking network: snnTorch's tutorial
//! on DVS Gesture.
//!
//! Recording → Denoise (10 ms) → 25 frames → disk cache → batches, time first → every fourth pixel →
//! 12C5-MP2-LIF-32C5-MP2-LIF-800FC-LIF. The class should spike at 80 % of the steps, others at 20 %.

mod common;
#[path = "common/confusion.rs"]
mod confusion;
#[path = "common/csnn.rs"]
mod csnn;
#[path = "common/data.rs"]
mod data;
#[path = "common/event_example.rs"]
mod event_example;
#[path = "common/event_network.rs"]
mod event_network;
#[path = "common/frames.rs"]
mod frames;
#[path = "dvs_gesture/pictures.rs"]
mod pictures;
#[path = "common/recordings.rs"]
mod recordings;

use std::error::Error;
use std::num::NonZeroUsize;
use std::process::ExitCode;

use burn::tensor::Device;
use clap::Parser;
use serde_json::json;
use snn::data::frame::{Slicer, ToFrame};
use snn::data::transform::{Compose, Denoise, Downsample};
use snn::prelude::*;

use csnn::{csnn, hidden_counts};
use event_example::{EventOptions, Run, Task};
use event_network::{EventNetwork, Stream, load};
use frames::Pipeline;
use recordings::Kind;

/// Trains a convolutional spiking network on DVS Gesture, or on other recordings.
///
/// The tutorial: Adam 2e-3, batches of 64, 50 epochs. `--preset best` also takes the events of all pixels, and batches
/// of 16.
#[derive(Parser, Debug)]
struct Cli {
    #[command(flatten)]
    options: common::Options,
    #[command(flatten)]
    events: EventOptions,
    /// Frames that a recording is made into
    #[arg(long, default_value = "25")]
    bins: NonZeroUsize,
    /// Drop events without a neighbour in so many ms before; 0 drops none
    #[arg(long, value_name = "MS", default_value = "10")]
    denoise: f64,
    /// Length of a window of --stream in ms [default: as many windows as --bins]
    #[arg(long, value_name = "MS")]
    stream_window: Option<f64>,
}

/// Height and width of the frames that the network takes.
const SIDE: usize = 32;

fn main() -> ExitCode {
    snn::core::memory::keep_freed();
    common::exit_code(run(&Cli::parse()))
}

fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let options = &cli.options;
    let run = Run::new("dvs_gesture", Kind::DvsGesture, options, &cli.events)?;
    let names = &run.parts.names;
    // The tutorial takes every fourth pixel. Events of all of them, moved closer, say more.
    let smaller = run.is_best().then(|| Downsample::to([SIDE as u16; 2]).into());
    let denoise = (cli.denoise > 0.0).then(|| Denoise::new((cli.denoise * 1e3) as i64).into());
    let pipeline = Pipeline {
        transforms: Compose::new(denoise.into_iter().chain(smaller)),
        to_frame: ToFrame::new(Slicer::time_bins(cli.bins.get())),
        side: (!run.is_best()).then_some(SIDE),
    };
    let network = |device: &Device| -> Result<_, Box<dyn Error>> {
        let layers = csnn([2, 12, 32], 32 * 5 * 5, names.len(), options.seed, device)?;
        Ok(EventNetwork { layers, hidden: hidden_counts })
    };
    let criterion: Criterion =
        MseCountLoss::new().with_correct_rate(0.8).with_incorrect_rate(0.2).into();
    if let Some(file) = &cli.events.stream {
        let model = ClassifierConfig::new(criterion).init(network(&run.device)?);
        let model = load(model, &run.out.join("model.bpk"))?;
        let stream = Stream {
            reading: cli.events.recordings.reading(),
            layers: &model.network.layers,
            names,
            sensor: run.parts.sensor,
            transforms: &pipeline.transforms,
            side: pipeline.side,
            bins: cli.bins.get(),
            window: cli.stream_window,
            readout: |counts, spikes| counts + spikes,
        };
        return stream.run(file, &run.out, &run.device);
    }

    let loaders = run.loaders(&pipeline)?;
    let network = network(&run.device.clone().autodiff())?;
    println!("{}", network.layers.summary(&[2, SIDE, SIDE])?);
    let task = Task {
        epochs: options.epochs.unwrap_or(50),
        batch_size: options.batch_size.unwrap_or(if run.is_best() { 16 } else { 64 }),
        criterion,
        settings: json!({ "frames": cli.bins, "denoise": cli.denoise }),
    };
    let trained = run.train(network, &loaders, task)?;
    pictures::draw(&run.out, &trained.outcome.history, &trained.confusion, names, &loaders.test)?;
    run.finish(&trained);
    Ok(())
}

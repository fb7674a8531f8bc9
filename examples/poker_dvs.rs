//! Classifies recordings of an event camera with a recurrent spiking network: Norse's example on
//! POKER-DVS.
//!
//! Recording → frames of 1 ms → 100 recurrent LIF neurons → linear → leaky integrators, of which the
//! one with the highest membrane over time names the class. Recordings have different lengths: the
//! maximum is over the steps of each.

mod common;
#[path = "common/confusion.rs"]
mod confusion;
#[path = "common/data.rs"]
mod data;
#[path = "common/event_example.rs"]
mod event_example;
#[path = "common/event_network.rs"]
mod event_network;
#[path = "common/frames.rs"]
mod frames;
#[path = "poker_dvs/network.rs"]
mod network;
#[path = "poker_dvs/pictures.rs"]
mod pictures;
#[path = "common/recordings.rs"]
mod recordings;

use std::error::Error;
use std::num::NonZeroUsize;
use std::process::ExitCode;

use burn::tensor::Tensor;
use clap::Parser;
use serde_json::json;
use snn::data::frame::{Slicer, ToFrame};
use snn::data::transform::{Compose, Downsample};
use snn::prelude::*;

use event_example::{EventOptions, Run, Task};
use event_network::{Stream, load};
use frames::Pipeline;
use network::network;
use pictures::Traced;
use recordings::Kind;

/// Trains a recurrent spiking network on POKER-DVS, or on other recordings.
///
/// Norse's settings: Adam 2e-3, batches of 32, 10 epochs. `--preset best` takes 60.
#[derive(Parser, Debug)]
struct Cli {
    #[command(flatten)]
    options: common::Options,
    #[command(flatten)]
    events: EventOptions,
    /// Length of a frame in µs, and of a time step
    #[arg(long, default_value = "1000")]
    frame: NonZeroUsize,
    /// Make frames smaller, of so many pixels in a row and in a column
    #[arg(long, value_name = "PIXELS")]
    side: Option<u16>,
}

fn main() -> ExitCode {
    snn::core::memory::keep_freed();
    common::exit_code(run(&Cli::parse()))
}

fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let options = &cli.options;
    let run = Run::new("poker_dvs", Kind::Poker, options, &cli.events)?;
    let (names, sensor) = (&run.parts.names, run.parts.sensor);
    let [height, width] = match cli.side {
        Some(side) => [side.into(); 2],
        None => [sensor.height as usize, sensor.width as usize],
    };
    let network = |device| network(2 * height * width, names.len(), options.seed, device);
    let pipeline = Pipeline {
        transforms: Compose::new(cli.side.map(|side| Downsample::to([side; 2]).into())),
        to_frame: ToFrame::new(Slicer::time_window(cli.frame.get() as i64)),
        side: None,
    };
    let criterion = Criterion::from(ReadoutCrossEntropy::ce_max_membrane());
    let ms = cli.frame.get() as f64 / 1e3;
    if let Some(file) = &cli.events.stream {
        let model = ClassifierConfig::new(criterion).init(network(&run.device)?);
        let model = load(model, &run.out.join("model.bpk"))?;
        let stream = Stream {
            reading: cli.events.recordings.reading(),
            layers: &model.network.layers,
            names,
            sensor,
            transforms: &pipeline.transforms,
            side: None,
            bins: 1,
            window: Some(ms),
            readout: Tensor::max_pair,
        };
        return stream.run(file, &run.out, &run.device);
    }

    let loaders = run.loaders(&pipeline)?;
    let before = Traced::new(&network(&run.device)?.layers, &loaders.test, &run.device)?;
    let network = network(&run.device.clone().autodiff())?;
    println!("{}", network.layers.summary(&[2, height, width])?);
    let task = Task {
        epochs: options.epochs.unwrap_or(if run.is_best() { 60 } else { 10 }),
        batch_size: options.batch_size.unwrap_or(32),
        criterion,
        settings: json!({ "frame": cli.frame, "side": cli.side }),
    };
    let trained = run.train(network, &loaders, task)?;
    let outcome = &trained.outcome;
    let after = Traced::new(&outcome.model.network.layers, &loaders.test, &run.device)?;
    pictures::draw(&run.out, &outcome.history, &trained.confusion, names, &[before, after], ms)?;
    run.finish(&trained);
    Ok(())
}

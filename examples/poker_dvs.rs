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
use std::path::PathBuf;
use std::process::ExitCode;

use burn::lr_scheduler::constant::ConstantLr;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::module::Module;
use burn::optim::AdamConfig;
use clap::{Parser, ValueEnum};
use serde_json::json;
use snn::data::frame::{Slicer, ToFrame};
use snn::data::transform::{Compose, Downsample};
use snn::prelude::*;
use snn::train::trainer::{Keep, TrainerConfig, save_model};

use event_network::{Stream, load, truncated_step};
use frames::{AugmentOptions, FrameLoader, Pipeline};
use recordings::{Kind, Parts, RecordingOptions};

/// Trains a recurrent spiking network on POKER-DVS, or on other recordings.
#[derive(Parser, Debug)]
struct Cli {
    #[command(flatten)]
    options: common::Options,
    #[command(flatten)]
    recordings: RecordingOptions,
    #[command(flatten)]
    augment: AugmentOptions,
    /// Settings to start from
    #[arg(long, value_enum, default_value_t = Preset::Tutorial)]
    preset: Preset,
    /// Length of a frame in µs, and of a time step
    #[arg(long, default_value = "1000")]
    frame: NonZeroUsize,
    /// Make frames smaller, of so many pixels in a row and in a column
    #[arg(long, value_name = "PIXELS")]
    side: Option<u16>,
    /// Let the gradient end every so many frames: less memory
    #[arg(long, value_name = "FRAMES")]
    chunk: Option<NonZeroUsize>,
    /// Batches that make one optimizer step
    #[arg(long, default_value = "1")]
    accumulate: NonZeroUsize,
    /// Run the trained model over a recording, frame by frame, and train nothing
    #[arg(long, value_name = "FILE")]
    stream: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// Norse's: Adam 2e-3, batches of 32, 10 epochs
    Tutorial,
    /// 60 epochs, recordings changed at random, an average of the weights, a learning rate that falls to zero
    Best,
}

fn main() -> ExitCode {
    snn::core::memory::keep_freed();
    common::exit_code(run(&Cli::parse()))
}

fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let options = &cli.options;
    let best = cli.preset == Preset::Best;
    let epochs = options.epochs.unwrap_or(if best { 60 } else { 10 });
    let batch_size = options.batch_size.unwrap_or(32);
    let lr = options.lr.unwrap_or(2e-3);
    let kind = cli.recordings.dataset.unwrap_or(Kind::Poker);
    let out = options.out.clone().unwrap_or_else(|| PathBuf::from("out/poker_dvs"));
    let device = common::device::device(&options.device)?;
    let training_device = device.clone().autodiff();

    let folder = data::folder(options)?;
    let Parts { train, test, names, sensor } =
        recordings::open(options, &cli.recordings, kind, &folder)?;
    let [height, width] = match cli.side {
        Some(side) => [side.into(); 2],
        None => [sensor.height as usize, sensor.width as usize],
    };
    let inputs = 2 * height * width;
    let criterion = Criterion::from(ReadoutCrossEntropy::ce_max_membrane());
    let config = ClassifierConfig::new(criterion.clone());
    let smaller = cli.side.map(|side| Downsample::to([side; 2]).into());
    let transforms = Compose::new(smaller);
    if let Some(file) = &cli.stream {
        let network = network::network(inputs, names.len(), options.seed, &device)?;
        let model = load(config.init(network), &out.join("model.bpk"))?;
        let stream = Stream {
            layers: &model.network.layers,
            names: &names,
            sensor,
            transforms: &transforms,
            side: None,
            bins: 1,
            window: Some(cli.frame.get() as f64 / 1e3),
            readout: |membranes| membranes.max_dim(0).squeeze_dim(0),
        };
        return stream.run(file, &out, &device);
    }

    let cache = cli.recordings.cache.clone().unwrap_or_else(|| out.join("cache"));
    let usual = AugmentOptions {
        shift: Some(2),
        drop_events: Some(0.3),
        time_jitter: Some(1000.0),
        ..AugmentOptions::default()
    };
    let augment = cli.augment.clone().or(if best { usual } else { AugmentOptions::default() });
    let plain = Pipeline {
        transforms,
        to_frame: ToFrame::new(Slicer::time_window(cli.frame.get() as i64)),
        side: None,
        augment: AugmentOptions::default(),
    };
    let changed = Pipeline { augment: augment.clone(), ..plain.clone() };
    let prepare = |part, pipeline: &Pipeline| {
        FrameLoader::new(part, &names, pipeline, &cli.recordings, &cache, options.seed)
    };
    let (train, test) = (prepare(train, &changed)?, prepare(test, &plain)?);
    println!(
        "recordings: {} to train on, {} to test; classes: {}",
        train.len,
        test.len,
        names.len()
    );

    let network = network::network(inputs, names.len(), options.seed, &training_device)?;
    println!("{}", network.layers.summary(&[2, height, width])?);
    let model = config.init(network);
    let (of_train, valid) = (train.split(&training_device), test.split(&device));
    let untrained = pictures::Traced::new(&model.valid().network.layers, &test, &device)?;
    let steps = train.len.div_ceil(batch_size.max(1)).div_ceil(cli.accumulate.get());
    let config = TrainerConfig {
        epochs,
        batch_size,
        seed: options.seed.into(),
        average: best.then_some(0.99),
        // The test set is what is shown after each epoch, and chooses nothing.
        keep: Keep::Last,
        accumulate: cli.accumulate,
        directory: out.join("checkpoint"),
        settings: json!({
            "learning rate": lr,
            "data set": format!("{kind:?} of {} recordings", train.len),
            "classes": names,
            "frame": cli.frame,
            "side": cli.side,
            "augmentation": format!("{augment:?}"),
            "optimizer steps of the cosine": best.then_some(epochs * steps),
            "chunk": cli.chunk,
        }),
    };
    let scheduler = match best {
        true => CosineAnnealingLrSchedulerConfig::new(lr, epochs * steps).init()?,
        false => ConstantLr::new(lr).into(),
    };
    let optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let trainer = Trainer::new(config, model, optimizer, scheduler);
    let step = |model: &Classifier<_>, batch, weight| match cli.chunk {
        Some(chunk) => truncated_step(model, &criterion, chunk.get(), batch, weight),
        None => model.gradients(batch, weight),
    };
    let outcome = common::train(trainer, options, &out, &of_train, &valid, step)?;

    save_model(&outcome.model, &out.join("model.bpk"))?;
    let confusion = confusion::confusion(&outcome.model, &valid, names.len(), batch_size, &device)?;
    let correct: usize = (0..names.len()).map(|k| confusion[k * names.len() + k]).sum();
    let trained = pictures::Traced::new(&outcome.model.network.layers, &test, &device)?;
    let ms = cli.frame.get() as f64 / 1e3;
    pictures::draw(&out, &outcome.history, &confusion, &names, &[untrained, trained], ms)?;
    println!("model, checkpoint and pictures are in {}", out.display());
    let accuracy = correct as f64 / test.len as f64;
    let dataset = kind.to_possible_value().map(|value| value.get_name().to_owned());
    println!("{}", common::result(options, &outcome, accuracy, json!({ "dataset": dataset })));
    Ok(())
}

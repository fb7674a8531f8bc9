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
use std::path::PathBuf;
use std::process::ExitCode;

use burn::lr_scheduler::constant::ConstantLr;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::optim::AdamConfig;
use burn::tensor::Device;
use clap::{Parser, ValueEnum};
use serde_json::json;
use snn::data::frame::{Slicer, ToFrame};
use snn::data::transform::{Compose, Denoise, Downsample};
use snn::prelude::*;
use snn::train::trainer::{Keep, TrainerConfig, save_model};

use csnn::{csnn, hidden_counts};
use event_network::{EventNetwork, Stream, load, truncated_step};
use frames::{AugmentOptions, FrameLoader, Pipeline};
use recordings::{Kind, Parts, RecordingOptions};

/// Trains a convolutional spiking network on DVS Gesture, or on other recordings.
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
    /// Frames that a recording is made into
    #[arg(long, default_value = "25")]
    bins: NonZeroUsize,
    /// Drop events without a neighbour in so many ms before; 0 drops none
    #[arg(long, value_name = "MS", default_value = "10")]
    denoise: f64,
    /// Let the gradient end every so many frames: less memory
    #[arg(long, value_name = "FRAMES")]
    chunk: Option<NonZeroUsize>,
    /// Batches that make one optimizer step
    #[arg(long, default_value = "1")]
    accumulate: NonZeroUsize,
    /// Run the trained model over a recording, window by window, and train nothing
    #[arg(long, value_name = "FILE")]
    stream: Option<PathBuf>,
    /// Length of such a window in ms [default: a 25th of the recording]
    #[arg(long, value_name = "MS")]
    stream_window: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// The tutorial's: Adam 2e-3, batches of 64, 50 epochs
    Tutorial,
    /// Events of all pixels, recordings changed at random, smaller batches, an average of the weights, a learning
    /// rate that falls to zero
    Best,
}

/// Height and width of the frames that the network takes.
const SIDE: usize = 32;

fn main() -> ExitCode {
    snn::core::memory::keep_freed();
    common::exit_code(run(&Cli::parse()))
}

fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let options = &cli.options;
    let best = cli.preset == Preset::Best;
    let epochs = options.epochs.unwrap_or(50);
    let batch_size = options.batch_size.unwrap_or(if best { 16 } else { 64 });
    let lr = options.lr.unwrap_or(2e-3);
    let kind = cli.recordings.dataset.unwrap_or(Kind::DvsGesture);
    let out = options.out.clone().unwrap_or_else(|| PathBuf::from("out/dvs_gesture"));
    let device = common::device::device(&options.device)?;
    let training_device = device.clone().autodiff();

    let folder = data::folder(options)?;
    let parts = recordings::open(options, &cli.recordings, kind, &folder)?;
    let Parts { train, test, names, sensor } = parts;
    // The tutorial takes every fourth pixel. Events of all of them, moved closer, say more.
    let smaller = best.then(|| Downsample::to([SIDE as u16; 2]).into());
    let side = if best { None } else { Some(SIDE) };
    let denoise = (cli.denoise > 0.0).then(|| Denoise::new((cli.denoise * 1e3) as i64).into());
    let transforms = Compose::new(denoise.into_iter().chain(smaller));
    let network = |device: &Device| -> Result<_, Box<dyn Error>> {
        let layers = csnn([2, 12, 32], 32 * 5 * 5, names.len(), options.seed, device)?;
        Ok(EventNetwork { layers, hidden: hidden_counts })
    };
    if let Some(file) = &cli.stream {
        let criterion: Criterion = MseCountLoss::new().into();
        let model = ClassifierConfig::new(criterion).init(network(&device)?);
        let model = load(model, &out.join("model.bpk"))?;
        let stream = Stream {
            layers: &model.network.layers,
            names: &names,
            sensor,
            transforms: &transforms,
            side,
            bins: cli.bins.get(),
            window: cli.stream_window,
            readout: |spikes| spikes.sum_dim(0).squeeze_dim(0),
        };
        return stream.run(file, &out, &device);
    }

    let cache = cli.recordings.cache.clone().unwrap_or_else(|| out.join("cache"));
    let to_frame = ToFrame::new(Slicer::time_bins(cli.bins.get()));
    let usual = AugmentOptions {
        shift: Some(2),
        drop_events: Some(0.3),
        time_jitter: Some(1000.0),
        ..AugmentOptions::default()
    };
    let augment = cli.augment.clone().or(if best { usual } else { AugmentOptions::default() });
    let plain = Pipeline { transforms, to_frame, side, augment: AugmentOptions::default() };
    let changed = Pipeline { augment: augment.clone(), ..plain.clone() };
    let load = |part, pipeline: &Pipeline| {
        FrameLoader::new(part, &names, pipeline, &cli.recordings, &cache, options.seed)
    };
    let (train, test) = (load(train, &changed)?, load(test, &plain)?);
    println!(
        "recordings: {} to train on, {} to test; classes: {}",
        train.len,
        test.len,
        names.len()
    );

    let network = network(&training_device)?;
    println!("{}", network.layers.summary(&[2, SIDE, SIDE])?);
    let criterion: Criterion =
        MseCountLoss::new().with_correct_rate(0.8).with_incorrect_rate(0.2).into();
    let model = ClassifierConfig::new(criterion.clone()).init(network);
    let steps = train.len.div_ceil(batch_size.max(1)).div_ceil(cli.accumulate.get());
    let config = TrainerConfig {
        epochs,
        batch_size,
        seed: options.seed.into(),
        average: best.then_some(0.99),
        // The test set is what is shown after each epoch, as in the tutorial, and chooses nothing.
        keep: Keep::Last,
        accumulate: cli.accumulate,
        directory: out.join("checkpoint"),
        settings: json!({
            "learning rate": lr,
            "data set": format!("{kind:?} of {} recordings", train.len),
            "classes": names,
            "frames": cli.bins,
            "denoise": cli.denoise,
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
    let (train, valid) = (train.split(&training_device), test.split(&device));
    let step = |model: &Classifier<_>, batch, weight| match cli.chunk {
        Some(chunk) => truncated_step(model, &criterion, chunk.get(), batch, weight),
        None => model.gradients(batch, weight),
    };
    let outcome = common::train(trainer, options, &out, &train, &valid, step)?;

    save_model(&outcome.model, &out.join("model.bpk"))?;
    let confusion = confusion::confusion(&outcome.model, &valid, names.len(), batch_size, &device)?;
    let correct: usize = (0..names.len()).map(|k| confusion[k * names.len() + k]).sum();
    pictures::draw(&out, &outcome.history, &confusion, &names, &test)?;
    println!("model, checkpoint and pictures are in {}", out.display());
    let accuracy = correct as f64 / test.len as f64;
    let dataset = kind.to_possible_value().map(|value| value.get_name().to_owned());
    println!("{}", common::result(options, &outcome, accuracy, json!({ "dataset": dataset })));
    Ok(())
}

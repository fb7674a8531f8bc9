//! Classifies points by the times of spikes: the Yin-Yang experiment of hxtorch on BrainScaleS-2,
//! in software.
//!
//! Each coordinate of a point becomes one spike, the earlier the smaller it is. Five input channels
//! drive 120 current-based LIF neurons, these three leaky integrators; the one whose membrane rises
//! highest names the class.
//!
//! `--mock hardware` trains and tests it on a stand-in for the chip: weights of 6 bits and a sign,
//! synapses that differ, noisy 8-bit readings of membranes with an offset.

#[path = "yin_yang/chip.rs"]
mod chip;
mod common;
#[path = "yin_yang/data.rs"]
mod data;
#[path = "yin_yang/network.rs"]
mod network;
#[path = "yin_yang/pictures.rs"]
mod pictures;
#[path = "common/spikes.rs"]
mod spikes;

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use burn::lr_scheduler::step::StepLrSchedulerConfig;
use burn::module::Module;
use burn::optim::AdamConfig;
use clap::{Parser, ValueEnum};
use serde_json::json;
use snn::core::encode::CoordinatesToSpikes;
use snn::data::yin_yang::YinYang;
use snn::prelude::*;
use snn::train::trainer::{Keep, TrainerConfig, evaluate, save_model};

use chip::Chip;
use common::CtrlC;
use data::Encoded;
use network::YinYangNetwork;

/// Trains a spiking network on the Yin-Yang data set.
#[derive(Parser, Debug)]
struct Cli {
    #[command(flatten)]
    options: common::Options,
    /// Settings to start from
    #[arg(long, value_enum, default_value_t = Preset::Tutorial)]
    preset: Preset,
    /// What it is trained and tested on
    #[arg(long, value_enum, default_value_t = Mock::Ideal)]
    mock: Mock,
    /// Standard deviation of the strength of the chip's synapses, relative [default: 0.1]
    #[arg(long)]
    mismatch: Option<f64>,
    /// Mean of the hidden layer's initial weights (the chip tutorial's 0.001 leaves software silent)
    #[arg(long, allow_hyphen_values = true)]
    hidden_mean: Option<f64>,
    /// Standard deviation of the hidden layer's initial weights
    #[arg(long)]
    hidden_std: Option<f64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Preset {
    /// The tutorial's: steps of 2 µs, Adam 2e-3, 0.9 every 5 epochs; 40 epochs
    Tutorial,
    /// Steps of 0.5 µs, Adam 4e-3, 0.95 every 5 epochs, 120 epochs
    Best,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mock {
    /// Exact weights and membranes, as hxtorch's mock mode
    Ideal,
    /// Weights and membranes as a chip has them
    Hardware,
}

/// Everything that decides a run besides its seed.
struct Settings {
    epochs: usize,
    batch_size: usize,
    lr: f64,
    gamma: f64,
    dt: f64,
    hidden_mean: f64,
    hidden_std: f64,
    mismatch: Option<f64>,
}

impl Settings {
    fn new(cli: &Cli) -> Self {
        let preset = match cli.preset {
            Preset::Tutorial => Self {
                epochs: 40,
                batch_size: 75,
                lr: 2e-3,
                gamma: 0.9,
                dt: 2.0,
                hidden_mean: 1.0,
                hidden_std: 1.0,
                mismatch: None,
            },
            Preset::Best => Self {
                epochs: 120,
                batch_size: 75,
                lr: 4e-3,
                gamma: 0.95,
                dt: 0.5,
                hidden_mean: 1.5,
                hidden_std: 1.0,
                mismatch: None,
            },
        };
        Self {
            epochs: cli.options.epochs.unwrap_or(preset.epochs),
            batch_size: cli.options.batch_size.unwrap_or(preset.batch_size),
            lr: cli.options.lr.unwrap_or(preset.lr),
            hidden_mean: cli.hidden_mean.unwrap_or(preset.hidden_mean),
            hidden_std: cli.hidden_std.unwrap_or(preset.hidden_std),
            mismatch: cli.mismatch,
            ..preset
        }
    }
}

/// Samples of the training set; batches of 75 divide it.
const TRAINING_SAMPLES: usize = 5025;
/// Duration of a sample in µs.
const DURATION: f64 = 60.0;
/// Epochs after which the learning rate falls.
const EPOCHS_PER_DECAY: usize = 5;

fn main() -> ExitCode {
    snn::core::memory::keep_freed();
    common::exit_code(run(&Cli::parse()))
}

fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let settings = Settings::new(cli);
    let options = &cli.options;
    let out = options.out.clone().unwrap_or_else(|| PathBuf::from("out/yin_yang"));
    let device = common::device::device(&options.device)?;
    let training_device = device.clone().autodiff();

    let encoder =
        CoordinatesToSpikes::new((DURATION / settings.dt).round() as usize, settings.dt, 2.0, 40.0)
            .with_t_bias(Some(18.0));
    // The three sets must not share a seed: with one, each would begin with the same samples.
    let samples = |size, seed_offset| YinYang::new(size, options.seed.wrapping_add(seed_offset));
    let train = Encoded::new(&samples(TRAINING_SAMPLES, 0), &encoder, &training_device)?;
    let valid = Encoded::new(&samples(3000, 1), &encoder, &device)?;
    let test_samples = samples(3000, 2);
    let test = Encoded::new(&test_samples, &encoder, &device)?;

    let chip = Chip::new(&settings, options.seed, &training_device)?;
    // Where it is trained, and then where else it is tested.
    let (mock, here, there, tested_there) = match cli.mock {
        Mock::Ideal => ("ideal", None, Some(chip.valid()), "hardware_accuracy"),
        Mock::Hardware => ("hardware", Some(chip), None, "ideal_accuracy"),
    };
    let mismatch = here.as_ref().and(settings.mismatch);
    let network = YinYangNetwork::new(&settings, options.seed, here, &training_device)?;
    let model = ClassifierConfig::new(ReadoutCrossEntropy::ce_max_membrane().into())
        .with_readout_scale(10.0)
        .with_readout(4e-4)
        .init(network);
    let steps_per_decay = EPOCHS_PER_DECAY * TRAINING_SAMPLES.div_ceil(settings.batch_size.max(1));
    let scheduler = StepLrSchedulerConfig::new(settings.lr, steps_per_decay)
        .with_gamma(settings.gamma)
        .init()?;
    let config = TrainerConfig {
        epochs: settings.epochs,
        batch_size: settings.batch_size,
        seed: options.seed.into(),
        average: None,
        keep: Keep::Best,
        accumulate: NonZeroUsize::MIN,
        directory: out.join("checkpoint"),
        settings: json!({
            "learning rate": settings.lr,
            "gamma": settings.gamma,
            "dt": settings.dt,
            "hidden mean": settings.hidden_mean,
            "hidden std": settings.hidden_std,
            "mock": mock,
            "mismatch": mismatch,
        }),
    };
    let trainer = Trainer::new(config, model, AdamConfig::new().init(), scheduler);
    let outcome = common::train(
        &CtrlC::new()?,
        trainer,
        options,
        &out,
        (&train.split(options.seed), &valid.split(options.seed.wrapping_add(1))),
        Classifier::gradients,
    )?;

    let test = test.split(options.seed.wrapping_add(2));
    save_model(&outcome.model, &out.join("model.bpk"))?;
    let result = evaluate(&outcome.model, &test, 500)?;
    let network = &outcome.model.network;
    pictures::draw(&out, &outcome.history, network, &encoder, test_samples.samples(), &device)?;
    println!("model, checkpoint and pictures are in {}", out.display());

    let mut model = outcome.model.clone();
    model.network.chip = there;
    let more = json!({
        "mock": mock,
        "test_loss": result.loss,
        "firing_rates": result.rates,
        tested_there: evaluate(&model, &test, 500)?.accuracy,
    });
    println!("{}", common::result(options, &outcome, result.accuracy, more));
    Ok(())
}

//! Makes a spiking network of a trained one, and counts what it costs: sinabs' tutorial on MNIST-DVS.
//!
//! A convolutional network of analog units learns digits from all events of a recording at once. Its units become
//! integrate-and-fire neurons, which get the same events in bins of 10 ms. Synaptic operations are counted, and how the
//! answer comes about over time is drawn.

#[path = "mnist_dvs_conversion/affine.rs"]
mod affine;
mod common;
#[path = "common/data.rs"]
mod data;
#[path = "common/draw.rs"]
mod draw;
#[path = "mnist_dvs_conversion/network.rs"]
mod network;
#[path = "mnist_dvs_conversion/pictures.rs"]
mod pictures;
#[path = "common/recordings.rs"]
mod recordings;
#[path = "mnist_dvs_conversion/samples.rs"]
mod samples;
#[path = "mnist_dvs_conversion/spiking.rs"]
mod spiking;

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::module::{Module, Param};
use burn::optim::AdamConfig;
use clap::{Parser, ValueEnum};
use serde_json::{Value, json};
use snn::core::convert::{Conversion, ConversionConfig, Normalization};
use snn::core::hardware::FixedPointConfig;
use snn::core::sequential::Layer;
use snn::core::synops::Energy;
use snn::data::Part;
use snn::data::events::SensorSize;
use snn::data::mnist::{CLASSES, Mnist};
use snn::prelude::*;
use snn::train::trainer::{Keep, Outcome, TrainerConfig, evaluate, save_model};

use common::CtrlC;
use network::{Analog, Spiking, cnn};
use pictures::Rescaled;
use recordings::{Kind, Parts, RecordingOptions, relabel};
use samples::{BIN, Samples};
use spiking::{Tested, step_within_budget, test};

/// Trains a convolutional network on digits, converts it to a spiking one, and counts synaptic operations.
#[derive(Parser, Debug)]
struct Cli {
    #[command(flatten)]
    options: common::Options,
    #[command(flatten)]
    recordings: RecordingOptions,
    /// What to train on
    #[arg(long, value_enum, default_value_t = Source::Recordings)]
    source: Source,
    /// Time steps: of 10 ms for recordings [default: 30], of 1 ms for images [default: 100]
    #[arg(long)]
    steps: Option<NonZeroUsize>,
    /// Time steps of a recording that make a frame for the analog network
    #[arg(long, value_name = "N", default_value = "10")]
    frame: NonZeroUsize,
    /// A spike in every step stands for an activation larger than so many percent of all
    #[arg(long, default_value_t = 99.9, value_parser = percent)]
    percentile: f64,
    /// Train units of so many levels, for as few steps
    #[arg(long, value_name = "N")]
    levels: Option<NonZeroUsize>,
    /// Train the converted network on, until it needs this share of its synaptic operations
    #[arg(long, value_name = "SHARE", value_parser = common::positive)]
    budget: Option<f64>,
    /// Epochs of that training
    #[arg(long, value_name = "N", default_value_t = 2)]
    budget_epochs: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Source {
    /// Recordings of an event camera: N-MNIST, or those of --dataset
    Recordings,
    /// MNIST images, which the spiking network sees as spikes at the rates of their pixels
    Mnist,
}

/// Samples by whose activations weights are scaled.
const CALIBRATION: usize = 500;
/// Samples with which other weights in the first layer are tried.
const TRIED: usize = 1000;
/// Factors of the weights in the first layer.
const FACTORS: [f64; 7] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

fn main() -> ExitCode {
    snn::core::memory::keep_freed();
    common::exit_code(run(&Cli::parse()))
}

fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let options = &cli.options;
    let (out, device) = (out_folder(options), common::device::device(&options.device)?);
    let folder = data::folder(options)?;
    let Digits { train, test: tested, names } = open(cli, &folder)?;
    println!("samples: {} to train on, {} to test", train.len(), tested.len());

    let levels = cli.levels.map(NonZeroUsize::get);
    let network = cnn(train.side, names.len(), levels, options.seed, &device.clone().autodiff())?;
    println!("{}", network.summary(&[1, train.side, train.side])?);
    let epochs = options.epochs.unwrap_or(match cli.source {
        Source::Recordings => 40,
        Source::Mnist => 10,
    });
    let (batch_size, lr) = (batch_size(options), lr(options));
    let model = ClassifierConfig::new(criterion()).init(Analog { layers: network });
    let settings = json!({
        "learning rate": lr,
        "source": format!("{:?} {:?}", cli.source, cli.recordings.dataset),
        "classes": names,
        "frames": train.all_frames(),
        "levels": levels,
    });
    let config = trainer_config(cli, epochs, batch_size, out.join("checkpoint"), settings.clone());
    let cosine = epochs * train.all_frames().div_ceil(batch_size.max(1));
    let scheduler = CosineAnnealingLrSchedulerConfig::new(lr, cosine.max(1)).init()?;
    let trainer = Trainer::new(config, model, AdamConfig::new().init(), scheduler);
    let ctrl_c = CtrlC::new()?;
    let splits = (
        &train.analog_split(Some(options.seed), &device.clone().autodiff()),
        &tested.analog_split(None, &device),
    );
    let outcome = common::train(&ctrl_c, trainer, options, &out, splits, Classifier::gradients)?;
    save_model(&outcome.model, &out.join("model.bpk"))?;
    let analog = evaluate(&outcome.model, &tested.analog_split(None, &device), 200)?.accuracy;
    println!("analog network: accuracy {analog:.4}");

    // From half the threshold, rates are rounded. Of an image, nothing is to be forgotten; what a camera saw a while ago
    // is.
    let conversion =
        ConversionConfig::new().with_initial_membrane(0.5).with_v_min(match cli.source {
            Source::Mnist => None,
            Source::Recordings => Some(-1.0),
        });
    let of_a_step = train.of_a_step(CALIBRATION, &device);
    let normalization = Normalization::new(cli.percentile);
    let analog_layers = match levels {
        None => outcome.model.network.layers.clone(),
        // Levels are those of whole frames, which a step must make up for.
        Some(_) => with_first_times(&outcome.model.network.layers, train.per_step()),
    };
    let Conversion { network: mut layers, report, .. } =
        conversion.convert_normalized(&analog_layers, &of_a_step, &normalization)?;
    println!("\n{report}");
    save_model(&layers, &out.join("spiking.bpk"))?;
    let run = |layers: &Sequential, count| test(layers, &tested, count, options.seed, &device);
    let mut spiking = run(&layers, tested.len())?;
    print_test("converted", &spiking);

    let mut more = json!({});
    if let Some(share) = cli.budget {
        let (accuracy, synops) = (spiking.last(), spiking.report.synops());
        if synops == 0.0 {
            return Err("the converted network has no synaptic operations to save".into());
        }
        let trained =
            within_budget(cli, &ctrl_c, layers, share * synops, [&train, &tested], settings)?;
        layers = trained.model.network.layers;
        spiking = run(&layers, tested.len())?;
        print_test("trained within a budget", &spiking);
        more = json!({
            "converted_accuracy": accuracy,
            "converted_synops": synops,
            "budget_epochs": trained.history.len(),
            "budget_train_seconds": trained.train_seconds,
        });
    }

    let fixed = FixedPointConfig::new().discretize(&layers)?;
    let fixed = run(&fixed.network, tested.len())?.last();
    println!("weights of 8 bits, membranes of 16: accuracy {fixed:.4}");

    let mut rescaled = Vec::new();
    for factor in FACTORS {
        let Tested { accuracy, report } = run(&with_first_times(&layers, factor), TRIED)?;
        let accuracy = accuracy.last().copied().unwrap_or(0.0);
        rescaled.push(Rescaled { factor, accuracy, synops: report.synops() });
    }
    println!("first layer's weights times");
    for Rescaled { factor, accuracy, synops } in &rescaled {
        println!("{factor:>8}  accuracy {accuracy:.4}  SynOps {synops:.0}");
    }
    let history = &outcome.history;
    pictures::draw(&out, history, &spiking.accuracy, analog, tested.dt(), &rescaled)?;
    let digit = out.join("digit.png");
    pictures::draw_digit(&digit, &layers, &tested, &names, options.seed, &device)?;
    let synops = serde_json::to_vec_pretty(&spiking.report)?;
    snn::data::replace(&out.join("synops.json"), &synops)?;
    println!("model, checkpoint, pictures and synops.json are in {}", out.display());
    if let (Value::Object(all), Value::Object(more)) = (&mut more, result(analog, &spiking)) {
        all.extend(more);
        all.insert("fixed_point_accuracy".into(), fixed.into());
    }
    println!("{}", common::result(options, &outcome, spiking.last(), more));
    Ok(())
}

fn out_folder(options: &common::Options) -> PathBuf {
    options.out.clone().unwrap_or_else(|| PathBuf::from("out/mnist_dvs_conversion"))
}

/// What there is to train and to test with.
struct Digits {
    train: Samples,
    test: Samples,
    names: Vec<String>,
}

fn open(cli: &Cli, folder: &Path) -> Result<Digits, Box<dyn Error>> {
    println!("data sets: {}", folder.display());
    let steps = |default| cli.steps.map_or(default, NonZeroUsize::get);
    match cli.source {
        Source::Mnist => {
            #[cfg(feature = "download")]
            snn::data::mnist::download(folder, &snn::data::Downloader::new())?;
            let open = |part| Samples::images(&Mnist::open(folder, part)?, steps(100));
            let names = (0..CLASSES).map(|digit| digit.to_string()).collect();
            Ok(Digits { train: open(Part::Train)?, test: open(Part::Test)?, names })
        }
        Source::Recordings => {
            let kind = cli.recordings.dataset.unwrap_or(Kind::Nmnist);
            let parts = recordings::open(&cli.options, &cli.recordings, kind, folder)?;
            let Parts { train, test, names, .. } = &parts;
            let read =
                |part| Samples::recordings(part, &relabel(part, names), steps(30), cli.frame.get());
            let SensorSize { width, height, .. } = parts.sensor;
            println!("recordings of {width} x {height} pixels, in steps of {} ms", BIN / 1000);
            Ok(Digits { train: read(train)?, test: read(test)?, names: names.clone() })
        }
    }
}

/// The test set is what is shown after each epoch, and chooses nothing.
fn trainer_config(
    cli: &Cli,
    epochs: usize,
    batch_size: usize,
    directory: PathBuf,
    settings: Value,
) -> TrainerConfig {
    TrainerConfig {
        epochs,
        batch_size,
        seed: cli.options.seed.into(),
        average: Some(0.99),
        keep: Keep::Last,
        accumulate: NonZeroUsize::MIN,
        directory,
        settings,
    }
}

fn percent(text: &str) -> Result<f64, String> {
    match common::positive(text)? {
        percent if percent <= 100.0 => Ok(percent),
        _ => Err("expected at most 100".into()),
    }
}

fn batch_size(options: &common::Options) -> usize {
    options.batch_size.unwrap_or(32)
}

fn lr(options: &common::Options) -> f64 {
    options.lr.unwrap_or(2e-3)
}

fn criterion() -> Criterion {
    ReadoutCrossEntropy::ce_count().into()
}

/// Trains a spiking network on, through time, with so many synaptic operations.
fn within_budget(
    cli: &Cli,
    ctrl_c: &CtrlC,
    layers: Sequential,
    budget: f64,
    [train, tested]: [&Samples; 2],
    mut settings: Value,
) -> Result<Outcome<Spiking>, Box<dyn Error>> {
    println!("training on, for {budget:.0} synaptic operations");
    let options = &cli.options;
    let (out, device) = (out_folder(options), common::device::device(&options.device)?);
    let layers = layers.train();
    let criterion = criterion();
    let model = ClassifierConfig::new(criterion.clone()).init(Spiking { layers });
    let (batch_size, lr) = (batch_size(options), lr(options) / 4.0);
    settings["budget"] = budget.into();
    settings["learning rate"] = lr.into();
    let epochs = cli.budget_epochs;
    // Another budget is another run, on from the same network.
    let name = format!("budget-{}-{}", budget.round(), train.steps);
    let config = trainer_config(cli, epochs, batch_size, out.join(name), settings);
    let cosine = epochs * train.len().div_ceil(batch_size.max(1));
    let scheduler = CosineAnnealingLrSchedulerConfig::new(lr, cosine.max(1)).init()?;
    let trainer = Trainer::new(config, model, AdamConfig::new().init(), scheduler);
    let splits = (
        &train.spiking_split(options.seed, &device.clone().autodiff()),
        &tested.spiking_split(options.seed, &device),
    );
    let outcome = common::train(ctrl_c, trainer, options, &out, splits, |model, batch, weight| {
        step_within_budget(model, &criterion, budget, batch, weight)
    })?;
    save_model(&outcome.model, &out.join("budget.bpk"))?;
    Ok(outcome)
}

/// The network with other weights in its first layer.
fn with_first_times(layers: &Sequential, factor: f64) -> Sequential {
    let mut layers = layers.clone();
    if let Some(Layer::Conv2d(conv)) = layers.layers.first_mut() {
        conv.weight = Param::from_tensor(conv.weight.val() * factor);
    }
    layers
}

fn milliwatts(tested: &Tested) -> f64 {
    1e3 * tested.report.watts(Energy::DYNAP_CNN)
}

fn print_test(name: &str, tested: &Tested) {
    println!("{name}:\n{}", tested.report);
    let powers = (0..).map(|power| 1 << power).take_while(|step| *step <= tested.accuracy.len());
    let after = powers.map(|step: usize| format!("{step}: {:.4}", tested.accuracy[step - 1]));
    println!("accuracy after steps  {}", after.collect::<Vec<_>>().join("  "));
    let joules = tested.report.joules(Energy::DYNAP_CNN);
    println!(
        "accuracy {:.4}; at 10 pJ for an operation {:.4} mW, {:.3} µJ for a sample; a dense analog network in 45 nm, \
         once for all steps, {:.3} µJ\n",
        tested.last(),
        milliwatts(tested),
        1e6 * joules,
        1e6 * tested.report.macs() / tested.report.steps * Energy::MAC_45NM.0,
    );
}

fn result(analog: f64, tested: &Tested) -> Value {
    json!({
        "ann_accuracy": analog,
        "snn_accuracy": tested.last(),
        "steps": tested.accuracy.len(),
        "synops": tested.report.synops(),
        "milliwatts": milliwatts(tested),
    })
}

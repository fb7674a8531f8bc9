//! What every training example shares: its options, its progress, its last line.

mod ctrl_c;
pub mod device;

use std::error::Error;
use std::io::IsTerminal;
use std::num::{NonZeroUsize, ParseFloatError, ParseIntError};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use burn::optim::GradientsParams;
use clap::Args;
pub use ctrl_c::CtrlC;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use snn::prelude::*;
use snn::train::classify::ClassifierOutput;
use snn::train::plot::{self, PlotError, Series};
use snn::train::trainer::{EpochRecord, Outcome, Report, Split};

/// The exit code of an example; an error is shown as a sentence.
pub fn exit_code(result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Options that all training examples take. What is left out is decided by the preset.
#[derive(Args, Debug, Clone)]
pub struct Options {
    /// Passes over the training set
    #[arg(long, value_parser = one_or_more)]
    pub epochs: Option<usize>,
    /// Samples per optimizer step
    #[arg(long, value_parser = one_or_more)]
    pub batch_size: Option<usize>,
    /// Learning rate
    #[arg(long, value_parser = positive)]
    pub lr: Option<f64>,
    /// Seed of weights, order of samples and generated data
    #[arg(long, default_value_t = 42)]
    pub seed: u32,
    /// Folder of data sets [default: $SNN_DATA_DIR, or snn in the user's cache folder]
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Folder for checkpoints, model and pictures [default: out/<example>]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// flex, ndarray, wgpu, vulkan or cuda, as far as built in
    #[arg(long, default_value = "flex")]
    pub device: String,
    /// Continue from the checkpoint in the output folder
    #[arg(long)]
    pub resume: bool,
}

fn one_or_more(text: &str) -> Result<usize, String> {
    let number: NonZeroUsize = text.parse().map_err(|error: ParseIntError| error.to_string())?;
    Ok(number.get())
}

/// Reads a number that is finite and larger than zero.
pub fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|error: ParseFloatError| error.to_string())?;
    if number.is_finite() && number > 0.0 {
        return Ok(number);
    }
    Err("expected a finite number above zero".into())
}

/// Trains by steps of the caller's, with `--resume` from the checkpoint. Ctrl-C saves, and is an error that says how to go
/// on.
pub fn train<N: SpikingNetwork>(
    ctrl_c: &CtrlC,
    mut trainer: Trainer<N>,
    options: &Options,
    out: &Path,
    (train, valid): (&Split<'_, N::Input>, &Split<'_, N::Input>),
    step: impl Fn(&Classifier<N>, Batch<N::Input>, f64) -> (GradientsParams, ClassifierOutput),
) -> Result<Outcome<N>, Box<dyn Error>> {
    if options.resume && !trainer.resume()? {
        println!("no checkpoint under {}: starting at the beginning", out.display());
    }
    let progress = progress(trainer.config().epochs);
    let fit = |stop: &AtomicBool| trainer.fit_with(train, valid, stop, progress, step);
    let stopped = "stopped, and saved; the same command with --resume goes on";
    Ok(ctrl_c.unless_stopped(fit)?.ok_or(stopped)?)
}

/// Shows a run: a bar on a terminal, a line for each epoch anywhere.
fn progress(epochs: usize) -> impl FnMut(Report<'_>) {
    let terminal = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
    let bar = if terminal { ProgressBar::new(0) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} batches") {
        bar.set_style(style);
    }
    move |report| match report {
        Report::Batch { epoch, done, total } => {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
            bar.set_message(format!("epoch {epoch}/{epochs}"));
        }
        Report::Epoch(record) => {
            let line = line(record, epochs);
            if terminal {
                bar.println(line)
            } else {
                println!("{line}")
            }
            if record.epoch == epochs {
                bar.finish_and_clear();
            }
        }
    }
}

fn line(record: &EpochRecord, epochs: usize) -> String {
    let rates: Vec<String> = record.firing_rates.iter().map(|r| format!("{r:.4}")).collect();
    let spikes = match rates.is_empty() {
        true => String::new(),
        false => format!("  spikes per neuron and step: {}", rates.join(", ")),
    };
    format!(
        "epoch {:>3}/{epochs}  train: loss {:.4}, accuracy {:.4}  validation: loss {:.4}, accuracy \
         {:.4}{spikes}",
        record.epoch,
        record.train_loss,
        record.train_accuracy,
        record.valid_loss,
        record.valid_accuracy,
    )
}

/// Draws `loss.png` and `accuracy.png`.
pub fn curves(out: &Path, name: &str, history: &[EpochRecord]) -> Result<(), PlotError> {
    let draw = |what: &str, train: fn(&EpochRecord) -> f64, valid: fn(&EpochRecord) -> f64| {
        let train: Vec<f64> = history.iter().map(train).collect();
        let valid: Vec<f64> = history.iter().map(valid).collect();
        let pair = [
            Series { name: "training", values: &train },
            Series { name: "validation", values: &valid },
        ];
        plot::curves(&out.join(format!("{what}.png")), &format!("{name}: {what}"), what, &pair)
    };
    draw("loss", |epoch| epoch.train_loss, |epoch| epoch.valid_loss)?;
    draw("accuracy", |epoch| epoch.train_accuracy, |epoch| epoch.valid_accuracy)
}

/// The last line of an example.
pub fn result<N: SpikingNetwork>(
    options: &Options,
    outcome: &Outcome<N>,
    test_accuracy: f64,
    more: Value,
) -> String {
    let mut result = json!({
        "test_accuracy": test_accuracy,
        "epochs": outcome.history.len(),
        "best_epoch": outcome.best_epoch,
        "train_seconds": outcome.train_seconds,
        "device": options.device,
        "seed": options.seed,
    });
    if let (Value::Object(result), Value::Object(more)) = (&mut result, more) {
        result.extend(more);
    }
    format!("result: {result}")
}

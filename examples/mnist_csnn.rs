//! Classifies handwritten digits with a convolutional spiking network: snnTorch's tutorial 6.
//!
//! The image is the input current at each of 50 steps. The output neuron that spikes most often
//! names the digit.

mod common;
#[path = "common/confusion.rs"]
mod confusion;
#[path = "common/csnn.rs"]
mod csnn;
#[path = "common/data.rs"]
mod data;
#[path = "mnist_csnn/network.rs"]
mod network;
#[path = "mnist_csnn/pictures.rs"]
mod pictures;
#[path = "common/spikes.rs"]
mod spikes;

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::Dataset;
use burn::data::dataset::transform::PartialDataset;
use burn::lr_scheduler::constant::ConstantLr;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::optim::AdamConfig;
use burn::tensor::{Device, Tensor};
use clap::{Parser, ValueEnum};
use rand::RngExt;
use serde_json::json;
use snn::data::mnist::{CLASSES, Mnist, MnistSample, SIDE};
use snn::data::{DataError, Part};
use snn::prelude::*;
use snn::train::trainer::{Keep, Split, TrainerConfig, save_model};

use common::CtrlC;
use network::{Csnn, ToImages};

/// Trains a convolutional spiking network on MNIST.
#[derive(Parser, Debug)]
struct Cli {
    #[command(flatten)]
    options: common::Options,
    /// Settings to start from
    #[arg(long, value_enum, default_value_t = Preset::Tutorial)]
    preset: Preset,
    /// Steps for which the network sees an image
    #[arg(long, default_value = "50")]
    steps: NonZeroUsize,
    /// Train on one part in N of the training set, its first images: 10 is what the tutorial does
    #[arg(long, value_name = "N", default_value = "1")]
    subset: NonZeroUsize,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Preset {
    /// The tutorial's: Adam 1e-2, 10 epochs
    Tutorial,
    /// The same, but images are shifted by up to a pixel, another way in every epoch, and the learning rate falls to
    /// zero along a cosine
    Best,
}

/// Images at the end of the training set that are not trained on: the epoch to keep is chosen on
/// them, not on the test set.
const VALIDATION: usize = 5000;

/// Decay of the average of the weights.
const AVERAGE: f64 = 0.995;

fn main() -> ExitCode {
    snn::core::memory::keep_freed();
    common::exit_code(run(&Cli::parse()))
}

fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let options = &cli.options;
    let epochs = options.epochs.unwrap_or(10);
    let batch_size = options.batch_size.unwrap_or(128);
    let lr = options.lr.unwrap_or(1e-2);
    let (steps, subset) = (cli.steps.get(), cli.subset.get());
    let out = options.out.clone().unwrap_or_else(|| PathBuf::from("out/mnist_csnn"));
    let device = common::device::device(&options.device)?;
    let training_device = device.clone().autodiff();

    let folder = data::folder(options)?;
    println!("data sets: {}", folder.display());
    let [train, test] = open(&folder)?;
    let kept = train.len().saturating_sub(VALIDATION);
    let trained = kept.min(train.len() / subset);
    // As large a validation set as a small training set deserves.
    let validated = VALIDATION.min(trained / 6);
    let train = Arc::new(train);
    let part = |start, len| PartialDataset::new(train.clone(), start, start + len);
    let (train, valid) = (part(0, trained), part(kept, validated));

    let network = Csnn::new(steps, options.seed, &training_device)?;
    println!("{}", network.layers.summary(&[1, SIDE, SIDE])?);
    println!("images: {trained} to train on, {validated} to validate, {} to test", test.len());
    let model = ClassifierConfig::new(ReadoutCrossEntropy::ce_rate().into()).init(network);
    let cosine = match cli.preset {
        Preset::Tutorial => None,
        Preset::Best => Some(epochs * trained.div_ceil(batch_size.max(1))),
    };
    let config = TrainerConfig {
        epochs,
        batch_size,
        seed: options.seed.into(),
        average: Some(AVERAGE),
        keep: Keep::Best,
        accumulate: NonZeroUsize::MIN,
        directory: out.join("checkpoint"),
        settings: json!({
            "learning rate": lr,
            "optimizer steps of the cosine": cosine,
            "steps": steps,
            "subset": subset,
        }),
    };
    let scheduler = match cosine {
        Some(steps) => CosineAnnealingLrSchedulerConfig::new(lr, steps).init()?,
        None => ConstantLr::new(lr).into(),
    };
    // PyTorch's epsilon; Burn's is 1e-5.
    let optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let trainer = Trainer::new(config, model, optimizer, scheduler);
    let train = match cli.preset {
        Preset::Tutorial => Split::from_dataset(&train, &ToImages, &training_device),
        Preset::Best => shifted(&train, options.seed, &training_device),
    };
    let valid = Split::from_dataset(&valid, &ToImages, &device);
    let splits = (&train, &valid);
    let outcome =
        common::train(&CtrlC::new()?, trainer, options, &out, splits, Classifier::gradients)?;
    save_model(&outcome.model, &out.join("model.bpk"))?;

    let tested = Split::from_dataset(&test, &ToImages, &device);
    let confusion = confusion::confusion(&outcome.model, &tested, CLASSES, batch_size, &device)?;
    let correct: usize = (0..CLASSES).map(|class| confusion[class * CLASSES + class]).sum();
    let sample = test.get(0)?;
    let network = &outcome.model.network;
    pictures::draw(&out, &outcome.history, network, &confusion, sample, &device)?;
    println!("model, checkpoint and pictures are in {}", out.display());
    let accuracy = correct as f64 / test.len() as f64;
    let more = json!({ "subset": subset, "steps": steps });
    println!("{}", common::result(options, &outcome, accuracy, more));
    Ok(())
}

/// Images that are shifted by up to a pixel along each side.
fn shifted<'a>(
    images: &'a PartialDataset<Arc<Mnist>, MnistSample>,
    seed: u32,
    device: &Device,
) -> Split<'a, Tensor<4>> {
    let device = device.clone();
    Split::new(images.len(), move |plan| {
        let device = device.clone();
        Box::new(plan.with_generators(seed.into()).map(move |(indices, mut rng)| {
            let mut samples = images.get_many(indices)?;
            for sample in &mut samples {
                let [dx, dy] = [(); 2].map(|()| rng.random_range(-1..=1));
                sample.image = shift(&sample.image, dx, dy);
            }
            Ok(ToImages.batch(samples, &device))
        }))
    })
}

/// The image moved, with background where there was none.
fn shift(image: &[u8], dx: i32, dy: i32) -> Vec<u8> {
    let side = SIDE as i32;
    let at = |x: i32, y: i32| match (0..side).contains(&x) && (0..side).contains(&y) {
        true => image[(y * side + x) as usize],
        false => 0,
    };
    (0..side * side).map(|pixel| at(pixel % side - dx, pixel / side - dy)).collect()
}

/// Training and test set.
fn open(folder: &Path) -> Result<[Mnist; 2], DataError> {
    #[cfg(feature = "download")]
    snn::data::mnist::download(folder, &snn::data::Downloader::new())?;
    Ok([Mnist::open(folder, Part::Train)?, Mnist::open(folder, Part::Test)?])
}

//! What the examples on event cameras have in common: their options, and the way from recordings to a saved model.

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use burn::lr_scheduler::constant::ConstantLr;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::optim::AdamConfig;
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use snn::prelude::*;
use snn::train::trainer::{Keep, Outcome, TrainerConfig, save_model};

use super::common::CtrlC;
use super::event_network::{EventNetwork, truncated_step};
use super::frames::{AugmentOptions, FrameLoader, Pipeline};
use super::recordings::{self, Kind, Parts, RecordingOptions, SomeRecordings};
use super::{common, confusion, data};

/// Options that both examples take besides those of every example.
#[derive(Args, Debug, Clone)]
pub struct EventOptions {
    #[command(flatten)]
    pub recordings: RecordingOptions,
    #[command(flatten)]
    pub augment: AugmentOptions,
    /// Threads that prepare batches
    #[arg(long, default_value = "2")]
    pub workers: NonZeroUsize,
    /// Folder of prepared recordings [default: cache, in the output folder]
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Settings to start from
    #[arg(long, value_enum, default_value_t = Preset::Tutorial)]
    pub preset: Preset,
    /// Let the gradient end every so many frames: less memory
    #[arg(long, value_name = "FRAMES")]
    pub chunk: Option<NonZeroUsize>,
    /// Batches that make one optimizer step
    #[arg(long, default_value = "1")]
    pub accumulate: NonZeroUsize,
    /// Run the trained model over a recording, window by window, and train nothing
    #[arg(long, value_name = "FILE")]
    pub stream: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// Those of the tutorial
    Tutorial,
    /// Recordings changed at random, an average of the weights, a learning rate that falls to zero
    Best,
}

/// A run of an example.
pub struct Run<'a> {
    pub options: &'a common::Options,
    pub events: &'a EventOptions,
    pub kind: Kind,
    pub parts: Parts,
    pub out: PathBuf,
    pub device: Device,
}

/// How to train.
pub struct Task {
    pub epochs: usize,
    pub batch_size: usize,
    pub criterion: Criterion,
    /// What else a run depends on.
    pub settings: Value,
}

/// Recordings to train and to test with, prepared.
pub struct Loaders {
    train: FrameLoader,
    pub test: FrameLoader,
}

/// What came of it.
pub struct Trained {
    pub outcome: Outcome<EventNetwork>,
    /// How many recordings of each class (row) were taken for each class (column).
    pub confusion: Vec<usize>,
}

impl<'a> Run<'a> {
    /// Finds the recordings.
    pub fn new(
        name: &str,
        kind: Kind,
        options: &'a common::Options,
        events: &'a EventOptions,
    ) -> Result<Self, Box<dyn Error>> {
        let kind = events.recordings.dataset.unwrap_or(kind);
        let out = options.out.clone().unwrap_or_else(|| PathBuf::from("out").join(name));
        let device = common::device::device(&options.device)?;
        let parts = recordings::open(options, &events.recordings, kind, &data::folder(options)?)?;
        Ok(Self { options, events, kind, parts, out, device })
    }

    pub fn is_best(&self) -> bool {
        self.events.preset == Preset::Best
    }

    /// What is changed at random in the recordings that are trained on.
    fn augment(&self) -> AugmentOptions {
        let best = AugmentOptions {
            shift: Some(2),
            drop_events: Some(0.3),
            time_jitter: Some(1000.0),
            ..AugmentOptions::default()
        };
        let usual = if self.is_best() { best } else { AugmentOptions::default() };
        self.events.augment.clone().or(usual)
    }

    /// Prepares the recordings, as far as they are not in the cache.
    pub fn loaders(&self, pipeline: &Pipeline) -> Result<Loaders, Box<dyn Error>> {
        let Parts { train, test, names, .. } = &self.parts;
        let cache = self.events.cache.clone().unwrap_or_else(|| self.out.join("cache"));
        let load = |part: &SomeRecordings, augment| {
            let part = part.clone();
            FrameLoader::new(part, names, pipeline, augment, self.events, &cache, self.options.seed)
        };
        let train = load(train, self.augment())?;
        let test = load(test, AugmentOptions::default())?;
        let (trained, tested) = (train.len, test.len);
        println!("recordings: {trained} to train on, {tested} to test; classes: {}", names.len());
        Ok(Loaders { train, test })
    }

    /// Trains, and saves the model.
    pub fn train(
        &self,
        network: EventNetwork,
        loaders: &Loaders,
        task: Task,
    ) -> Result<Trained, Box<dyn Error>> {
        let (Loaders { train, test }, best) = (loaders, self.is_best());
        let Task { epochs, batch_size, criterion, mut settings } = task;
        let EventOptions { chunk, accumulate, .. } = self.events;
        let lr = self.options.lr.unwrap_or(2e-3);
        let steps = train.len.div_ceil(batch_size.max(1)).div_ceil(accumulate.get());
        settings["learning rate"] = lr.into();
        settings["data set"] = format!("{:?} of {} recordings", self.kind, train.len).into();
        settings["classes"] = json!(self.parts.names);
        settings["augmentation"] = format!("{:?}", self.augment()).into();
        settings["optimizer steps of the cosine"] = json!(best.then_some(epochs * steps));
        settings["chunk"] = json!(chunk);
        let config = TrainerConfig {
            epochs,
            batch_size,
            seed: self.options.seed.into(),
            average: best.then_some(0.99),
            // The test set is what is shown after each epoch, as in the tutorials, and chooses nothing.
            keep: Keep::Last,
            accumulate: *accumulate,
            directory: self.out.join("checkpoint"),
            settings,
        };
        let scheduler = match best {
            true => CosineAnnealingLrSchedulerConfig::new(lr, epochs * steps).init()?,
            false => ConstantLr::new(lr).into(),
        };
        // PyTorch's epsilon; Burn's is 1e-5.
        let optimizer = AdamConfig::new().with_epsilon(1e-8).init();
        let model = ClassifierConfig::new(criterion.clone()).init(network);
        let trainer = Trainer::new(config, model, optimizer, scheduler);
        let (train, valid) =
            (train.split(&self.device.clone().autodiff()), test.split(&self.device));
        let step = |model: &Classifier<_>, batch, weight| match chunk {
            Some(chunk) => truncated_step(model, &criterion, chunk.get(), batch, weight),
            None => model.gradients(batch, weight),
        };
        let splits = (&train, &valid);
        let outcome =
            common::train(&CtrlC::new()?, trainer, self.options, &self.out, splits, step)?;
        save_model(&outcome.model, &self.out.join("model.bpk"))?;
        let (model, classes) = (&outcome.model, self.parts.names.len());
        let confusion = confusion::confusion(model, &valid, classes, batch_size, &self.device)?;
        Ok(Trained { outcome, confusion })
    }

    /// The last lines of an example.
    pub fn finish(&self, trained: &Trained) {
        println!("model, checkpoint and pictures are in {}", self.out.display());
        let Trained { outcome, confusion } = trained;
        let classes = self.parts.names.len();
        let correct: usize = (0..classes).map(|class| confusion[class * classes + class]).sum();
        let accuracy = correct as f64 / confusion.iter().sum::<usize>() as f64;
        let dataset = self.kind.to_possible_value().map(|value| value.get_name().to_owned());
        let more = json!({ "dataset": dataset });
        println!("{}", common::result(self.options, outcome, accuracy, more));
    }
}

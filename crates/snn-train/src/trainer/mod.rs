//! The training loop: epochs of optimizer steps, a validation after each, and a checkpoint that a
//! killed run continues from bit for bit.
//!
//! Burn's own `SupervisedTraining` runs the same models, with its dashboard and several devices. Its
//! checkpoints are of whole epochs, and a resumed run shuffles as if it had just begun; this loop
//! resumes within an epoch and ends where an uninterrupted run ends.

mod average;
mod checkpoint;
mod epoch;
mod error;
mod finite;
mod split;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams, ModuleOptimizer};
use burn::train::TrainStep;
use serde::{Deserialize, Serialize};

use crate::classify::{Batch, Classifier, ClassifierOutput, SpikingNetwork};
use crate::loss::LabelCheck;
use checkpoint::Progress;
pub use checkpoint::save_model;
pub use epoch::{Evaluation, evaluate};
use epoch::{evaluate_named, order};
pub use error::TrainError;
pub use split::{Batches, Plan, Split, generator};

/// How to train.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainerConfig {
    /// Number of passes over the training set.
    pub epochs: usize,
    /// Samples per optimizer step. The last batch of an epoch may be smaller.
    pub batch_size: usize,
    /// Decides the order of the samples in each epoch.
    pub seed: u64,
    /// Decay of an exponential moving average of the weights, per optimizer step. The averaged
    /// model is then the one that is validated and kept; `None` keeps the model of the last step.
    pub average: Option<f64>,
    /// Which epoch's model is the result.
    pub keep: Keep,
    /// Batches whose gradients make one optimizer step: as one batch of all their samples would,
    /// in the memory of one of them.
    pub accumulate: NonZeroUsize,
    /// Folder of the checkpoint.
    pub directory: PathBuf,
    /// What else the run depends on (data, network, learning rate, ...): a checkpoint is only
    /// continued under the same settings.
    pub settings: serde_json::Value,
}

/// Which epoch's model is the result of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Keep {
    /// That with the highest validation accuracy, the first of several.
    #[default]
    Best,
    /// The last one. The validation set decides nothing then, and may be the test set.
    Last,
}

/// One epoch in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: usize,
    /// Mean over the training samples, while the weights changed.
    pub train_loss: f64,
    /// Share of training samples classified correctly, while the weights changed.
    pub train_accuracy: f64,
    /// Mean over the validation samples, after the epoch.
    pub valid_loss: f64,
    /// Share of validation samples classified correctly, after the epoch.
    pub valid_accuracy: f64,
    /// Mean firing rate of each hidden layer over the training samples, in spikes per neuron and
    /// step.
    pub firing_rates: Vec<f64>,
    /// Learning rate of the last step.
    pub learning_rate: f64,
}

/// What [`Trainer::fit`] reports while it runs.
#[derive(Debug)]
pub enum Report<'a> {
    /// A batch is done.
    Batch {
        /// From 1.
        epoch: usize,
        /// Batches done in this epoch.
        done: usize,
        /// Batches in an epoch.
        total: usize,
    },
    /// An epoch is done and saved.
    Epoch(&'a EpochRecord),
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome<N: SpikingNetwork> {
    /// The model of the epoch that was to be kept, without autodiff; of the last step, if no epoch was
    /// completed.
    pub model: Classifier<N>,
    /// The epoch it is from; `None` if no epoch was completed.
    pub best_epoch: Option<usize>,
    /// All epochs, those before a resumption included.
    pub history: Vec<EpochRecord>,
    /// Time spent on training and validation, that before a resumption included, in seconds.
    pub train_seconds: f64,
    /// Whether the run was stopped before its last epoch. What it had reached is saved.
    pub interrupted: bool,
}

/// Trains a [`Classifier`].
pub struct Trainer<N: SpikingNetwork> {
    config: TrainerConfig,
    model: Classifier<N>,
    /// The average of its weights, without autodiff, if the run keeps one.
    average: Option<Classifier<N>>,
    optimizer: ModuleOptimizer,
    scheduler: ModuleLrScheduler,
    progress: Progress,
    /// When the time in `progress` was last brought up to date.
    clock: Instant,
}

impl<N: SpikingNetwork> Trainer<N> {
    /// A new run of `model`, which must be on an autodiff device. The scheduler is stepped once per
    /// optimizer step, as Burn's are: a decay every 5 epochs is one every `5 * batches` steps.
    pub fn new(
        config: TrainerConfig,
        model: Classifier<N>,
        optimizer: ModuleOptimizer,
        scheduler: ModuleLrScheduler,
    ) -> Self {
        Self {
            average: config.average.map(|_| model.valid()),
            config,
            model,
            optimizer,
            scheduler,
            progress: Progress::default(),
            clock: Instant::now(),
        }
    }

    /// How it trains.
    pub fn config(&self) -> &TrainerConfig {
        &self.config
    }

    /// Continues from the checkpoint in the run's folder. `false` if there is none: the run then
    /// starts at the beginning.
    ///
    /// # Errors
    ///
    /// If the checkpoint cannot be read, or was made under other settings.
    pub fn resume(&mut self) -> Result<bool, TrainError> {
        checkpoint::load(self)
    }

    /// Trains until the last epoch, or until `stop` is set. Saves after every epoch and on a stop.
    ///
    /// `train` must give tensors on the model's device, `valid` on that device without autodiff.
    ///
    /// # Errors
    ///
    /// If a batch or a checkpoint cannot be read or written, if a label is not one of the network's
    /// classes, if the loss or a weight is not a finite number, or if a hidden layer does not spike at all
    /// during an epoch, so that no layer after it can learn. The last checkpoint stays as it is then.
    pub fn fit(
        self,
        train: &Split<'_, N::Input>,
        valid: &Split<'_, N::Input>,
        stop: &AtomicBool,
        report: impl FnMut(Report<'_>),
    ) -> Result<Outcome<N>, TrainError> {
        // Labels are checked when the results of a batch are read.
        let step = |model: &Classifier<N>, batch, weight| {
            model.gradients_checked(batch, weight, LabelCheck::Later)
        };
        self.fit_with(train, valid, stop, report, step)
    }

    /// As [`fit`](Self::fit), with a training step of one's own: the gradients of the loss of a batch
    /// times a weight, and what the model said to it. The weights of the batches of one optimizer step
    /// add up to 1.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit).
    ///
    /// # Panics
    ///
    /// Where the step does: losses called by it panic on CPUs if a label is not a class.
    pub fn fit_with(
        mut self,
        train: &Split<'_, N::Input>,
        valid: &Split<'_, N::Input>,
        stop: &AtomicBool,
        mut report: impl FnMut(Report<'_>),
        step: impl Fn(&Classifier<N>, Batch<N::Input>, f64) -> (GradientsParams, ClassifierOutput),
    ) -> Result<Outcome<N>, TrainError> {
        for (name, len) in [("training", train.len), ("validation", valid.len)] {
            if len == 0 {
                return Err(TrainError::Empty { split: name });
            }
        }
        if self.config.batch_size == 0 {
            return Err(TrainError::BatchSize);
        }
        checkpoint::prepare(&mut self)?;
        self.clock = Instant::now();
        while self.progress.history.len() < self.config.epochs {
            let whole = self.train_epoch(train, stop, &mut report, &step)?;
            if !finite::are_weights(&self.model) {
                return Err(self.diverged("a weight is not a finite number".into()));
            }
            if !whole {
                checkpoint::save(&mut self)?;
                return self.outcome(true);
            }
            let record = self.finish_epoch(valid)?;
            report(Report::Epoch(&record));
        }
        self.outcome(false)
    }

    /// The rest of the current epoch. `false` if it was stopped.
    fn train_epoch(
        &mut self,
        train: &Split<'_, N::Input>,
        stop: &AtomicBool,
        report: &mut impl FnMut(Report<'_>),
        step: &impl Fn(&Classifier<N>, Batch<N::Input>, f64) -> (GradientsParams, ClassifierOutput),
    ) -> Result<bool, TrainError> {
        let epoch = self.progress.history.len() + 1;
        let order = order(train.len, self.config.seed, epoch);
        let (size, done) = (self.config.batch_size, self.progress.batches);
        let accumulate = self.config.accumulate.get();
        let total = order.len().div_ceil(size);
        let mut gradients = GradientsAccumulator::new();
        for batch in train.batches(epoch, &order, size, done) {
            let number = self.progress.batches;
            // Between optimizer steps, as a checkpoint has no gradients.
            if number.is_multiple_of(accumulate) && stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let batch = batch?;
            let first = number / accumulate * accumulate * size;
            let samples = (order.len() - first).min(accumulate * size);
            let weight = batch.targets.dims()[0] as f64 / samples as f64;
            let (of_batch, output) = step(&self.model, batch, weight);
            gradients.accumulate(&self.model, of_batch);
            let start = number * size;
            let index = |position| order.get(start + position).copied().unwrap_or(position);
            let loss = self.progress.train.add(output, "training", index)?;
            self.progress.batches += 1;
            let number = self.progress.batches;
            if !loss.is_finite() {
                return Err(self.diverged(format!("the loss of batch {number} is {loss}")));
            }
            if number.is_multiple_of(accumulate) || number == total {
                self.optimize(gradients.grads());
            }
            report(Report::Batch { epoch, done: number, total });
        }
        Ok(true)
    }

    fn optimize(&mut self, gradients: GradientsParams) {
        let learning_rate = self.scheduler.step();
        self.progress.learning_rate = learning_rate.base();
        self.model = self.model.clone().optimize(&mut self.optimizer, learning_rate, gradients);
        self.progress.steps += 1;
        if let (Some(average), Some(decay)) = (self.average.take(), self.config.average) {
            let step = self.progress.steps;
            self.average = Some(average::moved(average, &self.model, decay, step));
        }
    }

    /// Validates, keeps the model if it is to be kept so far, saves.
    fn finish_epoch(&mut self, valid: &Split<'_, N::Input>) -> Result<EpochRecord, TrainError> {
        let epoch = self.progress.history.len() + 1;
        let train = std::mem::take(&mut self.progress.train).means();
        if let Some(layer) = train.rates.iter().position(|rate| *rate == 0.0) {
            return Err(TrainError::DeadLayer { epoch, layer });
        }
        let valid = evaluate_named(&self.kept(), valid, "validation", self.config.batch_size)?;
        if !valid.loss.is_finite() {
            return Err(self.diverged(format!("the loss on the validation set is {}", valid.loss)));
        }
        let record = EpochRecord {
            epoch,
            train_loss: train.loss,
            train_accuracy: train.accuracy,
            valid_loss: valid.loss,
            valid_accuracy: valid.accuracy,
            firing_rates: train.rates,
            learning_rate: self.progress.learning_rate,
        };
        let best = self.progress.best_record();
        let better = best.is_none_or(|best| record.valid_accuracy > best.valid_accuracy);
        if better || self.config.keep == Keep::Last {
            checkpoint::save_best(self, epoch)?;
        }
        self.progress.history.push(record.clone());
        self.progress.batches = 0;
        checkpoint::save(self)?;
        Ok(record)
    }

    /// What is the matter with the epoch that is trained. Nothing of it is saved.
    fn diverged(&self, what: String) -> TrainError {
        TrainError::Diverged { epoch: self.progress.history.len() + 1, what }
    }

    /// The model that is validated and kept, without autodiff: the average, if there is one.
    fn kept(&self) -> Classifier<N> {
        self.average.clone().unwrap_or_else(|| self.model.valid())
    }

    fn outcome(self, interrupted: bool) -> Result<Outcome<N>, TrainError> {
        let model = match self.progress.best_epoch {
            Some(_) => checkpoint::load_best(&self)?,
            None => self.kept(),
        };
        Ok(Outcome {
            model,
            best_epoch: self.progress.best_epoch,
            train_seconds: self.progress.seconds,
            history: self.progress.history,
            interrupted,
        })
    }
}

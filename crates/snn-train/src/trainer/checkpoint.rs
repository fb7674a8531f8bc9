//! The checkpoint: model, optimizer, scheduler, and how far the run is.
//!
//! ```text
//! progress.json          how far, and which of the files below belong to it
//! model-N.bpk            as they were at the Nth save
//! optimizer-N.bpk
//! scheduler-N.bpk
//! average-N.bpk          if the run averages its weights
//! best-N.bpk             the model of the epoch that is kept so far, first in the Nth save
//! ```
//!
//! The files of a save are written under names of their own, which no file has that is there already,
//! be it of another run; replacing `progress.json` is the one atomic act that makes them the
//! checkpoint, and only then the old ones go.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::lr_scheduler::LrSchedulerRecord;
use burn::module::Module;
use burn::optim::OptimizerRecord;
use burn::store::{ModuleRecord, RecordError};
use burn::tensor::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::epoch::Sums;
use super::{EpochRecord, TrainError, Trainer};
use crate::classify::{Classifier, SpikingNetwork};
use crate::file::write_atomic;

/// How far a run is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Progress {
    settings: Value,
    saves: usize,
    pub(super) seconds: f64,
    pub(super) best_epoch: Option<usize>,
    /// The save that its model is a file of.
    best_save: usize,
    /// Batches done of the epoch that has begun, and the sums over them.
    pub(super) batches: usize,
    /// Optimizer steps done in all.
    pub(super) steps: usize,
    pub(super) train: Sums,
    pub(super) learning_rate: f64,
    pub(super) history: Vec<EpochRecord>,
}

impl Progress {
    pub(super) fn best_record(&self) -> Option<&EpochRecord> {
        self.history.get(self.best_epoch?.checked_sub(1)?)
    }
}

const PROGRESS: &str = "progress.json";
const KINDS: [&str; 5] = ["model", "average", "optimizer", "scheduler", "best"];

/// Creates the folder, so that a run that cannot save fails before it trains, and counts saves on from the
/// files that it has.
pub(super) fn prepare<N: SpikingNetwork>(trainer: &mut Trainer<N>) -> Result<(), TrainError> {
    let directory = &trainer.config.directory;
    let error = |source| TrainError::File { path: directory.into(), source };
    fs::create_dir_all(directory).map_err(error)?;
    for entry in fs::read_dir(directory).map_err(error)? {
        if let Some((_, save)) = parts(&entry.map_err(error)?.file_name()) {
            trainer.progress.saves = trainer.progress.saves.max(save);
        }
    }
    Ok(())
}

pub(super) fn save<N: SpikingNetwork>(trainer: &mut Trainer<N>) -> Result<(), TrainError> {
    trainer.progress.settings = settings(trainer);
    trainer.progress.saves += 1;
    trainer.progress.seconds +=
        std::mem::replace(&mut trainer.clock, Instant::now()).elapsed().as_secs_f64();
    let (directory, save) = (&trainer.config.directory, trainer.progress.saves);
    save_model(&trainer.model, &file(directory, "model", save))?;
    if let Some(average) = &trainer.average {
        save_model(average, &file(directory, "average", save))?;
    }
    let record = trainer.optimizer.to_record();
    write_record(&file(directory, "optimizer", save), record.into_bytes())?;
    let record = trainer.scheduler.to_record();
    write_record(&file(directory, "scheduler", save), record.into_bytes())?;

    let path = directory.join(PROGRESS);
    let json = serde_json::to_vec_pretty(&trainer.progress)
        .map_err(|source| TrainError::Progress { path: path.clone(), source })?;
    write(&path, &json)?;
    remove_old(directory, &trainer.progress);
    Ok(())
}

/// Saves the model of an epoch, to be kept from the next [`save`] on.
pub(super) fn save_best<N: SpikingNetwork>(
    trainer: &mut Trainer<N>,
    epoch: usize,
) -> Result<(), TrainError> {
    trainer.progress.best_epoch = Some(epoch);
    trainer.progress.best_save = trainer.progress.saves + 1;
    save_model(&trainer.kept(), &best(trainer))
}

fn best<N: SpikingNetwork>(trainer: &Trainer<N>) -> PathBuf {
    file(&trainer.config.directory, "best", trainer.progress.best_save)
}

/// Writes the parameters of `model` to a burnpack file, whole or not at all.
///
/// # Errors
///
/// If the file cannot be written; names it.
pub fn save_model<M: Module>(model: &M, path: &Path) -> Result<(), TrainError> {
    write_record(path, model.clone().into_record().into_bytes())
}

pub(super) fn load<N: SpikingNetwork>(trainer: &mut Trainer<N>) -> Result<bool, TrainError> {
    let directory = trainer.config.directory.clone();
    let path = directory.join(PROGRESS);
    if !path.exists() {
        return Ok(false);
    }
    let json = read(&path)?;
    let progress: Progress = serde_json::from_slice(&json)
        .map_err(|source| TrainError::Progress { path: path.clone(), source })?;
    compare(&path, &progress.settings, &settings(trainer))?;

    let save = progress.saves;
    let path = file(&directory, "model", save);
    trainer.model = load_model(trainer.model.clone(), &path)?;
    if let Some(average) = trainer.average.take() {
        trainer.average = Some(load_model(average, &file(&directory, "average", save))?);
    }
    let path = file(&directory, "optimizer", save);
    let record = OptimizerRecord::from_bytes(Bytes::from_bytes_vec(read(&path)?));
    trainer.optimizer = trainer.optimizer.clone().load_record(record.map_err(bad(&path))?);
    let path = file(&directory, "scheduler", save);
    let record = LrSchedulerRecord::from_bytes(Bytes::from_bytes_vec(read(&path)?));
    trainer.scheduler = trainer.scheduler.clone().load_record(record.map_err(bad(&path))?);
    trainer.progress = progress;
    Ok(true)
}

pub(super) fn load_best<N: SpikingNetwork>(
    trainer: &Trainer<N>,
) -> Result<Classifier<N>, TrainError> {
    load_model(trainer.model.valid(), &best(trainer))
}

fn load_model<M: Module>(model: M, path: &Path) -> Result<M, TrainError> {
    let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(read(path)?));
    model.try_load_record(record.map_err(bad(path))?).map_err(bad(path))
}

fn file(directory: &Path, kind: &str, number: usize) -> PathBuf {
    directory.join(format!("{kind}-{number}.bpk"))
}

/// What a checkpoint must share with the run that continues it.
fn settings<N: SpikingNetwork>(trainer: &Trainer<N>) -> Value {
    let mut settings = match &trainer.config.settings {
        Value::Object(map) => map.clone(),
        other => [("settings".to_owned(), other.clone())].into_iter().collect(),
    };
    settings.insert("batch size".into(), trainer.config.batch_size.into());
    settings.insert("seed".into(), trainer.config.seed.into());
    settings.insert("decay of the average".into(), trainer.config.average.into());
    settings.insert("batches of a step".into(), trainer.config.accumulate.get().into());
    Value::Object(settings)
}

fn compare(path: &Path, saved: &Value, current: &Value) -> Result<(), TrainError> {
    let of = |settings: &Value, key: &str| settings.get(key).cloned().unwrap_or_default();
    let keys = |settings: &Value| -> Vec<String> {
        settings.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default()
    };
    let all = keys(saved).into_iter().chain(keys(current));
    match all.into_iter().find(|key| of(saved, key) != of(current, key)) {
        None => Ok(()),
        Some(setting) => Err(TrainError::Settings {
            path: path.into(),
            saved: of(saved, &setting).to_string(),
            current: of(current, &setting).to_string(),
            setting,
        }),
    }
}

/// Removes the files of other saves, and what a killed run left half written. What stays behind does no
/// harm, so a failure here is no error.
fn remove_old(directory: &Path, progress: &Progress) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let old = match parts(&name) {
            Some(("best", save)) => save != progress.best_save,
            Some((_, save)) => save != progress.saves,
            None => {
                name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(".tmp"))
            }
        };
        if old {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Kind and save of a file of a checkpoint.
fn parts(name: &OsStr) -> Option<(&str, usize)> {
    let (kind, save) = name.to_str()?.strip_suffix(".bpk")?.rsplit_once('-')?;
    KINDS.contains(&kind).then_some((kind, save.parse().ok()?))
}

fn write_record(path: &Path, bytes: Result<Bytes, RecordError>) -> Result<(), TrainError> {
    write(path, &bytes.map_err(bad(path))?)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    write_atomic(path, bytes).map_err(|source| TrainError::File { path: path.into(), source })
}

fn read(path: &Path) -> Result<Vec<u8>, TrainError> {
    fs::read(path).map_err(|source| TrainError::File { path: path.into(), source })
}

fn bad(path: &Path) -> impl Fn(RecordError) -> TrainError + '_ {
    |source| TrainError::Record { path: path.into(), source }
}

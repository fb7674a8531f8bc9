//! What ends a run.

use std::cell::Cell;
use std::sync::atomic::AtomicBool;

use snn::data::yin_yang::YinYang;
use snn::prelude::*;
use snn::train::trainer::{Split, TrainError};

use super::{Encode, Network, Run};
use crate::test_device;

#[test]
fn a_dead_layer_and_a_diverged_loss_end_the_run_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let dead = Run { hidden_mean: -20.0, ..Run::new(folder.path(), 2) };
    let error = dead.fit(dead.trainer(), None).unwrap_err();
    assert!(matches!(error, TrainError::DeadLayer { epoch: 1, layer: 0 }), "{error}");
    assert!(error.to_string().starts_with("hidden layer 0 is dead: not one spike in epoch 1"));

    let diverged = Run { hidden_mean: f64::NAN, ..Run::new(folder.path(), 2) };
    let error = diverged.fit(diverged.trainer(), None).unwrap_err();
    assert_eq!(error.to_string(), "training diverged in epoch 1: the loss of batch 1 is NaN");
}

#[test]
fn weights_that_are_no_numbers_are_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::new(folder.path(), 3);
    let outcome = run.fit(run.trainer(), Some(3)).unwrap();
    assert_eq!((outcome.interrupted, outcome.history.len()), (true, 1));

    let mut trainer = run.trainer();
    assert!(trainer.resume().unwrap());
    let data = (YinYang::new(96, 1), YinYang::new(64, 2));
    let (encode, device) = (Encode::new(), test_device());
    let train = Split::from_dataset(&data.0, &encode, &device.clone().autodiff());
    let valid = Split::from_dataset(&data.1, &encode, &device);
    // The last step of the epoch: all its losses are those of good weights.
    let steps = Cell::new(0);
    let step = |model: &Classifier<Network>, batch, weight| {
        steps.set(steps.get() + 1);
        model.gradients(batch, if steps.get() == 3 { f64::NAN } else { weight })
    };
    let stop = AtomicBool::new(false);
    let error = trainer.fit_with(&train, &valid, &stop, |_| (), step).unwrap_err().to_string();
    assert_eq!(error, "training diverged in epoch 2: a weight is not a finite number");

    let mut trainer = run.trainer();
    assert!(trainer.resume().unwrap());
    assert_eq!(run.fit(trainer, None).unwrap().history[..1], outcome.history);
}

#[test]
fn a_folder_that_cannot_be_written_ends_the_run_before_it_trains() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    std::fs::write(&file, b"").unwrap();
    let directory = file.join("checkpoint");
    let run = Run::new(&directory, 1);
    let error = run.fit(run.trainer(), None).unwrap_err().to_string();
    assert!(error.contains("a file/checkpoint: Not a directory"), "{error}");
}

#[test]
fn empty_sets_and_batches_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let empty = Run { samples: 0, ..Run::new(folder.path(), 1) };
    let error = empty.fit(empty.trainer(), None).unwrap_err();
    assert_eq!(error.to_string(), "the training set has no samples");
}

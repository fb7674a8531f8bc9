//! What ends a run.

use std::cell::Cell;
use std::sync::atomic::AtomicBool;

use burn::data::dataloader::batcher::Batcher;
use burn::tensor::{Device, Tensor};
use snn::data::yin_yang::{YinYang, YinYangSample};
use snn::prelude::*;
use snn::train::trainer::{Split, TrainError, evaluate};

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

/// Labels of the Yin-Yang data set, by another numbering.
struct Renumbered {
    encode: Encode,
    number: fn(i64) -> i64,
}

impl Batcher<YinYangSample, Batch<Tensor<3>>> for Renumbered {
    fn batch(&self, items: Vec<YinYangSample>, device: &Device) -> Batch<Tensor<3>> {
        let labels: Vec<i64> = items.iter().map(|item| (self.number)(item.label as i64)).collect();
        let targets = Tensor::from_data(labels.as_slice(), device);
        Batch { targets, ..self.encode.batch(items, device) }
    }
}

#[test]
fn a_label_that_is_no_class_ends_the_run_and_is_named_with_its_sample() {
    let folder = tempfile::tempdir().unwrap();
    let device = test_device();
    let from_one = Renumbered { encode: Encode::new(), number: |label| label + 1 };
    let from_minus_one = Renumbered { encode: Encode::new(), number: |label| label - 1 };
    let (right, data) = (Encode::new(), YinYang::new(96, 1));
    let run = |name: &str, train: &dyn Batcher<_, _>, valid: &dyn Batcher<_, _>| {
        let directory = folder.path().join(name);
        let trainer = Run::new(&directory, 2).trainer();
        let train = Split::from_dataset(&data, train, &device.clone().autodiff());
        let valid = Split::from_dataset(&data, valid, &device);
        let error = trainer.fit(&train, &valid, &AtomicBool::new(false), |_| ()).unwrap_err();
        assert!(!directory.join("progress.json").exists());
        error
    };
    let found = |error: TrainError, name: &str, wrong: i64| {
        let TrainError::Label { split, sample, label, classes } = error else { panic!("{error}") };
        assert_eq!((split, label, classes), (name, wrong, 3));
        // It is a sample of the class that got the number.
        let class = if wrong == 3 { 2 } else { 0 };
        assert_eq!(data.samples()[sample].label, class);
        let first = data.samples().iter().position(|sample| sample.label == class);
        let expected = format!(
            "expected class indices from 0 to 2 for 3 classes, found label {wrong} of sample {sample} of the \
             {name} set; number the classes from 0, or give the network an output for each"
        );
        assert_eq!(error.to_string(), expected);
        (sample, first)
    };
    // Training shuffles its samples; a validation has them in order, so the first one is named.
    found(run("training", &from_one, &right), "training", 3);
    let (sample, first) = found(run("validation", &right, &from_minus_one), "validation", -1);
    assert_eq!(Some(sample), first);
    let model = super::classifier(1.0, &device);
    let split = Split::from_dataset(&data, &from_one, &device);
    let (sample, first) = found(evaluate(&model, &split, 7).unwrap_err(), "evaluation", 3);
    assert_eq!(Some(sample), first);
}

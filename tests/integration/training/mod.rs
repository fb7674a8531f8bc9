//! Training: that it learns, that it goes on where it stopped, that it says what is wrong.

mod checkpoint;
mod errors;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::data::dataloader::DataLoaderBuilder;
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::{Dataset, InMemDataset};
use burn::lr_scheduler::step::StepLrSchedulerConfig;
use burn::module::{Module, Param};
use burn::optim::AdamConfig;
use burn::tensor::{Device, Tensor, TensorData};
use burn::train::metric::{AccuracyMetric, LossMetric};
use burn::train::renderer::CliMetricsRenderer;
use burn::train::{Learner, SupervisedTraining};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};
use serde_json::json;
use snn::core::encode::CoordinatesToSpikes;
use snn::core::neuron::HxTorchParameters;
use snn::data::yin_yang::{YinYang, YinYangSample};
use snn::prelude::*;
use snn::train::metric::ActivityMetric;
use snn::train::trainer::{EpochRecord, Keep, Outcome, Report, Split, TrainError, TrainerConfig};

use crate::{test_device, values};

const DT: f64 = 4.0;
const HIDDEN: usize = 30;

#[derive(Module, Debug)]
struct Network {
    hidden_weight: Param<Tensor<2>>,
    hidden: CubaLif,
    readout_weight: Param<Tensor<2>>,
    readout: CubaLi,
}

impl Network {
    fn new(hidden_mean: f64, device: &Device) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut normal = |mean, std, shape: [usize; 2]| {
            let draws = Normal::new(mean, std).unwrap().sample_iter(&mut rng);
            let draws: Vec<f64> = draws.take(shape[0] * shape[1]).collect();
            Param::from_tensor(Tensor::from_data(TensorData::new(draws, shape), device))
        };
        let parameters = HxTorchParameters { dt: DT, ..Default::default() };
        Self {
            hidden_weight: normal(hidden_mean, 1.0, [5, HIDDEN]),
            hidden: CubaLifConfig::hxtorch_lif(parameters).init(device).unwrap(),
            readout_weight: normal(0.1, 0.2, [HIDDEN, 3]),
            readout: CubaLiConfig::hxtorch_li(parameters).init(device).unwrap(),
        }
    }
}

impl SpikingNetwork for Network {
    type Input = Tensor<3>;

    fn run(&self, input: Tensor<3>) -> Activity {
        let [steps, batch, inputs] = input.dims();
        let device = input.device();
        let current = input.reshape([steps * batch, inputs]).matmul(self.hidden_weight.val());
        let rest = self.hidden.initial_state([batch, HIDDEN], &device);
        let (spikes, _) = self.hidden.forward(current.reshape([steps, batch, HIDDEN]), rest);
        let current = spikes.clone().reshape([steps * batch, HIDDEN]);
        let current = current.matmul(self.readout_weight.val()).reshape([steps, batch, 3]);
        let rest = self.readout.initial_state([batch, 3], &device);
        let (membranes, _) = self.readout.forward(current, rest);
        let spike_counts = vec![sum_over_time(spikes)];
        Activity { output: membranes, spike_counts }
    }
}

struct Encode(CoordinatesToSpikes);

impl Encode {
    fn new() -> Self {
        Self(CoordinatesToSpikes::new(15, DT, 2.0, 40.0).with_t_bias(Some(18.0)))
    }
}

impl Batcher<YinYangSample, Batch<Tensor<3>>> for Encode {
    fn batch(&self, items: Vec<YinYangSample>, device: &Device) -> Batch<Tensor<3>> {
        let coordinates: Vec<f64> = items.iter().flat_map(|item| item.coordinates).collect();
        let labels: Vec<i64> = items.iter().map(|item| item.label as i64).collect();
        let coordinates = TensorData::new(coordinates, [items.len(), 4]);
        Batch {
            input: self.0.encode(coordinates, device).unwrap(),
            targets: Tensor::from_data(labels.as_slice(), device),
            mask: None,
        }
    }
}

fn classifier(hidden_mean: f64, device: &Device) -> Classifier<Network> {
    let loss = ClassifierConfig::new(ReadoutCrossEntropy::ce_max_membrane().into())
        .with_readout_scale(10.0);
    let loss = loss.with_readout(4e-4).with_bursts(1e-4).with_weights(1e-5);
    loss.init(Network::new(hidden_mean, device))
}

struct Run<'a> {
    directory: &'a Path,
    epochs: usize,
    lr: f64,
    hidden_mean: f64,
    samples: usize,
    average: Option<f64>,
    batch_size: usize,
    accumulate: usize,
    keep: Keep,
}

impl<'a> Run<'a> {
    fn new(directory: &'a Path, epochs: usize) -> Self {
        Self {
            directory,
            epochs,
            lr: 1e-2,
            hidden_mean: 1.0,
            samples: 96,
            average: None,
            batch_size: 32,
            accumulate: 1,
            keep: Keep::Best,
        }
    }

    fn trainer(&self) -> Trainer<Network> {
        let model = classifier(self.hidden_mean, &test_device().autodiff());
        let scheduler = StepLrSchedulerConfig::new(self.lr, 6).with_gamma(0.9).init().unwrap();
        let config = TrainerConfig {
            epochs: self.epochs,
            batch_size: self.batch_size,
            seed: 5,
            average: self.average,
            keep: self.keep,
            accumulate: NonZeroUsize::new(self.accumulate).unwrap(),
            directory: self.directory.into(),
            settings: json!({ "learning rate": self.lr }),
        };
        Trainer::new(config, model, AdamConfig::new().init(), scheduler)
    }

    /// Trains; stops after `stop_after` batches, if given.
    fn fit(
        &self,
        trainer: Trainer<Network>,
        stop_after: Option<usize>,
    ) -> Result<Outcome<Network>, TrainError> {
        let (train, valid) = (YinYang::new(self.samples, 1), YinYang::new(64, 2));
        let (encode, device) = (Encode::new(), test_device());
        let train = Split::from_dataset(&train, &encode, &device.clone().autodiff());
        let valid = Split::from_dataset(&valid, &encode, &device);
        let (stop, mut batches) = (AtomicBool::new(false), 0);
        trainer.fit(&train, &valid, &stop, |report| {
            if let Report::Batch { .. } = report {
                batches += 1;
                stop.store(Some(batches) == stop_after, Ordering::Relaxed);
            }
        })
    }
}

fn weights(outcome: &Outcome<Network>) -> Vec<f32> {
    let network = &outcome.model.network;
    [network.hidden_weight.val(), network.readout_weight.val()].map(values).concat()
}

#[test]
fn a_spiking_network_learns_by_surrogate_gradients() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run { samples: 320, ..Run::new(folder.path(), 6) };
    let outcome = run.fit(run.trainer(), None).unwrap();
    let history: &[EpochRecord] = &outcome.history;
    assert!(history[5].train_loss < 0.7 * history[0].train_loss, "{history:#?}");
    assert!(history[5].valid_accuracy > 0.6, "{history:#?}");
    assert!(history.iter().all(|epoch| epoch.firing_rates[0] > 0.0));
    // Ten batches an epoch: the rate falls by a tenth every six.
    assert!((history[0].learning_rate - 9e-3).abs() < 1e-12);
    assert!((history[1].learning_rate - 1e-2 * 0.9f64.powi(3)).abs() < 1e-12);
}

/// A network that reports no hidden layer.
#[derive(Module, Debug)]
struct Unreported {
    network: Network,
}

impl SpikingNetwork for Unreported {
    type Input = Tensor<3>;

    fn run(&self, input: Tensor<3>) -> Activity {
        Activity { spike_counts: Vec::new(), ..self.network.run(input) }
    }
}

#[test]
fn a_network_without_hidden_layers_is_not_taken_for_a_dead_one() {
    let folder = tempfile::tempdir().unwrap();
    let network = Unreported { network: Network::new(1.0, &test_device().autodiff()) };
    let config = TrainerConfig {
        epochs: 1,
        batch_size: 32,
        seed: 5,
        average: None,
        keep: Keep::Best,
        accumulate: NonZeroUsize::MIN,
        directory: folder.path().into(),
        settings: json!({}),
    };
    let scheduler = StepLrSchedulerConfig::new(1e-2, 6).init().unwrap();
    let model = ClassifierConfig::new(ReadoutCrossEntropy::ce_max_membrane().into()).init(network);
    let trainer = Trainer::new(config, model, AdamConfig::new().init(), scheduler);
    let (data, encode, device) = (YinYang::new(64, 1), Encode::new(), test_device());
    let train = Split::from_dataset(&data, &encode, &device.clone().autodiff());
    let valid = Split::from_dataset(&data, &encode, &device);
    let outcome = trainer.fit(&train, &valid, &AtomicBool::new(false), |_| {}).unwrap();
    assert!(outcome.history[0].firing_rates.is_empty());
}

#[test]
fn averaged_weights_are_validated_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let runs = [None, Some(0.0), Some(0.8)].map(|average| {
        let directory = folder.path().join(format!("{average:?}"));
        let run = Run { average, ..Run::new(&directory, 1) };
        run.fit(run.trainer(), None).unwrap()
    });
    let [last, same, mean] = &runs;
    assert_eq!((weights(last), &last.history), (weights(same), &same.history));
    // The average trains nothing, and lags behind.
    assert_eq!(last.history[0].train_loss, mean.history[0].train_loss);
    assert!(last.history[0].valid_loss < mean.history[0].valid_loss);
    assert_ne!(weights(last), weights(mean));
}

#[test]
fn small_batches_add_up_to_a_large_one() {
    let folder = tempfile::tempdir().unwrap();
    // The last step of an epoch has 8 samples, those of a batch that is not full.
    let run = |batch_size: usize, accumulate| {
        let directory = folder.path().join(batch_size.to_string());
        let run = Run { batch_size, accumulate, samples: 80, ..Run::new(&directory, 1) };
        run.fit(run.trainer(), Some(2 * accumulate)).unwrap();
        let mut trainer = run.trainer();
        assert!(trainer.resume().unwrap());
        weights(&run.fit(trainer, None).unwrap())
    };
    let (whole, parts) = (run(36, 1), run(12, 3));
    let far = whole.iter().zip(&parts).find(|(a, b)| (*a - *b).abs() > 1e-5);
    assert!(far.is_none(), "{far:?}");
}

#[test]
fn the_last_epoch_is_kept_if_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let outcomes = [Keep::Best, Keep::Last].map(|keep| {
        let directory = folder.path().join(format!("{keep:?}"));
        // A rate that throws the weights about.
        let run = Run { keep, lr: 0.5, ..Run::new(&directory, 4) };
        run.fit(run.trainer(), None).unwrap()
    });
    let accuracies: Vec<f64> =
        outcomes[0].history.iter().map(|epoch| epoch.valid_accuracy).collect();
    assert!(accuracies[..3].iter().any(|accuracy| *accuracy >= accuracies[3]), "{accuracies:?}");
    assert_eq!(outcomes[0].history, outcomes[1].history);
    assert_ne!(outcomes[0].best_epoch, Some(4));
    assert_eq!(outcomes[1].best_epoch, Some(4));
    assert_ne!(weights(&outcomes[0]), weights(&outcomes[1]));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let folder = tempfile::tempdir().unwrap();
    let outcomes = ["a", "b"].map(|name| {
        let directory = folder.path().join(name);
        let run = Run::new(&directory, 2);
        run.fit(run.trainer(), None).unwrap()
    });
    assert_eq!(outcomes[0].history, outcomes[1].history);
    assert_eq!(weights(&outcomes[0]), weights(&outcomes[1]));
}

#[test]
fn burns_own_learner_trains_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let device = test_device();
    let loader = |samples, seed, device: Device| {
        let data = InMemDataset::new(YinYang::new(samples, seed).samples().to_vec());
        let builder = DataLoaderBuilder::new(Encode::new()).batch_size(32).set_device(device);
        builder.build(data)
    };
    let train: Arc<_> = loader(96, 1, device.clone().autodiff());
    let steps_per_epoch = YinYang::new(96, 1).len().div_ceil(32);
    let schedule = StepLrSchedulerConfig::new(1e-2, 2 * steps_per_epoch).with_gamma(0.9);
    let learner = Learner::new(
        classifier(1.0, &device.clone().autodiff()),
        AdamConfig::new().init(),
        schedule.init().unwrap(),
    );
    let training = SupervisedTraining::new(folder.path(), train, loader(64, 2, device.clone()))
        .metrics((AccuracyMetric::new(), LossMetric::new(), ActivityMetric::firing_rate()))
        .with_default_checkpointers()
        .with_application_logger(None)
        // On a terminal too: the dashboard would take it over.
        .renderer(Box::new(CliMetricsRenderer::new()))
        .num_epochs(3);
    let result = training.launch(learner);
    assert!(result.error.is_none(), "{:?}", result.error);
    assert!(folder.path().join("checkpoint/model-3.bpk").is_file());

    let batch = Encode::new().batch(YinYang::new(96, 1).samples().to_vec(), &device);
    let loss =
        |model: Classifier<Network>| -> f32 { model.forward(batch.clone()).loss.into_scalar() };
    let before = loss(classifier(1.0, &device.clone().autodiff()).valid());
    let after = loss(result.model);
    assert!(after < 0.8 * before, "{after} after, {before} before");
}

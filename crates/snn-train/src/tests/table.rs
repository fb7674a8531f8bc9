//! Everything that takes a sequence.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use snn_core::decode::sum_over_time;

use crate::classify::{Activity, Batch, ClassifierConfig, SpikingNetwork};
use crate::loss::*;
use crate::metric::*;
use crate::regularize;

/// Output neurons.
pub const OUTPUTS: usize = 4;

/// Value for a batch as a function of its values for each recording alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Over {
    Mean,
    Sum,
    /// Another function, a square of the mean for example.
    Other,
}

type Value = Box<dyn Fn(Tensor<3>, Tensor<1, Int>, Option<&Tensor<2>>) -> Tensor<1>>;

pub struct Entry {
    pub name: String,
    pub over: Over,
    /// Number of classes; 0 if it takes no class indices.
    pub classes: usize,
    /// Whether it has a gradient.
    pub learns: bool,
    /// `[1]`, from a sequence `[T, B, OUTPUTS]`, class indices `[B]` and a mask `[T, B]`.
    pub value: Value,
}

impl Entry {
    fn new(
        name: impl Into<String>,
        (over, classes): (Over, usize),
        value: impl Fn(Tensor<3>, Tensor<1, Int>, Option<&Tensor<2>>) -> Tensor<1> + 'static,
    ) -> Self {
        Self { name: name.into(), over, classes, learns: true, value: Box::new(value) }
    }

    fn metric(
        name: &str,
        of: (Over, usize),
        value: impl Fn(Tensor<3>, Tensor<1, Int>, Option<&Tensor<2>>) -> Tensor<1> + 'static,
    ) -> Self {
        Self { learns: false, ..Self::new(name, of, value) }
    }
}

/// A network that outputs its input, and whose hidden layer does the same.
#[derive(Module, Debug)]
struct Identity;

impl SpikingNetwork for Identity {
    type Input = Tensor<3>;

    fn run(&self, input: Tensor<3>) -> Activity {
        Activity { output: input.clone(), spike_counts: vec![sum_over_time(input)] }
    }
}

const READOUTS: [Readout; 8] = [
    Readout::EachStep,
    Readout::MovingMean { window: 2 },
    Readout::Sum,
    Readout::Mean,
    Readout::Max,
    Readout::Last,
    Readout::FirstSpike(Inverse::Negate),
    Readout::FirstSpike(Inverse::Reciprocal),
];

pub fn table() -> Vec<Entry> {
    [losses(), readouts(), regularizers(), metrics()].into_iter().flatten().collect()
}

fn losses() -> Vec<Entry> {
    use Over::{Mean, Other};
    let criterion = |criterion: Criterion, classes| {
        Entry::new(format!("{criterion:?}"), (Mean, classes), move |x, y, mask| {
            criterion.forward(x, 1.5, y, mask).0
        })
    };
    let two = Some(vec![1.0, 3.0]);
    let count = MseCountLoss::new().with_correct_rate(0.7).with_incorrect_rate(0.3);
    let mut table = vec![
        criterion(count.clone().into(), 4),
        criterion(count.clone().with_classes(Some(2)).with_weights(two.clone()).into(), 2),
    ];
    for readout in READOUTS {
        let entropy = ReadoutCrossEntropy::new(readout).with_smoothing(0.1);
        table.push(criterion(entropy.clone().into(), 4));
        table.push(criterion(entropy.with_classes(Some(2)).with_weights(two.clone()).into(), 2));
        let error = ReadoutMse::new(readout).with_on_target(0.7);
        table.push(criterion(error.clone().into(), 4));
        table.push(criterion(error.with_classes(Some(2)).with_weights(two.clone()).into(), 2));
        let share = SpikeMaxLoss::new().with_readout(readout).with_epsilon(9.0);
        table.push(Entry::new(format!("{share:?}"), (Mean, 4), move |x, y, mask| match mask {
            Some(mask) => share.forward_masked(x, y, mask),
            None => share.forward(x, y),
        }));
    }
    let weighted = ReadoutCrossEntropy::ce_count().with_classes(Some(2)).with_weights(two);
    let weighted = weighted.with_weighted_mean(true);
    let rate = ReadoutCrossEntropy::ce_rate();
    let error = ReadoutMse::mse_membrane();
    let tet = TetLoss::new(0.3).with_mean(0.5);
    let temporal = MseTemporalLoss::new()
        .with_on_targets(vec![0.0, 1.0])
        .with_off_targets(vec![-2.0, -1.0])
        .with_weights(Some(vec![1.0, 2.0, 0.5, 3.0]));
    let all = Criterion::from(rate.clone());
    table.extend([
        Entry::new(
            "ReadoutCrossEntropy, weighted mean",
            (Other, 2),
            move |x, y, mask| match mask {
                Some(mask) => weighted.forward_masked(x, y, mask),
                None => weighted.forward(x, y),
            },
        ),
        Entry::new("ReadoutCrossEntropy", (Mean, 4), move |x, y, mask| match mask {
            Some(mask) => rate.forward_masked(x, y, mask),
            None => rate.forward(x, y),
        }),
        Entry::new("ReadoutMse", (Mean, 4), move |x, y, mask| match mask {
            Some(mask) => error.forward_masked(x, y, mask),
            None => error.forward(x, y),
        }),
        Entry::new("MseCountLoss", (Mean, 4), move |x, y, mask| match mask {
            Some(mask) => count.forward_masked(x, y, mask),
            None => count.forward(x, y),
        }),
        Entry::new("TetLoss", (Mean, 4), move |x, y, mask| match mask {
            Some(mask) => tet.forward_masked(x, y, mask),
            None => tet.forward(x, y),
        }),
        Entry::new("MseTemporalLoss", (Mean, 4), move |x, y, mask| match mask {
            Some(mask) => temporal.forward_masked(x, y, mask),
            None => temporal.forward(x, y),
        }),
        Entry::new("Criterion, no reduction", (Mean, 4), move |x, y, mask| {
            all.forward_no_reduction(x, 0.5, y, mask).0.mean()
        }),
        Entry::new("spike_time_error", (Mean, 0), |x, _, mask| {
            let [_, batch, neurons] = x.dims();
            let first = Tensor::full([1, batch, neurons], 1.0, &x.device());
            let times = Tensor::cat(vec![first.clone(), first - 2.0], 0);
            match mask {
                Some(mask) => spike_time_error_masked(x, times, 0.5, mask).mean(),
                None => spike_time_error(x, times, 0.5).mean(),
            }
        }),
        Entry::new("van_rossum", (Mean, 0), |x, _, mask| {
            let target = x.ones_like();
            match mask {
                Some(mask) => van_rossum_masked(x, target, 2.0, mask).mean(),
                None => van_rossum(x, target, 2.0).mean(),
            }
        }),
        Entry::new("Classifier", (Mean, 4), |x, y, mask| {
            let loss = ClassifierConfig::new(ReadoutCrossEntropy::ce_count().into());
            let loss = loss.with_readout(0.1).init(Identity);
            loss.forward(Batch { input: x, targets: y, mask: mask.cloned() }).loss
        }),
    ]);
    table
}

fn readouts() -> Vec<Entry> {
    let of = |readout: Readout| {
        Entry::new(format!("{readout:?}"), (Over::Mean, 0), move |x, _, mask| {
            mean_over_steps(readout.scores(x, mask), mask).mean()
        })
    };
    READOUTS.map(of).into()
}

fn regularizers() -> Vec<Entry> {
    use Over::{Mean, Other, Sum};
    fn spikes(x: Tensor<3>, mask: Option<&Tensor<2>>) -> Tensor<3> {
        match mask {
            Some(mask) => zero_padding(x, mask),
            None => x,
        }
    }
    fn counts(x: Tensor<3>, mask: Option<&Tensor<2>>) -> Tensor<2> {
        spikes(x, mask).sum_dim(0).squeeze_dim(0)
    }
    let mut table: Vec<Entry> = READOUTS
        .map(|readout| {
            Entry::new(
                format!("regularize::readout of {readout:?}"),
                (Mean, 0),
                move |x, _, mask| regularize::readout(readout.scores(x, mask), mask),
            )
        })
        .into();
    table.extend([
        Entry::new("l1_rate", (Sum, 0), |x, _, mask| regularize::l1_rate(spikes(x, mask))),
        Entry::new("rate_above", (Other, 0), |x, _, mask| match mask {
            Some(mask) => regularize::rate_above_masked(x, -0.5, mask),
            None => regularize::rate_above(x, -0.5),
        }),
        Entry::new("silence", (Other, 0), |x, _, mask| regularize::silence(counts(x, mask), 2.0)),
        Entry::new("sparsity", (Mean, 0), |x, _, mask| regularize::sparsity(counts(x, mask), 0.1)),
        Entry::new("bursts", (Mean, 0), |x, _, mask| regularize::bursts(counts(x, mask))),
        Entry::new("synops", (Mean, 0), |x, _, mask| {
            regularize::synops([(counts(x, mask), 3.0)]).unwrap()
        }),
        Entry::new("synops_budget", (Other, 0), |x, _, mask| {
            let synops = regularize::synops([(counts(x, mask), 3.0)]).unwrap();
            regularize::synops_budget(synops, 5.0)
        }),
    ]);
    table
}

fn metrics() -> Vec<Entry> {
    use Over::{Mean, Other};
    fn scores(x: Tensor<3>, mask: Option<&Tensor<2>>) -> Tensor<2> {
        Readout::Sum.scores(x, mask).squeeze_dim(0)
    }
    vec![
        // Those of scores see no mask: the scores of an empty recording are 0, as a silent one's are.
        Entry::metric("accuracy", (Other, 4), |x, y, mask| accuracy(scores(x, mask), y)),
        Entry::metric("top_k_accuracy", (Other, 4), |x, y, mask| {
            top_k_accuracy(scores(x, mask), y, 2)
        }),
        Entry::metric("correct", (Other, 4), |x, y, mask| {
            correct(scores(x, mask), y).float().mean()
        }),
        Entry::metric("confusion_matrix", (Other, 4), |x, y, mask| {
            confusion_matrix(predictions(scores(x, mask)), y, 4).float().mean()
        }),
        Entry::metric("accuracy_rate", (Mean, 4), |x, y, mask| match mask {
            Some(mask) => accuracy_rate_masked(x, y, mask),
            None => accuracy_rate(x, y),
        }),
        Entry::metric("accuracy_temporal", (Mean, 4), |x, y, mask| match mask {
            Some(mask) => accuracy_temporal_masked(x, y, mask),
            None => accuracy_temporal(x, y),
        }),
        Entry::metric("sparsity of outputs", (Mean, 0), |x, _, mask| match mask {
            Some(mask) => sparsity_masked(x, mask),
            None => sparsity(x),
        }),
        Entry::metric("dead_neurons", (Other, 0), |x, _, mask| {
            let x = match mask {
                Some(mask) => zero_padding(x, mask),
                None => x,
            };
            dead_neurons(x.sum_dim(0).squeeze_dim(0))
        }),
        Entry::metric("Classifier accuracy", (Mean, 0), |x, y, mask| {
            let model =
                ClassifierConfig::new(ReadoutCrossEntropy::ce_count().into()).init(Identity);
            let batch = Batch { input: x, targets: y, mask: mask.cloned() };
            model.forward(batch).correct().float().mean()
        }),
        Entry::metric("Classifier rates", (Mean, 0), |x, y, mask| {
            // Only empty recordings are left out: `Identity` counts padding of others.
            let x = match mask {
                Some(mask) => zero_padding(x, mask),
                None => x,
            };
            let model =
                ClassifierConfig::new(ReadoutCrossEntropy::ce_count().into()).init(Identity);
            let batch = Batch { input: x, targets: y, mask: mask.cloned() };
            model.forward(batch).rates.remove(0).mean()
        }),
    ]
}

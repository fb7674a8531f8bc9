//! Classification with a spiking network: what it returns, its loss, one training step.

use burn::config::Config;
use burn::module::{Module, ModuleDisplay};
use burn::optim::GradientsParams;
use burn::tensor::{Bool, ExecutionError, Int, Tensor};
use burn::train::metric::{AccuracyInput, Adaptor, LossInput};
use burn::train::{InferenceStep, ItemLazy, TrainOutput, TrainStep};

use crate::loss::{Criterion, LabelCheck, Targets, has_steps};
use crate::metric::{ActivityInput, correct_checked};
use crate::regularize;

/// A batch of inputs and their classes.
#[derive(Debug, Clone)]
pub struct Batch<I> {
    /// What the network takes.
    pub input: I,
    /// Class indices, `[B]`, from 0 to the number of classes less one.
    pub targets: Tensor<1, Int>,
    /// 1 at the steps of a recording, 0 at the padding after its last, `[T, B]`; `None` if all
    /// recordings are equally long. Scores and loss are then those of the recordings alone. A recording
    /// without a step adds 0 to loss, penalties, rates and accuracy, and has no gradient.
    pub mask: Option<Tensor<2>>,
}

/// What a network did with a batch.
#[derive(Debug, Clone)]
pub struct Activity {
    /// Spikes or membranes of the readout, `[T, B, outputs]`: one output for each class, or several.
    pub output: Tensor<3>,
    /// Spikes of each hidden layer, summed over time, `[B, neurons]` each. Of a padded batch: over all
    /// steps, unless the network leaves padding out. [`Classifier`] leaves out recordings without a step.
    pub spike_counts: Vec<Tensor<2>>,
}

/// A network that classifies.
pub trait SpikingNetwork: Module + ModuleDisplay {
    /// What it takes: usually spikes, `[T, B, ...]`.
    type Input: Send + 'static;

    /// Runs the whole sequence.
    fn run(&self, input: Self::Input) -> Activity;
}

/// The loss of [`Classifier`]: cross entropy of the scaled scores and the penalties of
/// [`regularize`].
#[derive(Config, Debug, PartialEq)]
pub struct ClassifierConfig {
    /// What makes scores of the readout's output, and compares them with the class.
    pub loss: Criterion,
    /// Factor on the scores before everything else; the gradient is scaled with it. (hxtorch's
    /// tutorial scales outside the graph, so that its gradient is not.)
    #[config(default = 1.0)]
    pub readout_scale: f64,
    /// Strength of [`regularize::readout`], on the scaled scores.
    #[config(default = 0.0)]
    pub readout: f64,
    /// Strength of [`regularize::bursts`], summed over hidden layers.
    #[config(default = 0.0)]
    pub bursts: f64,
    /// Strength of [`regularize::weights`].
    #[config(default = 0.0)]
    pub weights: f64,
}

/// A network with its loss. A training step of Burn's `Learner` and of [`Trainer`](crate::Trainer):
/// forward over all time steps, then backpropagation through all of them.
#[derive(Module, Debug)]
pub struct Classifier<N: SpikingNetwork> {
    /// The network.
    pub network: N,
    #[module(skip)]
    config: ClassifierConfig,
}

impl ClassifierConfig {
    /// `network` with this loss.
    pub fn init<N: SpikingNetwork>(&self, network: N) -> Classifier<N> {
        Classifier { network, config: self.clone() }
    }
}

/// Loss, scores and rates of a batch.
#[derive(Debug, Clone)]
pub struct ClassifierOutput {
    /// Loss, `[1]`.
    pub loss: Tensor<1>,
    /// Scaled scores, `[B, classes]`; summed over time, if the loss compares them at every step.
    pub scores: Tensor<2>,
    /// Class indices, `[B]`.
    pub targets: Tensor<1, Int>,
    /// The mask of the batch, `[T, B]`.
    pub mask: Option<Tensor<2>>,
    /// Mean firing rate of each neuron of each hidden layer, in spikes per step, `[neurons]` each.
    pub rates: Vec<Tensor<1>>,
}

impl ClassifierOutput {
    /// Whether each sample is classified right, `[B]`; not one without a step, or whose target is no
    /// class.
    pub(crate) fn correct(&self) -> Tensor<1, Bool> {
        let right = correct_checked(self.scores.clone(), self.targets.clone(), LabelCheck::Later);
        match &self.mask {
            Some(mask) => right.bool_and(has_steps(mask)),
            None => right,
        }
    }
}

impl<N: SpikingNetwork> Classifier<N> {
    /// Loss, scores and rates of a batch.
    ///
    /// # Panics
    ///
    /// Where the [loss](Criterion::forward) does: on a CPU also if a target is not a class.
    pub fn forward(&self, batch: Batch<N::Input>) -> ClassifierOutput {
        self.forward_checked(batch, LabelCheck::Now)
    }

    /// As [`forward`](Self::forward), with a choice of when class indices are checked.
    pub(crate) fn forward_checked(
        &self,
        batch: Batch<N::Input>,
        check: LabelCheck,
    ) -> ClassifierOutput {
        let Activity { output, spike_counts } = self.network.run(batch.input);
        let steps = output.dims()[0];
        let ClassifierConfig { loss: criterion, readout_scale, .. } = &self.config;
        let (targets, mask) = (batch.targets.clone(), batch.mask.as_ref());
        let (mut loss, scores) =
            criterion.forward_checked(output, *readout_scale, targets, mask, check);
        let spike_counts: Vec<Tensor<2>> = match mask {
            Some(mask) => {
                let empty = has_steps(mask).bool_not().unsqueeze_dim::<2>(1);
                let counted = |counts: Tensor<2>| {
                    let shape = counts.dims();
                    counts.mask_fill(empty.clone().expand(shape), 0.0)
                };
                spike_counts.into_iter().map(counted).collect()
            }
            None => spike_counts,
        };
        if self.config.readout != 0.0 {
            let penalty = regularize::readout(scores.clone(), mask);
            loss = loss + penalty * self.config.readout;
        }
        if self.config.bursts != 0.0 {
            for counts in &spike_counts {
                loss = loss + regularize::bursts(counts.clone()) * self.config.bursts;
            }
        }
        if self.config.weights != 0.0
            && let Some(penalty) = regularize::weights(&self.network)
        {
            loss = loss + penalty * self.config.weights;
        }
        let mean = |counts: Tensor<2>| counts.detach().mean_dim(0).squeeze_dim(0) / steps as f64;
        let rates = spike_counts.into_iter().map(mean).collect();
        let scores = scores.sum_dim(0).squeeze_dim(0);
        ClassifierOutput { loss, scores, targets: batch.targets, mask: batch.mask, rates }
    }

    /// Gradients of the loss of a batch times `weight`, and the model's output for the batch.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    pub fn gradients(
        &self,
        batch: Batch<N::Input>,
        weight: f64,
    ) -> (GradientsParams, ClassifierOutput) {
        self.gradients_checked(batch, weight, LabelCheck::Now)
    }

    /// As [`gradients`](Self::gradients), with a choice of when class indices are checked.
    pub(crate) fn gradients_checked(
        &self,
        batch: Batch<N::Input>,
        weight: f64,
        check: LabelCheck,
    ) -> (GradientsParams, ClassifierOutput) {
        let output = self.forward_checked(batch, check);
        let loss = output.loss.clone() * weight;
        (GradientsParams::from_grads(loss.backward(), self), output)
    }
}

impl<N: SpikingNetwork> TrainStep for Classifier<N> {
    type Input = Batch<N::Input>;
    type Output = ClassifierOutput;

    fn step(&self, batch: Self::Input) -> TrainOutput<ClassifierOutput> {
        let output = self.forward(batch);
        let gradients = output.loss.backward();
        TrainOutput::new(self, gradients, output)
    }
}

impl<N: SpikingNetwork> InferenceStep for Classifier<N> {
    type Input = Batch<N::Input>;
    type Output = ClassifierOutput;

    fn step(&self, batch: Self::Input) -> ClassifierOutput {
        self.forward(batch)
    }
}

impl ItemLazy for ClassifierOutput {
    fn sync(self) -> Result<Self, ExecutionError> {
        self.loss.device().flush()?;
        Ok(Self {
            loss: self.loss.without_autodiff(),
            scores: self.scores.without_autodiff(),
            targets: self.targets.without_autodiff(),
            mask: self.mask.map(Tensor::without_autodiff),
            rates: self.rates.into_iter().map(Tensor::without_autodiff).collect(),
        })
    }
}

impl Adaptor<LossInput> for ClassifierOutput {
    fn adapt(&self) -> LossInput {
        LossInput::new(self.loss.clone())
    }
}

impl Adaptor<AccuracyInput> for ClassifierOutput {
    /// Burn's metric compares the `argmax` of scores, which may be anything where one is NaN. It gets
    /// the decisions of [`correct`](crate::metric::correct) instead: no `argmax` equals a target of -1.
    fn adapt(&self) -> AccuracyInput {
        let [batch, classes] = self.scores.dims();
        let targets = Targets::new(self.targets.clone(), [batch], classes, LabelCheck::Later);
        let right = self.targets.clone().mask_fill(self.correct().bool_not(), -1);
        AccuracyInput::new(targets.is_class::<2>().float(), right)
    }
}

impl Adaptor<ActivityInput> for ClassifierOutput {
    fn adapt(&self) -> ActivityInput {
        ActivityInput { rates: self.rates.clone(), batch_size: self.targets.dims()[0] }
    }
}

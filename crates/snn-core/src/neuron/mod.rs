//! Neurons: pure steps `(input, state) -> (output, state)`, and whole sequences of them.
//!
//! A neuron holds parameters, never state. What differs between libraries are a few choices, each
//! one option here: how a decay is given ([`Decay`](crate::Decay)), when an input reaches the
//! membrane ([`InputOrder`]), how strongly ([`InputGain`]), what a spike does to it ([`Reset`]) and
//! when ([`ResetTiming`]). Every peer's neuron is then a named constructor
//! ([`LifConfig::snntorch_leaky`], [`CubaLifConfig::norse_lif`], [`CubaLifConfig::hxtorch_lif`], ...).

mod alif;
mod alpha;
mod any;
mod cuba_li;
mod cuba_lif;
mod delta_leaky;
mod firing;
mod iaf;
mod izhikevich;
mod li;
mod lif;
mod membrane;
mod nonlinear_if;
mod options;
mod parts;
mod peers;
mod refractory;
pub(crate) mod shapes;
mod synapse;

use core::fmt::Debug;

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Device, Tensor};

use crate::kernel::{self, Linear};

pub use alif::{AdaptationTiming, Alif, AlifConfig, AlifState};
pub use alpha::{Alpha, AlphaConfig, AlphaState};
pub use any::{AnyNeuron, AnyNeuronConfig, AnyState};
pub use cuba_li::{CubaLi, CubaLiConfig};
pub use cuba_lif::{CubaLif, CubaLifConfig, CubaState};
pub use delta_leaky::{DeltaLeaky, DeltaLeakyConfig};
pub use iaf::Iaf;
pub use izhikevich::{IzhikevichParameters, IzhikevichPreset};
pub use li::{Li, LiConfig};
pub use lif::{Lif, LifConfig, LifState};
pub use nonlinear_if::{
    AdaptationCurrent, Drift, NonlinearIf, NonlinearIfConfig, NonlinearIfState,
};
pub use options::{InputGain, InputOrder, Reset, ResetTiming};
pub(crate) use parts::Parts;
pub use peers::{
    HxTorchParameters, NorseAdEx, NorseAdaptation, NorseParameters, RcCircuit, SnnTorchReset,
};
pub use refractory::{Refractory, RefractoryConfig, RefractoryState};

/// What a neuron remembers from one step to the next.
pub trait NeuronState<const D: usize>: Clone + Debug + Send {
    /// Its fields, the membrane potential first; all of one shape, `[B, ...]`.
    fn tensors(&self) -> Vec<&Tensor<D>>;

    /// The same fields, to be replaced.
    fn tensors_mut(&mut self) -> Vec<&mut Tensor<D>>;

    /// The membrane potential, `[B, ...]`.
    fn v(&self) -> &Tensor<D> {
        self.tensors()[0]
    }

    /// Replaces the membrane potential.
    fn set_v(&mut self, v: Tensor<D>) {
        *self.tensors_mut()[0] = v;
    }

    /// The shape of each field, `[B, ...]`.
    fn dims(&self) -> [usize; D] {
        self.v().dims()
    }

    /// The same values, cut off from the steps that led to them: where truncated backpropagation
    /// through time ends.
    fn detach(self) -> Self {
        self.map(Tensor::detach)
    }

    /// Each field replaced by what `f` makes of it, of the same shape.
    fn map(mut self, mut f: impl FnMut(Tensor<D>) -> Tensor<D>) -> Self {
        for tensor in self.tensors_mut() {
            *tensor = f(tensor.clone());
        }
        self
    }
}

/// A neuron with explicit state. One of your own implements [`initial_state`](Neuron::initial_state) and
/// [`update`](Neuron::update).
pub trait Neuron: Module + ModuleDisplay {
    /// Its state, each field of the shape of one step's input.
    type State<const D: usize>: NeuronState<D>;

    /// The state at rest, before any input, for one step's shape `[B, ...]`.
    fn initial_state<const D: usize>(&self, shape: [usize; D], device: &Device) -> Self::State<D>;

    /// One time step.
    ///
    /// # Shapes
    ///
    /// `input`, output and every field of the state: `[B, ...]`, of any rank.
    ///
    /// # Panics
    ///
    /// If a field of the state does not have the shape of the input, or the neuron has values for another
    /// number of neurons (channels). Nothing is broadcast: a state of one sample is not one of a batch.
    fn step<const D: usize>(
        &self,
        input: Tensor<D>,
        state: Self::State<D>,
    ) -> (Tensor<D>, Self::State<D>) {
        self.check(&input.dims(), &state);
        self.update(input, state)
    }

    /// Equations of one time step: [`step`](Neuron::step) on shapes that have been checked. Neurons
    /// implement it, users call `step`.
    fn update<const D: usize>(
        &self,
        input: Tensor<D>,
        state: Self::State<D>,
    ) -> (Tensor<D>, Self::State<D>);

    /// Checks the state against the shape of one step of the input, `[B, ...]`.
    ///
    /// # Panics
    ///
    /// If they do not fit.
    #[doc(hidden)]
    fn check<const S: usize>(&self, step: &[usize], state: &Self::State<S>) {
        shapes::check(self, step, state);
    }

    /// What its sequences in one operation are made of, if it is one of the linear neurons.
    #[doc(hidden)]
    fn linear(&self) -> Option<Linear<'_>> {
        None
    }

    /// A whole sequence: the output at each step, and the last state.
    ///
    /// # Shapes
    ///
    /// `input` and output: `[T, B, ...]`; state: `[B, ...]`.
    ///
    /// # Panics
    ///
    /// If a field of the state does not have the shape of one step, the neuron has values for another
    /// number of neurons (channels), or the sequence is empty.
    fn forward<const D: usize, const S: usize>(
        &self,
        input: Tensor<D>,
        state: Self::State<S>,
    ) -> (Tensor<D>, Self::State<S>) {
        kernel::forward(self, input, state)
    }

    /// The largest output of each neuron over time, and the last state: what a readout is often
    /// asked for. One of the linear neurons never stores its outputs for it.
    ///
    /// The gradient goes to the first step that had the maximum.
    ///
    /// # Shapes
    ///
    /// `input`: `[T, B, ...]`; maximum and state: `[B, ...]`.
    ///
    /// # Panics
    ///
    /// As [`forward`](Neuron::forward).
    fn max_over_time<const D: usize, const S: usize>(
        &self,
        input: Tensor<D>,
        state: Self::State<S>,
    ) -> (Tensor<S>, Self::State<S>) {
        kernel::max_over_time(self, input, state)
    }

    /// The sum of each neuron's outputs over time, spike counts for example, and the last state. One
    /// of the linear neurons never stores its outputs for it.
    ///
    /// # Shapes
    ///
    /// `input`: `[T, B, ...]`; sum and state: `[B, ...]`.
    ///
    /// # Panics
    ///
    /// As [`forward`](Neuron::forward).
    fn sum_over_time<const D: usize, const S: usize>(
        &self,
        input: Tensor<D>,
        state: Self::State<S>,
    ) -> (Tensor<S>, Self::State<S>) {
        kernel::sum_over_time(self, input, state)
    }

    /// Like [`forward`](Neuron::forward), but returns the state after every step, `[T, B, ...]`.
    ///
    /// Losses and plots that look at membranes ask for them here; it costs their memory.
    ///
    /// # Panics
    ///
    /// As [`forward`](Neuron::forward).
    fn record<const D: usize, const S: usize>(
        &self,
        input: Tensor<D>,
        state: Self::State<S>,
    ) -> (Tensor<D>, Self::State<D>) {
        kernel::record(self, input, state)
    }
}

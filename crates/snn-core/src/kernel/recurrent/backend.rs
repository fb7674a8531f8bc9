//! The recurrent sequence as operations of Burn's backends, and its backward pass.

#![allow(deprecated, reason = "the ndarray backend is supported as long as Burn has it")]

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, TensorMetadata, backend_extension};

use super::super::backend::{Forward, of_neurons};
use super::super::program::{Program, Wanted};

/// What a backend runs.
pub trait RecurrentKernels: Backend {
    /// The whole sequence: output, membranes, currents `[T, B·N]`, last state `[3, B·N]` (membrane,
    /// synaptic current, output), and, for training, what the backward pass needs: states at
    /// checkpoints, and as the second result the whole inputs `[T, B·N]` of the neurons, from outside
    /// and from each other. What is not asked for is empty.
    fn recurrent_forward(
        given: Given<Self>,
        program: &Program,
        record: bool,
        train: bool,
    ) -> (Forward<Self>, FloatTensor<Self>);

    /// Gradients of `x` `[T, B·N]`, `state` `[3, B·N]`, and the coefficients of each column
    /// `[4, B·N]`. Those of the connection follow from the first.
    fn recurrent_backward(saved: Saved<Self>, grad: FloatTensor<Self>) -> [FloatTensor<Self>; 3];
}

/// What a recurrent sequence is computed from.
pub struct Given<B: Backend> {
    /// `[T, B·N]`
    pub(super) x: FloatTensor<B>,
    /// `[3, B·N]`: membrane, synaptic current, recurrent current of the first step.
    pub(super) state: FloatTensor<B>,
    /// `[4, n]`
    pub(super) coefficients: FloatTensor<B>,
    /// `[N, N]`, `[from, to]`
    pub(super) weight: FloatTensor<B>,
    /// `[1, N]`
    pub(super) bias: FloatTensor<B>,
}

/// What a backward pass needs.
#[derive(Debug, Clone)]
pub struct Saved<B: Backend> {
    pub(super) inputs: FloatTensor<B>,
    pub(super) output: FloatTensor<B>,
    pub(super) coefficients: FloatTensor<B>,
    pub(super) weight: FloatTensor<B>,
    pub(super) checkpoints: FloatTensor<B>,
    pub(super) program: Program,
    pub(super) wanted: Wanted,
}

/// The operations, on any device that has them.
#[backend_extension(
    Autodiff,
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray")
)]
pub trait RecurrentBackend: Backend {
    /// Output `[T, B·N]` and last state `[3, B·N]`; arguments as in [`Given`].
    fn recurrent(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        program: Program,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Output, membranes and currents, `[T, B·N]` each.
    fn recurrent_recorded(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        program: Program,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// The backward pass of one result, as that of a sequence without a connection.
#[derive(Debug)]
struct RecurrentBackward;

impl<B: RecurrentKernels> Backward<B, 5> for RecurrentBackward {
    type State = Saved<B>;

    fn backward(self, ops: Ops<Saved<B>, 5>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let saved = ops.state;
        let (n, size) = (saved.coefficients.shape()[1], saved.weight.shape()[0]);
        let output = saved.output.clone();
        let [gx, g_state, g_coefficients] = B::recurrent_backward(saved, grad);
        let [x, state, coefficients, weight, bias] = ops.parents;
        let later = || later_rows::<B>(gx.clone(), 1, size);
        if let Some(node) = weight {
            let z = later_rows::<B>(output, 0, size);
            grads.register::<B>(node.id, B::float_matmul(B::float_transpose(z), later()));
        }
        if let Some(node) = bias {
            grads.register::<B>(node.id, B::float_sum_dim(later(), 0));
        }
        if let Some(node) = coefficients {
            grads.register::<B>(node.id, of_neurons::<B>(g_coefficients, n, 1));
        }
        if let Some(node) = state {
            grads.register::<B>(node.id, g_state);
        }
        if let Some(node) = x {
            grads.register::<B>(node.id, gx);
        }
    }
}

/// All steps but one of `[T, B·N]`, from step `first` on, as rows `[(T - 1)·B, N]`. Of a single step: one
/// row of zeros.
fn later_rows<B: Backend>(sequence: FloatTensor<B>, first: usize, size: usize) -> FloatTensor<B> {
    let shape = sequence.shape();
    let (steps, columns) = (shape[0], shape[1]);
    if steps == 1 {
        let dtype = sequence.dtype().into();
        return B::float_zeros([1, size].into(), &sequence.device(), dtype);
    }
    let rows = first..first + steps - 1;
    let cut = B::float_slice(sequence, &[rows.into(), (0..columns).into()]);
    B::float_reshape(cut, [(steps - 1) * columns / size, size].into())
}

impl<B: RecurrentKernels, C: CheckpointStrategy> RecurrentBackend for Autodiff<B, C> {
    fn recurrent(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        program: Program,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let parents = [x, state, coefficients, weight, bias];
        let (forward, track) = Track::<B, C>::forward(parents, program, false);
        (track.node(Wanted::Output, forward.output), track.node(Wanted::Last, forward.last))
    }

    fn recurrent_recorded(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        program: Program,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let parents = [x, state, coefficients, weight, bias];
        let (forward, track) = Track::<B, C>::forward(parents, program, true);
        (
            track.node(Wanted::Output, forward.output),
            track.node(Wanted::Membranes, forward.membranes),
            track.node(Wanted::Currents, forward.currents),
        )
    }
}

/// A forward pass whose results become nodes of the graph.
struct Track<B: RecurrentKernels, C: CheckpointStrategy> {
    parents: [FloatTensor<Autodiff<B, C>>; 5],
    inputs: FloatTensor<B>,
    output: FloatTensor<B>,
    checkpoints: FloatTensor<B>,
    program: Program,
}

impl<B: RecurrentKernels, C: CheckpointStrategy> Track<B, C> {
    fn forward(
        parents: [FloatTensor<Autodiff<B, C>>; 5],
        program: Program,
        record: bool,
    ) -> (Forward<B>, Self) {
        let [x, state, coefficients, weight, bias] =
            parents.each_ref().map(|parent| parent.primitive().clone());
        let given = Given { x, state, coefficients, weight, bias };
        let train = parents.iter().any(|parent| parent.is_tracked());
        let (forward, inputs) = B::recurrent_forward(given, &program, record, train);
        let (output, checkpoints) = (forward.output.clone(), forward.checkpoints.clone());
        (forward, Self { parents, inputs, output, checkpoints, program })
    }

    fn node(&self, wanted: Wanted, result: FloatTensor<B>) -> FloatTensor<Autodiff<B, C>> {
        let nodes = self.parents.each_ref().map(|parent| parent.node());
        match RecurrentBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let [_, _, coefficients, weight, _] =
                    self.parents.each_ref().map(|parent| parent.primitive().clone());
                let saved = Saved {
                    inputs: self.inputs.clone(),
                    output: self.output.clone(),
                    coefficients,
                    weight,
                    checkpoints: self.checkpoints.clone(),
                    program: self.program.clone(),
                    wanted,
                };
                prep.finish(saved, result)
            }
            OpsKind::UnTracked(prep) => prep.finish(result),
        }
    }
}

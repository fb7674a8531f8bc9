//! The fused sequence as operations of Burn's backends, and its backward pass.

#![allow(deprecated, reason = "the ndarray backend is supported as long as Burn has it")]

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, TensorMetadata, backend_extension};

use super::program::{COEFFICIENTS, Program, Wanted};

/// What a backend runs.
pub trait SequenceKernels: Backend {
    /// The whole sequence: output, membranes, currents `[T, W]`, last state `[2, W]`, and, for
    /// training, what the backward pass needs. What is not asked for is empty.
    fn linear_forward(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        program: &Program,
        record: bool,
        train: bool,
    ) -> Forward<Self>;

    /// Gradients of `x` `[T, W]`, `state` `[2, W]`, and the coefficients of each column `[4, W]`.
    fn linear_backward(saved: Saved<Self>, grad: FloatTensor<Self>) -> [FloatTensor<Self>; 3];
}

/// What a forward pass gives.
pub struct Forward<B: Backend> {
    pub(super) output: FloatTensor<B>,
    pub(super) membranes: FloatTensor<B>,
    pub(super) currents: FloatTensor<B>,
    pub(super) last: FloatTensor<B>,
    pub(super) checkpoints: FloatTensor<B>,
}

/// What a backward pass needs.
#[derive(Debug, Clone)]
pub struct Saved<B: Backend> {
    pub(super) x: FloatTensor<B>,
    pub(super) state: FloatTensor<B>,
    pub(super) coefficients: FloatTensor<B>,
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
pub trait SequenceBackend: Backend {
    /// Output `[T, W]` and last state `[2, W]` of input `[T, W]`, state `[2, W]`, coefficients
    /// `[4, n]`.
    fn linear(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        program: Program,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Output, membranes and currents, `[T, W]` each.
    fn linear_recorded(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        program: Program,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// The backward pass of one result. Results of one forward pass share what is saved; their gradients
/// add up, because the pass is linear in them.
#[derive(Debug)]
struct SequenceBackward;

impl<B: SequenceKernels> Backward<B, 3> for SequenceBackward {
    type State = Saved<B>;

    fn backward(self, ops: Ops<Saved<B>, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let n = ops.state.coefficients.shape()[1];
        let inner = ops.state.program.inner;
        let [gx, g_state, g_coefficients] = B::linear_backward(ops.state, grad);
        let [x, state, coefficients] = ops.parents;
        if let Some(node) = coefficients {
            grads.register::<B>(node.id, of_neurons::<B>(g_coefficients, n, inner));
        }
        if let Some(node) = state {
            grads.register::<B>(node.id, g_state);
        }
        if let Some(node) = x {
            grads.register::<B>(node.id, gx);
        }
    }
}

/// `[4, W]` of columns, summed to `[4, n]` of neurons.
pub(super) fn of_neurons<B: Backend>(
    columns: FloatTensor<B>,
    n: usize,
    inner: usize,
) -> FloatTensor<B> {
    let width = columns.shape()[1];
    if n == 1 {
        return B::float_sum_dim(columns, 1);
    }
    let split = [COEFFICIENTS, width / (n * inner), n, inner];
    let columns = B::float_reshape(columns, split.into());
    let sums = B::float_sum_dim(B::float_sum_dim(columns, 1), 3);
    B::float_reshape(sums, [COEFFICIENTS, n].into())
}

impl<B: SequenceKernels, C: CheckpointStrategy> SequenceBackend for Autodiff<B, C> {
    fn linear(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        program: Program,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (forward, track) = Track::<B, C>::forward([x, state, coefficients], program, false);
        (track.node(Wanted::Output, forward.output), track.node(Wanted::Last, forward.last))
    }

    fn linear_recorded(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        program: Program,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (forward, track) = Track::<B, C>::forward([x, state, coefficients], program, true);
        (
            track.node(Wanted::Output, forward.output),
            track.node(Wanted::Membranes, forward.membranes),
            track.node(Wanted::Currents, forward.currents),
        )
    }
}

/// A forward pass whose results become nodes of the graph.
struct Track<B: SequenceKernels, C: CheckpointStrategy> {
    parents: [FloatTensor<Autodiff<B, C>>; 3],
    checkpoints: FloatTensor<B>,
    program: Program,
}

impl<B: SequenceKernels, C: CheckpointStrategy> Track<B, C> {
    fn forward(
        parents: [FloatTensor<Autodiff<B, C>>; 3],
        program: Program,
        record: bool,
    ) -> (Forward<B>, Self) {
        let [x, state, coefficients] = parents.each_ref().map(|parent| parent.primitive().clone());
        let train = parents.iter().any(|parent| parent.is_tracked());
        let forward = B::linear_forward(x, state, coefficients, &program, record, train);
        let checkpoints = forward.checkpoints.clone();
        (forward, Self { parents, checkpoints, program })
    }

    fn node(&self, wanted: Wanted, result: FloatTensor<B>) -> FloatTensor<Autodiff<B, C>> {
        let nodes = self.parents.each_ref().map(|parent| parent.node());
        match SequenceBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let [x, state, coefficients] =
                    self.parents.each_ref().map(|parent| parent.primitive().clone());
                let (checkpoints, program) = (self.checkpoints.clone(), self.program.clone());
                let saved = Saved { x, state, coefficients, checkpoints, program, wanted };
                prep.finish(saved, result)
            }
            OpsKind::UnTracked(prep) => prep.finish(result),
        }
    }
}

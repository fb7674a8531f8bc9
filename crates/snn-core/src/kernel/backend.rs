//! The fused sequence as operations of Burn's backends, and its backward pass.

#![allow(deprecated, reason = "the ndarray backend is supported as long as Burn has it")]

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, TensorMetadata, backend_extension};
use burn::tensor::Slice;

use super::program::{COEFFICIENTS, Outputs, Program, SEGMENT, Wanted};

/// What a forward pass keeps beside output and last state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Keep {
    /// Membranes and currents after each step.
    pub(crate) states: bool,
    /// What the backward pass needs.
    pub(crate) checkpoints: bool,
    pub(crate) outputs: Outputs,
}

/// What [`SequenceBackend::linear_forward`] gives.
pub(super) type Kept<B> =
    (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

/// The operations, on any device that has them. All tensors are of 32-bit numbers; input is `[T, W]`,
/// state `[2, W]`, coefficients `[4, n]`.
#[backend_extension(
    Autodiff,
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "cube"),
    Fusion: cfg(feature = "cube")
)]
pub trait SequenceBackend: Backend {
    /// Output `[T, W]` and last state `[2, W]`.
    #[fusion(default)]
    fn linear(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        program: Program,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let keep = Keep::default();
        let (output, last, ..) = Self::linear_forward(x, state, coefficients, program, keep);
        (output, last)
    }

    /// Output, membranes and currents, `[T, W]` each.
    #[fusion(default)]
    fn linear_recorded(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        program: Program,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let keep = Keep { states: true, ..Keep::default() };
        let (output, _, membranes, currents, _) =
            Self::linear_forward(x, state, coefficients, program, keep);
        (output, membranes, currents)
    }

    /// What is asked for of the outputs, and the last state `[2, W]`. Of a maximum only the first row
    /// has a gradient.
    #[fusion(default)]
    fn linear_reduced(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        program: Program,
        outputs: Outputs,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let keep = Keep { outputs, ..Keep::default() };
        let (output, last, ..) = Self::linear_forward(x, state, coefficients, program, keep);
        (output, last)
    }

    /// Output `[T, W]`, last state `[2, W]`, membranes and currents `[T, W]`, and states every
    /// [`SEGMENT`] steps `[2 * segments, W]`. What is not kept is of any shape. No gradients.
    #[allow(clippy::type_complexity, reason = "dispatch is generated from the tuple itself")]
    #[fusion(meta = |x, state, _coefficients, _program, keep| specs::forward(x, state, *keep))]
    fn linear_forward(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        program: Program,
        keep: Keep,
    ) -> (
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
    );

    /// Gradients of the input `[T, W]`, of the state `[2, W]`, and of the coefficients of each column
    /// `[4, W]`, when `grad` is that of what was `wanted`.
    #[fusion(meta = |x, _coefficients, _checkpoints, _grad, _program, _wanted| specs::backward(x))]
    fn linear_backward(
        x: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        checkpoints: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        program: Program,
        wanted: Wanted,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// How many rows the states every [`SEGMENT`] steps take.
pub(super) fn checkpoint_rows(steps: usize) -> usize {
    2 * steps.div_ceil(SEGMENT)
}

/// Shape of what is not kept on a GPU: a binding is never smaller than one vector.
#[cfg(feature = "cube")]
pub(super) const NOTHING: [usize; 2] = [1, 4];

/// Shapes of the results, which fusion has to know before it runs an operation.
#[cfg(feature = "cube")]
pub(super) mod specs {
    use burn::backend::fusion::custom::TensorSpec;

    use super::{COEFFICIENTS, Keep, NOTHING, checkpoint_rows};

    pub(in crate::kernel) fn rows(x: &TensorSpec, rows: usize) -> TensorSpec {
        TensorSpec::new([rows, x.shape[1]].into(), x.dtype)
    }

    pub(in crate::kernel) fn kept(x: &TensorSpec, number: usize, kept: bool) -> TensorSpec {
        if kept { rows(x, number) } else { TensorSpec::new(NOTHING.into(), x.dtype) }
    }

    pub(super) fn forward(
        x: &TensorSpec,
        state: &TensorSpec,
        keep: Keep,
    ) -> (TensorSpec, TensorSpec, TensorSpec, TensorSpec, TensorSpec) {
        let steps = x.shape[0];
        let states = kept(x, steps, keep.states);
        let checkpoints = kept(x, checkpoint_rows(steps), keep.checkpoints);
        let output = rows(x, keep.outputs.rows(steps));
        (output, state.clone(), states.clone(), states, checkpoints)
    }

    pub(super) fn backward(x: &TensorSpec) -> (TensorSpec, TensorSpec, TensorSpec) {
        (x.clone(), rows(x, 2), rows(x, COEFFICIENTS))
    }
}

/// What a backward pass needs.
#[derive(Debug, Clone)]
struct Saved<B: Backend> {
    x: FloatTensor<B>,
    coefficients: FloatTensor<B>,
    checkpoints: FloatTensor<B>,
    program: Program,
    wanted: Wanted,
    /// The result itself, if that is a maximum.
    maximum: Option<FloatTensor<B>>,
}

/// The backward pass of one result. Results of one forward pass share what is saved; their gradients
/// add up, because the pass is linear in them.
#[derive(Debug)]
struct SequenceBackward;

impl<B: SequenceBackend> Backward<B, 3> for SequenceBackward {
    type State = Saved<B>;

    fn backward(self, ops: Ops<Saved<B>, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let Saved { x, coefficients, checkpoints, program, wanted, maximum } = ops.state;
        let grad = match maximum {
            Some(maximum) => B::float_cat(vec![row::<B>(grad, 0), row::<B>(maximum, 1)], 0),
            None => grad,
        };
        let (n, inner) = (coefficients.shape()[1], program.inner);
        let (gx, g_state, g_coefficients) =
            B::linear_backward(x, coefficients, checkpoints, grad, program, wanted);
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

fn row<B: Backend>(tensor: FloatTensor<B>, row: usize) -> FloatTensor<B> {
    let width = tensor.shape()[1];
    B::float_slice(tensor, &[Slice::from(row..row + 1), Slice::from(0..width)])
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

impl<B: SequenceBackend, C: CheckpointStrategy> SequenceBackend for Autodiff<B, C> {
    fn linear(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        program: Program,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let run = Run::<B, C>::forward([x, state, coefficients], program, Keep::default());
        (run.node(Wanted::Output, run.output.clone()), run.node(Wanted::Last, run.last.clone()))
    }

    fn linear_recorded(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        program: Program,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let keep = Keep { states: true, ..Keep::default() };
        let run = Run::<B, C>::forward([x, state, coefficients], program, keep);
        (
            run.node(Wanted::Output, run.output.clone()),
            run.node(Wanted::Membranes, run.membranes.clone()),
            run.node(Wanted::Currents, run.currents.clone()),
        )
    }

    fn linear_reduced(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        program: Program,
        outputs: Outputs,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let keep = Keep { outputs, ..Keep::default() };
        let run = Run::<B, C>::forward([x, state, coefficients], program, keep);
        let wanted = match outputs {
            Outputs::Every => Wanted::Output,
            Outputs::Maximum => Wanted::Maximum,
            Outputs::Sum => Wanted::Sum,
        };
        (run.node(wanted, run.output.clone()), run.node(Wanted::Last, run.last.clone()))
    }

    fn linear_forward(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        program: Program,
        keep: Keep,
    ) -> Kept<Self> {
        let [x, state, coefficients] = [x, state, coefficients].map(|t| t.into_primitive());
        let (a, b, c, d, e) = B::linear_forward(x, state, coefficients, program, keep);
        let constant = <Self as AutodiffBackend>::from_inner;
        (constant(a), constant(b), constant(c), constant(d), constant(e))
    }

    fn linear_backward(
        x: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        checkpoints: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        program: Program,
        wanted: Wanted,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [x, coefficients, checkpoints, grad] =
            [x, coefficients, checkpoints, grad].map(|t| t.into_primitive());
        let (a, b, c) = B::linear_backward(x, coefficients, checkpoints, grad, program, wanted);
        let constant = <Self as AutodiffBackend>::from_inner;
        (constant(a), constant(b), constant(c))
    }
}

/// A forward pass whose results become nodes of the graph.
struct Run<B: SequenceBackend, C: CheckpointStrategy> {
    parents: [FloatTensor<Autodiff<B, C>>; 3],
    program: Program,
    output: FloatTensor<B>,
    last: FloatTensor<B>,
    membranes: FloatTensor<B>,
    currents: FloatTensor<B>,
    checkpoints: FloatTensor<B>,
}

impl<B: SequenceBackend, C: CheckpointStrategy> Run<B, C> {
    fn forward(parents: [FloatTensor<Autodiff<B, C>>; 3], program: Program, keep: Keep) -> Self {
        let [x, state, coefficients] = parents.each_ref().map(|parent| parent.primitive().clone());
        let checkpoints = parents.iter().any(|parent| parent.is_tracked());
        let keep = Keep { checkpoints, ..keep };
        let (output, last, membranes, currents, checkpoints) =
            B::linear_forward(x, state, coefficients, program.clone(), keep);
        Self { parents, program, output, last, membranes, currents, checkpoints }
    }

    fn node(&self, wanted: Wanted, result: FloatTensor<B>) -> FloatTensor<Autodiff<B, C>> {
        let nodes = self.parents.each_ref().map(|parent| parent.node());
        match SequenceBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let [x, _, coefficients] =
                    self.parents.each_ref().map(|parent| parent.primitive().clone());
                let (checkpoints, program) = (self.checkpoints.clone(), self.program.clone());
                let maximum = (wanted == Wanted::Maximum).then(|| result.clone());
                let saved = Saved { x, coefficients, checkpoints, program, wanted, maximum };
                prep.finish(saved, result)
            }
            OpsKind::UnTracked(prep) => prep.finish(result),
        }
    }
}

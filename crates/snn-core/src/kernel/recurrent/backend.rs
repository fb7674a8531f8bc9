//! The recurrent sequence as operations of Burn's backends, and its backward pass.

#![allow(deprecated, reason = "the ndarray backend is supported as long as Burn has it")]

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, TensorMetadata, backend_extension};

use super::super::backend::{Keep, of_neurons};
use super::super::program::{Program, Wanted};

/// What [`RecurrentBackend::recurrent_forward`] gives.
pub(super) type Kept<B> = (
    FloatTensor<B>,
    FloatTensor<B>,
    FloatTensor<B>,
    FloatTensor<B>,
    FloatTensor<B>,
    FloatTensor<B>,
);

/// The operations, on any device that has them. All tensors are of 32-bit numbers: input `[T, B·N]`;
/// state `[3, B·N]`: membrane, synaptic current, recurrent current of the first step; coefficients
/// `[4, n]`; weight `[N, N]`, `[from, to]`; bias `[1, N]`.
#[backend_extension(
    Autodiff,
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "cube"),
    Fusion: cfg(feature = "cube")
)]
pub trait RecurrentBackend: Backend {
    /// Output `[T, B·N]` and last state `[3, B·N]`: membrane, synaptic current, output.
    #[fusion(default)]
    fn recurrent(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        program: Program,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let keep = Keep::default();
        let (output, last, ..) =
            Self::recurrent_forward(x, state, coefficients, weight, bias, program, keep);
        (output, last)
    }

    /// Output, membranes and currents, `[T, B·N]` each.
    #[fusion(default)]
    fn recurrent_recorded(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        program: Program,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let keep = Keep { states: true, ..Keep::default() };
        let (output, _, membranes, currents, ..) =
            Self::recurrent_forward(x, state, coefficients, weight, bias, program, keep);
        (output, membranes, currents)
    }

    /// Output `[T, B·N]`, last state `[3, B·N]`, membranes and currents `[T, B·N]`; and, together,
    /// states at checkpoints and the whole inputs `[T, B·N]` of the neurons, from outside and from each
    /// other. What is not kept is of any shape. No gradients.
    #[allow(clippy::too_many_arguments, reason = "each is one quantity of the equation")]
    #[allow(clippy::type_complexity, reason = "dispatch is generated from the tuple itself")]
    #[fusion(meta = |x, state, _coefficients, _weight, _bias, _program, keep| {
        specs::forward(x, state, *keep)
    })]
    fn recurrent_forward(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        program: Program,
        keep: Keep,
    ) -> (
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
    );

    /// Gradients of `x` `[T, B·N]`, `state` `[3, B·N]`, and the coefficients of each column
    /// `[4, B·N]`, when `grad` is that of what was `wanted`. Those of the connection follow from the
    /// first.
    #[allow(clippy::too_many_arguments, reason = "each is one quantity of the equation")]
    #[fusion(meta = |inputs, _coefficients, _weight, _checkpoints, _grad, _program, _wanted| {
        specs::backward(inputs)
    })]
    fn recurrent_backward(
        inputs: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        checkpoints: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        program: Program,
        wanted: Wanted,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Shapes of the results, which fusion has to know before it runs an operation.
#[cfg(feature = "cube")]
mod specs {
    use burn::backend::fusion::custom::TensorSpec;

    use super::Keep;
    use crate::kernel::backend::{
        checkpoint_rows,
        specs::{kept, rows},
    };
    use crate::kernel::program::COEFFICIENTS;

    pub(super) fn forward(
        x: &TensorSpec,
        state: &TensorSpec,
        keep: Keep,
    ) -> (TensorSpec, TensorSpec, TensorSpec, TensorSpec, TensorSpec, TensorSpec) {
        let steps = x.shape[0];
        let states = kept(x, steps, keep.states);
        let checkpoints = kept(x, checkpoint_rows(steps), keep.checkpoints);
        let inputs = kept(x, steps, keep.checkpoints);
        (x.clone(), state.clone(), states.clone(), states, checkpoints, inputs)
    }

    pub(super) fn backward(x: &TensorSpec) -> (TensorSpec, TensorSpec, TensorSpec) {
        (x.clone(), rows(x, 3), rows(x, COEFFICIENTS))
    }
}

/// What a backward pass needs.
#[derive(Debug, Clone)]
struct Saved<B: Backend> {
    inputs: FloatTensor<B>,
    output: FloatTensor<B>,
    coefficients: FloatTensor<B>,
    weight: FloatTensor<B>,
    checkpoints: FloatTensor<B>,
    program: Program,
    wanted: Wanted,
}

/// The backward pass of one result, as that of a sequence without a connection.
#[derive(Debug)]
struct RecurrentBackward;

impl<B: RecurrentBackend> Backward<B, 5> for RecurrentBackward {
    type State = Saved<B>;

    fn backward(self, ops: Ops<Saved<B>, 5>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let Saved { inputs, output, coefficients, weight, checkpoints, program, wanted } =
            ops.state;
        let (n, size) = (coefficients.shape()[1], weight.shape()[0]);
        let (gx, g_state, g_coefficients) =
            B::recurrent_backward(inputs, coefficients, weight, checkpoints, grad, program, wanted);
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

impl<B: RecurrentBackend, C: CheckpointStrategy> RecurrentBackend for Autodiff<B, C> {
    fn recurrent(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        program: Program,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let parents = [x, state, coefficients, weight, bias];
        let run = Run::<B, C>::forward(parents, program, Keep::default());
        let (output, last, ..) = run.kept.clone();
        (run.node(Wanted::Output, output), run.node(Wanted::Last, last))
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
        let keep = Keep { states: true, ..Keep::default() };
        let run = Run::<B, C>::forward(parents, program, keep);
        let (output, _, membranes, currents, ..) = run.kept.clone();
        (
            run.node(Wanted::Output, output),
            run.node(Wanted::Membranes, membranes),
            run.node(Wanted::Currents, currents),
        )
    }

    fn recurrent_forward(
        x: FloatTensor<Self>,
        state: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        program: Program,
        keep: Keep,
    ) -> Kept<Self> {
        let [x, state, coefficients, weight, bias] =
            [x, state, coefficients, weight, bias].map(|tensor| tensor.into_primitive());
        let (a, b, c, d, e, f) =
            B::recurrent_forward(x, state, coefficients, weight, bias, program, keep);
        let constant = <Self as AutodiffBackend>::from_inner;
        (constant(a), constant(b), constant(c), constant(d), constant(e), constant(f))
    }

    fn recurrent_backward(
        inputs: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        checkpoints: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        program: Program,
        wanted: Wanted,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [inputs, coefficients, weight, checkpoints, grad] =
            [inputs, coefficients, weight, checkpoints, grad].map(|tensor| tensor.into_primitive());
        let (a, b, c) =
            B::recurrent_backward(inputs, coefficients, weight, checkpoints, grad, program, wanted);
        let constant = <Self as AutodiffBackend>::from_inner;
        (constant(a), constant(b), constant(c))
    }
}

/// A forward pass whose results become nodes of the graph.
struct Run<B: RecurrentBackend, C: CheckpointStrategy> {
    parents: [FloatTensor<Autodiff<B, C>>; 5],
    program: Program,
    kept: Kept<B>,
}

impl<B: RecurrentBackend, C: CheckpointStrategy> Run<B, C> {
    fn forward(parents: [FloatTensor<Autodiff<B, C>>; 5], program: Program, keep: Keep) -> Self {
        let [x, state, coefficients, weight, bias] =
            parents.each_ref().map(|parent| parent.primitive().clone());
        let checkpoints = parents.iter().any(|parent| parent.is_tracked());
        let keep = Keep { checkpoints, ..keep };
        let kept =
            B::recurrent_forward(x, state, coefficients, weight, bias, program.clone(), keep);
        Self { parents, program, kept }
    }

    fn node(&self, wanted: Wanted, result: FloatTensor<B>) -> FloatTensor<Autodiff<B, C>> {
        let nodes = self.parents.each_ref().map(|parent| parent.node());
        match RecurrentBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let [_, _, coefficients, weight, _] =
                    self.parents.each_ref().map(|parent| parent.primitive().clone());
                let (output, _, _, _, checkpoints, inputs) = self.kept.clone();
                let program = self.program.clone();
                let saved =
                    Saved { inputs, output, coefficients, weight, checkpoints, program, wanted };
                prep.finish(saved, result)
            }
            OpsKind::UnTracked(prep) => prep.finish(result),
        }
    }
}

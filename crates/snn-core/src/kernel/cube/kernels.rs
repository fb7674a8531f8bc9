//! Fused sequences on GPUs: a thread for each vector of columns, all steps inside.

use core::hash::{Hash, Hasher};
use std::sync::Arc;

use cubecl::prelude::*;

use super::traced::Traced;
use crate::kernel::backend::Keep;
use crate::kernel::program::{ALPHA, BETA, GAIN, Outputs, Program, SEGMENT, THRESHOLD, Wanted};
use crate::kernel::step::{Coefficients, Gradients, State, Taken, step, step_back};

/// A program as what a kernel is compiled for: each becomes a kernel of its own.
#[derive(Debug, Clone)]
pub(super) struct Compiled {
    program: Arc<Program>,
    /// The program as text, which numbers read back from exactly.
    key: Arc<str>,
}

impl From<&Program> for Compiled {
    fn from(program: &Program) -> Self {
        // The columns of a neuron are told by the coefficients' shape, not by the kernel.
        let program = Program { inner: 1, ..program.clone() };
        Self { key: format!("{program:?}").into(), program: Arc::new(program) }
    }
}

impl PartialEq for Compiled {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Compiled {}

impl Hash for Compiled {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.key.hash(hasher);
    }
}

/// The coefficients of a thread's columns.
#[derive(CubeType)]
#[allow(dead_code, reason = "read where a kernel is compiled")]
struct Column<N: Size> {
    alpha: Vector<f32, N>,
    beta: Vector<f32, N>,
    gain: Vector<f32, N>,
    threshold: Vector<f32, N>,
}

/// Values that change from step to step.
#[derive(CubeType)]
struct After<N: Size> {
    v: Vector<f32, N>,
    i: Vector<f32, N>,
    output: Vector<f32, N>,
}

/// Gradients that flow back.
#[derive(CubeType)]
struct Flow<N: Size> {
    x: Vector<f32, N>,
    v: Vector<f32, N>,
    i: Vector<f32, N>,
    alpha: Vector<f32, N>,
    beta: Vector<f32, N>,
    gain: Vector<f32, N>,
    threshold: Vector<f32, N>,
}

fn coefficients<'a, N: Size>(
    scope: &'a Scope,
    column: &ColumnExpand<N>,
) -> Coefficients<Traced<'a>> {
    Coefficients {
        alpha: Traced::read(scope, &column.alpha),
        beta: Traced::read(scope, &column.beta),
        gain: Traced::read(scope, &column.gain),
        threshold: Traced::read(scope, &column.threshold),
    }
}

#[cube]
fn forward_step<N: Size>(
    column: &Column<N>,
    x: Vector<f32, N>,
    v: Vector<f32, N>,
    i: Vector<f32, N>,
    #[comptime] compiled: Compiled,
) -> After<N> {
    intrinsic!(|scope| {
        let state = State { v: Traced::read(scope, &v), i: Traced::read(scope, &i) };
        let c = coefficients(scope, column);
        let stepped = step(&compiled.program, &c, Traced::read(scope, &x), state);
        AfterExpand {
            v: stepped.state.v.into_expand(),
            i: stepped.state.i.into_expand(),
            output: stepped.output.into_expand(),
        }
    })
}

#[cube]
fn backward_step<N: Size>(
    column: &Column<N>,
    x: Vector<f32, N>,
    v: Vector<f32, N>,
    i: Vector<f32, N>,
    grad: Vector<f32, N>,
    flow: &Flow<N>,
    #[comptime] compiled: Compiled,
) -> Flow<N> {
    intrinsic!(|scope| {
        let read = |value| Traced::read(scope, value);
        let c = coefficients(scope, column);
        let (x, before) = (read(&x), State { v: read(&v), i: read(&i) });
        let u = step(&compiled.program, &c, x, before).u;
        let mut g = Gradients {
            state: State { v: read(&flow.v), i: read(&flow.i) },
            coefficients: Coefficients {
                alpha: read(&flow.alpha),
                beta: read(&flow.beta),
                gain: read(&flow.gain),
                threshold: read(&flow.threshold),
            },
        };
        let taken = Taken { x, before, u };
        let derivative = |x| compiled.program.derivative(x);
        let x = step_back(&compiled.program, &c, taken, read(&grad), &mut g, derivative);
        FlowExpand {
            x: x.into_expand(),
            v: g.state.v.into_expand(),
            i: g.state.i.into_expand(),
            alpha: g.coefficients.alpha.into_expand(),
            beta: g.coefficients.beta.into_expand(),
            gain: g.coefficients.gain.into_expand(),
            threshold: g.coefficients.threshold.into_expand(),
        }
    })
}

/// `[4, period]`, repeated along the columns.
#[cube]
fn column_of<N: Size>(
    coefficients: &Tensor<Vector<f32, N>>,
    column: usize,
    period: usize,
) -> Column<N> {
    let at = column % period;
    Column::<N> {
        alpha: coefficients[ALPHA * period + at],
        beta: coefficients[BETA * period + at],
        gain: coefficients[GAIN * period + at],
        threshold: coefficients[THRESHOLD * period + at],
    }
}

/// What a sum or a maximum starts from.
fn nothing(outputs: Outputs) -> f32 {
    if outputs == Outputs::Maximum { f32::MIN } else { 0.0 }
}

/// All steps; `columns` and `period` count vectors.
#[cube(launch)]
pub(super) fn forward_kernel<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    state: &Tensor<Vector<f32, N>>,
    coefficients: &Tensor<Vector<f32, N>>,
    output: &mut Tensor<Vector<f32, N>>,
    membranes: &mut Tensor<Vector<f32, N>>,
    currents: &mut Tensor<Vector<f32, N>>,
    last: &mut Tensor<Vector<f32, N>>,
    checkpoints: &mut Tensor<Vector<f32, N>>,
    steps: u32,
    columns: u32,
    period: u32,
    #[comptime] compiled: Compiled,
    #[comptime] keep: Keep,
) {
    let column = ABSOLUTE_POS;
    let columns = columns as usize;
    if column >= columns {
        terminate!();
    }
    let c = column_of::<N>(coefficients, column, period as usize);
    let mut v = state[column];
    let mut i = state[columns + column];
    let mut reduced = Vector::<f32, N>::new(comptime!(nothing(keep.outputs)));
    let mut step = Vector::<f32, N>::new(0.0_f32);
    for t in 0..steps as usize {
        if keep.checkpoints && t % SEGMENT == 0 {
            let row = 2 * (t / SEGMENT);
            checkpoints[row * columns + column] = v;
            checkpoints[(row + 1) * columns + column] = i;
        }
        let at = t * columns + column;
        let after = forward_step::<N>(&c, x[at], v, i, comptime!(compiled.clone()));
        v = after.v;
        i = after.i;
        if comptime!(keep.outputs == Outputs::Every) {
            output[at] = after.output;
        }
        if comptime!(keep.outputs == Outputs::Maximum) {
            // Not the larger ones chosen but the others kept: NaN replaces every number, and stays.
            let kept = after.output.less_equal(&reduced);
            let is_number = reduced.equal(&reduced);
            let now = select_many(kept, step, Vector::new(f32::cast_from(t)));
            let larger = select_many(kept, reduced, after.output);
            step = select_many(is_number, now, step);
            reduced = select_many(is_number, larger, reduced);
        }
        if comptime!(keep.outputs == Outputs::Sum) {
            reduced += after.output;
        }
        if keep.states {
            membranes[at] = v;
            currents[at] = i;
        }
    }
    if comptime!(keep.outputs != Outputs::Every) {
        output[column] = reduced;
    }
    if comptime!(keep.outputs == Outputs::Maximum) {
        output[columns + column] = step;
    }
    last[column] = v;
    last[columns + column] = i;
}

/// Gradients, from the states every [`SEGMENT`] steps; `columns` and `period` count vectors.
#[cube(launch)]
pub(super) fn backward_kernel<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    coefficients: &Tensor<Vector<f32, N>>,
    checkpoints: &Tensor<Vector<f32, N>>,
    grad: &Tensor<Vector<f32, N>>,
    g_x: &mut Tensor<Vector<f32, N>>,
    g_state: &mut Tensor<Vector<f32, N>>,
    g_coefficients: &mut Tensor<Vector<f32, N>>,
    steps: u32,
    columns: u32,
    period: u32,
    #[comptime] compiled: Compiled,
    #[comptime] wanted: Wanted,
) {
    let column = ABSOLUTE_POS;
    let columns = columns as usize;
    if column >= columns {
        terminate!();
    }
    let steps = steps as usize;
    let c = column_of::<N>(coefficients, column, period as usize);
    let zero = Vector::<f32, N>::new(0.0_f32);
    let mut flow = Flow::<N> {
        x: zero,
        v: zero,
        i: zero,
        alpha: zero,
        beta: zero,
        gain: zero,
        threshold: zero,
    };
    if comptime!(wanted == Wanted::Last) {
        flow.v = grad[column];
        flow.i = grad[columns + column];
    }
    if comptime!(wanted == Wanted::Step) {
        flow.v = grad[columns + column];
        flow.i = grad[2 * columns + column];
    }
    // States before each step of a segment.
    let mut vs = Array::<Vector<f32, N>>::new(SEGMENT);
    let mut is = Array::<Vector<f32, N>>::new(SEGMENT);
    let segments = steps.div_ceil(SEGMENT);
    for k in 0..segments {
        let segment = segments - 1 - k;
        let first = segment * SEGMENT;
        let length = min(SEGMENT, steps - first);
        let mut v = checkpoints[2 * segment * columns + column];
        let mut i = checkpoints[(2 * segment + 1) * columns + column];
        for offset in 0..length {
            vs[offset] = v;
            is[offset] = i;
            let input = x[(first + offset) * columns + column];
            let after = forward_step::<N>(&c, input, v, i, comptime!(compiled.clone()));
            v = after.v;
            i = after.i;
        }
        for back in 0..length {
            let offset = length - 1 - back;
            let t = first + offset;
            let at = t * columns + column;
            let mut g_output = zero;
            if comptime!(matches!(wanted, Wanted::Output | Wanted::Step)) {
                g_output = grad[at];
            }
            if comptime!(wanted == Wanted::Sum) {
                g_output = grad[column];
            }
            if comptime!(wanted == Wanted::Maximum) {
                let here = grad[columns + column].equal(&Vector::new(f32::cast_from(t)));
                g_output = select_many(here, grad[column], zero);
            }
            if comptime!(wanted == Wanted::Membranes) {
                flow.v += grad[at];
            }
            if comptime!(wanted == Wanted::Currents) {
                flow.i += grad[at];
            }
            let compiled = comptime!(compiled.clone());
            let next =
                backward_step::<N>(&c, x[at], vs[offset], is[offset], g_output, &flow, compiled);
            flow.x = next.x;
            flow.v = next.v;
            flow.i = next.i;
            flow.alpha = next.alpha;
            flow.beta = next.beta;
            flow.gain = next.gain;
            flow.threshold = next.threshold;
            g_x[at] = next.x;
        }
    }
    g_state[column] = flow.v;
    g_state[columns + column] = flow.i;
    g_coefficients[ALPHA * columns + column] = flow.alpha;
    g_coefficients[BETA * columns + column] = flow.beta;
    g_coefficients[GAIN * columns + column] = flow.gain;
    g_coefficients[THRESHOLD * columns + column] = flow.threshold;
}

//! Fused sequences on plain slices: blocks of columns in parallel, all steps inside.

use super::backend::Keep;
use super::pass::{Pass, run};
use super::program::{ALPHA, BETA, GAIN, Outputs, Program, SEGMENT, THRESHOLD, Wanted};
use super::rows::{InputGradients, Output, Rows, groups};
use super::step::{Coefficients, Gradients, State, Taken, step, step_back};
use crate::real::Lanes;

/// Columns of a block, in groups that fit into registers: its state stays in the first-level cache
/// over all steps, and a row of it is long enough to be fetched ahead.
const GROUPS: usize = 8;
const WIDTH: usize = GROUPS * Lanes::COUNT;

/// Steps by which the input is fetched ahead.
const AHEAD: usize = 4;

/// A sequence `[T, W]` and its neurons.
pub(super) struct Input<'a> {
    /// `[T, W]`
    pub(super) x: &'a [f32],
    /// `[4, n]`
    pub(super) coefficients: &'a [f32],
    pub(super) steps: usize,
    pub(super) columns: usize,
}

/// The largest output so far and the step that had it first, or the sum of all.
#[derive(Clone, Copy)]
struct Reduced {
    value: Lanes,
    step: Lanes,
}

impl Reduced {
    #[inline(always)]
    fn none(outputs: Outputs) -> Self {
        let none = Lanes([0.0; Lanes::COUNT]);
        match outputs {
            Outputs::Maximum => {
                Self { value: Lanes([f32::NEG_INFINITY; Lanes::COUNT]), step: none }
            }
            _ => Self { value: none, step: none },
        }
    }

    #[inline(always)]
    #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN replaces every number, and stays")]
    fn greatest(&mut self, output: Lanes, t: usize) {
        for k in 0..Lanes::COUNT {
            if !(output.0[k] <= self.value.0[k]) && !self.value.0[k].is_nan() {
                self.value.0[k] = output.0[k];
                self.step.0[k] = t as f32;
            }
        }
    }
}

/// The gradient of a maximum at step `t`: nothing, unless that is the step which had it.
#[inline(always)]
fn only_at(t: usize, step: Lanes, mut grad: Lanes) -> Lanes {
    for k in 0..Lanes::COUNT {
        grad.0[k] = if step.0[k] == t as f32 { grad.0[k] } else { 0.0 };
    }
    grad
}

/// Runs the whole sequence from `state` `[2, W]`: membrane, synaptic current.
#[expect(unsafe_code, reason = "arrays are not set before they are written")]
pub(super) fn forward(
    program: &Program,
    input: &Input,
    state: &[f32],
    keep: Keep,
) -> Output<Vec<f32>> {
    let mut arrays = Output::new(input.steps, input.columns, 2, keep);
    let pass = Forward { program, input, state, keep, rows: arrays.rows() };
    run(&pass, vec![(); input.columns.div_ceil(WIDTH)]);
    // SAFETY: every group was at every step, and has written its columns of every row.
    unsafe { arrays.written() }
}

struct Forward<'a> {
    program: &'a Program,
    input: &'a Input<'a>,
    state: &'a [f32],
    keep: Keep,
    rows: Output<Rows>,
}

impl Pass for Forward<'_> {
    type Part = ();

    #[inline(always)]
    fn part(&self, index: usize, (): ()) {
        let Self { program, state, keep, .. } = *self;
        let Input { x, coefficients, steps, columns } = *self.input;
        let Output { output, membranes, currents, last, checkpoints } = &self.rows;
        let start = index * WIDTH;
        let mut groups = groups(start..columns.min(start + WIDTH), |group| {
            let c = group.coefficients(coefficients, program.inner);
            (c, group.state(state, 0, columns), Reduced::none(keep.outputs))
        });
        for t in 0..steps {
            for (group, (c, state, reduced)) in &mut groups {
                if t % SEGMENT == 0 {
                    checkpoints.write(t / SEGMENT * 2, *group, state.v);
                    checkpoints.write(t / SEGMENT * 2 + 1, *group, state.i);
                }
                group.fetch(x, t + AHEAD, columns);
                let stepped = step(program, c, group.read(x, t, columns), *state);
                *state = stepped.state;
                match keep.outputs {
                    Outputs::Every => output.write(t, *group, stepped.output),
                    Outputs::Maximum => reduced.greatest(stepped.output, t),
                    Outputs::Sum => reduced.value = reduced.value + stepped.output,
                }
                membranes.write(t, *group, state.v);
                currents.write(t, *group, state.i);
            }
        }
        for (group, (_, state, reduced)) in groups {
            last.write(0, group, state.v);
            last.write(1, group, state.i);
            if keep.outputs != Outputs::Every {
                output.write(0, group, reduced.value);
            }
            if keep.outputs == Outputs::Maximum {
                output.write(1, group, reduced.step);
            }
        }
    }
}

/// Gradients of `Σ grad · wanted`, from the states that the forward pass kept.
#[expect(unsafe_code, reason = "arrays are not set before they are written")]
pub(super) fn backward(
    program: &Program,
    input: &Input,
    checkpoints: &[f32],
    wanted: Wanted,
    grad: &[f32],
) -> InputGradients<Vec<f32>> {
    let mut arrays = InputGradients::new(input.steps, input.columns, 2);
    let pass = Backward { program, input, checkpoints, wanted, grad, rows: arrays.rows() };
    run(&pass, vec![(); input.columns.div_ceil(WIDTH)]);
    // SAFETY: every group was at every step, and has written its columns of every row.
    unsafe { arrays.written() }
}

struct Backward<'a> {
    program: &'a Program,
    input: &'a Input<'a>,
    checkpoints: &'a [f32],
    wanted: Wanted,
    grad: &'a [f32],
    rows: InputGradients<Rows>,
}

impl Pass for Backward<'_> {
    type Part = ();

    #[inline(always)]
    fn part(&self, index: usize, (): ()) {
        let Self { program, checkpoints, wanted, grad, .. } = *self;
        let Input { x, coefficients, steps, columns } = *self.input;
        let InputGradients { x: gx, state: g_state, coefficients: g_coefficients } = &self.rows;
        let start = index * WIDTH;
        let none = Lanes([0.0; Lanes::COUNT]);
        let zero = State { v: none, i: none };
        let nothing = Coefficients { alpha: none, beta: none, gain: none, threshold: none };
        let mut groups = groups(start..columns.min(start + WIDTH), |group| {
            let state = match wanted {
                Wanted::Last => group.state(grad, 0, columns),
                Wanted::Step => group.state(grad, 1, columns),
                _ => zero,
            };
            let c = group.coefficients(coefficients, program.inner);
            (c, Gradients { state, coefficients: nothing })
        });
        let mut taken = [Taken { x: none, before: zero, u: none }; SEGMENT];
        let wanted_each = matches!(wanted, Wanted::Output | Wanted::Membranes | Wanted::Currents);
        for segment in (0..steps.div_ceil(SEGMENT)).rev() {
            let first = segment * SEGMENT;
            for (group, (c, g)) in &mut groups {
                let mut state = group.state(checkpoints, 2 * segment, columns);
                let length = SEGMENT.min(steps - first);
                for (offset, taken) in taken[..length].iter_mut().enumerate() {
                    // For the segment that is next.
                    if let Some(t) = (first + offset).checked_sub(SEGMENT) {
                        group.fetch(x, t, columns);
                        if wanted_each {
                            group.fetch(grad, t, columns);
                        }
                    }
                    // Field by field, which stays in registers; as a whole it is a copy of memory.
                    taken.x = group.read(x, first + offset, columns);
                    taken.before = state;
                    let stepped = step(program, c, taken.x, state);
                    taken.u = stepped.u;
                    state = stepped.state;
                }
                for (offset, taken) in taken[..length].iter().enumerate().rev() {
                    let t = first + offset;
                    let at = |kind| match wanted == kind {
                        true => group.read(grad, t, columns),
                        false => none,
                    };
                    g.state.v = g.state.v + at(Wanted::Membranes);
                    g.state.i = g.state.i + at(Wanted::Currents);
                    let g_output = match wanted {
                        Wanted::Maximum => {
                            let step = group.read(grad, 1, columns);
                            only_at(t, step, group.read(grad, 0, columns))
                        }
                        Wanted::Step | Wanted::Sum => group.read(grad, 0, columns),
                        _ => at(Wanted::Output),
                    };
                    let g_input = step_back(program, c, *taken, g_output, g, |x| {
                        program.derivative_of_lanes(x)
                    });
                    gx.write(t, *group, g_input);
                }
            }
        }
        for (group, (_, g)) in groups {
            g_state.write(0, group, g.state.v);
            g_state.write(1, group, g.state.i);
            let Coefficients { alpha, beta, gain, threshold } = g.coefficients;
            for (row, lanes) in [(ALPHA, alpha), (BETA, beta), (GAIN, gain), (THRESHOLD, threshold)]
            {
                g_coefficients.write(row, group, lanes);
            }
        }
    }
}

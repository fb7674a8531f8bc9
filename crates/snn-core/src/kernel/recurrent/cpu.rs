//! Recurrent sequences on plain slices: blocks of batch rows in parallel, all steps inside.

use std::ops::RangeInclusive;

use super::super::backend::Keep;
use super::super::cpu::Input;
use super::super::pass::{Pass, run};
use super::super::program::{ALPHA, BETA, GAIN, Program, SEGMENT, THRESHOLD, Wanted};
use super::super::rows::{Array, Group, InputGradients, Output, Rows, groups};
use super::super::step::{Coefficients, Gradients, State, Taken, step, step_back};
use super::product::{Connection, transposed};
use crate::real::Lanes;

/// The numbers of a group. Those of a block side by side are its rows, with room behind the last.
type Numbers = [f32; Lanes::COUNT];

/// Batch rows of a block: enough that a weight that was read is used several times, few enough that
/// the state stays in the second-level cache.
const ROWS: RangeInclusive<usize> = 8..=16;

/// As many blocks as this there should be, so that many threads have something to do.
const BLOCKS: usize = 16;

/// Batch rows in a block, and how many blocks there are. The batch alone decides, not the number of threads: how
/// many rows a product has, and how many numbers of them are not zero, decides how it is rounded.
fn blocks(batch: usize) -> (usize, usize) {
    let rows = batch.div_ceil(BLOCKS).clamp(*ROWS.start(), *ROWS.end());
    (rows, batch.div_ceil(rows))
}

/// Runs the whole sequence from `state` `[3, B·N]`: membrane, synaptic current, recurrent current of the
/// first step. Returns with the last state `[3, B·N]`: membrane, synaptic current, output. The second
/// result are the whole inputs of the neurons, `[T, B·N]`, for [`backward`], or empty.
#[expect(unsafe_code, reason = "arrays are not set before they are written")]
pub(super) fn forward(
    program: &Program,
    input: &Input,
    state: &[f32],
    connection: &Connection,
    keep: Keep,
) -> (Output<Vec<f32>>, Vec<f32>) {
    let size = connection.size();
    let mut arrays = Output::new(input.steps, input.columns, 3, keep);
    let steps = if keep.checkpoints { input.steps } else { 0 };
    let mut inputs = Array::new(steps, input.columns);
    let (rows, count) = blocks(input.columns / size);
    let columns = rows * size;
    let (rows, whole) = (arrays.rows(), inputs.rows());
    let pass = Forward { program, input, state, connection, columns, rows, whole };
    run(&pass, vec![(); count]);
    // SAFETY: every group was at every step, and has written its columns of every row.
    unsafe { (arrays.written(), inputs.written()) }
}

struct Forward<'a> {
    program: &'a Program,
    input: &'a Input<'a>,
    state: &'a [f32],
    connection: &'a Connection<'a>,
    /// Columns of a block.
    columns: usize,
    rows: Output<Rows>,
    whole: Rows,
}

impl Pass for Forward<'_> {
    type Part = ();

    #[inline(always)]
    fn part(&self, index: usize, (): ()) {
        let Self { program, state, connection, whole, .. } = *self;
        let Input { x, coefficients, steps, columns } = *self.input;
        let Output { output, membranes, currents, last, checkpoints } = &self.rows;
        let (start, end) = (index * self.columns, columns.min((index + 1) * self.columns));
        let mut groups = groups(start..end, |group| {
            (group.coefficients(coefficients, program.inner), group.state(state, 0, columns))
        });
        let mut current: Vec<Numbers> =
            groups.iter().map(|(group, _)| group.read(state, 2, columns).0).collect();
        let mut z = vec![[0.0; Lanes::COUNT]; groups.len()];
        let mut entries = connection.room();
        for t in 0..steps {
            for (k, (group, (c, state))) in groups.iter_mut().enumerate() {
                if t % SEGMENT == 0 {
                    checkpoints.write(t / SEGMENT * 2, *group, state.v);
                    checkpoints.write(t / SEGMENT * 2 + 1, *group, state.i);
                }
                let x = group.read(x, t, columns) + Lanes(current[k]);
                whole.write(t, *group, x);
                let stepped = step(program, c, x, *state);
                *state = stepped.state;
                z[k] = stepped.output.0;
                output.write(t, *group, stepped.output);
                membranes.write(t, *group, state.v);
                currents.write(t, *group, state.i);
            }
            if t + 1 < steps {
                let current = &mut current.as_flattened_mut()[..end - start];
                connection.product(&z.as_flattened()[..end - start], &mut entries, current);
            }
        }
        for (z, (group, (_, state))) in z.into_iter().zip(groups) {
            last.write(0, group, state.v);
            last.write(1, group, state.i);
            last.write(2, group, Lanes(z));
        }
    }
}

/// Gradients of `Σ grad · wanted`, but for those of the connection, from the whole inputs in `input.x`
/// and the states that the forward pass kept.
#[expect(unsafe_code, reason = "arrays are not set before they are written")]
pub(super) fn backward(
    program: &Program,
    input: &Input,
    weight: &[f32],
    checkpoints: &[f32],
    wanted: Wanted,
    grad: &[f32],
) -> InputGradients<Vec<f32>> {
    let size = weight.len().isqrt();
    let back = Connection { weight: &transposed(weight, size), bias: &vec![0.0; size] };
    let mut arrays = InputGradients::new(input.steps, input.columns, 3);
    let (rows, count) = blocks(input.columns / size);
    let (columns, rows) = (rows * size, arrays.rows());
    let pass = Backward { program, input, back: &back, checkpoints, wanted, grad, columns, rows };
    run(&pass, vec![(); count]);
    // SAFETY: every group was at every step, and has written its columns of every row.
    unsafe { arrays.written() }
}

struct Backward<'a> {
    program: &'a Program,
    input: &'a Input<'a>,
    back: &'a Connection<'a>,
    checkpoints: &'a [f32],
    wanted: Wanted,
    grad: &'a [f32],
    /// Columns of a block.
    columns: usize,
    rows: InputGradients<Rows>,
}

impl Pass for Backward<'_> {
    type Part = ();

    #[inline(always)]
    fn part(&self, index: usize, (): ()) {
        let Self { program, back, checkpoints, wanted, grad, .. } = *self;
        let Input { x, coefficients, steps, columns } = *self.input;
        let InputGradients { x: gx, state: g_state, coefficients: g_coefficients } = &self.rows;
        let (start, end) = (index * self.columns, columns.min((index + 1) * self.columns));
        let none = Lanes([0.0; Lanes::COUNT]);
        let zero = State { v: none, i: none };
        let nothing = Coefficients { alpha: none, beta: none, gain: none, threshold: none };
        let mut groups = groups(start..end, |group| {
            let state = match wanted {
                Wanted::Last => group.state(grad, 0, columns),
                _ => zero,
            };
            let c = group.coefficients(coefficients, program.inner);
            (c, Gradients { state, coefficients: nothing })
        });
        // What comes back to the output of a step by way of the next one.
        let last_output = |group: Group| match wanted {
            Wanted::Last => group.read(grad, 2, columns),
            _ => none,
        };
        let mut gz: Vec<Numbers> = groups.iter().map(|(group, _)| last_output(*group).0).collect();
        let mut g_input = vec![[0.0; Lanes::COUNT]; groups.len()];
        let mut entries = back.room();
        let mut taken = Vec::with_capacity(SEGMENT * groups.len());
        for segment in (0..steps.div_ceil(SEGMENT)).rev() {
            let first = segment * SEGMENT;
            let length = SEGMENT.min(steps - first);
            taken.clear();
            for (group, (c, _)) in &groups {
                let mut state = group.state(checkpoints, 2 * segment, columns);
                for t in first..first + length {
                    let x = group.read(x, t, columns);
                    let stepped = step(program, c, x, state);
                    taken.push(Taken { x, before: state, u: stepped.u });
                    state = stepped.state;
                }
            }
            for t in (first..first + length).rev() {
                for (k, (group, (c, g))) in groups.iter_mut().enumerate() {
                    let at = |kind| match wanted == kind {
                        true => group.read(grad, t, columns),
                        false => none,
                    };
                    g.state.v = g.state.v + at(Wanted::Membranes);
                    g.state.i = g.state.i + at(Wanted::Currents);
                    let gz = at(Wanted::Output) + Lanes(gz[k]);
                    let taken = taken[k * length + t - first];
                    let g_x =
                        step_back(program, c, taken, gz, g, |x| program.derivative_of_lanes(x));
                    gx.write(t, *group, g_x);
                    g_input[k] = g_x.0;
                }
                if t > 0 {
                    let gz = &mut gz.as_flattened_mut()[..end - start];
                    back.product(&g_input.as_flattened()[..end - start], &mut entries, gz);
                }
            }
        }
        for (g_input, (group, (_, g))) in g_input.into_iter().zip(groups) {
            g_state.write(0, group, g.state.v);
            g_state.write(1, group, g.state.i);
            g_state.write(2, group, Lanes(g_input));
            let Coefficients { alpha, beta, gain, threshold } = g.coefficients;
            for (row, lanes) in [(ALPHA, alpha), (BETA, beta), (GAIN, gain), (THRESHOLD, threshold)]
            {
                g_coefficients.write(row, group, lanes);
            }
        }
    }
}

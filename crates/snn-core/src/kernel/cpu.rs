//! Fused sequences on plain slices: blocks of columns in parallel, all steps inside.

use super::backend::{Keep, checkpoint_rows};
use super::program::{ALPHA, BETA, COEFFICIENTS, GAIN, Program, SEGMENT, THRESHOLD, Wanted};
use super::step::{Coefficients, Gradients, State, Taken, step, step_back};
use crate::real::Lanes;

/// Columns of a block, in groups that fit into registers: its state stays in the first-level cache
/// over all steps, and a row of it is long enough to be fetched ahead.
const GROUPS: usize = 8;
const WIDTH: usize = GROUPS * Lanes::COUNT;

/// A sequence `[T, W]` and its neurons.
pub(super) struct Input<'a> {
    /// `[T, W]`
    pub(super) x: &'a [f32],
    /// `[4, n]`
    pub(super) coefficients: &'a [f32],
    pub(super) steps: usize,
    pub(super) columns: usize,
}

/// What a forward pass gives.
#[derive(Default)]
pub(super) struct Output {
    /// `[T, W]`, or `[2, W]` for the maximum.
    pub(super) output: Vec<f32>,
    /// `[T, W]` each, or empty if they were not asked for.
    pub(super) membranes: Vec<f32>,
    pub(super) currents: Vec<f32>,
    /// `[2, W]`
    pub(super) last: Vec<f32>,
    /// States every [`SEGMENT`] steps, `[segments, 2, W]`, or empty.
    pub(super) checkpoints: Vec<f32>,
}

/// What a backward pass gives.
pub(super) struct InputGradients {
    /// `[T, W]`
    pub(super) x: Vec<f32>,
    /// `[2, W]`
    pub(super) state: Vec<f32>,
    /// `[4, W]`: one for each column, to be summed.
    pub(super) coefficients: Vec<f32>,
}

/// Rows of a `[rows, W]` array that several threads write to, each its own columns.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    data: *mut f32,
    len: usize,
    columns: usize,
}

// SAFETY: groups write to disjoint columns.
#[expect(unsafe_code, reason = "columns of one array are written in parallel")]
unsafe impl Send for Rows {}
#[expect(unsafe_code, reason = "columns of one array are written in parallel")]
unsafe impl Sync for Rows {}

impl Rows {
    pub(super) fn new(data: &mut [f32], columns: usize) -> Self {
        Self { data: data.as_mut_ptr(), len: data.len(), columns }
    }

    /// Writes the columns of a group; nothing, if the array was not asked for.
    #[expect(unsafe_code, reason = "columns of one array are written in parallel")]
    pub(super) fn write(self, row: usize, group: Group, lanes: Lanes) {
        if self.len == 0 {
            return;
        }
        let start = row * self.columns + group.start;
        assert!(start + group.len <= self.len);
        // SAFETY: within the array, and no other group has these columns.
        let row = unsafe { core::slice::from_raw_parts_mut(self.data.add(start), group.len) };
        match row.first_chunk_mut() {
            Some(whole) => *whole = lanes.0,
            // Not `copy_from_slice`: whole groups, too, would become calls to copy memory.
            None => row.iter_mut().zip(lanes.0).for_each(|(to, from)| *to = from),
        }
    }
}

/// Some columns side by side, as many as there are lanes or fewer.
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub(super) start: usize,
    pub(super) len: usize,
}

impl Group {
    pub(super) fn read(self, data: &[f32], row: usize, columns: usize) -> Lanes {
        let start = row * columns + self.start;
        let row = &data[start..start + self.len];
        // Whole groups are copied as registers, the last one of a row by the number.
        Lanes(row.try_into().unwrap_or_else(|_| {
            let mut lanes = [0.0; Lanes::COUNT];
            lanes[..row.len()].copy_from_slice(row);
            lanes
        }))
    }

    /// Membrane and current in two rows.
    pub(super) fn state(self, data: &[f32], row: usize, columns: usize) -> State<Lanes> {
        State { v: self.read(data, row, columns), i: self.read(data, row + 1, columns) }
    }

    pub(super) fn coefficients(self, data: &[f32], inner: usize) -> Coefficients<Lanes> {
        let n = data.len() / COEFFICIENTS;
        let row = |row: usize| {
            // Lanes without a column must not divide by zero.
            let mut lanes = [1.0; Lanes::COUNT];
            for (k, value) in lanes[..self.len].iter_mut().enumerate() {
                *value = data[row * n + (self.start + k) / inner % n];
            }
            Lanes(lanes)
        };
        Coefficients {
            alpha: row(ALPHA),
            beta: row(BETA),
            gain: row(GAIN),
            threshold: row(THRESHOLD),
        }
    }
}

/// The groups of a block, and what is kept for each.
fn groups<T>(columns: usize, start: usize, make: impl Fn(Group) -> T) -> Vec<(Group, T)> {
    let end = columns.min(start + WIDTH);
    (start..end)
        .step_by(Lanes::COUNT)
        .map(|start| Group { start, len: Lanes::COUNT.min(end - start) })
        .map(|group| (group, make(group)))
        .collect()
}

/// The largest output so far, and the step that had it first.
#[derive(Clone, Copy)]
struct Maximum {
    value: Lanes,
    step: Lanes,
}

impl Maximum {
    fn none() -> Self {
        Self { value: Lanes([f32::NEG_INFINITY; Lanes::COUNT]), step: Lanes([0.0; Lanes::COUNT]) }
    }

    fn update(&mut self, output: Lanes, t: usize) {
        for k in 0..Lanes::COUNT {
            if output.0[k] > self.value.0[k] {
                self.value.0[k] = output.0[k];
                self.step.0[k] = t as f32;
            }
        }
    }
}

/// The gradient of a maximum at step `t`: nothing, unless that is the step which had it.
fn only_at(t: usize, step: Lanes, mut grad: Lanes) -> Lanes {
    for k in 0..Lanes::COUNT {
        grad.0[k] = if step.0[k] == t as f32 { grad.0[k] } else { 0.0 };
    }
    grad
}

/// Runs `work` on the first column of every block.
fn for_each_block(columns: usize, work: impl Fn(usize) + Sync + Send) {
    #[cfg(feature = "rayon")]
    {
        use rayon::iter::{IntoParallelIterator, ParallelIterator};
        let blocks = (0..columns.div_ceil(WIDTH)).into_par_iter();
        blocks.for_each(|block| work(block * WIDTH));
    }
    #[cfg(not(feature = "rayon"))]
    (0..columns).step_by(WIDTH).for_each(work);
}

/// Runs the whole sequence from `state` `[2, W]`: membrane, synaptic current.
pub(super) fn forward(program: &Program, input: &Input, state: &[f32], keep: Keep) -> Output {
    let Input { x, coefficients, steps, columns } = *input;
    let zeros = |rows: usize| vec![0.0; rows * columns];
    let traces = if keep.states { steps } else { 0 };
    let kept = if keep.checkpoints { checkpoint_rows(steps) } else { 0 };
    let mut out = Output {
        output: zeros(if keep.maximum { 2 } else { steps }),
        membranes: zeros(traces),
        currents: zeros(traces),
        last: zeros(2),
        checkpoints: zeros(kept),
    };
    let output = Rows::new(&mut out.output, columns);
    let membranes = Rows::new(&mut out.membranes, columns);
    let currents = Rows::new(&mut out.currents, columns);
    let last = Rows::new(&mut out.last, columns);
    let checkpoints = Rows::new(&mut out.checkpoints, columns);
    for_each_block(columns, |start| {
        let mut groups = groups(columns, start, |group| {
            let c = group.coefficients(coefficients, program.inner);
            (c, group.state(state, 0, columns), Maximum::none())
        });
        for t in 0..steps {
            for (group, (c, state, maximum)) in &mut groups {
                if t % SEGMENT == 0 {
                    checkpoints.write(t / SEGMENT * 2, *group, state.v);
                    checkpoints.write(t / SEGMENT * 2 + 1, *group, state.i);
                }
                let stepped = step(program, c, group.read(x, t, columns), *state);
                *state = stepped.state;
                match keep.maximum {
                    true => maximum.update(stepped.output, t),
                    false => output.write(t, *group, stepped.output),
                }
                membranes.write(t, *group, state.v);
                currents.write(t, *group, state.i);
            }
        }
        for (group, (_, state, maximum)) in groups {
            last.write(0, group, state.v);
            last.write(1, group, state.i);
            if keep.maximum {
                output.write(0, group, maximum.value);
                output.write(1, group, maximum.step);
            }
        }
    });
    out
}

/// Gradients of `Σ grad · wanted`, from the states that the forward pass kept.
pub(super) fn backward(
    program: &Program,
    input: &Input,
    checkpoints: &[f32],
    wanted: Wanted,
    grad: &[f32],
) -> InputGradients {
    let Input { x, coefficients, steps, columns } = *input;
    let mut out = InputGradients {
        x: vec![0.0; steps * columns],
        state: vec![0.0; 2 * columns],
        coefficients: vec![0.0; COEFFICIENTS * columns],
    };
    let gx = Rows::new(&mut out.x, columns);
    let g_state = Rows::new(&mut out.state, columns);
    let g_coefficients = Rows::new(&mut out.coefficients, columns);
    let none = Lanes([0.0; Lanes::COUNT]);
    let zero = State { v: none, i: none };
    let nothing = Coefficients { alpha: none, beta: none, gain: none, threshold: none };
    for_each_block(columns, |start| {
        let mut groups = groups(columns, start, |group| {
            let state = match wanted {
                Wanted::Last => group.state(grad, 0, columns),
                Wanted::Step => group.state(grad, 1, columns),
                _ => zero,
            };
            let c = group.coefficients(coefficients, program.inner);
            (c, Gradients { state, coefficients: nothing })
        });
        let mut taken = Vec::with_capacity(SEGMENT);
        for segment in (0..steps.div_ceil(SEGMENT)).rev() {
            let first = segment * SEGMENT;
            for (group, (c, g)) in &mut groups {
                let mut state = group.state(checkpoints, 2 * segment, columns);
                taken.clear();
                for t in first..steps.min(first + SEGMENT) {
                    let x = group.read(x, t, columns);
                    let stepped = step(program, c, x, state);
                    taken.push(Taken { x, before: state, u: stepped.u });
                    state = stepped.state;
                }
                for (offset, taken) in taken.iter().enumerate().rev() {
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
                        Wanted::Step => group.read(grad, 0, columns),
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
    });
    out
}

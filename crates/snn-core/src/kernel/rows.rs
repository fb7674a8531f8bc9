//! Arrays `[rows, W]` whose columns several threads read and write, in groups.

use std::ops::Range;

use super::backend::{Keep, checkpoint_rows};
use super::program::{ALPHA, BETA, COEFFICIENTS, GAIN, THRESHOLD};
use super::step::{Coefficients, State};
use crate::memory::room;
use crate::real::Lanes;

/// What a forward pass gives.
pub(super) struct Output<A> {
    /// As many rows as [`Outputs`](super::program::Outputs) has.
    pub(super) output: A,
    /// `[T, W]` each, or nothing if they are not asked for.
    pub(super) membranes: A,
    pub(super) currents: A,
    /// The last state, two rows or three.
    pub(super) last: A,
    /// States at checkpoints, or nothing.
    pub(super) checkpoints: A,
}

/// What a backward pass gives.
pub(super) struct InputGradients<A> {
    /// `[T, W]`
    pub(super) x: A,
    /// Two rows or three.
    pub(super) state: A,
    /// `[4, W]`: one for each column, to be summed.
    pub(super) coefficients: A,
}

impl Output<Array> {
    pub(super) fn new(steps: usize, columns: usize, state: usize, keep: Keep) -> Self {
        let array = |rows: usize, kept: bool| Array::new(if kept { rows } else { 0 }, columns);
        Self {
            output: array(keep.outputs.rows(steps), true),
            membranes: array(steps, keep.states),
            currents: array(steps, keep.states),
            last: array(state, true),
            checkpoints: array(checkpoint_rows(steps), keep.checkpoints),
        }
    }

    pub(super) fn rows(&mut self) -> Output<Rows> {
        Output {
            output: self.output.rows(),
            membranes: self.membranes.rows(),
            currents: self.currents.rows(),
            last: self.last.rows(),
            checkpoints: self.checkpoints.rows(),
        }
    }

    /// # Safety
    ///
    /// As for [`Array::written`].
    #[expect(unsafe_code, reason = "arrays are not set before they are written")]
    pub(super) unsafe fn written(self) -> Output<Vec<f32>> {
        // SAFETY: as the caller says.
        unsafe {
            Output {
                output: self.output.written(),
                membranes: self.membranes.written(),
                currents: self.currents.written(),
                last: self.last.written(),
                checkpoints: self.checkpoints.written(),
            }
        }
    }
}

impl InputGradients<Array> {
    pub(super) fn new(steps: usize, columns: usize, state: usize) -> Self {
        Self {
            x: Array::new(steps, columns),
            state: Array::new(state, columns),
            coefficients: Array::new(COEFFICIENTS, columns),
        }
    }

    pub(super) fn rows(&mut self) -> InputGradients<Rows> {
        InputGradients {
            x: self.x.rows(),
            state: self.state.rows(),
            coefficients: self.coefficients.rows(),
        }
    }

    /// # Safety
    ///
    /// As for [`Array::written`].
    #[expect(unsafe_code, reason = "arrays are not set before they are written")]
    pub(super) unsafe fn written(self) -> InputGradients<Vec<f32>> {
        // SAFETY: as the caller says.
        unsafe {
            InputGradients {
                x: self.x.written(),
                state: self.state.written(),
                coefficients: self.coefficients.written(),
            }
        }
    }
}

/// A `[rows, W]` array to be written. Not zero before: large ones are fresh memory from the system, and to
/// write them twice would take a third of a kernel's time.
pub(super) struct Array {
    values: Vec<f32>,
    rows: usize,
    columns: usize,
}

impl Array {
    pub(super) fn new(rows: usize, columns: usize) -> Self {
        Self { values: room(rows * columns), rows, columns }
    }

    /// Where to write. Nothing is written to an array without rows.
    pub(super) fn rows(&mut self) -> Rows {
        let len = self.rows * self.columns;
        Rows { data: self.values.as_mut_ptr(), len, columns: self.columns }
    }

    /// The array as it was written.
    ///
    /// # Safety
    ///
    /// Every column of every row was written.
    #[expect(unsafe_code, reason = "arrays are not set before they are written")]
    pub(super) unsafe fn written(mut self) -> Vec<f32> {
        // SAFETY: as the caller says, and so much was reserved.
        unsafe { self.values.set_len(self.rows * self.columns) };
        self.values
    }
}

/// Rows of an [`Array`] that several threads write to, each its own columns.
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
    /// Writes the columns of a group; nothing, if the array was not asked for.
    #[inline(always)]
    #[expect(unsafe_code, reason = "columns of one array are written in parallel")]
    pub(super) fn write(self, row: usize, group: Group, lanes: Lanes) {
        if self.len == 0 {
            return;
        }
        let start = row * self.columns + group.start;
        assert!(start + group.len <= self.len && group.len <= Lanes::COUNT);
        // SAFETY: within the array, and no other group has these columns.
        unsafe {
            let to = self.data.add(start);
            match group.len {
                Lanes::COUNT => to.cast::<[f32; Lanes::COUNT]>().write_unaligned(lanes.0),
                // Not a copy of memory: whole groups, too, would become calls of it.
                _ => (0..group.len).for_each(|k| to.add(k).write(lanes.0[k])),
            }
        }
    }
}

/// Some columns side by side, as many as there are lanes or fewer.
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub(super) start: usize,
    pub(super) len: usize,
}

/// Columns in groups, and what is kept for each.
#[inline(always)]
pub(super) fn groups<T>(columns: Range<usize>, make: impl Fn(Group) -> T) -> Vec<(Group, T)> {
    columns
        .clone()
        .step_by(Lanes::COUNT)
        .map(|start| Group { start, len: Lanes::COUNT.min(columns.end - start) })
        .map(|group| (group, make(group)))
        .collect()
}

impl Group {
    #[inline(always)]
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

    /// Asks for numbers that will be read soon. Rows are further apart than what a processor fetches ahead
    /// by itself.
    #[inline(always)]
    pub(super) fn fetch(self, data: &[f32], row: usize, columns: usize) {
        #[cfg(target_arch = "x86_64")]
        if let Some(first) = data.get(row * columns + self.start) {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            #[expect(unsafe_code, reason = "it takes a pointer")]
            // SAFETY: a number of the array; nothing is read.
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(first).cast());
            }
        }
    }

    /// Membrane and current in two rows.
    #[inline(always)]
    pub(super) fn state(self, data: &[f32], row: usize, columns: usize) -> State<Lanes> {
        State { v: self.read(data, row, columns), i: self.read(data, row + 1, columns) }
    }

    #[inline(always)]
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

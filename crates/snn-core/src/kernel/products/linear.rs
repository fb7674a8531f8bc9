//! `X · W + b` on slices, where most of `X` is zero.

use crate::kernel::pass::{Pass, run};
use crate::kernel::sparse::{LANES, active, add_rows, is_active, put};

/// Rows of `X` in a part of the forward pass, rows of `W` in one of the backward pass.
const ROWS: usize = 64;

/// Rows of the gradient that are added up before the next: few enough that they stay in the cache.
const STEPS: usize = 512;

/// `x · weight + bias` of `[R, K]`, `[K, N]`, `[N]`.
pub(super) fn forward(x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let n = bias.len();
    let inputs = weight.len() / n;
    let mut out = vec![0.0; x.len() / inputs * n];
    let parts = out.chunks_mut(ROWS * n).zip(x.chunks(ROWS * inputs)).collect();
    run(&Forward { weight, bias }, parts);
    out
}

struct Forward<'a> {
    weight: &'a [f32],
    bias: &'a [f32],
}

impl<'a> Pass for Forward<'a> {
    type Part = (&'a mut [f32], &'a [f32]);

    #[inline(always)]
    fn part(&self, _: usize, (out, x): Self::Part) {
        let Self { weight, bias } = *self;
        let n = bias.len();
        let inputs = weight.len() / n;
        let mut entries = vec![(0, 0.0); inputs + 1];
        for (x, out) in x.chunks(inputs).zip(out.chunks_mut(n)) {
            out.copy_from_slice(bias);
            add_rows(active(x, &mut entries), weight, n, 0, out);
        }
    }
}

/// Adds the inputs of a row of a whole part to their lists.
///
/// The blocks are a constant number, so that all are loaded before the first is looked at: rows are far
/// apart in memory.
#[inline(always)]
fn list_whole(entries: &mut [(u32, f32)], active: &mut [usize; ROWS], row: usize, x: &[f32; ROWS]) {
    let (blocks, _) = x.as_chunks::<LANES>();
    let is_block_active: [bool; ROWS / LANES] = std::array::from_fn(|b| is_active(&blocks[b]));
    let lists = entries.chunks_exact_mut(LANES * (STEPS + 1)).zip(active.chunks_exact_mut(LANES));
    for ((lists, x), is_active) in lists.zip(blocks).zip(is_block_active) {
        if is_active {
            list_block(lists, row, x);
        }
    }
}

/// Adds the inputs of a row to the lists of their block.
#[inline(always)]
fn list_block((entries, active): (&mut [(u32, f32)], &mut [usize]), row: usize, x: &[f32]) {
    let lists = entries.chunks_exact_mut(STEPS + 1).zip(active);
    for ((entries, active), x) in lists.zip(x) {
        put(entries, active, row, *x);
    }
}

/// Gradient of the weight `[K, N]`: `xᵀ · grad`, of `[R, K]` and `[R, N]`.
pub(super) fn weight_gradient(x: &[f32], grad: &[f32], inputs: usize) -> Vec<f32> {
    let n = grad.len() / (x.len() / inputs);
    let mut out = vec![0.0; inputs * n];
    run(&WeightGradient { x, grad, inputs }, out.chunks_mut(ROWS * n).collect());
    out
}

struct WeightGradient<'a> {
    x: &'a [f32],
    grad: &'a [f32],
    inputs: usize,
}

impl<'a> Pass for WeightGradient<'a> {
    type Part = &'a mut [f32];

    #[inline(always)]
    fn part(&self, index: usize, out: Self::Part) {
        let Self { x, grad, inputs } = *self;
        let n = grad.len() / (x.len() / inputs);
        let (first, number) = (index * ROWS, out.len() / n);
        // For each of the inputs, the rows in which it is active.
        let mut entries = vec![(0, 0.0); number * (STEPS + 1)];
        for (x, grad) in x.chunks(STEPS * inputs).zip(grad.chunks(STEPS * n)) {
            let mut active = [0; ROWS];
            for (row, x) in x.chunks(inputs).enumerate() {
                let x = &x[first..][..number];
                if let Some(x) = x.first_chunk() {
                    list_whole(&mut entries, &mut active, row, x);
                    continue;
                }
                let lists = entries.chunks_mut(LANES * (STEPS + 1)).zip(active.chunks_mut(LANES));
                for (lists, x) in lists.zip(x.chunks(LANES)) {
                    if x.first_chunk().is_none_or(is_active) {
                        list_block(lists, row, x);
                    }
                }
            }
            let lists = entries.chunks_exact(STEPS + 1).zip(active);
            for ((entries, active), out) in lists.zip(out.chunks_mut(n)) {
                add_rows(&entries[..active], grad, n, 0, out);
            }
        }
    }
}

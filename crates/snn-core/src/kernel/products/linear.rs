//! `X · W + b` on slices, where most of `X` is zero.

use super::rows::{Lists, add_rows};
use crate::kernel::pass::{Pass, run};

/// Rows of `X` in a part of the forward pass, rows of `W` in one of the backward pass.
const ROWS: usize = 64;

/// Columns for which all rows of a part are summed up before the next: few enough that the other factor
/// stays in the cache.
const COLUMNS: usize = 64;

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
        let inputs = weight.len() / bias.len();
        let mut lists = Lists::default();
        lists.begin(x.len() / inputs);
        for (row, x) in x.chunks(inputs).enumerate() {
            x.iter().filter(|x| **x != 0.0).for_each(|_| lists.count(row));
        }
        lists.counted();
        for (row, x) in x.chunks(inputs).enumerate() {
            for (k, x) in x.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                lists.put(row, (k as u32, *x));
            }
        }
        for out in out.chunks_mut(bias.len()) {
            out.copy_from_slice(bias);
        }
        add_all(&lists, weight, bias.len(), out);
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
        let mut lists = Lists::default();
        lists.begin(number);
        for x in x.chunks(inputs) {
            for (k, x) in x[first..first + number].iter().enumerate() {
                if *x != 0.0 {
                    lists.count(k);
                }
            }
        }
        lists.counted();
        for (row, x) in x.chunks(inputs).enumerate() {
            for (k, x) in x[first..first + number].iter().enumerate() {
                if *x != 0.0 {
                    lists.put(k, (row as u32, *x));
                }
            }
        }
        add_all(&lists, grad, n, out);
    }
}

/// Adds to every row of `out` `[_, n]` what its list says.
#[inline(always)]
fn add_all(lists: &Lists, dense: &[f32], n: usize, out: &mut [f32]) {
    for first in (0..n).step_by(COLUMNS) {
        for (row, out) in out.chunks_mut(n).enumerate() {
            let last = n.min(first + COLUMNS);
            add_rows(lists.list(row), dense, n, first, &mut out[first..last]);
        }
    }
}

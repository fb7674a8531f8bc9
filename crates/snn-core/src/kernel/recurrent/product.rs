//! What the outputs of one step are to the next.

use crate::kernel::matrix::multiply;
use crate::kernel::sparse::{Entry, active, add, add_rows, is_sparse};

/// Where more than this share of outputs is not zero, a dense product is faster.
const SPARSE: f32 = 0.2;

/// Weights `[from, to]` and bias of all neurons.
pub(super) struct Connection<'a> {
    /// `[N, N]`
    pub(super) weight: &'a [f32],
    /// `[N]`
    pub(super) bias: &'a [f32],
}

impl Connection<'_> {
    /// Number of neurons.
    pub(super) fn size(&self) -> usize {
        self.bias.len()
    }

    /// What [`product`](Self::product) needs room for.
    pub(super) fn room(&self) -> Vec<Entry> {
        vec![(0, 0.0); self.size() + 1]
    }

    /// `z · W + b`
    #[inline(always)]
    pub(super) fn product(&self, z: &[f32], entries: &mut [Entry], out: &mut [f32]) {
        match is_sparse(z, SPARSE) {
            true => self.sparse(z, entries, out),
            false => self.dense(z, out),
        }
    }

    /// Adds up the weights of the neurons that are not silent.
    #[inline(always)]
    fn sparse(&self, z: &[f32], entries: &mut [Entry], out: &mut [f32]) {
        let size = self.size();
        for (z, out) in z.chunks_exact(size).zip(out.chunks_exact_mut(size)) {
            out.fill(0.0);
            add_rows(active(z, entries), self.weight, size, 0, out);
            add(out, self.bias, 1.0);
        }
    }

    /// As a matrix product, on this thread alone.
    fn dense(&self, z: &[f32], out: &mut [f32]) {
        let size = self.size();
        for out in out.chunks_exact_mut(size) {
            out.copy_from_slice(self.bias);
        }
        let shape = [z.len() / size, size, size];
        multiply(shape, z, [size, 1], self.weight, [size, 1], out, size);
    }
}

/// A square matrix, its rows as columns.
pub(super) fn transposed(matrix: &[f32], size: usize) -> Vec<f32> {
    (0..size).flat_map(|column| (0..size).map(move |row| matrix[row * size + column])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparse_and_dense_products_are_the_same() {
        let weight: Vec<f32> = (0..9).map(|k| k as f32).collect();
        let connection = Connection { weight: &weight, bias: &[0.5, 0.0, -1.0] };
        let z = [0.0, 1.0, 0.0, 2.0, 0.0, -1.0];
        let expected = [3.5, 4.0, 4.0, -5.5, -5.0, -5.0];
        let mut out = [7.0; 6];
        connection.sparse(&z, &mut connection.room(), &mut out);
        assert_eq!(out, expected);
        connection.dense(&z, &mut out);
        assert_eq!(out, expected);
    }

    #[test]
    fn a_transposed_matrix_has_its_rows_as_columns() {
        assert_eq!(transposed(&[1.0, 2.0, 3.0, 4.0], 2), [1.0, 3.0, 2.0, 4.0]);
    }
}

//! What the outputs of one step are to the next.

/// Columns whose sums fit into registers.
const COLUMNS: usize = 32;

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

    /// `z · W + b` for rows of `z` that are mostly zero: adds up the weights of those that are not.
    /// `active` is room to work in.
    pub(super) fn sparse(&self, z: &[f32], out: &mut [f32], active: &mut Vec<(usize, f32)>) {
        let size = self.size();
        for (z, out) in z.chunks_exact(size).zip(out.chunks_exact_mut(size)) {
            active.clear();
            let spikes = z.iter().enumerate().filter(|(_, z)| **z != 0.0);
            active.extend(spikes.map(|(from, z)| (from * size, *z)));
            let columns = out.chunks_mut(COLUMNS).zip(self.bias.chunks(COLUMNS));
            for (block, (out, bias)) in columns.enumerate() {
                let start = block * COLUMNS;
                let mut sum = [0.0; COLUMNS];
                for &(row, z) in &*active {
                    let weights = &self.weight[row + start..][..out.len()];
                    // Whole blocks stay in registers.
                    match weights.first_chunk::<COLUMNS>() {
                        Some(weights) => add(&mut sum, weights, z),
                        None => add(&mut sum, weights, z),
                    }
                }
                for (out, (sum, bias)) in out.iter_mut().zip(sum.iter().zip(bias)) {
                    *out = sum + bias;
                }
            }
        }
    }

    /// `z · W + b`
    #[expect(unsafe_code, reason = "the matrix product takes pointers")]
    pub(super) fn dense(&self, z: &[f32], out: &mut [f32]) {
        let size = self.size();
        let rows = z.len() / size;
        assert_eq!((z.len(), out.len()), (rows * size, rows * size));
        assert_eq!(self.weight.len(), size * size);
        for out in out.chunks_exact_mut(size) {
            out.copy_from_slice(self.bias);
        }
        let (out, z, weight) = (out.as_mut_ptr(), z.as_ptr(), self.weight.as_ptr());
        let (columns, step) = (1, size as isize);
        // SAFETY: all three are row by row, of the lengths asserted above, and `out` is borrowed alone.
        unsafe {
            gemm::gemm(
                rows,
                size,
                size,
                out,
                columns,
                step,
                true,
                z,
                columns,
                step,
                weight,
                columns,
                step,
                1.0,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    }
}

#[inline(always)]
fn add(sum: &mut [f32; COLUMNS], weights: &[f32], z: f32) {
    for (sum, weight) in sum.iter_mut().zip(weights) {
        *sum += z * weight;
    }
}

/// A square matrix, its rows as columns.
pub(super) fn transposed(matrix: &[f32], size: usize) -> Vec<f32> {
    (0..size).flat_map(|column| (0..size).map(move |row| matrix[row * size + column])).collect()
}

//! Products of rows of which most numbers are zero.

/// One number that is not zero: its place and itself.
pub(super) type Entry = (u32, f32);

/// Numbers of a vector: one register of the widest, several of others.
pub(super) const LANES: usize = 16;

/// Numbers of a short vector.
const SHORT: usize = 4;

/// Columns that are summed up at a time, in registers.
const COLUMNS: usize = 6 * LANES;

/// Outputs from which on adding up rows can be faster than a dense product.
const WIDE: usize = 16;

/// [`is_sparse`], for a product with `n` columns, by some of the numbers: to count all of them would take as
/// long as to add up what a few per mille do.
pub(super) fn worth_it(values: &[f32], n: usize) -> bool {
    const COUNTED: usize = 64;
    const OF: usize = 1024;
    let counted: Vec<f32> =
        values.chunks(OF).flat_map(|chunk| &chunk[..COUNTED.min(chunk.len())]).copied().collect();
    n >= WIDE && is_sparse(&counted)
}

/// Whether so few of the numbers are not zero that adding up rows is faster than a dense product: one of
/// four, as `docs/src/design.md` has measured.
pub(super) fn is_sparse(values: &[f32]) -> bool {
    values.iter().filter(|value| **value != 0.0).count() * 4 <= values.len()
}

/// Puts an entry behind the `length` others, unless it is zero. Without a branch, which nobody could
/// predict.
#[inline(always)]
pub(super) fn put(entries: &mut [Entry], length: &mut usize, place: usize, value: f32) {
    entries[*length] = (place as u32, value);
    *length += usize::from(value != 0.0);
}

/// Whether any number is not zero.
#[inline(always)]
pub(super) fn is_active(values: &[f32; LANES]) -> bool {
    // All bits but that of the sign.
    values.iter().fold(0, |bits, value| bits | value.to_bits()) << 1 != 0
}

/// The numbers that are not zero, in room for one more than there are numbers.
#[inline(always)]
pub(super) fn active<'a>(values: &[f32], entries: &'a mut [Entry]) -> &'a [Entry] {
    let mut length = 0;
    let (blocks, rest) = values.as_chunks::<LANES>();
    for (block, values) in blocks.iter().enumerate() {
        if is_active(values) {
            for (k, value) in values.iter().enumerate() {
                put(entries, &mut length, block * LANES + k, *value);
            }
        }
    }
    for (k, value) in rest.iter().enumerate() {
        put(entries, &mut length, blocks.len() * LANES + k, *value);
    }
    &entries[..length]
}

/// Adds rows of `dense` `[_, n]` to `out`, those of the list, in its order, times its numbers, from a column
/// on.
#[inline(always)]
pub(super) fn add_rows(list: &[Entry], dense: &[f32], n: usize, first: usize, out: &mut [f32]) {
    for (block, out) in out.chunks_mut(COLUMNS).enumerate() {
        let dense = &dense[first + block * COLUMNS..];
        match out.len().div_ceil(LANES) {
            1 => add_columns::<LANES>(list, dense, n, out),
            2 => add_columns::<{ 2 * LANES }>(list, dense, n, out),
            3 => add_columns::<{ 3 * LANES }>(list, dense, n, out),
            4 => add_columns::<{ 4 * LANES }>(list, dense, n, out),
            5 => add_columns::<{ 5 * LANES }>(list, dense, n, out),
            _ => add_columns::<COLUMNS>(list, dense, n, out),
        }
    }
}

/// [`add_rows`] of at most `N` columns, whose sums fit into registers.
#[inline(always)]
fn add_columns<const N: usize>(list: &[Entry], dense: &[f32], n: usize, out: &mut [f32]) {
    // Whole vectors, though the last of them may reach into the next row: nobody looks at that. Only behind
    // the last rows there is nothing to reach into.
    let fits = |(place, _): &Entry| *place as usize * n + N <= dense.len();
    let whole = if list.last().is_none_or(fits) { list.len() } else { list.partition_point(fits) };
    let mut sums = [0.0; N];
    sums[..out.len()].copy_from_slice(out);
    for (place, value) in &list[..whole] {
        let row = &dense[*place as usize * n..][..N];
        // By the index: in this form it becomes a few instructions on vectors.
        for k in 0..N {
            sums[k] += value * row[k];
        }
    }
    out.copy_from_slice(&sums[..out.len()]);
    for (place, value) in &list[whole..] {
        add(out, &dense[*place as usize * n..], *value);
    }
}

/// `out + factor · x`, of as many numbers as the shorter has.
#[inline(always)]
pub(super) fn add(out: &mut [f32], x: &[f32], factor: f32) {
    let len = out.len().min(x.len());
    // In vectors, and what is left in short ones: rows are short, and a loop over numbers would not be
    // unrolled to fit them.
    let (vectors, rest) = out[..len].as_chunks_mut::<LANES>();
    let (x_vectors, x_rest) = x[..len].as_chunks::<LANES>();
    for (out, x) in vectors.iter_mut().zip(x_vectors) {
        for k in 0..LANES {
            out[k] += factor * x[k];
        }
    }
    let (vectors, rest) = rest.as_chunks_mut::<SHORT>();
    let (x_vectors, x_rest) = x_rest.as_chunks::<SHORT>();
    for (out, x) in vectors.iter_mut().zip(x_vectors) {
        for k in 0..SHORT {
            out[k] += factor * x[k];
        }
    }
    for (out, x) in rest.iter_mut().zip(x_rest) {
        *out += factor * x;
    }
}

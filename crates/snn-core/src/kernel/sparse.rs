//! Products of rows of which most numbers are zero.

/// One number that is not zero: its place and itself.
pub(super) type Entry = (u32, f32);

/// Numbers of a vector: one register of the widest, several of others.
pub(super) const LANES: usize = 16;

/// Columns that are summed up at a time, in registers.
const COLUMNS: usize = 6 * LANES;

/// Outputs from which on adding up rows can be faster than a dense product.
const WIDE: usize = 16;

/// Whether adding up the rows of what is not zero in a product with `n` columns is faster than a dense product,
/// by some of the numbers: to count all of them would take as long as to add up what a few per mille do.
pub(super) fn worth_it(values: &[f32], n: usize) -> bool {
    const COUNTED: usize = 64;
    // A prime, so that from row to row it is other columns.
    const OF: usize = 1087;
    if n < WIDE {
        return false;
    }
    let samples = || values.chunks(OF).map(|chunk| &chunk[..COUNTED.min(chunk.len())]);
    let (active, all): (usize, usize) =
        (samples().map(number_active).sum(), samples().map(<[f32]>::len).sum());
    active as f32 <= 0.25 * all as f32
}

/// Whether at most this share of the numbers is not zero. `docs/src/design.md` has measured which share is best.
#[inline(always)]
pub(super) fn is_sparse(values: &[f32], share: f32) -> bool {
    number_active(values) as f32 <= share * values.len() as f32
}

/// How many of the numbers are not zero.
#[inline(always)]
fn number_active(values: &[f32]) -> usize {
    values.iter().filter(|value| **value != 0.0).count()
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
    // Of a known length it is not a call.
    match <&[f32; N]>::try_from(&*out) {
        Ok(out) => sums = *out,
        Err(_) => sums[..out.len()].copy_from_slice(out),
    }
    for (place, value) in &list[..whole] {
        let row = &dense[*place as usize * n..][..N];
        // By the index: in this form it becomes a few instructions on vectors.
        for k in 0..N {
            sums[k] += value * row[k];
        }
    }
    match <&mut [f32; N]>::try_from(&mut *out) {
        Ok(out) => *out = sums,
        Err(_) => out.copy_from_slice(&sums[..out.len()]),
    }
    for (place, value) in &list[whole..] {
        add(out, &dense[*place as usize * n..], *value);
    }
}

/// `out + factor · x`, of as many numbers as the shorter has.
#[inline(always)]
pub(super) fn add(out: &mut [f32], x: &[f32], factor: f32) {
    for (out, x) in out.chunks_mut(COLUMNS).zip(x.chunks(COLUMNS)) {
        match out.len() / LANES {
            1 => add_block::<LANES>(out, x, factor),
            2 => add_block::<{ 2 * LANES }>(out, x, factor),
            3 => add_block::<{ 3 * LANES }>(out, x, factor),
            4 => add_block::<{ 4 * LANES }>(out, x, factor),
            5 => add_block::<{ 5 * LANES }>(out, x, factor),
            _ => add_block::<COLUMNS>(out, x, factor),
        }
    }
}

/// [`add`] of `N` numbers; of another number of them, one by one.
#[inline(always)]
fn add_block<const N: usize>(out: &mut [f32], x: &[f32], factor: f32) {
    match (<&mut [f32; N]>::try_from(&mut *out), x.first_chunk::<N>()) {
        (Ok(out), Some(x)) => {
            let mut sums = *out;
            for k in 0..N {
                sums[k] += factor * x[k];
            }
            *out = sums;
        }
        _ => out.iter_mut().zip(x).for_each(|(out, x)| *out += factor * x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_sees_all_columns() {
        for columns in [512, 1000, 1024, 4096] {
            let row = |silent: bool, column: usize| f32::from((column < 64) != silent);
            let rows = |silent| (0..64 * columns).map(move |k| row(silent, k % columns));
            // All columns but the first 64 are active; and only these are.
            let [most, few] = [true, false].map(|silent| rows(silent).collect::<Vec<f32>>());
            assert!(!worth_it(&most, 100), "{columns} columns");
            assert!(worth_it(&few, 100), "{columns} columns");
        }
        assert!(worth_it(&[0.0; 100], WIDE) && !worth_it(&[0.0; 100], WIDE - 1));
    }

    #[test]
    fn rows_are_added_up_in_any_number_of_columns() {
        for n in [1, 15, 16, 17, 96, 100, 113] {
            let dense: Vec<f32> = (0..3 * n).map(|k| k as f32).collect();
            let mut entries = [(0, 0.0); 4];
            let list = active(&[2.0, 0.0, -1.0], &mut entries);
            assert_eq!(list, [(0, 2.0), (2, -1.0)]);
            let mut out = vec![0.5; n];
            add_rows(list, &dense, n, 0, &mut out);
            let expected: Vec<f32> = (0..n).map(|k| 0.5 + k as f32 - 2.0 * n as f32).collect();
            assert_eq!(out, expected, "{n}");
        }
    }
}

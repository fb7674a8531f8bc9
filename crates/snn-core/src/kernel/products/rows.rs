//! Products of rows of which most numbers are zero.

/// One number that is not zero: its place and itself.
pub(super) type Entry = (u32, f32);

/// Columns that are summed up at a time, in registers.
const COLUMNS: usize = 32;

/// Outputs from which on adding up rows can be faster than a dense product.
const WIDE: usize = 16;

/// [`is_sparse`], for a product with `n` columns.
pub(super) fn worth_it(values: &[f32], n: usize) -> bool {
    n >= WIDE && is_sparse(values)
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

/// The numbers that are not zero, in room for one more than there are numbers.
#[inline(always)]
pub(super) fn active<'a>(values: &[f32], entries: &'a mut [Entry]) -> &'a [Entry] {
    let mut length = 0;
    for (place, value) in values.iter().enumerate() {
        put(entries, &mut length, place, *value);
    }
    &entries[..length]
}

/// Adds rows of `dense` `[_, n]` to `out` `[n]`, those of the list times its numbers, in some columns.
#[inline(always)]
pub(super) fn add_rows(list: &[Entry], dense: &[f32], n: usize, first: usize, out: &mut [f32]) {
    let mut chunks = out.chunks_exact_mut(COLUMNS);
    let mut start = first;
    for out in &mut chunks {
        let mut sum = [0.0; COLUMNS];
        sum.copy_from_slice(out);
        for (place, value) in list {
            let at = *place as usize * n + start;
            let row = &dense[at..at + COLUMNS];
            for k in 0..COLUMNS {
                sum[k] += value * row[k];
            }
        }
        out.copy_from_slice(&sum);
        start += COLUMNS;
    }
    let out = chunks.into_remainder();
    for (place, value) in list {
        let at = *place as usize * n + start;
        for (out, x) in out.iter_mut().zip(&dense[at..]) {
            *out += value * x;
        }
    }
}

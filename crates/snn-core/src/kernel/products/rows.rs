//! Products of rows of which most numbers are zero.

/// One number that is not zero: its place and itself.
pub(super) type Entry = (u32, f32);

/// Columns that are summed up at a time, in registers.
const COLUMNS: usize = 32;

/// Whether so few of the numbers are not zero that adding up rows is faster than a dense product: one of
/// four, as `docs/src/design.md` has measured.
pub(super) fn is_sparse(values: &[f32]) -> bool {
    values.iter().filter(|value| **value != 0.0).count() * 4 <= values.len()
}

/// Lists of entries, one after another: first every entry is counted, then put in.
#[derive(Default)]
pub(super) struct Lists {
    /// Where each list ends, or, until it is full, where its next entry goes.
    ends: Vec<usize>,
    entries: Vec<Entry>,
}

impl Lists {
    /// So many empty lists.
    #[inline(always)]
    pub(super) fn begin(&mut self, lists: usize) {
        self.ends.clear();
        self.ends.resize(lists, 0);
    }

    #[inline(always)]
    pub(super) fn count(&mut self, list: usize) {
        self.ends[list] += 1;
    }

    /// After every entry was counted.
    #[inline(always)]
    pub(super) fn counted(&mut self) {
        let mut start = 0;
        for end in &mut self.ends {
            start += core::mem::replace(end, start);
        }
        self.entries.clear();
        self.entries.resize(start, (0, 0.0));
    }

    #[inline(always)]
    pub(super) fn put(&mut self, list: usize, entry: Entry) {
        self.entries[self.ends[list]] = entry;
        self.ends[list] += 1;
    }

    #[inline(always)]
    pub(super) fn list(&self, list: usize) -> &[Entry] {
        let start = if list == 0 { 0 } else { self.ends[list - 1] };
        &self.entries[start..self.ends[list]]
    }
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

//! Large arrays.

/// Pixels that something is kept for, at most: one stray event at the end of the range of u16 would
/// take 34 GB otherwise. No sensor has a tenth of it.
pub(crate) const MOST_PIXELS: usize = 1 << 28;

/// Asks for pages of 2 MiB. For pages of 4 KiB, the system takes longer to hand them out, one at each first
/// write, than decoding events or counting them does: frames of 1 ms have 400 MB.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "an advice for memory")]
pub(crate) fn advise_huge_pages<T>(values: &[T]) {
    const PAGE: usize = 1 << 21;
    let range = values.as_ptr_range();
    let start = (range.start as usize).next_multiple_of(PAGE);
    let end = range.end as usize / PAGE * PAGE;
    if start < end {
        let skip = start - range.start as usize;
        // SAFETY: `start..end` lies within `values`, and the advice does not change what is in
        // memory. It is one: that it may fail does not matter.
        unsafe {
            let start = values.as_ptr().cast::<u8>().add(skip);
            libc::madvise(start.cast_mut().cast(), end - start.addr(), libc::MADV_HUGEPAGE);
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn advise_huge_pages<T>(_: &[T]) {}

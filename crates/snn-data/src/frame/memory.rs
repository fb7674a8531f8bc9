//! Memory for arrays that are large and mostly zero.

use super::FrameError;

/// Zeros for an array of some shape. Memory that is never written to costs nothing.
///
/// # Errors
///
/// There is no room for so many.
pub(super) fn zeros<T: Copy + Default>(shape: [usize; 4]) -> Result<Vec<T>, FrameError> {
    let len = room::<T>(shape)?.0;
    let values = vec![T::default(); len];
    advise_huge_pages(&values);
    Ok(values)
}

/// The number of values of an array, and room for them.
pub(super) fn room<T>(shape: [usize; 4]) -> Result<(usize, Vec<T>), FrameError> {
    let too_large = || FrameError::TooLarge(shape);
    // From the last side, so that no part of the product overflows either if there are no frames.
    let len = shape.iter().rev().try_fold(1usize, |len, side| len.checked_mul(*side));
    let len = len.ok_or_else(too_large)?;
    let mut values = Vec::new();
    values.try_reserve_exact(len).map_err(|_| too_large())?;
    Ok((len, values))
}

/// Asks for pages of 2 MiB: frames of 1 ms have 400 MB, and for pages of 4 KiB the system takes
/// longer to hand them out, one at each first write, than counting the events does.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "an advice for memory")]
fn advise_huge_pages<T>(values: &[T]) {
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
fn advise_huge_pages<T>(_: &[T]) {}

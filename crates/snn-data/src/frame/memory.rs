//! Memory for arrays that are large and mostly zero.

use super::FrameError;
use crate::memory::advise_huge_pages;

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

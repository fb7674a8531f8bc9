//! Dense matrix products on slices.

/// `out + a · b` of `[m, k]` and `[k, n]`, whose strides are those of rows and columns, on this thread alone; in
/// `out`, rows are `width` numbers apart.
#[expect(unsafe_code, reason = "the matrix product takes pointers")]
pub(super) fn multiply(
    [m, k, n]: [usize; 3],
    a: &[f32],
    a_strides: [usize; 2],
    b: &[f32],
    b_strides: [usize; 2],
    out: &mut [f32],
    width: usize,
) {
    let last = |[rows, columns]: [usize; 2], strides: [usize; 2]| {
        (rows - 1) * strides[0] + (columns - 1) * strides[1]
    };
    assert!(last([m, k], a_strides) < a.len() && last([k, n], b_strides) < b.len());
    assert!(n <= width && last([m, n], [width, 1]) < out.len());
    let ([a_down, a_right], [b_down, b_right]) =
        (a_strides.map(|s| s as isize), b_strides.map(|s| s as isize));
    // SAFETY: the last number of each is inside of it, as asserted; `out` is borrowed alone.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            width as isize,
            true,
            a.as_ptr(),
            a_right,
            a_down,
            b.as_ptr(),
            b_right,
            b_down,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

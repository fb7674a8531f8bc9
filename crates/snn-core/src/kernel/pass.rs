//! Passes over a sequence, block by block: in parallel, and in the widest vectors of the processor.

/// One pass of a kernel. Its blocks know nothing of each other.
pub(super) trait Pass: Sync {
    /// Runs one block. To be marked `#[inline(always)]`, and all that it calls, so that it is compiled
    /// for each kind of vectors.
    fn block(&self, index: usize);
}

/// Runs all blocks of a pass.
pub(super) fn run(blocks: usize, pass: &impl Pass) {
    #[cfg(feature = "rayon")]
    {
        use rayon::iter::{IntoParallelIterator, ParallelIterator};
        (0..blocks).into_par_iter().for_each(|index| block(pass, index));
    }
    #[cfg(not(feature = "rayon"))]
    (0..blocks).for_each(|index| block(pass, index));
}

#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "instructions that not every processor has")
)]
fn block<P: Pass>(pass: &P, index: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2<P: Pass>(pass: &P, index: usize) {
            pass.block(index);
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: this processor has them.
            return unsafe { avx2(pass, index) };
        }
    }
    pass.block(index);
}

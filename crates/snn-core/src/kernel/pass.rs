//! Passes over arrays, part by part: in parallel, and in the widest vectors of the processor.

/// One pass of a kernel. Its parts know nothing of each other.
pub(super) trait Pass: Sync {
    /// What a part has for itself: where it writes to.
    type Part: Send;

    /// Runs one part. To be marked `#[inline(always)]`, and all that it calls, so that it is compiled
    /// for each kind of vectors.
    fn part(&self, index: usize, part: Self::Part);
}

/// Runs all parts of a pass.
pub(super) fn run<P: Pass>(pass: &P, parts: Vec<P::Part>) {
    #[cfg(feature = "rayon")]
    {
        use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
        parts.into_par_iter().enumerate().for_each(|(index, part)| one(pass, index, part));
    }
    #[cfg(not(feature = "rayon"))]
    parts.into_iter().enumerate().for_each(|(index, part)| one(pass, index, part));
}

#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "instructions that not every processor has")
)]
fn one<P: Pass>(pass: &P, index: usize, part: P::Part) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw")]
        fn avx512<P: Pass>(pass: &P, index: usize, part: P::Part) {
            pass.part(index, part);
        }
        #[target_feature(enable = "avx2")]
        fn avx2<P: Pass>(pass: &P, index: usize, part: P::Part) {
            pass.part(index, part);
        }
        // All four, which came together.
        if std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512vl")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512bw")
        {
            // SAFETY: this processor has them.
            return unsafe { avx512(pass, index, part) };
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: this processor has them.
            return unsafe { avx2(pass, index, part) };
        }
    }
    pass.part(index, part);
}

//! Joules for an operation.

/// Energy of one operation, in joules. Makers give it for their chip at its best; what a whole system
/// takes is more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Energy(pub f64);

impl Energy {
    /// 10 pJ for a synaptic operation on DYNAP-CNN, as the text of sinabs' MNIST-DVS tutorial says. (Its
    /// code computes with 100 pJ.)
    pub const DYNAP_CNN: Self = Self(10e-12);
    /// 23.6 pJ for a synaptic operation on Loihi, the least of it. Davies et al., *Loihi: A Neuromorphic
    /// Manycore Processor with On-Chip Learning*, IEEE Micro 38, 2018.
    pub const LOIHI: Self = Self(23.6e-12);
    /// 0.9 pJ for an accumulation (AC): an addition of 32-bit floating-point numbers in 45 nm CMOS,
    /// without memory. Horowitz, *Computing's Energy Problem*, ISSCC 2014.
    pub const AC_45NM: Self = Self(0.9e-12);
    /// 4.6 pJ for a multiplication and an accumulation (MAC), the same way: what an analog network
    /// takes for each of its weights.
    pub const MAC_45NM: Self = Self(4.6e-12);
}

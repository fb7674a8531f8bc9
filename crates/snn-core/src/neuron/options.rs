//! The choices in which neurons of different libraries differ.

use serde::{Deserialize, Serialize};

/// Effect of a spike on the membrane potential.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Reset {
    /// `v ← v - threshold`: what exceeds the threshold is kept (soft reset).
    Subtract,
    /// `v ← value` (hard reset).
    ToValue(f64),
    /// Nothing.
    None,
}

/// When a spike resets the membrane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResetTiming {
    /// In the step of the spike: the membrane returned is the one after the reset.
    Immediate,
    /// At the start of the next step, before leak and input: a hard reset keeps that step's input.
    NextStepBeforeInput,
    /// In the next step, after leak and input: a hard reset drops that step's input.
    NextStepAfterInput,
    /// snnTorch's `reset_delay=False`. As `Immediate`, except where a subtracting reset leaves the
    /// membrane above the threshold: the next threshold test then sees it one threshold lower,
    /// which is taken back afterwards.
    ImmediateLessPending,
}

/// When an input reaches the membrane through the synaptic current `i`, and what decays first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputOrder {
    /// `i ← α i + x`, then the membrane sees `i`. snnTorch.
    SameStep,
    /// `i ← i + x`, the membrane sees `i`, then `i ← α i`. Norse.
    SameStepBeforeDecay,
    /// `i ← α (i + x)`, then the membrane sees `i`. sinabs.
    SameStepAfterDecay,
    /// The membrane sees `i`, then `i ← α i + x`: an input acts one step later. hxtorch.
    NextStep,
}

/// How strongly the current drives the membrane.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum InputGain {
    /// `v ← β v + i`. snnTorch.
    Unit,
    /// `v ← β v + (1 - β) i`: a constant current is what the membrane settles at. Norse, hxtorch,
    /// sinabs, SpikingJelly.
    OneMinusBeta,
    /// `v ← β v + gain · i`. snnTorch's `Lapicque`, where it is `dt / C`.
    Factor(f64),
}

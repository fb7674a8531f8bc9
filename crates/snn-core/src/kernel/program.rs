//! What a fused sequence does at each step: the options of the linear neurons as plain data.

use crate::neuron::{InputOrder, Reset, ResetTiming};
use crate::real::Lanes;
use crate::surrogate::{SpikeTest, Surrogate, SurrogateUnit};

/// A linear neuron over a sequence `[T, W]`, with its neurons side by side as columns.
#[derive(Debug, Clone)]
pub struct Program {
    /// How many columns in a row belong to one neuron: 1 for `[B, N]`, the pixels for `[B, C, H, W]`.
    pub(crate) inner: usize,
    /// How the synaptic current is updated; without one, the input drives the membrane itself.
    pub(crate) order: Option<InputOrder>,
    pub(crate) v_leak: f64,
    pub(crate) v_min: Option<f64>,
    /// Without it, the output is the membrane before its lower bound.
    pub(crate) firing: Option<FiringProgram>,
}

impl Program {
    /// The derivative of a spike.
    #[inline(always)]
    pub(crate) fn derivative_of_lanes(&self, x: Lanes) -> Lanes {
        match &self.firing {
            Some(firing) => firing.surrogate.derivative_of_lanes(x),
            None => x,
        }
    }

    /// The same for a surrogate that is a formula.
    #[cfg(feature = "cube")]
    pub(crate) fn derivative<R: crate::real::Real>(&self, x: R) -> R {
        match &self.firing {
            Some(firing) => firing.surrogate.formula(x),
            None => x,
        }
    }

    /// Whether the derivative of a spike is a formula, and not looked up.
    pub(crate) fn has_formula(&self) -> bool {
        let looked_up = |firing: &FiringProgram| matches!(firing.surrogate, Surrogate::Sampled(_));
        !self.firing.as_ref().is_some_and(looked_up)
    }
}

/// Threshold test and reset.
#[derive(Debug, Clone)]
pub struct FiringProgram {
    pub(crate) test: SpikeTest,
    pub(crate) reset: Reset,
    pub(crate) timing: ResetTiming,
    pub(crate) detach_reset: bool,
    pub(crate) surrogate: Surrogate,
    pub(crate) unit: SurrogateUnit,
}

/// Rows of the packed coefficients `[4, n]`, with `n` 1 or the number of neurons.
pub(crate) const ALPHA: usize = 0;
pub(crate) const BETA: usize = 1;
pub(crate) const GAIN: usize = 2;
pub(crate) const THRESHOLD: usize = 3;
pub(crate) const COEFFICIENTS: usize = 4;

/// A result of a sequence that a gradient may come back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// Spikes, or membranes of a readout, `[T, W]`.
    Output,
    /// Membranes after each step, `[T, W]`.
    Membranes,
    /// Synaptic currents after each step, `[T, W]`.
    Currents,
    /// The last state, `[2, W]`: membrane, synaptic current.
    Last,
    /// Output and last state of a single step, `[3, W]`.
    #[cfg_attr(not(feature = "cube"), allow(dead_code, reason = "for loops over single steps"))]
    Step,
    /// The largest output over time; its gradient comes with the step that had it, `[2, W]`.
    Maximum,
    /// The sum of the outputs over time, `[1, W]`.
    Sum,
}

/// Steps between two states that the forward pass keeps. The backward pass runs the steps between
/// them again, which costs less than to write and read every membrane.
pub(crate) const SEGMENT: usize = 16;

/// What is kept of the outputs of all steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Outputs {
    /// All, `[T, W]`.
    #[default]
    Every,
    /// The largest over time and the step that had it first, `[2, W]`.
    Maximum,
    /// The sum over time, `[1, W]`.
    Sum,
}

impl Outputs {
    /// How many rows that is.
    pub(crate) fn rows(self, steps: usize) -> usize {
        match self {
            Self::Every => steps,
            Self::Maximum => 2,
            Self::Sum => 1,
        }
    }
}

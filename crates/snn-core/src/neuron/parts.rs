//! Parts of a neuron that files of other libraries have values of.

use super::{InputGain, Reset};
use crate::coefficient::Coefficient;

/// Parameters of a neuron for which files of other libraries have values.
pub(crate) struct Parts<'a> {
    /// Decay of the synaptic current, where there is one.
    pub alpha: Option<&'a mut Coefficient>,
    /// Decay of the membrane.
    pub beta: &'a mut Coefficient,
    /// Threshold of the membrane.
    pub threshold: Option<&'a mut Coefficient>,
    /// Value of an output spike.
    pub graded_spikes_factor: Option<&'a mut Coefficient>,
    /// Effect of a spike on the membrane; `None` if the files' value is without effect.
    pub reset: Option<Reset>,
    /// How strongly the input drives the membrane.
    pub gain: InputGain,
}

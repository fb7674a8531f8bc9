//! What a chip makes of a network: weights and membranes in few bits, noise, devices that differ.
//!
//! * [`quantize`] rounds to the integers of an [`IntegerRange`], with the gradient of no rounding:
//!   for 8-bit weights as for those of 6 bits and a sign.
//! * [`SynapseArray`] and [`Cadc`] stand in for synapses and membrane readout of BrainScaleS-2.
//! * [`FixedPointConfig`] makes a network of integers, as sinabs does for its chips.

mod cadc;
mod fixed_point;
mod gaussian;
mod quantize;
mod synapses;

pub use cadc::{Cadc, CadcConfig};
pub use fixed_point::{FixedPoint, FixedPointConfig, FixedPointError, FixedPointLayer};
pub use quantize::{IntegerRange, quantize};
pub use synapses::{SynapseArray, SynapseArrayConfig};

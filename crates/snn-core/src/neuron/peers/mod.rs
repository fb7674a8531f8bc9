//! Neurons of other libraries as named constructors, one file for each library.

mod hxtorch;
mod norse;
mod sinabs;
mod snntorch;
mod spikingjelly;

pub use hxtorch::HxTorchParameters;
pub use norse::{NorseAdEx, NorseAdaptation, NorseParameters};
pub use snntorch::{RcCircuit, SnnTorchReset};

//! The parts of a data set.

use serde::{Deserialize, Serialize};

/// Which part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Part {
    /// To train with.
    Train,
    /// To test with.
    Test,
}

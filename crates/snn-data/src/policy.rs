//! How exactly the rules of Tonic are followed.
use serde::{Deserialize, Serialize};
/// Whether events are counted as one would expect, or as Tonic 1.7 does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Policy {
    /// Nothing is lost or counted twice.
    #[default]
    Strict,
    /// The rules of Tonic 1.7, what it drops included.
    Tonic,
}

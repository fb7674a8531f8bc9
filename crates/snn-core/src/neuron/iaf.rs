//! Integrate-and-fire: [`Lif`] that does not leak, `v ← v + x`.

use super::lif::{Lif, LifConfig};
use crate::decay::Decay;

/// Integrate-and-fire neurons: [`Lif`] with `β = 1`. See [`LifConfig::iaf`].
pub type Iaf = Lif;

impl LifConfig {
    /// No leak: `v ← v + x`, spike above a threshold of 1, subtracting reset in the same step.
    pub fn iaf() -> Self {
        Self::new(Decay::factor(1.0))
    }
}

//! Numbers that may be drawn.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::TransformError;
use super::error::Rule;

/// A number, or one that is drawn anew for each recording.
///
/// ```
/// use snn_data::transform::Amount;
///
/// assert_eq!(Amount::from(0.2), Amount::Fixed(0.2));
/// assert_eq!(Amount::from([0.1, 0.5]), Amount::Uniform([0.1, 0.5]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Amount {
    /// Always this.
    Fixed(f64),
    /// Uniform between two numbers, of which the second is never drawn.
    Uniform([f64; 2]),
}

impl Amount {
    /// The number for one recording. A fixed one takes nothing from `rng`.
    pub(super) fn draw(self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Fixed(value) => value,
            Self::Uniform([low, high]) => low + (high - low) * rng.random::<f64>(),
        }
    }

    /// [`draw`](Self::draw), if the number follows a rule whatever is drawn.
    pub(super) fn draw_checked(
        self,
        rule: Rule,
        rng: &mut impl Rng,
    ) -> Result<f64, TransformError> {
        let [low, high] = match self {
            Self::Fixed(value) => [value; 2],
            Self::Uniform(ends) => ends,
        };
        rule.check(low)?;
        rule.check(high)?;
        Ok(self.draw(rng))
    }
}

impl From<f64> for Amount {
    fn from(value: f64) -> Self {
        Self::Fixed(value)
    }
}

impl From<i32> for Amount {
    fn from(value: i32) -> Self {
        Self::Fixed(value.into())
    }
}

impl From<[f64; 2]> for Amount {
    fn from(ends: [f64; 2]) -> Self {
        Self::Uniform(ends)
    }
}

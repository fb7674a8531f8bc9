//! How much of a state is left after one time step.

use serde::{Deserialize, Serialize};

use crate::coefficient::Values;
use crate::error::{ConfigError, check, positive};

/// The decay of a membrane or of a synaptic current over one step of length `dt`.
///
/// | form | factor per step |
/// |---|---|
/// | [`Factor`](Decay::Factor) | the factor itself: snnTorch's `alpha` and `beta` |
/// | [`Euler`](Decay::Euler) | `1 - dt / tau`, forward Euler: Norse, hxtorch |
/// | [`Exact`](Decay::Exact) | `exp(-dt / tau)`, the solution of the equation: sinabs |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Decay {
    /// The factor per step, from 0 (nothing is left) to 1 (nothing leaks).
    Factor(Values),
    /// Forward Euler.
    Euler {
        /// Time constant, in the unit of `dt`; not below `dt`.
        tau: Values,
        /// Length of a step.
        dt: f64,
    },
    /// Exact exponential.
    Exact {
        /// Time constant, in the unit of `dt`.
        tau: Values,
        /// Length of a step.
        dt: f64,
    },
}

impl Decay {
    /// A factor per step, from 0 to 1, or one per neuron.
    pub fn factor(factor: impl Into<Values>) -> Self {
        Self::Factor(factor.into())
    }

    /// `1 - dt / tau`, with `tau` and `dt` in one unit of time.
    pub fn euler(tau: impl Into<Values>, dt: f64) -> Self {
        Self::Euler { tau: tau.into(), dt }
    }

    /// `exp(-dt / tau)`, with `tau` and `dt` in one unit of time.
    pub fn exact(tau: impl Into<Values>, dt: f64) -> Self {
        Self::Exact { tau: tau.into(), dt }
    }

    /// The factors per step, in 64 bits so that `1 - factor` keeps its digits.
    ///
    /// # Errors
    ///
    /// A factor outside `[0, 1]`, a time constant or step that is not a positive finite number, an
    /// Euler time constant below the step (its factor would be negative), an empty list.
    pub fn factors(&self) -> Result<Values, ConfigError> {
        match self {
            Self::Factor(factors) => factors.try_map("decay factor", |f| {
                check("decay factor", f, "a number from 0 to 1", (0.0..=1.0).contains(&f))
            }),
            Self::Euler { tau, dt } => {
                let dt = positive("dt", *dt)?;
                tau.try_map("tau", |tau| {
                    positive("tau", tau)?;
                    check("tau", tau, "a time constant of at least dt (Euler)", tau >= dt)?;
                    Ok(1.0 - dt / tau)
                })
            }
            Self::Exact { tau, dt } => {
                let dt = positive("dt", *dt)?;
                tau.try_map("tau", |tau| Ok((-dt / positive("tau", tau)?).exp()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_of_each_form() {
        assert_eq!(Decay::factor(0.9).factors(), Ok(Values::One(0.9)));
        assert_eq!(Decay::euler(10.0, 1.0).factors(), Ok(Values::One(0.9)));
        assert_eq!(
            Decay::exact(vec![10.0, 20.0], 1.0).factors(),
            Ok(Values::Each(vec![(-0.1f64).exp(), (-0.05f64).exp()]))
        );
    }

    #[test]
    fn impossible_values_are_refused_by_name() {
        let message = |decay: Decay| decay.factors().unwrap_err().to_string();
        assert_eq!(
            message(Decay::factor(1.5)),
            "decay factor: expected a number from 0 to 1, got 1.5"
        );
        assert_eq!(
            message(Decay::euler(-6.0, 2.0)),
            "tau: expected a finite number above 0, got -6"
        );
        assert!(message(Decay::exact(f64::NAN, 1.0)).contains("got NaN"));
        assert!(message(Decay::exact(1.0, 0.0)).starts_with("dt: "));
        assert!(message(Decay::euler(1.0, 2.0)).contains("at least dt"));
        assert!(message(Decay::factor(Vec::new())).contains("empty list"));
    }
}

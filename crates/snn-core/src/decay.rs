//! How much of a state is left after one time step.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::coefficient::{Coefficient, Form, Values};
use crate::error::{ConfigError, check, positive};

/// The decay of a membrane or of a synaptic current over one step of length `dt`.
///
/// | form | factor per step |
/// |---|---|
/// | [`Factor`](Decay::Factor) | the factor itself: snnTorch's `alpha` and `beta` |
/// | [`Euler`](Decay::Euler) | `1 - dt / tau`, forward Euler: Norse, hxtorch |
/// | [`Exact`](Decay::Exact) | `exp(-dt / tau)`, the solution of the equation: sinabs |
/// | [`Parametric`](Decay::Parametric) | `1 - σ(w)`, as Euler, but learned through `w`: SpikingJelly |
///
/// A learned decay is learned in the form it is given in: the factor (kept in `[0, 1]`), the time
/// constant (kept at `dt` or above for Euler, above zero for the exact form), or `w`.
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
    /// Forward Euler with `dt / tau = σ(w)`, so that no `w` leaves the range of a decay (Fang et
    /// al., *Incorporating Learnable Membrane Time Constant*, ICCV 2021).
    Parametric {
        /// Time constant, in the unit of `dt`; above `dt`.
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

    /// `1 - σ(w)` with `σ(w) = dt / tau`: SpikingJelly's `ParametricLIFNode`, where `dt` is 1.
    pub fn parametric(tau: impl Into<Values>, dt: f64) -> Self {
        Self::Parametric { tau: tau.into(), dt }
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
            Self::Parametric { tau, dt } => {
                let dt = positive("dt", *dt)?;
                tau.try_map("tau", |tau| {
                    positive("tau", tau)?;
                    check("tau", tau, "a time constant above dt (parametric)", tau > dt)?;
                    Ok(1.0 - dt / tau)
                })
            }
        }
    }

    /// The decay as a neuron holds it.
    pub(crate) fn coefficient(
        &self,
        learn: bool,
        device: &Device,
    ) -> Result<Coefficient, ConfigError> {
        let factors = self.factors()?;
        if !learn {
            return Ok(Coefficient::fixed(&factors, device));
        }
        let (values, form, range) = match self {
            Self::Factor(factors) => (factors.clone(), Form::Itself, Some((0.0, 1.0))),
            Self::Euler { tau, dt } => {
                (tau.clone(), Form::Euler { dt: *dt }, Some((*dt, f64::from(f32::MAX))))
            }
            // A hundredth of a step leaves e^-100, which is nothing.
            Self::Exact { tau, dt } => {
                (tau.clone(), Form::Exact { dt: *dt }, Some((dt / 100.0, f64::from(f32::MAX))))
            }
            Self::Parametric { tau, dt } => {
                let logits = tau.try_map("tau", |tau| Ok(-(tau / dt - 1.0).ln()))?;
                (logits, Form::Sigmoid, None)
            }
        };
        Ok(Coefficient::learned(&values, form, range, device))
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
    fn a_learned_decay_starts_at_the_same_factor_in_every_form() {
        let device = Device::default();
        for decay in [
            Decay::factor(0.75),
            Decay::euler(8.0, 2.0),
            Decay::exact(-2.0 / 0.75f64.ln(), 2.0),
            Decay::parametric(8.0, 2.0),
        ] {
            let factor = decay.coefficient(true, &device).unwrap().values()[0];
            assert!((factor - 0.75).abs() < 1e-6, "{decay:?}: {factor}");
        }
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
        assert!(message(Decay::parametric(1.0, 1.0)).contains("above dt"));
        assert!(message(Decay::factor(Vec::new())).contains("empty list"));
    }
}

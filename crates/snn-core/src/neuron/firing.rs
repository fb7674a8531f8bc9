//! Threshold, spike and reset: what turns a leaky integrator into a spiking neuron.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};

use super::lif::LifConfig;
use super::options::{Reset, ResetTiming};
use crate::coefficient::{Coefficient, Level};
use crate::error::{ConfigError, finite, positive};
use crate::kernel::FiringProgram;
use crate::surrogate::{SpikeTest, Surrogate, SurrogateUnit, with_gradient};

#[derive(Module, Debug)]
pub(crate) struct Firing {
    pub(crate) threshold: Coefficient,
    #[module(skip)]
    surrogate: Surrogate,
    #[module(skip)]
    unit: SurrogateUnit,
    #[module(skip)]
    test: SpikeTest,
    #[module(skip)]
    reset: Reset,
    #[module(skip)]
    timing: ResetTiming,
    detach_reset: bool,
    inhibition: bool,
    pub(crate) graded_spikes_factor: Coefficient,
}

impl Firing {
    pub(crate) fn new(config: &LifConfig, device: &Device) -> Result<Self, ConfigError> {
        config.threshold.try_map("threshold", |v| positive("threshold", v))?;
        Self::within(config, Some((0.0, f64::from(f32::MAX))), device)
    }

    /// A learned threshold is kept in `range`.
    pub(crate) fn within(
        config: &LifConfig,
        range: Option<(f64, f64)>,
        device: &Device,
    ) -> Result<Self, ConfigError> {
        let threshold = config.threshold.try_map("threshold", |v| finite("threshold", v))?;
        if let Reset::ToValue(value) = config.reset {
            finite("reset value", value)?;
        }
        let graded = config
            .graded_spikes_factor
            .try_map("graded_spikes_factor", |factor| finite("graded_spikes_factor", factor))?;
        let learn_graded = config.learn_graded_spikes_factor;
        Ok(Self {
            threshold: Coefficient::new(&threshold, config.learn_threshold, range, device),
            surrogate: config.surrogate.validated()?,
            unit: config.surrogate_unit,
            test: config.spike_test,
            reset: config.reset,
            timing: config.reset_timing,
            detach_reset: config.detach_reset,
            inhibition: config.inhibition,
            graded_spikes_factor: Coefficient::new(&graded, learn_graded, None, device),
        })
    }

    /// Effect of a spike on the membrane.
    pub(crate) fn reset(&self) -> Reset {
        self.reset
    }

    /// Whether one neuron's spikes depend on no other's.
    pub(crate) fn is_independent(&self) -> bool {
        !self.inhibition
    }

    /// Whether a spike is a 1.
    pub(crate) fn is_ungraded(&self) -> bool {
        self.graded_spikes_factor.values().iter().all(|factor| *factor == 1.0)
    }

    /// The potentials that it is configured with: thresholds, and that after a reset.
    pub(crate) fn potentials(&self) -> impl Iterator<Item = f64> {
        let reset = match self.reset {
            Reset::ToValue(value) => Some(value),
            Reset::Subtract | Reset::None => None,
        };
        self.threshold.values().into_iter().map(f64::from).chain(reset)
    }

    /// The same in other units: every potential as `f` has it, and none of them learned.
    pub(crate) fn in_units(&self, f: impl Fn(f64) -> f64) -> Self {
        let reset = match self.reset {
            Reset::ToValue(value) => Reset::ToValue(f(value)),
            reset => reset,
        };
        Self { threshold: self.threshold.mapped(f), reset, ..self.clone() }
    }

    /// What a sequence in one operation does.
    pub(crate) fn program(&self) -> FiringProgram {
        FiringProgram {
            test: self.test,
            reset: self.reset,
            timing: self.timing,
            detach_reset: self.detach_reset,
            surrogate: self.surrogate.clone(),
            unit: self.unit,
        }
    }

    /// One step: `integrate` takes the membrane through leak and input. Returns spikes, membrane.
    pub(crate) fn step<const D: usize>(
        &self,
        v: Tensor<D>,
        integrate: impl FnOnce(Tensor<D>) -> Tensor<D>,
    ) -> (Tensor<D>, Tensor<D>) {
        let (z, v) = self.step_at(&self.threshold.level(), v, integrate);
        (self.graded(z), v)
    }

    /// Spikes as they leave the neuron.
    pub(crate) fn graded<const D: usize>(&self, z: Tensor<D>) -> Tensor<D> {
        self.graded_spikes_factor.level().times(z)
    }

    /// [`step`](Self::step) with another threshold than the neuron's own, and ungraded spikes.
    pub(crate) fn step_at<const D: usize>(
        &self,
        threshold: &Level<D>,
        v: Tensor<D>,
        integrate: impl FnOnce(Tensor<D>) -> Tensor<D>,
    ) -> (Tensor<D>, Tensor<D>) {
        match self.timing {
            ResetTiming::Immediate => {
                let v = integrate(v);
                let z = self.spike(&v, threshold);
                let v = self.apply_reset(v, self.resetting(&z), threshold);
                (z, v)
            }
            ResetTiming::NextStepBeforeInput => {
                let pending = self.spikes_of(&v, threshold);
                let v = integrate(self.apply_reset(v, pending, threshold));
                (self.spike(&v, threshold), v)
            }
            ResetTiming::NextStepAfterInput => {
                let pending = self.spikes_of(&v, threshold);
                let v = self.apply_reset(integrate(v), pending, threshold);
                (self.spike(&v, threshold), v)
            }
            ResetTiming::ImmediateLessPending => {
                let pending = self.spikes_of(&v, threshold);
                let v = self.apply_reset(integrate(v), pending.clone(), threshold);
                let z = self.spike(&v, threshold);
                let v = self.apply_reset(v, self.resetting(&z) - pending, threshold);
                (z, v)
            }
        }
    }

    /// Spikes of a membrane, with their gradient.
    pub(crate) fn spike<const D: usize>(&self, v: &Tensor<D>, threshold: &Level<D>) -> Tensor<D> {
        let spikes = self.spikes_of(v, threshold);
        let x = match self.unit {
            SurrogateUnit::Membrane => threshold.subtracted_from(v.clone()),
            SurrogateUnit::Threshold => {
                let threshold = threshold.detach();
                threshold.dividing(threshold.subtracted_from(v.clone()))
            }
        };
        let z = with_gradient(spikes, x, |x| self.surrogate.derivative(x));
        match self.inhibition {
            true => z * winner(threshold.subtracted_from(v.clone()).detach()),
            false => z,
        }
    }

    /// How often the membrane as it stands spikes; carries no gradient. Delayed resets read from the
    /// membrane of the step before what is still to be reset.
    pub(crate) fn spikes_of<const D: usize>(
        &self,
        v: &Tensor<D>,
        threshold: &Level<D>,
    ) -> Tensor<D> {
        let (v, threshold) = (v.clone().detach(), threshold.detach());
        match self.test {
            SpikeTest::Above => threshold.subtracted_from(v).greater_scalar(0.0).float(),
            SpikeTest::AtOrAbove => threshold.subtracted_from(v).greater_equal_scalar(0.0).float(),
            SpikeTest::Multiple { max } => {
                let spikes = threshold.dividing(v).floor().clamp_min(0.0);
                match max {
                    Some(max) => spikes.clamp_max(f64::from(max)),
                    None => spikes,
                }
            }
        }
    }

    /// The spikes as the reset sees them.
    pub(crate) fn resetting<const D: usize>(&self, z: &Tensor<D>) -> Tensor<D> {
        match self.detach_reset {
            true => z.clone().detach(),
            false => z.clone(),
        }
    }

    pub(crate) fn apply_reset<const D: usize>(
        &self,
        v: Tensor<D>,
        spikes: Tensor<D>,
        threshold: &Level<D>,
    ) -> Tensor<D> {
        match self.reset {
            Reset::Subtract => v - threshold.times(spikes),
            // Not v - z (v - value), which rounds: after a spike the membrane is the value exactly.
            Reset::ToValue(value) => {
                let fired = match self.test {
                    SpikeTest::Multiple { .. } => spikes.clamp_max(1.0),
                    _ => spikes,
                };
                let kept = v * (fired.clone().neg() + 1.0);
                match value {
                    0.0 => kept,
                    value => kept + fired.mul_scalar(value),
                }
            }
            Reset::None => v,
        }
    }
}

/// `1` at the largest element along axis 1 (the first one of several), else `0`.
fn winner<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let mut shape = [1; D];
    shape[1] = x.dims()[1];
    let index = Tensor::<1, Int>::arange(0..shape[1] as i64, &x.device()).reshape(shape);
    let best = x.clone().argmax(1);
    index.expand(x.dims()).equal(best.expand(x.dims())).float()
}

//! Threshold, spike and reset: what turns a leaky integrator into a spiking neuron.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};

use super::lif::LifConfig;
use super::options::{Reset, ResetTiming};
use crate::coefficient::Coefficient;
use crate::error::{ConfigError, finite, positive};
use crate::surrogate::{SpikeTest, Surrogate, fire};

#[derive(Module, Debug)]
pub(crate) struct Firing {
    pub(crate) threshold: Coefficient,
    #[module(skip)]
    surrogate: Surrogate,
    #[module(skip)]
    test: SpikeTest,
    #[module(skip)]
    reset: Reset,
    #[module(skip)]
    timing: ResetTiming,
    detach_reset: bool,
    inhibition: bool,
    graded_spikes_factor: f64,
}

impl Firing {
    pub(crate) fn new(config: &LifConfig, device: &Device) -> Result<Self, ConfigError> {
        let threshold = config.threshold.try_map("threshold", |v| positive("threshold", v))?;
        if let Reset::ToValue(value) = config.reset {
            finite("reset value", value)?;
        }
        Ok(Self {
            threshold: Coefficient::new(
                &threshold,
                (0.0, f64::MAX),
                config.learn_threshold,
                device,
            ),
            surrogate: config.surrogate.validated()?,
            test: config.spike_test,
            reset: config.reset,
            timing: config.reset_timing,
            detach_reset: config.detach_reset,
            inhibition: config.inhibition,
            graded_spikes_factor: finite("graded_spikes_factor", config.graded_spikes_factor)?,
        })
    }

    /// One step: `integrate` takes the membrane through leak and input. Returns spikes, membrane.
    pub(crate) fn step<const D: usize>(
        &self,
        v: Tensor<D>,
        integrate: impl FnOnce(Tensor<D>) -> Tensor<D>,
    ) -> (Tensor<D>, Tensor<D>) {
        let (v, z) = match self.timing {
            ResetTiming::Immediate => {
                let v = integrate(v);
                let z = self.spike(&v);
                let reset = if self.detach_reset { z.clone().detach() } else { z.clone() };
                (self.apply_reset(v, reset), z)
            }
            ResetTiming::NextStepBeforeInput => {
                let pending = self.pending(&v);
                let v = integrate(self.apply_reset(v, pending));
                let z = self.spike(&v);
                (v, z)
            }
            ResetTiming::NextStepAfterInput => {
                let pending = self.pending(&v);
                let v = self.apply_reset(integrate(v), pending);
                let z = self.spike(&v);
                (v, z)
            }
            ResetTiming::ImmediateLessPending => {
                let pending = self.pending(&v);
                let v = self.apply_reset(integrate(v), pending.clone());
                let z = self.spike(&v);
                let reset = if self.detach_reset { z.clone().detach() } else { z.clone() };
                (self.apply_reset(v, reset - pending), z)
            }
        };
        match self.graded_spikes_factor {
            1.0 => (z, v),
            factor => (z.mul_scalar(factor), v),
        }
    }

    fn spike<const D: usize>(&self, v: &Tensor<D>) -> Tensor<D> {
        let x = self.threshold.subtracted_from(v.clone());
        let z = fire(x.clone(), self.test, self.surrogate);
        match self.inhibition {
            true => z * winner(x.detach()),
            false => z,
        }
    }

    /// Where the membrane as it stands still asks for a reset.
    fn pending<const D: usize>(&self, v: &Tensor<D>) -> Tensor<D> {
        self.test.apply(self.threshold.subtracted_from(v.clone().detach()))
    }

    fn apply_reset<const D: usize>(&self, v: Tensor<D>, spikes: Tensor<D>) -> Tensor<D> {
        match self.reset {
            Reset::Subtract => v - self.threshold.times(spikes),
            // Not v - z (v - value), which rounds: after a spike the membrane is the value exactly.
            Reset::ToValue(value) => {
                let kept = v * (spikes.clone().neg() + 1.0);
                match value {
                    0.0 => kept,
                    value => kept + spikes.mul_scalar(value),
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

//! `v ← v_leak + β (v - v_leak) + gain · i`: the leak that all linear neurons share.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::firing::Firing;
use super::options::InputGain;
use super::synapse::Synapse;
use crate::coefficient::Coefficient;
use crate::decay::Decay;
use crate::error::{ConfigError, finite};
use crate::kernel::{Gain, Linear, Program};

#[derive(Module, Debug)]
pub(crate) struct Membrane {
    pub(crate) beta: Coefficient,
    /// Where it starts.
    v_rest: f64,
    /// What it leaks to: zero if it does not leak, so that nothing is rounded.
    v_leak: f64,
    #[module(skip)]
    pub(crate) gain: InputGain,
    v_min: Option<f64>,
}

impl Membrane {
    pub(crate) fn new(
        beta: &Decay,
        v_leak: f64,
        gain: InputGain,
        v_min: Option<f64>,
        learn_beta: bool,
        device: &Device,
    ) -> Result<Self, ConfigError> {
        if let InputGain::Factor(factor) = gain {
            finite("input gain", factor)?;
        }
        let v_rest = finite("v_leak", v_leak)?;
        let leaks = learn_beta || *beta != Decay::factor(1.0);
        Ok(Self {
            beta: beta.coefficient(learn_beta, device)?,
            v_rest,
            v_leak: if leaks { v_rest } else { 0.0 },
            gain,
            v_min: v_min.map(|v_min| finite("v_min", v_min)).transpose()?,
        })
    }

    pub(crate) fn at_rest<const D: usize>(&self, shape: [usize; D], device: &Device) -> Tensor<D> {
        Tensor::full(shape, self.v_rest, device)
    }

    pub(crate) fn integrate<const D: usize>(&self, v: Tensor<D>, current: Tensor<D>) -> Tensor<D> {
        let beta = self.beta.level();
        let drive = match self.gain {
            InputGain::Unit => current,
            InputGain::OneMinusBeta => beta.complement_times(current),
            InputGain::Factor(factor) => current.mul_scalar(factor),
        };
        // Measured from the leak potential, so that a leak of zero costs nothing.
        match self.v_leak {
            0.0 => beta.times(v) + drive,
            leak => beta.times(v.sub_scalar(leak)) + drive.add_scalar(leak),
        }
    }

    /// This membrane over a sequence, behind `synapse` and in front of `firing`.
    pub(crate) fn linear<'a>(
        &'a self,
        synapse: Option<&'a Synapse>,
        firing: Option<&'a Firing>,
    ) -> Linear<'a> {
        Linear {
            program: Program {
                inner: 1,
                order: synapse.map(|synapse| synapse.order),
                v_leak: self.v_leak,
                v_min: self.v_min,
                firing: firing.map(Firing::program),
            },
            alpha: synapse.map(|synapse| &synapse.alpha),
            beta: &self.beta,
            gain: match self.gain {
                InputGain::Unit => Gain::Number(1.0),
                InputGain::OneMinusBeta => Gain::OneMinusBeta,
                InputGain::Factor(gain) => Gain::Number(gain),
            },
            threshold: firing.map(|firing| &firing.threshold),
            graded: firing.map(|firing| &firing.graded_spikes_factor),
            connection: None,
        }
    }

    /// Whether it adds up its input and does nothing else.
    pub(crate) fn only_integrates(&self) -> bool {
        self.gain == InputGain::Unit && self.beta.values().iter().all(|beta| *beta == 1.0)
    }

    /// The potentials that it is configured with. What it leaks to is where it starts, or of no effect.
    pub(crate) fn potentials(&self) -> impl Iterator<Item = f64> {
        core::iter::once(self.v_rest).chain(self.v_min)
    }

    /// The same membrane in other units: every potential as `f` has it, `lowest` where it had no bound.
    pub(crate) fn in_units(&self, f: impl Fn(f64) -> f64, lowest: f64) -> Self {
        let v_min = Some(self.v_min.map_or(lowest, &f));
        Self { v_rest: f(self.v_rest), v_leak: f(self.v_leak), v_min, ..self.clone() }
    }

    /// The membrane at the end of a step: not below its lower bound, if it has one.
    pub(crate) fn bounded<const D: usize>(&self, v: Tensor<D>) -> Tensor<D> {
        match self.v_min {
            Some(v_min) => v.clamp_min(v_min),
            None => v,
        }
    }
}

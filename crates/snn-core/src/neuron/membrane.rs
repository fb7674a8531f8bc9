//! `v ← v_leak + β (v - v_leak) + gain · i`: the leak that all linear neurons share.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::options::InputGain;
use crate::coefficient::Coefficient;
use crate::decay::Decay;
use crate::error::{ConfigError, finite};

#[derive(Module, Debug)]
pub(crate) struct Membrane {
    pub(crate) beta: Coefficient,
    v_leak: f64,
    #[module(skip)]
    gain: InputGain,
}

impl Membrane {
    pub(crate) fn new(
        beta: &Decay,
        v_leak: f64,
        gain: InputGain,
        learn_beta: bool,
        device: &Device,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            beta: Coefficient::new(&beta.factors()?, (0.0, 1.0), learn_beta, device),
            v_leak: finite("v_leak", v_leak)?,
            gain,
        })
    }

    pub(crate) fn at_rest<const D: usize>(&self, shape: [usize; D], device: &Device) -> Tensor<D> {
        Tensor::full(shape, self.v_leak, device)
    }

    pub(crate) fn integrate<const D: usize>(&self, v: Tensor<D>, current: Tensor<D>) -> Tensor<D> {
        let drive = match self.gain {
            InputGain::Unit => current,
            InputGain::OneMinusBeta => self.beta.complement_times(current),
        };
        // Measured from the leak potential, so that a leak of zero costs nothing.
        match self.v_leak {
            0.0 => self.beta.times(v) + drive,
            leak => self.beta.times(v.sub_scalar(leak)) + drive.add_scalar(leak),
        }
    }
}

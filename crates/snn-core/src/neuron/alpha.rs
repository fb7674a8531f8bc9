//! Leaky integrate-and-fire with an alpha-shaped response: the difference of an excitatory and an
//! inhibitory current, which rises and falls again.
//!
//! ```text
//! e ← α e + x
//! h ← β h - x
//! v ← τ (e + h)           τ = ln α / (ln β - ln α) + 1
//! ```
//!
//! The membrane is a function of the currents, so a reset acts on them, one step after the spike
//! (`r`): to zero, `e`, `h` and `v` are multiplied by `1 - r`; subtracting, `r · threshold` is taken
//! from `e`, `h` is multiplied by `1 - r`, and the `h` of the step before is added to `v` where `r`.
//!
//! Source: snnTorch `Alpha`, which this reproduces.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::firing::Firing;
use super::lif::LifConfig;
use super::options::{InputGain, Reset};
use super::{Neuron, NeuronState, Parts};
use crate::coefficient::Coefficient;
use crate::decay::Decay;
use crate::error::{ConfigError, check};

/// Configuration of [`Alpha`].
#[derive(Config, Debug, PartialEq)]
pub struct AlphaConfig {
    /// Decay of the excitatory current.
    pub alpha: Decay,
    /// Threshold, spike and kind of reset; `beta` is the decay of the inhibitory current, below
    /// `alpha`. Leak, gain, bounds and timing have no meaning here.
    pub lif: LifConfig,
}

impl AlphaConfig {
    /// The neuron.
    ///
    /// # Errors
    ///
    /// Names the first field that describes no working neuron: `alpha` must be above `beta`, both
    /// between 0 and 1, and a reset to a value can only be one to zero.
    pub fn init(&self, device: &Device) -> Result<Alpha, ConfigError> {
        let (alpha, beta) = (&self.alpha, &self.lif.beta);
        let lowest = alpha.factors()?.extreme(f64::min);
        let above = lowest > beta.factors()?.extreme(f64::max);
        check("alpha", lowest, "a decay factor above beta", above)?;
        for (name, decay) in [("alpha", alpha), ("beta", beta)] {
            decay.factors()?.try_map(name, |f| {
                check(name, f, "a decay factor between 0 and 1", f > 0.0 && f < 1.0)
            })?;
        }
        if let Reset::ToValue(value) = self.lif.reset {
            check("reset value", value, "0, as a membrane made of currents", value == 0.0)?;
        }
        Ok(Alpha {
            alpha: alpha.coefficient(false, device)?,
            beta: beta.coefficient(self.lif.learn_beta, device)?,
            firing: Firing::new(&self.lif, device)?,
            reset: self.lif.reset,
        })
    }
}

/// Leaky integrate-and-fire neurons with an alpha-shaped response; output: spikes.
#[derive(Module, Debug)]
pub struct Alpha {
    alpha: Coefficient,
    beta: Coefficient,
    firing: Firing,
    #[module(skip)]
    reset: Reset,
}

/// State of [`Alpha`].
#[derive(Debug, Clone)]
pub struct AlphaState<const D: usize> {
    /// Excitatory current, `[B, ...]`.
    pub e: Tensor<D>,
    /// Inhibitory current, `[B, ...]`.
    pub h: Tensor<D>,
    /// Membrane potential, `[B, ...]`.
    pub v: Tensor<D>,
}

impl<const D: usize> NeuronState<D> for AlphaState<D> {
    fn tensors(&self) -> Vec<&Tensor<D>> {
        vec![&self.v, &self.e, &self.h]
    }

    fn tensors_mut(&mut self) -> Vec<&mut Tensor<D>> {
        vec![&mut self.v, &mut self.e, &mut self.h]
    }
}

impl Alpha {
    /// Decay factor of the excitatory current.
    pub fn alpha(&self) -> &Coefficient {
        &self.alpha
    }

    /// Decay factor of the inhibitory current.
    pub fn beta(&self) -> &Coefficient {
        &self.beta
    }

    /// Threshold.
    pub fn threshold(&self) -> &Coefficient {
        &self.firing.threshold
    }

    pub(crate) fn parts(&mut self) -> Parts<'_> {
        Parts {
            alpha: Some(&mut self.alpha),
            beta: &mut self.beta,
            threshold: Some(&mut self.firing.threshold),
            graded_spikes_factor: Some(&mut self.firing.graded_spikes_factor),
            reset: Some(self.reset),
            gain: InputGain::Unit,
        }
    }
}

impl Neuron for Alpha {
    type State<const D: usize> = AlphaState<D>;

    fn initial_state<const D: usize>(&self, shape: [usize; D], device: &Device) -> AlphaState<D> {
        let zeros = Tensor::zeros(shape, device);
        AlphaState { e: zeros.clone(), h: zeros.clone(), v: zeros }
    }

    fn update<const D: usize>(
        &self,
        input: Tensor<D>,
        state: AlphaState<D>,
    ) -> (Tensor<D>, AlphaState<D>) {
        let (alpha, beta) = (self.alpha.level::<D>(), self.beta.level::<D>());
        let threshold = self.firing.threshold.level();
        let r = self.firing.spikes_of(&state.v, &threshold);
        let e = alpha.times(state.e) + input.clone();
        let h = beta.times(state.h.clone()) - input;
        let tau = alpha.ln().share_of_difference(beta.ln());
        let v = tau.times(e.clone() + h.clone());
        let kept = r.clone().neg() + 1.0;
        let (e, h, v) = match self.reset {
            Reset::Subtract => (e - threshold.times(r.clone()), h * kept, v + state.h * r),
            Reset::ToValue(_) => (e * kept.clone(), h * kept.clone(), v * kept),
            Reset::None => (e, h, v),
        };
        let z = self.firing.spike(&v, &threshold);
        (self.firing.graded(z), AlphaState { e, h, v })
    }
}

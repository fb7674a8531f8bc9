//! A refractory period around any neuron: for some steps after a spike its membrane is held and it
//! does not spike. Synaptic currents and adaptation go on.
//!
//! ```text
//! z', state' = neuron(x, state)
//! m = Θ(ρ)
//! v ← (1 - m) v' + m v
//! z = (1 - m) z'
//! ρ ← z · steps + (1 - z) max(0, ρ - m)
//! ```
//!
//! Source: Norse `LIFRefracCell`; Gerstner et al., *Neuronal Dynamics*, section 1.3.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::{Neuron, NeuronState, shapes};
use crate::error::{ConfigError, finite};
use crate::surrogate::{Surrogate, with_gradient};

/// Configuration of [`Refractory`].
#[derive(Config, Debug, PartialEq)]
pub struct RefractoryConfig {
    /// Number of steps after a spike in which there is no other.
    pub steps: f64,
    /// Derivative of the mask `m`. `None`: the mask is out of the gradient.
    #[config(default = "None")]
    pub surrogate: Option<Surrogate>,
}

impl RefractoryConfig {
    /// Norse's refractory cells, whose mask has the gradient of the spike: SuperSpike of steepness
    /// `alpha`. Norse's default is 5 steps.
    pub fn norse(rho_reset: f64, alpha: f64) -> Self {
        Self::new(rho_reset).with_surrogate(Some(Surrogate::SuperSpike { alpha }))
    }

    /// `neuron` with a refractory period.
    ///
    /// # Errors
    ///
    /// If the number of steps is not finite, or the surrogate has no meaning.
    pub fn init<N: Neuron>(&self, neuron: N) -> Result<Refractory<N>, ConfigError> {
        Ok(Refractory {
            neuron,
            steps: finite("refractory steps", self.steps)?,
            surrogate: self.surrogate.as_ref().map(Surrogate::validated).transpose()?,
        })
    }
}

/// A neuron with a refractory period.
#[derive(Module, Debug)]
pub struct Refractory<N: Neuron> {
    /// The neuron.
    pub neuron: N,
    steps: f64,
    #[module(skip)]
    surrogate: Option<Surrogate>,
}

/// State of [`Refractory`].
#[derive(Debug, Clone)]
pub struct RefractoryState<S, const D: usize> {
    /// State of the neuron.
    pub neuron: S,
    /// Steps until it may spike again, `[B, ...]`.
    pub rho: Tensor<D>,
}

impl<S: NeuronState<D>, const D: usize> NeuronState<D> for RefractoryState<S, D> {
    fn tensors(&self) -> Vec<&Tensor<D>> {
        let mut tensors = self.neuron.tensors();
        tensors.push(&self.rho);
        tensors
    }

    fn tensors_mut(&mut self) -> Vec<&mut Tensor<D>> {
        let mut tensors = self.neuron.tensors_mut();
        tensors.push(&mut self.rho);
        tensors
    }
}

impl<N: Neuron> Neuron for Refractory<N> {
    type State<const D: usize> = RefractoryState<N::State<D>, D>;

    fn initial_state<const D: usize>(&self, shape: [usize; D], device: &Device) -> Self::State<D> {
        RefractoryState {
            neuron: self.neuron.initial_state(shape, device),
            rho: Tensor::zeros(shape, device),
        }
    }

    fn check<const S: usize>(&self, step: &[usize], state: &Self::State<S>) {
        self.neuron.check(step, &state.neuron);
        shapes::check(self, step, state);
    }

    fn update<const D: usize>(
        &self,
        input: Tensor<D>,
        state: Self::State<D>,
    ) -> (Tensor<D>, Self::State<D>) {
        let (rho, held) = (state.rho, state.neuron.v().clone());
        let (z, mut neuron) = self.neuron.update(input, state.neuron);
        let mask = rho.clone().detach().greater_scalar(0.0).float();
        let mask = match &self.surrogate {
            Some(surrogate) => with_gradient(mask, rho.clone(), |x| surrogate.derivative(x)),
            None => mask,
        };
        let free = mask.clone().neg() + 1.0;
        let v = free.clone() * neuron.v().clone() + mask.clone() * held;
        neuron.set_v(v);
        let z = free * z;
        let rho = (z.clone().neg() + 1.0) * relu(rho - mask) + z.clone().mul_scalar(self.steps);
        (z, RefractoryState { neuron, rho })
    }
}

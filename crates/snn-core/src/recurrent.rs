//! A recurrent connection around any neuron: its last output comes back as input.
//!
//! ```text
//! output, state ← neuron(x + W · output_of_the_step_before, state)
//! ```

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};

use crate::error::{ConfigError, check};
use crate::neuron::{Neuron, NeuronState};

/// Configuration of the recurrent connection of [`Recurrent`].
#[derive(Config, Debug)]
pub struct RecurrentConfig {
    /// Number of neurons, the size of the last axis.
    pub size: usize,
    /// Whether a neuron is connected to itself. Norse leaves these connections out.
    #[config(default = true)]
    pub autapses: bool,
    /// How the weights `[size, size]` are drawn; `None`: N(0, 2 / size), as Norse does.
    #[config(default = "None")]
    pub initializer: Option<Initializer>,
}

impl RecurrentConfig {
    /// `neuron` with a dense recurrent connection.
    ///
    /// # Errors
    ///
    /// If the size is zero.
    pub fn init<N: Neuron>(&self, neuron: N, device: &Device) -> Result<Recurrent<N>, ConfigError> {
        let size = self.size;
        check("recurrent size", size as f64, "at least one neuron", size > 0)?;
        let norse = Initializer::Normal { mean: 0.0, std: (2.0 / size as f64).sqrt() };
        let initializer = self.initializer.as_ref().unwrap_or(&norse);
        Ok(Recurrent {
            neuron,
            weight: initializer.init_with([size, size], Some(size), Some(size), device),
            autapses: self.autapses,
        })
    }
}

/// A neuron whose output comes back through dense weights, one step later.
#[derive(Module, Debug)]
pub struct Recurrent<N: Neuron> {
    /// The neuron.
    pub neuron: N,
    /// Weights `[from, to]`, as in Burn's `Linear`. PyTorch's are `[to, from]`.
    pub weight: Param<Tensor<2>>,
    autapses: bool,
}

/// State of [`Recurrent`].
#[derive(Debug, Clone)]
pub struct RecurrentState<S, const D: usize> {
    /// State of the neuron.
    pub neuron: S,
    /// Output of the last step, `[B, ..., N]`.
    pub z: Tensor<D>,
}

impl<S: NeuronState<D>, const D: usize> NeuronState<D> for RecurrentState<S, D> {
    fn dims(&self) -> [usize; D] {
        self.z.dims()
    }

    fn detach(self) -> Self {
        Self { neuron: self.neuron.detach(), z: self.z.detach() }
    }
}

impl<N: Neuron> Recurrent<N> {
    /// `W · z` over the last axis.
    fn feedback<const D: usize>(&self, z: Tensor<D>) -> Tensor<D> {
        let weight = self.weight.val();
        let weight = match self.autapses {
            true => weight,
            false => weight.clone() * (Tensor::eye(weight.dims()[0], &weight.device()).neg() + 1.0),
        };
        let dims = z.dims();
        let size = weight.dims()[0];
        assert_eq!(
            dims[D - 1],
            size,
            "recurrent input: expected {size} neurons on the last axis, got shape {dims:?}"
        );
        let rows = dims[..D - 1].iter().product::<usize>();
        z.reshape([rows, size]).matmul(weight).reshape(dims)
    }
}

impl<N: Neuron> Neuron for Recurrent<N> {
    type State<const D: usize> = RecurrentState<N::State<D>, D>;

    fn initial_state<const D: usize>(&self, shape: [usize; D], device: &Device) -> Self::State<D> {
        RecurrentState {
            neuron: self.neuron.initial_state(shape, device),
            z: Tensor::zeros(shape, device),
        }
    }

    fn step<const D: usize>(
        &self,
        input: Tensor<D>,
        state: Self::State<D>,
    ) -> (Tensor<D>, Self::State<D>) {
        let (z, neuron) = self.neuron.step(input + self.feedback(state.z), state.neuron);
        (z.clone(), RecurrentState { neuron, z })
    }

    fn stack_states<const D: usize, const S: usize>(states: Vec<Self::State<S>>) -> Self::State<D> {
        let (neurons, z) = states.into_iter().map(|state| (state.neuron, state.z)).unzip();
        RecurrentState { neuron: N::stack_states(neurons), z: Tensor::stack(z, 0) }
    }
}

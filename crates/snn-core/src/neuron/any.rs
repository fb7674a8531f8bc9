//! One type for all neurons, where a network is put together at run time.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::{
    Alif, AlifConfig, AlifState, Alpha, AlphaConfig, AlphaState, CubaLi, CubaLiConfig, CubaLif,
    CubaLifConfig, CubaState, DeltaLeaky, DeltaLeakyConfig, Li, LiConfig, Lif, LifConfig, LifState,
    Neuron, NeuronState, NonlinearIf, NonlinearIfConfig, NonlinearIfState, Parts, shapes,
};
use crate::error::ConfigError;
use crate::kernel::Linear;

/// Configuration of [`AnyNeuron`].
#[derive(Config, Debug, PartialEq)]
pub enum AnyNeuronConfig {
    /// [`Lif`], and [`Iaf`](super::Iaf).
    Lif(LifConfig),
    /// [`CubaLif`].
    CubaLif(CubaLifConfig),
    /// [`Alif`].
    Alif(AlifConfig),
    /// [`Alpha`].
    Alpha(AlphaConfig),
    /// [`DeltaLeaky`].
    DeltaLeaky(DeltaLeakyConfig),
    /// [`NonlinearIf`].
    NonlinearIf(NonlinearIfConfig),
    /// [`Li`].
    Li(LiConfig),
    /// [`CubaLi`].
    CubaLi(CubaLiConfig),
}

impl AnyNeuronConfig {
    /// The neuron.
    ///
    /// # Errors
    ///
    /// Names the first field that describes no working neuron.
    pub fn init(&self, device: &Device) -> Result<AnyNeuron, ConfigError> {
        Ok(match self {
            Self::Lif(config) => AnyNeuron::Lif(config.init(device)?),
            Self::CubaLif(config) => AnyNeuron::CubaLif(config.init(device)?),
            Self::Alif(config) => AnyNeuron::Alif(config.init(device)?),
            Self::Alpha(config) => AnyNeuron::Alpha(config.init(device)?),
            Self::DeltaLeaky(config) => AnyNeuron::DeltaLeaky(config.init(device)?),
            Self::NonlinearIf(config) => AnyNeuron::NonlinearIf(config.init(device)?),
            Self::Li(config) => AnyNeuron::Li(config.init(device)?),
            Self::CubaLi(config) => AnyNeuron::CubaLi(config.init(device)?),
        })
    }
}

/// A neuron of any kind; runs as the one that it holds.
#[derive(Module, Debug)]
pub enum AnyNeuron {
    /// Leaky integrate-and-fire.
    Lif(Lif),
    /// Current-based leaky integrate-and-fire.
    CubaLif(CubaLif),
    /// Adaptive leaky integrate-and-fire.
    Alif(Alif),
    /// Leaky integrate-and-fire with an alpha-shaped response.
    Alpha(Alpha),
    /// Spikes on a change of its membrane.
    DeltaLeaky(DeltaLeaky),
    /// Nonlinear integrate-and-fire.
    NonlinearIf(NonlinearIf),
    /// Leaky integrator.
    Li(Li),
    /// Current-based leaky integrator.
    CubaLi(CubaLi),
}

/// State of [`AnyNeuron`].
#[derive(Debug, Clone)]
pub enum AnyState<const D: usize> {
    /// Of [`Lif`], [`DeltaLeaky`] and [`Li`].
    Lif(LifState<D>),
    /// Of [`CubaLif`] and [`CubaLi`].
    Cuba(CubaState<D>),
    /// Of [`Alif`].
    Alif(AlifState<D>),
    /// Of [`Alpha`].
    Alpha(AlphaState<D>),
    /// Of [`NonlinearIf`].
    NonlinearIf(NonlinearIfState<D>),
}

impl<const D: usize> NeuronState<D> for AnyState<D> {
    fn tensors(&self) -> Vec<&Tensor<D>> {
        match self {
            Self::Lif(state) => state.tensors(),
            Self::Cuba(state) => state.tensors(),
            Self::Alif(state) => state.tensors(),
            Self::Alpha(state) => state.tensors(),
            Self::NonlinearIf(state) => state.tensors(),
        }
    }

    fn tensors_mut(&mut self) -> Vec<&mut Tensor<D>> {
        match self {
            Self::Lif(state) => state.tensors_mut(),
            Self::Cuba(state) => state.tensors_mut(),
            Self::Alif(state) => state.tensors_mut(),
            Self::Alpha(state) => state.tensors_mut(),
            Self::NonlinearIf(state) => state.tensors_mut(),
        }
    }
}

impl AnyNeuron {
    /// The name of the neuron it holds.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Lif(_) => "Lif",
            Self::CubaLif(_) => "CubaLif",
            Self::Alif(_) => "Alif",
            Self::Alpha(_) => "Alpha",
            Self::DeltaLeaky(_) => "DeltaLeaky",
            Self::NonlinearIf(_) => "NonlinearIf",
            Self::Li(_) => "Li",
            Self::CubaLi(_) => "CubaLi",
        }
    }

    fn refuse_state(&self) -> ! {
        panic!(
            "expected a state of {}, found that of another kind of neuron: begin with \
             `initial_state`",
            self.name()
        )
    }

    /// `None` for neurons that files of other libraries do not have.
    pub(crate) fn parts(&mut self) -> Option<Parts<'_>> {
        match self {
            Self::Lif(neuron) => Some(neuron.parts()),
            Self::CubaLif(neuron) => Some(neuron.parts()),
            Self::Alpha(neuron) => Some(neuron.parts()),
            Self::DeltaLeaky(neuron) => Some(neuron.parts()),
            Self::Li(neuron) => Some(neuron.parts()),
            Self::CubaLi(neuron) => Some(neuron.parts()),
            Self::Alif(_) | Self::NonlinearIf(_) => None,
        }
    }
}

impl Neuron for AnyNeuron {
    type State<const D: usize> = AnyState<D>;

    fn initial_state<const D: usize>(&self, shape: [usize; D], device: &Device) -> AnyState<D> {
        match self {
            Self::Lif(neuron) => AnyState::Lif(neuron.initial_state(shape, device)),
            Self::CubaLif(neuron) => AnyState::Cuba(neuron.initial_state(shape, device)),
            Self::Alif(neuron) => AnyState::Alif(neuron.initial_state(shape, device)),
            Self::Alpha(neuron) => AnyState::Alpha(neuron.initial_state(shape, device)),
            Self::DeltaLeaky(neuron) => AnyState::Lif(neuron.initial_state(shape, device)),
            Self::NonlinearIf(neuron) => AnyState::NonlinearIf(neuron.initial_state(shape, device)),
            Self::Li(neuron) => AnyState::Lif(neuron.initial_state(shape, device)),
            Self::CubaLi(neuron) => AnyState::Cuba(neuron.initial_state(shape, device)),
        }
    }

    fn linear(&self) -> Option<Linear<'_>> {
        match self {
            Self::Lif(neuron) => neuron.linear(),
            Self::CubaLif(neuron) => neuron.linear(),
            Self::Alif(neuron) => neuron.linear(),
            Self::Alpha(neuron) => neuron.linear(),
            Self::DeltaLeaky(neuron) => neuron.linear(),
            Self::NonlinearIf(neuron) => neuron.linear(),
            Self::Li(neuron) => neuron.linear(),
            Self::CubaLi(neuron) => neuron.linear(),
        }
    }

    /// # Panics
    ///
    /// If the state is that of another kind of neuron, or has another shape.
    fn check<const S: usize>(&self, step: &[usize], state: &AnyState<S>) {
        match (self, state) {
            (Self::Lif(_) | Self::DeltaLeaky(_) | Self::Li(_), AnyState::Lif(_))
            | (Self::CubaLif(_) | Self::CubaLi(_), AnyState::Cuba(_))
            | (Self::Alif(_), AnyState::Alif(_))
            | (Self::Alpha(_), AnyState::Alpha(_))
            | (Self::NonlinearIf(_), AnyState::NonlinearIf(_)) => {}
            _ => self.refuse_state(),
        }
        shapes::check(self, step, state);
    }

    fn update<const D: usize>(&self, x: Tensor<D>, state: AnyState<D>) -> (Tensor<D>, AnyState<D>) {
        match (self, state) {
            (Self::Lif(neuron), AnyState::Lif(state)) => {
                any(neuron.update(x, state), AnyState::Lif)
            }
            (Self::CubaLif(neuron), AnyState::Cuba(state)) => {
                any(neuron.update(x, state), AnyState::Cuba)
            }
            (Self::Alif(neuron), AnyState::Alif(state)) => {
                any(neuron.update(x, state), AnyState::Alif)
            }
            (Self::Alpha(neuron), AnyState::Alpha(state)) => {
                any(neuron.update(x, state), AnyState::Alpha)
            }
            (Self::DeltaLeaky(neuron), AnyState::Lif(state)) => {
                any(neuron.update(x, state), AnyState::Lif)
            }
            (Self::NonlinearIf(neuron), AnyState::NonlinearIf(state)) => {
                any(neuron.update(x, state), AnyState::NonlinearIf)
            }
            (Self::Li(neuron), AnyState::Lif(state)) => any(neuron.update(x, state), AnyState::Lif),
            (Self::CubaLi(neuron), AnyState::Cuba(state)) => {
                any(neuron.update(x, state), AnyState::Cuba)
            }
            _ => self.refuse_state(),
        }
    }
}

fn any<S, const D: usize>(
    (output, state): (Tensor<D>, S),
    any: impl FnOnce(S) -> AnyState<D>,
) -> (Tensor<D>, AnyState<D>) {
    (output, any(state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "expected a state of Lif, found that of another kind of neuron")]
    fn states_of_another_kind_are_refused_in_a_step() {
        let device = Device::default();
        let lif = AnyNeuronConfig::Lif(LifConfig::iaf()).init(&device).unwrap();
        let x = Tensor::<2>::zeros([1, 1], &device);
        lif.step(x, AnyState::Cuba(CubaState::zeros([1, 1], &device)));
    }

    #[test]
    #[should_panic(expected = "expected a state of Li, found that of another kind of neuron")]
    fn states_of_another_kind_are_refused_in_a_sequence() {
        let device = Device::default();
        let config = LiConfig::new(crate::Decay::factor(0.5));
        let li = AnyNeuronConfig::Li(config).init(&device).unwrap();
        let x = Tensor::<3>::zeros([4, 1, 1], &device);
        li.forward(x, AnyState::Cuba(CubaState::zeros([1, 1], &device)));
    }
}

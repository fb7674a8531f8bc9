//! A recurrent connection around any neuron: its last output comes back as input.
//!
//! ```text
//! output, state ← neuron(x + connection(output of the step before), state)
//! ```

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Initializer, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

use crate::coefficient::{Coefficient, Values};
use crate::error::{ConfigError, check, finite};
use crate::kernel;
use crate::neuron::{Neuron, NeuronState, shapes};

/// Configuration of a dense recurrent connection, from every neuron to every neuron.
#[derive(Config, Debug)]
pub struct RecurrentConfig {
    /// Number of neurons, the size of the last axis.
    pub size: usize,
    /// Whether a neuron is connected to itself. Norse leaves these connections out.
    #[config(default = true)]
    pub autapses: bool,
    /// Whether there is a bias. snnTorch's `RLeaky` has one.
    #[config(default = false)]
    pub bias: bool,
    /// How the weights `[from, to]` are drawn; `None`: N(0, 2 / size), as Norse does.
    #[config(default = "None")]
    pub initializer: Option<Initializer>,
}

impl RecurrentConfig {
    /// The dense connection of snnTorch's `RLeaky` and `RSynaptic` (`all_to_all`): with a bias, drawn
    /// as PyTorch draws a linear layer.
    pub fn snntorch(size: usize) -> Self {
        let initializer = LinearConfig::new(size, size).initializer;
        Self::new(size).with_bias(true).with_initializer(Some(initializer))
    }

    /// `neuron` with this connection.
    ///
    /// # Errors
    ///
    /// If the size is zero.
    pub fn init<N: Neuron>(&self, neuron: N, device: &Device) -> Result<Recurrent<N>, ConfigError> {
        let size = self.size;
        check("recurrent size", size as f64, "at least one neuron", size > 0)?;
        let norse = Initializer::Normal { mean: 0.0, std: (2.0 / size as f64).sqrt() };
        let linear = LinearConfig::new(size, size)
            .with_bias(self.bias)
            .with_initializer(self.initializer.clone().unwrap_or(norse))
            .init(device);
        let connection = Connection::Dense(Dense { linear, autapses: self.autapses });
        Ok(Recurrent { neuron, connection })
    }
}

/// Configuration of a convolutional recurrent connection over maps `[B, C, H, W]`: snnTorch's
/// `RLeaky(conv2d_channels, kernel_size)`.
#[derive(Config, Debug)]
pub struct ConvRecurrentConfig {
    /// Number of channels.
    pub channels: usize,
    /// Height and width of the kernel; odd, so that maps keep their size.
    pub kernel_size: [usize; 2],
    /// Whether there is a bias.
    #[config(default = true)]
    pub bias: bool,
}

impl ConvRecurrentConfig {
    /// `neuron` with this connection.
    ///
    /// # Errors
    ///
    /// If there are no channels, or a side of the kernel is even.
    pub fn init<N: Neuron>(&self, neuron: N, device: &Device) -> Result<Recurrent<N>, ConfigError> {
        check("channels", self.channels as f64, "at least one channel", self.channels > 0)?;
        for side in self.kernel_size {
            check("kernel_size", side as f64, "an odd number", side % 2 == 1)?;
        }
        let conv = Conv2dConfig::new([self.channels; 2], self.kernel_size)
            .with_padding(PaddingConfig2d::Same)
            .with_bias(self.bias)
            .init(device);
        Ok(Recurrent { neuron, connection: Connection::Conv2d(conv) })
    }
}

/// Configuration of a recurrent connection from each neuron to itself alone: snnTorch's
/// `RLeaky(all_to_all=False, V)`.
#[derive(Config, Debug)]
pub struct OneToOneConfig {
    /// Weight of the connection, one for all neurons or one each.
    pub weight: Values,
    /// Learn it.
    #[config(default = true)]
    pub learn: bool,
}

impl OneToOneConfig {
    /// `neuron` with this connection.
    ///
    /// # Errors
    ///
    /// If a weight is not finite.
    pub fn init<N: Neuron>(&self, neuron: N, device: &Device) -> Result<Recurrent<N>, ConfigError> {
        let weight = self.weight.try_map("recurrent weight", |w| finite("recurrent weight", w))?;
        let weight = Coefficient::new(&weight, self.learn, None, device);
        Ok(Recurrent { neuron, connection: Connection::OneToOne(weight) })
    }
}

/// The way from a layer's last output back to its input.
#[derive(Module, Debug)]
pub enum Connection {
    /// From every neuron to every neuron along the last axis.
    Dense(Dense),
    /// A convolution over maps.
    Conv2d(Conv2d),
    /// From each neuron to itself.
    OneToOne(Coefficient),
}

/// A connection from every neuron to every neuron.
#[derive(Module, Debug)]
pub struct Dense {
    /// Weights `[from, to]`. PyTorch's are `[to, from]`.
    pub linear: Linear,
    /// Whether a neuron is connected to itself.
    pub autapses: bool,
}

/// A neuron whose output comes back through a connection, one step later.
#[derive(Module, Debug)]
pub struct Recurrent<N: Neuron> {
    /// The neuron.
    pub neuron: N,
    /// The way back.
    pub connection: Connection,
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
    fn tensors(&self) -> Vec<&Tensor<D>> {
        let mut tensors = self.neuron.tensors();
        tensors.push(&self.z);
        tensors
    }

    fn tensors_mut(&mut self) -> Vec<&mut Tensor<D>> {
        let mut tensors = self.neuron.tensors_mut();
        tensors.push(&mut self.z);
        tensors
    }
}

impl Connection {
    fn forward<const D: usize>(&self, z: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Dense(dense) => dense.forward(z),
            Self::Conv2d(conv) => {
                let dims = z.dims();
                let [batch, channels, height, width] = dims[..] else {
                    panic!("convolutional recurrence: expected [B, C, H, W], got shape {dims:?}");
                };
                let expected = conv.weight.dims()[0];
                assert!(
                    channels == expected,
                    "convolutional recurrence: expected {expected} channels, got shape {dims:?}"
                );
                let maps = z.reshape([batch, channels, height, width]);
                kernel::conv2d(conv, None, maps).reshape(dims)
            }
            Self::OneToOne(weight) => weight.level().times(z),
        }
    }
}

impl Dense {
    /// Weights `[from, to]` and bias `[to]` from elsewhere, another library for example. PyTorch's
    /// weights are `[to, from]`.
    pub fn new(weight: Tensor<2>, bias: Option<Tensor<1>>, autapses: bool) -> Self {
        let linear =
            Linear { weight: Param::from_tensor(weight), bias: bias.map(Param::from_tensor) };
        Self { linear, autapses }
    }

    /// Weights in use, `[from, to]`.
    pub(crate) fn weight(&self) -> Tensor<2> {
        let weight = self.linear.weight.val();
        match self.autapses {
            true => weight,
            false => {
                let others = Tensor::eye(weight.dims()[0], &weight.device()).neg() + 1.0;
                weight * others
            }
        }
    }

    /// `z · W + b` over the last axis.
    pub(crate) fn forward<const D: usize>(&self, z: Tensor<D>) -> Tensor<D> {
        let weight = self.weight();
        let (size, dims) = (weight.dims()[0], z.dims());
        assert_eq!(
            dims[D - 1],
            size,
            "recurrent input: expected {size} neurons on the last axis, got shape {dims:?}"
        );
        let rows = dims[..D - 1].iter().product::<usize>();
        let current = z.reshape([rows, size]).matmul(weight);
        let current = match &self.linear.bias {
            Some(bias) => current + bias.val().unsqueeze(),
            None => current,
        };
        current.reshape(dims)
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

    fn linear(&self) -> Option<kernel::Linear<'_>> {
        let linear = self.neuron.linear()?;
        match (&self.connection, linear.connection) {
            (Connection::Dense(dense), None) => {
                Some(kernel::Linear { connection: Some(dense), ..linear })
            }
            _ => None,
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
        let input = input + self.connection.forward(state.z);
        let (z, neuron) = self.neuron.update(input, state.neuron);
        (z.clone(), RecurrentState { neuron, z })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Distribution, Tolerance};

    #[test]
    fn a_connection_of_maps_is_the_convolution_of_burn() {
        let device = Device::default().autodiff();
        let conv = Conv2dConfig::new([3, 3], [3, 5]).with_padding(PaddingConfig2d::Same);
        let conv = conv.init(&device);
        let connection = Connection::Conv2d(conv.clone());
        let z = Tensor::<4>::random([2, 3, 6, 7], Distribution::Bernoulli(0.2), &device);
        let weights = Tensor::<4>::random([2, 3, 6, 7], Distribution::Default, &device);
        let run = |layer: &dyn Fn(Tensor<4>) -> Tensor<4>| {
            let z = z.clone().require_grad();
            let y = layer(z.clone());
            let gradients = (y.clone() * weights.clone()).sum().backward();
            let of_weight = conv.weight.val().grad(&gradients).unwrap();
            [y.inner(), z.grad(&gradients).unwrap(), of_weight]
        };
        let got = run(&|z| connection.forward(z));
        for (got, expected) in got.into_iter().zip(run(&|z| conv.forward(z))) {
            let tolerance = Tolerance::rel_abs(1e-5, 1e-5);
            got.into_data().assert_approx_eq::<f32>(&expected.into_data(), tolerance);
        }
    }
}

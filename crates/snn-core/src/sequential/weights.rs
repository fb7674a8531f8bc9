//! Weights and biases of linear layers and convolutions, changed by channels or one by one.

use burn::module::Param;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor, TensorData};

use super::Layer;

/// The weights of a layer, to be changed.
pub(crate) enum Weights<'a> {
    Linear(&'a mut Linear),
    Conv2d(&'a mut Conv2d),
}

impl<'a> Weights<'a> {
    /// If the layer has some.
    pub(crate) fn of(layer: &'a mut Layer) -> Option<Self> {
        match layer {
            Layer::Linear(linear) => Some(Self::Linear(linear)),
            Layer::Conv2d(conv) => Some(Self::Conv2d(conv)),
            _ => None,
        }
    }

    /// Number of its outputs: of channels for a convolution.
    pub(crate) fn outputs(&self) -> usize {
        match self {
            Self::Linear(linear) => linear.weight.dims()[1],
            Self::Conv2d(conv) => conv.weight.dims()[0],
        }
    }

    /// The device that they are on.
    pub(crate) fn device(&self) -> Device {
        match self {
            Self::Linear(linear) => linear.weight.device(),
            Self::Conv2d(conv) => conv.weight.device(),
        }
    }

    /// The layer for inputs that are `scale` times as small, less `shift`: one number for each input
    /// channel.
    pub(crate) fn take_input(&mut self, scale: &[f32], shift: &[f32]) {
        let bias = match self {
            Self::Linear(linear) => {
                let (weight, device) = (linear.weight.val(), linear.weight.device());
                linear.weight = param(weight.clone() * row(scale, &device).transpose());
                row(shift, &device).matmul(weight).squeeze_dim::<1>(0)
            }
            Self::Conv2d(conv) => {
                let weight = conv.weight.val();
                conv.weight = param(weight.clone() * by_input(scale, conv));
                let products = weight * by_input(shift, conv);
                products.flatten::<2>(1, 3).sum_dim(1).squeeze_dim::<1>(1)
            }
        };
        if shift.iter().any(|shift| *shift != 0.0) {
            self.add_bias(bias);
        }
    }

    /// The layer for inputs that are all `scale` times as small. Biases stay.
    pub(crate) fn scale_input(&mut self, scale: f32) {
        match self {
            Self::Linear(linear) => linear.weight = param(linear.weight.val() * scale),
            Self::Conv2d(conv) => conv.weight = param(conv.weight.val() * scale),
        }
    }

    /// Its outputs times `scale`, one number for each of them.
    pub(crate) fn scale_output(&mut self, scale: &[f32]) {
        match self {
            Self::Linear(linear) => {
                let scale = row(scale, &linear.weight.device());
                linear.weight = param(linear.weight.val() * scale);
            }
            Self::Conv2d(conv) => {
                let scale = column(scale, &conv.weight.device()).reshape([-1, 1, 1, 1]);
                conv.weight = param(conv.weight.val() * scale);
            }
        }
        if let Some(bias) = self.bias() {
            *bias = param(bias.val() * column(scale, &bias.device()));
        }
    }

    /// Its outputs with `more` added, one number for each of them.
    pub(crate) fn add(&mut self, more: &[f32]) {
        self.add_bias(column(more, &self.device()));
    }

    /// Its biases divided by a number.
    pub(crate) fn divide_bias(&mut self, by: f64) {
        if let Some(bias) = self.bias() {
            *bias = param(bias.val() / by);
        }
    }

    /// Each weight and each bias as `f` has it. Reads from the device.
    pub(crate) fn map(&mut self, f: impl Fn(f64) -> f64) {
        match self {
            Self::Linear(linear) => linear.weight = mapped(&linear.weight, &f),
            Self::Conv2d(conv) => conv.weight = mapped(&conv.weight, &f),
        }
        if let Some(bias) = self.bias() {
            *bias = mapped(bias, f);
        }
    }

    fn add_bias(&mut self, more: Tensor<1>) {
        let bias = match self {
            Self::Linear(linear) => &mut linear.bias,
            Self::Conv2d(conv) => &mut conv.bias,
        };
        *bias = Some(param(match bias {
            Some(bias) => bias.val() + more,
            None => more,
        }));
    }

    fn bias(&mut self) -> Option<&mut Param<Tensor<1>>> {
        match self {
            Self::Linear(linear) => linear.bias.as_mut(),
            Self::Conv2d(conv) => conv.bias.as_mut(),
        }
    }
}

/// Weights, then biases of a layer that has some, in the order of their tensors. Reads from the device.
pub(crate) fn parameters(layer: &Layer) -> Vec<f64> {
    let (mut parameters, bias) = match layer {
        Layer::Linear(linear) => (values(&linear.weight), &linear.bias),
        Layer::Conv2d(conv) => (values(&conv.weight), &conv.bias),
        _ => (Vec::new(), &None),
    };
    parameters.extend(bias.iter().flat_map(values));
    parameters
}

fn values<const D: usize>(param: &Param<Tensor<D>>) -> Vec<f64> {
    param.val().into_data().iter::<f64>().collect()
}

/// `values` of each input channel where the weights of a convolution meet them.
fn by_input(values: &[f32], conv: &Conv2d) -> Tensor<4> {
    let [outputs, per_group, ..] = conv.weight.dims();
    let per_output = outputs / conv.groups;
    let first = |output: usize| output / per_output * per_group;
    let values = (0..outputs).flat_map(|output| &values[first(output)..][..per_group]);
    let values: Vec<f32> = values.copied().collect();
    Tensor::from_data(TensorData::new(values, [outputs, per_group, 1, 1]), &conv.weight.device())
}

fn row(values: &[f32], device: &Device) -> Tensor<2> {
    column(values, device).unsqueeze_dim(0)
}

fn column(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(values, device)
}

fn mapped<const D: usize>(old: &Param<Tensor<D>>, f: impl Fn(f64) -> f64) -> Param<Tensor<D>> {
    let changed: Vec<f64> = values(old).into_iter().map(f).collect();
    Param::from_tensor(Tensor::from_data(TensorData::new(changed, old.dims()), &old.device()))
}

fn param<const D: usize>(values: Tensor<D>) -> Param<Tensor<D>> {
    Param::from_tensor(values.detach())
}

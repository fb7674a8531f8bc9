//! Weights of linear layers and convolutions, scaled by channels.

use burn::module::Param;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor, TensorData};

use crate::sequential::Layer;

/// A layer with weights.
pub(super) struct Weights<'a>(&'a mut Layer);

impl<'a> Weights<'a> {
    /// If the layer has some.
    pub(super) fn of(layer: &'a mut Layer) -> Option<Self> {
        matches!(layer, Layer::Linear(_) | Layer::Conv2d(_)).then_some(Self(layer))
    }

    /// Number of its outputs: of channels for a convolution.
    pub(super) fn outputs(&self) -> usize {
        match &self.0 {
            Layer::Linear(linear) => linear.weight.dims()[1],
            Layer::Conv2d(conv) => conv.weight.dims()[0],
            _ => 0,
        }
    }

    /// The device that they are on.
    pub(super) fn device(&self) -> Device {
        match &self.0 {
            Layer::Linear(linear) => linear.weight.device(),
            Layer::Conv2d(conv) => conv.weight.device(),
            _ => Device::default(),
        }
    }

    /// The layer for inputs that are `scale` times as small, less `shift`: one number for each input
    /// channel.
    pub(super) fn take_input(&mut self, scale: &[f32], shift: &[f32]) {
        let bias = match &*self.0 {
            Layer::Linear(linear) => {
                let weight = linear.weight.val();
                row(shift, &weight.device()).matmul(weight).squeeze_dim::<1>(0)
            }
            Layer::Conv2d(conv) => {
                let shift = by_input(shift, conv);
                (conv.weight.val() * shift).flatten::<2>(1, 3).sum_dim(1).squeeze_dim::<1>(1)
            }
            _ => return,
        };
        match self.0 {
            Layer::Linear(linear) => {
                let scale = row(scale, &linear.weight.device()).transpose();
                linear.weight = param(linear.weight.val() * scale);
            }
            Layer::Conv2d(conv) => {
                conv.weight = param(conv.weight.val() * by_input(scale, conv));
            }
            _ => {}
        }
        if shift.iter().any(|shift| *shift != 0.0) {
            self.add_bias(bias);
        }
    }

    /// Its outputs times `scale`, one number for each of them.
    pub(super) fn scale_output(&mut self, scale: &[f32]) {
        let bias = match self.0 {
            Layer::Linear(linear) => {
                let scale = row(scale, &linear.weight.device());
                linear.weight = param(linear.weight.val() * scale);
                &mut linear.bias
            }
            Layer::Conv2d(conv) => {
                let outputs = column(scale, &conv.weight.device()).reshape([-1, 1, 1, 1]);
                conv.weight = param(conv.weight.val() * outputs);
                &mut conv.bias
            }
            _ => return,
        };
        if let Some(bias) = bias {
            *bias = param(bias.val() * column(scale, &bias.device()));
        }
    }

    /// Its outputs with `more` added, one number for each of them.
    pub(super) fn add(&mut self, more: &[f32]) {
        self.add_bias(column(more, &self.device()));
    }

    /// Its biases divided by a number.
    pub(super) fn divide_bias(&mut self, by: f64) {
        if let Some(bias) = self.bias()
            && let Some(values) = bias
        {
            *bias = Some(param(values.val() / by));
        }
    }

    fn add_bias(&mut self, more: Tensor<1>) {
        if let Some(bias) = self.bias() {
            *bias = Some(param(match bias {
                Some(bias) => bias.val() + more,
                None => more,
            }));
        }
    }

    fn bias(&mut self) -> Option<&mut Option<Param<Tensor<1>>>> {
        match self.0 {
            Layer::Linear(linear) => Some(&mut linear.bias),
            Layer::Conv2d(conv) => Some(&mut conv.bias),
            _ => None,
        }
    }
}

/// Whether all weights of a layer are finite. Reads from the device.
pub(super) fn are_finite(layer: &Layer) -> bool {
    fn finite<const D: usize>(param: &Param<Tensor<D>>) -> bool {
        param.val().into_data().iter::<f32>().all(f32::is_finite)
    }
    match layer {
        Layer::Linear(linear) => finite(&linear.weight) && linear.bias.iter().all(finite),
        Layer::Conv2d(conv) => finite(&conv.weight) && conv.bias.iter().all(finite),
        _ => true,
    }
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

fn param<const D: usize>(values: Tensor<D>) -> Param<Tensor<D>> {
    Param::from_tensor(values.detach())
}

//! Products with weights as operations of Burn's CPU backends, and their backward pass.

#![allow(deprecated, reason = "the ndarray backend is supported as long as Burn has it")]

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, TensorMetadata, backend_extension};

use super::conv2d::{self, Pooled};
use super::geometry::Geometry;
use super::{linear, max_pool2d, sum_pool2d};
use crate::kernel::slices::Slices;
use crate::kernel::sparse::worth_it;

/// The operations, of 32-bit numbers.
#[backend_extension(
    Autodiff,
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray")
)]
pub trait ProductBackend: Backend {
    /// `x · weight + bias`: `[R, K]`, `[K, N]`, `[1, N]`.
    fn product(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Output `[B, Cout, Ho, Wo]` of images `[B, Cin, H, W]`, weights `[Cout, Cin / groups, kh, kw]` and bias
    /// `[Cout]`; with a `pool`, the largest number of each of its windows.
    fn convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
        pool: Option<Geometry>,
    ) -> FloatTensor<Self>;

    /// The largest number of each window, `[B, C, Ho, Wo]` of `[B, C, H, W]`.
    fn max_pool(x: FloatTensor<Self>, geometry: Geometry) -> FloatTensor<Self>;

    /// The sum of each window times `factor`, `[B, C, Ho, Wo]` of `[B, C, H, W]`.
    fn sum_pool(x: FloatTensor<Self>, geometry: Geometry, factor: f32) -> FloatTensor<Self>;
}

impl<B: Slices> ProductBackend for B {
    fn product(x: FloatTensor<B>, weight: FloatTensor<B>, bias: FloatTensor<B>) -> FloatTensor<B> {
        let (rows, n) = (x.shape()[0], weight.shape()[1]);
        let out = B::with(x.clone(), |x| {
            let run =
                || B::with(weight.clone(), |w| B::with(bias.clone(), |b| linear::forward(x, w, b)));
            worth_it(x, n).then(run)
        });
        match out {
            Some(out) => B::tensor(out, &[rows, n]),
            None => B::float_add(B::float_matmul(x, weight), bias),
        }
    }

    fn convolution(
        x: FloatTensor<B>,
        weight: FloatTensor<B>,
        bias: FloatTensor<B>,
        geometry: Geometry,
        pool: Option<Geometry>,
    ) -> FloatTensor<B> {
        convolution::<B>(x, weight, bias, &geometry, pool.as_ref()).0
    }

    fn max_pool(x: FloatTensor<B>, geometry: Geometry) -> FloatTensor<B> {
        max_pool::<B>(x, &geometry).0
    }

    fn sum_pool(x: FloatTensor<B>, geometry: Geometry, factor: f32) -> FloatTensor<B> {
        let shape = pooled_shape::<B>(&x, &geometry);
        B::tensor(B::with(x, |x| sum_pool2d::forward(x, &geometry, factor)), &shape)
    }
}

/// Shape of images with so many places in place of pixels.
fn pooled_shape<B: Backend>(x: &FloatTensor<B>, geometry: &Geometry) -> [usize; 4] {
    [x.shape()[0], x.shape()[1], geometry.output[0], geometry.output[1]]
}

/// Output, and which number of each window of the pooling it is.
fn convolution<B: Slices>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
    geometry: &Geometry,
    pool: Option<&Geometry>,
) -> (FloatTensor<B>, Vec<u8>) {
    let [height, width] = pool.unwrap_or(geometry).output;
    let shape = [x.shape()[0], weight.shape()[0], height, width];
    let (out, largest) = B::with(x, |x| {
        B::with(weight, |weight| {
            B::with(bias, |bias| conv2d::forward(x, weight, bias, geometry, pool))
        })
    });
    (B::tensor(out, &shape), largest)
}

/// Output, and which number of each window it is.
fn max_pool<B: Slices>(x: FloatTensor<B>, geometry: &Geometry) -> (FloatTensor<B>, Vec<u8>) {
    let shape = pooled_shape::<B>(&x, geometry);
    let (out, largest) = B::with(x, |x| max_pool2d::forward(x, geometry));
    (B::tensor(out, &shape), largest)
}

/// `xᵀ · grad`
fn weight_gradient<B: Slices>(x: FloatTensor<B>, grad: FloatTensor<B>) -> FloatTensor<B> {
    let (inputs, n) = (x.shape()[1], grad.shape()[1]);
    let out = B::with(x.clone(), |x| {
        let run = || B::with(grad.clone(), |grad| linear::weight_gradient(x, grad, inputs));
        worth_it(x, n).then(run)
    });
    match out {
        Some(out) => B::tensor(out, &[inputs, n]),
        None => B::float_matmul(B::float_transpose(x), grad),
    }
}

#[derive(Debug)]
struct ProductBackward;

impl<B: Slices> Backward<B, 3> for ProductBackward {
    type State = [FloatTensor<B>; 2];

    fn backward(
        self,
        ops: Ops<[FloatTensor<B>; 2], 3>,
        grads: &mut Gradients,
        _: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let [x, weight] = ops.state;
        let [x_node, weight_node, bias_node] = ops.parents;
        if let Some(node) = bias_node {
            grads.register::<B>(node.id, B::float_sum_dim(grad.clone(), 0));
        }
        if let Some(node) = weight_node {
            grads.register::<B>(node.id, weight_gradient::<B>(x, grad.clone()));
        }
        if let Some(node) = x_node {
            grads.register::<B>(node.id, B::float_matmul(grad, B::float_transpose(weight)));
        }
    }
}

#[derive(Debug)]
struct ConvolutionBackward;

impl<B: Slices> Backward<B, 3> for ConvolutionBackward {
    type State = ([FloatTensor<B>; 2], Geometry, Option<(Geometry, Arc<[u8]>)>);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let ([x, weight], geometry, pool) = ops.state;
        let pooled = pool.as_ref().map(|(geometry, largest)| Pooled { geometry, largest });
        let (images, weights) = (x.shape(), weight.shape());
        let [x_node, weight_node, bias_node] = ops.parents;
        let wanted = x_node.is_some();
        let [g_x, g_weight, g_bias] = B::with(x, |x| {
            B::with(weight, |weight| {
                B::with(grad, |grad| conv2d::backward(x, weight, grad, &geometry, pooled, wanted))
            })
        });
        if let Some(node) = bias_node {
            grads.register::<B>(node.id, B::tensor(g_bias, &weights[..1]));
        }
        if let Some(node) = weight_node {
            grads.register::<B>(node.id, B::tensor(g_weight, &weights));
        }
        if let Some(node) = x_node {
            grads.register::<B>(node.id, B::tensor(g_x, &images));
        }
    }
}

#[derive(Debug)]
struct MaxPoolBackward;

impl<B: Slices> Backward<B, 1> for MaxPoolBackward {
    type State = (Arc<[u8]>, [usize; 4], Geometry);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (largest, shape, geometry) = ops.state;
        let [node] = ops.parents;
        let g_x = B::with(grad, |grad| max_pool2d::backward(grad, &largest, &geometry));
        if let Some(node) = node {
            grads.register::<B>(node.id, B::tensor(g_x, &shape));
        }
    }
}

#[derive(Debug)]
struct SumPoolBackward;

impl<B: Slices> Backward<B, 1> for SumPoolBackward {
    type State = ([usize; 4], Geometry, f32);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (shape, geometry, factor) = ops.state;
        let [node] = ops.parents;
        if let Some(node) = node {
            let g_x = B::with(grad, |grad| sum_pool2d::backward(grad, &geometry, factor));
            grads.register::<B>(node.id, B::tensor(g_x, &shape));
        }
    }
}

impl<B: Slices, C: CheckpointStrategy> ProductBackend for Autodiff<B, C> {
    fn product(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.into_primitive());
        let out = B::product(x.clone(), weight.clone(), bias);
        match ProductBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish([x, weight], out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
        pool: Option<Geometry>,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.into_primitive());
        let (out, largest) =
            convolution::<B>(x.clone(), weight.clone(), bias, &geometry, pool.as_ref());
        match ConvolutionBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let pool = pool.map(|pool| (pool, largest.into()));
                prep.finish(([x, weight], geometry, pool), out)
            }
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn max_pool(x: FloatTensor<Self>, geometry: Geometry) -> FloatTensor<Self> {
        let node = x.node();
        let x = x.into_primitive();
        let shape = x.shape();
        let shape = [shape[0], shape[1], shape[2], shape[3]];
        let (out, largest) = max_pool::<B>(x, &geometry);
        match MaxPoolBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((largest.into(), shape, geometry), out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn sum_pool(x: FloatTensor<Self>, geometry: Geometry, factor: f32) -> FloatTensor<Self> {
        let node = x.node();
        let x = x.into_primitive();
        let shape = x.shape();
        let shape = [shape[0], shape[1], shape[2], shape[3]];
        let out = B::sum_pool(x, geometry, factor);
        match SumPoolBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((shape, geometry, factor), out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }
}

//! Exact backpropagation through time that keeps one chunk of the graph at a time.
//!
//! Source: Chen, Xu, Zhang and Guestrin, *Training Deep Nets with Sublinear Memory Cost*, 2016.

use std::ops::Range;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Tensor;

use super::Carried;

/// Runs a sequence of `steps` time steps in chunks of `checkpoint_every`; the last one may be shorter.
/// Loss and gradients are those of the whole sequence in one piece, but of the graph no more than one
/// chunk is ever in memory: forward, only what goes on from chunk to chunk is kept; backward, each
/// chunk runs once more. The last chunk does not, so that one chunk costs nothing extra.
///
/// `run` takes the steps from the input and runs the network over them, from what the chunk before
/// handed on. `loss` is `[1]`, of what the last chunk hands on.
///
/// Best are chunks so long that the states between them take about as much memory as the graph of one:
/// some tens of steps to a hundred.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::{Device, Tensor};
/// use snn_core::neuron::LifConfig;
/// use snn_core::sequential::{SequentialConfig, SequentialState};
/// use snn_train::bptt::checkpointed_bptt;
///
/// let device = Device::default().autodiff();
/// let network = SequentialConfig::new()
///     .layer(LinearConfig::new(3, 5))
///     .layer(LifConfig::snntorch_leaky(0.9))
///     .init(&device)?;
/// let x = Tensor::<3>::ones([1000, 8, 3], &device); // [T, B, N]
///
/// let (loss, gradients, (_, counts)) = checkpointed_bptt(
///     &network,
///     1000,
///     50,
///     (SequentialState::default(), Tensor::<2>::zeros([8, 5], &device)),
///     |network, steps, (state, counts)| {
///         let (spikes, state) = network.forward::<3, 3>(x.clone().slice(steps), state);
///         (state, counts + spikes.sum_dim(0).squeeze_dim(0))
///     },
///     |(_, counts)| counts.sub_scalar(200.0).square().mean(),
/// );
/// // network = optimizer.step(0.1, network, gradients);
/// assert_eq!((loss.dims(), counts.dims()), ([1], [8, 5]));
/// # let _ = gradients;
/// # Ok::<(), snn_core::sequential::LayerError>(())
/// ```
///
/// What a layer draws at random (dropout) it would draw anew when a chunk runs again, and the gradient
/// be that of another network; what a layer counts (running statistics of a batch normalization) it
/// would count twice. Truncated backpropagation runs each chunk once.
///
/// Returns the loss without gradient, `[1]`, the gradients of the parameters, and what the last chunk
/// hands on, without gradient.
///
/// # Panics
///
/// If `steps` or `checkpoint_every` is zero; if the start is not on an autodiff device, or `run` hands
/// on another number of tensors than it took, except for the first chunk.
pub fn checkpointed_bptt<M: Module, S: Carried>(
    model: &M,
    steps: usize,
    checkpoint_every: usize,
    start: S,
    run: impl Fn(&M, Range<usize>, S) -> S,
    loss: impl FnOnce(S) -> Tensor<1>,
) -> (Tensor<1>, GradientsParams, S) {
    assert!(
        steps > 0 && checkpoint_every > 0,
        "cannot cut {steps} time steps into chunks of {checkpoint_every}"
    );
    let chunks: Vec<Range<usize>> = (0..steps)
        .step_by(checkpoint_every)
        .map(|first| first..steps.min(first + checkpoint_every))
        .collect();
    // A parameter that is drawn on first use would be drawn without a gradient, and for `model` too.
    model.visit(&mut Drawn);
    let constant = model.clone().no_grad();
    let mut starts = vec![start.map(&mut Tensor::detach)];
    for chunk in &chunks[..chunks.len() - 1] {
        let next = run(&constant, chunk.clone(), starts[starts.len() - 1].clone());
        starts.push(next);
    }

    let mut sum = GradientsAccumulator::new();
    let mut backward = |scalar: Tensor<1>, leaves: Vec<Tensor<1>>| -> Vec<Tensor<1>> {
        let gradients = scalar.backward();
        let of_leaf =
            |leaf: &Tensor<1>| leaf.grad(&gradients).unwrap_or_else(|| leaf.zeros_like().inner());
        let of_start = leaves.iter().map(of_leaf).collect();
        sum.accumulate(model, GradientsParams::from_grads(gradients, model));
        of_start
    };
    let last = chunks.len() - 1;
    let (start, leaves) = leaves(starts.swap_remove(last));
    let end = run(model, chunks[last].clone(), start);
    let result = end.clone().map(&mut Tensor::detach);
    let loss = loss(end);
    let mut gradients = backward(loss.clone(), leaves);
    for (chunk, start) in chunks.into_iter().zip(starts).rev() {
        let (start, leaves) = self::leaves(start);
        let rows = run(model, chunk, start).rows();
        assert_eq!(rows.len(), gradients.len(), "a chunk handed on another number of tensors");
        // Its gradient is what the gradients of the next chunk's start make of this chunk's end.
        let products =
            rows.into_iter().zip(gradients).map(|(row, gradient)| (row * gradient).sum());
        gradients = backward(Tensor::cat(products.collect(), 0).sum(), leaves);
    }
    (loss.detach(), sum.grads(), result)
}

/// Draws the parameters that are drawn on first use.
struct Drawn;

impl ModuleVisitor for Drawn {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        param.val();
    }
}

/// The same values as leaves of a new graph, and these leaves.
fn leaves<S: Carried>(start: S) -> (S, Vec<Tensor<1>>) {
    let mut leaves = Vec::new();
    let start = start.map(&mut |row| {
        let leaf = row.detach().require_grad();
        leaves.push(leaf.clone());
        leaf
    });
    (start, leaves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::{Device, TensorData};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use snn_core::neuron::{CubaLif, CubaLifConfig, CubaState, LifConfig, Neuron};
    use snn_core::{Decay, surrogate::Surrogate};

    #[derive(Module, Debug)]
    struct Network {
        linear: Linear,
        neurons: CubaLif,
        unused: Param<Tensor<1>>,
    }

    /// The same numbers in every run: a gradient that all but cancels out depends on the order of its sum.
    fn drawn<const D: usize>(dims: [usize; D], range: Range<f32>, device: &Device) -> Tensor<D> {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let numbers = (0..dims.iter().product()).map(|_| rng.random_range(range.clone()));
        Tensor::from_data(TensorData::new(numbers.collect::<Vec<f32>>(), dims), device)
    }

    fn network(device: &Device) -> Network {
        let mut linear = LinearConfig::new(3, 5).with_bias(false).init(device);
        linear.weight =
            linear.weight.map(|weight| drawn(weight.dims(), -0.6..0.6, device).require_grad());
        let lif = LifConfig::new(Decay::factor(0.9))
            .with_surrogate(Surrogate::FastSigmoid { slope: 2.0 })
            .with_learn_beta(true);
        Network {
            linear,
            neurons: CubaLifConfig::new(Decay::factor(0.8), lif).init(device).unwrap(),
            unused: Param::from_tensor(Tensor::ones([1], device)),
        }
    }

    type End = (CubaState<2>, Tensor<2>);

    fn chunk(network: &Network, x: Tensor<3>, (state, counts): End) -> End {
        let (spikes, state) = network.neurons.forward(network.linear.forward(x), state);
        (state, counts + spikes.sum_dim(0).squeeze_dim(0))
    }

    fn loss((state, counts): End) -> Tensor<1> {
        counts.sub_scalar(3.0).square().mean() + state.v.square().mean() + state.i.mean()
    }

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn loss_and_gradients_are_those_of_the_whole() {
        let device = Device::default().autodiff();
        let network = network(&device);
        let x = drawn([23, 4, 3], -1.0..2.0, &device);
        let start = || (CubaState::zeros([4, 5], &device), Tensor::zeros([4, 5], &device));

        let whole = loss(chunk(&network, x.clone(), start()));
        let expected_loss = values(whole.clone());
        let expected = GradientsParams::from_grads(whole.backward(), &network);
        let weight = |gradients: &GradientsParams| {
            let weight = values(gradients.get::<2>(network.linear.weight.id).unwrap());
            let beta = network.neurons.beta().param().unwrap().id;
            [weight, values(gradients.get::<1>(beta).unwrap())].concat()
        };
        let expected = weight(&expected);
        assert!(expected.iter().all(|x| x.abs() > 1e-4), "{expected:?}");
        for every in [1, 5, 22, 23, 100] {
            let (loss, gradients, (state, _)) = checkpointed_bptt(
                &network,
                23,
                every,
                start(),
                |network, steps, end| chunk(network, x.clone().slice(steps), end),
                loss,
            );
            let got = [values(loss), weight(&gradients)].concat();
            for (got, expected) in got.iter().zip(expected_loss.iter().chain(&expected)) {
                let limit = 1e-5 * expected.abs() + 1e-6;
                assert!((got - expected).abs() <= limit, "every {every}: {got}, {expected}");
            }
            assert!(!state.v.is_require_grad());
            assert!(gradients.get::<1>(network.unused.id).is_none());
        }
    }

    #[test]
    fn a_model_that_was_never_used_gets_its_gradients() {
        let device = Device::default().autodiff();
        let linear = LinearConfig::new(3, 5).init(&device);
        let x = Tensor::<3>::ones([9, 4, 3], &device);
        let start = Tensor::<2>::zeros([4, 5], &device);
        let (_, gradients, _) = checkpointed_bptt(
            &linear,
            9,
            2,
            start,
            |linear, steps, sum| {
                sum + linear.forward(x.clone().slice(steps)).sum_dim(0).squeeze_dim(0)
            },
            |sum| sum.mean(),
        );
        // The mean over 4 · 5 numbers of a sum of 9 steps: each weight acts on 4 of them.
        let expected = vec![9.0 * 4.0 / 20.0; 15];
        assert_eq!(values(gradients.get::<2>(linear.weight.id).unwrap()), expected);
    }

    #[test]
    #[should_panic(expected = "cannot cut 23 time steps into chunks of 0")]
    fn empty_chunks_are_refused() {
        let device = Device::default().autodiff();
        let start = Tensor::<1>::zeros([1], &device);
        checkpointed_bptt(&network(&device), 23, 0, start, |_, _, start| start, |end| end);
    }
}

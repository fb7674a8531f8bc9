//! Truncated backpropagation through time.
//!
//! Source: Williams and Peng, *An Efficient Gradient-Based Algorithm for On-Line Training of
//! Recurrent Network Trajectories*, Neural Computation 2, 1990.

use std::ops::Range;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Runs a sequence of `steps` time steps in chunks of `chunk`; the last one may be shorter. The
/// state goes on from chunk to chunk, so that the network does what it does in one piece, but its
/// gradient stops at the start of each chunk: memory grows with `chunk`, not with `steps`.
///
/// For each chunk, `run` takes the steps from the input (and from targets, if they change over time),
/// runs the network from the state and returns the loss of these steps, `[1]`, and the state after
/// them, **detached**: [`NeuronState::detach`](snn_core::neuron::NeuronState::detach). Then `update`
/// gets the gradients of this loss alone. It may step an optimizer, or add them up and step after the
/// sequence:
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::optim::{GradientsAccumulator, SgdConfig};
/// use burn::tensor::{Device, Tensor};
/// use snn_core::layer::time_distributed;
/// use snn_core::neuron::{LifConfig, Neuron, NeuronState};
/// use snn_train::bptt::truncated_bptt;
///
/// let device = Device::default().autodiff();
/// let linear = LinearConfig::new(3, 5).init(&device);
/// let lif = LifConfig::snntorch_leaky(0.9).init(&device)?;
/// let x = Tensor::<3>::ones([100, 8, 3], &device); // [T, B, N]
/// let mut optimizer = SgdConfig::new().init();
/// let mut sum = GradientsAccumulator::new();
///
/// let (linear, losses, state) = truncated_bptt(
///     linear,
///     100,
///     25,
///     lif.initial_state([8, 5], &device),
///     |linear, steps, state| {
///         let x = x.clone().slice(steps);
///         let current: Tensor<3> = time_distributed(x, |x: Tensor<2>| linear.forward(x));
///         let (spikes, state) = lif.forward(current, state);
///         (spikes.mean().sub_scalar(0.2).square(), state.detach())
///     },
///     |linear, gradients| {
///         sum.accumulate(&linear, gradients);
///         linear // or, without a sum: optimizer.step(0.1, linear, gradients)
///     },
/// );
/// let linear = optimizer.step(0.1, linear, sum.grads());
/// assert_eq!((losses.dims(), state.dims()), ([4], [8, 5]));
/// # let _ = linear;
/// # Ok::<(), snn_core::ConfigError>(())
/// ```
///
/// Of a padded batch, cut the mask as well: `&mask.clone().slice(steps)`. A recording that is over adds 0
/// to the loss of a chunk and to its gradient, see [`loss`](crate::loss#recordings-of-different-lengths).
///
/// In a Burn `TrainStep` the sum is what `TrainOutput::grads` takes.
///
/// Returns the model, the losses of the chunks without gradient, `[chunks]`, and the last state.
///
/// # Panics
///
/// If `steps` or `chunk` is zero; if the state is not detached, or the input is computed from
/// parameters outside of `run`: the second chunk would then need the graph of the first, which is
/// freed before the second is built.
pub fn truncated_bptt<M: Module, S>(
    mut model: M,
    steps: usize,
    chunk: usize,
    mut state: S,
    mut run: impl FnMut(&M, Range<usize>, S) -> (Tensor<1>, S),
    mut update: impl FnMut(M, GradientsParams) -> M,
) -> (M, Tensor<1>, S) {
    assert!(steps > 0 && chunk > 0, "cannot cut {steps} time steps into chunks of {chunk}");
    let mut losses = Vec::with_capacity(steps.div_ceil(chunk));
    for start in (0..steps).step_by(chunk) {
        let (loss, next) = run(&model, start..steps.min(start + chunk), state);
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        losses.push(loss.detach());
        model = update(model, gradients);
        state = next;
    }
    (model, Tensor::cat(losses, 0), state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Param;
    use burn::optim::{GradientsAccumulator, SgdConfig};
    use burn::tensor::Device;
    use snn_core::Decay;
    use snn_core::neuron::{Li, LiConfig, LifState, Neuron, NeuronState};

    const BETA: f64 = 0.5;
    const INPUT: [f32; 7] = [1.0, -2.0, 0.5, 3.0, 1.5, -1.0, 2.0];

    /// One leaky integrator behind one weight: `v[t] = β v[t-1] + w x[t]`.
    #[derive(Module, Debug)]
    struct Leaky {
        weight: Param<Tensor<1>>,
        readout: Li,
    }

    fn leaky(weight: f32) -> Leaky {
        let device = Device::default().autodiff();
        Leaky {
            weight: Param::from_tensor(Tensor::from_floats([weight], &device)),
            readout: LiConfig::new(Decay::factor(BETA)).init(&device).unwrap(),
        }
    }

    /// The sum of the membrane over the given steps, and the state after them, not detached.
    fn attached(
        leaky: &Leaky,
        steps: Range<usize>,
        state: LifState<1>,
    ) -> (Tensor<1>, LifState<1>) {
        let x = Tensor::<1>::from_floats(&INPUT[steps], &leaky.weight.device());
        let current = x.unsqueeze_dim::<2>(1) * leaky.weight.val().unsqueeze();
        let (v, state) = leaky.readout.forward(current, state);
        (v.sum(), state)
    }

    fn detached(
        leaky: &Leaky,
        steps: Range<usize>,
        state: LifState<1>,
    ) -> (Tensor<1>, LifState<1>) {
        let (loss, state) = attached(leaky, steps, state);
        (loss, state.detach())
    }

    fn rest() -> LifState<1> {
        LifState::zeros([1], &Device::default().autodiff())
    }

    fn values(tensor: Tensor<1>) -> Vec<f64> {
        tensor.into_data().iter::<f64>().collect()
    }

    /// Loss of each chunk and its derivative by `w`, which sees the inputs of the chunk only; `w` is
    /// `next(w, derivative)` for the next chunk. And the last membrane.
    fn by_hand(chunk: usize, mut w: f64, next: impl Fn(f64, f64) -> f64) -> (Vec<f64>, f64, f64) {
        let (mut losses, mut v, mut sum) = (Vec::new(), 0.0, 0.0);
        for x in INPUT.chunks(chunk) {
            let (mut loss, mut slope, mut dv) = (0.0, 0.0, 0.0);
            for x in x.iter().copied().map(f64::from) {
                v = BETA * v + w * x;
                dv = BETA * dv + x;
                loss += v;
                slope += dv;
            }
            losses.push(loss);
            sum += slope;
            w = next(w, slope);
        }
        (losses, sum, v)
    }

    #[test]
    fn losses_go_on_and_gradients_stop_at_every_chunk() {
        let mut gradients = Vec::new();
        for chunk in [1, 2, 3, 7, 10] {
            let mut sum = GradientsAccumulator::new();
            let (model, losses, state) =
                truncated_bptt(leaky(2.0), 7, chunk, rest(), detached, |model, gradients| {
                    sum.accumulate(&model, gradients);
                    model
                });
            let (expected, slope, v) = by_hand(chunk, 2.0, |w, _| w);
            // Sums of small multiples of 1 / 64: exact in 32 bits.
            assert_eq!(values(losses), expected, "chunks of {chunk}");
            assert_eq!(values(state.v), [v], "chunks of {chunk}");
            let gradient = sum.grads().get::<1>(model.weight.id).unwrap();
            assert_eq!(values(gradient), [slope], "chunks of {chunk}");
            gradients.push(slope);
        }
        // One chunk is full backpropagation through time, single steps see no past at all.
        assert_eq!(gradients[3], gradients[4]);
        assert_eq!(gradients[0], f64::from(INPUT.iter().sum::<f32>()));
        assert!(gradients[..3].iter().all(|slope| *slope != gradients[3]), "{gradients:?}");
    }

    #[test]
    fn an_optimizer_step_takes_effect_in_the_next_chunk() {
        let mut optimizer = SgdConfig::new().init();
        let (model, losses, _) =
            truncated_bptt(leaky(2.0), 7, 3, rest(), detached, |model, gradients| {
                optimizer.step(0.25, model, gradients)
            });
        let (expected, slope, _) = by_hand(3, 2.0, |w, slope| w - 0.25 * slope);
        assert_eq!(values(losses), expected);
        assert_eq!(values(model.weight.val()), [2.0 - 0.25 * slope]);
    }

    #[test]
    #[should_panic(expected = "graph tape has already been consumed")]
    fn a_state_that_is_not_detached_is_refused() {
        truncated_bptt(leaky(2.0), 7, 3, rest(), attached, |model, _| model);
    }

    #[test]
    #[should_panic(expected = "cannot cut 7 time steps into chunks of 0")]
    fn empty_chunks_are_refused() {
        truncated_bptt(leaky(2.0), 7, 0, rest(), detached, |model, _| model);
    }
}

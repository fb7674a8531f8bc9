//! Truncated backpropagation through time against one graph over the whole sequence.

use std::ops::Range;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData, Tolerance};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use snn::core::neuron::{CubaState, LifState};
use snn::core::recurrent::{Connection, Dense, RecurrentState};
use snn::prelude::*;
use snn::train::bptt::truncated_bptt;

use crate::{test_device, values};

const STEPS: usize = 12;
const BATCH: usize = 3;
const NEURONS: usize = 6;

#[derive(Module, Debug)]
struct Network {
    input: Linear,
    hidden: Recurrent<CubaLif>,
    readout: Li,
}

type State = (RecurrentState<CubaState<2>, 2>, LifState<2>);

impl Network {
    fn new(device: &Device) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let mut numbers = |low: f32, high: f32, shape: [usize; 2]| {
            let n = shape[0] * shape[1];
            let draws: Vec<f32> = (0..n).map(|_| rng.random_range(low..high)).collect();
            Param::from_tensor(Tensor::from_data(TensorData::new(draws, shape), device))
        };
        let cuba = CubaLifConfig::new(
            Decay::factor(0.6),
            LifConfig::new(Decay::factor(0.8)).with_learn_beta(true).with_detach_reset(false),
        );
        let cuba = cuba.init(device).unwrap();
        let weight = numbers(-0.5, 0.5, [NEURONS, NEURONS]).val();
        let connection = Connection::Dense(Dense::new(weight, None, true));
        let mut network = Self {
            input: LinearConfig::new(2, NEURONS).with_bias(false).init(device),
            hidden: Recurrent { neuron: cuba, connection },
            readout: LiConfig::new(Decay::factor(0.9)).init(device).unwrap(),
        };
        network.input.weight = numbers(-0.2, 0.6, [2, NEURONS]);
        network
    }

    fn rest(&self, device: &Device) -> State {
        let shape = [BATCH, NEURONS];
        (self.hidden.initial_state(shape, device), self.readout.initial_state(shape, device))
    }

    /// Spikes and their loss over some steps, and the state after them.
    fn run(&self, x: Tensor<3>, (hidden, readout): State) -> (Tensor<3>, Tensor<1>, State) {
        let (spikes, hidden) = self.hidden.forward(self.input.forward(x), hidden);
        let (v, readout) = self.readout.forward(spikes.clone(), readout);
        (spikes, v.square().sum(), (hidden, readout))
    }
}

fn detach((hidden, readout): State) -> State {
    (hidden.detach(), readout.detach())
}

/// Input with ones now and then.
fn input(device: &Device) -> Tensor<3> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let shape = [STEPS, BATCH, 2];
    let draws = (0..shape.iter().product()).map(|_| f32::from(rng.random_bool(0.7)));
    Tensor::from_data(TensorData::new(draws.collect(), shape), device)
}

/// All gradients, parameter by parameter.
fn gradients(network: &Network, gradients: &GradientsParams) -> Vec<Vec<f32>> {
    struct Read<'a>(&'a GradientsParams, Vec<Vec<f32>>);

    impl ModuleVisitor for Read<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let id: ParamId = param.id;
            self.1.push(values(self.0.get::<D>(id).expect("a gradient of every parameter")));
        }
    }

    let mut read = Read(gradients, Vec::new());
    network.visit(&mut read);
    read.1
}

fn steps_of(chunk: usize) -> impl Iterator<Item = Range<usize>> {
    (0..STEPS).step_by(chunk).map(move |start| start..STEPS.min(start + chunk))
}

#[test]
fn chunks_do_what_one_graph_does_with_the_state_detached_between_them() {
    let device = test_device().autodiff();
    let (network, x) = (Network::new(&device), input(&device));
    let close = |got: &[f32], expected: &[f32], what: &str| {
        let data = |values: &[f32]| TensorData::from(values);
        println!("{what}");
        data(got).assert_approx_eq::<f32>(&data(expected), Tolerance::rel_abs(1e-4, 1e-5));
    };
    let (whole, loss, _) = network.run(x.clone(), network.rest(&device));
    let full = GradientsParams::from_grads(loss.backward(), &network);
    let (whole, loss, full) = (values(whole), values(loss)[0], gradients(&network, &full));
    let rate = whole.iter().sum::<f32>() / whole.len() as f32;
    assert!((0.05..0.6).contains(&rate), "{rate} spikes per neuron and step");

    let mut truncated = Vec::new();
    for chunk in [1, 3, 5, STEPS] {
        let (mut spikes, mut sum) = (Vec::new(), GradientsAccumulator::new());
        let rest = network.rest(&device);
        let (_, losses, _) = truncated_bptt(
            network.clone(),
            STEPS,
            chunk,
            rest.clone(),
            |network, steps, state| {
                let (z, loss, state) = network.run(x.clone().slice(steps), state);
                spikes.extend(values(z));
                (loss, detach(state))
            },
            |network, gradients| {
                sum.accumulate(&network, gradients);
                network
            },
        );
        assert_eq!(spikes, whole, "chunks of {chunk}");
        close(&[values(losses).iter().sum()], &[loss], "the sum of the losses");

        let (mut loss, mut state) = (Tensor::zeros([1], &device), rest);
        for steps in steps_of(chunk) {
            let (_, more, next) = network.run(x.clone().slice(steps), state);
            (loss, state) = (loss + more, detach(next));
        }
        let expected = GradientsParams::from_grads(loss.backward(), &network);
        let (got, expected) = (gradients(&network, &sum.grads()), gradients(&network, &expected));
        assert_eq!(got.len(), 3, "input weights, recurrent weights, decay");
        for (got, expected) in got.iter().zip(&expected) {
            close(got, expected, &format!("gradients for chunks of {chunk}"));
        }
        truncated.push(got);
    }
    for (got, expected) in truncated[3].iter().zip(&full) {
        close(got, expected, "gradients of one chunk, against full backpropagation");
    }
    // What is cut off matters.
    let far = |(a, b): (&f32, &f32)| (a - b).abs() > 0.01 * b.abs().max(0.1);
    for short in &truncated[..3] {
        assert!(short.concat().iter().zip(&full.concat()).filter(|pair| far(*pair)).count() > 20);
    }
}

//! What must hold for every neuron.

use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use snn::core::neuron::{Neuron, NeuronState};

use super::reference::{Spikes, Trace};
use super::{Subject, Visit, each};
use crate::{test_device, values};

const NEURONS: usize = 2;

/// Inputs of each neuron over time, `[N][T]`.
fn inputs(steps: usize, (low, high): (f32, f32), seed: u64) -> Vec<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = || f64::from(rng.random_range(low..high));
    (0..NEURONS).map(|_| (0..steps).map(|_| draw()).collect()).collect()
}

/// `[N][T]` as `[T, 1, N]`.
fn sequence(x: &[Vec<f64>], device: &Device) -> Tensor<3> {
    let steps = x[0].len();
    let values: Vec<f64> = (0..steps).flat_map(|t| x.iter().map(move |x| x[t])).collect();
    Tensor::from_data(TensorData::new(values, [steps, 1, x.len()]), device)
}

impl<N: Neuron> Subject<N> {
    /// The references of all neurons; `around` earlier runs, or spiking for good.
    fn run(&self, p: &[f64], x: &[Vec<f64>], around: &[Spikes]) -> Vec<(Trace, Spikes)> {
        let run = |(n, x): (usize, &Vec<f64>)| {
            let mut spikes = around.get(n).map_or_else(Spikes::default, Spikes::around);
            ((self.reference)(p, x, &mut spikes), spikes)
        };
        x.iter().enumerate().map(run).collect()
    }

    /// Inputs that keep every membrane `margin` away from its threshold.
    fn clear_inputs(&self, steps: usize, margin: f64) -> Vec<Vec<f64>> {
        let clear = |x: &Vec<Vec<f64>>| {
            self.run(&self.learned, x, &[]).iter().all(|(_, spikes)| spikes.margin() > margin)
        };
        let mut candidates = (1..400).map(|seed| inputs(steps, self.input, seed));
        candidates.find(clear).unwrap_or_else(|| panic!("{}: no clear input", self.name))
    }

    fn record(&self, x: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
        let rest = self.neuron.initial_state([1, NEURONS], &x.device());
        let (z, states) = self.neuron.record::<3, 2>(x, rest);
        (z, states.v().clone())
    }
}

/// `[N]` traces as rows of time.
fn rows(runs: &[(Trace, Spikes)], pick: impl Fn(&(f64, f64)) -> f64) -> Vec<f64> {
    let steps = runs[0].0.len();
    let at = |t: usize| runs.iter().map(move |(trace, _)| trace[t]);
    (0..steps).flat_map(at).map(|pair| pick(&pair)).collect()
}

struct Values {
    device: Device,
}

impl Visit for Values {
    fn visit<N: Neuron>(&mut self, subject: Subject<N>) {
        let name = subject.name;
        let largest = subject.input.1.abs().max(1.0);
        let x = subject.clear_inputs(1000, 2.0 * subject.tolerance * f64::from(largest));
        let runs = subject.run(&subject.learned, &x, &[]);
        let (z, v) = subject.record(sequence(&x, &self.device));
        let spikes = rows(&runs, |(z, _)| *z);
        assert!(spikes.iter().sum::<f64>() > 10.0, "{name}: hardly a spike");
        assert_eq!(values(z).into_iter().map(f64::from).collect::<Vec<_>>(), spikes, "{name}");
        let expected = rows(&runs, |(_, v)| *v);
        let scale = expected.iter().fold(1.0, |largest: f64, v| largest.max(v.abs()));
        for (k, (got, expected)) in values(v).into_iter().zip(expected).enumerate() {
            let error = (f64::from(got) - expected).abs();
            assert!(
                error < subject.tolerance * scale,
                "{name}: step {}: {got}, {expected}",
                k / NEURONS
            );
        }
    }
}

#[test]
fn a_thousand_steps_agree_with_a_64_bit_reference() {
    let device = test_device();
    each(&device, &mut Values { device: device.clone() });
}

struct Gradients {
    device: Device,
}

/// Fixed weights of the loss, of both signs and unrelated to the data.
fn weight(k: usize) -> f64 {
    (1.7 * k as f64 + 0.3).sin()
}

impl Visit for Gradients {
    fn visit<N: Neuron>(&mut self, subject: Subject<N>) {
        const STEPS: usize = 14;
        let (name, h) = (subject.name, 1e-5);
        let steps = if name == "Izhikevich" { 60 } else { STEPS };
        let x = subject.clear_inputs(steps, 1e-3);
        let around: Vec<Spikes> =
            subject.run(&subject.learned, &x, &[]).into_iter().map(|(_, spikes)| spikes).collect();
        let loss = |p: &[f64], x: &[Vec<f64>]| -> f64 {
            let runs = subject.run(p, x, &around);
            let (z, v) = (rows(&runs, |(z, _)| *z), rows(&runs, |(_, v)| *v));
            let terms = z.iter().zip(&v).enumerate();
            terms.map(|(k, (z, v))| weight(k) * z + weight(k + 1000) * v).sum()
        };

        let input = sequence(&x, &self.device).require_grad();
        let (z, v) = subject.record(input.clone());
        let weights = |offset: usize| {
            let weights: Vec<f64> = (0..steps * NEURONS).map(|k| weight(k + offset)).collect();
            Tensor::from_data(TensorData::new(weights, [steps, 1, NEURONS]), &self.device)
        };
        let total = (z * weights(0)).sum() + (v * weights(1000)).sum();
        let gradients = total.backward();
        let check = |what: String, got: f32, expected: f64, scale: f64| {
            let error = (f64::from(got) - expected).abs();
            assert!(error < 2e-4 * scale.max(1.0), "{name}: {what} is {got}, not {expected}");
        };

        let expected: Vec<f64> = (0..steps * NEURONS)
            .map(|k| {
                let at = |h: f64| {
                    let mut x = x.clone();
                    x[k % NEURONS][k / NEURONS] += h;
                    loss(&subject.learned, &x)
                };
                (at(h) - at(-h)) / (2.0 * h)
            })
            .collect();
        let scale = expected.iter().fold(0.0, |largest: f64, g| largest.max(g.abs()));
        let got = values(input.grad(&gradients).unwrap());
        for (k, (got, expected)) in got.into_iter().zip(expected).enumerate() {
            check(format!("d loss / d x[{k}]"), got, expected, scale);
        }
        let coefficients = (subject.coefficients)(&subject.neuron);
        assert_eq!(coefficients.len(), subject.learned.len());
        for (index, coefficient) in coefficients.into_iter().enumerate() {
            let param = coefficient.param().unwrap().val();
            let at = |h: f64| {
                let mut p = subject.learned.clone();
                p[index] += h;
                loss(&p, &x)
            };
            let expected = (at(h) - at(-h)) / (2.0 * h);
            let got = values(param.grad(&gradients).unwrap())[0];
            check(format!("d loss / d parameter {index}"), got, expected, expected.abs());
        }
    }
}

#[test]
fn gradients_are_those_of_a_smooth_stand_in() {
    let device = test_device().autodiff();
    each(&device, &mut Gradients { device: device.clone() });
}

struct Chunks {
    device: Device,
}

impl Visit for Chunks {
    fn visit<N: Neuron>(&mut self, subject: Subject<N>) {
        let Subject { name, neuron, input, .. } = &subject;
        let samples = [11, 12, 13].map(|seed| sequence(&inputs(40, *input, seed), &self.device));
        let batch = Tensor::cat(samples.to_vec(), 1);
        let rest = || neuron.initial_state([3, NEURONS], &self.device);
        let (whole, last) = neuron.forward::<3, 2>(batch.clone(), rest());

        let (mut state, mut start, mut parts) = (rest(), 0, Vec::new());
        for length in [1, 7, 20, 12] {
            let (part, next) = neuron.forward(batch.clone().narrow(0, start, length), state);
            parts.push(part);
            (state, start) = (next.detach(), start + length);
        }
        assert_eq!(values(Tensor::cat(parts, 0)), values(whole.clone()), "{name} in chunks");
        for (part, whole) in state.tensors().into_iter().zip(last.tensors()) {
            assert_eq!(values(part.clone()), values(whole.clone()), "{name}: state of chunks");
        }

        for (index, sample) in samples.into_iter().enumerate() {
            let rest = neuron.initial_state([1, NEURONS], &self.device);
            let (alone, _) = neuron.forward::<3, 2>(sample, rest);
            assert_eq!(values(whole.clone().narrow(1, index, 1)), values(alone), "{name} alone");
        }
    }
}

#[test]
fn chunks_equal_one_pass_and_samples_do_not_see_each_other() {
    let device = test_device();
    each(&device, &mut Chunks { device: device.clone() });
}

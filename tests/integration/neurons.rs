//! What holds for every neuron, whatever its equation.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use proptest::prelude::*;
use snn::core::neuron::{CubaLifConfig, LiConfig, LifConfig, Neuron, NeuronState, NorseParameters};
use snn::core::recurrent::{Connection, ConvRecurrentConfig, RecurrentConfig};
use snn::core::{Decay, Values};

use crate::linear::reference::Trace;
use crate::linear::{Own, inputs, layers, sequence};
use crate::{test_device, values};

#[test]
fn a_thousand_steps_agree_with_a_64_bit_reference() {
    let device = test_device();
    // Closer to the threshold than 32 bits resolve, either answer is right, and the two part ways.
    let clear = |trace: &Trace| trace.u.iter().flatten().all(|u| u.abs() > 3e-6);
    // Values do not depend on where the gradient of a reset goes.
    for layer in layers().into_iter().filter(|layer| layer.detach_reset || layer.alpha.is_some()) {
        let mut candidates = (1..50).map(|seed| inputs(1000, 2, seed));
        let x = candidates.find(|x| clear(&layer.run(x, None))).unwrap();
        let expected = layer.run(&x, None);
        let (z, v) = Own::new(&layer, &device).record(sequence(&x, &device));
        let spikes = expected.z.concat();
        assert_eq!(values(z).into_iter().map(f64::from).collect::<Vec<_>>(), spikes, "{layer:?}");
        assert!(spikes.contains(&1.0), "{layer:?}");
        for (step, (got, expected)) in values(v).into_iter().zip(expected.v.concat()).enumerate() {
            let error = (f64::from(got) - expected).abs();
            assert!(
                error < 2e-6 * (1.0 + expected.abs()),
                "step {step}: {got}, {expected}: {layer:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn state_carried_over_chunks_equals_one_pass(
        lengths in prop::collection::vec(1usize..9, 1..6),
        seed in 0u64..1000,
    ) {
        let device = test_device();
        let lif = CubaLifConfig::norse_lif_recurrent(NorseParameters {
            v_th: 0.3,
            ..Default::default()
        });
        let neuron = RecurrentConfig::new(3).init(lif.init(&device).unwrap(), &device).unwrap();
        let x = sequence(&inputs(lengths.iter().sum(), 3, seed), &device);
        let (whole, last) = neuron.forward(x.clone(), neuron.initial_state([1, 3], &device));

        let (mut state, mut start) = (neuron.initial_state([1, 3], &device), 0);
        let mut parts = Vec::new();
        for length in lengths {
            let (part, next) = neuron.forward(x.clone().narrow(0, start, length), state);
            parts.push(part);
            (state, start) = (next, start + length);
        }
        prop_assert_eq!(values(Tensor::cat(parts, 0)), values(whole));
        prop_assert_eq!(values(state.neuron.v), values(last.neuron.v));
    }
}

#[test]
fn a_detached_state_ends_the_gradient_and_keeps_the_values() {
    let device = test_device().autodiff();
    let lif = CubaLifConfig::norse_lif_recurrent(NorseParameters::default());
    let neuron = RecurrentConfig::new(2).init(lif.init(&device).unwrap(), &device).unwrap();
    let chunks = [3, 4].map(|seed| sequence(&inputs(5, 2, seed), &device).require_grad());
    let rest = neuron.initial_state([1, 2], &device);
    let (_, state) = neuron.forward(chunks[0].clone(), rest);
    let detached = state.clone().detach();
    assert_eq!(values(detached.neuron.v.clone()), values(state.neuron.v.clone()));

    let (_, states) = neuron.record(chunks[1].clone(), detached);
    let gradients = states.neuron.v.sum().backward();
    assert!(chunks[0].grad(&gradients).is_none());
    assert!(chunks[1].grad(&gradients).is_some());
    let (_, states) = neuron.record(chunks[1].clone(), state);
    assert!(chunks[0].grad(&states.neuron.v.sum().backward()).is_some());
}

#[test]
fn samples_of_a_batch_do_not_see_each_other() {
    let device = test_device();
    let neuron = CubaLifConfig::snntorch_synaptic(0.8, 0.7).init(&device).unwrap();
    let samples = [1, 2, 3].map(|seed| sequence(&inputs(20, 4, seed), &device));
    let batch = Tensor::cat(samples.to_vec(), 1);
    let (together, _) = neuron.forward(batch, neuron.initial_state([3, 4], &device));
    for (index, sample) in samples.into_iter().enumerate() {
        let (alone, _) = neuron.forward(sample, neuron.initial_state([1, 4], &device));
        assert_eq!(values(together.clone().narrow(1, index, 1)), values(alone));
    }
}

#[test]
fn maps_of_any_rank_run_like_flat_ones_and_decays_go_by_channel() {
    let device = test_device();
    let (steps, channels, pixels) = (12, 2, 6);
    let x = inputs(steps, channels * pixels, 5).concat();
    let maps: Tensor<5> =
        Tensor::from_data(TensorData::new(x, [steps, 1, channels, 2, 3]), &device);
    let config = LifConfig::snntorch_leaky(vec![0.5, 0.95]);
    let neuron = config.init(&device).unwrap();
    let rest = neuron.initial_state([1, channels, 2, 3], &device);
    let (spikes, state) = neuron.forward(maps.clone(), rest);
    assert_eq!(spikes.dims(), [steps, 1, channels, 2, 3]);
    assert_eq!(state.v.dims(), [1, channels, 2, 3]);
    for (channel, beta) in [0.5, 0.95].into_iter().enumerate() {
        let flat = maps.clone().narrow(2, channel, 1).reshape([steps, 1, pixels]);
        let alone = LifConfig::snntorch_leaky(beta).init(&device).unwrap();
        let (expected, _) = alone.forward(flat, alone.initial_state([1, pixels], &device));
        assert_eq!(values(spikes.clone().narrow(2, channel, 1)), values(expected));
    }
}

/// Sets all parameters to a value.
struct Fill(f64);

impl ModuleMapper for Fill {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor.full_like(self.0).require_grad())
    }
}

#[test]
fn a_learned_decay_that_overshoots_is_used_at_the_limit_and_can_come_back() {
    let device = test_device().autodiff();
    let config = LiConfig::new(Decay::factor(0.9)).with_learn_beta(true);
    // What an optimizer step too far would leave behind.
    let neuron = config.init(&device).unwrap().map(&mut Fill(1.25));
    let x = sequence(&[vec![1.0], vec![0.0]], &device);
    let (v, _) = neuron.forward(x, neuron.initial_state([1, 1], &device));
    assert_eq!(values(v.clone()), [1.0, 1.0]);
    let gradients = v.sum().backward();
    let beta = neuron.beta().param().unwrap().val();
    assert_eq!(values(beta.grad(&gradients).unwrap()), [1.0]);
}

#[test]
fn only_the_strongest_neuron_spikes_under_inhibition() {
    let device = test_device();
    let neuron = LifConfig::snntorch_leaky(0.5).with_inhibition(true).init(&device).unwrap();
    let x = sequence(&[vec![1.2, 1.8, 1.8, 0.3]], &device);
    let (z, _) = neuron.forward(x, neuron.initial_state([1, 4], &device));
    assert_eq!(values(z), [0.0, 1.0, 0.0, 0.0]);
}

#[test]
fn iaf_counts_and_forgets_nothing() {
    let device = test_device();
    let neuron = LifConfig::iaf().init(&device).unwrap();
    let x = sequence(&vec![vec![0.375]; 9], &device);
    let (z, state) = neuron.forward(x, neuron.initial_state([1, 1], &device));
    assert_eq!(values(z), [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    assert_eq!(values(state.v), [0.375]);
}

#[test]
fn coefficients_report_what_is_used() {
    let device = test_device();
    let config =
        LifConfig::new(Decay::exact(vec![10.0, 20.0], 1.0)).with_threshold(Values::One(0.5));
    let neuron = config.init(&device).unwrap();
    assert_eq!(neuron.threshold().values(), [0.5]);
    let beta = neuron.beta().values();
    assert!((beta[0] - (-0.1f32).exp()).abs() < 1e-6 && (beta[1] - (-0.05f32).exp()).abs() < 1e-6);
}

#[test]
fn a_convolutional_recurrence_is_the_sum_over_its_kernel() {
    let device = test_device();
    let (steps, channels, height, width) = (12, 2, 3, 2);
    let lif = LifConfig::new(Decay::factor(0.8)).init(&device).unwrap();
    let mut neuron = ConvRecurrentConfig::new(channels, [3, 1]).init(lif, &device).unwrap();
    let draws = inputs(3, channels * channels, 9).concat();
    let kernel = |to: usize, from: usize, dy: usize| draws[(to * channels + from) * 3 + dy];
    let bias = [0.1, -0.05];
    if let Connection::Conv2d(conv) = &mut neuron.connection {
        let data = TensorData::new(draws.clone(), [channels, channels, 3, 1]);
        conv.weight = Param::from_tensor(Tensor::from_data(data, &device));
        conv.bias = Some(Param::from_tensor(Tensor::from_data(bias.as_slice(), &device)));
    }
    let x = inputs(steps, channels * height * width, 4);
    let shape = [steps, 1, channels, height, width];
    let maps: Tensor<5> = Tensor::from_data(TensorData::new(x.concat(), shape), &device);
    let rest = neuron.initial_state([1, channels, height, width], &device);
    let (spikes, states) = neuron.record::<5, 4>(maps, rest);

    let at = |c: usize, y: usize, x: usize| (c * height + y) * width + x;
    let (mut z, mut v) = (vec![0.0; x[0].len()], vec![0.0; x[0].len()]);
    let (mut all_z, mut all_v) = (Vec::new(), Vec::new());
    for x in &x {
        let last = z.clone();
        for (c, bias) in bias.iter().enumerate() {
            for (row, column) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                let mut current = x[at(c, row, column)] + bias;
                for (from, dy) in (0..channels).flat_map(|c| (0..3).map(move |dy| (c, dy))) {
                    if (1..=height).contains(&(row + dy)) {
                        current += kernel(c, from, dy) * last[at(from, row + dy - 1, column)];
                    }
                }
                let n = at(c, row, column);
                v[n] = 0.8 * v[n] + current;
                z[n] = f64::from(v[n] > 1.0);
                v[n] -= z[n];
            }
        }
        all_z.extend(z.iter().map(|z| *z as f32));
        all_v.extend_from_slice(&v);
    }
    assert!(all_z.iter().sum::<f32>() > 10.0);
    assert_eq!(values(spikes), all_z);
    for (got, expected) in values(states.neuron.v).into_iter().zip(all_v) {
        assert!((f64::from(got) - expected).abs() < 1e-5, "{got}, {expected}");
    }
}

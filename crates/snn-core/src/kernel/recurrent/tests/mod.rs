//! Recurrent sequences in one operation against the same step by step: values and gradients.

#[cfg(feature = "rayon")]
mod threads;

use burn::tensor::{Device, Gradients, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::super::tests::{
    ORDERS, Outcome, SPIKE_TESTS, base, compare, numbers, outcome, resets, steps, values,
};
use super::super::{composite, forward, linear, record};
use crate::coefficient::{Coefficient, Values};
use crate::decay::Decay;
use crate::neuron::{
    CubaLi, CubaLiConfig, CubaLif, CubaLifConfig, InputGain, Li, LiConfig, Lif, LifConfig, Neuron,
    NeuronState,
};
use crate::recurrent::{Connection, Dense, OneToOneConfig, Recurrent, RecurrentConfig};
use crate::surrogate::SurrogateUnit;

/// Multiples of 1/64, whose sums are the same in whatever order: so are the spikes that they lead to.
fn grid<const D: usize>(shape: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let count = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|_| rng.random_range(-24..24) as f32 / 64.0).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn dense(size: usize, bias: bool, autapses: bool, device: &Device) -> Dense {
    let bias = bias.then(|| grid([size], 41, device));
    Dense::new(grid([size, size], 40, device), bias, autapses)
}

fn recurrent<N: Neuron>(neuron: N, dense: Dense) -> Recurrent<N> {
    Recurrent { neuron, connection: Connection::Dense(dense) }
}

/// Gradients of weights and bias.
fn of_connection<N: Neuron>(neuron: &Recurrent<N>, gradients: &Gradients) -> Outcome {
    let Connection::Dense(dense) = &neuron.connection else { unreachable!() };
    let weight = dense.linear.weight.val().grad(gradients).unwrap();
    let bias = dense.linear.bias.as_ref().map(|bias| bias.val().grad(gradients).unwrap());
    let mut all = vec![("d weight".into(), values(weight))];
    all.extend(bias.map(|bias| ("d bias".into(), values(bias))));
    all
}

/// Both ways give the same. Returns how many spikes there were.
fn agree<N: Neuron>(
    what: &str,
    neuron: &Recurrent<N>,
    learned: &[&Coefficient],
    shape: [usize; 3],
    spikes: bool,
) -> f32 {
    let x = numbers(shape, 1, &Device::default());
    assert!(linear(neuron, &x).is_some_and(|linear| linear.connection.is_some()), "{what}");
    let [fused, expected] = [true, false].map(|fused| {
        outcome::<_, 3, 2>(neuron, learned, shape, fused, |gradients| {
            of_connection(neuron, gradients)
        })
    });
    compare(what, &fused, &expected, spikes);
    fused[0].1.iter().sum()
}

fn lif(what: &str, config: &LifConfig, shape: [usize; 3]) -> f32 {
    let device = Device::default().autodiff();
    let dense = dense(shape[2], true, true, &device);
    let neuron = recurrent::<Lif>(config.init(&device).unwrap(), dense);
    let learned = [neuron.neuron.beta(), neuron.neuron.threshold()];
    agree(what, &neuron, &learned, shape, true)
}

#[test]
fn every_reset_agrees() {
    let mut spikes = 0.0;
    for (what, config) in resets() {
        spikes += lif(&what, &config, [steps(), 2, 3]);
    }
    assert!(spikes > 200.0, "too few spikes to test anything: {spikes}");
}

#[test]
fn every_spike_test_agrees() {
    for test in SPIKE_TESTS {
        for unit in [SurrogateUnit::Membrane, SurrogateUnit::Threshold] {
            let config = base()
                .with_threshold(Values::One(0.45))
                .with_spike_test(test)
                .with_surrogate_unit(unit)
                .with_v_min(Some(-1.5))
                .with_detach_reset(false);
            lif(&format!("{test:?}, {unit:?}"), &config, [steps(), 2, 3]);
        }
    }
}

#[test]
fn every_shape_agrees() {
    for steps in [1, 2, 15, 16, 17, 40] {
        lif(&format!("{steps} steps"), &base(), [steps, 1, 2]);
    }
    for batch in [1, 5, 33] {
        lif(&format!("batch of {batch}"), &base(), [9, batch, 5]);
    }
    for size in [1, 16, 31, 32, 33, 70] {
        lif(&format!("{size} neurons"), &base(), [9, 3, size]);
    }
}

#[test]
fn every_connection_agrees() {
    let device = Device::default().autodiff();
    for bias in [true, false] {
        for autapses in [true, false] {
            let neuron: Lif = base().init(&device).unwrap();
            let neuron = recurrent(neuron, dense(7, bias, autapses, &device));
            let learned = [neuron.neuron.beta(), neuron.neuron.threshold()];
            agree(&format!("{bias}, {autapses}"), &neuron, &learned, [18, 3, 7], true);
        }
    }
    let neuron = RecurrentConfig::new(40).init(base().init(&device).unwrap(), &device).unwrap();
    let learned = [neuron.neuron.beta(), neuron.neuron.threshold()];
    let spikes = agree("random weights", &neuron, &learned, [20, 4, 40], true);
    assert!(spikes > 100.0, "too few spikes to test anything: {spikes}");
}

#[test]
fn few_and_many_spikes_agree() {
    let shape = [20, 4, 40];
    let share = |threshold: f64| {
        let config = base().with_threshold(Values::One(threshold));
        lif(&format!("threshold {threshold}"), &config, shape) / (20 * 4 * 40) as f32
    };
    let (few, many) = (share(3.5), share(0.2));
    assert!(few > 0.01 && few < 0.15, "{few}");
    assert!(many > 0.4, "{many}");
}

#[test]
fn every_order_of_input_agrees() {
    let device = Device::default().autodiff();
    for order in ORDERS {
        let what = format!("{order:?}");
        let config =
            CubaLifConfig::new(Decay::factor(0.7), base().with_input_gain(InputGain::OneMinusBeta))
                .with_input_order(order)
                .with_learn_alpha(true);
        let neuron: CubaLif = config.init(&device).unwrap();
        let neuron = recurrent(neuron, dense(3, true, true, &device));
        let learned = [neuron.neuron.alpha(), neuron.neuron.beta(), neuron.neuron.threshold()];
        agree(&what, &neuron, &learned, [steps(), 2, 3], true);

        let li = LiConfig::new(Decay::factor(0.8)).with_learn_beta(true).with_v_min(Some(0.2));
        let config = CubaLiConfig::new(Decay::exact(vec![2.0, 3.0, 5.0], 1.0), li)
            .with_input_order(order)
            .with_learn_alpha(true);
        let neuron: CubaLi = config.init(&device).unwrap();
        let neuron = recurrent(neuron, weak(3, &device));
        let learned = [neuron.neuron.alpha(), neuron.neuron.beta()];
        agree(&format!("readout, {what}"), &neuron, &learned, [steps(), 2, 3], false);
    }
}

/// What comes back to a readout must not grow from step to step.
fn weak(size: usize, device: &Device) -> Dense {
    Dense::new(grid([size, size], 40, device) * (0.5 / size as f32), None, true)
}

#[test]
fn a_readout_agrees() {
    let device = Device::default().autodiff();
    for size in [1, 5, 33] {
        let neuron: Li =
            LiConfig::new(Decay::factor(0.8)).with_learn_beta(true).init(&device).unwrap();
        let neuron = recurrent(neuron, weak(size, &device));
        agree(&format!("{size}"), &neuron, &[neuron.neuron.beta()], [20, 3, size], false);
    }
}

#[test]
fn coefficients_of_each_neuron_agree() {
    let device = Device::default().autodiff();
    let config = LifConfig { beta: Decay::parametric(vec![2.0, 3.0, 4.0], 1.0), ..base() }
        .with_threshold(Values::Each(vec![0.5, 0.7, 0.9]))
        .with_input_gain(InputGain::OneMinusBeta)
        .with_v_leak(0.1);
    lif("one each", &config, [19, 3, 3]);
    for factor in [Values::One(0.5), Values::Each(vec![0.5, 2.0, 0.0])] {
        let config = base().with_graded_spikes_factor(factor.clone());
        let neuron: Lif = config.with_learn_graded_spikes_factor(true).init(&device).unwrap();
        let neuron = recurrent(neuron, dense(3, true, false, &device));
        let learned = [neuron.neuron.beta(), neuron.neuron.graded_spikes_factor()];
        agree(&format!("graded by {factor:?}"), &neuron, &learned, [19, 3, 3], true);
    }
}

#[test]
fn parts_of_a_sequence_agree_with_the_whole() {
    let device = Device::default();
    let factor = Values::Each(vec![0.5, 2.0, 1.0]);
    let neuron: Lif = base().with_graded_spikes_factor(factor).init(&device).unwrap();
    let neuron = recurrent(neuron, dense(3, true, true, &device));
    let x = numbers([20, 4, 3], 5, &device);
    let (whole, last) =
        forward::<_, 3, 2>(&neuron, x.clone(), neuron.initial_state([4, 3], &device));
    let mut state = neuron.initial_state([4, 3], &device);
    let mut parts = Vec::new();
    for (start, length) in [(0, 1), (1, 7), (8, 12)] {
        let (z, next) = forward::<_, 3, 2>(&neuron, x.clone().narrow(0, start, length), state);
        parts.push(z);
        state = next;
    }
    assert_eq!(values(Tensor::cat(parts, 0)), values(whole));
    for (part, whole) in state.tensors().into_iter().zip(last.tensors()) {
        assert_eq!(values(part.clone()), values(whole.clone()));
    }
}

#[test]
fn a_sequence_without_a_batch_agrees() {
    let device = Device::default();
    let neuron = recurrent::<Lif>(base().init(&device).unwrap(), dense(5, true, true, &device));
    let x = numbers([12, 5], 3, &device);
    assert!(linear(&neuron, &x).is_some());
    let rest = || neuron.initial_state([5], &device);
    let (fused, _) = forward::<_, 2, 1>(&neuron, x.clone(), rest());
    let (expected, _) = composite::forward::<_, 2, 1>(&neuron, x, rest());
    assert_eq!(values(fused), values(expected));
}

#[test]
fn input_that_is_not_contiguous_agrees() {
    let device = Device::default();
    let neuron = recurrent::<Lif>(base().init(&device).unwrap(), dense(3, true, true, &device));
    let x = numbers([4, 12, 3], 3, &device).swap_dims(0, 1);
    let rest = || neuron.initial_state([4, 3], &device);
    let (fused, _) = forward::<_, 3, 2>(&neuron, x.clone(), rest());
    let (expected, _) = composite::forward::<_, 3, 2>(&neuron, x, rest());
    assert_eq!(values(fused), values(expected));
}

#[test]
fn a_batch_of_nothing_stays_nothing() {
    let device = Device::default();
    let neuron = recurrent::<Lif>(base().init(&device).unwrap(), dense(3, true, true, &device));
    let x = Tensor::<3>::zeros([5, 0, 3], &device);
    let (z, state) = forward::<_, 3, 2>(&neuron, x, neuron.initial_state([0, 3], &device));
    assert_eq!((z.dims(), state.z.dims()), ([5, 0, 3], [0, 3]));
    let (z, states) = record::<_, 3, 2>(&neuron, z, state);
    assert_eq!((z.dims(), states.neuron.v.dims()), ([5, 0, 3], [5, 0, 3]));
}

#[test]
fn what_has_no_dense_connection_runs_step_by_step() {
    let device = Device::default();
    let lif = || -> Lif { base().init(&device).unwrap() };
    let x = numbers([4, 2, 3], 3, &device);
    let one_to_one = OneToOneConfig::new(Values::One(0.5)).init(lif(), &device).unwrap();
    assert!(linear(&one_to_one, &x).is_none());
    let twice =
        recurrent(recurrent(lif(), dense(3, true, true, &device)), dense(3, true, true, &device));
    assert!(linear(&twice, &x).is_none());
    let maps = numbers([4, 2, 5, 3], 3, &device);
    assert!(linear(&recurrent(lif(), dense(3, true, true, &device)), &maps).is_none());
}

#[test]
#[should_panic(expected = "expected 3 neurons")]
fn the_wrong_number_of_neurons_is_refused() {
    let device = Device::default();
    let neuron = recurrent::<Lif>(base().init(&device).unwrap(), dense(3, true, true, &device));
    let x = numbers([4, 2, 5], 3, &device);
    forward::<_, 3, 2>(&neuron, x, neuron.initial_state([2, 5], &device));
}

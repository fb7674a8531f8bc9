//! Fused sequences against the same sequences step by step: values and gradients.

use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{composite, forward, max_over_time, record, sum_over_time};
use crate::coefficient::{Coefficient, Values};
use crate::decay::Decay;
use crate::neuron::{
    CubaLi, CubaLiConfig, CubaLif, CubaLifConfig, InputGain, InputOrder, Li, LiConfig, Lif,
    LifConfig, LifState, Neuron, NeuronState, Reset, ResetTiming,
};
use crate::surrogate::{SpikeTest, Surrogate, SurrogateUnit};

/// Numbers of both signs, some of them enough to spike.
pub(super) fn numbers<const D: usize>(shape: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let count = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|_| rng.random_range(-0.4..1.2)).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

pub(super) fn on_gpu() -> bool {
    #[cfg(feature = "cube")]
    return matches!(Device::default().as_dispatch(), burn::backend::DispatchDevice::Cube(_));
    #[cfg(not(feature = "cube"))]
    false
}

/// More than a segment; on a GPU fewer, where each step of the composite path is compiled anew, and
/// segments are left to the test of shapes.
pub(super) fn steps() -> usize {
    if on_gpu() { 5 } else { 33 }
}

pub(super) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// What a path gives: each array by name.
pub(super) type Outcome = Vec<(String, Vec<f32>)>;

/// Spikes, states and gradients of a loss on all of them; `more` adds gradients of its own.
pub(super) fn outcome<N: Neuron, const D: usize, const S: usize>(
    neuron: &N,
    learned: &[&Coefficient],
    shape: [usize; D],
    fused: bool,
    more: impl Fn(&Gradients) -> Outcome,
) -> Outcome {
    let device = Device::default().autodiff();
    let x = numbers(shape, 1, &device).require_grad();
    let step: [usize; S] = core::array::from_fn(|axis| shape[axis + 1]);
    let mut state = neuron.initial_state::<S>(step, &device);
    let mut starts = Vec::new();
    for (k, field) in state.tensors_mut().into_iter().enumerate() {
        let start = numbers(step, 10 + k as u64, &device).require_grad();
        *field = start.clone();
        starts.push(start);
    }
    let (output, states) = match fused {
        true => record(neuron, x.clone(), state.clone()),
        false => composite::record(neuron, x.clone(), state.clone()),
    };
    let (again, last) = match fused {
        true => forward(neuron, x.clone(), state),
        false => composite::forward(neuron, x.clone(), state),
    };
    let mut all: Outcome = vec![
        ("output".into(), values(output.clone())),
        ("output without record".into(), values(again.clone())),
    ];
    let weighted = |tensor: Tensor<D>, seed| (tensor * numbers(shape, seed, &device)).sum();
    let mut loss = weighted(output, 20) + weighted(again, 21);
    for (k, trace) in states.tensors().into_iter().enumerate() {
        all.push((format!("state {k}"), values(trace.clone())));
        loss = loss + weighted(trace.clone(), 22 + k as u64);
    }
    for (k, field) in last.tensors().into_iter().enumerate() {
        all.push((format!("last {k}"), values(field.clone())));
        loss = loss + (field.clone() * numbers(step, 30 + k as u64, &device)).sum();
    }
    let gradients = loss.backward();
    all.push(("d x".into(), values(x.grad(&gradients).unwrap())));
    for (k, start) in starts.into_iter().enumerate() {
        all.push((format!("d start {k}"), values(start.grad(&gradients).unwrap())));
    }
    for (k, coefficient) in learned.iter().enumerate() {
        let param = coefficient.param().unwrap().val();
        let gradient = param.grad(&gradients).unwrap_or_else(|| param.zeros_like());
        all.push((format!("d coefficient {k}"), values(gradient)));
    }
    all.extend(more(&gradients));
    all
}

fn agree<N: Neuron, const D: usize, const S: usize>(
    what: &str,
    neuron: &N,
    learned: &[&Coefficient],
    shape: [usize; D],
) -> f32 {
    let x: Tensor<D> = numbers(shape, 1, &Device::default());
    let fused = super::linear(neuron, &x).is_some();
    assert!(fused, "{what}: not fused");
    let [fused, expected] =
        [true, false].map(|fused| outcome::<N, D, S>(neuron, learned, shape, fused, |_| vec![]));
    compare(what, &fused, &expected, true);
    fused[0].1.iter().sum()
}

/// `spikes`: outputs are spikes, which are the same or wrong.
pub(super) fn compare(what: &str, fused: &Outcome, expected: &Outcome, spikes: bool) {
    assert_eq!(fused.len(), expected.len());
    for ((name, got), (_, expected)) in fused.iter().zip(expected) {
        assert_eq!(got.len(), expected.len(), "{what}: {name}");
        let scale = expected.iter().fold(1.0, |largest: f32, x| largest.max(x.abs()));
        for (k, (got, expected)) in got.iter().zip(expected).enumerate() {
            let limit = match spikes && name.starts_with("output") {
                true => 0.0,
                false => 1e-5 * expected.abs() + 4e-6 * scale,
            };
            assert!((got - expected).abs() <= limit, "{what}: {name}[{k}]: {got}, {expected}");
        }
    }
}

pub(super) fn base() -> LifConfig {
    LifConfig::new(Decay::factor(0.9))
        .with_surrogate(Surrogate::FastSigmoid { slope: 5.0 })
        .with_learn_beta(true)
        .with_learn_threshold(true)
}

fn lif(what: &str, config: &LifConfig) -> f32 {
    let neuron: Lif = config.init(&Device::default().autodiff()).unwrap();
    let learned = [neuron.beta(), neuron.threshold()];
    agree::<_, 3, 2>(what, &neuron, &learned, [steps(), 2, 3])
}

#[test]
fn every_reset_agrees() {
    let mut spikes = 0.0;
    for reset in [Reset::Subtract, Reset::ToValue(0.0), Reset::ToValue(-0.2), Reset::None] {
        for timing in [
            ResetTiming::Immediate,
            ResetTiming::NextStepBeforeInput,
            ResetTiming::NextStepAfterInput,
            ResetTiming::ImmediateLessPending,
        ] {
            for detach in [true, false] {
                let config =
                    base().with_reset(reset).with_reset_timing(timing).with_detach_reset(detach);
                spikes += lif(&format!("{reset:?}, {timing:?}, {detach}"), &config);
                let bounded = config.with_v_min(Some(0.1));
                spikes += lif(&format!("{reset:?}, {timing:?}, {detach}, bounded"), &bounded);
            }
        }
    }
    assert!(spikes > 500.0, "too few spikes to test anything: {spikes}");
}

#[test]
fn every_spike_test_and_unit_agrees() {
    let tests = [
        SpikeTest::Above,
        SpikeTest::AtOrAbove,
        SpikeTest::Multiple { max: None },
        SpikeTest::Multiple { max: Some(2) },
    ];
    for test in tests {
        for unit in [SurrogateUnit::Membrane, SurrogateUnit::Threshold] {
            for reset in [Reset::Subtract, Reset::ToValue(0.1)] {
                let config = base()
                    .with_threshold(Values::One(0.35))
                    .with_spike_test(test)
                    .with_surrogate_unit(unit)
                    .with_reset(reset)
                    .with_detach_reset(false);
                lif(&format!("{test:?}, {unit:?}, {reset:?}"), &config);
            }
        }
    }
}

#[test]
fn every_gain_leak_and_decay_agrees() {
    for gain in [InputGain::Unit, InputGain::OneMinusBeta, InputGain::Factor(0.6)] {
        for leak in [0.0, 0.15] {
            for decay in [
                Decay::factor(0.8),
                Decay::euler(5.0, 1.0),
                Decay::exact(vec![4.0, 6.0, 9.0], 1.0),
                Decay::parametric(3.0, 1.0),
            ] {
                let what = format!("{gain:?}, {leak}, {decay:?}");
                let config = LifConfig { beta: decay, ..base() }
                    .with_input_gain(gain)
                    .with_v_leak(leak)
                    .with_threshold(Values::Each(vec![0.4, 0.5, 0.7]));
                lif(&what, &config);
            }
        }
    }
}

#[test]
fn every_surrogate_agrees() {
    let surrogates = [
        Surrogate::default(),
        Surrogate::Sigmoid { slope: 4.0 },
        Surrogate::Tanh { slope: 2.0 },
        Surrogate::Triangular { height: 0.3, width: 1.0 },
        Surrogate::Boxcar { height: 0.5, width: 0.7 },
        Surrogate::Window { height: 1.0, below: 0.3 },
        Surrogate::sinabs_single_exponential(0.5, 1.0),
        Surrogate::PeriodicExponential { height: 1.0, width: 0.5, period: 1.0 },
        Surrogate::SpikeRateEscape { beta: 1.0, slope: 2.0 },
        Surrogate::erf(2.0),
        Surrogate::MultiGaussian { scale: 1.0, mean: 0.0, sigma: 0.5, height: 0.15, spread: 6.0 },
        Surrogate::Circ { alpha: 0.5 },
        Surrogate::LogAbs { alpha: 1.0 },
        Surrogate::QPseudoSpike { alpha: 2.0 },
        Surrogate::S2nn { alpha: 4.0, beta: 1.0 },
        Surrogate::PiecewiseLeakyRelu { width: 1.0, leak: 0.01 },
        Surrogate::LeakyRelu { leak: 0.0, slope: 1.0 },
        Surrogate::LogTailedRelu { leak: 0.0 },
        Surrogate::StraightThrough,
        Surrogate::Heaviside,
        Surrogate::SparseFastSigmoid { slope: 5.0, bound: -0.5 },
        Surrogate::SnnTorchTriangular { threshold: 1.0 },
    ];
    for surrogate in surrogates {
        lif(&format!("{surrogate:?}"), &base().with_surrogate(surrogate));
    }
    // Looked up, which only the CPU kernels do.
    if !on_gpu() {
        let sampled = Surrogate::sampled(|x| (-x * x).exp(), -2.0, 2.0, 41).unwrap();
        lif("sampled", &base().with_surrogate(sampled));
    }
}

#[test]
fn every_order_of_input_agrees() {
    let device = Device::default().autodiff();
    for order in [
        InputOrder::SameStep,
        InputOrder::SameStepBeforeDecay,
        InputOrder::SameStepAfterDecay,
        InputOrder::NextStep,
    ] {
        let config =
            CubaLifConfig::new(Decay::factor(0.7), base().with_input_gain(InputGain::OneMinusBeta))
                .with_input_order(order)
                .with_learn_alpha(true);
        let neuron: CubaLif = config.init(&device).unwrap();
        let learned = [neuron.alpha(), neuron.beta(), neuron.threshold()];
        agree::<_, 3, 2>(&format!("{order:?}"), &neuron, &learned, [steps(), 2, 3]);

        let li = LiConfig::new(Decay::factor(0.8)).with_learn_beta(true).with_v_min(Some(0.2));
        let config = CubaLiConfig::new(Decay::exact(vec![2.0, 3.0, 5.0], 1.0), li)
            .with_input_order(order)
            .with_learn_alpha(true);
        let neuron: CubaLi = config.init(&device).unwrap();
        let learned = [neuron.alpha(), neuron.beta()];
        agree_closely(&format!("readout, {order:?}"), &neuron, &learned, [steps(), 2, 3]);
    }
}

/// Outputs of a readout are numbers, not spikes.
fn agree_closely<N: Neuron>(what: &str, neuron: &N, learned: &[&Coefficient], shape: [usize; 3]) {
    let [fused, expected] =
        [true, false].map(|fused| outcome::<N, 3, 2>(neuron, learned, shape, fused, |_| vec![]));
    compare(what, &fused, &expected, false);
}

#[test]
fn every_shape_agrees() {
    let device = Device::default().autodiff();
    let neuron: Lif = base().init(&device).unwrap();
    let learned = [neuron.beta(), neuron.threshold()];
    for steps in [1, 2, 15, 16, 17, 64, 100] {
        agree::<_, 3, 2>(&format!("{steps} steps"), &neuron, &learned, [steps, 1, 2]);
    }
    agree::<_, 2, 1>("one axis", &neuron, &learned, [9, 5]);
    agree::<_, 3, 2>("several blocks", &neuron, &learned, [9, 3, 131]);
    let each = base().with_threshold(Values::Each(vec![0.6, 0.9])).init(&device).unwrap();
    let learned = [each.beta(), each.threshold()];
    agree::<_, 5, 4>("maps, one threshold per channel", &each, &learned, [9, 3, 2, 5, 7]);
    let graded = base().with_graded_spikes_factor(Values::Each(vec![0.5, 2.0]));
    let graded = graded.with_learn_graded_spikes_factor(true).init(&device).unwrap();
    let learned = [graded.beta(), graded.graded_spikes_factor()];
    agree::<_, 4, 3>("graded", &graded, &learned, [9, 3, 2, 5]);
}

/// So many neurons that a GPU takes them as vectors, and one fewer.
#[test]
fn a_layer_of_many_neurons_agrees() {
    let device = Device::default().autodiff();
    for [batch, neurons] in [[4, 65536], [3, 87381]] {
        for threshold in [Values::One(0.8), Values::Each(vec![0.9; neurons])] {
            let what = format!("{batch} x {neurons}, {}", matches!(threshold, Values::One(_)));
            let neuron: Lif = base().with_threshold(threshold).init(&device).unwrap();
            agree::<_, 3, 2>(&what, &neuron, &[], [2, batch, neurons]);
        }
    }
}

#[test]
fn maximum_and_sum_are_those_of_the_trace() {
    let device = Device::default().autodiff();
    let li = LiConfig::new(Decay::factor(0.8)).with_learn_beta(true);
    let config = CubaLiConfig::new(Decay::factor(0.7), li).with_learn_alpha(true);
    let readout: CubaLi = config.init(&device).unwrap();
    let graded = base().with_graded_spikes_factor(Values::Each(vec![0.5, 2.0, -1.0]));
    let spiking: Lif = graded.init(&device).unwrap();
    for steps in [1, 16, 35] {
        reduced(&format!("maximum over {steps}"), steps, &readout, readout.beta(), true);
        reduced(&format!("sum over {steps}"), steps, &readout, readout.beta(), false);
        reduced(&format!("maximal spike of {steps}"), steps, &spiking, spiking.beta(), true);
        reduced(&format!("spikes in {steps}"), steps, &spiking, spiking.beta(), false);
    }
}

fn reduced<N: Neuron>(what: &str, steps: usize, neuron: &N, beta: &Coefficient, maximum: bool) {
    let device = Device::default().autodiff();
    let run = |fused: bool| {
        let x = numbers([steps, 2, 3], 1, &device).require_grad();
        let mut state = neuron.initial_state([2, 3], &device);
        state.set_v(numbers([2, 3], 2, &device));
        let (reduced, last) = match (fused, maximum) {
            (true, true) => max_over_time::<_, 3, 2>(neuron, x.clone(), state),
            (true, false) => sum_over_time::<_, 3, 2>(neuron, x.clone(), state),
            (false, _) => {
                let (trace, last) = composite::forward::<_, 3, 2>(neuron, x.clone(), state);
                let reduced = if maximum { trace.max_dim(0) } else { trace.sum_dim(0) };
                (reduced.squeeze_dim(0), last)
            }
        };
        let mut loss = (reduced.clone() * numbers([2, 3], 4, &device)).sum();
        for field in last.tensors() {
            loss = loss + field.clone().sum() * 0.3;
        }
        let gradients = loss.backward();
        let beta = beta.param().unwrap().val().grad(&gradients).unwrap();
        let x = x.grad(&gradients).unwrap();
        [values(reduced), values(last.v().clone()), values(x), values(beta)]
    };
    for (got, expected) in run(true).into_iter().zip(run(false)) {
        assert_eq!(got.len(), expected.len());
        let scale = expected.iter().fold(1.0, |largest: f32, x| largest.max(x.abs()));
        for (got, expected) in got.iter().zip(&expected) {
            let limit = 1e-5 * expected.abs() + 4e-6 * scale;
            assert!((got - expected).abs() <= limit, "{what}: {got}, {expected}");
        }
    }
}

/// What is stored in 16 bits is computed in 32: the state adds up over many steps.
#[test]
fn halves_are_computed_as_singles() {
    let device = Device::default().autodiff();
    for dtype in [DType::F16, DType::BF16] {
        if !device.supports_dtype(dtype) {
            continue;
        }
        let neuron: Lif = base().init(&device).unwrap();
        let halves = numbers([40, 2, 3], 1, &device).cast(dtype);
        let weights = numbers([40, 2, 3], 2, &device).cast(dtype).cast(DType::F32);
        let run = |x: Tensor<3>| {
            let x = x.detach().require_grad();
            let state = LifState { v: Tensor::zeros([2, 3], (&device, x.dtype())) };
            let (z, last) = forward::<_, 3, 2>(&neuron, x.clone(), state);
            assert_eq!((z.dtype(), last.v.dtype()), (x.dtype(), x.dtype()));
            let loss = (z.clone().cast(DType::F32) * weights.clone()).sum();
            let gradient = x.grad(&loss.backward()).unwrap();
            [z, gradient].map(|t| values(t.cast(DType::F32)))
        };
        let [spikes, gradient] = run(halves.clone());
        let [expected_spikes, expected_gradient] = run(halves.cast(DType::F32));
        assert_eq!(spikes, expected_spikes, "{dtype:?}");
        assert!(spikes.iter().sum::<f32>() > 10.0);
        let precision = if dtype == DType::F16 { 1e-3 } else { 8e-3 };
        for (got, expected) in gradient.iter().zip(&expected_gradient) {
            assert!((got - expected).abs() <= precision * expected.abs() + 1e-6, "{dtype:?}");
        }
    }
}

#[test]
fn input_that_is_not_contiguous_agrees() {
    let device = Device::default();
    let neuron: Lif = base().init(&device).unwrap();
    let x = numbers([4, 12, 3], 3, &device).swap_dims(0, 1);
    let rest = || neuron.initial_state([4, 3], &device);
    let (fused, _) = forward::<_, 3, 2>(&neuron, x.clone(), rest());
    let (expected, _) = composite::forward::<_, 3, 2>(&neuron, x, rest());
    assert_eq!(values(fused), values(expected));
}

#[test]
fn a_batch_of_nothing_stays_nothing() {
    let device = Device::default();
    let neuron: Li = LiConfig::new(Decay::factor(0.9)).init(&device).unwrap();
    let x = Tensor::<3>::zeros([5, 0, 3], &device);
    let (v, state) = forward::<_, 3, 2>(&neuron, x, neuron.initial_state([0, 3], &device));
    assert_eq!((v.dims(), state.v.dims()), ([5, 0, 3], [0, 3]));
    let (v, states) = record::<_, 3, 2>(&neuron, v, state);
    assert_eq!((v.dims(), states.v.dims()), ([5, 0, 3], [5, 0, 3]));
    let (v, _) = max_over_time::<_, 3, 2>(&neuron, v, neuron.initial_state([0, 3], &device));
    assert_eq!(v.dims(), [0, 3]);
}

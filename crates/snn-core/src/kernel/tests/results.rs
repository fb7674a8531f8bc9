//! Reduced outputs, 16 bits, input of any layout, and nothing.

use burn::tensor::{DType, Device, Tensor};

use super::{base, numbers, values};
use crate::coefficient::{Coefficient, Values};
use crate::decay::Decay;
use crate::kernel::{composite, forward, max_over_time, record, sum_over_time};
use crate::neuron::{CubaLi, CubaLiConfig, Li, LiConfig, Lif, LifState, Neuron, NeuronState};

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

#[test]
fn the_maximum_over_nan_is_nan() {
    let device = Device::default();
    // Neurons whose membranes are never NaN, from the second step on, and from the first on.
    let x = [[[1.0, 1.0, f32::NAN]], [[1.0, f32::NAN, 1.0]], [[0.0, 0.0, 0.0]]];
    let x = Tensor::<3>::from_floats(x, &device);
    for v_min in [None, Some(-1.0)] {
        let config = LiConfig::new(Decay::factor(0.8)).with_v_min(v_min);
        let readout: Li = config.init(&device).unwrap();
        let rest = readout.initial_state([1, 3], &device);
        let largest = values(max_over_time::<_, 3, 2>(&readout, x.clone(), rest.clone()).0);
        assert!(!largest[0].is_nan() && largest[1].is_nan() && largest[2].is_nan(), "{largest:?}");
        let last = values(forward::<_, 3, 2>(&readout, x.clone(), rest).0);
        let nan: Vec<bool> = last.iter().map(|v| v.is_nan()).collect();
        assert_eq!(nan, [false, false, true, false, true, true, false, true, true], "{v_min:?}");
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

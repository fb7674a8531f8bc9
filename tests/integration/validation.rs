//! Settings that make no sense are refused in words.

use burn::tensor::Tensor;
use snn::core::neuron::{
    AlphaConfig, CubaLiConfig, CubaLifConfig, HxTorchParameters, LifConfig, LifState, Neuron,
    NonlinearIfConfig, NorseParameters, RefractoryConfig, Reset, SnnTorchReset,
};
use snn::core::recurrent::{ConvRecurrentConfig, RecurrentConfig};
use snn::core::surrogate::Surrogate;
use snn::core::{ConfigError, Decay, Values};

use crate::{device, test_device};

fn message<T>(result: Result<T, ConfigError>) -> String {
    result.err().expect("an error").to_string()
}

#[test]
fn impossible_neurons_say_what_was_expected_and_what_came() {
    let device = test_device();
    let lif = |change: fn(LifConfig) -> LifConfig| {
        message(change(LifConfig::new(Decay::factor(0.9))).init(&device))
    };
    let cases = [
        (
            lif(|c| c.with_threshold(Values::One(-0.5))),
            "threshold: expected a finite number above 0, got -0.5",
        ),
        (
            lif(|c| c.with_threshold(f64::NAN.into())),
            "threshold: expected a finite number above 0, got NaN",
        ),
        (
            lif(|c| c.with_threshold(vec![1.0, 0.0].into())),
            "threshold: expected a finite number above 0, got 0",
        ),
        (lif(|c| c.with_v_leak(f64::INFINITY)), "v_leak: expected a finite number, got inf"),
        (
            lif(|c| c.with_reset(Reset::ToValue(f64::NAN))),
            "reset value: expected a finite number, got NaN",
        ),
        (
            lif(|c| c.with_surrogate(Surrogate::SuperSpike { alpha: -1.0 })),
            "surrogate alpha: expected a finite number above 0, got -1",
        ),
        (
            lif(|_| LifConfig::new(Decay::euler(-5.0, 1.0))),
            "tau: expected a finite number above 0, got -5",
        ),
        (
            message(CubaLifConfig::snntorch_synaptic(f64::NAN, 0.9).init(&device)),
            "decay factor: expected a number from 0 to 1, got NaN",
        ),
        (
            message(
                CubaLiConfig::norse_li(NorseParameters { dt: 0.02, ..Default::default() })
                    .init(&device),
            ),
            "tau: expected a time constant of at least dt (Euler), got 0.005",
        ),
        (
            message(
                CubaLifConfig::hxtorch_lif(HxTorchParameters {
                    tau_mem: f64::NAN,
                    ..Default::default()
                })
                .init(&device),
            ),
            "tau: expected a finite number above 0, got NaN",
        ),
        (lif(|c| c.with_v_min(Some(f64::NAN))), "v_min: expected a finite number, got NaN"),
        (
            lif(|_| LifConfig::spikingjelly_plif(1.0, true, None)),
            "tau: expected a time constant above dt (parametric), got 1",
        ),
        (
            message(AlphaConfig::snntorch_alpha(0.7, 0.8, SnnTorchReset::Zero).init(&device)),
            "alpha: expected a decay factor above beta, got 0.7",
        ),
        (
            message(NonlinearIfConfig::norse_ex(NorseParameters::default(), 0.0).init(&device)),
            "delta_t: expected a finite number above 0, got 0",
        ),
        (
            message(RefractoryConfig::new(f64::NAN).init(LifConfig::iaf().init(&device).unwrap())),
            "refractory steps: expected a finite number, got NaN",
        ),
        (
            message(
                ConvRecurrentConfig::new(2, [3, 4])
                    .init(LifConfig::iaf().init(&device).unwrap(), &device),
            ),
            "kernel_size: expected an odd number, got 4",
        ),
        (
            message(RecurrentConfig::new(0).init(LifConfig::iaf().init(&device).unwrap(), &device)),
            "recurrent size: expected at least one neuron, got 0",
        ),
    ];
    for (got, expected) in cases {
        assert_eq!(got, expected);
    }
}

#[test]
fn an_unknown_device_names_those_that_there_are() {
    let message = device::device("gpu0").unwrap_err();
    assert!(message.starts_with("unknown device 'gpu0': this build has "), "{message}");
    assert!(device::DEVICES.iter().all(|name| message.contains(name)));
}

#[test]
#[should_panic(
    expected = "expected a state of shape [1, 2], the shape of one step of the input, found [1, 3]"
)]
fn a_state_of_the_wrong_shape_is_refused() {
    let device = test_device();
    let lif = LifConfig::snntorch_leaky(0.9).init(&device).unwrap();
    lif.forward(Tensor::<3>::zeros([4, 1, 2], &device), LifState::zeros([1, 3], &device));
}

#[test]
#[should_panic(expected = "a sequence needs at least one time step, got shape [0, 1, 2]")]
fn an_empty_sequence_is_refused() {
    // Refused before anything is computed: one device stands for all.
    let device = device::device(device::DEVICES[0]).unwrap();
    let lif = LifConfig::snntorch_leaky(0.9).init(&device).unwrap();
    lif.forward(Tensor::<3>::zeros([0, 1, 2], &device), LifState::zeros([1, 2], &device));
}

#[test]
#[should_panic(expected = "expected 3 neurons on the last axis, got shape [1, 2]")]
fn a_recurrent_input_of_the_wrong_width_is_refused() {
    let device = test_device();
    let lif = LifConfig::snntorch_leaky(0.9).init(&device).unwrap();
    let neuron = RecurrentConfig::new(3).init(lif, &device).unwrap();
    neuron.step(Tensor::<2>::zeros([1, 2], &device), neuron.initial_state([1, 2], &device));
}

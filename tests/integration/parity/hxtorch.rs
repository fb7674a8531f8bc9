//! hxtorch: `cuba_lif_integration` and `cuba_li_integration` on an impulse.
//!
//! Values computed with hxtorch: τ = 6 µs, dt = 2 µs, threshold 1.

use burn::tensor::{Tensor, TensorData};
use snn::core::neuron::{CubaLiConfig, CubaLifConfig, CubaState, HxTorchParameters, Neuron};

use crate::{test_device, values};

fn impulses(steps: usize, impulses: &[(usize, f32)]) -> Tensor<3> {
    let mut x = vec![0.0; steps];
    impulses.iter().for_each(|(t, weight)| x[*t] = *weight);
    Tensor::from_data(TensorData::new(x, [steps, 1, 1]), &test_device())
}

fn assert_close(got: Vec<f32>, expected: &[f32]) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() < 1e-6, "{got} instead of {expected}");
    }
}

#[test]
fn hxtorch_lif_spikes_and_membrane() {
    let neuron = CubaLifConfig::hxtorch_lif(HxTorchParameters::default()).init(&test_device());
    let x = impulses(12, &[(1, 6.0), (4, 3.0)]);
    let (z, states) = neuron.unwrap().record(x, CubaState::zeros([1, 1], &test_device()));
    // Twelve membranes, but eight spikes were recorded; no membrane after them reaches 1.
    let spikes = [0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    assert_eq!(values(z), spikes);
    let v =
        [0.0, 0.0, 0.0, 0.0, 0.888889, 0.0, 0.0, 0.707819, 0.943758, 0.943758, 0.838896, 0.69908];
    assert_close(values(states.v), &v);
}

#[test]
fn hxtorch_li_impulse_response() {
    let neuron = CubaLiConfig::hxtorch_li(HxTorchParameters::default()).init(&test_device());
    let x = impulses(10, &[(0, 1.0)]);
    let (v, _) = neuron.unwrap().record(x, CubaState::zeros([1, 1], &test_device()));
    let expected = [
        0.0, 0.333333, 0.444444, 0.444444, 0.395062, 0.329218, 0.263374, 0.204847, 0.156074,
        0.117055,
    ];
    assert_close(values(v), &expected);
}

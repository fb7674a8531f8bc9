//! What the tests of all losses use.

use burn::tensor::{Device, Int, Tensor, TensorData};

/// A sequence of numbers of both signs, without ties, on an autodiff device.
pub fn sequence(shape: [usize; 3]) -> Tensor<3> {
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|k| (1.3 * k as f32 + 0.4).sin() + 0.01 * k as f32)
        .collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::default().autodiff())
}

pub fn classes(targets: &[i64]) -> Tensor<1, Int> {
    Tensor::from_data(targets, &Device::default().autodiff())
}

/// Spikes `[T, 1, N]` of neurons that spike at these steps.
pub fn trains(steps: usize, neurons: &[&[usize]]) -> Tensor<3> {
    let mut spikes = vec![0.0; steps * neurons.len()];
    for (n, times) in neurons.iter().enumerate() {
        times.iter().for_each(|t| spikes[t * neurons.len() + n] = 1.0);
    }
    let data = TensorData::new(spikes, [steps, 1, neurons.len()]);
    Tensor::from_data(data, &Device::default().autodiff())
}

pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_to_vec().unwrap()
}

/// Loss and gradient.
pub fn gradient(x: Tensor<3>, loss: impl Fn(Tensor<3>) -> Tensor<1>) -> (f32, Vec<f32>) {
    let x = x.require_grad();
    let loss = loss(x.clone());
    let gradients = loss.backward();
    (loss.into_scalar(), values(x.grad(&gradients).unwrap()))
}

/// Fails unless the gradient agrees with finite differences.
pub fn differentiate(x: Tensor<3>, loss: impl Fn(Tensor<3>) -> Tensor<1>) {
    let (_, gradient) = gradient(x.clone(), &loss);
    let shape = x.dims();
    let x = values(x);
    let h = 1e-2;
    for k in 0..x.len() {
        let at = |offset: f32| -> f32 {
            let mut x = x.clone();
            x[k] += offset;
            let x = TensorData::new(x, shape);
            loss(Tensor::from_data(x, &Device::default())).into_scalar()
        };
        let slope = (at(h) - at(-h)) / (2.0 * h);
        let close = (slope - gradient[k]).abs() < 1e-3 + 5e-3 * slope.abs();
        assert!(close, "element {k}: gradient {}, slope {slope}", gradient[k]);
    }
    assert!(gradient.iter().any(|g| g.abs() > 1e-2), "no gradient to speak of");
}

pub fn assert_close(got: &[f32], expected: &[f32]) {
    assert_eq!(got.len(), expected.len(), "{got:?} instead of {expected:?}");
    let close = got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 2e-6 * b.abs().max(1.0));
    assert!(close, "{got:?} instead of {expected:?}");
}

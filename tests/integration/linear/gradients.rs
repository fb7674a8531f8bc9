//! Backpropagation through time against finite differences.
//!
//! A spike has no derivative to compare with, so the reference runs a smooth stand-in: every spike
//! is replaced by the straight line with the surrogate's slope through what happened. Its finite
//! differences are what the surrogate gradient must be, resets and recurrence included.

use snn::core::neuron::ResetTiming;

use crate::linear::reference::{Layer, Trace};
use crate::linear::{Own, inputs, layers, sequence};
use crate::{test_device, values};

const STEPS: usize = 14;
const NEURONS: usize = 2;

/// Fixed weights of the loss, of both signs and unrelated to the data.
fn weight(k: usize) -> f64 {
    (1.7 * k as f64 + 0.3).sin()
}

fn loss(trace: &Trace) -> f64 {
    let (z, v) = (trace.z.concat(), trace.v.concat());
    let terms = z.iter().zip(&v).enumerate();
    terms.map(|(k, (z, v))| weight(k) * z + weight(k + 1000) * v).sum()
}

/// Whether a nudge of the parameters could change which spikes there are.
fn near_threshold(layer: &Layer, trace: &Trace) -> bool {
    let tested = trace.u.iter().flatten().copied();
    let kept = trace.v.iter().flatten().map(|v| v - layer.threshold);
    tested.chain(kept).any(|u| u.abs() < 1e-3)
}

#[test]
fn gradients_are_those_of_a_smooth_stand_in() {
    let device = test_device().autodiff();
    let (h, mut spikes) = (1e-5, 0.0);
    for layer in layers() {
        let candidates = (1..50).map(|seed| inputs(STEPS, NEURONS, seed));
        let x = candidates
            .into_iter()
            .find(|x| !near_threshold(&layer, &layer.run(x, None)))
            .expect("an input that keeps away from the threshold");
        let around = layer.run(&x, None);
        spikes += around.z.concat().iter().sum::<f64>();
        let slope = |nudge: &dyn Fn(f64) -> (Layer, Vec<Vec<f64>>)| {
            let at = |h: f64| {
                let (layer, x) = nudge(h);
                loss(&layer.run(&x, Some(&around)))
            };
            (at(h) - at(-h)) / (2.0 * h)
        };

        let own = Own::new(&layer, &device);
        let input = sequence(&x, &device).require_grad();
        let (z, v) = own.record(input.clone());
        let weights = |offset: usize| -> Vec<Vec<f64>> {
            (0..STEPS)
                .map(|t| (0..NEURONS).map(|n| weight(t * NEURONS + n + offset)).collect())
                .collect()
        };
        let total = (z * sequence(&weights(0), &device)).sum()
            + (v * sequence(&weights(1000), &device)).sum();
        let gradients = total.backward();
        let check = |what: String, got: f32, expected: f64| {
            let error = (f64::from(got) - expected).abs();
            assert!(
                error < 2e-4 * (1.0 + expected.abs()),
                "{what} {got}, not {expected}: {layer:?}"
            );
        };

        let got = values(input.grad(&gradients).unwrap());
        for (k, got) in got.into_iter().enumerate() {
            let expected = slope(&|h| {
                let mut x = x.clone();
                x[k / NEURONS][k % NEURONS] += h;
                (layer.clone(), x)
            });
            check(format!("d loss / d x[{k}] is"), got, expected);
        }
        for (name, param) in own.scalars() {
            let got = values(param.grad(&gradients).unwrap())[0];
            let expected = slope(&|h| {
                let mut layer = layer.clone();
                match name {
                    "alpha" => layer.alpha = layer.alpha.map(|alpha| alpha + h),
                    "beta" => layer.beta += h,
                    _ => layer.threshold += h,
                }
                (layer, x.clone())
            });
            check(format!("d loss / d {name} is"), got, expected);
        }
        if let Some(weight) = own.recurrent_weight() {
            let got = values(weight.grad(&gradients).unwrap());
            for (k, got) in got.into_iter().enumerate() {
                let expected = slope(&|h| {
                    let mut layer = layer.clone();
                    layer.recurrent[k / NEURONS][k % NEURONS] += h;
                    (layer, x.clone())
                });
                check(format!("d loss / d weight[{k}] is"), got, expected);
            }
        }
    }
    assert!(spikes > 100.0, "too few spikes to test anything: {spikes}");
}

#[test]
fn a_delayed_reset_is_out_of_the_gradient() {
    // One spike at the first step, reset in the second: with the reset in the gradient the first
    // input would lower the second membrane.
    let layer = Layer { timing: ResetTiming::NextStepAfterInput, ..layers()[0].clone() };
    let device = test_device().autodiff();
    let input = sequence(&[vec![1.5], vec![0.1]], &device).require_grad();
    let (_, v) = Own::new(&layer, &device).record(input.clone());
    let gradients = v.narrow(0, 1, 1).sum().backward();
    assert_eq!(values(input.grad(&gradients).unwrap()), [0.9, 1.0]);
}

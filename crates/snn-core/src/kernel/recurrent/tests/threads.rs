//! Recurrent sequences on different numbers of threads: the same bits.

use burn::tensor::{Device, Gradients, Tensor};

use super::{of_connection, recurrent};
use crate::coefficient::Values;
use crate::decay::Decay;
use crate::kernel::tests::{base, numbers, on_gpu, outcome, same_on_any_number_of_threads};
use crate::neuron::{Li, LiConfig, Lif};
use crate::recurrent::Dense;

/// Which kind of product runs must not depend on the threads. Those of spikes are rounded alike, unless so many
/// numbers are added up that a matrix product does it in parts.
#[test]
fn spikes_do_not_depend_on_the_number_of_threads() {
    if on_gpu() {
        return;
    }
    const SHAPE: [usize; 3] = [6, 37, 600];
    let shares = [1.0, 1.5, 2.0, 4.0].map(|threshold| {
        let run = || {
            let device = Device::default().autodiff();
            let lif: Lif = base().with_threshold(Values::One(threshold)).init(&device).unwrap();
            let weight = numbers([SHAPE[2]; 2], 40, &device).sub_scalar(0.4).mul_scalar(0.1);
            let neuron = recurrent(lif, Dense::new(weight, None, true));
            let learned = [neuron.neuron.beta(), neuron.neuron.threshold()];
            let more = |gradients: &Gradients| of_connection(&neuron, gradients);
            outcome::<_, 3, 2>(&neuron, &learned, SHAPE, true, more)
        };
        same_on_any_number_of_threads(&format!("threshold {threshold}"), run);
        run()[0].1.iter().sum::<f32>() / SHAPE.iter().product::<usize>() as f32
    });
    // Some blocks of some steps are on either side of the limit.
    assert!(shares[0] > 0.2 && shares[3] < 0.2, "{shares:?}");
}

/// The same for gradients, of which a floor of the membrane makes some zero.
#[test]
fn gradients_do_not_depend_on_the_number_of_threads() {
    if on_gpu() {
        return;
    }
    for inhibition in [0.5, 0.7, 0.8, 0.9, 1.1] {
        same_on_any_number_of_threads(&format!("inhibition {inhibition}"), || {
            let device = Device::default().autodiff();
            let li = LiConfig::new(Decay::factor(0.8)).with_learn_beta(true).with_v_min(Some(0.0));
            let weight = numbers([50, 50], 40, &device).sub_scalar(0.4).mul_scalar(0.2);
            let bias = Tensor::full([50], -inhibition, &device);
            let neuron: Li = li.init(&device).unwrap();
            let neuron = recurrent(neuron, Dense::new(weight, Some(bias), true));
            let more = |gradients: &Gradients| of_connection(&neuron, gradients);
            outcome::<_, 3, 2>(&neuron, &[neuron.neuron.beta()], [20, 37, 50], true, more)
        });
    }
}

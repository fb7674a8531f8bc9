//! LIF over a sequence, by ordinary tensor operations, on the CPU: the baseline that fused kernels
//! have to beat.
//!
//! `cargo bench --bench lif`

#![allow(clippy::expect_used, missing_docs, reason = "a benchmark, not a library")]

use burn::tensor::{Device, Distribution, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use snn::core::neuron::Lif;
use snn::prelude::*;

const BATCH: usize = 32;
const NEURONS: usize = 512;

fn input(steps: usize, device: &Device) -> Tensor<3> {
    let shape = [steps, BATCH, NEURONS];
    let x = Tensor::random(shape, Distribution::Uniform(0.0, 0.4), device);
    match device.is_autodiff() {
        // What a layer in front of the neurons hands over is tracked, and not a leaf.
        true => x.require_grad() * 1.0,
        false => x,
    }
}

fn forward(lif: &Lif, input: Tensor<3>) -> Tensor<3> {
    let device = input.device();
    lif.forward(input, lif.initial_state([BATCH, NEURONS], &device)).0
}

/// What a loop written by hand does: each step cut from the whole sequence.
fn forward_step_by_step(lif: &Lif, input: Tensor<3>) -> Tensor<3> {
    let mut state = lif.initial_state([BATCH, NEURONS], &input.device());
    let mut spikes = Vec::new();
    for t in 0..input.dims()[0] {
        let (z, next) = lif.step(input.clone().narrow(0, t, 1).squeeze_dim::<2>(0), state);
        spikes.push(z);
        state = next;
    }
    Tensor::stack(spikes, 0)
}

fn lif(criterion: &mut Criterion) {
    let device = Device::flex();
    let config =
        LifConfig::snntorch_leaky(0.9).with_surrogate(Surrogate::FastSigmoid { slope: 25.0 });
    let mut group = criterion.benchmark_group("lif, flex, batch 32, 512 neurons");
    group.sample_size(10);
    for steps in [10, 30, 100, 300] {
        group.throughput(Throughput::Elements((steps * BATCH * NEURONS) as u64));
        let neuron = config.init(&device).expect("a valid configuration");
        let x = input(steps, &device);
        group.bench_with_input(BenchmarkId::new("forward", steps), &x, |bench, x| {
            bench.iter(|| {
                let spikes = forward(&neuron, x.clone());
                device.sync().expect("a working device");
                spikes
            });
        });
        let device = device.clone().autodiff();
        let neuron = config.init(&device).expect("a valid configuration");
        group.bench_function(BenchmarkId::new("forward and backward", steps), |bench| {
            bench.iter(|| {
                let gradients = forward(&neuron, input(steps, &device)).mean().backward();
                device.sync().expect("a working device");
                gradients
            });
        });
        if steps <= 100 {
            let id = BenchmarkId::new("forward and backward, cut step by step", steps);
            group.bench_function(id, |bench| {
                bench.iter(|| {
                    let spikes = forward_step_by_step(&neuron, input(steps, &device));
                    let gradients = spikes.mean().backward();
                    device.sync().expect("a working device");
                    gradients
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, lif);
criterion_main!(benches);

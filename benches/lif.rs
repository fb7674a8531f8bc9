//! Neurons over a sequence: in one operation against step by step, on every device of the build, and
//! against moving as much memory.
//!
//! `cargo bench --bench lif`, with `--features ndarray,wgpu` for more devices.

#![allow(clippy::expect_used, missing_docs, reason = "a benchmark, not a library")]

#[path = "../examples/common/device.rs"]
mod device;
mod step_by_step;

use burn::tensor::{Device, Distribution, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use snn::core::neuron::HxTorchParameters;
use snn::prelude::*;
use step_by_step::StepByStep;

/// Steps, samples, neurons.
const SHAPES: [[usize; 3]; 4] = [[10, 32, 512], [100, 32, 512], [100, 1, 512], [100, 32, 4096]];

fn input(shape: [usize; 3], device: &Device) -> Tensor<3> {
    let x = Tensor::random(shape, Distribution::Uniform(0.0, 0.4), device);
    match device.is_autodiff() {
        // What a layer in front of the neurons hands over is tracked, and not a leaf.
        true => x.require_grad() * 1.0,
        false => x,
    }
}

fn forward<N: Neuron>(neuron: &N, input: Tensor<3>) -> Tensor<3> {
    let ([_, batch, neurons], device) = (input.dims(), input.device());
    neuron.forward(input, neuron.initial_state([batch, neurons], &device)).0
}

/// What a loop written by hand does: each step cut from the whole sequence.
fn cut<N: Neuron>(neuron: &N, input: Tensor<3>) -> Tensor<3> {
    let [steps, batch, neurons] = input.dims();
    let mut state = neuron.initial_state([batch, neurons], &input.device());
    let mut spikes = Vec::new();
    for t in 0..steps {
        let (z, next) = neuron.step(input.clone().narrow(0, t, 1).squeeze_dim::<2>(0), state);
        spikes.push(z);
        state = next;
    }
    Tensor::stack(spikes, 0)
}

/// Forward, and forward with backward, over one shape.
fn time<N: Neuron>(
    criterion: &mut Criterion,
    name: &str,
    build: impl Fn(&Device) -> N,
    run: impl Fn(&N, Tensor<3>) -> Tensor<3>,
    shape: [usize; 3],
) {
    let [steps, batch, neurons] = shape;
    for device_name in device::DEVICES {
        let device = device::device(device_name).expect("a device of this build");
        let mut group = criterion.benchmark_group(format!("{name}, {device_name}"));
        group.sample_size(10);
        group.throughput(Throughput::Elements((steps * batch * neurons) as u64));
        let id = |what: &str| BenchmarkId::new(what, format!("{steps}x{batch}x{neurons}"));

        let (neuron, x) = (build(&device), input(shape, &device));
        group.bench_function(id("forward"), |bench| {
            bench.iter(|| {
                let out = run(&neuron, x.clone());
                device.sync().expect("a working device");
                out
            });
        });
        let device = device.autodiff();
        let neuron = build(&device);
        group.bench_function(id("forward and backward"), |bench| {
            bench.iter_batched(
                || input(shape, &device),
                |x| {
                    let gradients = run(&neuron, x).mean().backward();
                    device.sync().expect("a working device");
                    gradients
                },
                criterion::BatchSize::PerIteration,
            );
        });
        group.finish();
    }
}

/// One operation against step by step.
fn compare<N: Neuron>(
    criterion: &mut Criterion,
    name: &str,
    build: impl Fn(&Device) -> N,
    shapes: &[[usize; 3]],
) {
    let apart = |device: &Device| StepByStep { neuron: build(device) };
    for shape in shapes {
        time(criterion, name, &build, forward, *shape);
        time(criterion, &format!("{name}, step by step"), apart, forward, *shape);
    }
}

fn build_lif(device: &Device) -> Lif {
    let config =
        LifConfig::snntorch_leaky(0.9).with_surrogate(Surrogate::FastSigmoid { slope: 25.0 });
    config.init(device).expect("a valid configuration")
}

fn lif(criterion: &mut Criterion) {
    compare(criterion, "lif", build_lif, &SHAPES);
    time(criterion, "lif", build_lif, forward, [1000, 32, 512]);
    for shape in [[10, 32, 512], [100, 32, 512]] {
        time(criterion, "lif, each step cut out", build_lif, cut, shape);
    }
}

fn others(criterion: &mut Criterion) {
    let cuba = |device: &Device| {
        let config = CubaLifConfig::hxtorch_lif(HxTorchParameters::default());
        config.init(device).expect("a valid configuration")
    };
    let li = |device: &Device| {
        LiConfig::new(Decay::factor(0.9)).init(device).expect("a valid configuration")
    };
    compare(criterion, "cuba-lif", cuba, &SHAPES);
    compare(criterion, "li", li, &SHAPES);
}

fn recurrent(criterion: &mut Criterion) {
    for shape in [[10, 32, 128], [100, 32, 128], [100, 1, 128], [100, 32, 512]] {
        let build = |device: &Device| {
            let config = RecurrentConfig::new(shape[2]);
            config.init(build_lif(device), device).expect("a valid configuration")
        };
        compare(criterion, "recurrent", build, &[shape]);
    }
}

/// Forward and backward of a LIF layer read the input, write spikes, read the input and the gradient
/// of the spikes, write that of the input, and one array more is allowed for: six arrays, 312 MB at
/// this shape. A copy reads one and writes one.
fn memory(criterion: &mut Criterion) {
    let source = vec![1.0f32; 100 * 32 * 4096];
    let mut group = criterion.benchmark_group("memory");
    group.sample_size(10);
    group.bench_function("move six arrays of 100x32x4096", |bench| {
        bench.iter(|| (0..3).map(|_| source.clone()).collect::<Vec<_>>());
    });
    group.finish();
}

criterion_group!(benches, lif, others, recurrent, memory);
criterion_main!(benches);

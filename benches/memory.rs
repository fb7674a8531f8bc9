//! A linear layer and LIF neurons over a long sequence, forward and backward of the spike count: time
//! and memory with every step's graph, in one operation, and in chunks.
//!
//! `cargo bench --bench memory [-- STEPS [CHECKPOINT_EVERY]]`. Every row is a process of its own, whose
//! memory is its peak above what it had before the first run, with the input loaded. Linux only.

#![allow(clippy::expect_used, missing_docs, reason = "a benchmark, not a library")]

mod step_by_step;

use std::process::Command;
use std::time::Instant;

use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Distribution, Tensor};
use snn::core::layer::time_distributed;
use snn::core::neuron::LifState;
use snn::prelude::*;
use snn::train::bptt::checkpointed_bptt;
use step_by_step::StepByStep;

const BATCH: usize = 16;
const SIZE: usize = 512;
const RUNS: usize = 3;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let number =
        |k: usize, default| args.get(k).map_or(default, |arg| arg.parse().expect("a number"));
    if args.first().is_some_and(|arg| arg == "one") {
        return one(&args[1], number(2, 0), number(3, 0));
    }
    let (steps, every) = (number(0, 4000), number(1, 100));
    let program = std::env::current_exe().expect("a program");
    for mode in ["step by step", "one operation", "checkpoints"] {
        let mut child = Command::new(&program);
        let arguments = ["one", mode, &steps.to_string(), &every.to_string()];
        let status = child.args(arguments).status().expect("a second process");
        assert!(status.success(), "{mode} failed");
    }
}

fn one(mode: &str, steps: usize, every: usize) {
    let device = Device::default();
    let x = Tensor::<3>::random([steps, BATCH, SIZE], Distribution::Bernoulli(0.1), &device);
    let device = device.autodiff();
    let x = Tensor::from_inner(x);
    let linear = LinearConfig::new(SIZE, SIZE).init(&device);
    let lif: Lif = LifConfig::snntorch_leaky(0.9)
        .with_surrogate(Surrogate::FastSigmoid { slope: 25.0 })
        .init(&device)
        .expect("a valid configuration");
    let apart = StepByStep { neuron: lif.clone() };
    let rest = || lif.initial_state([BATCH, SIZE], &device);
    let layer = |linear: &Linear, x: Tensor<3>, state| lif.forward(current(linear, x), state);

    let before = status("VmRSS");
    let mut best = f64::INFINITY;
    let mut gradient = 0.0;
    for _ in 0..RUNS {
        let started = Instant::now();
        let gradients = match mode {
            "step by step" => apart.forward(current(&linear, x.clone()), rest()).0.sum().backward(),
            "one operation" => layer(&linear, x.clone(), rest()).0.sum().backward(),
            _ => {
                let (_, gradients, _) = checkpointed_bptt(
                    &linear,
                    steps,
                    every,
                    (rest(), Tensor::<2>::zeros([BATCH, SIZE], &device)),
                    |linear, chunk, (state, count): (LifState<2>, _)| {
                        let (z, state) = layer(linear, x.clone().slice(chunk), state);
                        (state, count + z.sum_dim(0).squeeze_dim(0))
                    },
                    |(_, count)| count.sum(),
                );
                best = best.min(started.elapsed().as_secs_f64());
                let weight = gradients.get::<2>(linear.weight.id).expect("a gradient");
                gradient = weight.sum().into_scalar::<f32>();
                continue;
            }
        };
        best = best.min(started.elapsed().as_secs_f64());
        let weight = linear.weight.val().grad(&gradients).expect("a gradient");
        gradient = weight.sum().into_scalar::<f32>();
    }
    println!(
        "{mode}: {:.0} ms, {:.0} MB (sum of the weights' gradient {gradient:.4e})",
        best * 1e3,
        (status("VmHWM") - before) as f64 / 1024.0,
    );
}

/// One matrix product for all steps.
fn current(linear: &Linear, x: Tensor<3>) -> Tensor<3> {
    time_distributed(x, |x: Tensor<2>| linear.forward(x))
}

/// A line of the process's status, in KiB.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with(name)).expect("a known line");
    line.split_whitespace().nth(1).and_then(|value| value.parse().ok()).expect("a number")
}

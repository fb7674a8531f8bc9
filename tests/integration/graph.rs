//! The graph that autodiff records: of the same size, however many steps there are.

use burn::backend::autodiff::NodeId;
use burn::nn::LinearConfig;
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::MaxPool2dConfig;
use burn::tensor::{Device, Int, Tensor};
use snn::core::recurrent::RecurrentConfig;
use snn::prelude::*;

use crate::test_device;

/// Set in the process that counts: nodes have one counter for all threads.
const COUNTS: &str = "SNN_TEST_COUNTS_NODES";

/// How many nodes `run` makes, tracked or not.
fn nodes(run: impl FnOnce()) -> u64 {
    let before = NodeId::new().value;
    run();
    NodeId::new().value - before - 1
}

fn convolutional(device: &Device) -> Sequential {
    let lif = LifConfig::snntorch_leaky(0.5);
    SequentialConfig::new()
        .layer(Conv2dConfig::new([1, 2], [3, 3]))
        .layer(MaxPool2dConfig::new([2, 2]))
        .layer(lif.clone())
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(8, 4))
        .layer(LayerConfig::recurrent(lif.clone(), RecurrentConfig::new(4)))
        .layer(LinearConfig::new(4, 3))
        .layer(lif)
        .init(device)
        .unwrap()
}

fn of_steps(steps: usize) -> Vec<u64> {
    let device = test_device().autodiff();
    let network = convolutional(&device);
    let x = Tensor::<5>::ones([steps, 2, 1, 6, 6], &device);
    let targets = Tensor::<1, Int>::from_ints([0, 2], &device);
    let count = |loss: &dyn Fn(Tensor<3>) -> Tensor<1>| {
        nodes(|| {
            let (spikes, _) = network.forward::<5, 3>(x.clone(), SequentialState::default());
            loss(spikes).backward();
        })
    };
    vec![
        count(&|spikes| ReadoutCrossEntropy::ce_rate().forward(spikes, targets.clone())),
        count(&|spikes| ReadoutCrossEntropy::ce_count().forward(spikes, targets.clone())),
        count(&|spikes| MseCountLoss::new().forward(spikes, targets.clone())),
        nodes(|| {
            let x = Tensor::<4>::ones([2, 1, 6, 6], &device);
            let rest = SequentialState::default();
            let (spikes, _) = network.forward_static::<4, 3>(x, steps, rest);
            spikes.mean().backward();
        }),
    ]
}

#[test]
fn does_not_grow_with_the_steps() {
    if std::env::var_os(COUNTS).is_none() {
        let name = "graph::does_not_grow_with_the_steps";
        let program = std::env::current_exe().unwrap();
        let mut alone = std::process::Command::new(program);
        let alone = alone.args([name, "--exact", "--nocapture"]).env(COUNTS, "1");
        let output = alone.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let (short, long) = (of_steps(10), of_steps(1000));
    println!("nodes: {short:?}");
    assert_eq!(short, long);
    assert!(short.iter().all(|nodes| (20..300).contains(nodes)), "{short:?}");
}

//! The tests that cross crates, in one binary.
//!
//! They run on the device that `SNN_TEST_DEVICE` names, flex by default:
//! `SNN_TEST_DEVICE=ndarray cargo test --features ndarray --test integration`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../../examples/common/device.rs"]
mod device;
mod files;

mod bptt;
mod cache;
mod cells;
mod conversion;
mod datasets;
mod datasets_spikes;
mod events;
mod graph;
mod hardware;
mod layers;
mod linear;
mod mnist;
mod neurons;
mod padding;
mod parity;
mod sequential;
mod training;
mod validation;
mod weights;

use burn::tensor::{Device, Tensor};

fn test_device_name() -> String {
    std::env::var("SNN_TEST_DEVICE").unwrap_or_else(|_| "flex".into())
}

/// The device under test.
fn test_device() -> Device {
    device::device(&test_device_name()).unwrap()
}

/// Whether it is a CPU backend.
fn on_cpu() -> bool {
    ["flex", "ndarray"].contains(&test_device_name().as_str())
}

/// The values of a tensor, row by row.
fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_to_vec().unwrap()
}

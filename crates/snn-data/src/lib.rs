//! Datasets for spiking neural networks.
//!
//! Knows no network: samples are plain numbers, and Burn appears only as the
//! [`Dataset`](burn::data::dataset::Dataset) trait that they implement.

pub mod yin_yang;

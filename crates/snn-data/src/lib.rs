//! Datasets for spiking neural networks.
//!
//! Knows no network: samples are plain numbers, and Burn appears only as the
//! [`Dataset`](burn::data::dataset::Dataset) trait that they implement.
//!
//! A set that is read from files takes the folder they lie in, and never uses the network by itself.
//! With the feature `download`, its `download` function gets what is missing, by a `Downloader`.

#[cfg(feature = "download")]
mod archive;
pub mod cache;
pub mod collate;
pub mod dataset;
#[cfg(feature = "download")]
mod download;
mod error;
pub mod events;
mod folder;
pub mod format;
pub mod frame;
pub mod idx;
pub mod loader;
mod memory;
pub mod mnist;
mod part;
pub mod policy;
mod remote;
mod replace;
pub mod sampler;
pub mod split;
pub mod transform;
pub mod yin_yang;

#[cfg(feature = "download")]
pub use download::{Downloader, Progress};
pub use error::DataError;
pub use folder::data_folder;
pub use part::Part;
pub use replace::replace;

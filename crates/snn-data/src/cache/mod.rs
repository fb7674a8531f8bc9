//! Caches: what was made of recordings once is read from disk or memory from then on.
//!
//! [`DiskCache`] keeps what a [`Prepare`] makes of each recording: frames, or transformed events. An entry
//! is used only if nothing has changed that it was made from: every parameter of every transform, the way
//! the recording is read, its file, the seed, the release of this crate. Anything else is made anew, and
//! so is an entry that was damaged. [`MemoryCache`] keeps samples of any data set as few bytes.
//!
//! ```no_run
//! # use snn_data::dataset::Recordings;
//! # use snn_data::events::Events;
//! use std::num::NonZeroUsize;
//! use std::path::Path;
//!
//! use snn_data::cache::{DiskCache, DiskCacheConfig, EventFrames, OnBad};
//! use snn_data::frame::{Slicer, ToFrame};
//! use snn_data::transform::{Compose, Denoise};
//!
//! # fn open(recordings: impl Recordings<Events>) -> Result<(), Box<dyn std::error::Error>> {
//! let denoise = Compose::new([Denoise::new(10_000).into()]);
//! let frames = EventFrames::<u8>::new(denoise, ToFrame::new(Slicer::time_bins(25)));
//! let config = DiskCacheConfig::default();
//! let cache = DiskCache::open(Path::new("cache"), recordings, frames, config)?;
//! cache.fill(NonZeroUsize::MIN, OnBad::Stop, |done, total| println!("{done} of {total}"))?;
//! let frames = cache.get_copy(0, 0)?.data;
//! # Ok(())
//! # }
//! ```

mod disk;
mod entry;
mod error;
mod fill;
mod memory;
mod pack;
mod prepare;
mod state;
#[cfg(test)]
mod tests;

pub use disk::{CacheStats, DiskCache, DiskCacheConfig};
pub use error::CacheError;
pub use fill::{BadRecording, OnBad};
pub use memory::MemoryCache;
pub use pack::{Pack, PackError};
pub use prepare::{EventFrames, Prepare, PrepareError, PrepareWith, SpikeFrames};

//! From events to arrays: slices, frames, voxel grids, time surfaces.
//!
//! A [`Slicer`] says which events belong together. [`ToFrame`] counts them by pixel, densely or
//! sparsely; [`ToImage`], [`ToVoxelGrid`], [`ToTimesurface`], [`ToAveragedTimesurface`] and
//! [`ToBinaRep`] are the other usual representations. All of them take a
//! [`Policy`](crate::policy::Policy):
//!
//! | | `Strict` | `Tonic` |
//! | --- | --- | --- |
//! | last bin of a recording | closed: has the last event | half open: loses the last event |
//! | duration or number that the bins do not divide | spread over the bins | the rest is dropped |
//! | more bins than µs | every event in a bin | all bins empty |
//! | a count that does not fit | stays at the largest value | wraps around |
//! | both polarities, one channel | counted together | an error |
//! | no events | empty frames `[T, P, H, W]` | empty frames `[T, P, W, H]` |
//! | events out of order | an error | an error where times are searched |
//! | voxel grid | a bin at each end; polarities ±1 | no bin for the last event; all +1 by default |
//! | time surface | to the last event | complete windows only |
//! | averaged time surface | times in µs, weights ≥ 0 | times as `f32`, weights of any sign |
//!
//! A sensor of more than 2²⁸ pixels has no frames under either: one stray event would take gigabytes.
//!
//! `Tonic` gives what Tonic 1.7.0 gives, bit for bit. The exponentials of NumPy depend on the
//! processor; these are those of one with AVX-512, on any processor.

mod array;
mod averaged_time_surface;
mod bina_rep;
mod exp;
mod image;
mod memory;
mod nearest;
mod slice;
mod sliced_dataset;
mod sparse;
mod time_surface;
mod to_frame;
mod voxel_grid;

#[cfg(test)]
mod golden;

use std::ops::Range;

use thiserror::Error;

pub use array::{Count, Frames};
pub use averaged_time_surface::{Decay, ToAveragedTimesurface};
pub use bina_rep::ToBinaRep;
pub use image::ToImage;
pub use slice::Slicer;
pub use sliced_dataset::{SlicedDataset, SlicedDatasetError};
pub use sparse::SparseFrames;
pub use time_surface::ToTimesurface;
pub use to_frame::ToFrame;
pub use voxel_grid::ToVoxelGrid;

/// Why events cannot be made into an array.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A parameter that makes no sense.
    #[error("{0}")]
    Parameter(String),
    /// Events in another order than that of their times.
    #[error(
        "the events are not sorted by time; apply the transform `SortByTime`, or `sorted` to events or \
         spikes"
    )]
    Unsorted,
    /// Slices by number that the recording does not have.
    #[error("slice {range:?} of {events} events")]
    Range {
        /// The slice.
        range: Range<usize>,
        /// Number of events.
        events: usize,
    },
    /// What Tonic does not take of a sensor with one channel.
    #[error("a sensor without two channels, and {0}")]
    Polarities(&'static str),
    /// A recording that Tonic has no result for.
    #[error("a recording of {0} events with a duration of {1} µs")]
    TooShort(usize, i64),
    /// An array with more values than fit into memory.
    #[error(
        "an array of {0:?} is too large; fewer or longer slices make fewer frames, the transforms `Crop` \
         and `Downsample` make smaller ones"
    )]
    TooLarge([usize; 4]),
    /// Frames that do not go with a representation, or with each other.
    #[error("frames of {found:?}, expected {expected:?}")]
    Shape {
        /// Their shape.
        found: [usize; 4],
        /// The shape they should have.
        expected: [usize; 4],
    },
}

impl FrameError {
    /// Fails with a sentence unless a parameter is good.
    fn unless(good: bool, problem: impl FnOnce() -> String) -> Result<(), Self> {
        if good { Ok(()) } else { Err(Self::Parameter(problem())) }
    }
}

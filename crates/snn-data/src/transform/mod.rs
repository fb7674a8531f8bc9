//! Transforms of events into events: filters, crops, augmentation.
//!
//! Each is a small configuration with an `apply`. A random one takes the generator too, so a seed gives the
//! same result again. [`Transform`] is any of them, [`Compose`] several. They read and write with serde.
//! None changes the events it is given.
//!
//! The names and the parameters are those of Tonic 1.7, but for the size of the sensor, which is part of
//! the [`Events`], and of the result of a transform that changes it. Where Tonic does what one would not
//! expect, a transform has a [`Policy`]: strict unless it is told otherwise, and said in its documentation.
//!
//! | Transform | Tonic | What differs |
//! | --- | --- | --- |
//! | [`Denoise`] | `Denoise` | policy: pixels without events support nothing |
//! | [`RefractoryPeriod`] | `RefractoryPeriod` | policy: an event at time 0 is kept |
//! | [`Decimation`] | `Decimation` | |
//! | [`DropPixel`] | `DropPixel` | coordinates and hot pixels, not either |
//! | [`RandomDropPixel`] | `RandomDropPixel` | |
//! | [`DropEvent`] | `DropEvent` | |
//! | [`DropEventByTime`] | `DropEventByTime` | policy: the recording begins with its first event |
//! | [`DropEventByArea`] | `DropEventByArea` | policy: the ratio is of the area; ranges; last column and row |
//! | [`EventDrop`] | `EventDrop` | policy: that of the two above |
//! | [`CenterCrop`] | `CenterCrop` | |
//! | [`RandomCrop`] | `RandomCrop` | policy: every offset is drawn |
//! | [`Crop`] | | a window at a given position |
//! | [`CropTime`] | `CropTime` | no limit unless given, instead of 0 and the first recording's last time |
//! | [`RandomFlipLR`], [`RandomFlipUD`] | the same | |
//! | [`RandomFlipPolarity`] | `RandomFlipPolarity` | policy: events flip, not recordings |
//! | [`MergePolarities`] | `MergePolarities` | the sensor has one channel after |
//! | [`RandomTimeReversal`] | `RandomTimeReversal` | policy: the recording stays at its time |
//! | [`SortByTime`] | | stable |
//! | [`TimeAlignment`] | `TimeAlignment` | |
//! | [`TimeSkew`] | `TimeSkew` | policy: rounds |
//! | [`TimeJitter`] | `TimeJitter` | policy: rounds; the sort is stable |
//! | [`SpatialJitter`] | `SpatialJitter` | policy: rounds; what leaves the sensor is dropped always |
//! | [`UniformNoise`] | `UniformNoise` | fair polarities; the sort is stable |
//! | [`Downsample`] | `Downsample` | policy: negative times |
//! | [`EventDownsampling`] | `EventDownsampling` | policy: times and last window; `dt` in µs |
//! | [`RandomTemporalDelete`] | | SpikingJelly's, on events |
//! | [`ShiftAugment`] | | `shift_augment` of Spyx, on events |
//!
//! Tonic never checks whether events are sorted by time. Here the transforms for which the order matters
//! return an error if they are not: [`Denoise`] and [`RefractoryPeriod`] if strict, [`EventDownsampling`],
//! [`RandomTemporalDelete`]; [`SortByTime`] sorts them. Without events all return none. Times that would overflow stop at the largest
//! or smallest one.
//!
//! `NumpyAsType`, `ToOneHotEncoding` and `Repeat` are not about events.

mod amount;
mod columns;
mod compose;
mod crop;
mod downsample;
mod drop;
mod error;
mod event_downsampling;
mod flip;
mod jitter;
mod noise_filter;
mod pixels;
mod polarity;
mod rounding;
mod time;
mod uniform_noise;

use rand::Rng;
use serde::{Deserialize, Serialize};

pub use amount::Amount;
pub use compose::Compose;
pub use crop::{CenterCrop, Crop, CropTime, RandomCrop};
pub use downsample::{Downsample, SpatialScale};
pub use drop::{DropEvent, DropEventByArea, DropEventByTime, EventDrop};
pub use error::TransformError;
pub use event_downsampling::{DownsamplingMethod, EventDownsampling};
pub use flip::{RandomFlipLR, RandomFlipUD, ShiftAugment};
pub use jitter::{SpatialJitter, TimeJitter};
pub use noise_filter::{Decimation, Denoise, RefractoryPeriod};
pub use pixels::{DropPixel, RandomDropPixel};
pub use polarity::{MergePolarities, RandomFlipPolarity};
pub use time::{RandomTemporalDelete, RandomTimeReversal, SortByTime, TimeAlignment, TimeSkew};
pub use uniform_noise::UniformNoise;

use crate::events::Events;
#[cfg(doc)]
use crate::policy::Policy;

/// The variants of [`Transform`], each named after what it holds.
macro_rules! transforms {
    ($($name:ident),+ $(,)?) => {
        /// Any transform.
        ///
        /// Written with its name as `transform`: `{"transform": "Denoise", "filter_time": 10000}`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "transform")]
        #[non_exhaustive]
        pub enum Transform {
            $(#[doc = concat!("[`", stringify!($name), "`].")] $name($name),)+
        }

        $(impl From<$name> for Transform {
            fn from(transform: $name) -> Self {
                Self::$name(transform)
            }
        })+
    };
}

transforms! {
    CenterCrop, Crop, CropTime, Decimation, Denoise, Downsample, DropEvent, DropEventByArea,
    DropEventByTime, DropPixel, EventDownsampling, EventDrop, MergePolarities, RandomCrop,
    RandomDropPixel, RandomFlipLR, RandomFlipPolarity, RandomFlipUD, RandomTemporalDelete,
    RandomTimeReversal, RefractoryPeriod, ShiftAugment, SortByTime, SpatialJitter, TimeAlignment,
    TimeJitter, TimeSkew, UniformNoise,
}

impl Transform {
    /// What the transform makes of the events. One that is not random takes nothing from `rng`.
    ///
    /// # Errors
    ///
    /// That of the transform.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        match self {
            Self::CenterCrop(it) => Ok(it.apply(events)),
            Self::Crop(it) => Ok(it.apply(events)),
            Self::CropTime(it) => Ok(it.apply(events)),
            Self::Decimation(it) => it.apply(events),
            Self::Denoise(it) => it.apply(events),
            Self::Downsample(it) => it.apply(events),
            Self::DropEvent(it) => it.apply(events, rng),
            Self::DropEventByArea(it) => it.apply(events, rng),
            Self::DropEventByTime(it) => it.apply(events, rng),
            Self::DropPixel(it) => it.apply(events),
            Self::EventDownsampling(it) => it.apply(events),
            Self::EventDrop(it) => it.apply(events, rng),
            Self::MergePolarities(it) => Ok(it.apply(events)),
            Self::RandomCrop(it) => it.apply(events, rng),
            Self::RandomDropPixel(it) => it.apply(events, rng),
            Self::RandomFlipLR(it) => it.apply(events, rng),
            Self::RandomFlipPolarity(it) => it.apply(events, rng),
            Self::RandomFlipUD(it) => it.apply(events, rng),
            Self::RandomTemporalDelete(it) => it.apply(events, rng),
            Self::RandomTimeReversal(it) => it.apply(events, rng),
            Self::RefractoryPeriod(it) => it.apply(events, rng),
            Self::ShiftAugment(it) => Ok(it.apply(events, rng)),
            Self::SortByTime(it) => Ok(it.apply(events)),
            Self::SpatialJitter(it) => it.apply(events, rng),
            Self::TimeAlignment(it) => Ok(it.apply(events)),
            Self::TimeJitter(it) => it.apply(events, rng),
            Self::TimeSkew(it) => it.apply(events, rng),
            Self::UniformNoise(it) => it.apply(events, rng),
        }
    }
}

#[cfg(test)]
mod tests;

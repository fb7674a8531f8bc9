//! Numbers to spike trains, time first.
//!
//! Whatever is random takes an `Rng` and is drawn on the host: the same seed gives the same spikes on
//! every backend. Encoders check their values, for which they read them back from the device.
//!
//! `E` is `D + 1` throughout: the rank of the values and the time axis in front of them. It follows
//! from how the result is used.

mod burst;
mod coordinates;
mod delta;
mod error;
mod first_spike;
mod interpolate;
mod latency;
mod one_hot;
mod periodic;
mod phase;
mod pixels;
mod population;
mod rate;
mod target;

pub use burst::{BurstConfig, burst};
pub use coordinates::CoordinatesToSpikes;
pub use delta::{DeltaConfig, delta};
pub use error::EncodeError;
pub use first_spike::keep_first_spike;
pub use interpolate::{latency_interpolate, rate_interpolate};
pub use latency::{LatencyConfig, LatencyCurve, latency, latency_code};
pub use one_hot::{from_one_hot, one_hot};
pub use periodic::periodic;
pub use phase::weighted_phase;
pub use pixels::{PixelsToSpikeTimes, spike_times_to_dense};
pub use population::{PopulationConfig, population};
pub use rate::{RateConfig, rate, rate_over_time};
pub use target::{FiringPattern, TargetRateConfig, target_rate_code, targets_rate};

//! What a file does not say of itself.

use serde::{Deserialize, Serialize};

use crate::events::SensorSize;

/// What to go by where a file does not say it. The default is right for most files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// The sensor, whatever the file says; for bs1 its pixels are the neurons.
    ///
    /// By default the one that the file states. If it states none: for a whole file the smallest that
    /// has all events; a stream needs it.
    pub sensor: Option<SensorSize>,
    /// The camera of an AEDAT 2.0 file, whatever its header says.
    pub camera: Option<Camera>,
    /// What the polarity bit of an AEDAT 2.0 file means.
    pub polarity: PolarityBit,
}

/// A camera whose addresses AEDAT 2.0 files hold.
///
/// Columns and rows are as in the address. jAER counts the rows upwards, and mirrors the columns when
/// it shows them: flip the events for an upright picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Camera {
    /// DVS128, 128 x 128: bit 0 polarity, bits 1 to 7 x, bits 8 to 14 y. Words with bit 15 are special
    /// events, which are left out.
    Dvs128,
    /// DAVIS240, 240 x 180: bit 11 polarity, bits 12 to 21 x, bits 22 to 30 y. Words with bit 31 are
    /// of the frames and the inertial sensor, and those with bit 10 special: they are left out.
    Davis240,
    /// DAVIS346, 346 x 260, with the addresses of [`Davis240`](Self::Davis240).
    Davis346,
}

/// What the polarity bit of AEDAT 2.0 means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PolarityBit {
    /// As jAER takes it: brighter is 0 for a DVS128, and 1 for a DAVIS.
    #[default]
    Jaer,
    /// The other way round, as some readers take it, for a DVS128 above all.
    Inverse,
}

impl Camera {
    /// Its sensor.
    pub fn sensor(self) -> SensorSize {
        match self {
            Self::Dvs128 => SensorSize::new(128, 128),
            Self::Davis240 => SensorSize::new(240, 180),
            Self::Davis346 => SensorSize::new(346, 260),
        }
    }
}

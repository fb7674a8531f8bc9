//! Overrides for what files do not state.

use serde::{Deserialize, Serialize};

use super::{ColumnSelection, Format, TimeUnit};
use crate::events::{Outside, SensorSize};

/// Overrides for what a file does not state. The default is right for most files.
///
/// ```
/// use snn_data::format::{ColumnSelection, Format, Options, TimeUnit, decode, Recording};
///
/// let options = Options {
///     columns: Some(ColumnSelection::xytp()),
///     time_unit: Some(TimeUnit::Seconds),
///     ..Options::default()
/// };
/// let recording = decode(Format::Csv, b"7 15 0.000654 1\n", &options)?;
/// let Recording::Events(events) = recording else { unreachable!("spikes") };
/// assert_eq!((events.t()[0], events.x()[0], events.y()[0]), (654, 7, 15));
/// # Ok::<(), snn_data::format::FormatError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Format of the file, for files without a signature whose content does not look like it.
    pub format: Option<Format>,
    /// Sensor, whatever the file states; for bs1 its pixels are the neurons.
    ///
    /// By default the one that the file states. If it states none: for a whole file the smallest that
    /// contains all events; a stream needs it.
    pub sensor: Option<SensorSize>,
    /// Policy for events outside the sensor.
    pub outside: Outside,
    /// Unit of the times in text, NumPy, MATLAB and HDF5 files, whatever the file states.
    ///
    /// By default the one that the file states. If it states none, whole numbers are µs, and fractions
    /// are refused. The other formats define their unit.
    pub time_unit: Option<TimeUnit>,
    /// Columns of text, NumPy, MATLAB and HDF5 files, whatever their names.
    pub columns: Option<ColumnSelection>,
    /// Group or dataset of an HDF5 file that contains the events, such as `davis/left`.
    pub group: Option<String>,
    /// Camera of an AEDAT 1.0 or 2.0 file, whatever its header states.
    pub camera: Option<Camera>,
    /// Meaning of the polarity bit of an AEDAT 1.0 or 2.0 file.
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

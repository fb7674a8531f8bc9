//! Files of recordings, of the formats that cameras and data sets use.
//!
//! | format | files | read | streamed | written |
//! | --- | --- | --- | --- | --- |
//! | [ATIS](Format::AtisBin) | N-MNIST, N-Caltech101 `.bin` | yes | yes | |
//! | [bs1, bs2, bs3](Format::Bs1) | SLAYER | yes | bs2, bs3 | |
//! | [AEDAT 1.0](Format::Aedat1) | jAER `.dat`, `.aedat` | yes | yes | |
//! | [AEDAT 2.0](Format::Aedat2) | jAER `.aedat` | yes | yes | yes |
//! | [AEDAT 3.1](Format::Aedat3) | cAER `.aedat` | yes | yes | |
//! | [AEDAT 4](Format::Aedat4) | DV `.aedat4` | yes | yes | |
//! | [DAT](Format::Dat) | Prophesee, ATIS `.dat` | yes | yes | |
//! | [EVT 2.0](Format::Evt2) | Prophesee `.raw` | yes | yes | yes |
//! | [EVT 2.1](Format::Evt21), [EVT 3.0](Format::Evt3) | Prophesee `.raw` | yes | yes | |
//! | [Event Stream](Format::EventStream) | `.es` | yes | yes | yes |
//! | [NumPy](Format::Npz) | `.npy`, `.npz` | yes | | yes |
//! | [MATLAB 5](Format::Mat) | `.mat` | yes | | |
//! | [HDF5](Format::Hdf5) | `.h5` | yes | | |
//! | [text](Format::Csv) | `.csv`, `.txt` | yes | | yes |
//!
//! [`read`] detects the format; [`inspect`] also returns how the file was understood; [`stream`] reads
//! files that are larger than the memory; [`decode`] takes bytes from anywhere, and reads no file. All of
//! them check every size that a file states against what is there, and every event against the sensor.
//! [`Options`] override what a file does not state.

mod aedat2;
mod aedat3;
mod aedat4;
mod atis;
mod bs1;
mod bs3;
mod column;
pub mod csv;
#[cfg(test)]
mod damage;
mod dat;
mod decoded;
mod decoder;
mod detect;
mod es;
mod evt;
mod evt2;
mod evt21;
mod evt3;
mod file;
mod flatbuffer;
#[cfg(feature = "hdf5")]
pub mod hdf5;
mod header;
mod index;
mod interpretation;
pub mod mat;
pub mod npy;
mod options;
mod order;
mod plausible;
#[cfg(test)]
mod properties;
mod roles;
mod rows;
mod selection;
#[cfg(test)]
mod tests;
mod time_unit;
mod triggers;

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::events::{Columns, Events, SensorSize, Spikes};
#[cfg(test)]
pub(crate) use aedat4::tests::recorded as aedat4_file;
use decoded::{Content, Decoded};
use decoder::Feeder;
pub use file::{Stream, inspect, read, read_with, stream, stream_with, write};
pub(crate) use index::IndexedFile;
pub use interpretation::{Basis, Finding, Interpretation};
pub use options::{Camera, Options, PolarityBit};
pub use selection::{ColumnId, ColumnSelection, ColumnSelectionError};
pub use time_unit::{TimeUnit, TimeUnitError};
pub use triggers::{decode_triggers, read_triggers};

/// What an HDF5 file begins with.
const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";

/// How a recording is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Format {
    /// 5 bytes an event, of an ATIS camera: N-MNIST and N-Caltech101 (Orchard et al., 2015).
    ///
    /// Big-endian: 8 bits x, 8 bits y, 1 bit polarity, 23 bits time in µs. An event with y = 240 is
    /// none: it says that 2¹³ µs are to be added to all times behind it.
    AtisBin,
    /// Spikes, of SLAYER: 16 bits neuron, 1 bit that is not used, 23 bits time in µs, big-endian.
    Bs1,
    /// Events, of SLAYER: 5 bytes as in [`AtisBin`](Self::AtisBin), without its markers.
    Bs2,
    /// Events, of SLAYER: 12 bits x, 12 bits y, 8 bits polarity, 24 bits time in µs, big-endian.
    Bs3,
    /// AEDAT 1.0, of jAER before 2008, often named `.dat`.
    ///
    /// Text lines that begin with `#`, or none, then 6 bytes a word, big-endian: u16 address, i32 time in
    /// µs (jAER, `AEFileOutputStream`). The addresses are those of a [DVS128](Camera::Dvs128).
    Aedat1,
    /// AEDAT 2.0, of jAER.
    ///
    /// Text lines that begin with `#`, then 8 bytes a word, big-endian: u32 address, i32 time in µs
    /// (<https://docs.inivation.com>, AEDAT 2.0). See [`Camera`] for the addresses. The time goes on
    /// where its 32 bits start again.
    Aedat2,
    /// AEDAT 3.0 and 3.1, of cAER (<https://docs.inivation.com>, AEDAT 3.1).
    ///
    /// Polarity packets only; events that are marked as invalid are left out.
    Aedat3,
    /// AEDAT 4.0, of DV (<https://docs.inivation.com>, AEDAT 4.0): the stream of events with the
    /// lowest number. Packets may be packed by LZ4 or zstd.
    Aedat4,
    /// DAT, of Prophesee (<https://docs.prophesee.ai>, DAT file format).
    ///
    /// 8 bytes an event, little-endian: u32 time in µs, then 14 bits x, 14 bits y, 4 bits polarity;
    /// before version 2, of the ATIS: 9 bits x, 8 bits y, 1 bit polarity. The time goes on where its
    /// 32 bits start again.
    Dat,
    /// EVT 2.0, of Prophesee (<https://docs.prophesee.ai>, EVT 2.0 and RAW file format).
    ///
    /// Of this and the other EVT formats, change events are read ([`read_triggers`] reads triggers), and
    /// the vendor's own words left out; so are events before the first word with the upper bits of the time. The time
    /// goes on where its bits start again. The sensor is that of the lines `geometry` or `format` of
    /// the header, or else that of the camera whose driver (`plugin_name`) wrote the file.
    Evt2,
    /// EVT 2.1, of Prophesee (<https://docs.prophesee.ai>, EVT 2.1), with both orders of the halves of
    /// a word.
    Evt21,
    /// EVT 3.0, of Prophesee (<https://docs.prophesee.ai>, EVT 3.0).
    Evt3,
    /// Event Stream 2 (<https://github.com/neuromorphic-paris/event_stream>).
    ///
    /// DVS events; of ATIS events those that are no exposure measurements. Generic events carry bytes
    /// that only their writer understands: they are read as spikes of one neuron, without the bytes.
    EventStream,
    /// An array of NumPy.
    Npy,
    /// Arrays of NumPy.
    Npz,
    /// MATLAB 5.
    Mat,
    /// HDF5.
    Hdf5,
    /// Text, an event a line.
    Csv,
}

/// Content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recording {
    /// Events of a camera.
    Events(Events),
    /// Spikes of neurons without a place.
    Spikes(Spikes),
}

/// Bytes that are not what their format says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("byte {offset}: {problem}")]
pub struct FormatError {
    /// Byte at which the problem was found.
    pub offset: usize,
    /// What was expected and what is there.
    pub problem: String,
}

/// Events that a format cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct EncodeError(String);

impl FormatError {
    fn new(offset: usize, problem: impl Into<String>) -> Self {
        Self { offset, problem: problem.into() }
    }

    /// The same, where `bytes` lie before what was decoded.
    fn behind(self, bytes: usize) -> Self {
        Self { offset: self.offset + bytes, ..self }
    }
}

impl Format {
    /// Whether files are decoded piece by piece.
    fn is_streamed(self, bytes: &[u8]) -> bool {
        match self {
            Self::Bs1 | Self::Npy | Self::Npz | Self::Mat | Self::Hdf5 | Self::Csv => false,
            Self::EventStream => !es::is_generic(bytes),
            _ => true,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtisBin => "ATIS bin",
            Self::Bs1 => "bs1",
            Self::Bs2 => "bs2",
            Self::Bs3 => "bs3",
            Self::Aedat1 => "AEDAT 1.0",
            Self::Aedat2 => "AEDAT 2.0",
            Self::Aedat3 => "AEDAT 3.1",
            Self::Aedat4 => "AEDAT 4.0",
            Self::Dat => "DAT",
            Self::Evt2 => "EVT 2.0",
            Self::Evt21 => "EVT 2.1",
            Self::Evt3 => "EVT 3.0",
            Self::EventStream => "Event Stream",
            Self::Npy => "npy",
            Self::Npz => "npz",
            Self::Mat => "MATLAB 5",
            Self::Hdf5 => "HDF5",
            Self::Csv => "CSV",
        })
    }
}

/// Decodes a whole file.
///
/// ```
/// use snn_data::format::{Format, Options, Recording, decode};
///
/// // x 7, y 15, brighter, at 654 µs.
/// let recording = decode(Format::AtisBin, &[7, 15, 0x80, 0x02, 0x8e], &Options::default())?;
/// let Recording::Events(events) = recording else { unreachable!("spikes") };
/// assert_eq!((events.x()[0], events.y()[0], events.p()[0], events.t()[0]), (7, 15, true, 654));
/// # Ok::<(), snn_data::format::FormatError>(())
/// ```
///
/// # Errors
///
/// If there are no bytes, or they are not of the format, or end too early, or an event is outside the
/// sensor; names the place. A header without events is a recording without events. In a format that is
/// not streamed, an event outside the sensor is named by its number.
pub fn decode(format: Format, bytes: &[u8], options: &Options) -> Result<Recording, FormatError> {
    let format = Finding::new(format, Basis::Option);
    decode_as(format, bytes, options).map(|(recording, _)| recording)
}

/// [`decode`], with how the bytes were understood.
fn decode_as(
    format: Finding<Format>,
    bytes: &[u8],
    options: &Options,
) -> Result<(Recording, Interpretation), FormatError> {
    detect::not_empty(bytes)?;
    Ok(match format.value {
        Format::Bs1 => spikes(bs1::decode(bytes, options.sensor)?, format, options),
        Format::EventStream if es::is_generic(bytes) => {
            spikes(es::decode_generic(bytes)?, format, options)
        }
        Format::Npy => npy::decode(bytes, options)?.finish(format, options)?,
        Format::Npz => npy::decode_npz(bytes, options)?.finish(format, options)?,
        Format::Mat => mat::decode(bytes, options)?.finish(format, options)?,
        #[cfg(feature = "hdf5")]
        Format::Hdf5 => hdf5::decode(bytes, options)?.finish(format, options)?,
        #[cfg(not(feature = "hdf5"))]
        Format::Hdf5 => return Err(FormatError::new(0, "HDF5 is read with the feature hdf5")),
        Format::Csv => csv::decode(bytes, options)?.finish(format, options)?,
        Format::AtisBin
        | Format::Bs2
        | Format::Bs3
        | Format::Aedat1
        | Format::Aedat2
        | Format::Aedat3
        | Format::Aedat4
        | Format::Dat
        | Format::Evt2
        | Format::Evt21
        | Format::Evt3
        | Format::EventStream => decode_events(format, bytes, options)?,
    })
}

/// Unit of the times in formats that define it.
const MICROSECONDS: Finding<TimeUnit> =
    Finding { value: TimeUnit::Microseconds, basis: Basis::Format };

/// Spikes of a format without options for them.
fn spikes(
    spikes: Spikes,
    format: Finding<Format>,
    options: &Options,
) -> (Recording, Interpretation) {
    let outside = (options.outside, 0);
    let time_unit = MICROSECONDS;
    let understood = Interpretation { format, time_unit, columns: None, sensor: None, outside };
    (Recording::Spikes(spikes), understood)
}

/// A file of a format that can be streamed.
fn decode_events(
    format: Finding<Format>,
    bytes: &[u8],
    options: &Options,
) -> Result<(Recording, Interpretation), FormatError> {
    let Some(mut feeder) = Feeder::open(format.value, bytes, true, options)? else {
        return Err(FormatError::new(bytes.len(), "the file ends within its header"));
    };
    let body = &bytes[feeder.offset..];
    let mut columns = Columns::default();
    let fed = feeder.feed(body, &mut columns);
    let fed = fed.and_then(|taken| feeder.finish(&body[taken..]));
    fed.map_err(|refusal| name_remedy(refusal, columns.len()))?;
    let content = Content::Events { columns, merged: false };
    let decoded = Decoded {
        content,
        sensor: feeder.stated.clone(),
        time_unit: MICROSECONDS,
        columns: None,
        offset: 0,
    };
    let (recording, mut understood) = decoded.finish(format, options)?;
    understood.outside.1 += feeder.count_outside;
    Ok((recording, understood))
}

/// Adds to an error how to read the events before it.
fn name_remedy(refusal: FormatError, events: usize) -> FormatError {
    if events == 0 {
        return refusal;
    }
    let problem =
        format!("{}; format::stream reads the events before it ({events})", refusal.problem);
    FormatError { problem, ..refusal }
}

/// Events on the sensor that a file states, or else on the smallest one.
fn on_sensor(columns: Columns, sensor: Option<SensorSize>) -> Result<Events, FormatError> {
    let events = match sensor {
        Some(sensor) => Events::from_columns(columns, sensor),
        None => Events::on_smallest_sensor(columns),
    };
    events.map_err(|error| FormatError::new(0, error.to_string()))
}

/// Writes events as the bytes of a file.
///
/// # Errors
///
/// If the format is not one that is written, or cannot hold the events.
pub fn encode(format: Format, events: &Events) -> Result<Vec<u8>, EncodeError> {
    match format {
        Format::Aedat2 => aedat2::encode(events),
        Format::Evt2 => evt2::encode(events),
        Format::EventStream => es::encode(events),
        Format::Npy => Ok(npy::encode(events)),
        Format::Npz => npy::encode_npz(events).map_err(|error| EncodeError(error.to_string())),
        Format::Csv => Ok(csv::encode(events)),
        _ => Err(EncodeError(format!("{format} is read, but not written"))),
    }
}

//! Files of recordings: the only part that touches the disk.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::decoder::Feeder;
use super::{Format, FormatError, Options, Recording, decode, encode, on_given_sensor};
use crate::DataError;
use crate::events::{Columns, Events};
use crate::replace::replace;

/// Bytes by which a format is found out.
const FIRST: usize = 1 << 13;

/// Reads a recording; its format is found out by [`Format::detect`].
///
/// # Errors
///
/// If the file cannot be read, is of no known format, or is broken.
pub fn read(path: impl AsRef<Path>) -> Result<Recording, DataError> {
    read_with(path, &Options::default())
}

/// [`read`], with options.
///
/// # Errors
///
/// As [`read`].
pub fn read_with(path: impl AsRef<Path>, options: &Options) -> Result<Recording, DataError> {
    let path = path.as_ref();
    let bytes = map(path)?;
    let format = detect(path, &bytes)?;
    decode_file(path, &bytes, format, options)
}

/// Reads a recording of a format.
///
/// # Errors
///
/// If the file cannot be read or is broken.
pub fn read_as(
    path: impl AsRef<Path>,
    format: Format,
    options: &Options,
) -> Result<Recording, DataError> {
    let path = path.as_ref();
    decode_file(path, &map(path)?, format, options)
}

pub(super) fn decode_file(
    path: &Path,
    bytes: &[u8],
    format: Format,
    options: &Options,
) -> Result<Recording, DataError> {
    #[cfg(feature = "hdf5")]
    if format == Format::Hdf5 {
        // It looks for what it needs in the file, and would make a copy of the bytes.
        let recording = super::hdf5::read(path, options, None)?;
        return on_given_sensor(recording, options).map_err(broken(path));
    }
    decode(format, bytes, options).map_err(broken(path))
}

/// Reads events in pieces, of a file that may be larger than the memory; its format is found out by
/// [`Format::detect`].
///
/// # Errors
///
/// As [`stream_as`].
pub fn stream(path: impl AsRef<Path>, chunk_bytes: usize) -> Result<Stream, DataError> {
    let path = path.as_ref();
    let mut first = Vec::new();
    let file = File::open(path).map_err(unreadable(path))?;
    file.take(FIRST as u64).read_to_end(&mut first).map_err(unreadable(path))?;
    stream_as(path, detect(path, &first)?, &Options::default(), chunk_bytes)
}

/// Reads events of a format in pieces: those of `chunk_bytes` of the file at a time.
///
/// They are the events that [`read_as`] reads, one after the other.
///
/// # Errors
///
/// If the file cannot be opened. The iterator ends with an error if the file is broken, or the format
/// cannot be streamed, or neither the file nor the options say what the sensor is.
pub fn stream_as(
    path: impl AsRef<Path>,
    format: Format,
    options: &Options,
    chunk_bytes: usize,
) -> Result<Stream, DataError> {
    let path = path.as_ref();
    Ok(Stream {
        file: File::open(path).map_err(unreadable(path))?,
        path: path.into(),
        format,
        options: *options,
        chunk_bytes: chunk_bytes.max(1),
        buffer: Vec::new(),
        feeder: None,
        ended: false,
    })
}

/// Events in pieces; see [`stream`].
pub struct Stream {
    path: PathBuf,
    file: File,
    format: Format,
    options: Options,
    chunk_bytes: usize,
    /// What was read and not decoded yet.
    buffer: Vec<u8>,
    /// `None` before the header was read.
    feeder: Option<Feeder>,
    ended: bool,
}

impl Iterator for Stream {
    type Item = Result<Events, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let read = (&mut self.file).take(self.chunk_bytes as u64).read_to_end(&mut self.buffer);
            let events = match read {
                Ok(count) => {
                    self.ended = count < self.chunk_bytes;
                    self.decode().map_err(broken(&self.path))
                }
                Err(source) => Err(unreadable(&self.path)(source)),
            };
            match events {
                Ok(None) => {}
                Ok(Some(events)) => return Some(Ok(events)),
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

impl Stream {
    /// Decodes what is whole in the buffer. `None` if there are no events in it.
    fn decode(&mut self) -> Result<Option<Events>, FormatError> {
        let (feeder, start) = match &mut self.feeder {
            Some(feeder) => (feeder, 0),
            feeder => match Feeder::open(self.format, &self.buffer, self.ended, &self.options)? {
                Some(opened) => {
                    let start = opened.offset;
                    (feeder.insert(opened), start)
                }
                None if self.ended => {
                    let problem = "the file ends within its header";
                    return Err(FormatError::new(self.buffer.len(), problem));
                }
                None => return Ok(None),
            },
        };
        let Some(sensor) = feeder.sensor else {
            let problem = "the file does not say the size of the sensor, it must be given";
            return Err(FormatError::new(0, problem));
        };
        let mut columns = Columns::default();
        let taken = feeder.feed(&self.buffer[start..], &mut columns)?;
        self.buffer.drain(..start + taken);
        if self.ended {
            feeder.finish(&self.buffer)?;
        }
        if columns.is_empty() {
            return Ok(None);
        }
        let offset = feeder.offset;
        let events = Events::from_columns(columns, sensor);
        Ok(Some(events.map_err(|error| FormatError::new(offset, error.to_string()))?))
    }
}

/// Writes events to a file, in the format of its extension: `raw` for EVT 2.0, `aedat` for AEDAT 2.0,
/// `es`, `npy`, `npz`, `csv`. The file is whole or not there: it is written under another name first.
///
/// # Errors
///
/// If the extension is none of these, the format cannot hold the events, or the file cannot be written.
pub fn write(path: impl AsRef<Path>, events: &Events) -> Result<(), DataError> {
    let path = path.as_ref();
    let invalid = |problem: String| {
        let source = io::Error::new(io::ErrorKind::InvalidInput, problem);
        DataError::File { path: path.into(), source }
    };
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let format = match extension.to_ascii_lowercase().as_str() {
        "raw" => Format::Evt2,
        "aedat" => Format::Aedat2,
        "es" => Format::EventStream,
        "npy" => Format::Npy,
        "npz" => Format::Npz,
        "csv" => Format::Csv,
        _ => return Err(invalid("expected one of .raw, .aedat, .es, .npy, .npz and .csv".into())),
    };
    let bytes = encode(format, events).map_err(|error| invalid(error.to_string()))?;
    replace(path, &bytes).map_err(unreadable(path))
}

/// The bytes of a file, without reading them all at once.
pub(super) fn map(path: &Path) -> Result<Mmap, DataError> {
    let file = File::open(path).map_err(unreadable(path))?;
    // SAFETY: the map is read only, and lives no longer than the decoding. Another process that
    // shortens the file meanwhile ends this one by a signal; recordings are not written while read.
    #[allow(unsafe_code, reason = "there is no safe way to map a file")]
    let map = unsafe { Mmap::map(&file) };
    map.map_err(unreadable(path))
}

pub(super) fn detect(path: &Path, bytes: &[u8]) -> Result<Format, DataError> {
    let first = &bytes[..bytes.len().min(FIRST)];
    Format::detect(path, first).ok_or_else(|| {
        let problem = "neither the first bytes nor the extension are of a known format";
        broken(path)(FormatError::new(0, problem))
    })
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> DataError {
    move |source| DataError::File { path: path.into(), source }
}

pub(super) fn broken(path: &Path) -> impl Fn(FormatError) -> DataError {
    move |FormatError { offset, problem }| DataError::Format { path: path.into(), offset, problem }
}

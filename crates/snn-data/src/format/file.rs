//! Files of recordings: the only part that touches the disk.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::decoder::Feeder;
use super::detect::{FIRST, detect};
use super::interpretation::{Finding, Interpretation};
use super::{Format, FormatError, Options, Recording, decode_as, encode};
use crate::DataError;
use crate::events::{Columns, Events};
use crate::replace::replace;

/// Reads a recording; its format is detected by [`Format::detect`].
///
/// # Errors
///
/// If the file cannot be read, is of no known format, or is broken; or does not state what it takes to
/// read it right, which [`Options`] do.
pub fn read(path: impl AsRef<Path>) -> Result<Recording, DataError> {
    read_with(path, &Options::default())
}

/// [`read`], with options.
///
/// # Errors
///
/// As [`read`].
pub fn read_with(path: impl AsRef<Path>, options: &Options) -> Result<Recording, DataError> {
    inspect(path, options).map(|(recording, _)| recording)
}

/// [`read_with`]; also returns how the file was understood: its format, the unit of its times, its
/// columns and sensor, and what was assumed.
///
/// ```
/// use snn_data::format::{self, Basis, Options, TimeUnit};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("events.txt");
/// std::fs::write(&path, "# time [s], x, y, polarity\n0.000654 7 15 1\n")?;
/// let (_, understood) = format::inspect(&path, &Options::default())?;
/// assert_eq!(understood.time_unit.value, TimeUnit::Seconds);
/// assert_eq!(understood.time_unit.basis, Basis::File);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`read`].
pub fn inspect(
    path: impl AsRef<Path>,
    options: &Options,
) -> Result<(Recording, Interpretation), DataError> {
    let path = path.as_ref();
    let bytes = map(path)?;
    let format = detect(path, &bytes, options).map_err(broken(path))?;
    decode_file(path, &bytes, format, options)
}

pub(super) fn decode_file(
    path: &Path,
    bytes: &[u8],
    format: Finding<Format>,
    options: &Options,
) -> Result<(Recording, Interpretation), DataError> {
    #[cfg(feature = "hdf5")]
    if format.value == Format::Hdf5 {
        // It looks for what it needs in the file, and would make a copy of the bytes.
        return super::hdf5::read(path, options)?.finish(format, options).map_err(broken(path));
    }
    decode_as(format, bytes, options).map_err(broken(path))
}

/// Reads events in pieces of a file that may be larger than the memory: those of `chunk_bytes` of the
/// file at a time.
///
/// # Errors
///
/// As [`stream_with`].
pub fn stream(path: impl AsRef<Path>, chunk_bytes: usize) -> Result<Stream, DataError> {
    stream_with(path, &Options::default(), chunk_bytes)
}

/// [`stream`], with options.
///
/// The pieces are the events that [`read_with`] reads, one after the other. Of a file that is broken or
/// ends early, as that of a recorder that was stopped, they are first the events before the damage, and
/// then the error.
///
/// # Errors
///
/// If the file cannot be opened, or its format is not detected. The iterator ends with an error if the
/// file is broken, or the format cannot be streamed, or neither the file nor the options state the sensor.
pub fn stream_with(
    path: impl AsRef<Path>,
    options: &Options,
    chunk_bytes: usize,
) -> Result<Stream, DataError> {
    let path = path.as_ref();
    let mut first = Vec::new();
    let file = File::open(path).map_err(unreadable(path))?;
    file.take(FIRST as u64).read_to_end(&mut first).map_err(unreadable(path))?;
    let format = detect(path, &first, options).map_err(broken(path))?;
    Ok(Stream {
        file: File::open(path).map_err(unreadable(path))?,
        path: path.into(),
        format: format.value,
        options: options.clone(),
        chunk_bytes: chunk_bytes.max(1),
        buffer: Vec::new(),
        feeder: None,
        ended: false,
        damage: None,
    })
}

/// Events in pieces; see [`stream`].
pub struct Stream {
    path: PathBuf,
    file: File,
    format: Format,
    options: Options,
    chunk_bytes: usize,
    /// Bytes that are read but not decoded.
    buffer: Vec<u8>,
    /// `None` before the header was read.
    feeder: Option<Feeder>,
    ended: bool,
    /// Error to return once the events before it are.
    damage: Option<DataError>,
}

impl Iterator for Stream {
    type Item = Result<Events, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(damage) = self.damage.take() {
                self.ended = true;
                return Some(Err(damage));
            }
            if self.ended {
                return None;
            }
            let read = (&mut self.file).take(self.chunk_bytes as u64).read_to_end(&mut self.buffer);
            match read {
                Ok(count) => self.ended = count < self.chunk_bytes,
                Err(source) => self.damage = Some(unreadable(&self.path)(source)),
            }
            let mut columns = Columns::default();
            let decoded = self.decode(&mut columns);
            // What was read before an error of the disk is decoded first.
            self.damage = self.damage.take().or(decoded.err().map(broken(&self.path)));
            match self.events(columns) {
                Ok(None) => {}
                Ok(Some(events)) => return Some(Ok(events)),
                Err(error) => self.damage = Some(broken(&self.path)(error)),
            }
        }
    }
}

impl Stream {
    /// Number of events outside the sensor that were dropped or clipped so far.
    pub fn outside(&self) -> usize {
        self.feeder.as_ref().map_or(0, |feeder| feeder.count_outside)
    }

    /// Decodes what is whole in the buffer. Before an error, the events before it are appended.
    fn decode(&mut self, columns: &mut Columns) -> Result<(), FormatError> {
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
                None => return Ok(()),
            },
        };
        if feeder.sensor.is_none() {
            let problem = "the file does not state the size of the sensor; set Options::sensor";
            return Err(FormatError::new(0, problem));
        }
        let taken = feeder.feed(&self.buffer[start..], columns)?;
        self.buffer.drain(..start + taken);
        if self.ended { feeder.finish(&self.buffer) } else { Ok(()) }
    }

    /// Events on the sensor; `None` if there are none.
    fn events(&self, columns: Columns) -> Result<Option<Events>, FormatError> {
        let sensor = self.feeder.as_ref().and_then(|feeder| Some((feeder.sensor?, feeder.offset)));
        let Some((sensor, offset)) = sensor.filter(|_| !columns.is_empty()) else {
            return Ok(None);
        };
        let events = Events::from_columns(columns, sensor);
        events.map(Some).map_err(|error| FormatError::new(offset, error.to_string()))
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

fn unreadable(path: &Path) -> impl Fn(io::Error) -> DataError {
    move |source| DataError::File { path: path.into(), source }
}

pub(super) fn broken(path: &Path) -> impl Fn(FormatError) -> DataError {
    move |FormatError { offset, problem }| DataError::Format { path: path.into(), offset, problem }
}

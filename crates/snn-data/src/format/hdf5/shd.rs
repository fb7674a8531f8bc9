//! The spiking Heidelberg data sets.

use std::path::Path;

use super::file::File;
use super::heap::Sequences;
use super::in_file;
use crate::DataError;
use crate::events::Spikes;
use crate::format::FormatError;
use crate::format::TimeUnit;

/// A file of the Spiking Heidelberg Digits or the Spiking Speech Commands: spoken words as spikes
/// of 700 channels of a cochlea (Cramer et al. 2022, <https://doi.org/10.1109/TNNLS.2020.3044364>).
///
/// The file has the datasets `spikes/times` (sequences, s), `spikes/units` (sequences), `labels`,
/// and most often `extra/keys`, the names of the classes, and `extra/speaker`. Times are read as
/// f64, so those of half precision do not overflow, and become the µs that has begun.
pub struct Shd {
    file: File,
    times: Sequences,
    units: Sequences,
    labels: Vec<u32>,
    keys: Vec<String>,
    speakers: Vec<u32>,
}

impl Shd {
    /// Channels of the cochlea.
    pub const UNITS: u32 = 700;

    /// Opens a file, of which the spikes stay where they are.
    ///
    /// # Errors
    ///
    /// It cannot be read, is no HDF5 file, or has not this layout; names the dataset.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        Self::of(File::open(path)?).map_err(|refusal| in_file(path, refusal))
    }

    /// A file that is in memory.
    ///
    /// # Errors
    ///
    /// It is no HDF5 file, or has not this layout; names the dataset.
    pub fn decode(bytes: Vec<u8>) -> Result<Self, FormatError> {
        Self::of(File::decode(bytes)?)
    }

    fn of(file: File) -> Result<Self, FormatError> {
        let times = Sequences::open(&file, "spikes/times")?;
        let units = Sequences::open(&file, "spikes/units")?;
        let numbers = |path: &str| file.expect(path)?.values()?.column()?.units();
        let labels = numbers("labels")?;
        let lengths = [times.len(), units.len(), labels.len()];
        if lengths.iter().any(|len| *len != labels.len()) {
            let problem = format!("expected as many times as units and labels, got {lengths:?}");
            return Err(FormatError { offset: 0, problem });
        }
        let keys = match file.dataset("extra/keys")? {
            Some(keys) => keys.texts()?,
            None => Vec::new(),
        };
        let speakers = match file.dataset("extra/speaker")? {
            Some(speakers) => speakers.values()?.column()?.units()?,
            None => Vec::new(),
        };
        Ok(Self { file, times, units, labels, keys, speakers })
    }

    /// Number of recordings.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no recordings.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The spikes of a recording, in the order of the file, with times in µs.
    ///
    /// # Errors
    ///
    /// There is no such recording; or the file is damaged, or a time is no number, or a unit is
    /// beyond the 700.
    pub fn spikes(&self, index: usize) -> Result<Spikes, FormatError> {
        let times = self.times.read(&self.file, index)?;
        let units = self.units.read(&self.file, index)?;
        let (t, unit) =
            (times.column()?.times_truncated(TimeUnit::Seconds)?, units.column()?.units()?);
        Spikes::new(t, unit, Self::UNITS).map_err(|refusal| FormatError {
            offset: 0,
            problem: format!("recording {index}: {refusal}"),
        })
    }

    /// The class of a recording.
    pub fn label(&self, index: usize) -> Option<usize> {
        self.labels.get(index).map(|label| *label as usize)
    }

    /// The names of the classes; none if the file has none.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Who spoke; none if the file does not tell.
    pub fn speaker(&self, index: usize) -> Option<usize> {
        self.speakers.get(index).map(|speaker| *speaker as usize)
    }
}

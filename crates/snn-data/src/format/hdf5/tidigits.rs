//! N-TIDIGITS.

use std::path::Path;

use super::file::File;
use super::in_file;
use crate::events::Spikes;
use crate::format::FormatError;
use crate::format::TimeUnit;
use crate::{DataError, Part};

/// N-TIDIGITS18: spoken digits as spikes of 64 channels of a silicon cochlea (Anumula et al. 2018,
/// <https://doi.org/10.3389/fnins.2018.00023>).
///
/// For each part the file has a dataset of names, `train_labels` or `test_labels`, and two groups
/// with a dataset for each name: `.._addresses`, the channels, and `.._timestamps`, in s. Times
/// become the µs that has begun.
pub struct NTidigits {
    file: File,
    part: &'static str,
    ids: Vec<String>,
}

impl NTidigits {
    /// Channels of the cochlea.
    pub const UNITS: u32 = 64;

    /// Opens a file, of which the spikes stay where they are.
    ///
    /// # Errors
    ///
    /// It cannot be read, is no HDF5 file, or has not this layout; names the dataset.
    pub fn open(path: &Path, part: Part) -> Result<Self, DataError> {
        Self::of(File::open(path)?, part).map_err(|refusal| in_file(path, refusal))
    }

    /// A file that is in memory.
    ///
    /// # Errors
    ///
    /// It is no HDF5 file, or has not this layout; names the dataset.
    pub fn decode(bytes: Vec<u8>, part: Part) -> Result<Self, FormatError> {
        Self::of(File::decode(bytes)?, part)
    }

    fn of(file: File, part: Part) -> Result<Self, FormatError> {
        let part = match part {
            Part::Train => "train",
            Part::Test => "test",
        };
        let ids = file.expect(&format!("{part}_labels"))?.texts()?;
        Ok(Self { file, part, ids })
    }

    /// Number of recordings.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no recordings.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The spikes of a recording, in the order of the file, with times in µs.
    ///
    /// # Errors
    ///
    /// There is no such recording; or the file is damaged, or a time is no number, or a channel is
    /// beyond the 64.
    pub fn spikes(&self, index: usize) -> Result<Spikes, FormatError> {
        let refuse = |problem: String| FormatError { offset: 0, problem };
        let id = self.ids.get(index).ok_or_else(|| {
            refuse(format!("no recording {index} of {} in {}", self.len(), self.part))
        })?;
        let dataset = |kind: &str| self.file.expect(&format!("{}_{kind}/{id}", self.part));
        let unit = dataset("addresses")?.values()?.column()?.units()?;
        let t = dataset("timestamps")?.values()?.column()?.times_truncated(TimeUnit::Seconds)?;
        Spikes::new(t, unit, Self::UNITS).map_err(|refusal| refuse(format!("{id}: {refusal}")))
    }

    /// The name of a recording: who spoke, and what.
    pub fn id(&self, index: usize) -> Option<&str> {
        self.ids.get(index).map(String::as_str)
    }

    /// The digits that are spoken, the end of the name: `1` to `9`, `z` for zero and `o` for oh.
    pub fn label(&self, index: usize) -> Option<&str> {
        self.id(index)?.rsplit('-').next()
    }
}

//! Slices of many recordings, as the samples of a data set.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{FrameError, Slicer};
use crate::DataError;
use crate::format::{self, IndexedFile, Options, Recording};
use crate::policy::Policy;
use crate::replace::replace;

/// The slices of recordings in files, one after the other.
///
/// Where the slices are is found out once, and can be kept in a file. The recording that was last
/// read as a whole stays in memory: its slices are views of it, and slices in order read every file
/// once. Of a recording that was read before, only the part of the file with the slice is decoded,
/// if its format is one that [`stream`](format::stream) reads.
pub struct SlicedDataset {
    recordings: Vec<PathBuf>,
    options: Options,
    /// Which recording a slice is of, and which of its events are in it.
    index: Vec<(usize, Range<usize>)>,
    /// Where the events of a recording are, once it was read.
    files: Vec<OnceLock<Option<IndexedFile>>>,
    last: Mutex<Option<(usize, Recording)>>,
}

/// Why recordings cannot be sliced.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SlicedDatasetError {
    /// A file that cannot be read or written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A recording that cannot be sliced.
    #[error("{}: {source}", path.display())]
    Slices {
        /// The recording.
        path: PathBuf,
        /// What is wrong.
        source: FrameError,
    },
}

/// What a file of slices holds.
#[derive(Serialize, Deserialize)]
struct Metadata {
    slicer: Slicer,
    policy: Policy,
    #[serde(default)]
    options: Options,
    recordings: BTreeMap<PathBuf, Slices>,
}

/// Slices of a recording, and how to tell whether it is still the same.
#[derive(Serialize, Deserialize)]
struct Slices {
    bytes: u64,
    /// When it was changed, in ns after 1970.
    modified: u128,
    slices: Vec<Range<usize>>,
}

impl SlicedDataset {
    /// Cuts recordings into slices. The options say what their files do not.
    ///
    /// With a file for `metadata`, where the slices are is read from it for recordings that have
    /// not changed since, and written to it for the others. A file of another slicer or other
    /// options, or one that cannot be understood, is replaced.
    ///
    /// # Errors
    ///
    /// A recording cannot be read or sliced, or the file cannot be written; names the file.
    pub fn new(
        recordings: Vec<PathBuf>,
        slicer: &Slicer,
        policy: Policy,
        options: &Options,
        metadata: Option<&Path>,
    ) -> Result<Self, SlicedDatasetError> {
        let mut known = metadata
            .and_then(read_metadata)
            .filter(|known| known.slicer == *slicer && known.policy == policy)
            .filter(|known| known.options == *options);
        let (slicer, options) = (slicer.clone(), options.clone());
        let mut all =
            Metadata { slicer, policy, options: options.clone(), recordings: BTreeMap::new() };
        let files = recordings.iter().map(|_| OnceLock::new()).collect();
        let (index, last) = (Vec::new(), Mutex::new(None));
        let mut dataset = Self { recordings, options, index, files, last };
        let mut changed = known.is_none();
        for (number, path) in dataset.recordings.iter().enumerate() {
            let (bytes, modified) = state(path)?;
            let kept = known.as_mut().and_then(|known| known.recordings.remove(path));
            let kept = kept.filter(|kept| {
                let is_same = (kept.bytes, kept.modified) == (bytes, modified);
                is_same && kept.slices.iter().all(|slice| slice.start <= slice.end)
            });
            changed |= kept.is_none();
            let slices = match kept {
                Some(kept) => kept.slices,
                None => slices(path, &all.slicer, policy, &all.options)?,
            };
            dataset.index.extend(slices.iter().map(|slice| (number, slice.clone())));
            all.recordings.insert(path.clone(), Slices { bytes, modified, slices });
        }
        if let Some(path) = metadata.filter(|_| changed) {
            write_metadata(path, &all).map_err(|source| file_error(path, source))?;
        }
        Ok(dataset)
    }

    /// Number of slices of all recordings.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are no slices.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The file that a slice is of, to look up its label for example.
    pub fn path(&self, index: usize) -> Option<&Path> {
        let (recording, _) = self.index.get(index)?;
        Some(&self.recordings[*recording])
    }

    /// One slice; none beyond the last.
    ///
    /// # Errors
    ///
    /// The recording cannot be read, or has fewer events than when it was sliced.
    pub fn get(&self, index: usize) -> Result<Option<Recording>, SlicedDatasetError> {
        let Some((number, range)) = self.index.get(index) else { return Ok(None) };
        let path = &self.recordings[*number];
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let recording = match (&*last, self.files[*number].get()) {
            (Some((of, recording)), _) if of == number => recording.clone(),
            (_, Some(Some(file))) => {
                drop(last);
                let events = file.events(range.clone())?;
                return match events.len() == range.len() {
                    true => Ok(Some(Recording::Events(events))),
                    false => Err(too_few(path, range, range.start + events.len())),
                };
            }
            _ => {
                let (recording, file) = IndexedFile::read(path, &self.options)?;
                // Another thread has found out the same.
                let _ = self.files[*number].set(file);
                *last = Some((*number, recording.clone()));
                recording
            }
        };
        let events = match &recording {
            Recording::Events(events) => events.len(),
            Recording::Spikes(spikes) => spikes.len(),
        };
        if range.end > events {
            return Err(too_few(path, range, events));
        }
        Ok(Some(match recording {
            Recording::Events(events) => Recording::Events(events.slice(range.clone())),
            Recording::Spikes(spikes) => Recording::Spikes(spikes.slice(range.clone())),
        }))
    }
}

fn too_few(path: &Path, range: &Range<usize>, events: usize) -> SlicedDatasetError {
    let source = FrameError::Range { range: range.clone(), events };
    SlicedDatasetError::Slices { path: path.into(), source }
}

fn slices(
    path: &Path,
    slicer: &Slicer,
    policy: Policy,
    options: &Options,
) -> Result<Vec<Range<usize>>, SlicedDatasetError> {
    let slices = match format::read_with(path, options)? {
        Recording::Events(events) => slicer.slices(&events, policy),
        Recording::Spikes(spikes) => slicer.spike_slices(&spikes, policy),
    };
    slices.map_err(|source| SlicedDatasetError::Slices { path: path.into(), source })
}

/// Size and time of the last change of a file.
fn state(path: &Path) -> Result<(u64, u128), DataError> {
    let metadata = fs::metadata(path).map_err(|source| file_error(path, source))?;
    let modified = metadata.modified().map_err(|source| file_error(path, source))?;
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok((metadata.len(), since.as_nanos()))
}

fn file_error(path: &Path, source: io::Error) -> DataError {
    DataError::File { path: path.into(), source }
}

fn read_metadata(path: &Path) -> Option<Metadata> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn write_metadata(path: &Path, metadata: &Metadata) -> io::Result<()> {
    replace(path, &serde_json::to_vec(metadata)?)
}

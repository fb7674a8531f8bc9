//! A cache on disk.

use std::fs;
use std::io;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use burn::data::dataset::{Dataset, DatasetError};
use serde::{Deserialize, Serialize};

use super::entry::{Entry, remove_abandoned, remove_all};
use super::fill::fill;
use super::prepare::{digest, generator};
use super::state::{FileState, read_settled};
use super::{BadRecording, CacheError, OnBad, Pack, PackError, Prepare};
use crate::dataset::{Origin, Recordings, Sample};

/// Characters of a fingerprint that name a folder. The entries have all of it.
const PREFIX: usize = 16;

/// What a cache keeps of each recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DiskCacheConfig {
    /// Of all that is random in what is made of a recording.
    pub seed: u64,
    /// How many times each recording is prepared, each time with other random numbers.
    pub copies: NonZeroUsize,
}

impl Default for DiskCacheConfig {
    /// One copy, seed 0.
    fn default() -> Self {
        Self { seed: 0, copies: NonZeroUsize::MIN }
    }
}

/// How often a cache was asked for samples since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Entries that were there.
    pub hits: u64,
    /// Entries that were not there.
    pub misses: u64,
    /// Entries that were there, but damaged, or made from a recording that has changed.
    pub rebuilt: u64,
    /// Bytes of entries that were read.
    pub bytes_read: u64,
    /// Bytes of entries that were written.
    pub bytes_written: u64,
}

/// What a [`Prepare`] makes of recordings, in files.
///
/// Each entry is a file of its own, in a folder for each [`fingerprint`](Self::fingerprint). It is used only
/// if it is whole, by its CRC-32, and was made from just what it would be made from now: the same
/// fingerprint, the same path and part of a recording, the same class, and the same file, by its length, the
/// times of its last write and its last change, and its inode (the last two on Unix alone). If not, it is
/// made anew, silently; [`stats`](Self::stats) tells. A recording that was changed in the last 20 ms (2 s
/// where files have times in whole seconds) is waited for, because another change might not show in its
/// times.
///
/// Random transforms draw from the seed, the recording (its file name, the names of the two folders that it
/// lies in, and its part) and the number of the copy. So a sample is the same whatever the order in which
/// samples are asked for, and however many threads ask.
///
/// Any number of threads and processes may use the same folder at once. They do not wait for each other: an
/// entry that several make at the same time is written by each, with the same content.
///
/// Entries are not forced to the disk. Those that a power cut leaves damaged are noticed like all others.
pub struct DiskCache<T, D, P> {
    dataset: D,
    prepare: P,
    config: DiskCacheConfig,
    fingerprint: String,
    folder: PathBuf,
    counters: Counters,
    recordings: PhantomData<fn() -> T>,
}

#[derive(Default)]
struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    rebuilt: AtomicU64,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
}

impl<T, D: Recordings<T>, P: Prepare<T>> DiskCache<T, D, P> {
    /// Opens a cache in a folder, which is made if it is not there. Many caches can share one.
    ///
    /// Temporary files older than an hour, which processes that were ended have left, are removed.
    ///
    /// # Errors
    ///
    /// There is no such folder, and it cannot be made.
    pub fn open(
        folder: &Path,
        dataset: D,
        prepare: P,
        config: DiskCacheConfig,
    ) -> Result<Self, CacheError> {
        let release = env!("CARGO_PKG_VERSION");
        let kind = P::Output::KIND;
        let fingerprint = digest(&("cache", release, prepare.fingerprint(), kind, config.seed));
        let folder = folder.join(&fingerprint[..PREFIX]);
        fs::create_dir_all(&folder)
            .map_err(|source| CacheError::Write { path: folder.clone(), source })?;
        // What cannot be removed does no harm; the folder may be one that is only read.
        let _ = remove_abandoned(&folder);
        Ok(Self {
            dataset,
            prepare,
            config,
            fingerprint,
            folder,
            counters: Counters::default(),
            recordings: PhantomData,
        })
    }

    /// The data set.
    pub fn dataset(&self) -> &D {
        &self.dataset
    }

    /// Another one for everything but the recordings that makes another result: SHA-256, in hexadecimal, of
    /// the fingerprint of what is prepared, its type, the seed, and the release of this crate.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Where the entries are: named after the first characters of the fingerprint.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Number of copies of each recording.
    pub fn copies(&self) -> NonZeroUsize {
        self.config.copies
    }

    /// How often entries were there.
    pub fn stats(&self) -> CacheStats {
        let Counters { hits, misses, rebuilt, bytes_read, bytes_written } = &self.counters;
        let [hits, misses, rebuilt, bytes_read, bytes_written] =
            [hits, misses, rebuilt, bytes_read, bytes_written]
                .map(|counter| counter.load(Ordering::Relaxed));
        CacheStats { hits, misses, rebuilt, bytes_read, bytes_written }
    }

    /// Removes all entries with this [`fingerprint`](Self::fingerprint).
    ///
    /// # Errors
    ///
    /// One cannot be removed.
    pub fn clear(&self) -> Result<(), CacheError> {
        remove_all(&self.folder)
            .map_err(|source| CacheError::Write { path: self.folder.clone(), source })
    }

    /// One copy of a sample; that of [`get`](Dataset::get) is the first.
    ///
    /// # Errors
    ///
    /// There is no entry, and the recording cannot be read, nothing can be made of it, or the entry cannot be
    /// written. The file of the recording is not there.
    ///
    /// # Panics
    ///
    /// There is no such sample or copy.
    pub fn get_copy(&self, index: usize, copy: usize) -> Result<Sample<P::Output>, CacheError> {
        let (origin, entry) = self.entry(index, copy);
        let state = FileState::of(&origin.path)?;
        let data = match self.find(&entry, state, P::Output::unpack) {
            Some(data) => data,
            None => self.make(index, copy, &origin, &entry)?,
        };
        Ok(Sample { data, label: self.dataset.label(index) })
    }

    /// Makes all entries that are not there or not right, with some threads; calls `progress` with how many
    /// recordings are done, and how many there are. Says which are bad.
    ///
    /// If it is interrupted, the next call goes on where it was.
    ///
    /// # Errors
    ///
    /// An entry cannot be written; with [`OnBad::Stop`], also that of the first recording that is bad.
    pub fn fill(
        &self,
        workers: NonZeroUsize,
        on_bad: OnBad,
        progress: impl Fn(usize, usize) + Sync,
    ) -> Result<Vec<BadRecording>, CacheError> {
        fill(self.dataset.len(), workers, on_bad, progress, |index| {
            (0..self.config.copies.get()).try_for_each(|copy| {
                let (origin, entry) = self.entry(index, copy);
                let state = FileState::of(&origin.path)?;
                match self.find(&entry, state, |_| Ok(())) {
                    Some(()) => Ok(()),
                    None => self.make(index, copy, &origin, &entry).map(drop),
                }
            })
        })
    }

    fn entry(&self, index: usize, copy: usize) -> (Origin, Entry) {
        let copies = self.config.copies;
        assert!(copy < copies.get(), "copy {copy} of {copies}");
        let origin = self.dataset.origin(index);
        let label = self.dataset.label(index);
        let entry = Entry::new(&self.folder, &self.fingerprint, &origin, copy, label);
        (origin, entry)
    }

    /// What is in an entry, if it is there and right.
    fn find<R>(
        &self,
        entry: &Entry,
        state: FileState,
        read: impl FnOnce(&[u8]) -> Result<R, PackError>,
    ) -> Option<R> {
        let file = fs::read(&entry.path);
        let found = file.as_ref().ok().and_then(|file| {
            add(&self.counters.bytes_read, file.len());
            read(entry.payload(state, file)?).ok()
        });
        let counter = match (&file, &found) {
            (_, Some(_)) => &self.counters.hits,
            (Err(error), _) if error.kind() == io::ErrorKind::NotFound => &self.counters.misses,
            _ => &self.counters.rebuilt,
        };
        add(counter, 1);
        found
    }

    fn make(
        &self,
        index: usize,
        copy: usize,
        origin: &Origin,
        entry: &Entry,
    ) -> Result<P::Output, CacheError> {
        let (state, sample) = read_settled(&origin.path, || {
            let recording = |source| CacheError::Recording { path: origin.path.clone(), source };
            self.dataset.get(index).map_err(recording)
        })?;
        let mut rng = generator(self.config.seed, origin, copy);
        let data = self
            .prepare
            .prepare(sample.data, &mut rng)
            .map_err(|source| CacheError::Prepare { path: origin.path.clone(), source })?;
        let written = entry
            .write(state, &data.pack())
            .map_err(|source| CacheError::Write { path: entry.path.clone(), source })?;
        add(&self.counters.bytes_written, written);
        Ok(data)
    }
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}

impl<T, D: Recordings<T>, P: Prepare<T>> Dataset<Sample<P::Output>> for DiskCache<T, D, P> {
    fn get(&self, index: usize) -> Result<Sample<P::Output>, DatasetError> {
        self.get_copy(index, 0).map_err(DatasetError::new)
    }

    fn len(&self) -> usize {
        self.dataset.len()
    }
}

impl<T, D: Recordings<T>, P: Prepare<T>> Recordings<P::Output> for DiskCache<T, D, P> {
    fn classes(&self) -> &[String] {
        self.dataset.classes()
    }

    fn label(&self, index: usize) -> usize {
        self.dataset.label(index)
    }

    fn origin(&self, index: usize) -> Origin {
        let Origin { path, part } = self.dataset.origin(index);
        // What is made of a sample depends on what it was made by.
        Origin { path, part: format!("{part}; {}", self.fingerprint) }
    }
}

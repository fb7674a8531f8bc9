//! Getting the published files of data sets.
//!
//! While it comes, a file lies beside its place as `<name>.part`, and what the server calls this version of it in
//! `<name>.part.version`. A transfer that was cut goes on from there. A file gets its name when it is whole and
//! known to be right, so whatever has that name need not be looked at again. A lock, `<name>.lock`, lets one
//! process at a time work on a file; it may stay behind after an error.

mod lock;
mod transfer;
mod verify;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use crate::remote::Remote;
use crate::{DataError, archive};
use lock::Lock;
use transfer::Transfer;

/// Before a cut connection is tried again; doubled each time that nothing came.
const PAUSE: Duration = Duration::from_secs(1);

/// Gets the files of data sets that are missing.
///
/// A file that is there is not fetched again. A transfer that was cut, now or by an earlier process, goes on
/// where it stopped, if the server can do that and says that the file is still the same. What comes is compared
/// with the published hash, and removed if it is something else. Where two processes want the same file, one
/// fetches it and the other waits.
///
/// ```
/// use snn_data::Downloader;
///
/// let downloader = Downloader::new().with_progress(|progress| {
///     println!("{}: {} bytes", progress.path.display(), progress.done);
/// });
/// ```
pub struct Downloader {
    offline: bool,
    /// A bar on the terminal, if there is none.
    progress: Option<Box<Report>>,
    pause: Duration,
}

type Report = dyn Fn(Progress<'_>) + Send + Sync;

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Where the file will lie.
    pub path: &'a Path,
    /// Bytes that are there, those of earlier transfers included. Falls where one has to start over.
    pub done: u64,
    /// Bytes of the whole file, if the server tells.
    pub total: Option<u64>,
}

impl Default for Downloader {
    fn default() -> Self {
        Self { offline: false, progress: None, pause: PAUSE }
    }
}

impl Downloader {
    /// One that shows its progress as a bar if standard error is a terminal, and nothing if not.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether to do without the network. Then a missing file is an error; archives that are there are still
    /// unpacked.
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// Calls a function in place of showing a bar: when a transfer starts or goes on, and then for each piece.
    pub fn with_progress(
        mut self,
        progress: impl Fn(Progress<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Gets a file, unless it is there, and says where it lies.
    pub(crate) fn fetch(&self, remote: &Remote, folder: &Path) -> Result<PathBuf, DataError> {
        let path = folder.join(remote.path);
        if path.exists() {
            return Ok(path);
        }
        if self.offline {
            return Err(DataError::Offline { path, url: remote.url.into() });
        }
        let lock = Lock::take(&path)?;
        // Another process may have fetched it meanwhile.
        if !path.exists() {
            self.fetch_alone(remote, &path)?;
        }
        lock.remove();
        Ok(path)
    }

    /// Gets and unpacks an archive, unless what is in it is there.
    ///
    /// `unpacked` is a path below the data folder, and is whole or not there. It is what has this path when the
    /// archive is unpacked where it lies, a folder or a file. If the archive holds no such thing, it is a new
    /// folder with all that the archive holds.
    pub(crate) fn fetch_and_unpack(
        &self,
        remote: &Remote,
        folder: &Path,
        unpacked: &str,
    ) -> Result<(), DataError> {
        let target = folder.join(unpacked);
        if target.exists() {
            return Ok(());
        }
        let archive = self.fetch(remote, folder)?;
        let lock = Lock::take(&target)?;
        if !target.exists() {
            archive::unpack(&archive, &target)?;
        }
        lock.remove();
        Ok(())
    }

    /// Gets a file while no other process does.
    fn fetch_alone(&self, remote: &Remote, path: &Path) -> Result<(), DataError> {
        let report = self.report(path);
        let transfer = Transfer::new(remote.url, path, &*report);
        transfer.run(self.pause)?;
        let right = verify::verify(remote, &transfer.part);
        if let Err(DataError::Hash { .. } | DataError::Download { .. }) = right {
            transfer.clear();
        }
        right?;
        fs::rename(&transfer.part, path)
            .map_err(|source| DataError::File { path: path.into(), source })?;
        transfer.clear();
        Ok(())
    }

    /// What to call with the bytes that are there, and with all of them.
    fn report<'a>(&'a self, path: &'a Path) -> Box<dyn Fn(u64, Option<u64>) + 'a> {
        if let Some(progress) = &self.progress {
            return Box::new(move |done, total| progress(Progress { path, done, total }));
        }
        // Hidden by itself where there is no terminal.
        let bar = ProgressBar::no_length()
            .with_message(path.file_name().unwrap_or_default().display().to_string())
            .with_finish(ProgressFinish::Abandon);
        let style = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Box::new(move |done, total| {
            if let Some(total) = total {
                bar.set_length(total);
            }
            bar.set_position(done);
        })
    }
}

#[cfg(test)]
mod tests;

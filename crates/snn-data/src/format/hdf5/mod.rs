//! HDF5 (<https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html>): a recording of
//! events, and the sets of spikes SHD, SSC and N-TIDIGITS.
//!
//! [`format::read`](super::read) reads a file with one recording. A set has one reader each, [`Shd`] and
//! [`NTidigits`], which reads its recordings one by one and leaves the file where it is.
//!
//! | layout | recording | times | sensor |
//! | --- | --- | --- | --- |
//! | DSEC | group `events` with `x`, `y`, `p`, `t`; `t_offset`, added; `ms_to_idx` | µs | |
//! | MVSEC | rows x, y, t, p `davis/left/events`, or `right` | s | of `image_raw` |
//! | M3ED | group `prophesee/left`, or `right` | µs | `calib/resolution` |
//! | Prophesee | records `CD/events` | µs | attribute `geometry` |
//! | event_cnn_minimal | group `events` with `xs`, `ys`, `ts`, `ps` | s | attribute `sensor_resolution` |
//! | others | a group with `t`, `x`, `y`, `p`, records with these fields, or rows `events` | | attributes `width`, `height` |
//!
//! An attribute `units` of the times takes precedence over the unit of the layout. A file without a
//! sensor gets the smallest one that contains all events. Without `y`, a recording is spikes of neurons
//! `x`; without `p`, events on a sensor with one channel.
//!
//! Where several groups or datasets are recordings, as of two cameras, [`Options::group`] selects one.
//! [`Options::columns`] selects datasets of a group, or fields of records, by their names. Groups without
//! all four columns are recordings if they are named `events`, or selected.
//!
//! Filters: deflate, shuffle, Fletcher-32, scale-offset, LZF, Blosc (BloscLZ, LZ4, zlib, zstd), LZ4,
//! zstd, bitshuffle. Elements that were never written are the fill value, up to 64 MiB of a dataset.
//! Chunks as HDF5 2.0 stores them when it is asked for its latest format (`libver="latest"`) are not
//! read; `h5repack` rewrites them.

mod assemble;
mod chunks;
mod dataset;
mod dtype;
mod file;
mod filter;
mod heap;
mod layout;
mod shd;
#[cfg(test)]
mod tests;
mod tidigits;

use std::path::Path;

pub use file::File;
pub use shd::Shd;
pub use tidigits::NTidigits;

use super::column::error;
use super::decoded::Decoded;
use super::{FormatError, Options};
use crate::DataError;
use dataset::Dataset;
use dtype::Type;
use layout::{Choice, Item, Layout};

/// Reads the recording of a file. It makes a copy of the bytes: [`read`] does not.
///
/// # Errors
///
/// The bytes are not an HDF5 file, are damaged, use an unknown filter, or have no recording or several;
/// names the dataset, the filter, or what there is instead. The offset is 0 where the damage has no
/// known place.
pub(super) fn decode(bytes: &[u8], options: &Options) -> Result<Decoded, FormatError> {
    recording(&File::decode(bytes.to_vec())?, options)
}

/// Reads the recording of a file as [`decode`], without the whole file in memory.
///
/// # Errors
///
/// The file cannot be read; or as [`decode`].
pub(super) fn read(path: &Path, options: &Options) -> Result<Decoded, DataError> {
    let file = File::open(path)?;
    recording(&file, options).map_err(|refusal| in_file(path, refusal))
}

/// An error of a file that is known by its path.
pub(crate) fn in_file(path: &Path, FormatError { offset, problem }: FormatError) -> DataError {
    DataError::Format { path: path.into(), offset, problem }
}

fn recording(file: &File, options: &Options) -> Result<Decoded, FormatError> {
    assemble::recording(file, &layout(file, options)?, options)
}

/// The layout of a file.
fn layout(file: &File, options: &Options) -> Result<Layout, FormatError> {
    for (path, reader) in
        [("spikes/times", "Shd"), ("train_labels", "NTidigits"), ("test_labels", "NTidigits")]
    {
        if file.dataset(path)?.is_some() {
            return error(
                0,
                format!("expected one recording, got a set of many; hdf5::{reader} reads it"),
            );
        }
    }
    let items = file.all()?.iter().map(listed).collect::<Result<Vec<Item>, FormatError>>()?;
    let choice = Choice { group: options.group.as_deref(), columns: options.columns.as_ref() };
    layout::find(&items, choice).map_err(|problem| FormatError { offset: 0, problem })
}

/// A dataset, as a layout sees it.
fn listed(dataset: &Dataset) -> Result<Item, FormatError> {
    let fields = match &dataset.dtype {
        Type::Record(fields) => Some(fields.iter().map(|(name, ..)| name.clone()).collect()),
        _ => None,
    };
    Ok(Item {
        path: dataset.path.clone(),
        shape: dataset.shape()?,
        fields,
        is_number: matches!(dataset.dtype, Type::Number(_)),
        is_float: dataset.is_float(),
        shown: dataset.shown_type(),
    })
}

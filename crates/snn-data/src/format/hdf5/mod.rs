//! HDF5 (<https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html>): a recording of
//! events, and the sets of spikes SHD, SSC and N-TIDIGITS.
//!
//! [`decode`] reads a file with one recording. A set has one reader each, [`Shd`] and
//! [`NTidigits`], which reads its recordings one by one and leaves the file where it is.
//!
//! Chunks as HDF5 2.0 stores them when it is asked for its latest format are not read. By itself it
//! does not store them so.

mod file;
mod heap;
mod shd;
#[cfg(test)]
mod tests;
mod tidigits;

use std::path::Path;

pub use file::File;
pub use shd::Shd;
pub use tidigits::NTidigits;

use super::FormatError;
use super::column::error;
use super::decoded::Decoded;
use super::options::Options;
use super::roles::{self, Role};
use super::time_unit::UnitRule;
use crate::DataError;
use file::Type;

/// Reads the recording of a file, with times in µs. It makes a copy of the bytes: [`read`] does
/// not.
///
/// The recording is
///
/// * a group `events` with the datasets `t`, `x`, `y` and `p`, or these datasets without a group,
/// * or a dataset `events` of records with these fields,
/// * or a dataset `events` of rows t, x, y, p; where the last column holds other numbers than
///   polarities, x, y, p, t.
///
/// Without `y` it is spikes of neurons `x`; without `p`, events on a sensor with one channel. The
/// sensor is the smallest that has all events.
///
/// # Errors
///
/// It is no HDF5 file, is damaged, uses a filter that is not known here (known are deflate, LZF,
/// shuffle, Fletcher-32, scale-offset), or has no such recording; names the dataset. The
/// offset is 0 where the damage has no known place.
pub(super) fn decode(bytes: &[u8], options: &Options) -> Result<Decoded, FormatError> {
    recording(&File::decode(bytes.to_vec())?, options)
}

/// [`decode`] of a file that is not read as a whole first.
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
    let rule = UnitRule { option: options.time_unit, ..UnitRule::default() };
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
    if let Some(events) = file.dataset("events")? {
        let values = events.values()?;
        return match &events.dtype {
            Type::Number(_) => values.rows()?.recording(options, None, rule, None),
            _ => roles::recording(&values.fields()?, rule, 0),
        };
    }
    for group in ["events", ""] {
        let mut found = Vec::new();
        for name in file.names(group)? {
            if let (Some((role, _)), Some(dataset)) =
                (Role::of(&name), file.dataset(&format!("{group}/{name}"))?)
            {
                found.push((role, dataset));
            }
        }
        if !found.is_empty() {
            let values = found.iter().map(|(role, dataset)| Ok((*role, dataset.values()?)));
            let values = values.collect::<Result<Vec<_>, FormatError>>()?;
            let columns = values.iter().map(|(role, values)| Ok((*role, values.column()?)));
            let columns = columns.collect::<Result<Vec<_>, FormatError>>()?;
            return roles::recording(&columns, rule, 0);
        }
    }
    let names: Vec<String> = file.datasets()?.into_iter().map(|(name, _)| name).take(8).collect();
    error(0, format!("expected datasets t, x, y, p, or one named events; got {names:?} and so on"))
}

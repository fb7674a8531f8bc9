//! For examples that read a data set.

use std::path::PathBuf;

use super::common::Options;

/// The folder of data sets.
pub fn folder(options: &Options) -> Result<PathBuf, &'static str> {
    let folder = options.data.clone().or_else(snn::data::data_folder);
    folder.ok_or("there is no cache folder here: name a folder of data sets with --data")
}

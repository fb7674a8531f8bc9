//! Any bytes, as a file of this format. `tests/fixtures/hdf5` has seeds with all filters and layouts.

#![no_main]

use libfuzzer_sys::fuzz_target;
use snn_data::format::{Format, Options, decode};

fuzz_target!(|bytes: &[u8]| {
    let _ = decode(Format::Hdf5, bytes, &Options::default());
});

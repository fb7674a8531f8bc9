//! Any bytes, as a file of this format.

#![no_main]

use libfuzzer_sys::fuzz_target;
use snn_data::format::{Format, Options, decode};

fuzz_target!(|bytes: &[u8]| {
    let _ = decode(Format::Aedat1, bytes, &Options::default());
});

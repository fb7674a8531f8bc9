//! Any bytes, as a file of each format with triggers.

#![no_main]

use libfuzzer_sys::fuzz_target;
use snn_data::format::{Format, decode_triggers};

fuzz_target!(|bytes: &[u8]| {
    for format in [Format::Evt2, Format::Evt21, Format::Evt3, Format::Aedat4] {
        let _ = decode_triggers(format, bytes);
    }
});

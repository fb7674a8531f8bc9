//! Any bytes, as a file whose extension suggests a format without a signature.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use snn_data::format::{Format, Options, decode};

fuzz_target!(|bytes: &[u8]| {
    for name in ["a.bin", "a.bs1", "a.bs2", "a.bs3", "a.dat", "a.raw", "a.aedat", "a.txt"] {
        if let Ok(format) = Format::detect(Path::new(name), bytes) {
            let _ = decode(format, bytes, &Options::default());
        }
    }
});

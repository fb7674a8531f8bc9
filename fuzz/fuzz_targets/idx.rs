//! Any bytes, as a file of this format.

#![no_main]

use libfuzzer_sys::fuzz_target;
use snn_data::idx::decode;

fuzz_target!(|bytes: &[u8]| {
    let _ = decode(bytes);
});

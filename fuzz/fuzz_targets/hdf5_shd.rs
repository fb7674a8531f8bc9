//! Any bytes, as a file of SHD, with all its recordings.

#![no_main]

use libfuzzer_sys::fuzz_target;
use snn_data::format::hdf5::Shd;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(set) = Shd::decode(bytes.to_vec()) {
        (0..set.len()).for_each(|index| drop(set.spikes(index)));
    }
});

//! Any bytes, as a file of N-TIDIGITS, with all its recordings.

#![no_main]

use libfuzzer_sys::fuzz_target;
use snn_data::Part;
use snn_data::format::hdf5::NTidigits;

fuzz_target!(|bytes: &[u8]| {
    for part in [Part::Train, Part::Test] {
        if let Ok(set) = NTidigits::decode(bytes.to_vec(), part) {
            (0..set.len()).for_each(|index| drop(set.spikes(index)));
        }
    }
});

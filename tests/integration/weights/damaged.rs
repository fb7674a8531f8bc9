//! Damaged files are errors that name the file, or, where a format has no checksums, other numbers; never a
//! panic.

use std::fs;
use std::path::Path;

use snn::core::weights::{Mapping, WeightError, WeightFile};
use snn::prelude::*;

use super::{fixture, init, numbers, safetensors, small, small_tensors};

/// The network of the fixtures with what is in a damaged file.
fn loaded(path: &Path, network: &Sequential) -> Result<Sequential, WeightError> {
    let mut network = network.clone();
    WeightFile::open(path)?.load(&mut network, &Mapping::InOrder)?;
    Ok(network)
}

/// Files with the numbers of the fixtures, and whether each of their bytes is under a checksum.
fn files() -> Vec<(Vec<u8>, bool)> {
    vec![
        (fs::read(fixture("zip.pt")).unwrap(), true),
        (fs::read(fixture("legacy.pt")).unwrap(), false),
        (safetensors(&small_tensors()), false),
    ]
}

fn named(error: &WeightError, path: &Path) {
    assert!(error.to_string().starts_with(&format!("{}: ", path.display())), "{error}");
}

#[test]
fn files_that_are_cut_short() {
    let network = init(&small());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    for (bytes, _) in files() {
        fs::write(&path, &bytes).unwrap();
        loaded(&path, &network).unwrap();
        for length in (0..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
            fs::write(&path, &bytes[..length]).unwrap();
            let error = loaded(&path, &network).expect_err("the end is missing");
            named(&error, &path);
        }
    }
}

#[test]
fn files_with_other_bytes() {
    let network = init(&small());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flipped");
    for (bytes, checked) in files() {
        fs::write(&path, &bytes).unwrap();
        let whole = numbers(&loaded(&path, &network).unwrap());
        for (at, mask) in
            (0..bytes.len()).step_by(3).zip([0x01, 0x80, 0x10, 0xff].into_iter().cycle())
        {
            let mut bytes = bytes.clone();
            bytes[at] ^= mask;
            fs::write(&path, &bytes).unwrap();
            match loaded(&path, &network) {
                Err(error) => named(&error, &path),
                Ok(network) if checked => assert_eq!(numbers(&network), whole, "byte {at}"),
                Ok(network) => {
                    let finite = numbers(&network).concat().into_iter().all(f32::is_finite);
                    assert!(finite, "byte {at}");
                }
            }
        }
    }
}

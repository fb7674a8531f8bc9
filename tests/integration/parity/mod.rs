//! Neurons and surrogates against vectors computed by the libraries they are named after.
//!
//! Reads every file in `SNN_GOLDEN_DIR`, by default the copies in `tests/golden`, and replays every
//! case of the models in [`replay`]. A case that is not understood to the last parameter fails.

mod case;
mod hxtorch;
mod norse;
mod snntorch;
mod spikegen;

use std::path::PathBuf;

use case::{Case, File};

/// Models that are replayed.
fn replay(model: &str, case: &Case) -> Option<Result<(), String>> {
    Some(match model {
        "snntorch Leaky" | "snntorch Synaptic" => snntorch::neuron(case),
        "snntorch surrogate" => snntorch::surrogate(case),
        "snntorch spikegen" => spikegen::spikegen(case),
        "norse LIFCell" => norse::lif(case),
        "norse LIFRecurrentCell" => norse::lif_recurrent(case),
        "norse LICell" => norse::li(case),
        _ => return None,
    })
}

fn golden_dir() -> PathBuf {
    if let Ok(dir) = std::env::var("SNN_GOLDEN_DIR") {
        return dir.into();
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let shared = root.join("../shared/golden");
    if shared.is_dir() { shared } else { root.join("tests/golden") }
}

#[test]
fn golden_vectors_are_reproduced() {
    let dir = golden_dir();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&dir)
        .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();

    let (mut passed, mut failures, mut without) = (0, Vec::new(), Vec::new());
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file = File::read(&path);
        for case in file.cases() {
            match replay(&case.model(), &case) {
                Some(Ok(())) => passed += 1,
                Some(Err(problem)) => failures.push(format!("{name}: {}: {problem}", case.name())),
                None => {
                    without.push(format!("{name} ({})", case.model()));
                    break;
                }
            }
        }
    }
    if !without.is_empty() {
        println!("models without a counterpart: {}", without.join(", "));
    }
    println!("golden cases: {passed} passed, {} failed", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(passed > 0, "no golden case in {}", dir.display());
}

//! Neurons, surrogates and losses against vectors computed by the libraries they are named after.
//!
//! Reads every file in `SNN_GOLDEN_DIR`, by default the copies in `tests/golden`, and replays every
//! case of the models in [`replay`]. A case that is not understood to the last parameter fails.

mod case;
mod hxtorch;
mod losses;
mod norse;
mod run;
mod sinabs;
mod snntorch;
mod spike_times;
mod spikegen;
mod spikingjelly;
mod surrogates;

use std::path::PathBuf;

use case::{Case, File};

/// By library and model.
fn replay(model: &str, case: &Case) -> Option<Result<(), String>> {
    Some(match model.split_once(' ').unwrap_or((model, "")) {
        ("snntorch", "surrogate") => surrogates::snntorch(case),
        ("snntorch", "loss") => losses::loss(case),
        ("snntorch", "spikegen") => spikegen::spikegen(case),
        ("snntorch", _) => snntorch::neuron(case),
        ("norse", "threshold") => surrogates::norse(case),
        ("norse", _) => norse::cell(case),
        ("spikingjelly", "surrogate") => surrogates::spikingjelly(case),
        ("spikingjelly", _) => spikingjelly::node(case),
        ("sinabs", _) => sinabs::layer(case),
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

    let (mut passed, mut failures) = (0, Vec::new());
    let (mut without, mut ill_conditioned) = (Vec::new(), Vec::new());
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file = File::read(&path);
        for case in file.cases() {
            let Some(outcome) = replay(&case.model(), &case) else {
                without.push(format!("{name} ({})", case.model()));
                break;
            };
            let outcome = outcome.or_else(|problem| {
                ill_conditioned.push(format!("{name}: {}: {problem}", case.name()));
                case.replay_within_conditioning(|case| replay(&case.model(), case).unwrap())
            });
            match outcome {
                Ok(()) => passed += 1,
                Err(problem) => failures.push(format!("{name}: {}: {problem}", case.name())),
            }
        }
    }
    if !without.is_empty() {
        println!("models without a counterpart: {}", without.join(", "));
    }
    if !ill_conditioned.is_empty() {
        println!("so ill-conditioned that the last digits of the input decide:");
        println!("{}", ill_conditioned.join("\n"));
    }
    println!("golden cases: {passed} passed, {} failed", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(passed > 0, "no golden case in {}", dir.display());
}

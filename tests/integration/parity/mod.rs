//! Neurons, surrogates and losses against vectors computed by the libraries they are named after.
//!
//! Reads every file in `SNN_GOLDEN_DIR`, by default the copies in `tests/golden`, and replays every
//! case. A case that is not understood to the last parameter fails. Files of Tonic are replayed in `events`.

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

use crate::files::golden;

/// By library and model.
fn replay(case: &Case) -> Result<(), String> {
    let model = case.model();
    match model.split_once(' ').unwrap_or((&model, "")) {
        ("snntorch", "surrogate") => surrogates::snntorch(case),
        ("snntorch", "loss") => losses::loss(case),
        ("snntorch", "spikegen") => spikegen::spikegen(case),
        ("snntorch", _) => snntorch::neuron(case),
        ("norse", "threshold") => surrogates::norse(case),
        ("norse", _) => norse::cell(case),
        ("spikingjelly", "surrogate") => surrogates::spikingjelly(case),
        ("spikingjelly", _) => spikingjelly::node(case),
        ("sinabs", _) => sinabs::layer(case),
        _ => Err(format!("unknown model {model}")),
    }
}

#[test]
fn golden_vectors_are_reproduced() {
    let dir = golden();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&dir)
        .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();

    let (mut passed, mut failures, mut ill_conditioned) = (0, Vec::new(), Vec::new());
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file = File::read(&path);
        if file.library() == "tonic" {
            continue;
        }
        for case in file.cases() {
            let describe = |problem| format!("{name}: {}: {problem}", case.name());
            match replay(&case) {
                Ok(()) => passed += 1,
                Err(problem) => match case.replay_within_conditioning(replay) {
                    Ok(()) => {
                        passed += 1;
                        ill_conditioned.push(describe(problem));
                    }
                    Err(problem) => failures.push(describe(problem)),
                },
            }
        }
    }
    if !ill_conditioned.is_empty() {
        println!("so ill-conditioned that the last digits of the input decide:");
        println!("{}", ill_conditioned.join("\n"));
    }
    println!("golden cases: {passed} passed, {} failed", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(passed > 0, "no golden case in {}", dir.display());
}

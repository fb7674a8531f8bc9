//! What a run saves, and how it goes on from there.

use super::{Run, weights};

#[test]
fn a_stopped_run_goes_on_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    for average in [None, Some(0.8)] {
        let name = |kind: &str| folder.path().join(format!("{kind} {average:?}"));
        let (whole, parts) = (name("whole"), name("parts"));
        let run = Run { average, ..Run::new(&whole, 3) };
        let expected = run.fit(run.trainer(), None).unwrap();

        // Within the first epoch, within the second, and at the end of the second.
        let run = Run { average, ..Run::new(&parts, 3) };
        let mut trainer = run.trainer();
        assert!(!trainer.resume().unwrap(), "there is nothing to resume yet");
        for stop_after in [2, 2, 2] {
            let outcome = run.fit(trainer, Some(stop_after)).unwrap();
            assert!(outcome.interrupted);
            trainer = run.trainer();
            assert!(trainer.resume().unwrap());
        }
        let resumed = run.fit(trainer, None).unwrap();
        assert!(!resumed.interrupted);
        assert_eq!(resumed.history, expected.history);
        assert_eq!(resumed.best_epoch, expected.best_epoch);
        assert_eq!(weights(&resumed), weights(&expected));
    }
}

#[test]
fn a_killed_run_goes_on_from_its_last_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let expected = Run::new(&whole, 3);
    let expected = expected.fit(expected.trainer(), None).unwrap();

    let first = Run::new(&killed, 2);
    first.fit(first.trainer(), None).unwrap();
    // What a kill in the middle of the next save leaves: some of its files, and half of one.
    std::fs::write(killed.join("model-3.bpk"), b"half").unwrap();
    std::fs::write(killed.join(".optimizer-3.bpk.1.tmp"), b"").unwrap();
    std::fs::write(killed.join("best-3.bpk"), b"half").unwrap();

    let run = Run::new(&killed, 3);
    let mut trainer = run.trainer();
    assert!(trainer.resume().unwrap());
    let resumed = run.fit(trainer, None).unwrap();
    assert_eq!(resumed.history, expected.history);
    assert_eq!(weights(&resumed), weights(&expected));
    let names = std::fs::read_dir(&killed).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    assert!(names.len() == 5 && !names.iter().any(|name| name.ends_with(".tmp")), "{names:?}");
}

#[test]
fn a_checkpoint_that_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::new(folder.path(), 1);
    run.fit(run.trainer(), None).unwrap();

    let other = Run { lr: 5e-3, ..Run::new(folder.path(), 2) };
    let error = other.trainer().resume().unwrap_err().to_string();
    assert!(error.contains("made with learning rate = 0.01, but this run has 0.005"), "{error}");

    let model = folder.path().join("model-1.bpk");
    std::fs::write(&model, b"not a model").unwrap();
    let error = run.trainer().resume().unwrap_err().to_string();
    assert!(error.contains("model-1.bpk"), "{error}");
    std::fs::remove_file(&model).unwrap();
    let error = run.trainer().resume().unwrap_err().to_string();
    assert!(error.contains("model-1.bpk") && error.contains("No such file"), "{error}");

    std::fs::write(folder.path().join("progress.json"), b"{\"saves\": 1,").unwrap();
    let error = run.trainer().resume().unwrap_err().to_string();
    assert!(error.contains("progress.json") && error.contains("line 1"), "{error}");
}

#[test]
fn a_new_run_has_files_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::new(folder.path(), 1);
    let files = || {
        let names =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    };
    run.fit(run.trainer(), None).unwrap();
    let first = files();
    assert_eq!(first.len(), 5);
    // Killed at its first save, it would leave the checkpoint of the other as it is.
    run.fit(run.trainer(), None).unwrap();
    let second = files();
    let both: Vec<&String> = first.iter().filter(|name| second.contains(name)).collect();
    assert_eq!(second.len(), 5);
    assert_eq!(both, ["progress.json"], "{first:?}, {second:?}");
    assert!(run.trainer().resume().unwrap());
}

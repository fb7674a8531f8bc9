//! Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What Ctrl-C does: while a run trains, it ends after the batch and saves; the second time, and at any other time, the
/// program ends at once, as files are never half written.
pub struct CtrlC {
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    training: AtomicBool,
    stop: AtomicBool,
}

impl CtrlC {
    /// To be made once in a program.
    pub fn new() -> Result<Self, ctrlc::Error> {
        let state = Arc::new(State::default());
        let handler = state.clone();
        ctrlc::set_handler(move || {
            let again = handler.stop.swap(true, Ordering::Relaxed);
            if again || !handler.training.load(Ordering::Relaxed) {
                eprintln!("\nstopped");
                std::process::exit(130);
            }
            eprintln!("\nstopping after this batch and saving; Ctrl-C again to stop at once");
        })?;
        Ok(Self { state })
    }

    /// Trains with a flag that says when to stop. `None` if it was set: what was trained is saved then.
    pub fn unless_stopped<T, E>(
        &self,
        train: impl FnOnce(&AtomicBool) -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        self.state.training.store(true, Ordering::Relaxed);
        let trained = train(&self.state.stop);
        self.state.training.store(false, Ordering::Relaxed);
        trained.map(|trained| (!self.state.stop.load(Ordering::Relaxed)).then_some(trained))
    }
}

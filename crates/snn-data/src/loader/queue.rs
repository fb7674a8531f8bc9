//! Batches in their order, whichever is made first.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{LoadError, Make};

/// A batch to be made.
pub(super) struct Job<'a> {
    /// Its number in the epoch.
    pub batch: usize,
    pub indices: &'a [usize],
    pub rng: ChaCha8Rng,
}

/// What the threads and the caller share.
pub(super) struct Queue<'a, B> {
    make: Arc<Make<'a, B>>,
    seed: u64,
    epoch: u64,
    order: Vec<Vec<usize>>,
    /// How many batches may exist that the caller has not taken. 0 if it makes them itself.
    window: usize,
    state: Mutex<State<B>>,
    /// There may be another batch to begin.
    room: Condvar,
    /// A batch is made.
    made: Condvar,
    stop: AtomicBool,
}

struct State<B> {
    /// The next batch that nobody makes yet.
    begun: usize,
    /// The next batch that the caller takes.
    taken: usize,
    /// No batch from this one on is taken.
    end: usize,
    made: BTreeMap<usize, Made<B>>,
}

/// A batch, an error, or a panic.
type Made<B> = Result<Result<B, LoadError>, Box<dyn Any + Send>>;

impl<'a, B> Queue<'a, B> {
    pub fn new(
        make: Arc<Make<'a, B>>,
        seed: u64,
        epoch: u64,
        order: Vec<Vec<usize>>,
        window: usize,
    ) -> Self {
        let state = State { begun: 0, taken: 0, end: order.len(), made: BTreeMap::new() };
        Self {
            make,
            seed,
            epoch,
            order,
            window,
            state: Mutex::new(state),
            room: Condvar::new(),
            made: Condvar::new(),
            stop: AtomicBool::new(false),
        }
    }

    /// Makes batches until there are none left, or until the caller wants no more.
    pub fn work(&self) {
        while let Some(batch) = self.begin() {
            self.make(batch);
        }
    }

    /// The next batch to make, as soon as there may be one more.
    fn begin(&self) -> Option<usize> {
        let full = |state: &mut State<B>| {
            !self.stopped() && state.begun < state.end && state.begun >= state.taken + self.window
        };
        let waiting = self.room.wait_while(self.lock(), full);
        let mut state = waiting.unwrap_or_else(PoisonError::into_inner);
        if self.stopped() || state.begun >= state.end {
            return None;
        }
        state.begun += 1;
        Some(state.begun - 1)
    }

    fn make(&self, batch: usize) {
        let mut seed = [0; 32];
        for (bytes, part) in seed.chunks_mut(8).zip([self.seed, self.epoch, batch as u64]) {
            bytes.copy_from_slice(&part.to_le_bytes());
        }
        let rng = ChaCha8Rng::from_seed(seed);
        let job = Job { batch, indices: &self.order[batch], rng };
        let made = catch_unwind(AssertUnwindSafe(|| (self.make)(job, &self.stop)));
        let Some(made) = made.transpose() else { return };
        let mut state = self.lock();
        // The caller may have skipped it.
        if batch >= state.taken {
            state.made.insert(batch, made);
            self.made.notify_all();
        }
    }

    fn stop(&self) {
        let _state = self.lock();
        self.stop.store(true, Ordering::Relaxed);
        self.room.notify_all();
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// No code of others runs while it is locked, and the state is whole after each step.
    fn lock(&self) -> MutexGuard<'_, State<B>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The batches of an epoch, in order. An error or a panic comes where its batch would be, and is the
/// last.
///
/// Batches that are [skipped](Iterator::skip) are not made, except for those that were begun: a run
/// that is resumed in the middle of an epoch goes on there.
pub struct Batches<'a, B> {
    queue: Arc<Queue<'a, B>>,
    pub(super) threads: Vec<JoinHandle<()>>,
}

impl<'a, B> Batches<'a, B> {
    pub(super) fn new(queue: Queue<'a, B>) -> Self {
        Self { queue: Arc::new(queue), threads: Vec::new() }
    }

    pub(super) fn queue(&self) -> Arc<Queue<'a, B>> {
        Arc::clone(&self.queue)
    }
}

impl<B> Iterator for Batches<'_, B> {
    type Item = Result<B, LoadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let queue = &self.queue;
        let mut state = queue.lock();
        let batch = state.taken;
        if batch >= state.end {
            return None;
        }
        if queue.window == 0 {
            state.begun = batch + 1;
            drop(state);
            queue.make(batch);
            state = queue.lock();
        }
        let made = loop {
            match state.made.remove(&batch) {
                Some(made) => break made,
                None => {
                    let waiting = queue.made.wait(state);
                    state = waiting.unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        state.taken += 1;
        if !matches!(made, Ok(Ok(_))) {
            state.end = state.taken;
        }
        drop(state);
        queue.room.notify_all();
        Some(made.unwrap_or_else(|panic| resume_unwind(panic)))
    }

    fn nth(&mut self, skipped: usize) -> Option<Self::Item> {
        let mut state = self.queue.lock();
        state.taken += skipped.min(state.end - state.taken);
        state.begun = state.begun.max(state.taken);
        let first = state.taken;
        let kept = state.made.split_off(&first);
        let dropped = std::mem::replace(&mut state.made, kept);
        drop(state);
        drop(dropped);
        self.queue.room.notify_all();
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let state = self.queue.lock();
        let left = state.end - state.taken;
        (left, Some(left))
    }
}

/// How many batches are left if there is no error.
impl<B> ExactSizeIterator for Batches<'_, B> {}

impl<B> std::iter::FusedIterator for Batches<'_, B> {}

impl<B> Drop for Batches<'_, B> {
    fn drop(&mut self) {
        self.queue.stop();
        for thread in self.threads.drain(..) {
            // Panics of what they call are caught there.
            let _ = thread.join();
        }
    }
}

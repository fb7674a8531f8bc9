use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicIsize, AtomicUsize};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use rand::RngExt;

use super::*;
use crate::sampler::Weighted;

/// Its samples are their indices, and take times that differ.
struct Numbers {
    len: usize,
    /// Reading this one fails.
    broken: Option<usize>,
    /// Reading this one panics.
    panics: Option<usize>,
    wait: Duration,
    read: AtomicUsize,
}

impl Numbers {
    fn new(len: usize) -> Self {
        let wait = Duration::from_micros(50);
        Self { len, broken: None, panics: None, wait, read: AtomicUsize::new(0) }
    }
}

#[derive(Debug, Error)]
#[error("unreadable")]
struct Unreadable;

impl Dataset<usize> for Numbers {
    fn get(&self, index: usize) -> Result<usize, DatasetError> {
        assert!(index < self.len && Some(index) != self.panics, "no sample {index}");
        self.read.fetch_add(1, Ordering::SeqCst);
        thread::sleep(self.wait * (index as u32 * 7 % 5));
        match Some(index) == self.broken {
            true => Err(DatasetError::new(Unreadable)),
            false => Ok(index),
        }
    }

    fn len(&self) -> usize {
        self.len
    }
}

/// The samples, and a random number.
type Batch = (Vec<usize>, u64);

fn loader<'a>(dataset: impl Deref<Target = Numbers> + Send + Sync + 'a) -> Loader<'a, Batch> {
    Loader::new(dataset, |samples, rng| Ok((samples, rng.random())))
}

fn all(loader: &Loader<'static, Batch>, epoch: u64) -> Vec<Batch> {
    loader.epoch(epoch).map(Result::unwrap).collect()
}

#[test]
fn batches_do_not_depend_on_the_number_of_workers() {
    let weights: Vec<f64> = (0..103).map(f64::from).collect();
    let weighted = Sampler::Weighted(Weighted::new(&weights, 60).unwrap());
    for sampler in [Sampler::Sequential, Sampler::Shuffled, weighted] {
        let load = |workers, prefetch, seed, epoch| {
            let loader = loader(Arc::new(Numbers::new(103))).batch_size(8).seed(seed);
            let loader = loader.sampler(sampler.clone()).workers(workers).prefetch(prefetch);
            all(&loader, epoch)
        };
        let expected = load(0, 0, 5, 1);
        for (workers, prefetch) in [(1, 0), (1, 3), (2, 0), (8, 0), (8, 5), (64, 2)] {
            assert_eq!(load(workers, prefetch, 5, 1), expected, "{workers} workers, {prefetch}");
        }
        // Random numbers are those of seed, epoch and batch.
        let numbers = |batches: &[Batch]| batches.iter().map(|batch| batch.1).collect::<Vec<_>>();
        let mut different = numbers(&expected);
        different.extend(numbers(&load(2, 1, 5, 2)));
        different.extend(numbers(&load(2, 1, 6, 1)));
        let count = different.len();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), count);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_sample_is_in_one_batch(
        len in 0usize..50,
        size in 1usize..12,
        workers in 0usize..5,
        prefetch in 0usize..4,
        drop_last in any::<bool>(),
        skipped in 0usize..12,
    ) {
        let mut numbers = Numbers::new(len);
        numbers.wait = Duration::from_micros(5);
        let loader = loader(Arc::new(numbers)).batch_size(size).drop_last(drop_last);
        let loader = loader.sampler(Sampler::Shuffled).workers(workers).prefetch(prefetch);
        let order = loader.order(3);
        prop_assert_eq!(order.len(), if drop_last { len / size } else { len.div_ceil(size) });
        let mut batches = loader.epoch(3);
        for left in (0..order.len()).rev() {
            let (samples, _) = batches.next().unwrap().unwrap();
            prop_assert_eq!(&samples, &order[order.len() - 1 - left]);
            prop_assert_eq!(batches.len(), left);
        }
        prop_assert!(batches.next().is_none());
        // A resumed epoch is the rest of it, random numbers included.
        let expected: Vec<Batch> = all(&loader, 3).into_iter().skip(skipped).collect();
        let rest: Vec<Batch> = loader.epoch(3).skip(skipped).map(Result::unwrap).collect();
        prop_assert_eq!(rest, expected);
    }
}

/// How many there are, and the most that there ever were.
struct Counted<'a>(&'a [AtomicIsize; 2]);

impl<'a> Counted<'a> {
    fn new(counts: &'a [AtomicIsize; 2]) -> Self {
        let now = counts[0].fetch_add(1, Ordering::SeqCst) + 1;
        counts[1].fetch_max(now, Ordering::SeqCst);
        Self(counts)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0[0].fetch_sub(1, Ordering::SeqCst);
    }
}

fn wait_for(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_micros(50));
    }
}

#[test]
fn memory_is_bounded() {
    let mut numbers = Numbers::new(60);
    numbers.wait = Duration::ZERO;
    for (workers, prefetch) in [(0, 3), (1, 0), (1, 2), (3, 0), (4, 3)] {
        let counts = [const { AtomicIsize::new(0) }; 2];
        // Counted from before its samples are made into a batch.
        let loader = Loader::new(&numbers, |_: Vec<usize>, _| Ok(Counted::new(&counts)));
        let loader = loader.workers(workers).prefetch(prefetch);
        let bound = if workers == 0 { 1 } else { (workers + prefetch) as isize + 1 };
        loader.scope(0, loader.order(0), |batches| {
            let mut held = None;
            for taken in 0..50 {
                // All that the threads may do in advance, and what is held.
                let expected = bound - 1 + isize::from(taken > 0);
                wait_for(|| workers == 0 || counts[0].load(Ordering::SeqCst) == expected);
                held = Some(batches.next().unwrap().unwrap());
            }
            drop(held);
        });
        let [left, most] = [0, 1].map(|n| counts[n].load(Ordering::SeqCst));
        assert_eq!(left, 0);
        // `held` and the next one are both the caller's.
        assert!((bound..=bound + 1).contains(&most), "{most} with {workers} + {prefetch}");
    }
}

#[test]
fn no_sample_is_read_beyond_the_window() {
    let numbers = Numbers::new(100);
    let loader = loader(&numbers).batch_size(2).workers(2).prefetch(3);
    loader.scope(0, loader.order(0), |batches| {
        for begun in [5, 6] {
            wait_for(|| numbers.read.load(Ordering::SeqCst) == 2 * begun);
            thread::sleep(Duration::from_millis(10));
            assert_eq!(numbers.read.load(Ordering::SeqCst), 2 * begun);
            batches.next().unwrap().unwrap();
        }
    });
    // One more may have been begun when the last was taken.
    assert!(numbers.read.load(Ordering::SeqCst) <= 2 * 7);
}

#[test]
fn an_error_comes_in_its_place_and_is_the_last() {
    for workers in [0, 1, 4] {
        let numbers = Numbers { broken: Some(21), ..Numbers::new(40) };
        let mut batches = loader(Arc::new(numbers)).batch_size(4).workers(workers).epoch(0);
        for first in [0, 4, 8, 12, 16] {
            assert_eq!(batches.next().unwrap().unwrap().0[0], first);
        }
        let error = batches.next().unwrap().unwrap_err();
        assert!(matches!(error, LoadError::Sample { batch: 5, index: 21, .. }));
        assert_eq!(error.to_string(), "batch 5, sample 21 of the set: unreadable");
        assert_eq!((batches.len(), batches.next().is_none()), (0, true));
    }
    let loader = Loader::new(Arc::new(Numbers::new(9)), |samples: Vec<usize>, _| {
        if samples[0] == 6 { Err(Unreadable)? } else { Ok(samples) }
    });
    let made: Vec<_> = loader.batch_size(3).workers(3).epoch(0).collect();
    assert_eq!((made.len(), made[1].as_ref().unwrap()), (3, &vec![3, 4, 5]));
    assert_eq!(made[2].as_ref().unwrap_err().to_string(), "batch 2: unreadable");
}

#[test]
fn threads_end_when_nobody_wants_their_batches() {
    let numbers = Arc::new(Numbers { wait: Duration::from_millis(5), ..Numbers::new(100_000) });
    let loader = loader(Arc::clone(&numbers)).batch_size(10_000).workers(4);
    let mut start = Instant::now();
    drop(loader.epoch(0));
    let mut batches = loader.batch_size(1).epoch(0);
    batches.next().unwrap().unwrap();
    drop(batches);
    // A batch took 100 s.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    // Nobody holds it but this test and no thread reads from it.
    assert_eq!(Arc::strong_count(&numbers), 1);
    start = Instant::now();
    let borrowed = self::loader(&*numbers).batch_size(10_000).workers(4);
    let order = borrowed.order(0);
    assert_eq!(borrowed.scope(0, order, |batches| batches.len()), 10);
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_panic_comes_in_its_place() {
    for workers in [0, 1, 4] {
        // What cannot come to an end must not stop the other tests.
        let (send, receive) = channel();
        thread::spawn(move || {
            let numbers = Arc::new(Numbers { panics: Some(21), ..Numbers::new(40) });
            let mut batches = loader(Arc::clone(&numbers)).batch_size(4).workers(workers).epoch(0);
            let before = batches.by_ref().take(5).filter(Result::is_ok).count();
            let panic = catch_unwind(AssertUnwindSafe(|| batches.next().is_some())).unwrap_err();
            let message = panic.downcast_ref::<String>().cloned();
            let after = batches.next().is_none();
            drop(batches);
            send.send((before, message, after)).unwrap();
        });
        let result = receive.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(result, (5, Some("no sample 21".into()), true));
    }
}

#[test]
fn a_panic_of_the_caller_ends_the_threads() {
    let numbers = Numbers::new(1000);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let loader = loader(&numbers).workers(3);
        loader.scope(0, loader.order(0), |batches| {
            batches.next().unwrap().unwrap();
            panic!("enough");
        })
    }));
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"enough"));
}

#[test]
fn an_order_of_the_caller() {
    let loader = loader(Arc::new(Numbers::new(10))).workers(2);
    let order = vec![vec![9, 9, 1], vec![], vec![0]];
    let made = loader.batches(4, order.clone()).map(|batch| batch.unwrap().0);
    assert_eq!(made.collect::<Vec<_>>(), order);
}

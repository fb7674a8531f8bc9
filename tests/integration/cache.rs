//! The cache on disk with real recordings: nothing stale, nothing damaged, whatever happens to the processes
//! that fill it.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use burn::data::dataset::{Dataset, DatasetError};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use snn::data::cache::{CacheError, DiskCache, DiskCacheConfig, EventFrames, MemoryCache, OnBad};
use snn::data::dataset::{Origin, Recordings, Sample};
use snn::data::events::{Events, SensorSize};
use snn::data::format::{self, Format, Options, Recording};
use snn::data::frame::{Frames, Slicer, ToFrame};
use snn::data::policy::Policy;
use snn::data::transform::{
    CenterCrop, Compose, CropTime, Denoise, DropEvent, RandomFlipLR, RefractoryPeriod,
    SpatialJitter, TimeJitter, Transform, UniformNoise,
};

/// Where a child process is to find the cache.
const CHILD: &str = "SNN_TEST_CACHE_CHILD";

/// Recordings of N-MNIST: `<digit>/<number>.bin`.
#[derive(Clone)]
struct Digits {
    files: Vec<PathBuf>,
    classes: Vec<String>,
}

impl Digits {
    /// The first few of each digit.
    fn open(folder: &Path, of_each: usize) -> Self {
        let classes: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
        let of_digit = |digit: &String| {
            let entries = fs::read_dir(folder.join(digit)).unwrap();
            let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
            files.sort();
            files.truncate(of_each);
            files
        };
        Self { files: classes.iter().flat_map(of_digit).collect(), classes }
    }

    fn real(of_each: usize) -> Option<Self> {
        Some(Self::open(&crate::files::real("nmnist")?.join("Train"), of_each))
    }
}

impl Dataset<Sample<Events>> for Digits {
    fn get(&self, index: usize) -> Result<Sample<Events>, DatasetError> {
        let (format, sensor) = (Some(Format::AtisBin), Some(SensorSize::new(34, 34)));
        let options = Options { format, sensor, ..Options::default() };
        let recording = format::read_with(&self.files[index], &options);
        match recording.map_err(DatasetError::new)? {
            Recording::Events(data) => Ok(Sample { data, label: self.label(index) }),
            Recording::Spikes(spikes) => panic!("{} spikes", spikes.len()),
        }
    }

    fn len(&self) -> usize {
        self.files.len()
    }
}

impl Recordings<Events> for Digits {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn label(&self, index: usize) -> usize {
        let digit = self.files[index].parent().unwrap().file_name().unwrap();
        digit.to_str().unwrap().parse().unwrap()
    }

    fn origin(&self, index: usize) -> Origin {
        Origin { path: self.files[index].clone(), part: String::new() }
    }
}

type Cache = DiskCache<Events, Digits, EventFrames<u8>>;

/// Augmented frames, some of them large enough for several writes.
fn pipeline() -> EventFrames<u8> {
    let transforms = Compose::new([
        Denoise::new(10_000).into(),
        DropEvent { p: 0.2.into() }.into(),
        RandomFlipLR::default().into(),
    ]);
    EventFrames::new(transforms, ToFrame::new(Slicer::time_window(5_000)))
}

fn open(folder: &Path, digits: &Digits, prepare: EventFrames<u8>, copies: usize) -> Cache {
    let config = DiskCacheConfig { seed: 7, copies: NonZeroUsize::new(copies).unwrap() };
    DiskCache::open(folder, digits.clone(), prepare, config).unwrap()
}

fn workers(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

/// Every copy of every sample.
fn all(cache: &Cache) -> Vec<Sample<Frames<u8>>> {
    let copies = cache.copies().get();
    let each = |index| (0..copies).map(move |copy| cache.get_copy(index, copy).unwrap());
    (0..cache.len()).flat_map(each).collect()
}

/// What a cache is to have, from one that no one else has.
fn expected(digits: &Digits, copies: usize) -> Vec<Sample<Frames<u8>>> {
    let folder = tempfile::tempdir().unwrap();
    let cache = open(folder.path(), digits, pipeline(), copies);
    let fresh = all(&cache);
    assert_eq!(cache.stats().hits, 0);
    fresh
}

/// Another process with one of these tests, which then finds the folder in [`CHILD`].
fn child(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([&format!("cache::{test}"), "--exact", "--nocapture", "--test-threads", "1"]);
    command.env(CHILD, folder).stdout(Stdio::piped());
    command
}

/// Waits until a child says that it has begun.
fn begun(child: &mut Child) {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("begun")));
}

/// The test of a child that was left to end.
fn has_passed(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn any_parameter_makes_other_entries() {
    let Some(digits) = Digits::real(1) else { return };
    let folder = tempfile::tempdir().unwrap();
    let frames = |transforms: Vec<Transform>, to_frame: ToFrame| {
        EventFrames::<u8>::new(Compose::new(transforms), to_frame)
    };
    let bins = || ToFrame::new(Slicer::time_bins(10));
    let one = |transform: Transform| frames(vec![transform], bins());
    let tonic = Policy::Tonic;
    let denoise = || Denoise::new(10_000).into();
    let flip = |p| RandomFlipLR { p }.into();
    let window =
        |window: i32, overlap: i32, include_incomplete, start: Option<i32>, end: Option<i32>| {
            let [start, end] = [start, end].map(|time| time.map(f64::from));
            let (window, overlap) = (window.into(), overlap.into());
            let slicer = Slicer::TimeWindow { window, overlap, include_incomplete, start, end };
            frames(vec![], ToFrame::new(slicer))
        };
    let pipelines = [
        frames(vec![], bins()),
        frames(vec![], ToFrame::tonic(Slicer::time_bins(10))),
        frames(vec![], ToFrame::new(Slicer::time_bins(11))),
        frames(vec![], ToFrame::new(Slicer::TimeBins { bins: 10, overlap: 0.1 })),
        frames(vec![], ToFrame::new(Slicer::event_bins(10))),
        window(10_000, 0, true, None, None),
        window(10_001, 0, true, None, None),
        window(10_000, 1, true, None, None),
        window(10_000, 0, false, None, None),
        window(10_000, 0, true, Some(0), None),
        window(10_000, 0, true, None, Some(300_000)),
        frames(vec![], ToFrame::new(Slicer::event_count(100))),
        frames(vec![], ToFrame::new(Slicer::event_count(100).complete_only())),
        one(denoise()),
        one(Denoise::new(10_001).into()),
        one(Denoise { policy: tonic, ..Denoise::new(10_000) }.into()),
        one(RefractoryPeriod::new(500).into()),
        one(RefractoryPeriod::new(501).into()),
        one(RefractoryPeriod::new([500.0, 600.0]).into()),
        one(DropEvent { p: 0.5.into() }.into()),
        one(DropEvent { p: 0.25.into() }.into()),
        one(CenterCrop { size: [20, 20] }.into()),
        one(CenterCrop { size: [20, 21] }.into()),
        one(CropTime { min: Some(5), max: None }.into()),
        one(CropTime { min: None, max: Some(5) }.into()),
        one(flip(0.5)),
        one(flip(0.500_000_1)),
        frames(vec![denoise(), flip(0.5)], bins()),
        frames(vec![flip(0.5), denoise()], bins()),
        frames(vec![denoise(), denoise()], bins()),
        one(UniformNoise { n: 10.0.into() }.into()),
        one(UniformNoise { n: 11.0.into() }.into()),
    ];
    let mut fingerprints = HashSet::new();
    let mut folders = HashSet::new();
    for pipeline in &pipelines {
        // All of them in one folder.
        let cache = open(folder.path(), &digits, pipeline.clone(), 1);
        let fresh = cache.get(3).unwrap();
        assert_eq!((cache.stats().misses, cache.stats().hits), (1, 0), "{pipeline:?}");
        assert_eq!(cache.get(3).unwrap(), fresh);
        assert_eq!(cache.stats().hits, 1);
        fingerprints.insert(cache.fingerprint().to_string());
        folders.insert(cache.folder().to_path_buf());
    }
    assert_eq!((fingerprints.len(), folders.len()), (pipelines.len(), pipelines.len()));
    for pipeline in pipelines {
        let cache = open(folder.path(), &digits, pipeline, 1);
        cache.get(3).unwrap();
        assert_eq!((cache.stats().misses, cache.stats().hits), (0, 1));
    }
}

#[test]
fn an_entry_is_what_the_pipeline_makes() {
    let Some(digits) = Digits::real(5) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (transforms, to_frame) =
        (Compose::new([Denoise::new(10_000).into()]), ToFrame::new(Slicer::time_bins(10)));
    let cache =
        open(folder.path(), &digits, EventFrames::new(transforms.clone(), to_frame.clone()), 1);
    let memory = MemoryCache::new(digits.clone());
    for _ in 0..2 {
        for (index, label) in digits.labels().into_iter().enumerate() {
            let Sample { data: events, .. } = digits.get(index).unwrap();
            let events_again = memory.get(index).unwrap();
            assert_eq!((&events_again.data, events_again.label), (&events, label));
            let kept = transforms.apply(&events, &mut ChaCha8Rng::seed_from_u64(0)).unwrap();
            let data = to_frame.apply(&kept).unwrap();
            assert_eq!(cache.get(index).unwrap(), Sample { data, label });
        }
    }
    assert_eq!((cache.stats().misses, cache.stats().hits), (50, 50));
    // Recordings of 5 bytes an event, less than that in memory.
    let on_disk: u64 = digits.files.iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!((memory.bytes() as u64) < on_disk, "{} of {on_disk}", memory.bytes());
}

#[test]
fn random_results_depend_on_neither_order_nor_threads() {
    let Some(digits) = Digits::real(4) else { return };
    let random = EventFrames::<u8>::new(
        Compose::new([
            SpatialJitter::default().into(),
            TimeJitter { sort_timestamps: true, ..TimeJitter::new(1000.0) }.into(),
            UniformNoise { n: 200.0.into() }.into(),
            DropEvent { p: 0.3.into() }.into(),
        ]),
        ToFrame::new(Slicer::time_bins(8)),
    );
    let one = tempfile::tempdir().unwrap();
    let in_order = all(&open(one.path(), &digits, random.clone(), 3));
    // Copies are others, but for a coincidence.
    assert!(in_order.chunks(3).all(|of| of[0] != of[1] && of[1] != of[2]));
    for (round, threads) in [1, 8, 8].into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let cache = open(folder.path(), &digits, random.clone(), 3);
        let mut order: Vec<usize> = (0..in_order.len()).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(round as u64));
        let left = Mutex::new(order);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(number) = { left.lock().unwrap().pop() } {
                        let sample = cache.get_copy(number / 3, number % 3).unwrap();
                        assert_eq!(sample, in_order[number]);
                    }
                });
            }
        });
        assert_eq!(all(&cache), in_order);
    }
}

#[test]
fn eight_threads_fill_what_one_does() {
    let Some(digits) = Digits::real(10) else { return };
    let expected = expected(&digits, 2);
    let folder = tempfile::tempdir().unwrap();
    let cache = open(folder.path(), &digits, pipeline(), 2);
    let seen = Mutex::new(Vec::new());
    let bad = cache.fill(workers(8), OnBad::Stop, |done, of| seen.lock().unwrap().push((done, of)));
    assert!(bad.unwrap().is_empty());
    assert_eq!(seen.into_inner().unwrap(), (1..=100).map(|n| (n, 100)).collect::<Vec<_>>());
    assert_eq!((cache.stats().misses, cache.stats().hits), (200, 0));
    // All at once, each in its own order.
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(all(&cache), expected));
        }
    });
    assert_eq!((cache.stats().misses, cache.stats().hits), (200, 8 * 200));
}

#[test]
fn a_process_that_is_killed_leaves_no_bad_entry() {
    let Some(digits) = Digits::real(4) else { return };
    if let Some(folder) = env::var_os(CHILD) {
        let cache = open(Path::new(&folder), &digits, pipeline(), 2);
        println!("begun");
        loop {
            cache.fill(workers(3), OnBad::Stop, |_, _| {}).unwrap();
            // Until it is killed.
            cache.clear().unwrap();
        }
    }
    let expected = expected(&digits, 2);
    let folder = tempfile::tempdir().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let (mut hits, mut unfinished) = (0, 0);
    for round in 0..50 {
        let mut child =
            child("a_process_that_is_killed_leaves_no_bad_entry", folder.path()).spawn().unwrap();
        begun(&mut child);
        thread::sleep(Duration::from_micros(rng.random_range(0..60_000)));
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success());
        let cache = open(folder.path(), &digits, pipeline(), 2);
        let temporary = fs::read_dir(cache.folder()).unwrap().filter(|entry| {
            entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "tmp")
        });
        unfinished += temporary.count();
        assert!(all(&cache) == expected, "round {round}");
        // Names are given to whole files only.
        assert_eq!(cache.stats().rebuilt, 0, "round {round}");
        hits += cache.stats().hits;
        cache.clear().unwrap();
    }
    println!(
        "{hits} of {} entries were there, {unfinished} were being written",
        50 * expected.len()
    );
    assert!(hits > 0 && hits < 50 * expected.len() as u64);
}

#[test]
fn several_processes_fill_one_cache() {
    let Some(digits) = Digits::real(10) else { return };
    if let Some(folder) = env::var_os(CHILD) {
        let cache = open(Path::new(&folder), &digits, pipeline(), 2);
        assert!(cache.fill(workers(2), OnBad::Stop, |_, _| {}).unwrap().is_empty());
        let samples = all(&cache);
        assert_eq!((samples.len(), cache.stats().rebuilt), (200, 0));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let start = |_| child("several_processes_fill_one_cache", folder.path()).spawn().unwrap();
    let children: Vec<_> = (0..4).map(start).collect();
    for child in children {
        has_passed(&child.wait_with_output().unwrap());
    }
    let cache = open(folder.path(), &digits, pipeline(), 2);
    assert_eq!(all(&cache), expected(&digits, 2));
    assert_eq!((cache.stats().hits, cache.stats().misses, cache.stats().rebuilt), (200, 0, 0));
    assert_eq!(fs::read_dir(cache.folder()).unwrap().count(), 200);
}

/// A limit of the size of files stands for a full disk: a write stops half way.
#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    let Some(digits) = Digits::real(2) else { return };
    if let Some(folder) = env::var_os(CHILD) {
        let cache = open(Path::new(&folder), &digits, pipeline(), 1);
        let full = cache.get_copy(1, 0).unwrap_err();
        let CacheError::Write { path, source } = &full else { panic!("{full}") };
        assert_eq!((path.parent(), path.exists()), (Some(cache.folder()), false));
        assert_eq!(source.kind(), std::io::ErrorKind::FileTooLarge);
        assert!(full.to_string().contains(path.to_str().unwrap()));
        let error = cache.fill(workers(4), OnBad::Skip, |_, _| {}).unwrap_err();
        assert!(matches!(error, CacheError::Write { .. }));
        // What was there still is, and nothing half written.
        cache.get_copy(0, 0).unwrap();
        assert_eq!(cache.stats().hits, 2);
        assert_eq!(fs::read_dir(cache.folder()).unwrap().count(), 1);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path(), &digits, pipeline(), 1).get(0).unwrap();
    let test = child("a_full_disk_is_an_error_that_names_the_file", folder.path());
    let mut limited = Command::new("sh");
    // A write beyond 512 bytes is an error, and not a signal.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""]);
    limited.arg(test.get_program()).args(test.get_args()).env(CHILD, folder.path());
    has_passed(&limited.output().unwrap());
    // The disk has room again.
    let cache = open(folder.path(), &digits, pipeline(), 1);
    let samples = all(&cache);
    assert_eq!((&samples[0], samples.len(), cache.stats().hits), (&first, 20, 1));
}

use std::fs::{self, File, FileTimes};
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use burn::data::dataset::{Dataset, DatasetError};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use super::*;
use crate::dataset::{Origin, Recordings, Sample};
use crate::frame::Frames;

/// Files of bytes; those of class 1 have odd numbers. Without bytes, a file is bad.
struct Files {
    folder: TempDir,
    count: usize,
    part: &'static str,
    first_class: usize,
    classes: Vec<String>,
    reads: AtomicUsize,
}

impl Files {
    fn new(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let classes = vec!["even".to_string(), "odd".to_string()];
        let reads = AtomicUsize::new(0);
        let files = Self { folder, count, part: "", first_class: 0, classes, reads };
        for index in 0..count {
            fs::write(files.path(index), [index as u8, 1, 0, 7]).unwrap();
        }
        files
    }

    fn path(&self, index: usize) -> PathBuf {
        self.folder.path().join(format!("{index}.bin"))
    }

    fn frames(&self, index: usize) -> Frames<u8> {
        let values = fs::read(self.path(index)).unwrap();
        Frames { shape: [1, 1, 1, values.len()], values }
    }
}

impl Dataset<Sample<Frames<u8>>> for &Files {
    fn get(&self, index: usize) -> Result<Sample<Frames<u8>>, DatasetError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let data = self.frames(index);
        match data.values.is_empty() {
            true => Err(DatasetError::new(io::Error::other("no bytes"))),
            false => Ok(Sample { data, label: self.label(index) }),
        }
    }

    fn len(&self) -> usize {
        self.count
    }
}

impl Recordings<Frames<u8>> for &Files {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn label(&self, index: usize) -> usize {
        (index + self.first_class) % 2
    }

    fn origin(&self, index: usize) -> Origin {
        Origin { path: self.path(index), part: self.part.into() }
    }
}

type Cache<'a, P> = DiskCache<Frames<u8>, &'a Files, P>;

/// The values, and eight random numbers behind them: too many to be the same by chance.
fn noise() -> impl Prepare<Frames<u8>, Output = Frames<u8>> {
    let noise = |mut frames: Frames<u8>, rng: &mut ChaCha8Rng| {
        frames.values.extend(rng.random::<[u8; 8]>());
        frames.shape[3] += 8;
        Ok::<_, io::Error>(frames)
    };
    PrepareWith::new("noise", "1", noise)
}

fn open<'a>(
    folder: &Path,
    files: &'a Files,
    seed: u64,
    copies: usize,
) -> Cache<'a, impl Prepare<Frames<u8>, Output = Frames<u8>>> {
    let config = DiskCacheConfig { seed, copies: NonZeroUsize::new(copies).unwrap() };
    DiskCache::open(folder, files, noise(), config).unwrap()
}

/// Hits, misses and rebuilt entries.
fn counts<P: Prepare<Frames<u8>>>(cache: &Cache<'_, P>) -> [u64; 3] {
    let CacheStats { hits, misses, rebuilt, .. } = cache.stats();
    [hits, misses, rebuilt]
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

const EIGHT: NonZeroUsize = NonZeroUsize::new(8).unwrap();

#[test]
fn a_second_look_is_a_hit() {
    let (files, folder) = (Files::new(3), tempfile::tempdir().unwrap());
    let cache = open(folder.path(), &files, 0, 1);
    let fresh: Vec<_> = (0..3).map(|index| cache.get(index).unwrap()).collect();
    assert_eq!((fresh[1].label, &fresh[1].data.values[..4]), (1, &[1, 1, 0, 7][..]));
    assert_eq!((counts(&cache), files.reads.load(Ordering::Relaxed)), ([0, 3, 0], 3));
    let again = open(folder.path(), &files, 0, 1);
    for (index, fresh) in fresh.iter().enumerate() {
        assert_eq!(again.get(index).unwrap(), *fresh);
    }
    assert_eq!((counts(&again), files.reads.load(Ordering::Relaxed)), ([3, 0, 0], 3));
    let on_disk: u64 =
        entries(cache.folder()).iter().map(|entry| fs::metadata(entry).unwrap().len()).sum();
    assert_eq!((cache.stats().bytes_written, again.stats().bytes_read), (on_disk, on_disk));
    again.clear().unwrap();
    assert!(entries(cache.folder()).is_empty());
    assert_eq!(again.get(0).unwrap(), fresh[0]);
}

#[test]
fn everything_that_an_entry_was_made_from_counts() {
    let (mut files, folder) = (Files::new(2), tempfile::tempdir().unwrap());
    let draw = |files: &Files, seed, [hit, miss, rebuilt]: [u64; 3]| {
        let cache = open(folder.path(), files, seed, 1);
        let sample = cache.get(0).unwrap();
        assert_eq!(counts(&cache), [hit, miss, rebuilt]);
        sample
    };
    let first = draw(&files, 0, [0, 1, 0]);
    assert_eq!(draw(&files, 0, [1, 0, 0]), first);
    assert_ne!(draw(&files, 1, [0, 1, 0]), first);
    files.part = "another part";
    assert_ne!(draw(&files, 0, [0, 1, 0]), first);
    files.part = "";
    files.first_class = 1;
    assert_eq!(draw(&files, 0, [0, 0, 1]), Sample { label: 1, ..first.clone() });
    files.first_class = 0;
    assert_eq!(draw(&files, 0, [0, 0, 1]), first);
    let same = |frames: Frames<u8>, _: &mut ChaCha8Rng| Ok::<_, io::Error>(frames);
    let config = DiskCacheConfig::default();
    let prepare = PrepareWith::new("noise", "2", same);
    let cache = DiskCache::open(folder.path(), &files, prepare, config).unwrap();
    assert_eq!((cache.get(0).unwrap().data, counts(&cache)), (files.frames(0), [0, 1, 0]));
    // The same function, with another type of numbers.
    let wide = |frames: Frames<u8>, _: &mut ChaCha8Rng| Ok::<_, io::Error>(frames.map(u16::from));
    let prepare = PrepareWith::new("noise", "2", wide);
    let cache = DiskCache::open(folder.path(), &files, prepare, config).unwrap();
    assert_eq!(cache.get(0).unwrap().data, files.frames(0).map(u16::from));
    assert_eq!(cache.stats().misses, 1);
}

#[test]
fn copies_differ_and_stay_the_same() {
    let files = Files::new(20);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [forward, backward] = folders.each_ref().map(|folder| open(folder.path(), &files, 9, 3));
    let all = |index: usize| -> Vec<u8> {
        (0..3).map(|copy| forward.get_copy(index, copy).unwrap().data.values[4]).collect()
    };
    let drawn: Vec<_> = (0..20).map(all).collect();
    let distinct = drawn.iter().filter(|of| of[0] != of[1] && of[1] != of[2]).count();
    assert!(distinct > 15, "{drawn:?}");
    // In another order, by eight threads.
    thread::scope(|scope| {
        for worker in 0..8 {
            let (backward, drawn) = (&backward, &drawn);
            scope.spawn(move || {
                for index in (0..20).rev() {
                    let copy = (index + worker) % 3;
                    let sample = backward.get_copy(index, copy).unwrap();
                    assert_eq!(sample.data.values[4], drawn[index][copy]);
                }
            });
        }
    });
    assert_eq!(forward.get(5).unwrap().data.values[4], drawn[5][0]);
    // More copies leave those that are there.
    let more = open(folders[0].path(), &files, 9, 4);
    assert_eq!(more.get_copy(3, 2).unwrap().data.values[4], drawn[3][2]);
    assert_eq!(counts(&more), [1, 0, 0]);
}

#[test]
fn whatever_was_damaged_is_made_again() {
    let (files, folder) = (Files::new(1), tempfile::tempdir().unwrap());
    let cache = open(folder.path(), &files, 0, 1);
    let fresh = cache.get(0).unwrap();
    let path = entries(cache.folder()).remove(0);
    let whole = fs::read(&path).unwrap();
    let mut damaged: Vec<Vec<u8>> = (0..whole.len()).map(|len| whole[..len].to_vec()).collect();
    damaged.push([&whole[..], &[0]].concat());
    for at in 0..whole.len() {
        for bits in [1, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= bits;
            damaged.push(bytes);
        }
    }
    for (n, bytes) in damaged.iter().enumerate() {
        fs::write(&path, bytes).unwrap();
        assert_eq!(cache.get(0).unwrap(), fresh, "{n}");
        assert_eq!(fs::read(&path).unwrap(), whole, "{n}");
    }
    assert_eq!(counts(&cache), [0, 1, damaged.len() as u64]);
    assert!(whole.len() > 200);
    assert_eq!((cache.get(0).unwrap(), counts(&cache)[0]), (fresh, 1));
}

#[cfg(unix)]
#[test]
fn a_changed_recording_is_never_served_as_it_was() {
    let (files, folder) = (Files::new(1), tempfile::tempdir().unwrap());
    let cache = open(folder.path(), &files, 0, 1);
    let path = files.path(0);
    let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_123_456_789);
    for round in 0..30u8 {
        // Right after it was read, of the same length, with the same time of its last write.
        let content = [round, 2, 3, 4];
        if round % 2 == 0 {
            fs::write(&path, content).unwrap();
        } else {
            fs::write(path.with_extension("new"), content).unwrap();
            fs::rename(path.with_extension("new"), &path).unwrap();
        }
        let file = File::options().write(true).open(&path).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
        assert_eq!(cache.get(0).unwrap().data.values[..4], content);
        assert_eq!(cache.get(0).unwrap().data.values[..4], content);
    }
    assert_eq!(counts(&cache), [30, 1, 29]);
    fs::remove_file(&path).unwrap();
    let error = cache.get_copy(0, 0).unwrap_err();
    assert!(matches!(error, CacheError::File { path: of, .. } if of == path));
}

#[test]
fn filling_goes_on_where_it_was() {
    let (files, folder) = (Files::new(30), tempfile::tempdir().unwrap());
    fs::write(files.path(11), []).unwrap();
    fs::write(files.path(22), []).unwrap();
    let cache = open(folder.path(), &files, 0, 2);
    let error = cache.fill(EIGHT, OnBad::Stop, |_, _| {}).unwrap_err();
    let bad = files.path(11);
    assert_eq!(error.to_string(), format!("{}: no bytes", bad.display()));
    let bad = cache.fill(EIGHT, OnBad::Skip, |_, _| {}).unwrap();
    assert_eq!(bad.iter().map(|bad| bad.index).collect::<Vec<_>>(), [11, 22]);
    // The second bad one was looked for once or twice.
    assert!([56 + 3, 56 + 4].contains(&counts(&cache)[1]));
    fs::write(files.path(11), [1]).unwrap();
    fs::write(files.path(22), [1]).unwrap();
    let reads = files.reads.swap(0, Ordering::Relaxed);
    assert!(reads >= 58);
    assert!(cache.fill(EIGHT, OnBad::Stop, |_, _| {}).unwrap().is_empty());
    assert_eq!(files.reads.load(Ordering::Relaxed), 4);
    assert_eq!(entries(cache.folder()).len(), 60);
}

#[test]
fn what_others_have_left_is_removed_when_it_is_old() {
    let (files, folder) = (Files::new(1), tempfile::tempdir().unwrap());
    let cache = open(folder.path(), &files, 0, 1);
    cache.get(0).unwrap();
    let [old, young] = ["a.entry.1.0.tmp", "b.entry.1.0.tmp"].map(|name| cache.folder().join(name));
    let hours = |hours: u64| SystemTime::now() - Duration::from_secs(hours * 3600);
    for (path, time) in [(&old, hours(2)), (&young, hours(0))] {
        let file = File::create(path).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
    }
    // Names that are taken are passed over.
    let process = std::process::id();
    let is_entry = |path: &PathBuf| path.extension().is_some_and(|found| found == "entry");
    let entry = entries(cache.folder()).into_iter().find(is_entry);
    let taken = entry.unwrap().with_added_extension(format!("{process}.0.tmp"));
    fs::write(&taken, "taken").unwrap();
    let cache = open(folder.path(), &files, 0, 1);
    assert!(!old.exists() && young.exists());
    fs::write(files.path(0), [9, 9]).unwrap();
    assert_eq!(cache.get(0).unwrap().data.values[..2], [9, 9]);
    assert_eq!(fs::read(&taken).unwrap(), b"taken");
    cache.clear().unwrap();
    assert!(entries(cache.folder()).is_empty());
}

#[test]
fn a_cache_of_a_cache_knows_what_it_was_made_by() {
    let (files, folder) = (Files::new(1), tempfile::tempdir().unwrap());
    let origin = |seed| open(folder.path(), &files, seed, 1).origin(0);
    assert_eq!(origin(1).path, files.path(0));
    assert_ne!(origin(1), origin(2));
    let memory = MemoryCache::new(open(folder.path(), &files, 1, 1));
    assert_eq!(memory.get(0).unwrap(), memory.get(0).unwrap());
    assert_eq!(counts(memory.dataset()), [0, 1, 0]);
    assert_eq!((memory.classes(), memory.labels()), (&files.classes[..], vec![0]));
}

#[test]
fn memory_has_each_sample_once() {
    let files = Files::new(10);
    let cache = MemoryCache::new(&files);
    let empty = cache.bytes();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for index in 0..10 {
                    let sample = Sample { data: files.frames(index), label: index % 2 };
                    assert_eq!(cache.get(index).unwrap(), sample);
                }
            });
        }
    });
    assert_eq!(files.reads.load(Ordering::Relaxed), 10);
    let packed: usize = (0..10).map(|index| files.frames(index).pack().len() + 16).sum();
    assert_eq!(cache.bytes(), empty + packed);
    cache.clear();
    assert_eq!(cache.bytes(), empty);
    fs::write(files.path(3), []).unwrap();
    let error = cache.get(3).unwrap_err().to_string();
    assert_eq!(error, format!("{}: no bytes", files.path(3).display()));
    let bad = cache.fill(EIGHT, OnBad::Skip, |_, _| {}).unwrap();
    assert_eq!((bad.len(), bad[0].index), (1, 3));
    assert_eq!(files.reads.load(Ordering::Relaxed), 10 + 1 + 10);
    fs::write(files.path(3), [5]).unwrap();
    assert_eq!(cache.get(3).unwrap().data.values, [5]);
}

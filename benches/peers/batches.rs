//! From recordings to batches, as `with_dataloader.py` does it.

use std::env::temp_dir;
use std::fs;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::data::dataset::{Dataset, DatasetError};
use burn::tensor::Device;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use snn::data::Part;
use snn::data::cache::{DiskCache, DiskCacheConfig, EventFrames, OnBad};
use snn::data::collate::{Layout, labels_tensor, pad, pad_as, separate};
use snn::data::dataset::nmnist::{NMnist, NMnistOptions};
use snn::data::dataset::{Origin, Recordings, Sample};
use snn::data::events::{Events, SensorSize};
use snn::data::format::{Format, Options, Recording, read_with};
use snn::data::frame::{Frames, Slicer, ToFrame};
use snn::data::loader::Loader;
use snn::data::sampler::Sampler;
use snn::data::transform::{Compose, Denoise};

use crate::cases::Iteration;

/// How often the cuts are taken, one after the other.
const COPIES: usize = 100;

/// The work of a name, on the recordings of a data folder.
pub fn case(work: &str, folder: &Path) -> Iteration {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    match work {
        "pipeline" => {
            let gestures = Gestures::open(folder);
            Box::new(move |clock| {
                let _ = fs::remove_dir_all(cache_folder());
                fill(&gestures.cached(), threads);
                clock.lap("forward");
            })
        }
        "hit" => {
            let cache = Gestures::open(folder).cached();
            fill(&cache, threads);
            let loader = Loader::new(Arc::new(cache), |samples: Vec<Sample<_>>, _| Ok(samples));
            let loader = loader.workers(threads);
            Box::new(move |clock| {
                for batch in loader.epoch(0) {
                    black_box(batch.expect("an entry"));
                }
                clock.lap("forward");
            })
        }
        "pad" => {
            let batch = frames();
            Box::new(move |clock| {
                black_box(pad(&batch, Layout::TimeFirst).expect("frames of one size"));
                clock.lap("forward");
            })
        }
        "epoch" => epoch(folder, threads),
        _ => panic!("no work {work}"),
    }
}

/// Recordings of gestures, 1.45 s each.
#[derive(Clone)]
struct Gestures {
    cuts: Vec<PathBuf>,
}

impl Gestures {
    fn open(folder: &Path) -> Self {
        let files = fs::read_dir(folder.join("dvs_gesture_cuts")).expect("a folder of cuts");
        let files = files.map(|file| file.expect("a readable folder").path());
        let mut cuts: Vec<PathBuf> =
            files.filter(|path| path.extension().is_some_and(|kind| kind == "bs2")).collect();
        cuts.sort();
        Self { cuts }
    }

    fn cached(&self) -> DiskCache<Events, Self, EventFrames<u8>> {
        let denoise = Compose::new([Denoise::new(10_000).into()]);
        let frames = EventFrames::new(denoise, ToFrame::new(Slicer::time_bins(25)));
        DiskCache::open(&cache_folder(), self.clone(), frames, DiskCacheConfig::default())
            .expect("a folder that can be written")
    }
}

impl Dataset<Sample<Events>> for Gestures {
    fn get(&self, index: usize) -> Result<Sample<Events>, DatasetError> {
        let path = &self.cuts[index % self.cuts.len()];
        let sensor = Some(SensorSize::new(128, 128));
        let options = Options { format: Some(Format::Bs2), sensor, ..Options::default() };
        match read_with(path, &options).map_err(DatasetError::new)? {
            Recording::Events(data) => Ok(Sample { data, label: 0 }),
            Recording::Spikes(_) => unreachable!("bs2 holds events"),
        }
    }

    fn len(&self) -> usize {
        COPIES
    }
}

impl Recordings<Events> for Gestures {
    fn classes(&self) -> &[String] {
        &[]
    }

    fn label(&self, _: usize) -> usize {
        0
    }

    fn origin(&self, index: usize) -> Origin {
        let path = self.cuts[index % self.cuts.len()].clone();
        Origin { path, part: format!("copy {index}") }
    }
}

fn cache_folder() -> PathBuf {
    temp_dir().join("snn-peers").join("frames")
}

fn fill(cache: &DiskCache<Events, Gestures, EventFrames<u8>>, threads: usize) {
    let threads = NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN);
    cache.fill(threads, OnBad::Stop, |_, _| {}).expect("recordings that can be read");
}

/// 32 recordings of 25 to 60 frames.
fn frames() -> Vec<Frames<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let lengths: Vec<usize> =
        (0..32).map(|b| if b == 0 { 60 } else { rng.random_range(25..=60) }).collect();
    let of = |len: usize| {
        let values = (0..len * 2 * 128 * 128).map(|_| f32::from(rng.random::<f32>() < 0.05));
        Frames { shape: [len, 2, 128, 128], values: values.collect() }
    };
    lengths.into_iter().map(of).collect()
}

/// Every recording of N-MNIST once, in frames of 10 ms and batches of 32, as tensors.
fn epoch(folder: &Path, threads: usize) -> Iteration {
    let recordings =
        NMnist::open(folder, Part::Train, NMnistOptions::default()).expect("N-MNIST recordings");
    let to_frame = ToFrame::new(Slicer::time_window(10_000));
    let loader = Loader::new(Arc::new(recordings), move |samples: Vec<Sample<Events>>, _| {
        let (recordings, labels) = separate(samples);
        let frames = recordings.iter().map(|events| to_frame.apply::<u8>(events));
        let frames = frames.collect::<Result<Vec<_>, _>>()?;
        Ok((pad_as::<f32, _>(&frames, Layout::TimeFirst)?, labels))
    });
    let loader = loader.batch_size(32).sampler(Sampler::Shuffled).workers(threads);
    let device = Device::default();
    Box::new(move |clock| {
        for batch in loader.epoch(0) {
            let (frames, labels) = batch.expect("recordings that can be read");
            let _targets = labels_tensor(&labels, &device);
            black_box(frames.into_tensor(&device).sum().into_scalar::<f32>());
        }
        clock.lap("forward");
    })
}

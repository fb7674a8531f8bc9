//! From recordings to batches of frames: through a cache, with or without augmentation.

use std::error::Error;
use std::io::{IsTerminal, stdout};
use std::path::Path;
use std::sync::Arc;

use burn::data::dataset::{Dataset, DatasetError};
use burn::tensor::{Device, Tensor};
use clap::Args;
use indicatif::ProgressBar;
use rand_chacha::ChaCha8Rng;
use snn::data::cache::{DiskCache, DiskCacheConfig, EventFrames, OnBad, Pack, Prepare};
use snn::data::collate::{Layout, Padded, labels_tensor, pad_as};
use snn::data::dataset::{Recordings, Sample};
use snn::data::events::Events;
use snn::data::frame::{Frames, ToFrame};
use snn::data::loader::Loader;
use snn::data::split::Subset;
use snn::data::transform::{Amount, Compose, DropEvent, RandomFlipLR, ShiftAugment, TimeJitter};
use snn::prelude::*;
use snn::train::trainer::Split;

use super::event_example::EventOptions;
use super::recordings::{SomeRecordings, relabel};

/// Random changes of the recordings that are trained on, another one in every epoch.
#[derive(Args, Debug, Clone, Default)]
pub struct AugmentOptions {
    /// Shift recordings by up to so many pixels
    #[arg(long, value_name = "PIXELS")]
    pub shift: Option<u16>,
    /// Mirror every second recording
    #[arg(long)]
    pub flip: bool,
    /// Drop up to this share of the events
    #[arg(long, value_name = "SHARE")]
    pub drop_events: Option<f64>,
    /// Move events in time, by a normal distribution of this standard deviation in µs
    #[arg(long, value_name = "US")]
    pub time_jitter: Option<f64>,
    /// Mix the events of this share of the recordings with those of another one of their class
    #[arg(long, value_name = "SHARE")]
    pub mix: Option<f64>,
}

impl AugmentOptions {
    /// What is asked for, where it is not, that of `others`.
    pub fn or(self, others: Self) -> Self {
        Self {
            shift: self.shift.or(others.shift),
            flip: self.flip || others.flip,
            drop_events: self.drop_events.or(others.drop_events),
            time_jitter: self.time_jitter.or(others.time_jitter),
            mix: self.mix.or(others.mix),
        }
    }

    fn transforms(&self) -> Compose {
        let shift = self.shift.map(|pixels| ShiftAugment { max_shift: [pixels; 2] }.into());
        let flip = self.flip.then(|| RandomFlipLR { p: 0.5 }.into());
        let drop = self.drop_events.map(|share| DropEvent { p: Amount::from([0.0, share]) }.into());
        // Of some cameras all times are below 0.
        let jitter = |std| TimeJitter { clip_negative: false, ..TimeJitter::new(std) };
        let jitter = self.time_jitter.map(|std| jitter(std).into());
        Compose::new([shift, flip, drop, jitter].into_iter().flatten())
    }
}

/// From a recording to frames.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// What is done to recordings once.
    pub transforms: Compose,
    pub to_frame: ToFrame,
    /// Height and width of the frames, by nearest neighbours; as they are without.
    pub side: Option<usize>,
}

/// Frames of a batch, as many for each as the longest recording has, and classes.
pub type HostBatch = (Padded<f32>, Vec<usize>);

/// Batches of recordings.
pub struct FrameLoader {
    pub loader: Loader<'static, HostBatch>,
    pub len: usize,
}

impl FrameLoader {
    /// Prepares the recordings of a part, as far as that was not done before.
    pub fn new(
        part: SomeRecordings,
        names: &[String],
        pipeline: &Pipeline,
        augment: AugmentOptions,
        options: &EventOptions,
        cache: &Path,
        seed: u32,
    ) -> Result<Self, Box<dyn Error>> {
        let labels = relabel(&part, names);
        let Pipeline { transforms, to_frame, side } = pipeline.clone();
        let changes = augment.transforms();
        let (loader, len) = if changes.transforms.is_empty() && augment.mix.is_none() {
            let prepare = EventFrames::<u8>::new(transforms, to_frame);
            let frames = prepared(part, prepare, options, cache)?;
            let collate = move |samples: Vec<Sample<Frames<u8>>>, _: &mut ChaCha8Rng| {
                let labels = samples.iter().map(|sample| labels[sample.label]).collect();
                let frames = samples.into_iter().map(|sample| resized(sample.data, side));
                Ok((pad_as(&frames.collect::<Vec<_>>(), Layout::TimeFirst)?, labels))
            };
            (Loader::new(frames.clone(), collate), frames.len())
        } else {
            // Other frames in every epoch: what can be kept are the events.
            let events = prepared(part, transforms, options, cache)?;
            let mixed = Mixed::new(&events, augment.mix.unwrap_or(0.0));
            let collate = move |samples: Vec<Sample<Events>>, rng: &mut ChaCha8Rng| {
                let mut frames = Vec::with_capacity(samples.len());
                let mut numbers = Vec::with_capacity(samples.len());
                for Sample { data, label } in samples {
                    let events = changes.apply(&mixed.mix(data, label, rng)?, rng)?;
                    frames.push(resized(to_frame.apply::<u8>(&events.sorted())?, side));
                    numbers.push(labels[label]);
                }
                Ok((pad_as(&frames, Layout::TimeFirst)?, numbers))
            };
            (Loader::new(events.clone(), collate), events.len())
        };
        let loader = loader.seed(seed.into()).workers(options.workers.get());
        Ok(Self { loader, len })
    }

    /// The batches as tensors on a device.
    pub fn split(&self, device: &Device) -> Split<'_, Tensor<5>> {
        let device = device.clone();
        Split::new(self.len, move |plan| {
            let batches = self.loader.batches(plan.epoch as u64, plan.batches).skip(plan.done);
            let device = device.clone();
            Box::new(batches.map(move |batch| match batch {
                Ok(batch) => Ok(to_device(batch, &device)),
                Err(error) => Err(DatasetError::new(error)),
            }))
        })
    }
}

/// A batch on a device; with a mask, if the recordings are not equally long.
pub fn to_device((frames, labels): HostBatch, device: &Device) -> Batch<Tensor<5>> {
    let steps = frames.shape.steps();
    let padded = frames.shape.lengths.iter().any(|length| *length < steps);
    Batch {
        targets: labels_tensor(&labels, device),
        mask: padded.then(|| frames.shape.mask_tensor(device)),
        input: frames.into_tensor(device),
    }
}

fn resized(frames: Frames<u8>, side: Option<usize>) -> Frames<u8> {
    match side {
        Some(side) => frames.nearest([side, side]),
        None => frames,
    }
}

/// Good recordings, prepared.
type Prepared<P> = Subset<DiskCache<Events, SomeRecordings, P>>;

/// What was prepared of the good recordings of a part.
fn prepared<P>(
    part: SomeRecordings,
    prepare: P,
    options: &EventOptions,
    cache: &Path,
) -> Result<Arc<Prepared<P>>, Box<dyn Error>>
where
    P: Prepare<Events> + 'static,
    P::Output: Pack,
{
    let cache = DiskCache::open(cache, part, prepare, DiskCacheConfig::default())?;
    let on_bad = if options.recordings.skip_bad { OnBad::Skip } else { OnBad::Stop };
    let all = cache.len();
    let bar =
        if stdout().is_terminal() { ProgressBar::new(all as u64) } else { ProgressBar::hidden() };
    let bad = cache.fill(options.workers, on_bad, |done, _| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    let stats = cache.stats();
    let made = stats.misses + stats.rebuilt - bad.len() as u64;
    println!(
        "recordings: {all}, prepared now: {made}, from the cache: {}, bad: {}",
        stats.hits,
        bad.len()
    );
    for recording in &bad {
        println!("left out: {}", recording.error);
    }
    let good = (0..all).filter(|index| bad.iter().all(|bad| bad.index != *index)).collect();
    Ok(Arc::new(Subset::new(Arc::new(cache), good)?))
}

/// Takes half of the events of two recordings of a class each.
struct Mixed {
    share: f64,
    /// The samples of each class.
    of_class: Vec<Vec<usize>>,
    get: Box<dyn Fn(usize) -> Result<Events, DatasetError> + Send + Sync>,
}

impl Mixed {
    fn new<D>(dataset: &Arc<D>, share: f64) -> Self
    where
        D: Recordings<Events> + 'static,
    {
        let mut of_class = vec![Vec::new(); dataset.classes().len()];
        (0..dataset.len()).for_each(|index| of_class[dataset.label(index)].push(index));
        let dataset = dataset.clone();
        Self { share, of_class, get: Box::new(move |index| Ok(dataset.get(index)?.data)) }
    }

    fn mix(
        &self,
        events: Events,
        label: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<Events, Box<dyn Error + Send + Sync>> {
        use rand::RngExt;
        if rng.random::<f64>() >= self.share {
            return Ok(events);
        }
        let of_class = &self.of_class[label];
        let other = (self.get)(of_class[rng.random_range(0..of_class.len())])?;
        let half = DropEvent { p: 0.5.into() };
        let (events, other) = (half.apply(&events, rng)?, half.apply(&other, rng)?);
        let sensor = events.sensor();
        let both = events.iter().chain(other.iter()).collect();
        Ok(Events::from_columns(both, sensor)?.sorted())
    }
}

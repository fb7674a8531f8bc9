//! Digits, as images or as recordings of an event camera: all at once for the analog network, bit by bit for the
//! spiking one.

use std::error::Error;

use burn::data::dataset::{Dataset, DatasetError};
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use snn::core::encode::{RateConfig, rate};
use snn::data::dataset::Sample;
use snn::data::events::{Events, SensorSize};
use snn::data::frame::{Slicer, ToFrame};
use snn::data::mnist::{Mnist, SIDE};
use snn::data::transform::{Downsample, MergePolarities};
use snn::prelude::*;
use snn::train::trainer::Split;

use super::affine::random_affine;
use super::recordings::SomeRecordings;

/// Height and width of recordings, in the middle of which smaller ones are.
const EVENT_SIDE: u16 = 64;
/// Length of a step of recordings in µs.
pub const BIN: i64 = 10_000;

/// Digits of one part of a data set.
pub struct Samples {
    pub labels: Vec<usize>,
    /// Height and width.
    pub side: usize,
    /// Time steps for which the spiking network sees one.
    pub steps: usize,
    /// Time steps whose events the analog network sees at once.
    at_once: usize,
    digits: Digits,
}

enum Digits {
    Images(Vec<Vec<u8>>),
    Recordings(Vec<Events>),
}

impl Samples {
    /// Images, shown for so many steps.
    pub fn images(data: &Mnist, steps: usize) -> Result<Self, Box<dyn Error>> {
        let (mut labels, mut images) = (Vec::new(), Vec::new());
        for index in 0..data.len() {
            let sample = data.get(index)?;
            labels.push(sample.label);
            images.push(sample.image);
        }
        Ok(Self { labels, side: SIDE, steps, at_once: steps, digits: Digits::Images(images) })
    }

    /// The first so many steps of recordings, without polarities; so many of them are a frame.
    pub fn recordings(
        data: &SomeRecordings,
        relabel: &[usize],
        steps: usize,
        at_once: usize,
    ) -> Result<Self, Box<dyn Error>> {
        let (mut labels, mut recordings) = (Vec::new(), Vec::new());
        for index in 0..data.len() {
            let Sample { data, label } = data.get(index)?;
            labels.push(relabel[label]);
            let events = MergePolarities {}.apply(&in_the_middle(&data.sorted())?);
            let first = events.t().first().copied().unwrap_or(0);
            recordings.push(events.between(first..first + steps as i64 * BIN));
        }
        let (side, at_once) = (EVENT_SIDE.into(), at_once.min(steps));
        Ok(Self { labels, side, steps, at_once, digits: Digits::Recordings(recordings) })
    }

    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Length of a step in seconds.
    pub fn dt(&self) -> f64 {
        match self.digits {
            Digits::Images(_) => 1e-3,
            Digits::Recordings(_) => BIN as f64 * 1e-6,
        }
    }

    /// Frames of a sample: one of an image.
    fn frames(&self) -> usize {
        self.steps / self.at_once
    }

    /// Frames of all samples.
    pub fn all_frames(&self) -> usize {
        self.len() * self.frames()
    }

    /// What the analog network sees, by the number of the frame: an image from 0 to 1, or numbers of events. Where a
    /// generator is given, the frame begins anywhere in the recording.
    fn frame(&self, index: usize, rng: Option<&mut ChaCha8Rng>) -> Vec<f32> {
        let (sample, frame) = (index / self.frames(), index % self.frames());
        match &self.digits {
            Digits::Images(images) => {
                images[sample].iter().map(|pixel| f32::from(*pixel) / 255.0).collect()
            }
            Digits::Recordings(recordings) => {
                let events = &recordings[sample];
                let length = self.at_once as i64 * BIN;
                let last = self.steps as i64 * BIN - length;
                let begin = rng.map_or(frame as i64 * length, |rng| rng.random_range(0..=last));
                let begin = begin + events.t().first().copied().unwrap_or(0);
                let mut counts = vec![0.0; self.side * self.side];
                for event in events.between(begin..begin + length).iter() {
                    counts[usize::from(event.y) * self.side + usize::from(event.x)] += 1.0;
                }
                counts
            }
        }
    }

    /// Some frames, `[B, 1, H, W]`, and their labels; changed at random if there is a generator.
    fn batch(
        &self,
        indices: &[usize],
        mut rng: Option<ChaCha8Rng>,
        device: &Device,
    ) -> Batch<Tensor<4>> {
        let mut pixels = Vec::with_capacity(indices.len() * self.side * self.side);
        for index in indices {
            let frame = self.frame(*index, rng.as_mut());
            match &mut rng {
                Some(rng) => pixels.extend(random_affine(&frame, self.side, rng)),
                None => pixels.extend(frame),
            }
        }
        let shape = [indices.len(), 1, self.side, self.side];
        let input = Tensor::from_data(TensorData::new(pixels, shape), device);
        let samples: Vec<usize> = indices.iter().map(|index| index / self.frames()).collect();
        Batch { input, targets: self.targets(&samples, device), mask: None }
    }

    fn targets(&self, indices: &[usize], device: &Device) -> Tensor<1, Int> {
        let labels: Vec<i64> = indices.iter().map(|index| self.labels[*index] as i64).collect();
        Tensor::from_data(labels.as_slice(), device)
    }

    /// What the analog network is to be converted by: frames of the first so many samples, as much of them as comes in
    /// one step.
    pub fn of_a_step(&self, samples: usize, device: &Device) -> Tensor<4> {
        let frames: Vec<usize> = (0..samples.min(self.len()) * self.frames()).collect();
        self.batch(&frames, None, device).input / self.per_step()
    }

    /// How much more comes in a frame than in one step.
    pub fn per_step(&self) -> f64 {
        match self.digits {
            Digits::Images(_) => 1.0,
            Digits::Recordings(_) => self.at_once as f64,
        }
    }

    /// Events of some of them, `[T, B, 1, H, W]`: of an image, spikes at a rate of up to one in every step.
    pub fn events(
        &self,
        indices: &[usize],
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> Result<Batch<Tensor<5>>, DatasetError> {
        let input = match &self.digits {
            Digits::Images(_) => {
                let images = self.batch(indices, None, device).input;
                rate(images, &RateConfig::new(self.steps), rng).map_err(DatasetError::new)?
            }
            Digits::Recordings(recordings) => {
                let pixels = self.side * self.side;
                let mut counts = vec![0.0; self.steps * indices.len() * pixels];
                let to_frame = ToFrame::new(Slicer::time_window(BIN));
                for (place, index) in indices.iter().enumerate() {
                    let frames =
                        to_frame.apply::<u16>(&recordings[*index]).map_err(DatasetError::new)?;
                    for (step, frame) in frames.values.chunks(pixels).take(self.steps).enumerate() {
                        let at = (step * indices.len() + place) * pixels;
                        counts[at..at + pixels]
                            .iter_mut()
                            .zip(frame)
                            .for_each(|(to, from)| *to = f32::from(*from));
                    }
                }
                let shape = [self.steps, indices.len(), 1, self.side, self.side];
                Tensor::from_data(TensorData::new(counts, shape), device)
            }
        };
        Ok(Batch { input, targets: self.targets(indices, device), mask: None })
    }

    /// For the analog network; changed at random, another way in every epoch, if there is a seed.
    pub fn analog_split(&self, seed: Option<u32>, device: &Device) -> Split<'_, Tensor<4>> {
        let device = device.clone();
        Split::new(self.all_frames(), move |plan| {
            let device = device.clone();
            let batches = plan.with_generators(seed.unwrap_or_default().into());
            Box::new(
                batches.map(move |(indices, rng)| {
                    Ok(self.batch(&indices, seed.map(|_| rng), &device))
                }),
            )
        })
    }

    /// For the spiking network; rates are other spikes in every epoch.
    pub fn spiking_split(&self, seed: u32, device: &Device) -> Split<'_, Tensor<5>> {
        let device = device.clone();
        Split::new(self.len(), move |plan| {
            let device = device.clone();
            let batches = plan.with_generators(seed.into());
            Box::new(
                batches.map(move |(indices, mut rng)| self.events(&indices, &mut rng, &device)),
            )
        })
    }
}

/// The events on a square of 64 pixels: in its middle, or closer to each other.
fn in_the_middle(events: &Events) -> Result<Events, Box<dyn Error>> {
    let SensorSize { width, height, .. } = events.sensor();
    if width > EVENT_SIDE.into() || height > EVENT_SIDE.into() {
        return Ok(Downsample::to([EVENT_SIDE; 2]).apply(events)?);
    }
    let [right, down] = [width, height].map(|side| (EVENT_SIDE - side as u16) / 2);
    let mut columns = events.clone().into_columns();
    columns.x.iter_mut().for_each(|x| *x += right);
    columns.y.iter_mut().for_each(|y| *y += down);
    Ok(Events::from_columns(columns, SensorSize::new(EVENT_SIDE.into(), EVENT_SIDE.into()))?)
}

//! What is made of a recording before it is kept.

use std::error::Error;
use std::marker::PhantomData;
use std::path::Path;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::Pack;
use crate::dataset::Origin;
use crate::events::{Events, Spikes};
use crate::frame::{Count, FrameError, Frames, ToFrame};
use crate::transform::{Compose, TransformError};

/// Raised whenever frames of the same events and the same configuration are others than before.
const VERSION: u32 = 1;

/// What is made of a recording before it is kept.
pub trait Prepare<T>: Send + Sync {
    /// What it is made into.
    type Output: Pack;

    /// A text that is another one for everything that makes another result of the same recording:
    /// SHA-256, in hexadecimal, of the name of the type, a version, and all parameters.
    fn fingerprint(&self) -> String;

    /// The result. What is random in it comes from `rng` alone.
    ///
    /// # Errors
    ///
    /// Nothing can be made of the recording.
    fn prepare(&self, data: T, rng: &mut ChaCha8Rng) -> Result<Self::Output, PrepareError>;
}

/// Why nothing can be made of a recording.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// A transform that cannot be applied.
    #[error(transparent)]
    Transform(#[from] TransformError),
    /// Events that are no frames.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// What a function of the user's says.
    #[error("{name}: {source}")]
    Function {
        /// Its name.
        name: String,
        /// What is wrong.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Events to events.
impl Prepare<Events> for Compose {
    type Output = Events;

    fn fingerprint(&self) -> String {
        self.fingerprint()
    }

    fn prepare(&self, data: Events, rng: &mut ChaCha8Rng) -> Result<Events, PrepareError> {
        Ok(self.apply(&data, rng)?)
    }
}

/// Transforms of events, then frames of numbers of type `C`.
#[derive(Debug, Clone, PartialEq)]
pub struct EventFrames<C> {
    transforms: Compose,
    to_frame: ToFrame,
    count: PhantomData<C>,
}

impl<C> EventFrames<C> {
    /// Of transforms, of which there may be none, and frames.
    pub fn new(transforms: Compose, to_frame: ToFrame) -> Self {
        Self { transforms, to_frame, count: PhantomData }
    }
}

impl<C: Count> Prepare<Events> for EventFrames<C>
where
    Frames<C>: Pack,
{
    type Output = Frames<C>;

    fn fingerprint(&self) -> String {
        let Self { transforms, to_frame, .. } = self;
        digest(&(
            "frames of events",
            VERSION,
            Frames::<C>::KIND,
            transforms.fingerprint(),
            to_frame,
        ))
    }

    fn prepare(&self, data: Events, rng: &mut ChaCha8Rng) -> Result<Frames<C>, PrepareError> {
        Ok(self.to_frame.apply(&self.transforms.apply(&data, rng)?)?)
    }
}

/// Frames of spikes, of numbers of type `C`.
#[derive(Debug, Clone, PartialEq)]
pub struct SpikeFrames<C> {
    to_frame: ToFrame,
    count: PhantomData<C>,
}

impl<C> SpikeFrames<C> {
    /// Of the slices of `to_frame`.
    pub fn new(to_frame: ToFrame) -> Self {
        Self { to_frame, count: PhantomData }
    }
}

impl<C: Count> Prepare<Spikes> for SpikeFrames<C>
where
    Frames<C>: Pack,
{
    type Output = Frames<C>;

    fn fingerprint(&self) -> String {
        digest(&("frames of spikes", VERSION, Frames::<C>::KIND, &self.to_frame))
    }

    fn prepare(&self, data: Spikes, _: &mut ChaCha8Rng) -> Result<Frames<C>, PrepareError> {
        Ok(self.to_frame.apply_to_spikes(&data)?)
    }
}

/// A function of the user's.
///
/// What it does cannot be seen from outside, so a name and a version say it: when the function changes, or
/// anything that it uses, one of them has to.
///
/// ```
/// use rand_chacha::ChaCha8Rng;
/// use snn_data::cache::PrepareWith;
/// use snn_data::events::{Events, EventsError};
///
/// let first = |count: usize| {
///     PrepareWith::new("first events", &format!("1, {count}"), move |events: Events, _: &mut ChaCha8Rng| {
///         Ok::<_, EventsError>(events.slice(0..count.min(events.len())))
///     })
/// };
/// ```
#[derive(Debug, Clone)]
pub struct PrepareWith<F> {
    name: String,
    version: String,
    function: F,
}

impl<F> PrepareWith<F> {
    /// A function with what says which it is. The version has all parameters of the function in it.
    pub fn new(name: &str, version: &str, function: F) -> Self {
        Self { name: name.into(), version: version.into(), function }
    }
}

impl<T, U, E, F> Prepare<T> for PrepareWith<F>
where
    U: Pack,
    E: Into<Box<dyn Error + Send + Sync>>,
    F: Fn(T, &mut ChaCha8Rng) -> Result<U, E> + Send + Sync,
{
    type Output = U;

    fn fingerprint(&self) -> String {
        digest(&("function", &self.name, &self.version))
    }

    fn prepare(&self, data: T, rng: &mut ChaCha8Rng) -> Result<U, PrepareError> {
        (self.function)(data, rng).map_err(|error| PrepareError::Function {
            name: self.name.clone(),
            source: error.into(),
        })
    }
}

/// SHA-256 of a configuration, in hexadecimal.
pub(super) fn digest(configuration: &impl Serialize) -> String {
    let text = serde_json::to_vec(configuration)
        .unwrap_or_else(|error| unreachable!("a configuration is numbers and names: {error}"));
    format!("{:x}", Sha256::digest(text))
}

/// What a recording draws from: always the same for it, whatever was drawn before for others.
///
/// Of its path, the file and two folders count, so that it is the same wherever the data set lies.
pub(super) fn generator(seed: u64, origin: &Origin, copy: usize) -> ChaCha8Rng {
    let tail = |path: &Path| -> Vec<Vec<u8>> {
        let parts = path.iter().rev().take(3);
        parts.map(|part| part.as_encoded_bytes().to_vec()).collect()
    };
    let identity = (seed, tail(&origin.path), &origin.part, copy);
    let bytes = serde_json::to_vec(&identity)
        .unwrap_or_else(|error| unreachable!("an identity is numbers and bytes: {error}"));
    ChaCha8Rng::from_seed(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;
    use crate::frame::Slicer;
    use crate::policy::Policy;
    use crate::transform::Denoise;

    #[test]
    fn whatever_changes_the_result_changes_the_fingerprint() {
        let events = |transforms: &Compose, to_frame: &ToFrame| {
            EventFrames::<u8>::new(transforms.clone(), to_frame.clone()).fingerprint()
        };
        let bins = |bins, overlap| ToFrame::new(Slicer::TimeBins { bins, overlap });
        let [none, denoise] = [vec![], vec![Denoise::new(10).into()]].map(Compose::new);
        let function = |name, version| {
            let same = |events: Events, _: &mut ChaCha8Rng| Ok::<_, FrameError>(events);
            Prepare::<Events>::fingerprint(&PrepareWith::new(name, version, same))
        };
        let all = [
            events(&none, &bins(5, 0.0)),
            events(&denoise, &bins(5, 0.0)),
            events(&none, &bins(6, 0.0)),
            events(&none, &bins(5, 0.1)),
            events(&none, &ToFrame { policy: Policy::Tonic, ..bins(5, 0.0) }),
            events(&none, &ToFrame::new(Slicer::EventBins { bins: 5, overlap: 0.0 })),
            EventFrames::<i16>::new(none.clone(), bins(5, 0.0)).fingerprint(),
            SpikeFrames::<u8>::new(bins(5, 0.0)).fingerprint(),
            SpikeFrames::<u8>::new(bins(6, 0.0)).fingerprint(),
            Prepare::fingerprint(&none),
            Prepare::fingerprint(&denoise),
            function("a", "1"),
            function("a", "2"),
            function("b", "1"),
        ];
        for (n, one) in all.iter().enumerate() {
            assert_eq!(one.len(), 64);
            assert!(!all[n + 1..].contains(one), "{n}");
        }
        assert_eq!(events(&denoise, &bins(5, 0.0)), all[1]);
    }

    #[test]
    fn a_recording_draws_the_same_wherever_it_lies() {
        let origin = |path: &str, part: &str| Origin { path: path.into(), part: part.into() };
        let draw = |seed, path, part, copy| generator(seed, &origin(path, part), copy).next_u64();
        let drawn = draw(1, "/a/Train/3/7.bin", "", 0);
        assert_eq!(draw(1, "Train/3/7.bin", "", 0), drawn);
        let others = [
            draw(2, "/a/Train/3/7.bin", "", 0),
            draw(1, "/a/Test/3/7.bin", "", 0),
            draw(1, "/a/Train/3/8.bin", "", 0),
            draw(1, "/a/Train/3/7.bin", "0 to 9", 0),
            draw(1, "/a/Train/3/7.bin", "", 1),
        ];
        assert!(!others.contains(&drawn));
    }
}

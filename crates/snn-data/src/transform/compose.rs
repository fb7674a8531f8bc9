//! Several transforms, one after the other.

use rand::Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Transform, TransformError};
use crate::events::Events;

/// Raised whenever a transform gives another result for the same configuration and the same events, so that
/// what was kept of earlier results is not taken for new ones.
const VERSION: u32 = 1;

/// Transforms that are applied one after the other.
///
/// Written and read as a list. Unlike that of Tonic, it goes on when no event is left, so that the sensor
/// of the result does not depend on the recording.
///
/// ```
/// use rand::SeedableRng;
/// use snn_data::events::{Events, SensorSize};
/// use snn_data::transform::{CenterCrop, Compose, Denoise};
///
/// let compose = Compose::new([Denoise::new(10_000).into(), CenterCrop { size: [4, 4] }.into()]);
/// let sensor = SensorSize::new(8, 8);
/// let events = Events::new(vec![10, 20], vec![3, 3], vec![3, 4], vec![true; 2], sensor)?;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
/// assert_eq!(compose.apply(&events, &mut rng)?.y(), [2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Compose {
    /// The transforms, first to last.
    pub transforms: Vec<Transform>,
}

impl Compose {
    /// Of transforms, first to last.
    pub fn new(transforms: impl IntoIterator<Item = Transform>) -> Self {
        Self { transforms: transforms.into_iter().collect() }
    }

    /// What all transforms make of the events. Those that are random draw from `rng` in turn.
    ///
    /// # Errors
    ///
    /// That of the first transform that cannot be applied.
    pub fn apply(&self, events: &Events, rng: &mut impl Rng) -> Result<Events, TransformError> {
        let apply = |events: Events, transform: &Transform| transform.apply(&events, rng);
        self.transforms.iter().try_fold(events.clone(), apply)
    }

    /// SHA-256, in hexadecimal, of the transforms with all their parameters. It changes too when a release
    /// changes what they do.
    pub fn fingerprint(&self) -> String {
        let text = serde_json::to_string(self)
            .unwrap_or_else(|error| unreachable!("transforms are numbers and names: {error}"));
        format!("{:x}", Sha256::digest(format!("transforms {VERSION} {text}")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::testing::{events, pixels, regular, rng};
    use super::super::*;
    use super::*;

    fn pipeline() -> Compose {
        Compose::new([
            Denoise::new(10_000).into(),
            RefractoryPeriod::new([100.0, 200.0]).into(),
            DropEvent { p: 0.5.into() }.into(),
            MergePolarities {}.into(),
            Downsample::to([6, 5]).into(),
            DropPixel { coordinates: vec![[1, 2]], hot_pixel_frequency: None }.into(),
        ])
    }

    #[test]
    fn transforms_follow_each_other() {
        let events = events([8, 8], &[(0, 0, 0), (5, 4, 1)]);
        let crop = Transform::from(CenterCrop { size: [4, 4] });
        let flip = Transform::from(RandomFlipLR { p: 1.0 });
        let compose = |transforms: [&Transform; 2]| {
            let compose = Compose::new(transforms.into_iter().cloned());
            pixels(&compose.apply(&events, &mut rng(0)).unwrap())
        };
        assert_eq!(compose([&crop, &flip]), [(0, 2)]);
        assert_eq!(compose([&flip, &crop]), [(0, 2)]);
        let wide = Transform::from(ShiftAugment { max_shift: [0, 0] });
        assert_eq!(compose([&crop, &wide]), [(3, 2)]);
        let none = Compose::default().apply(&events, &mut rng(0)).unwrap();
        assert_eq!(none, events);
    }

    #[test]
    fn a_pipeline_reads_back_and_repeats() {
        let text = serde_json::to_string(&pipeline()).unwrap();
        assert!(
            text.starts_with(r#"[{"transform":"Denoise","filter_time":10000,"policy":"Strict"}"#)
        );
        let read: Compose = serde_json::from_str(&text).unwrap();
        assert_eq!(read, pipeline());
        let events = regular([20, 10], 2000, 0);
        let apply = |seed| pipeline().apply(&events, &mut rng(seed)).unwrap();
        assert_eq!(apply(1), read.apply(&events, &mut rng(1)).unwrap());
        assert_ne!(apply(1), apply(2));
    }

    #[test]
    fn short_configurations_are_strict_and_wrong_ones_are_errors() {
        let read = |text: &str| serde_json::from_str::<Transform>(text);
        let short = read(r#"{"transform": "RefractoryPeriod", "delta": 500}"#).unwrap();
        assert_eq!(short, RefractoryPeriod::new(500).into());
        let none = read(r#"{"transform": "MergePolarities"}"#).unwrap();
        assert_eq!(none, MergePolarities {}.into());
        assert!(read(r#"{"transform": "Denoise", "filter_time": 1, "polcy": "Tonic"}"#).is_err());
        assert!(read(r#"{"transform": "Denoising", "filter_time": 1}"#).is_err());
    }

    #[test]
    fn a_fingerprint_is_of_every_parameter() {
        let compose = Compose::new([Decimation { n: 3 }.into()]);
        assert_eq!(compose.fingerprint(), FINGERPRINT);
        let print = |transform: Transform| Compose::new([transform]).fingerprint();
        let all = [
            pipeline().fingerprint(),
            compose.fingerprint(),
            Compose::default().fingerprint(),
            print(Denoise::new(1).into()),
            print(Denoise::new(2).into()),
            print(Denoise { policy: crate::policy::Policy::Tonic, ..Denoise::new(2) }.into()),
            print(Decimation { n: 1 }.into()),
        ];
        for (n, one) in all.iter().enumerate() {
            assert_eq!(one.len(), 64);
            assert!(!all[n + 1..].contains(one));
        }
        assert_eq!(pipeline().fingerprint(), all[0]);
    }

    /// `printf 'transforms 1 [{"transform":"Decimation","n":3}]' | sha256sum`
    const FINGERPRINT: &str = "cdcf2ca03e9854f298f5dd35c2ef8c105f21b610aee0fbbae554ff3db0ac97d4";
}

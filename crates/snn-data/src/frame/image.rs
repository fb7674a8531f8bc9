//! One frame of a whole recording.

use serde::{Deserialize, Serialize};

use super::{Count, FrameError, Frames, Slicer, ToFrame};
use crate::events::Events;
use crate::policy::Policy;

/// Counts the events of each pixel over the whole recording.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToImage {
    /// The rules.
    pub policy: Policy,
}

impl ToImage {
    /// An image `[1, P, H, W]`.
    ///
    /// # Errors
    ///
    /// As [`ToFrame::apply`]; under `Tonic`, there are no events.
    pub fn apply<C: Count>(&self, events: &Events) -> Result<Frames<C>, FrameError> {
        if self.policy == Policy::Tonic && events.is_empty() {
            return Err(FrameError::TooShort(0, 0));
        }
        let slicer = Slicer::event_count(events.len().max(1));
        ToFrame { slicer, policy: self.policy }.apply(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::SensorSize;

    #[test]
    fn an_image_has_all_events() {
        let sensor = SensorSize::new(2, 1);
        let events = Events::new(vec![0, 4, 9], vec![1, 0, 1], vec![0; 3], vec![false; 3], sensor);
        let image = ToImage::default().apply::<u8>(&events.unwrap()).unwrap();
        assert_eq!((image.shape, image.values), ([1, 2, 1, 2], vec![1, 2, 0, 0]));
        let none = Events::empty(sensor);
        assert_eq!(ToImage::default().apply::<u8>(&none).unwrap().values, [0; 4]);
        assert!(ToImage { policy: Policy::Tonic }.apply::<i16>(&none).is_err());
    }
}

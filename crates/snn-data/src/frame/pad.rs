//! Recordings of different lengths in one array.

use super::{FrameError, Frames};

/// Frames of several recordings, with zeros where one has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Padded {
    /// `[B, T, P, H, W]`, or `[T, B, P, H, W]`.
    pub shape: [usize; 5],
    /// The values, in this order.
    pub values: Vec<f32>,
    /// Number of frames of each recording.
    pub lengths: Vec<usize>,
}

/// Stacks recordings, each with zeros after its last frame up to the longest, batch first or time
/// first.
///
/// # Errors
///
/// Frames of different sizes; names the first that differs. There is no room for so many.
pub fn pad<T: Copy + Into<f32>>(
    recordings: &[Frames<T>],
    batch_first: bool,
) -> Result<Padded, FrameError> {
    let [_, p, h, w] = recordings.first().map_or([0; 4], |first| first.shape);
    for recording in recordings {
        let expected = [recording.len(), p, h, w];
        if recording.shape != expected {
            return Err(FrameError::Shape { found: recording.shape, expected });
        }
    }
    let lengths: Vec<usize> = recordings.iter().map(Frames::len).collect();
    let (batch, steps) = (recordings.len(), lengths.iter().copied().max().unwrap_or(0));
    let all = batch.saturating_mul(steps);
    let mut values = Frames::<f32>::zeros([all, p, h, w])?.values;
    let size = p * h * w;
    for (b, recording) in recordings.iter().enumerate() {
        for t in 0..recording.len() {
            let at = if batch_first { b * steps + t } else { t * batch + b };
            let target = &mut values[at * size..][..size];
            for (target, value) in target.iter_mut().zip(recording.frame(t)) {
                *target = (*value).into();
            }
        }
    }
    let shape = if batch_first { [batch, steps, p, h, w] } else { [steps, batch, p, h, w] };
    Ok(Padded { shape, values, lengths })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_follow_the_shorter_one() {
        let long = Frames { shape: [3, 1, 1, 1], values: vec![1u8, 2, 3] };
        let short = Frames { shape: [1, 1, 1, 1], values: vec![9u8] };
        let batch = pad(&[long.clone(), short.clone()], true).unwrap();
        assert_eq!((batch.shape, batch.lengths), ([2, 3, 1, 1, 1], vec![3, 1]));
        assert_eq!(batch.values, [1.0, 2.0, 3.0, 9.0, 0.0, 0.0]);
        let time = pad(&[long, short], false).unwrap();
        assert_eq!(time.shape, [3, 2, 1, 1, 1]);
        assert_eq!(time.values, [1.0, 9.0, 2.0, 0.0, 3.0, 0.0]);
    }

    #[test]
    fn frames_of_different_sizes_are_an_error() {
        let frames = [1, 2].map(|w| Frames { shape: [1, 1, 1, w], values: vec![0u8; w] });
        assert!(pad(&frames, true).is_err());
        assert_eq!(pad::<u8>(&[], true).unwrap().shape, [0; 5]);
    }
}

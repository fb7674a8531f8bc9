//! Several binary frames as the bits of one.

use serde::{Deserialize, Serialize};

use super::{FrameError, Frames};

/// Takes each run of `bits` frames for the binary digits of one, the first frame being the highest.
///
/// Source: Barchid, Mennesson, Djéraba: Bina-Rep Event Frames (ICIP 2022).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToBinaRep {
    /// Number of frames that come out.
    pub frames: usize,
    /// Number of frames that each of them is made of, 2 to 63.
    pub bits: u32,
}

impl ToBinaRep {
    /// Frames `[frames, P, H, W]` with values from 0 to 1, of `[frames * bits, P, H, W]`. A value
    /// above zero is a bit that is set.
    ///
    /// # Errors
    ///
    /// There are fewer than 2 bits or more than 63, or another number of frames.
    pub fn apply<T: Copy + Default + PartialOrd>(
        &self,
        frames: &Frames<T>,
    ) -> Result<Frames<f32>, FrameError> {
        let bits = self.bits as usize;
        FrameError::unless((2..64).contains(&bits), || format!("numbers of {bits} bits"))?;
        let [_, polarities, height, width] = frames.shape;
        let shape = |frames| [frames, polarities, height, width];
        let expected = shape(self.frames.saturating_mul(bits));
        if frames.shape != expected {
            return Err(FrameError::Shape { found: frames.shape, expected });
        }
        let largest = ((1u64 << bits) - 1) as f64;
        let mut result = Frames::zeros(shape(self.frames))?;
        let mut numbers = vec![0u64; frames.frame_len()];
        for (index, result) in result.frames_mut().enumerate() {
            numbers.fill(0);
            for frame in index * bits..(index + 1) * bits {
                for (number, value) in numbers.iter_mut().zip(frames.frame(frame)) {
                    *number = 2 * *number + u64::from(*value > T::default());
                }
            }
            for (value, number) in result.iter_mut().zip(&numbers) {
                *value = (*number as f64 / largest) as f32;
            }
        }
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_frame_is_the_highest_bit() {
        let frames =
            Frames { shape: [4, 1, 1, 3], values: vec![5u8, 0, 0, 1, 1, 0, 0, 9, 0, 1, 0, 0] };
        let rep = ToBinaRep { frames: 2, bits: 2 }.apply(&frames).unwrap();
        assert_eq!(rep.shape, [2, 1, 1, 3]);
        let third = 1.0 / 3.0;
        assert_eq!(rep.values, [1.0, third, 0.0, third, 2.0 * third, 0.0]);
    }

    #[test]
    fn other_numbers_of_frames_are_errors() {
        let frames = Frames { shape: [4, 1, 1, 1], values: vec![0u8; 4] };
        let apply = |frames_out, bits| ToBinaRep { frames: frames_out, bits }.apply(&frames);
        assert_eq!(
            apply(1, 3).unwrap_err().to_string(),
            "frames of [4, 1, 1, 1], expected [3, 1, 1, 1]"
        );
        // One bit is the frame itself; Tonic takes none either.
        for (frames, bits, problem) in [(4, 1, "numbers of 1 bits"), (1, 64, "numbers of 64 bits")]
        {
            assert_eq!(apply(frames, bits).unwrap_err().to_string(), problem);
        }
    }
}

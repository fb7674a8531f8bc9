//! Frames of another size.

use super::Frames;

impl<T: Copy> Frames<T> {
    /// Every frame with another height and width, by nearest-neighbour resampling: each pixel is one
    /// of the old ones, and nothing is summed. Works down and up.
    ///
    /// The pixel of row or column `k` is that of `floor(k · old / new)` before, as of PyTorch's
    /// `interpolate(mode="nearest")`, where `old / new` is an `f32`: of few sizes, 480 to 224 for
    /// example, a pixel is thus one before the one that exact numbers would give.
    ///
    /// A new side of 0 gives frames without pixels.
    ///
    /// # Panics
    ///
    /// A side is 0, and is to be longer.
    pub fn nearest(&self, [height, width]: [usize; 2]) -> Self {
        let [frames, channels, old_height, old_width] = self.shape;
        let (rows, columns) = (sources(old_height, height), sources(old_width, width));
        let shape = [frames, channels, height, width];
        let mut values = Vec::with_capacity(shape.iter().product());
        for plane in 0..frames * channels {
            for row in &rows {
                let row = &self.values[(plane * old_height + row) * old_width..][..old_width];
                values.extend(columns.iter().map(|column| row[*column]));
            }
        }
        Self { shape, values }
    }
}

/// Which pixel of a side each pixel of the new side is.
fn sources(old: usize, new: usize) -> Vec<usize> {
    assert!(old > 0 || new == 0, "a side of no pixels, to be one of {new}");
    let scale = old as f32 / new as f32;
    // Rounding may reach the pixel behind the last.
    (0..new).map(|pixel| ((pixel as f32 * scale) as usize).min(old - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(shape: [usize; 4]) -> Frames<u32> {
        Frames { shape, values: (0..shape.iter().product::<usize>() as u32).collect() }
    }

    #[test]
    fn a_quarter_is_every_fourth_pixel() {
        let frames = numbered([3, 2, 128, 128]);
        let small = frames.nearest([32, 32]);
        assert_eq!(small.shape, [3, 2, 32, 32]);
        for (index, value) in small.values.iter().enumerate() {
            let (plane, row, column) = (index / 1024, index / 32 % 32, index % 32);
            assert_eq!(*value as usize, plane * 128 * 128 + 4 * row * 128 + 4 * column);
        }
    }

    #[test]
    fn sides_that_do_not_divide() {
        // 16 and 33 are left out.
        let expected: Vec<usize> = (0..16).chain(17..33).collect();
        assert_eq!(sources(34, 32), expected);
        assert_eq!(sources(5, 3), [0, 1, 3]);
        assert_eq!(sources(3, 5), [0, 0, 1, 1, 2]);
        assert_eq!(sources(7, 7), [0, 1, 2, 3, 4, 5, 6]);
        // 119 · 480 / 224 = 255, and a little less with the f32 that is next to 480 / 224.
        assert_eq!(sources(480, 224)[118..121], [252, 254, 257]);
    }

    #[test]
    fn rows_and_columns_each_by_their_own() {
        let frames = Frames { shape: [2, 1, 2, 3], values: b"abcdefghijkl".to_vec() };
        let other = frames.nearest([4, 2]);
        assert_eq!((other.shape, &other.values[..]), ([2, 1, 4, 2], &b"ababdedeghghjkjk"[..]));
        assert_eq!(frames.nearest([2, 3]), frames);
        assert_eq!(frames.nearest([1, 1]).values, b"ag");
    }

    #[test]
    fn sides_of_no_pixels() {
        let none = numbered([3, 2, 4, 4]).nearest([0, 5]);
        assert_eq!((none.shape, none.values.len()), ([3, 2, 0, 5], 0));
        assert_eq!(none.nearest([0, 0]).shape, [3, 2, 0, 0]);
        assert_eq!(numbered([0, 2, 4, 4]).nearest([2, 2]).shape, [0, 2, 2, 2]);
    }

    #[test]
    #[should_panic(expected = "a side of no pixels, to be one of 2")]
    fn no_pixels_do_not_become_some() {
        numbered([1, 1, 0, 4]).nearest([2, 2]);
    }
}

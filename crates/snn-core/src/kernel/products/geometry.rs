//! Where the windows of a convolution are.

/// A convolution without its weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geometry {
    /// In and out, of each group of a convolution.
    pub(crate) channels: [usize; 2],
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) dilation: [usize; 2],
    /// Top and left.
    pub(crate) padding: [usize; 2],
}

impl Geometry {
    /// Numbers in an image; in the channels of a group.
    pub(super) fn image(&self) -> usize {
        self.channels[0] * self.pixels()
    }

    /// Pixels of an image.
    pub(super) fn pixels(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// Places of the window.
    pub(super) fn places(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Numbers in a window.
    pub(super) fn window(&self) -> usize {
        self.channels[0] * self.kernel[0] * self.kernel[1]
    }

    /// The place at which number `k` of the window is on a pixel, along an axis.
    #[inline(always)]
    fn place(&self, axis: usize, pixel: usize, k: usize) -> Option<usize> {
        let from = (pixel + self.padding[axis]).checked_sub(k * self.dilation[axis])?;
        let place = if self.stride[axis] == 1 { from } else { from / self.stride[axis] };
        (place * self.stride[axis] == from && place < self.output[axis]).then_some(place)
    }

    /// The pixel on which number `k` of the window is at a place, along an axis.
    #[inline(always)]
    pub(super) fn pixel(&self, axis: usize, place: usize, k: usize) -> Option<usize> {
        let pixel = place * self.stride[axis] + k * self.dilation[axis];
        pixel.checked_sub(self.padding[axis]).filter(|pixel| *pixel < self.input[axis])
    }

    /// For each place, the pixels of its window in a map.
    pub(super) fn pixels_of_windows(&self) -> Vec<Option<usize>> {
        let ([height, width], size) = (self.kernel, self.kernel[0] * self.kernel[1]);
        let of = |number: usize| {
            let (place, k) = (number / size, number % size);
            let y = self.pixel(0, place / self.output[1], k / width % height)?;
            Some(y * self.input[1] + self.pixel(1, place % self.output[1], k % width)?)
        };
        (0..self.places() * size).map(of).collect()
    }

    /// For each pixel of a map: places in a row, and numbers of the window from the right in each of its rows.
    pub(super) fn places_of_pixels(&self) -> Segments {
        Segments::new(self.pixels(), |pixel, f| self.places_of(pixel, f))
    }

    /// For each place: pixels in a row, and numbers of the window.
    pub(super) fn pixels_of_places(&self) -> Segments {
        Segments::new(self.places(), |place, f| self.pixels_of(place, f))
    }

    /// Calls `f` with what a pixel has to do with: the first of some places in a row, the first of as many
    /// numbers of the window, counted from the right in each of its rows, and how many they are.
    fn places_of(&self, pixel: usize, f: &mut dyn FnMut(usize, usize, usize)) {
        let [height, width] = self.kernel;
        let (y, x) = (pixel / self.input[1], pixel % self.input[1]);
        let steps = |axis| self.stride[axis] == 1 && self.dilation[axis] == 1;
        for ky in 0..height {
            let Some(oy) = self.place(0, y, ky) else { continue };
            let mut one = |kx: usize, number: usize| {
                if let Some(ox) = self.place(1, x, kx) {
                    f(oy * self.output[1] + ox, ky * width + width - 1 - kx, number);
                }
            };
            if steps(1) {
                // From the number of the window that is furthest to the right, at the place furthest left.
                let right = (width - 1).min(x + self.padding[1]);
                let left = (x + self.padding[1] + 1).saturating_sub(self.output[1]);
                if left <= right {
                    one(right, right + 1 - left);
                }
            } else {
                (0..width).for_each(|kx| one(kx, 1));
            }
        }
    }

    /// Calls `f` with what a place has to do with: the first of some pixels in a row, the first of as many
    /// numbers of the window, and how many they are.
    fn pixels_of(&self, place: usize, f: &mut dyn FnMut(usize, usize, usize)) {
        let [height, width] = self.kernel;
        let (oy, ox) = (place / self.output[1], place % self.output[1]);
        for ky in 0..height {
            let Some(y) = self.pixel(0, oy, ky) else { continue };
            let mut one = |kx: usize, number: usize| {
                if let Some(x) = self.pixel(1, ox, kx) {
                    f(y * self.input[1] + x, ky * width + kx, number);
                }
            };
            if self.dilation[1] == 1 {
                let first = ox * self.stride[1];
                let left = self.padding[1].saturating_sub(first);
                let right = width.min((self.input[1] + self.padding[1]).saturating_sub(first));
                if left < right {
                    one(left, right - left);
                }
            } else {
                (0..width).for_each(|kx| one(kx, 1));
            }
        }
    }

    /// Calls `f` with each number of the window, of so many channels, and, row by row, with the first of
    /// some places, the first of as many pixels, one stride apart, and how many they are.
    #[inline(always)]
    pub(super) fn rows_of_windows(
        &self,
        channels: usize,
        mut f: impl FnMut(usize, usize, usize, usize),
    ) {
        let [height, width] = self.kernel;
        for k in 0..channels * height * width {
            let (c, ky, kx) = (k / (height * width), k / width % height, k % width);
            // Places at which this number of the window is inside of the image.
            let inside = |ox: &usize| self.pixel(1, *ox, kx).is_some();
            let Some(first) = (0..self.output[1]).find(inside) else { continue };
            let number = (first..self.output[1]).take_while(inside).count();
            for oy in 0..self.output[0] {
                let Some(y) = self.pixel(0, oy, ky) else { continue };
                let Some(x) = self.pixel(1, first, kx) else { continue };
                let pixel = c * self.pixels() + y * self.input[1] + x;
                f(k, oy * self.output[1] + first, pixel, number);
            }
        }
    }
}

/// What lies side by side in two arrays: where it starts in each, and how many numbers it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) to: usize,
    pub(super) from: usize,
    pub(super) number: usize,
}

/// Segments of each pixel, or place, looked up rather than found out for every one of thousands of maps.
pub(super) struct Segments {
    ends: Vec<usize>,
    segments: Vec<Segment>,
}

impl Segments {
    fn new(lists: usize, each: impl Fn(usize, &mut dyn FnMut(usize, usize, usize))) -> Self {
        let (mut ends, mut segments) = (vec![0], Vec::new());
        for list in 0..lists {
            each(list, &mut |to, from, number| segments.push(Segment { to, from, number }));
            ends.push(segments.len());
        }
        Self { ends, segments }
    }

    #[inline(always)]
    pub(super) fn of(&self, list: usize) -> &[Segment] {
        &self.segments[self.ends[list]..self.ends[list + 1]]
    }
}

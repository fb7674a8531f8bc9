//! A convolution on slices, image by image. What is sparse in an image or in a gradient is added up row by
//! row, what is not is a matrix product over its windows.

use super::rows::{Entry, Lists, add_rows, is_sparse};
use crate::kernel::pass::{Pass, run};

/// Images of a part of the forward pass.
const IMAGES: usize = 8;

/// Into so many parts the images are cut for the gradient of the weights, each with a sum of its own.
const SUMS: usize = 64;

/// Where windows are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geometry {
    /// In and out.
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
    /// Numbers in an image.
    fn image(&self) -> usize {
        self.channels[0] * self.input[0] * self.input[1]
    }

    /// Places of the window.
    fn places(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Numbers in a window.
    fn window(&self) -> usize {
        self.channels[0] * self.kernel[0] * self.kernel[1]
    }

    /// Calls `f` with every place whose window has the pixel, and which number of the window it is.
    #[inline(always)]
    fn taps(&self, [c, y, x]: [usize; 3], mut f: impl FnMut(usize, usize)) {
        let [height, width] = self.kernel;
        for ky in 0..height {
            let Some(oy) = self.place(0, y, ky) else { continue };
            for kx in 0..width {
                let Some(ox) = self.place(1, x, kx) else { continue };
                f(oy * self.output[1] + ox, (c * height + ky) * width + kx);
            }
        }
    }

    #[inline(always)]
    fn place(&self, axis: usize, pixel: usize, k: usize) -> Option<usize> {
        let from = (pixel + self.padding[axis]).checked_sub(k * self.dilation[axis])?;
        let place = if self.stride[axis] == 1 { from } else { from / self.stride[axis] };
        (place * self.stride[axis] == from && place < self.output[axis]).then_some(place)
    }

    /// Calls `f` with place, number in its window, and pixel of every tap of an image.
    #[inline(always)]
    fn all_taps(&self, mut f: impl FnMut(usize, usize, usize)) {
        let [height, width] = self.input;
        for pixel in 0..self.image() {
            let (c, y, x) = (pixel / (height * width), pixel / width % height, pixel % width);
            self.taps([c, y, x], |place, k| f(place, k, pixel));
        }
    }
}

/// `[R, C]` as `[C, R]`.
#[inline(always)]
fn transposed(matrix: &[f32], rows: usize) -> Vec<f32> {
    let mut out = vec![0.0; matrix.len()];
    transpose(matrix, rows, &mut out);
    out
}

#[inline(always)]
fn transpose(matrix: &[f32], rows: usize, out: &mut [f32]) {
    let columns = matrix.len() / rows;
    for (row, numbers) in matrix.chunks_exact(columns).enumerate() {
        for (to, number) in out[row..].iter_mut().step_by(rows).zip(numbers) {
            *to = *number;
        }
    }
}

/// Output `[B, Cout, Ho, Wo]` of images `[B, Cin, H, W]`.
pub(super) fn forward(x: &[f32], weight: &[f32], bias: &[f32], geometry: &Geometry) -> Vec<f32> {
    let outputs = geometry.channels[1] * geometry.places();
    let mut out = vec![0.0; x.len() / geometry.image() * outputs];
    let parts = out.chunks_mut(IMAGES * outputs).zip(x.chunks(IMAGES * geometry.image())).collect();
    let weights = transposed(weight, bias.len());
    run(&Forward { weights: &weights, bias, geometry }, parts);
    out
}

struct Forward<'a> {
    /// `[K, Cout]`
    weights: &'a [f32],
    bias: &'a [f32],
    geometry: &'a Geometry,
}

impl<'a> Pass for Forward<'a> {
    type Part = (&'a mut [f32], &'a [f32]);

    #[inline(always)]
    fn part(&self, _: usize, (out, x): Self::Part) {
        let Self { weights, bias, geometry } = *self;
        let (places, n) = (geometry.places(), bias.len());
        let mut windows = Windows::default();
        let mut rows = vec![0.0; places * n];
        for (x, out) in x.chunks(geometry.image()).zip(out.chunks_mut(places * n)) {
            for row in rows.chunks_exact_mut(n) {
                row.copy_from_slice(bias);
            }
            match is_sparse(x) {
                true => {
                    windows.list(x, geometry);
                    for (place, row) in rows.chunks_exact_mut(n).enumerate() {
                        add_rows(windows.lists.list(place), weights, n, 0, row);
                    }
                }
                false => {
                    let window = geometry.window();
                    windows.unfold(x, geometry);
                    let unfolded = Matrix::new(&windows.unfolded, window);
                    multiply(unfolded, Matrix::new(weights, n), &mut rows, n);
                }
            }
            transpose(&rows, places, out);
        }
    }
}

/// Gradients of images, weights and bias, `[B, Cin, H, W]`, `[Cout, K]` and `[Cout]`, from that of the
/// output. Those of the images only if they are `wanted`.
pub(super) fn backward(
    x: &[f32],
    weight: &[f32],
    grad: &[f32],
    geometry: &Geometry,
    wanted: bool,
) -> [Vec<f32>; 3] {
    let image = geometry.image();
    let (images, n) = (x.len() / image, geometry.channels[1]);
    let of_part = images.div_ceil(SUMS).max(1);
    let mut g_x = vec![0.0; if wanted { x.len() } else { 0 }];
    // The bias is like the weight of one more input, which is always 1.
    let numbers = weight.len() + n;
    let mut sums = vec![0.0; images.div_ceil(of_part) * numbers];
    let mut g_images = g_x.chunks_mut(of_part * image);
    let parts = sums
        .chunks_mut(numbers)
        .zip(x.chunks(of_part * image))
        .zip(grad.chunks(of_part * n * geometry.places()))
        .map(|((sum, x), grad)| Gradients { sum, x, grad, g_x: g_images.next() })
        .collect();
    run(&Backward { weight, geometry }, parts);
    // In the order of the parts, whichever thread was first.
    let mut sum = vec![0.0; numbers];
    for part in sums.chunks(numbers) {
        sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    let g_bias = sum.split_off(weight.len());
    [g_x, transposed(&sum, weight.len() / n), g_bias]
}

struct Backward<'a> {
    /// `[Cout, K]`
    weight: &'a [f32],
    geometry: &'a Geometry,
}

/// A part of the images.
struct Gradients<'a> {
    /// `[K + 1, Cout]`
    sum: &'a mut [f32],
    x: &'a [f32],
    grad: &'a [f32],
    g_x: Option<&'a mut [f32]>,
}

impl<'a> Pass for Backward<'a> {
    type Part = Gradients<'a>;

    #[inline(always)]
    fn part(&self, _: usize, Gradients { sum, x, grad, mut g_x }: Gradients<'a>) {
        let Self { weight, geometry } = *self;
        let (image, places) = (geometry.image(), geometry.places());
        let (n, window) = (geometry.channels[1], geometry.window());
        let mut windows = Windows::default();
        let mut rows = vec![0.0; places * n];
        let mut g_unfolded = vec![0.0; places * window];
        let (sum, of_bias) = sum.split_at_mut(weight.len());
        for (index, (x, grad)) in x.chunks(image).zip(grad.chunks(places * n)).enumerate() {
            transpose(grad, n, &mut rows);
            for row in rows.chunks_exact(n) {
                of_bias.iter_mut().zip(row).for_each(|(sum, g)| *sum += g);
            }
            match is_sparse(x) {
                true => {
                    windows.list(x, geometry);
                    for (place, row) in rows.chunks_exact(n).enumerate() {
                        for (k, value) in windows.lists.list(place) {
                            let sum = &mut sum[*k as usize * n..][..n];
                            sum.iter_mut().zip(row).for_each(|(sum, g)| *sum += value * g);
                        }
                    }
                }
                false => {
                    windows.unfold(x, geometry);
                    let unfolded = Matrix::new(&windows.unfolded, window).transposed();
                    multiply(unfolded, Matrix::new(&rows, n), sum, n);
                }
            }
            let Some(g_x) = &mut g_x else { continue };
            g_unfolded.fill(0.0);
            match is_sparse(&rows) {
                true => {
                    for (row, out) in rows.chunks_exact(n).zip(g_unfolded.chunks_exact_mut(window))
                    {
                        windows.entries.clear();
                        let active = row.iter().enumerate().filter(|(_, g)| **g != 0.0);
                        windows.entries.extend(active.map(|(k, g)| (k as u32, *g)));
                        add_rows(&windows.entries, weight, window, 0, out);
                    }
                }
                false => {
                    let weight = Matrix::new(weight, window);
                    multiply(Matrix::new(&rows, n), weight, &mut g_unfolded, window);
                }
            }
            let g_x = &mut g_x[index * image..][..image];
            geometry.all_taps(|place, k, pixel| g_x[pixel] += g_unfolded[place * window + k]);
        }
    }
}

/// The windows of an image.
#[derive(Default)]
struct Windows {
    /// Of each place, what is not zero in its window.
    lists: Lists,
    /// `[places, K]`
    unfolded: Vec<f32>,
    entries: Vec<Entry>,
}

impl Windows {
    #[inline(always)]
    fn list(&mut self, x: &[f32], geometry: &Geometry) {
        let [height, width] = geometry.input;
        let pixel = |at: usize| [at / (height * width), at / width % height, at % width];
        self.entries.clear();
        let active = x.iter().enumerate().filter(|(_, x)| **x != 0.0);
        self.entries.extend(active.map(|(at, x)| (at as u32, *x)));
        self.lists.begin(geometry.places());
        for (at, _) in &self.entries {
            geometry.taps(pixel(*at as usize), |place, _| self.lists.count(place));
        }
        self.lists.counted();
        for (at, value) in &self.entries {
            geometry
                .taps(pixel(*at as usize), |place, k| self.lists.put(place, (k as u32, *value)));
        }
    }

    #[inline(always)]
    fn unfold(&mut self, x: &[f32], geometry: &Geometry) {
        let window = geometry.window();
        self.unfolded.clear();
        self.unfolded.resize(geometry.places() * window, 0.0);
        geometry.all_taps(|place, k, pixel| self.unfolded[place * window + k] = x[pixel]);
    }
}

/// Rows and columns of a matrix, and how far apart they are.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    values: &'a [f32],
    shape: [usize; 2],
    strides: [isize; 2],
}

impl<'a> Matrix<'a> {
    fn new(values: &'a [f32], columns: usize) -> Self {
        let shape = [values.len() / columns, columns];
        Self { values, shape, strides: [columns as isize, 1] }
    }

    fn transposed(self) -> Self {
        let ([rows, columns], [down, right]) = (self.shape, self.strides);
        Self { shape: [columns, rows], strides: [right, down], ..self }
    }
}

/// `out + a · b`, on this thread alone.
#[expect(unsafe_code, reason = "the matrix product takes pointers")]
fn multiply(a: Matrix<'_>, b: Matrix<'_>, out: &mut [f32], columns: usize) {
    let ([m, k], [inner, n]) = (a.shape, b.shape);
    assert!(k == inner && n == columns && out.len() == m * n);
    // SAFETY: both have as many numbers as their shapes say, at strides within them; `out` is borrowed
    // alone.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            true,
            a.values.as_ptr(),
            a.strides[1],
            a.strides[0],
            b.values.as_ptr(),
            b.strides[1],
            b.strides[0],
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

//! A convolution on slices, image by image. What is sparse in an image or in a gradient is added up where it
//! is, what is not is a matrix product over the windows.

use super::geometry::{Geometry, Segment, Segments};
use super::rows::{active, is_sparse};
use crate::kernel::pass::{Pass, run};

/// Images of a part of the forward pass.
const IMAGES: usize = 8;

/// Into so many parts the images are cut for the gradient of the weights, each with a sum of its own.
const SUMS: usize = 64;

/// Output `[B, Cout, Ho, Wo]` of images `[B, Cin, H, W]`, weights `[Cout, Cin, kh, kw]` and bias `[Cout]`.
pub(super) fn forward(x: &[f32], weight: &[f32], bias: &[f32], geometry: &Geometry) -> Vec<f32> {
    let outputs = geometry.channels[1] * geometry.places();
    let mut out = vec![0.0; x.len() / geometry.image() * outputs];
    let parts = out.chunks_mut(IMAGES * outputs).zip(x.chunks(IMAGES * geometry.image())).collect();
    let by_input = by_input(weight, geometry);
    let segments = geometry.places_of_pixels();
    run(&Forward { weight, by_input: &by_input, bias, geometry, segments }, parts);
    out
}

struct Forward<'a> {
    weight: &'a [f32],
    by_input: &'a [f32],
    bias: &'a [f32],
    geometry: &'a Geometry,
    segments: Segments,
}

impl<'a> Pass for Forward<'a> {
    type Part = (&'a mut [f32], &'a [f32]);

    #[inline(always)]
    fn part(&self, _: usize, (out, x): Self::Part) {
        let Self { weight, by_input, bias, geometry, ref segments } = *self;
        let (places, n, window) = (geometry.places(), bias.len(), geometry.window());
        let (pixels, size) = (geometry.pixels(), geometry.kernel[0] * geometry.kernel[1]);
        let mut maps = vec![0.0; places * n];
        let (mut unfolded, mut entries) = (Vec::new(), vec![(0, 0.0); pixels + 1]);
        for (x, out) in x.chunks(geometry.image()).zip(out.chunks_mut(places * n)) {
            if is_sparse(x) {
                for map in maps.chunks_exact_mut(n) {
                    map.copy_from_slice(bias);
                }
                for (weights, x) in by_input.chunks_exact(size * n).zip(x.chunks_exact(pixels)) {
                    for (pixel, value) in active(x, &mut entries) {
                        for Segment { to, from, number } in segments.of(*pixel as usize) {
                            let map = &mut maps[to * n..][..number * n];
                            add(map, &weights[from * n..], *value);
                        }
                    }
                }
                transpose(&maps, places, out);
            } else {
                for (out, bias) in out.chunks_exact_mut(places).zip(bias) {
                    out.fill(*bias);
                }
                unfold(x, geometry, &mut unfolded);
                multiply([n, window, places], weight, [window, 1], &unfolded, [places, 1], out);
            }
        }
    }
}

/// Gradients of images, weights and bias, `[B, Cin, H, W]`, `[Cout, Cin, kh, kw]` and `[Cout]`, from that of
/// the output. Those of the images only if they are `wanted`.
pub(super) fn backward(
    x: &[f32],
    weight: &[f32],
    grad: &[f32],
    geometry: &Geometry,
    wanted: bool,
) -> [Vec<f32>; 3] {
    let image = geometry.image();
    let (images, n, numbers) = (x.len() / image, geometry.channels[1], weight.len());
    let of_part = images.div_ceil(SUMS).max(1);
    let mut g_x = vec![0.0; if wanted { x.len() } else { 0 }];
    let mut sums = vec![0.0; images.div_ceil(of_part) * (2 * numbers + n)];
    let mut g_images = g_x.chunks_mut(of_part * image);
    let parts = sums
        .chunks_mut(2 * numbers + n)
        .zip(x.chunks(of_part * image))
        .zip(grad.chunks(of_part * n * geometry.places()))
        .map(|((sum, x), grad)| Gradients { sum, x, grad, g_x: g_images.next() })
        .collect();
    let by_pixel = by_pixel(weight, geometry);
    let (places_of, pixels_of) = (geometry.places_of_pixels(), geometry.pixels_of_places());
    run(&Backward { weight, by_pixel: &by_pixel, geometry, places_of, pixels_of }, parts);
    // In the order of the parts, whichever thread was first.
    let mut sum = vec![0.0; 2 * numbers + n];
    for part in sums.chunks(2 * numbers + n) {
        add(&mut sum, part, 1.0);
    }
    let g_bias = sum.split_off(2 * numbers);
    let by_input = sum.split_off(numbers);
    for (k, g) in indices_by_input(geometry).zip(by_input) {
        sum[k] += g;
    }
    [g_x, sum, g_bias]
}

struct Backward<'a> {
    weight: &'a [f32],
    by_pixel: &'a [f32],
    geometry: &'a Geometry,
    places_of: Segments,
    pixels_of: Segments,
}

/// A part of the images.
struct Gradients<'a> {
    /// Of the weights, of the weights by input, and of the bias.
    sum: &'a mut [f32],
    x: &'a [f32],
    grad: &'a [f32],
    g_x: Option<&'a mut [f32]>,
}

impl<'a> Pass for Backward<'a> {
    type Part = Gradients<'a>;

    #[inline(always)]
    fn part(&self, _: usize, Gradients { sum, x, grad, mut g_x }: Gradients<'a>) {
        let Self { weight, by_pixel, geometry, ref places_of, ref pixels_of } = *self;
        let (image, places, pixels) = (geometry.image(), geometry.places(), geometry.pixels());
        let ([inputs, n], window) = (geometry.channels, geometry.window());
        let size = geometry.kernel[0] * geometry.kernel[1];
        let (g_weight, rest) = sum.split_at_mut(weight.len());
        let (g_by_input, g_bias) = rest.split_at_mut(weight.len());
        let mut maps = vec![0.0; places * n];
        let mut g_pixels = vec![0.0; image];
        let (mut unfolded, mut g_unfolded) = (Vec::new(), Vec::new());
        let mut entries = vec![(0, 0.0); pixels.max(places) + 1];
        for (index, (x, grad)) in x.chunks(image).zip(grad.chunks(places * n)).enumerate() {
            for (sum, g) in g_bias.iter_mut().zip(grad.chunks_exact(places)) {
                *sum += g.iter().sum::<f32>();
            }
            if is_sparse(x) {
                transpose(grad, n, &mut maps);
                let of_channels = g_by_input.chunks_exact_mut(size * n);
                for (g, x) in of_channels.zip(x.chunks_exact(pixels)) {
                    for (pixel, value) in active(x, &mut entries) {
                        for Segment { to, from, number } in places_of.of(*pixel as usize) {
                            add(&mut g[from * n..][..number * n], &maps[to * n..], *value);
                        }
                    }
                }
            } else {
                unfold(x, geometry, &mut unfolded);
                multiply([n, places, window], grad, [places, 1], &unfolded, [1, places], g_weight);
            }
            let Some(g_x) = &mut g_x else { continue };
            let g_x = &mut g_x[index * image..][..image];
            if is_sparse(grad) {
                g_pixels.fill(0.0);
                for (weights, grad) in by_pixel.chunks_exact(window).zip(grad.chunks_exact(places))
                {
                    for (place, g) in active(grad, &mut entries) {
                        for Segment { to, from, number } in pixels_of.of(*place as usize) {
                            let to = &mut g_pixels[to * inputs..][..number * inputs];
                            add(to, &weights[from * inputs..], *g);
                        }
                    }
                }
                transpose(&g_pixels, pixels, g_x);
            } else {
                g_unfolded.clear();
                g_unfolded.resize(window * places, 0.0);
                multiply(
                    [window, n, places],
                    weight,
                    [1, window],
                    grad,
                    [places, 1],
                    &mut g_unfolded,
                );
                fold(&g_unfolded, geometry, g_x);
            }
        }
    }
}

/// Where the numbers of `[Cin, kh, kw from the right, Cout]` are in `[Cout, Cin, kh, kw]`.
fn indices_by_input(geometry: &Geometry) -> impl Iterator<Item = usize> {
    let (n, width, window) = (geometry.channels[1], geometry.kernel[1], geometry.window());
    (0..window).flat_map(move |k| {
        let mirrored = k / width * width + width - 1 - k % width;
        (0..n).map(move |c| c * window + mirrored)
    })
}

fn by_input(weight: &[f32], geometry: &Geometry) -> Vec<f32> {
    indices_by_input(geometry).map(|at| weight[at]).collect()
}

/// Weights as `[Cout, kh, kw, Cin]`.
fn by_pixel(weight: &[f32], geometry: &Geometry) -> Vec<f32> {
    let mut out = vec![0.0; weight.len()];
    let window = geometry.window();
    for (weight, out) in weight.chunks_exact(window).zip(out.chunks_exact_mut(window)) {
        transpose(weight, geometry.channels[0], out);
    }
    out
}

/// `[R, C]` to `[C, R]`.
#[inline(always)]
fn transpose(matrix: &[f32], rows: usize, out: &mut [f32]) {
    let columns = matrix.len() / rows;
    for (column, out) in out.chunks_exact_mut(rows).enumerate() {
        for (to, row) in out.iter_mut().zip(matrix.chunks_exact(columns)) {
            *to = row[column];
        }
    }
}

/// `out + factor · x`
#[inline(always)]
fn add(out: &mut [f32], x: &[f32], factor: f32) {
    for (out, x) in out.iter_mut().zip(x) {
        *out += factor * x;
    }
}

/// The windows of an image, `[K, places]`.
#[inline(always)]
fn unfold(x: &[f32], geometry: &Geometry, out: &mut Vec<f32>) {
    let (places, stride) = (geometry.places(), geometry.stride[1]);
    out.clear();
    out.resize(geometry.window() * places, 0.0);
    geometry.rows_of_windows(geometry.channels[0], |k, place, pixel, number| {
        let out = &mut out[k * places + place..][..number];
        out.iter_mut().zip(x[pixel..].iter().step_by(stride)).for_each(|(out, x)| *out = *x);
    });
}

/// Adds up for each pixel what its windows have.
#[inline(always)]
fn fold(unfolded: &[f32], geometry: &Geometry, x: &mut [f32]) {
    let (places, stride) = (geometry.places(), geometry.stride[1]);
    geometry.rows_of_windows(geometry.channels[0], |k, place, pixel, number| {
        let from = &unfolded[k * places + place..][..number];
        x[pixel..].iter_mut().step_by(stride).zip(from).for_each(|(x, from)| *x += from);
    });
}

/// `out + a · b` of `[m, k]` and `[k, n]`, whose strides are those of rows and columns, on this thread alone.
#[expect(unsafe_code, reason = "the matrix product takes pointers")]
fn multiply(
    [m, k, n]: [usize; 3],
    a: &[f32],
    a_strides: [usize; 2],
    b: &[f32],
    b_strides: [usize; 2],
    out: &mut [f32],
) {
    let last = |[rows, columns]: [usize; 2], strides: [usize; 2]| {
        (rows - 1) * strides[0] + (columns - 1) * strides[1]
    };
    assert!(last([m, k], a_strides) < a.len() && last([k, n], b_strides) < b.len());
    assert_eq!(out.len(), m * n);
    let ([a_down, a_right], [b_down, b_right]) =
        (a_strides.map(|s| s as isize), b_strides.map(|s| s as isize));
    // SAFETY: the last number of each is inside of it, as asserted; `out` is borrowed alone.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            true,
            a.as_ptr(),
            a_right,
            a_down,
            b.as_ptr(),
            b_right,
            b_down,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

//! Max pooling on slices. It remembers which number of each window was the largest, one byte each, and nothing
//! else.

use super::geometry::Geometry;
use crate::kernel::pass::{Pass, run};
use crate::kernel::sparse::LANES;

/// Maps of a part.
const MAPS: usize = 64;

/// Output and, for each of its numbers, which of the window it is.
pub(super) fn forward(x: &[f32], geometry: &Geometry) -> (Vec<f32>, Vec<u8>) {
    let (pixels, places) = (geometry.pixels(), geometry.places());
    let numbers = x.len() / pixels * places;
    let (mut out, mut largest) = (vec![0.0; numbers], vec![0; numbers]);
    let parts = out
        .chunks_mut(MAPS * places)
        .zip(largest.chunks_mut(MAPS * places))
        .zip(x.chunks(MAPS * pixels))
        .map(|((out, largest), x)| (out, largest, x))
        .collect();
    run(&Forward { geometry }, parts);
    (out, largest)
}

struct Forward<'a> {
    geometry: &'a Geometry,
}

impl<'a> Pass for Forward<'a> {
    type Part = (&'a mut [f32], &'a mut [u8], &'a [f32]);

    #[inline(always)]
    fn part(&self, _: usize, (out, largest, x): Self::Part) {
        let geometry = self.geometry;
        let (pixels, places, stride) = (geometry.pixels(), geometry.places(), geometry.stride[1]);
        let maps = out.chunks_mut(places).zip(largest.chunks_mut(places)).zip(x.chunks(pixels));
        for ((out, largest), x) in maps {
            out.fill(f32::NEG_INFINITY);
            geometry.rows_of_windows(1, |k, place, pixel, number| {
                let out = &mut out[place..][..number];
                let largest = &mut largest[place..][..number];
                let x = x[pixel..].iter().step_by(stride);
                for ((out, largest), x) in out.iter_mut().zip(largest).zip(x) {
                    keep_larger(out, largest, *x, k as u8);
                }
            });
        }
    }
}

/// The largest number of each window in maps `[pixels, n]`, and which of the window it is: `[places, n]`; `n`
/// is in whole vectors.
#[inline(always)]
pub(super) fn largest_of(
    maps: &[f32],
    windows: &[Option<usize>],
    n: usize,
    out: &mut [f32],
    largest: &mut [u8],
) {
    let size = windows.len() / (out.len() / n);
    let places = out.chunks_exact_mut(n).zip(largest.chunks_exact_mut(n));
    for ((out, largest), window) in places.zip(windows.chunks_exact(size)) {
        let vectors = out.as_chunks_mut().0.iter_mut().zip(largest.as_chunks_mut().0);
        for (vector, (out, largest)) in vectors.enumerate() {
            // Together in registers, so as wide as the numbers.
            let (mut best, mut which) = ([f32::NEG_INFINITY; LANES], [0; LANES]);
            for (k, pixel) in window.iter().enumerate() {
                let Some(pixel) = pixel else { continue };
                let map = &maps[pixel * n + vector * LANES..][..LANES];
                for c in 0..LANES {
                    keep_larger(&mut best[c], &mut which[c], map[c], k as u32);
                }
            }
            *out = best;
            *largest = which.map(|k| k as u8);
        }
    }
}

#[inline(always)]
fn keep_larger<K: Copy>(out: &mut f32, largest: &mut K, x: f32, k: K) {
    // What is not a number is passed on.
    let larger = (x > *out) | x.is_nan();
    *largest = if larger { k } else { *largest };
    *out = if larger { x } else { *out };
}

/// Gradient of the input from that of the output.
pub(super) fn backward(grad: &[f32], largest: &[u8], geometry: &Geometry) -> Vec<f32> {
    let (pixels, places) = (geometry.pixels(), geometry.places());
    let mut g_x = vec![0.0; grad.len() / places * pixels];
    let parts = g_x
        .chunks_mut(MAPS * pixels)
        .zip(grad.chunks(MAPS * places))
        .zip(largest.chunks(MAPS * places))
        .map(|((g_x, grad), largest)| (g_x, grad, largest))
        .collect();
    run(&Backward { geometry, windows: geometry.pixels_of_windows() }, parts);
    g_x
}

struct Backward<'a> {
    geometry: &'a Geometry,
    windows: Vec<Option<usize>>,
}

impl<'a> Pass for Backward<'a> {
    type Part = (&'a mut [f32], &'a [f32], &'a [u8]);

    #[inline(always)]
    fn part(&self, _: usize, (g_x, grad, largest): Self::Part) {
        let geometry = self.geometry;
        let (pixels, places) = (geometry.pixels(), geometry.places());
        let size = self.windows.len() / places;
        let maps = g_x.chunks_mut(pixels).zip(grad.chunks(places));
        for ((g_x, grad), largest) in maps.zip(largest.chunks(places)) {
            for ((g, k), window) in grad.iter().zip(largest).zip(self.windows.chunks(size)) {
                // A window of padding alone has no largest number, and no pixel.
                if let Some(pixel) = window[usize::from(*k)] {
                    g_x[pixel] += g;
                }
            }
        }
    }
}

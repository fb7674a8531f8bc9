//! Max pooling on slices. It remembers which number of each window was the largest, one byte each, and nothing
//! else.

use super::geometry::Geometry;
use crate::kernel::pass::{Pass, run};

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
                    // What is not a number is passed on.
                    let larger = *x > *out || x.is_nan();
                    *largest = if larger { k as u8 } else { *largest };
                    *out = if larger { *x } else { *out };
                }
            });
        }
    }
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
    run(&Backward { geometry }, parts);
    g_x
}

struct Backward<'a> {
    geometry: &'a Geometry,
}

impl<'a> Pass for Backward<'a> {
    type Part = (&'a mut [f32], &'a [f32], &'a [u8]);

    #[inline(always)]
    fn part(&self, _: usize, (g_x, grad, largest): Self::Part) {
        let geometry = self.geometry;
        let [height, width] = geometry.output;
        // A window of padding alone has no largest number, and no pixel.
        let pixel = |place: usize, k: usize| {
            let (ky, kx) = (k / geometry.kernel[1], k % geometry.kernel[1]);
            let y = geometry.pixel(0, place / width, ky)?;
            Some(y * geometry.input[1] + geometry.pixel(1, place % width, kx)?)
        };
        let maps = g_x.chunks_mut(geometry.pixels()).zip(grad.chunks(height * width));
        for ((g_x, grad), largest) in maps.zip(largest.chunks(height * width)) {
            for (place, (g, k)) in grad.iter().zip(largest).enumerate() {
                if let Some(pixel) = pixel(place, usize::from(*k)) {
                    g_x[pixel] += g;
                }
            }
        }
    }
}

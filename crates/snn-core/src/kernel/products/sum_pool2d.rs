//! Sums of windows on slices, times a factor: sum pooling, and average pooling.

use super::geometry::Geometry;
use crate::kernel::pass::{Pass, run};

/// Maps of a part.
const MAPS: usize = 64;

pub(super) fn forward(x: &[f32], geometry: &Geometry, factor: f32) -> Vec<f32> {
    let (pixels, places) = (geometry.pixels(), geometry.places());
    let mut out = vec![0.0; x.len() / pixels * places];
    let parts = out.chunks_mut(MAPS * places).zip(x.chunks(MAPS * pixels)).collect();
    run(&Forward { geometry, factor }, parts);
    out
}

struct Forward<'a> {
    geometry: &'a Geometry,
    factor: f32,
}

impl<'a> Pass for Forward<'a> {
    type Part = (&'a mut [f32], &'a [f32]);

    #[inline(always)]
    fn part(&self, _: usize, (out, x): Self::Part) {
        let (geometry, stride) = (self.geometry, self.geometry.stride[1]);
        for (out, x) in out.chunks_mut(geometry.places()).zip(x.chunks(geometry.pixels())) {
            geometry.rows_of_windows(1, |_, place, pixel, number| {
                let x = x[pixel..].iter().step_by(stride);
                out[place..][..number].iter_mut().zip(x).for_each(|(out, x)| *out += x);
            });
            if self.factor != 1.0 {
                out.iter_mut().for_each(|out| *out *= self.factor);
            }
        }
    }
}

/// Gradient of the input from that of the output.
pub(super) fn backward(grad: &[f32], geometry: &Geometry, factor: f32) -> Vec<f32> {
    let (pixels, places) = (geometry.pixels(), geometry.places());
    let mut g_x = vec![0.0; grad.len() / places * pixels];
    let parts = g_x.chunks_mut(MAPS * pixels).zip(grad.chunks(MAPS * places)).collect();
    run(&Backward { geometry, factor }, parts);
    g_x
}

struct Backward<'a> {
    geometry: &'a Geometry,
    factor: f32,
}

impl<'a> Pass for Backward<'a> {
    type Part = (&'a mut [f32], &'a [f32]);

    #[inline(always)]
    fn part(&self, _: usize, (g_x, grad): Self::Part) {
        let (geometry, stride) = (self.geometry, self.geometry.stride[1]);
        for (g_x, grad) in g_x.chunks_mut(geometry.pixels()).zip(grad.chunks(geometry.places())) {
            geometry.rows_of_windows(1, |_, place, pixel, number| {
                let g_x = g_x[pixel..].iter_mut().step_by(stride);
                let grad = &grad[place..][..number];
                g_x.zip(grad).for_each(|(g_x, grad)| *g_x += self.factor * grad);
            });
        }
    }
}

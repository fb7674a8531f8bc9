//! The forward pass.

use super::super::geometry::{Geometry, Segment, Segments};
use super::super::max_pool2d::largest_of;
use super::windows::unfold;
use super::{SPARSE, mirrored, padded, separate};
use crate::kernel::matrix::multiply;
use crate::kernel::pass::{Pass, run};
use crate::kernel::sparse::{Entry, active, add, is_sparse};

/// Images of a part.
const IMAGES: usize = 8;

/// Output `[B, Cout, Ho, Wo]` of images `[B, Cin, H, W]`, weights `[Cout, Cin / groups, kh, kw]` and bias
/// `[Cout]`; if they are pooled, also which number of each window was the largest, `[B, groups, Ho, Wo, padded
/// Cout / groups]`.
pub(in super::super) fn forward(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    geometry: &Geometry,
    pool: Option<&Geometry>,
) -> (Vec<f32>, Vec<u8>) {
    let (n, window) = (geometry.channels[1], geometry.window());
    let groups = bias.len() / n;
    let image = groups * geometry.image();
    let images = x.len() / image;
    let outputs = bias.len() * pool.unwrap_or(geometry).places();
    let mut out = vec![0.0; images * outputs];
    let of_image = groups * pool.map_or(0, Geometry::places) * padded(n);
    let mut largest = vec![0; images * of_image];
    let mut of_parts = largest.chunks_mut((IMAGES * of_image).max(1));
    let parts = out
        .chunks_mut(IMAGES * outputs)
        .zip(x.chunks(IMAGES * image))
        .map(|(out, x)| Part { out, x, largest: of_parts.next().unwrap_or_default() })
        .collect();
    let mut by_input = vec![0.0; groups * window * padded(n)];
    let of_groups = by_input.chunks_exact_mut(window * padded(n));
    for (by_input, weight) in of_groups.zip(weight.chunks_exact(n * window)) {
        for (k, weights) in mirrored(geometry).zip(by_input.chunks_exact_mut(padded(n))) {
            let of_number = weight[k..].iter().step_by(window);
            weights.iter_mut().zip(of_number).for_each(|(to, w)| *to = *w);
        }
    }
    let segments = geometry.places_of_pixels();
    let windows = pool.map(Geometry::pixels_of_windows);
    run(&Forward { weight, by_input, bias, geometry, segments, windows }, parts);
    (out, largest)
}

struct Forward<'a> {
    weight: &'a [f32],
    /// Of each group, `[Cin, kh, kw from the right, padded Cout]`.
    by_input: Vec<f32>,
    bias: &'a [f32],
    geometry: &'a Geometry,
    segments: Segments,
    /// For each place of the pooling, the places of the maps that are in its window.
    windows: Option<Vec<Option<usize>>>,
}

/// Some images.
struct Part<'a> {
    out: &'a mut [f32],
    x: &'a [f32],
    largest: &'a mut [u8],
}

impl<'a> Pass for Forward<'a> {
    type Part = Part<'a>;

    #[inline(always)]
    fn part(&self, _: usize, Part { out, x, largest }: Part<'a>) {
        let geometry = self.geometry;
        let (places, n, window) = (geometry.places(), geometry.channels[1], geometry.window());
        let groups = self.bias.len() / n;
        let (images, width) = (x.len() / geometry.image(), padded(n));
        let mut maps = vec![0.0; places * width];
        let mut pooled = vec![0.0; largest.len() / images];
        let (mut unfolded, mut entries) = (Vec::new(), vec![(0, 0.0); geometry.pixels() + 1]);
        let mut largest = largest.chunks_mut(pooled.len().max(1));
        let of_images = x.chunks(geometry.image()).zip(out.chunks_mut(out.len() / images));
        for (index, (x, out)) in of_images.enumerate() {
            let group = index % groups;
            for map in maps.chunks_exact_mut(width) {
                map[..n].copy_from_slice(&self.bias[group * n..][..n]);
            }
            if is_sparse(x, SPARSE) {
                let by_input = &self.by_input[group * window * width..][..window * width];
                self.add_up(x, by_input, &mut entries, &mut maps);
            } else {
                unfold(x, geometry, &mut unfolded);
                let weight = &self.weight[group * n * window..][..n * window];
                let shape = [places, window, n];
                multiply(shape, &unfolded, [1, places], weight, [1, window], &mut maps, width);
            }
            match (&self.windows, largest.next()) {
                (Some(windows), Some(largest)) => {
                    largest_of(&maps, windows, width, &mut pooled, largest);
                    separate(&pooled, pooled.len() / width, out);
                }
                _ => separate(&maps, places, out),
            }
        }
    }
}

impl Forward<'_> {
    /// Adds to the maps what each pixel that is not zero does to them.
    #[inline(always)]
    fn add_up(&self, x: &[f32], by_input: &[f32], entries: &mut [Entry], maps: &mut [f32]) {
        let (width, pixels) = (padded(self.geometry.channels[1]), self.geometry.pixels());
        let of_input = by_input.len() / self.geometry.channels[0];
        for (weights, x) in by_input.chunks_exact(of_input).zip(x.chunks_exact(pixels)) {
            for (pixel, value) in active(x, entries) {
                for Segment { to, from, number } in self.segments.of(*pixel as usize) {
                    let map = &mut maps[to * width..][..number * width];
                    add(map, &weights[from * width..], *value);
                }
            }
        }
    }
}

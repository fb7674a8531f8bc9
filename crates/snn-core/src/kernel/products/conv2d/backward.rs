//! The backward pass.

use super::super::geometry::{Geometry, Segment, Segments};
use super::windows::{fold, unfold};
use super::{Pooled, SPARSE, interleave, mirrored, padded, separate};
use crate::kernel::matrix::multiply;
use crate::kernel::pass::{Pass, run};
use crate::kernel::sparse::{Entry, active, add, add_rows, is_sparse};

/// Into so many parts the images are cut, each with a sum of its own for the gradient of the weights.
const PARTS: usize = 64;

/// Numbers of all sums together, 128 MiB: of a large kernel there are fewer parts.
const SUMS: usize = 1 << 25;

/// But so many at least, for as many threads, whose sums may take more. A sum is twice the kernel.
const FEWEST: usize = 4;

/// Images of a part, if a sum has so many numbers. The number of threads has no say: which images are summed up
/// together decides how the sums are rounded.
fn images_of_part(images: usize, of_sum: usize) -> usize {
    images.div_ceil((SUMS / of_sum).clamp(FEWEST, PARTS))
}

/// Gradients of images, weights and bias, `[B, Cin, H, W]`, `[Cout, Cin / groups, kh, kw]` and `[Cout]`, from
/// that of the output. Those of the images only if they are `wanted`.
pub(in super::super) fn backward(
    x: &[f32],
    weight: &[f32],
    grad: &[f32],
    geometry: &Geometry,
    pooled: Option<Pooled>,
    wanted: bool,
) -> [Vec<f32>; 3] {
    let (n, window, numbers) = (geometry.channels[1], geometry.window(), weight.len());
    let groups = numbers / (n * window);
    let image = groups * geometry.image();
    let images = x.len() / image;
    let of_sum = numbers + groups * (window * padded(n) + n);
    let of_part = images_of_part(images, of_sum);
    let outputs = of_part * grad.len() / images;
    let mut g_x = vec![0.0; if wanted { x.len() } else { 0 }];
    let mut sums = vec![0.0; images.div_ceil(of_part) * of_sum];
    let mut g_images = g_x.chunks_mut(of_part * image);
    let mut largest =
        pooled.map(|pooled| pooled.largest.chunks(of_part * pooled.largest.len() / images));
    let parts = sums
        .chunks_mut(of_sum)
        .zip(x.chunks(of_part * image))
        .zip(grad.chunks(outputs))
        .map(|((sum, x), grad)| Gradients {
            sum,
            x,
            grad,
            largest: largest.as_mut().and_then(Iterator::next).unwrap_or_default(),
            g_x: g_images.next(),
        })
        .collect();
    let pass = Backward {
        weight,
        by_pixel: by_pixel(weight, geometry),
        geometry,
        places_of: geometry.places_of_pixels(),
        pixels_of: geometry.pixels_of_places(),
        windows: pooled.map(|pooled| pooled.geometry.pixels_of_windows()),
    };
    run(&pass, parts);
    // In the order of the parts, whichever thread was first.
    let mut sum = vec![0.0; of_sum];
    for part in sums.chunks(of_sum) {
        add(&mut sum, part, 1.0);
    }
    let g_bias = sum.split_off(of_sum - groups * n);
    let by_input = sum.split_off(numbers);
    let of_groups = sum.chunks_exact_mut(n * window);
    for (sum, by_input) in of_groups.zip(by_input.chunks_exact(window * padded(n))) {
        for (k, g) in mirrored(geometry).zip(by_input.chunks_exact(padded(n))) {
            sum[k..].iter_mut().step_by(window).zip(g).for_each(|(sum, g)| *sum += g);
        }
    }
    [g_x, sum, g_bias]
}

struct Backward<'a> {
    weight: &'a [f32],
    /// Weights as `[Cout, kh, kw, padded Cin]`.
    by_pixel: Vec<f32>,
    geometry: &'a Geometry,
    places_of: Segments,
    pixels_of: Segments,
    windows: Option<Vec<Option<usize>>>,
}

/// A part of the images.
struct Gradients<'a> {
    /// Of the weights; of the weights of each group as `[Cin, kh, kw from the right, padded Cout]`; and of the
    /// bias.
    sum: &'a mut [f32],
    x: &'a [f32],
    grad: &'a [f32],
    largest: &'a [u8],
    g_x: Option<&'a mut [f32]>,
}

impl<'a> Pass for Backward<'a> {
    type Part = Gradients<'a>;

    #[inline(always)]
    fn part(&self, _: usize, Gradients { sum, x, grad, largest, mut g_x }: Gradients<'a>) {
        let geometry = self.geometry;
        let (image, places, pixels) = (geometry.image(), geometry.places(), geometry.pixels());
        let ([inputs, n], window) = (geometry.channels, geometry.window());
        let (width, images) = (padded(n), x.len() / image);
        let outputs = grad.len() / images;
        let groups = self.weight.len() / (n * window);
        let of_map = self.by_pixel.len() / (groups * n);
        let (g_weights, rest) = sum.split_at_mut(self.weight.len());
        let (g_by_input, g_bias) = rest.split_at_mut(groups * window * width);
        let mut maps = vec![0.0; places * width];
        let mut g_pixels = vec![0.0; pixels * padded(inputs)];
        let (mut unfolded, mut g_unfolded) = (Vec::new(), Vec::new());
        let mut entries = vec![(0, 0.0); pixels.max(width) + 1];
        let mut largest = largest.chunks((largest.len() / images).max(1));
        for (index, (x, grad)) in x.chunks(image).zip(grad.chunks(outputs)).enumerate() {
            let group = index % groups;
            let g_bias = &mut g_bias[group * n..][..n];
            for (sum, g) in g_bias.iter_mut().zip(grad.chunks_exact(outputs / n)) {
                *sum += g.iter().sum::<f32>();
            }
            match (&self.windows, largest.next()) {
                (Some(windows), Some(largest)) => spread(grad, largest, windows, width, &mut maps),
                _ => interleave(grad, places, &mut maps),
            }
            if is_sparse(x, SPARSE) {
                let g = &mut g_by_input[group * window * width..][..window * width];
                self.add_up_weights(x, &maps, &mut entries, g);
            } else {
                unfold(x, geometry, &mut unfolded);
                let g_weight = &mut g_weights[group * n * window..][..n * window];
                let shape = [n, places, window];
                multiply(shape, &maps, [1, width], &unfolded, [1, places], g_weight, window);
            }
            let Some(g_x) = &mut g_x else { continue };
            let g_x = &mut g_x[index * image..][..image];
            if is_sparse(&maps, SPARSE) {
                let by_pixel = &self.by_pixel[group * n * of_map..][..n * of_map];
                self.add_up_pixels(&maps, by_pixel, &mut entries, &mut g_pixels);
                separate(&g_pixels, pixels, g_x);
            } else {
                g_unfolded.clear();
                g_unfolded.resize(window * places, 0.0);
                let shape = [window, n, places];
                let weight = &self.weight[group * n * window..][..n * window];
                multiply(shape, weight, [1, window], &maps, [1, width], &mut g_unfolded, places);
                fold(&g_unfolded, geometry, g_x);
            }
        }
    }
}

impl Backward<'_> {
    /// Adds to the gradient of the weights by input what belongs to each pixel that is not zero.
    #[inline(always)]
    fn add_up_weights(&self, x: &[f32], maps: &[f32], entries: &mut [Entry], g: &mut [f32]) {
        let (width, pixels) = (padded(self.geometry.channels[1]), self.geometry.pixels());
        let of_input = g.len() / self.geometry.channels[0];
        for (g, x) in g.chunks_exact_mut(of_input).zip(x.chunks_exact(pixels)) {
            for (pixel, value) in active(x, entries) {
                for Segment { to, from, number } in self.places_of.of(*pixel as usize) {
                    add(&mut g[from * width..][..number * width], &maps[to * width..], *value);
                }
            }
        }
    }

    /// The gradient of an image, `[H, W, padded Cin]`: at each place, the sum over the maps whose gradient is
    /// not zero.
    #[inline(always)]
    fn add_up_pixels(
        &self,
        maps: &[f32],
        by_pixel: &[f32],
        entries: &mut [Entry],
        g_pixels: &mut [f32],
    ) {
        let [inputs, n] = self.geometry.channels.map(padded);
        let window = by_pixel.len() / self.geometry.channels[1];
        g_pixels.fill(0.0);
        for (place, grad) in maps.chunks_exact(n).enumerate() {
            let list = active(grad, entries);
            for Segment { to, from, number } in self.pixels_of.of(place) {
                let to = &mut g_pixels[to * inputs..][..number * inputs];
                add_rows(list, by_pixel, window, from * inputs, to);
            }
        }
    }
}

/// The gradient of maps `[places, padded Cout]`, from that of what was the largest in its window, `[Cout,
/// windows]`.
#[inline(always)]
fn spread(grad: &[f32], largest: &[u8], windows: &[Option<usize>], width: usize, maps: &mut [f32]) {
    maps.fill(0.0);
    let numbers = largest.len() / width;
    let size = windows.len() / numbers;
    let each = largest.chunks_exact(width).zip(windows.chunks_exact(size)).enumerate();
    for (place, (largest, window)) in each {
        for (c, k) in largest[..grad.len() / numbers].iter().enumerate() {
            // A window of padding alone has no largest number, and no pixel.
            if let Some(pixel) = window[usize::from(*k)] {
                maps[pixel * width + c] += grad[c * numbers + place];
            }
        }
    }
}

/// Weights as `[Cout, kh, kw, padded Cin]`.
fn by_pixel(weight: &[f32], geometry: &Geometry) -> Vec<f32> {
    let (window, size) = (geometry.window(), geometry.kernel[0] * geometry.kernel[1]);
    let mut out = vec![0.0; weight.len() / window * size * padded(geometry.channels[0])];
    let of_map = size * padded(geometry.channels[0]);
    for (weight, out) in weight.chunks_exact(window).zip(out.chunks_exact_mut(of_map)) {
        interleave(weight, size, out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_large_kernels_are_fewer() {
        // Images, numbers of a sum, and the parts that follow.
        for (images, of_sum, parts) in [
            (6400, 40_000, 64),
            (70, 40_000, 35),
            (1, 40_000, 1),
            // 32 MiB / 4 are 2²³ numbers, 16 MiB / 4 are 2²².
            (6400, 1 << 22, 8),
            (6400, 1 << 23, 4),
            (6400, 1 << 25, 4),
        ] {
            let of_part = images_of_part(images, of_sum);
            assert_eq!(images.div_ceil(of_part), parts, "{images} images, {of_sum} numbers");
        }
    }
}

//! A convolution on slices, image by image, and the max pooling behind it, if there is one: its maps, several
//! times as large as what is left of them, never leave the cache.
//!
//! What is sparse in an image or in a gradient is added up where it is, what is not is a matrix product over
//! the windows. In between, maps are `[places, Cout]` and images `[pixels, Cin]`: what belongs to one place lies
//! side by side, in whole vectors.
//!
//! The groups of a convolution, which know nothing of each other, are to these loops images of their own, `B ·
//! groups` of them, with weights of their own.

mod backward;
mod forward;
mod windows;

pub(super) use backward::backward;
pub(super) use forward::forward;

use super::geometry::Geometry;
use crate::kernel::sparse::LANES;

/// What is put into the maps of a convolution: which of a window's numbers was the largest, `[places, Cout]`
/// of each image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pooled<'a> {
    pub(super) geometry: &'a Geometry,
    pub(super) largest: &'a [u8],
}

/// Up to this share of numbers that are not zero they are added up one by one.
const SPARSE: f32 = 0.5;

/// Numbers that channels take where they lie side by side.
fn padded(channels: usize) -> usize {
    channels.next_multiple_of(LANES)
}

/// `[C, places]` to `[places, padded C]`.
#[inline(always)]
fn interleave(channels: &[f32], places: usize, out: &mut [f32]) {
    let width = out.len() / places;
    for (c, channel) in channels.chunks_exact(places).enumerate() {
        for (out, value) in out.chunks_exact_mut(width).zip(channel) {
            out[c] = *value;
        }
    }
}

/// `[places, padded C]` to `[C, places]`.
#[inline(always)]
fn separate(maps: &[f32], places: usize, out: &mut [f32]) {
    let width = maps.len() / places;
    for (c, out) in out.chunks_exact_mut(places).enumerate() {
        for (out, map) in out.iter_mut().zip(maps.chunks_exact(width)) {
            *out = map[c];
        }
    }
}

/// For each number of `[Cin, kh, kw from the right]`, which of `[Cin, kh, kw]` it is: the order in which a pixel
/// meets them from one place to the next.
fn mirrored(geometry: &Geometry) -> impl Iterator<Item = usize> {
    let width = geometry.kernel[1];
    (0..geometry.window()).map(move |k| k / width * width + width - 1 - k % width)
}

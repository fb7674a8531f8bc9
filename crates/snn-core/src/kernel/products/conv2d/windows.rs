//! Convolutions as matrix products over windows.

use crate::kernel::products::geometry::Geometry;

/// The windows of an image, `[K, places]`.
#[inline(always)]
pub(super) fn unfold(x: &[f32], geometry: &Geometry, out: &mut Vec<f32>) {
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
pub(super) fn fold(unfolded: &[f32], geometry: &Geometry, x: &mut [f32]) {
    let (places, stride) = (geometry.places(), geometry.stride[1]);
    geometry.rows_of_windows(geometry.channels[0], |k, place, pixel, number| {
        let from = &unfolded[k * places + place..][..number];
        x[pixel..].iter_mut().step_by(stride).zip(from).for_each(|(x, from)| *x += from);
    });
}

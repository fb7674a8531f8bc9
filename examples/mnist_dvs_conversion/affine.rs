//! Images turned, moved and made larger or smaller at random, as torchvision's `RandomAffine` does.

use rand::{Rng, RngExt};

/// Up to 10 degrees either way, up to a tenth of the side in each direction, 0.9 to 1.1 times as large.
pub fn random_affine(image: &[f32], side: usize, rng: &mut impl Rng) -> Vec<f32> {
    let mut within = |bound: f32| rng.random_range(-bound..=bound);
    let angle = within(10.0).to_radians();
    let [dx, dy] = [(); 2].map(|()| within(0.1 * side as f32));
    let scale = 1.0 + within(0.1);
    let (sin, cos) = (angle.sin() / scale, angle.cos() / scale);
    let centre = (side as f32 - 1.0) / 2.0;
    let mut moved = Vec::with_capacity(side * side);
    for row in 0..side {
        for column in 0..side {
            let (x, y) = (column as f32 - centre - dx, row as f32 - centre - dy);
            let (x, y) = (cos * x + sin * y + centre, cos * y - sin * x + centre);
            moved.push(between_pixels(image, side, x, y));
        }
    }
    moved
}

/// Bilinear, and zero outside.
fn between_pixels(image: &[f32], side: usize, x: f32, y: f32) -> f32 {
    let at = |x: f32, y: f32| {
        let inside = |c: f32| (0.0..side as f32).contains(&c);
        if inside(x) && inside(y) { image[y as usize * side + x as usize] } else { 0.0 }
    };
    let (left, top) = (x.floor(), y.floor());
    let (right, bottom) = (x - left, y - top);
    let row = |y| at(left, y) * (1.0 - right) + at(left + 1.0, y) * right;
    row(top) * (1.0 - bottom) + row(top + 1.0) * bottom
}

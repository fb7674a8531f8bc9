//! Event files, transforms and frames, on real recordings and against Tonic.

mod cases;
mod containers;
mod formats;
mod frame_properties;
mod frames;
mod remedies;
mod tonic_arrays;
mod tonic_transforms;

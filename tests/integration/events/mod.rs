//! Event files, transforms and frames, on real recordings and against Tonic.

mod containers;
mod formats;
mod tonic_transforms;

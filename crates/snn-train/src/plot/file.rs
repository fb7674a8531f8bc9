//! The file of a figure: its format, and writing it.

use std::ffi::OsStr;
use std::path::Path;

use kuva::backend::raster::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::render::Scene;

use super::PlotError;
use crate::file::write_atomic;

/// Pixels per unit of length in a PNG: sharp on a dense screen and in print.
const PNG_SCALE: f32 = 2.0;

/// Where a figure goes; its ending is known to be good.
pub(super) struct Target<'a> {
    path: &'a Path,
    png: bool,
}

impl<'a> Target<'a> {
    pub(super) fn new(path: &'a Path) -> Result<Self, PlotError> {
        match path.extension().and_then(OsStr::to_str) {
            Some("png") => Ok(Self { path, png: true }),
            Some("svg") => Ok(Self { path, png: false }),
            _ => Err(PlotError::Format { path: path.into() }),
        }
    }

    pub(super) fn check(
        &self,
        good: bool,
        problem: impl FnOnce() -> String,
    ) -> Result<(), PlotError> {
        if good {
            return Ok(());
        }
        Err(PlotError::Input { path: self.path.into(), problem: problem() })
    }

    pub(super) fn write(&self, scene: &Scene) -> Result<(), PlotError> {
        let bytes = if self.png {
            RasterBackend::new()
                .with_scale(PNG_SCALE)
                .render_scene(scene)
                .map_err(|message| PlotError::Render { path: self.path.into(), message })?
        } else {
            SvgBackend::new().with_embedded_font(true).render_scene(scene).into_bytes()
        };
        write_atomic(self.path, &bytes)
            .map_err(|source| PlotError::Write { path: self.path.into(), source })
    }
}

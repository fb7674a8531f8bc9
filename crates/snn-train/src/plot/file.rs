//! Checks and writes the file of a figure.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use kuva::backend::raster::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::render::Scene;

use super::PlotError;

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
        Err(PlotError::Input {
            path: self.path.into(),
            problem: problem(),
        })
    }

    pub(super) fn write(&self, scene: &Scene) -> Result<(), PlotError> {
        let bytes = if self.png {
            RasterBackend::new()
                .with_scale(PNG_SCALE)
                .render_scene(scene)
                .map_err(|message| PlotError::Render {
                    path: self.path.into(),
                    message,
                })?
        } else {
            SvgBackend::new()
                .with_embedded_font(true)
                .render_scene(scene)
                .into_bytes()
        };
        replace(self.path, &bytes).map_err(|source| PlotError::Write {
            path: self.path.into(),
            source,
        })
    }
}

/// Writes a file under another name first, so that no reader ever sees half a figure.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let folder = path.parent().unwrap_or(Path::new(""));
    // The folder of a bare file name is "", which means the working directory and is there.
    if folder != Path::new("") {
        fs::create_dir_all(folder)?;
    }
    let mut name = OsStr::new(".").to_owned();
    name.push(path.file_name().unwrap_or_default());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".{}-{count}.tmp", std::process::id()));
    let temporary = folder.join(name);
    let written = File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one worth reporting.
        let _ = fs::remove_file(&temporary);
    }
    written
}

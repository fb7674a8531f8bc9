//! The file of a figure: its format, and writing it.

use std::ffi::OsStr;
use std::io::Cursor;
use std::path::Path;

use gif::{Encoder, Frame, Repeat};
use kuva::backend::raster::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::render::Scene;

use super::PlotError;
use crate::file::write_atomic;

/// Pixels per unit of length in a PNG: sharp on a dense screen and in print.
const PNG_SCALE: f32 = 2.0;
/// The same in a GIF, which has many pictures.
const GIF_SCALE: f32 = 1.5;

/// Where a figure goes; its ending is known to be good.
pub(super) struct Target<'a> {
    path: &'a Path,
    png: bool,
}

impl<'a> Target<'a> {
    /// A figure, PNG or SVG.
    pub(super) fn new(path: &'a Path) -> Result<Self, PlotError> {
        match ending(path) {
            Some("png") => Ok(Self { path, png: true }),
            Some("svg") => Ok(Self { path, png: false }),
            _ => Err(PlotError::Format { path: path.into(), expected: ".png or .svg" }),
        }
    }

    pub(super) fn check(
        &self,
        good: bool,
        problem: impl FnOnce() -> String,
    ) -> Result<(), PlotError> {
        check(self.path, good, problem)
    }

    pub(super) fn write(&self, scene: &Scene) -> Result<(), PlotError> {
        let bytes = if self.png {
            png(scene, PNG_SCALE).map_err(render_error(self.path))?
        } else {
            SvgBackend::new().with_embedded_font(true).render_scene(scene).into_bytes()
        };
        write(self.path, &bytes)
    }
}

/// Where an animation goes; its ending is known to be good.
pub(super) struct AnimationTarget<'a> {
    path: &'a Path,
}

impl<'a> AnimationTarget<'a> {
    /// An animation, GIF.
    pub(super) fn new(path: &'a Path) -> Result<Self, PlotError> {
        match ending(path) {
            Some("gif") => Ok(Self { path }),
            _ => Err(PlotError::Format { path: path.into(), expected: ".gif" }),
        }
    }

    pub(super) fn check(
        &self,
        good: bool,
        problem: impl FnOnce() -> String,
    ) -> Result<(), PlotError> {
        check(self.path, good, problem)
    }

    /// Scenes of one size, each with the hundredths of a second that it is shown, again and again.
    pub(super) fn write(
        &self,
        scenes: impl IntoIterator<Item = (Scene, u16)>,
    ) -> Result<(), PlotError> {
        let bytes = animation(scenes).map_err(render_error(self.path))?;
        write(self.path, &bytes)
    }
}

fn ending(path: &Path) -> Option<&str> {
    path.extension().and_then(OsStr::to_str)
}

fn check(path: &Path, good: bool, problem: impl FnOnce() -> String) -> Result<(), PlotError> {
    if good {
        return Ok(());
    }
    Err(PlotError::Input { path: path.into(), problem: problem() })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), PlotError> {
    write_atomic(path, bytes).map_err(|source| PlotError::Write { path: path.into(), source })
}

fn render_error(path: &Path) -> impl Fn(String) -> PlotError + '_ {
    |message| PlotError::Render { path: path.into(), message }
}

fn png(scene: &Scene, scale: f32) -> Result<Vec<u8>, String> {
    RasterBackend::new().with_scale(scale).render_scene(scene)
}

fn animation(scenes: impl IntoIterator<Item = (Scene, u16)>) -> Result<Vec<u8>, String> {
    let failed = |error: gif::EncodingError| error.to_string();
    let mut frames = scenes.into_iter().map(|(scene, delay)| Ok(Frame { delay, ..frame(&scene)? }));
    let first: Frame<'_> = frames.next().unwrap_or(Err("there are no pictures".into()))?;
    let mut encoder = Encoder::new(Vec::new(), first.width, first.height, &[]).map_err(failed)?;
    encoder.set_repeat(Repeat::Infinite).map_err(failed)?;
    // One picture at a time: as pixels they are a hundred times as large as in the file.
    for frame in std::iter::once(Ok::<_, String>(first)).chain(frames) {
        encoder.write_frame(&frame?).map_err(failed)?;
    }
    encoder.into_inner().map_err(|error| error.to_string())
}

/// Kuva hands out pixels only as a PNG.
fn frame(scene: &Scene) -> Result<Frame<'static>, String> {
    let failed = |error: png::DecodingError| error.to_string();
    let decoder = png::Decoder::new(Cursor::new(png(scene, GIF_SCALE)?));
    let mut reader = decoder.read_info().map_err(failed)?;
    let size = reader.output_buffer_size().ok_or("the image is too large")?;
    let mut pixels = vec![0; size];
    let info = reader.next_frame(&mut pixels).map_err(failed)?;
    let side = |side: u32| u16::try_from(side).map_err(|_| "the image is too large for a GIF");
    let (width, height) = (side(info.width)?, side(info.height)?);
    match info.color_type {
        png::ColorType::Rgba => Ok(Frame::from_rgba_speed(width, height, &mut pixels, 10)),
        other => Err(format!("expected red, green, blue and alpha, got {other:?}")),
    }
}

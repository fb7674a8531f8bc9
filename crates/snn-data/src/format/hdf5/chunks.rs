//! Datasets in chunks, with filters that `hdf5-pure` does not undo.

use std::collections::BTreeMap;

use hdf5_pure::{Chunk, Source};

use super::dataset::{refuse, wrong};
use super::file::Store;
use super::filter::Pipeline;
use crate::format::FormatError;

/// A grid of chunks over the axes of a dataset.
struct Grid {
    shape: Vec<usize>,
    chunk: Vec<usize>,
    /// Bytes of an element.
    element: usize,
}

/// The elements of a dataset whose size was checked, of so many bytes each.
pub(super) fn read(
    path: &str,
    dataset: &hdf5_pure::Dataset,
    store: &Store,
    element: usize,
) -> Result<Vec<u8>, FormatError> {
    let wrong = |error| wrong(path, &error);
    let shape = dataset.shape().map_err(wrong)?;
    let chunk = dataset.chunk_shape().map_err(wrong)?.unwrap_or_default();
    let Some(grid) = Grid::new(&shape, &chunk, element) else {
        let problem = format!("expected chunks of {} axes, found {chunk:?}", shape.len());
        return Err(refuse(path, problem));
    };
    let pipeline = Pipeline::new(&dataset.filter_pipeline(), element);
    let mut pipeline = pipeline.map_err(|problem| refuse(path, problem))?;

    // By their place, so each place is read once.
    let chunks = dataset.chunks().map_err(wrong)?;
    let chunks: BTreeMap<Vec<usize>, &Chunk> =
        chunks.iter().filter_map(|chunk| Some((grid.place(&chunk.offset)?, chunk))).collect();
    let stored = |band: usize| chunks.range(vec![band]..vec![band + 1]);

    let mut fill = None;
    let mut out = Vec::new();
    for band in 0..grid.bands() {
        let start = out.len();
        if stored(band).count() < grid.chunks_in_band() {
            if fill.is_none() {
                let empty = (0..grid.bands()).find(|band| stored(*band).next().is_none());
                fill = Some(fill_value(path, dataset, empty.map(|band| band * grid.chunk[0]))?);
            }
            let fill = fill.as_deref().unwrap_or_default();
            out.extend(fill.iter().take(element).cycle().take(grid.band_bytes(band)));
        } else {
            out.resize(start + grid.band_bytes(band), 0);
        }
        for (place, chunk) in stored(band) {
            let at = |problem: String| FormatError {
                offset: usize::try_from(chunk.address).unwrap_or(usize::MAX),
                problem: format!("{path}: chunk at {:?}: {problem}", chunk.offset),
            };
            let len = usize::try_from(chunk.storage_size).unwrap_or(usize::MAX);
            let packed = store.read_exact_at(chunk.address, len);
            let packed = packed.map_err(|error| at(error.to_string()))?;
            let plain = pipeline.undo(packed, chunk.filter_mask, grid.chunk_bytes());
            let plain = plain.map_err(|problem| at(problem.to_string()))?;
            grid.copy(place, &plain, &mut out[start..]);
        }
    }
    Ok(out)
}

/// The value of elements that were never written, as `hdf5-pure` reads it from `row`, which has no
/// chunk.
fn fill_value(
    path: &str,
    dataset: &hdf5_pure::Dataset,
    row: Option<usize>,
) -> Result<Vec<u8>, FormatError> {
    match row {
        Some(row) => dataset.read_raw_rows(row as u64, 1).map_err(|error| wrong(path, &error)),
        None => Err(refuse(
            path,
            "some chunks were never written, with filters of which the fill value is not read; \
             rewrite the file by `h5repack -f NONE`",
        )),
    }
}

impl Grid {
    /// Nothing if the axes of shape and chunk are not of the same number, or too large.
    fn new(shape: &[u64], chunk: &[u64], element: usize) -> Option<Self> {
        let sizes = |axes: &[u64]| -> Option<Vec<usize>> {
            axes.iter().map(|n| usize::try_from(*n).ok()).collect()
        };
        let grid = Self { shape: sizes(shape)?, chunk: sizes(chunk)?, element };
        let axes = grid.shape.len();
        let sound = axes > 0 && axes == grid.chunk.len() && !grid.chunk.contains(&0);
        let bytes =
            |axes: &[usize]| axes.iter().try_fold(element, |bytes, axis| bytes.checked_mul(*axis));
        (sound && bytes(&grid.shape).is_some() && bytes(&grid.chunk).is_some()).then_some(grid)
    }

    fn bands(&self) -> usize {
        if self.shape.contains(&0) { 0 } else { self.shape[0].div_ceil(self.chunk[0]) }
    }

    fn chunks_in_band(&self) -> usize {
        let axes = self.shape.iter().zip(&self.chunk).skip(1);
        axes.map(|(shape, chunk)| shape.div_ceil(*chunk)).product()
    }

    fn band_bytes(&self, band: usize) -> usize {
        let rows = self.chunk[0].min(self.shape[0] - band * self.chunk[0]);
        rows * self.shape[1..].iter().product::<usize>() * self.element
    }

    fn chunk_bytes(&self) -> usize {
        self.chunk.iter().product::<usize>() * self.element
    }

    /// The place of the chunk that starts at an element; nothing if there is none.
    fn place(&self, offset: &[u64]) -> Option<Vec<usize>> {
        let axes = self.shape.iter().zip(&self.chunk);
        if offset.len() != self.shape.len() {
            return None;
        }
        let places = axes.zip(offset).map(|((shape, chunk), at)| {
            let at = usize::try_from(*at).ok().filter(|at| at < shape && at % chunk == 0)?;
            Some(at / chunk)
        });
        places.collect()
    }

    /// Copies a chunk to its place in its band, without what lies beyond the dataset.
    fn copy(&self, place: &[usize], chunk: &[u8], band: &mut [u8]) {
        let last = self.shape.len() - 1;
        let start = |axis: usize| if axis == 0 { 0 } else { place[axis] * self.chunk[axis] };
        let within =
            |axis: usize| self.chunk[axis].min(self.shape[axis] - place[axis] * self.chunk[axis]);
        let len = within(last) * self.element;
        // Runs along the last axis, one for each index of the others.
        let mut index = vec![0; last];
        loop {
            let (mut from, mut to) = (0, 0);
            for axis in 0..last {
                from = (from + index[axis]) * self.chunk[axis + 1];
                to = (to + start(axis) + index[axis]) * self.shape[axis + 1];
            }
            let (from, to) = (from * self.element, (to + start(last)) * self.element);
            band[to..to + len].copy_from_slice(&chunk[from..from + len]);
            let Some(axis) = (0..last).rev().find(|axis| index[*axis] + 1 < within(*axis)) else {
                return;
            };
            index[axis] += 1;
            index[axis + 1..].fill(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn chunks_are_put_together(
            axes in prop::collection::vec((1_usize..7, 1_usize..5), 1..4),
            element in 1_usize..4,
        ) {
            let (shape, chunk): (Vec<u64>, Vec<u64>) =
                axes.iter().map(|(n, c)| (*n as u64, *c as u64)).unzip();
            let grid = Grid::new(&shape, &chunk, element).unwrap();
            // Every byte is its own number, and a chunk has 255 beyond the dataset.
            let number = |index: &[usize]| {
                index.iter().zip(&grid.shape).fold(0, |n, (at, axis)| n * axis + at)
            };
            let all = |axes: &[usize]| {
                axes.iter().fold(vec![vec![]], |all: Vec<Vec<usize>>, axis| {
                    let more = |index: Vec<usize>| {
                        (0..*axis).map(move |at| [index.as_slice(), &[at]].concat())
                    };
                    all.into_iter().flat_map(more).collect()
                })
            };
            let places: Vec<usize> =
                axes.iter().map(|(n, c)| n.div_ceil(*c)).collect();
            let mut out = Vec::new();
            for band in 0..grid.bands() {
                let start = out.len();
                out.resize(start + grid.band_bytes(band), 254);
                for place in all(&places).into_iter().filter(|place| place[0] == band) {
                    let bytes: Vec<u8> = all(&grid.chunk).into_iter().flat_map(|within| {
                        let index: Vec<usize> =
                            (0..axes.len()).map(|k| place[k] * grid.chunk[k] + within[k]).collect();
                        let inside = index.iter().zip(&grid.shape).all(|(at, axis)| at < axis);
                        let byte = if inside { number(&index) as u8 } else { 255 };
                        vec![byte; element]
                    }).collect();
                    prop_assert_eq!(bytes.len(), grid.chunk_bytes());
                    grid.copy(&place, &bytes, &mut out[start..]);
                }
            }
            let elements = axes.iter().map(|(n, _)| n).product::<usize>();
            let expected: Vec<u8> = (0..elements).flat_map(|n| vec![n as u8; element]).collect();
            prop_assert_eq!(out, expected);
        }
    }
}

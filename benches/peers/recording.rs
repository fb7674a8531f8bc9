//! Transforms of a recording, as `with_tonic.py` does them.

use std::fmt::Debug;
use std::hint::black_box;
use std::path::Path;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use snn::data::events::Events;
use snn::data::format::{Recording, read};
use snn::data::frame::{Slicer, ToFrame, ToTimesurface, ToVoxelGrid};
use snn::data::transform::{Denoise, DropPixel, RefractoryPeriod};

use crate::cases::Iteration;

/// The work of a name, on the recording of a file.
pub fn case(work: &str, path: &Path) -> Iteration {
    if work == "read" {
        let path = path.to_path_buf();
        return Box::new(move |clock| {
            black_box(read(&path).expect("a valid recording"));
            clock.lap("read");
        });
    }
    let Ok(Recording::Events(events)) = read(path) else {
        panic!("no events in {}", path.display());
    };
    let run = work_of(work);
    Box::new(move |clock| {
        run(&events);
        clock.lap("forward");
    })
}

fn work_of(name: &str) -> Box<dyn Fn(&Events)> {
    let frames = |slicer| ToFrame::new(slicer);
    match name {
        "denoise" => done(|events| Denoise::new(10_000).apply(events)),
        "refractory" => done(|events| {
            RefractoryPeriod::new(1_000.0).apply(events, &mut ChaCha8Rng::seed_from_u64(0))
        }),
        "hot-pixels" => done(|events| {
            DropPixel { hot_pixel_frequency: Some(1_000.0), ..DropPixel::default() }.apply(events)
        }),
        "time-bins" => done(move |events| frames(Slicer::time_bins(25)).apply::<i16>(events)),
        "event-count" => {
            done(move |events| frames(Slicer::event_count(1_000)).apply::<i16>(events))
        }
        "windows" => done(move |events| frames(Slicer::time_window(1_000)).apply::<i16>(events)),
        "windows-sparse" => {
            done(move |events| frames(Slicer::time_window(1_000)).apply_sparse::<i16>(events))
        }
        "voxel-grid" => done(|events| ToVoxelGrid::new(25).apply(events)),
        "time-surface" => done(|events| ToTimesurface::new(60_000, 30_000.0).apply(events)),
        _ => panic!("no work {name}"),
    }
}

fn done<R, E: Debug>(work: impl Fn(&Events) -> Result<R, E> + 'static) -> Box<dyn Fn(&Events)> {
    Box::new(move |events| {
        black_box(work(events).expect("a valid recording"));
    })
}

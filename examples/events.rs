//! Looks into recordings of events, converts them, makes frames of them, and plays them.
//!
//! ```text
//! cargo run --release --example events -- info recording.aedat4
//! cargo run --release --example events -- convert recording.raw recording.npz
//! cargo run --release --example events -- frames recording.bin --n-time-bins 10 --out frames.npy
//! cargo run --release --example events -- play recording.dat --out recording.gif
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, ValueEnum};
use gif::{Encoder, Frame, Repeat};
use serde_json::json;
use snn::data::events::{Events, Outside, SensorSize};
use snn::data::format::npy::encode_frames;
use snn::data::format::{
    Camera, ColumnSelection, Format, Options, Recording, TimeUnit, inspect, read_triggers,
    read_with, write,
};
use snn::data::frame::{Frames, Slicer, ToFrame, ToImage};
use snn::data::policy::Policy;
use snn::data::replace;
use snn::data::transform::TimeAlignment;

/// Looks into recordings of events, converts them, makes frames of them, and plays them.
#[derive(Parser, Debug)]
enum Command {
    /// Prints what a recording contains and how the file was understood; the last line is JSON
    Info {
        #[command(flatten)]
        input: Input,
    },
    /// Writes the events of a recording to another file, in the format of its extension
    Convert {
        #[command(flatten)]
        input: Input,
        /// The other file: .npz, .npy, .csv, .raw (EVT 2.0), .aedat (AEDAT 2.0) or .es
        to: PathBuf,
        /// Shifts all times so that the first event is at 0: .raw, .aedat and .es hold no times since 1970
        #[arg(long)]
        align: bool,
    },
    /// Counts the events of each pixel in slices of a recording
    Frames {
        #[command(flatten)]
        input: Input,
        #[command(flatten)]
        slices: Slices,
        /// A .npy file: counts as u16, [frames, polarities, height, width], darker events first
        #[arg(long)]
        out: PathBuf,
    },
    /// Draws a recording: brighter events blue, darker ones red
    Play {
        #[command(flatten)]
        input: Input,
        /// The time that a picture shows, in µs
        #[arg(long, default_value_t = 40_000)]
        time_window: i64,
        /// A .gif file
        #[arg(long)]
        out: PathBuf,
    },
}

#[derive(Args, Debug)]
struct Input {
    /// The recording
    file: PathBuf,
    /// Format, such as AtisBin or Evt2, of a file without a signature
    #[arg(long, value_parser = format)]
    format: Option<Format>,
    /// Sensor, WxH, where the file does not state it or states another
    #[arg(long, value_parser = sensor)]
    sensor: Option<SensorSize>,
    /// Drop or clip events outside the sensor
    #[arg(long, value_enum, default_value = "refuse")]
    outside: OutsideName,
    /// Unit of the times, s, ms, us or ns, where the file does not state it
    #[arg(long)]
    time_unit: Option<TimeUnit>,
    /// Order of the columns, such as xytp or xy_pt, or their names, such as t=stamp,x=col,y=row,p=3
    #[arg(long)]
    columns: Option<ColumnSelection>,
    /// Group or dataset of an HDF5 file
    #[arg(long)]
    group: Option<String>,
    /// Camera of an AEDAT 2.0 file whose header does not state it
    #[arg(long)]
    camera: Option<CameraName>,
}

#[derive(ValueEnum, Debug, Clone, Copy)]
enum CameraName {
    Dvs128,
    Davis240,
    Davis346,
}

#[derive(ValueEnum, Debug, Clone, Copy)]
enum OutsideName {
    Refuse,
    Drop,
    Clip,
}

fn format(text: &str) -> Result<Format, String> {
    serde_json::from_value(json!(text)).map_err(|error| error.to_string())
}

fn sensor(text: &str) -> Result<SensorSize, String> {
    let size = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    let (width, height) = size.ok_or("expected a width and a height, 640x480 for example")?;
    Ok(SensorSize::new(width, height))
}

impl Input {
    fn options(&self) -> Options {
        let outside = match self.outside {
            OutsideName::Refuse => Outside::Refuse,
            OutsideName::Drop => Outside::Drop,
            OutsideName::Clip => Outside::Clip,
        };
        let camera = self.camera.map(|name| match name {
            CameraName::Dvs128 => Camera::Dvs128,
            CameraName::Davis240 => Camera::Davis240,
            CameraName::Davis346 => Camera::Davis346,
        });
        Options {
            format: self.format,
            sensor: self.sensor,
            outside,
            time_unit: self.time_unit,
            columns: self.columns.clone(),
            group: self.group.clone(),
            camera,
            ..Options::default()
        }
    }

    fn read(&self) -> Result<Recording, Box<dyn Error>> {
        Ok(read_with(&self.file, &self.options())?)
    }

    /// The events of a recording, in the order of their times.
    fn events(&self) -> Result<Events, Box<dyn Error>> {
        match self.read()? {
            Recording::Events(events) => Ok(events.sorted()),
            Recording::Spikes(_) => {
                Err(format!("{}: expected camera events, found spikes", self.file.display()).into())
            }
        }
    }
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Slices {
    /// A frame for each so many µs
    #[arg(long)]
    time_window: Option<i64>,
    /// A frame for each so many events
    #[arg(long)]
    event_count: Option<usize>,
    /// So many frames of the same duration
    #[arg(long)]
    n_time_bins: Option<usize>,
}

fn main() -> ExitCode {
    match run(&Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", with_arguments(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

/// An error of the library with the names of the arguments that set its options.
fn with_arguments(error: &str) -> String {
    let mut parts = error.split("Options::");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
        let (name, rest) = part.split_at(end.unwrap_or(part.len()));
        text += &format!("--{}{rest}", name.replace('_', "-"));
    }
    text
}

fn run(command: &Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Info { input } => info(input)?,
        Command::Convert { input, to, align } => {
            let events = input.events()?;
            let events = if *align { TimeAlignment {}.apply(&events) } else { events };
            write(to, &events)?;
            println!("{} events written to {}", events.len(), to.display());
        }
        Command::Frames { input, slices, out } => {
            let frames = frames(input, slices)?;
            write_whole(out, &encode_frames(&frames))?;
            println!("frames of {:?} written to {}", frames.shape, out.display());
        }
        Command::Play { input, time_window, out } => {
            let (gif, pictures) = play(&input.events()?, *time_window)?;
            write_whole(out, &gif)?;
            println!("{pictures} pictures written to {}", out.display());
        }
    }
    Ok(())
}

/// What was there before stays if this fails.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), String> {
    replace(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// Sums are of 128 bits: one of times since 1970 in µs does not fit into 64.
fn info(input: &Input) -> Result<(), Box<dyn Error>> {
    let (path, options) = (&input.file, input.options());
    let (recording, understood) = inspect(path, &options)?;
    let format = understood.format.value;
    let triggers = format.has_triggers().then(|| read_triggers(path, &options)).transpose()?;
    let triggers = triggers.map(|(triggers, damage)| {
        damage.iter().for_each(|damage| println!("triggers: {damage}"));
        triggers.len()
    });
    // A spike has its neuron for a column, one row, and is brighter.
    let (t, x, y, on) = match recording {
        Recording::Events(events) => {
            println!("{format}: {} events on {} pixels", events.len(), events.sensor());
            let wide = |column: &[u16]| column.iter().copied().map(u32::from).collect();
            let on = events.p().iter().filter(|p| **p).count();
            (events.t().to_vec(), wide(events.x()), wide(events.y()), on)
        }
        Recording::Spikes(spikes) => {
            println!("{format}: {} spikes of {} neurons", spikes.len(), spikes.units());
            (spikes.t().to_vec(), spikes.unit().to_vec(), vec![0u32; spikes.len()], spikes.len())
        }
    };
    println!("{understood}");
    if let (Some(first), Some(last)) = (t.iter().min(), t.iter().max()) {
        let seconds = last.abs_diff(*first) as f64 * 1e-6;
        println!("{seconds:.6} s, {:.0} events a second", t.len() as f64 / seconds.max(1e-6));
    }
    if !t.is_sorted() {
        println!("not in the order of time: the transform SortByTime sorts them");
    }
    if let Some(triggers) = triggers {
        println!("{triggers} triggers");
    }
    let sum = |column: &[u32]| column.iter().map(|value| i128::from(*value)).sum::<i128>();
    let sum_t: i128 = t.iter().map(|t| i128::from(*t)).sum();
    let sensor = understood.sensor.as_ref().map(|sensor| sensor.value.to_string());
    println!(
        "result: {{\"format\":{},\"time_unit\":{},\"columns\":{},\"sensor\":{},\"outside\":{},\
         \"events\":{},\"t_first\":{},\"t_last\":{},\"x_max\":{},\"y_max\":{},\
         \"on\":{on},\"sum_x\":{},\"sum_y\":{},\"sum_t\":{sum_t},\"sum_p\":{on},\"triggers\":{}}}",
        json!(format.to_string()),
        json!(understood.time_unit.value.to_string()),
        json!(understood.columns.map(|columns| columns.value)),
        json!(sensor),
        understood.outside.1,
        t.len(),
        json!(t.first()),
        json!(t.last()),
        json!(x.iter().max()),
        json!(y.iter().max()),
        sum(&x),
        sum(&y),
        json!(triggers),
    );
    Ok(())
}

fn frames(input: &Input, slices: &Slices) -> Result<Frames<u16>, Box<dyn Error>> {
    let slicer = match slices {
        Slices { time_window: Some(window), .. } => Slicer::time_window(*window),
        Slices { event_count: Some(count), .. } => Slicer::event_count(*count),
        Slices { n_time_bins: Some(bins), .. } => Slicer::time_bins(*bins),
        _ => return Err("expected --time-window, --event-count or --n-time-bins".into()),
    };
    let frames = ToFrame::new(slicer);
    Ok(match input.read()? {
        Recording::Events(events) => frames.apply(&events.sorted())?,
        Recording::Spikes(spikes) => frames.apply_to_spikes(&spikes.sorted())?,
    })
}

/// Colours of a picture: nothing, darker, brighter.
const PALETTE: [u8; 9] = [255, 255, 255, 214, 39, 40, 31, 119, 180];
/// Sensors are drawn at least about this wide.
const PIXELS: usize = 256;

/// A GIF, and its number of pictures.
fn play(events: &Events, time_window: i64) -> Result<(Vec<u8>, usize), Box<dyn Error>> {
    let [width, height] = [events.sensor().width as usize, events.sensor().height as usize];
    let scale = (PIXELS / width.max(height).max(1)).max(1);
    let side = |side: usize| u16::try_from(side * scale).map_err(|_| "too large for a GIF");
    let (gif_width, gif_height) = (side(width)?, side(height)?);
    let mut gif = Encoder::new(Vec::new(), gif_width, gif_height, &PALETTE)?;
    gif.set_repeat(Repeat::Infinite)?;
    let slices = Slicer::time_window(time_window).slices(events, Policy::Strict)?;
    // In hundredths of a second; viewers slow down what is faster than two.
    let delay = u16::try_from((time_window / 10_000).max(2)).unwrap_or(u16::MAX);
    for slice in &slices {
        let image = ToImage::default().apply::<u16>(&events.slice(slice.clone()))?;
        let second = (image.shape[1] - 1) * width * height;
        let colour = |x: usize, y: usize| {
            let at = y * width + x;
            let (darker, brighter) = (image.values[at], image.values[second + at]);
            if brighter > 0 && brighter >= darker { 2 } else { u8::from(darker > 0) }
        };
        let rows = (0..height * scale).map(|row| row / scale);
        let pixels = rows.flat_map(|y| (0..width * scale).map(move |column| (column / scale, y)));
        let pixels: Vec<u8> = pixels.map(|(x, y)| colour(x, y)).collect();
        let frame = Frame::from_indexed_pixels(gif_width, gif_height, pixels, None);
        gif.write_frame(&Frame { delay, ..frame })?;
    }
    Ok((gif.into_inner()?, slices.len()))
}

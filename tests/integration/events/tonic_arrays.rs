//! Arrays that Tonic makes of events, out of its golden files. Its transforms of events into events
//! are in `tonic_transforms`.
//!
//! Every value must be the same to the last bit. The exponentials of NumPy depend on the processor:
//! the files are of one with AVX-512.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value};
use snn::data::collate::{Layout, pad};
use snn::data::events::{Events, SensorSize};
use snn::data::frame::{
    Decay, Frames, Slicer, ToAveragedTimesurface, ToBinaRep, ToFrame, ToImage, ToTimesurface,
    ToVoxelGrid,
};
use snn::data::policy::Policy;
use snn::data::transform::Compose;

use super::tonic_transforms::{ARRAYS, golden_files, is_array, parse_call, transform};

#[test]
fn arrays_of_tonic_are_reproduced() {
    let (mut passed, mut failures) = (0, Vec::new());
    for (file_name, file) in golden_files() {
        for case in file["cases"].as_array().expect("a file has cases") {
            let (name, params) = (case["name"].as_str().unwrap(), &case["params"]);
            // Every other case is one of `tonic_transforms`.
            if !is_array(case) {
                continue;
            }
            match replay(&file, case) {
                Ok(()) => passed += 1,
                Err(problem) => failures.push(format!("{file_name}: {name} {params}: {problem}")),
            }
        }
    }
    println!("arrays of tonic: {passed} passed, {} failed", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(passed > 0, "no case of an array");
}

/// An array, of values that are all numbers of 64 bits.
struct Array {
    shape: Vec<usize>,
    values: Vec<f64>,
}

impl<T: Into<f64>> From<Frames<T>> for Array {
    fn from(frames: Frames<T>) -> Self {
        let frames = frames.map(Into::into);
        Self { shape: frames.shape.to_vec(), values: frames.values }
    }
}

fn replay(file: &Value, case: &Value) -> Result<(), String> {
    let name = case["name"].as_str().unwrap();
    let params = case["params"].as_object().cloned().unwrap_or_default();
    let own = |key: &str| case.get("inputs").and_then(|inputs| inputs.get(key));
    let inputs = Inputs {
        events: own("events").unwrap_or(&file["inputs"]["events"]),
        sensor: own("sensor_size").unwrap_or(&file["inputs"]["sensor_size"]),
    };
    let result = match name {
        "PadTensors" => padded(case, Params(params)),
        "Compose" => composed(&inputs, params),
        "ToBinaRep" => of_bins(&inputs, Params(params)),
        name if !ARRAYS.contains(&name) => without_events(&inputs, name, params),
        name => array(name, Params(params), inputs.has_numbers(), |sensor| inputs.on(sensor, name)),
    };
    if !case["error"].is_null() {
        return match result {
            Ok(_) => Err(format!("expected the error {}", case["error"])),
            Err(problem) if problem.starts_with("unknown") => Err(problem),
            Err(_) => Ok(()),
        };
    }
    compare(&result?, case)
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

fn compare(array: &Array, case: &Value) -> Result<(), String> {
    let (shape, mut expected) = (shape(&case["array"]), Vec::new());
    numbers(&case["array"], &mut expected);
    if let Some(stated) = case.get("shape").and_then(Value::as_array) {
        let stated: Vec<usize> =
            stated.iter().map(|side| side.as_u64().unwrap() as usize).collect();
        // A list does not say what is inside of it if it is empty.
        if stated != array.shape || !expected.is_empty() && stated != shape {
            return Err(format!("a shape of {:?}, expected {stated:?}", array.shape));
        }
    } else if shape != array.shape {
        return Err(format!("a shape of {:?}, expected {shape:?}", array.shape));
    }
    // What is stored of an f32 reads back to it as an f32 only.
    let single = case["dtype"] == "float32";
    for (index, (&got, &expected)) in array.values.iter().zip(&expected).enumerate() {
        let expected = if single { f64::from(expected as f32) } else { expected };
        if got != expected {
            return Err(format!("value {index}: {got:?}, expected {expected:?}"));
        }
    }
    Ok(())
}

struct Inputs<'a> {
    events: &'a Value,
    sensor: &'a Value,
}

impl Inputs<'_> {
    /// Whether polarities are numbers: Tonic's voxel grids are others then.
    fn has_numbers(&self) -> bool {
        self.events["p"][0].is_number()
    }

    /// The recording for a transform, on a sensor: `[W, H, P]`, that of the file if there is none,
    /// and one that fits if it is null.
    fn on(&self, sensor: Option<Value>, name: &str) -> Result<Events, String> {
        let sensor = sensor.unwrap_or_else(|| self.sensor.clone());
        let column = |name: &str| {
            let values = self.events[name].as_array().expect("a column");
            values.iter().map(|v| v.as_i64().unwrap_or_else(|| v.as_bool().unwrap().into()))
        };
        let small = |name| column(name).map(|value| u16::try_from(value).unwrap()).collect();
        let (t, x, y): (_, Vec<u16>, Vec<u16>) = (column("t").collect(), small("x"), small("y"));
        let p: Vec<i64> = column("p").collect();
        let sensor = match sensor {
            Value::Null => {
                let side =
                    |values: &[u16]| values.iter().max().map_or(0, |max| u32::from(*max) + 1);
                let both = p.iter().any(|other| *other != p[0]);
                SensorSize {
                    width: side(&x),
                    height: side(&y),
                    polarities: if both { 2 } else { 1 },
                }
            }
            sensor => sensor_size(&sensor),
        };
        // Where a polarity is an index, -1 is that of the last channel.
        let is_index =
            sensor.polarities > 1 && ["ToFrame", "ToImage", "ToTimesurface"].contains(&name);
        let p = p.into_iter().map(|p| if is_index { p != 0 } else { p > 0 }).collect();
        Events::new(t, x, y, p, sensor).map_err(text)
    }
}

fn sensor_size(sensor: &Value) -> SensorSize {
    let side = |index: usize| sensor[index].as_u64().unwrap();
    SensorSize { width: side(0) as u32, height: side(1) as u32, polarities: side(2) as u8 }
}

fn array(
    name: &str,
    mut params: Params,
    signed: bool,
    recording: impl Fn(Option<Value>) -> Result<Events, String>,
) -> Result<Array, String> {
    let policy = Policy::Tonic;
    let events = recording(params.0.remove("sensor_size"))?;
    let array = match name {
        "ToFrame" | "ToSparseTensor" => {
            let frames = ToFrame::tonic(slicer(&mut params)?);
            params.all_understood()?;
            let dense = frames.apply::<i16>(&events).map_err(text)?;
            let sparse = frames.apply_sparse::<i16>(&events).map_err(text)?;
            if sparse.dense().map_err(text)? != dense {
                return Err("sparse frames differ".into());
            }
            Array::from(dense)
        }
        "ToImage" => {
            let mut image = Array::from(ToImage { policy }.apply::<i16>(&events).map_err(text)?);
            image.shape.remove(0);
            image
        }
        "ToVoxelGrid" => {
            let bins = params.whole("n_time_bins")?.ok_or("no n_time_bins")? as usize;
            Array::from(ToVoxelGrid { bins, policy, signed }.apply(&events).map_err(text)?)
        }
        "ToTimesurface" => {
            let dt = params.number("dt").ok_or("no dt")?;
            let tau = params.number("tau").ok_or("no tau")?;
            let surfaces = ToTimesurface { dt, tau, policy };
            Array::from(surfaces.apply(&events).map_err(text)?)
        }
        "ToAveragedTimesurface" => {
            let mut surfaces = ToAveragedTimesurface { policy, ..Default::default() };
            surfaces.surface_size = params.size("surface_size", surfaces.surface_size)?;
            surfaces.cell_size = params.size("cell_size", surfaces.cell_size)?;
            surfaces.time_window = params.number("time_window").unwrap_or(surfaces.time_window);
            surfaces.tau = params.number("tau").unwrap_or(surfaces.tau);
            surfaces.decay = match params.take("decay").as_ref().and_then(Value::as_str) {
                None | Some("exp") => Decay::Exponential,
                Some("lin") => Decay::Linear,
                Some(other) => return Err(format!("unknown decay {other}")),
            };
            Array::from(surfaces.apply(&events).map_err(text)?)
        }
        other => return Err(format!("unknown transform {other}")),
    };
    params.all_understood()?;
    Ok(array)
}

/// Of as many frames as are needed.
fn of_bins(inputs: &Inputs, mut params: Params) -> Result<Array, String> {
    let size = |name, default| params.0.get(name).map_or(default, |v| v.as_u64().unwrap());
    let bins = size("n_frames", 1) * size("n_bits", 8);
    params.take("note");
    let frames =
        ToFrame::tonic(Slicer::time_bins(bins as usize)).apply::<i16>(&inputs.on(None, "ToFrame")?);
    bina_rep(params, &Array::from(frames.map_err(text)?))
}

fn bina_rep(mut params: Params, frames: &Array) -> Result<Array, String> {
    let (count, bits) = (params.size("n_frames", 1)?, params.size("n_bits", 8)? as u32);
    params.all_understood()?;
    let shape = frames.shape.clone().try_into().map_err(|shape| format!("unknown: {shape:?}"))?;
    let frames = Frames { shape, values: frames.values.clone() };
    Ok(Array::from(ToBinaRep { frames: count, bits }.apply(&frames).map_err(text)?))
}

/// The one slicer that the parameters of `ToFrame` name.
fn slicer(params: &mut Params) -> Result<Slicer, String> {
    let window = params.number("time_window");
    let count = params.index("event_count")?;
    let time_bins = params.whole("n_time_bins")?;
    let event_bins = params.index("n_event_bins")?;
    let overlap = params.number("overlap").unwrap_or(0.0);
    let include_incomplete = params.take("include_incomplete").is_some_and(|v| v == true);
    let (start, end) = (params.number("start_time"), params.number("end_time"));
    let size = |value: i64| usize::try_from(value).map_err(text);
    Ok(match (window, count, time_bins, event_bins) {
        (Some(window), None, None, None) => {
            Slicer::TimeWindow { window, overlap, include_incomplete, start, end }
        }
        (None, Some(count), None, None) => {
            Slicer::EventCount { count: size(count)?, overlap, include_incomplete }
        }
        (None, None, Some(bins), None) => Slicer::TimeBins { bins: size(bins)?, overlap },
        (None, None, None, Some(bins)) => Slicer::EventBins { bins: size(bins)?, overlap },
        _ => return Err("not one way to make slices".into()),
    })
}

/// Where no event is left, Tonic may have an array of nothing.
fn without_events(
    inputs: &Inputs,
    name: &str,
    params: Map<String, Value>,
) -> Result<Array, String> {
    let (events, mut rng) = (inputs.on(None, name)?, ChaCha8Rng::seed_from_u64(0));
    let events = transform(name, params)?.apply(&events, &mut rng).map_err(text)?;
    match events.is_empty() {
        true => Ok(Array { shape: vec![0], values: Vec::new() }),
        false => Err(format!("unknown: an array of {name}")),
    }
}

/// `["Denoise(filter_time=10000)", "ToFrame(time_window=20000)"]`, on the sensor of the file if it
/// names none.
fn composed(inputs: &Inputs, mut params: Map<String, Value>) -> Result<Array, String> {
    let steps = params.remove("of").ok_or("no steps")?;
    Params(params).all_understood()?;
    let mut events = inputs.on(None, "Compose")?;
    let mut frames = None;
    let mut signed = inputs.has_numbers();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    for step in steps.as_array().unwrap().iter().filter_map(Value::as_str) {
        let (name, params) = parse_call(step).ok_or_else(|| format!("unknown step {step}"))?;
        let on = |sensor: Option<Value>| {
            let sensor = sensor_size(&sensor.unwrap_or_else(|| inputs.sensor.clone()));
            Events::from_columns(events.clone().into_columns(), sensor).map_err(text)
        };
        // No step is done without events: what comes out is the list of none.
        if frames.is_none() && events.is_empty() {
            return Ok(Array { shape: vec![0], values: Vec::new() });
        }
        match frames.take() {
            Some(array) if name == "ToBinaRep" => frames = Some(bina_rep(Params(params), &array)?),
            Some(_) => return Err(format!("unknown step after an array: {name}")),
            None if ARRAYS.contains(&name) => {
                frames = Some(array(name, Params(params), signed, on)?);
            }
            None => {
                let step = Compose::new(vec![transform(name, params)?]);
                events = step.apply(&events, &mut rng).map_err(text)?;
                // Its polarities are numbers.
                signed |= name == "EventDownsampling";
            }
        }
    }
    frames.ok_or("no array".into())
}

fn padded(case: &Value, mut params: Params) -> Result<Array, String> {
    let layout = match params.take("batch_first").is_none_or(|value| value == true) {
        true => Layout::BatchFirst,
        false => Layout::TimeFirst,
    };
    params.all_understood()?;
    let samples = case["samples"].as_array().ok_or("no samples")?.iter().map(|sample| {
        let mut values = Vec::new();
        numbers(sample, &mut values);
        let values = values.into_iter().map(|value| value as f32).collect();
        let shape = shape(sample).try_into().map_err(|shape| format!("unknown: {shape:?}"))?;
        Ok(Frames { shape, values })
    });
    let batch = pad(&samples.collect::<Result<Vec<_>, String>>()?, layout);
    let batch = batch.map_err(text)?;
    if case["targets"] != case["out_targets"] {
        return Err("unknown: targets that change".into());
    }
    let values = batch.values.into_iter().map(f64::from).collect();
    Ok(Array { shape: batch.shape.dims().to_vec(), values })
}

/// Parameters; taking one marks it as understood. Null is the same as none.
struct Params(Map<String, Value>);

impl Params {
    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    fn number(&mut self, name: &str) -> Option<f64> {
        Some(self.take(name)?.as_f64().unwrap())
    }

    fn whole(&mut self, name: &str) -> Result<Option<i64>, String> {
        let Some(value) = self.number(name) else { return Ok(None) };
        if value.fract() != 0.0 {
            return Err(format!("unknown: a {name} of {value}"));
        }
        Ok(Some(value as i64))
    }

    /// A number that Tonic takes for an index: it fails with one that has a point.
    fn index(&mut self, name: &str) -> Result<Option<i64>, String> {
        let Some(value) = self.take(name) else { return Ok(None) };
        value.as_i64().map(Some).ok_or_else(|| format!("a {name} of {value}"))
    }

    fn size(&mut self, name: &str, default: usize) -> Result<usize, String> {
        Ok(self.whole(name)?.map_or(default, |value| value as usize))
    }

    fn all_understood(&self) -> Result<(), String> {
        match self.0.keys().next() {
            Some(name) => Err(format!("unknown parameter {name}")),
            None => Ok(()),
        }
    }
}

/// The shape of a nested list.
fn shape(mut value: &Value) -> Vec<usize> {
    let mut shape = Vec::new();
    while let Value::Array(list) = value {
        shape.push(list.len());
        value = list.first().unwrap_or(&Value::Null);
    }
    shape
}

/// All numbers in a nested list, in order.
fn numbers(value: &Value, into: &mut Vec<f64>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| numbers(value, into)),
        Value::String(text) => into.push(text.parse().unwrap()),
        number => into.push(number.as_f64().unwrap()),
    }
}

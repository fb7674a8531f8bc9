//! Transforms of events against vectors computed by Tonic.
//!
//! Replays every case of events in the files of Tonic in `SNN_GOLDEN_DIR`, bit by bit. A case that is not
//! understood to the last parameter fails. Cases whose result is an array are not replayed here.

use std::path::PathBuf;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value};
use snn::data::events::{Event, Events, SensorSize};
use snn::data::policy::Policy;
use snn::data::transform::{
    Amount, CenterCrop, CropTime, Decimation, Denoise, Downsample, DownsamplingMethod, DropEvent,
    DropEventByArea, DropEventByTime, DropPixel, EventDownsampling, EventDrop, MergePolarities,
    RandomCrop, RandomDropPixel, RandomFlipLR, RandomFlipPolarity, RandomFlipUD,
    RandomTimeReversal, RefractoryPeriod, SpatialJitter, SpatialScale, TimeAlignment, TimeJitter,
    TimeSkew, Transform, UniformNoise,
};

use crate::files::golden;

/// What Tonic makes arrays or batches with.
pub const ARRAYS: [&str; 8] = [
    "PadTensors",
    "ToAveragedTimesurface",
    "ToBinaRep",
    "ToFrame",
    "ToImage",
    "ToSparseTensor",
    "ToTimesurface",
    "ToVoxelGrid",
];

/// The files of Tonic, with their names.
pub fn golden_files() -> Vec<(String, Value)> {
    let dir = golden();
    let entries = std::fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read(&path).unwrap();
        (name, serde_json::from_slice::<Value>(&text).unwrap())
    };
    paths.into_iter().map(read).filter(|(_, file)| file["library"] == "tonic").collect()
}

#[test]
fn tonic_transforms_are_reproduced() {
    let (mut passed, mut failures) = (0, Vec::new());
    for (file_name, file) in golden_files() {
        for case in file["cases"].as_array().expect("a file has cases") {
            match replay(&file, case) {
                None => {}
                Some(Ok(())) => passed += 1,
                Some(Err(problem)) => {
                    let (name, params) = (&case["name"], &case["params"]);
                    failures.push(format!("{file_name}: {name} {params}: {problem}"));
                }
            }
        }
    }
    println!("tonic transforms: {passed} passed, {} failed", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(passed > 0, "no case of events in {}", golden().display());
}

/// Whether the result of a case is an array. An error does not say what the result would be.
pub fn is_array(case: &Value) -> bool {
    let makes_one = |name: &str| ARRAYS.contains(&name);
    let steps = case["params"]["of"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut names = steps.filter_map(parse_call).map(|(name, _)| name);
    match case["kind"].as_str() {
        Some(kind) => kind == "array" || case["name"].as_str().is_some_and(makes_one),
        None => case["name"].as_str().is_some_and(makes_one) || names.any(makes_one),
    }
}

/// One case, unless its result is an array.
fn replay(file: &Value, case: &Value) -> Option<Result<(), String>> {
    if is_array(case) {
        return None;
    }
    let given = match input_events(file, case) {
        Ok(events) => events,
        Err(problem) => return Some(Err(problem)),
    };
    let error = Some(&case["error"]).filter(|error| !error.is_null());
    Some(match (error, transformed(case, given.clone())) {
        (Some(_), Err(problem)) if !problem.starts_with("unknown ") => Ok(()),
        // Tonic fails where it looks for the largest column of no events. Here they stay none.
        (Some(_), Ok(events)) if given.is_empty() && events.is_empty() => Ok(()),
        (Some(error), Ok(_)) => Err(format!("no error, expected {error}")),
        (_, result) => result.and_then(|events| compare(&case["events"], &events)),
    })
}

fn transformed(case: &Value, mut events: Events) -> Result<Events, String> {
    let name = case["name"].as_str().unwrap();
    let params = case["params"].as_object().cloned().unwrap_or_default();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut step = |events: &Events, name, params| {
        transform(name, params)?.apply(events, &mut rng).map_err(|error| error.to_string())
    };
    if name != "Compose" {
        return step(&events, name, params);
    }
    for call in params["of"].as_array().ok_or("a Compose of nothing")? {
        // No step is done without events, be it one that makes an array.
        if events.is_empty() {
            break;
        }
        let (name, params) = call.as_str().and_then(parse_call).ok_or(format!("unknown {call}"))?;
        events = step(&events, name, params)?;
    }
    Ok(events)
}

/// A call as in Python, `Denoise(filter_time=10000)`: its name and its arguments.
pub fn parse_call(call: &str) -> Option<(&str, Map<String, Value>)> {
    let (name, arguments) = call.strip_suffix(')')?.split_once('(')?;
    // A comma that no equals sign follows before the next one is part of a tuple.
    let mut texts: Vec<String> = Vec::new();
    for part in arguments.split(',') {
        match texts.last_mut() {
            Some(last) if !part.contains('=') => last.extend([",", part]),
            _ => texts.push(part.to_string()),
        }
    }
    let spelling = [
        ("(", "["),
        (")", "]"),
        ("'", "\""),
        ("True", "true"),
        ("False", "false"),
        ("None", "null"),
    ];
    let argument = |text: String| {
        let (name, value) = text.split_once('=')?;
        let json =
            spelling.iter().fold(value.to_string(), |text, (from, to)| text.replace(from, to));
        Some((name.trim().to_string(), serde_json::from_str(&json).ok()?))
    };
    Some((
        name,
        texts.into_iter().filter(|text| !text.is_empty()).map(argument).collect::<Option<_>>()?,
    ))
}

/// The events of a case, on the sensor that it names, or else its file.
pub fn input_events(file: &Value, case: &Value) -> Result<Events, String> {
    let input = |name: &str| {
        let own = case.get("inputs").and_then(|inputs| inputs.get(name));
        own.unwrap_or(&file["inputs"][name])
    };
    let named = &case["params"]["sensor_size"];
    let size = if named.is_array() { named } else { input("sensor_size") };
    let size = |axis: usize| size[axis].as_u64().ok_or("a sensor without a size").map(|n| n as u32);
    let sensor = SensorSize { polarities: size(2)? as u8, ..SensorSize::new(size(0)?, size(1)?) };
    let column = |name: &str| integers(&input("events")[name]);
    let [x, y] = [column("x")?, column("y")?]
        .map(|places| places.into_iter().map(|place| u16::try_from(place).unwrap()).collect());
    let p = column("p")?.into_iter().map(|p| p > 0).collect();
    Events::new(column("t")?, x, y, p, sensor).map_err(|error| error.to_string())
}

/// A list of whole numbers or of truth values.
fn integers(list: &Value) -> Result<Vec<i64>, String> {
    let integer = |value: &Value| value.as_i64().or(value.as_bool().map(i64::from));
    let list = list.as_array().ok_or_else(|| format!("no list: {list}"))?;
    list.iter().map(|value| integer(value).ok_or_else(|| format!("not whole: {value}"))).collect()
}

fn compare(expected: &Value, events: &Events) -> Result<(), String> {
    let column = |of: fn(Event) -> i64| events.iter().map(of).collect::<Vec<i64>>();
    let columns = [
        ("t", column(|event| event.t)),
        ("x", column(|event| event.x.into())),
        ("y", column(|event| event.y.into())),
        ("p", column(|event| event.p.into())),
    ];
    for (name, got) in columns {
        let mut expected =
            integers(&expected[name]).map_err(|problem| format!("{name}: {problem}"))?;
        if name == "p" {
            // -1 is darker, too.
            expected.iter_mut().for_each(|p| *p = i64::from(*p > 0));
        }
        if got.len() != expected.len() {
            return Err(format!("{} events, expected {}", got.len(), expected.len()));
        }
        if let Some(n) = (0..got.len()).find(|n| got[*n] != expected[*n]) {
            return Err(format!("{name}[{n}]: {}, expected {}", got[n], expected[n]));
        }
    }
    Ok(())
}

/// Parameters that were not taken yet.
struct Params(Map<String, Value>);

impl Params {
    /// One number or several.
    fn numbers(&mut self, name: &str) -> Result<Option<Vec<f64>>, String> {
        let list = match self.0.remove(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(list)) => list,
            Some(number) => vec![number],
        };
        let wrong = || format!("{name} is {list:?}");
        list.iter().map(Value::as_f64).collect::<Option<_>>().map(Some).ok_or_else(wrong)
    }

    fn number(&mut self, name: &str) -> Result<Option<f64>, String> {
        match self.numbers(name)?.as_deref() {
            None => Ok(None),
            Some([number]) => Ok(Some(*number)),
            Some(several) => Err(format!("{name} is {several:?}")),
        }
    }

    fn required(&mut self, name: &str) -> Result<f64, String> {
        self.number(name)?.ok_or_else(|| format!("no {name}"))
    }

    /// A number that is not negative and whole.
    fn count(&mut self, name: &str) -> Result<u32, String> {
        let number = self.required(name)?;
        let count = number as u32;
        if f64::from(count) == number { Ok(count) } else { Err(format!("{name} is {number}")) }
    }

    /// A number, or a range to draw it from.
    fn amount(&mut self, name: &str, default: Option<f64>) -> Result<Amount, String> {
        match (self.numbers(name)?.as_deref(), default) {
            (None, Some(default)) => Ok(default.into()),
            (Some([number]), _) => Ok((*number).into()),
            (Some([low, high]), _) => Ok([*low, *high].into()),
            (other, _) => Err(format!("{name} is {other:?}")),
        }
    }

    /// A number for each axis, or one for both.
    fn pair(&mut self, name: &str) -> Result<Option<[f64; 2]>, String> {
        match self.numbers(name)?.as_deref() {
            None => Ok(None),
            Some([both]) => Ok(Some([*both; 2])),
            Some([x, y]) => Ok(Some([*x, *y])),
            Some(more) => Err(format!("{name} is {more:?}")),
        }
    }

    fn size(&mut self, name: &str) -> Result<Option<[u16; 2]>, String> {
        let Some([x, y]) = self.pair(name)? else { return Ok(None) };
        let size = [x as u16, y as u16];
        let is_same = size.map(f64::from) == [x, y];
        if is_same { Ok(Some(size)) } else { Err(format!("{name} is {x}, {y}")) }
    }

    fn flag(&mut self, name: &str, default: bool) -> Result<bool, String> {
        match self.0.remove(name) {
            None => Ok(default),
            Some(value) => value.as_bool().ok_or_else(|| format!("{name} is {value}")),
        }
    }
}

/// The transform of Tonic with this name and these parameters.
pub fn transform(name: &str, params: Map<String, Value>) -> Result<Transform, String> {
    let policy = Policy::Tonic;
    let mut params = Params(params);
    // Part of the events.
    params.0.remove("sensor_size");
    params.0.remove("note");
    let transform = match name {
        "CenterCrop" => CenterCrop { size: params.size("size")?.ok_or("no size")? }.into(),
        "CropTime" => {
            let min = params.number("min")?.unwrap_or(0.0).ceil() as i64;
            let max = params.number("max")?.map(|max| max.floor() as i64);
            CropTime { min: Some(min), max }.into()
        }
        "Decimation" => Decimation { n: params.count("n")? }.into(),
        "Denoise" => {
            // Between whole times, less than a time is less than the next whole one.
            let filter_time = params.required("filter_time")?.ceil() as i64;
            Denoise { filter_time, policy }.into()
        }
        "Downsample" => {
            let factor = params.pair("spatial_factor")?.unwrap_or([1.0; 2]);
            let spatial_scale = match params.size("target_size")? {
                Some(target_size) => SpatialScale::TargetSize(target_size),
                None => SpatialScale::SpatialFactor(factor),
            };
            let time_factor = params.number("time_factor")?.unwrap_or(1.0);
            Downsample { time_factor, spatial_scale, policy }.into()
        }
        "DropEvent" => DropEvent { p: params.amount("p", None)? }.into(),
        "DropEventByArea" => {
            let area_ratio = params.amount("area_ratio", Some(0.2))?;
            DropEventByArea { area_ratio, policy }.into()
        }
        "DropEventByTime" => {
            let duration_ratio = params.amount("duration_ratio", Some(0.2))?;
            DropEventByTime { duration_ratio, policy }.into()
        }
        "DropPixel" => {
            let coordinates = match params.0.remove("coordinates") {
                None | Some(Value::Null) => Vec::new(),
                Some(list) => coordinates(&list)?,
            };
            let hot_pixel_frequency = params.number("hot_pixel_frequency")?;
            match hot_pixel_frequency {
                Some(_) => DropPixel { coordinates: Vec::new(), hot_pixel_frequency }.into(),
                None => DropPixel { coordinates, hot_pixel_frequency }.into(),
            }
        }
        "EventDownsampling" => {
            let method = params.0.remove("downsampling_method");
            let time_bins = params.number("differentiator_time_bins")?.unwrap_or(0.0) as u32;
            let downsampling_method = match method.as_ref().and_then(Value::as_str) {
                Some("integrator") => DownsamplingMethod::Integrator,
                Some("differentiator") => DownsamplingMethod::Differentiator { time_bins },
                other => return Err(format!("downsampling_method is {other:?}")),
            };
            EventDownsampling {
                target_size: params.size("target_size")?.ok_or("no target_size")?,
                downsampling_method,
                dt: params.required("dt")? * 1000.0,
                noise_threshold: params.count("noise_threshold")?,
                policy,
            }
            .into()
        }
        "EventDrop" => EventDrop { policy }.into(),
        "MergePolarities" => MergePolarities {}.into(),
        "RandomCrop" => {
            let target_size = params.size("target_size")?.ok_or("no target_size")?;
            RandomCrop { target_size, policy }.into()
        }
        "RandomDropPixel" => RandomDropPixel { p: params.required("p")? }.into(),
        "RandomFlipLR" => RandomFlipLR { p: params.number("p")?.unwrap_or(0.5) }.into(),
        "RandomFlipPolarity" => {
            RandomFlipPolarity { p: params.number("p")?.unwrap_or(0.5), policy }.into()
        }
        "RandomFlipUD" => RandomFlipUD { p: params.number("p")?.unwrap_or(0.5) }.into(),
        "RandomTimeReversal" => {
            let p = params.number("p")?.unwrap_or(0.5);
            let flip_polarities = params.flag("flip_polarities", true)?;
            RandomTimeReversal { p, flip_polarities, policy }.into()
        }
        "RefractoryPeriod" => {
            RefractoryPeriod { delta: params.amount("delta", None)?, policy }.into()
        }
        "SpatialJitter" => {
            // Places outside of the sensor cannot be kept.
            params.flag("clip_outliers", false)?;
            SpatialJitter {
                var_x: params.number("var_x")?.unwrap_or(1.0),
                var_y: params.number("var_y")?.unwrap_or(1.0),
                sigma_xy: params.number("sigma_xy")?.unwrap_or(0.0),
                policy,
            }
            .into()
        }
        "TimeAlignment" => TimeAlignment {}.into(),
        "TimeJitter" => TimeJitter {
            std: params.required("std")?,
            clip_negative: params.flag("clip_negative", true)?,
            sort_timestamps: params.flag("sort_timestamps", false)?,
            policy,
        }
        .into(),
        "TimeSkew" => {
            let coefficient = params.amount("coefficient", None)?;
            TimeSkew { coefficient, offset: params.amount("offset", Some(0.0))?, policy }.into()
        }
        "UniformNoise" => UniformNoise { n: params.amount("n", None)? }.into(),
        unknown => return Err(format!("unknown transform {unknown}")),
    };
    match params.0.keys().next() {
        Some(name) => Err(format!("unknown parameter {name}")),
        None => Ok(transform),
    }
}

/// A list of columns and rows. One that no event can have is left out.
fn coordinates(list: &Value) -> Result<Vec<[u16; 2]>, String> {
    let mut found = Vec::new();
    for pixel in list.as_array().ok_or_else(|| format!("coordinates are {list}"))? {
        let [x, y] = integers(pixel)?[..] else { return Err(format!("a pixel {pixel}")) };
        if let (Ok(x), Ok(y)) = (x.try_into(), y.try_into()) {
            found.push([x, y]);
        }
    }
    Ok(found)
}

#[test]
fn calls_are_read() {
    let (name, params) = parse_call("Crop(size=(3, 4), flag=True, name='a')").unwrap();
    assert_eq!(name, "Crop");
    assert_eq!(
        Value::Object(params),
        serde_json::json!({"size": [3, 4], "flag": true, "name": "a"})
    );
    assert_eq!(parse_call("TimeAlignment()").unwrap().1.len(), 0);
    assert!(parse_call("TimeAlignment").is_none());
}

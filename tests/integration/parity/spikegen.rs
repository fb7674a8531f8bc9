//! snnTorch: `spikegen`, encoders and targets.
//!
//! Where the library refuses arguments, so must we. The exception is a defect: target rates other
//! than 1 and 0 raise an error about the size of a tensor. There the result is held to a plain
//! computation of what the documentation says.

mod targets;

use burn::tensor::{Int, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use snn::core::encode::{
    DeltaConfig, EncodeError, FiringPattern, LatencyConfig, LatencyCurve, RateConfig, delta,
    from_one_hot, latency, latency_code, latency_interpolate, one_hot, rate, rate_interpolate,
    rate_over_time, target_rate_code,
};

use super::case::{Case, Params};
use crate::values;

/// A result, or the reason why there is none.
type Outcome = Result<Array, String>;

struct Array {
    shape: Vec<usize>,
    values: Vec<f32>,
}

impl<const D: usize> From<Tensor<D>> for Array {
    fn from(tensor: Tensor<D>) -> Self {
        Array { shape: tensor.dims().to_vec(), values: values(tensor) }
    }
}

impl From<Vec<f32>> for Array {
    fn from(values: Vec<f32>) -> Self {
        Array { shape: vec![values.len()], values }
    }
}

pub fn spikegen(case: &Case) -> Result<(), String> {
    let mut params = case.params();
    let outcome = run(case, &mut params)?;
    params.all_understood()?;
    let raised = case.entry("error").and_then(Value::as_str);
    match (outcome, raised) {
        (Ok(got), None) => {
            let expected = case.entry("outputs").ok_or("no outputs")?;
            if shape(expected) != got.shape {
                let expected = shape(expected);
                return Err(format!("shape {:?}, expected {expected:?}", got.shape));
            }
            case.compare("outputs", expected, got.values, false)
        }
        (Ok(got), Some(raised)) if raised.starts_with("RuntimeError: The size of tensor") => {
            let expected = Value::from(targets::documented(case)?);
            case.compare("outputs", &expected, got.values, false)
        }
        (Ok(_), Some(raised)) => Err(format!("accepted, where the library raises {raised}")),
        (Err(refused), None) => Err(refused),
        (Err(_), Some(_)) => Ok(()),
    }
}

/// The case with our encoders. The outer error is for cases that are not understood.
fn run(case: &Case, params: &mut Params) -> Result<Outcome, String> {
    match case.name() {
        "rate" | "rate_conv" => draw(case, params),
        "latency" | "latency_code" => latencies(case, params, None),
        "latency_code_log" => latencies(case, params, Some(LatencyCurve::Logarithmic)),
        "latency_code_linear" => latencies(case, params, Some(LatencyCurve::Linear)),
        "delta" => {
            let config = DeltaConfig::new()
                .with_threshold(params.number("threshold", 0.1))
                .with_padding(params.flag("padding", false))
                .with_off_spike(params.flag("off_spike", false));
            match rank(case)? {
                1 => Ok(outcome(delta(input::<1>(case)?, &config))),
                2 => Ok(outcome(delta(input::<2>(case)?, &config))),
                3 => Ok(outcome(delta(input::<3>(case)?, &config))),
                rank => Err(format!("an input of rank {rank}")),
            }
        }
        "targets_convert" => match params.take("code").map_or(Some("rate"), Value::as_str) {
            Some("rate") => targets::rate(case, params),
            Some("latency") => targets::latency(case, params, false),
            // Ours is a choice between two functions.
            _ => {
                params.take("num_classes");
                params.take("num_steps");
                Ok(Err("unknown code".into()))
            }
        },
        "targets_rate" => targets::rate(case, params),
        "targets_latency" => targets::latency(case, params, true),
        "target_rate_code" => {
            let steps = steps(params).ok_or("no num_steps")?;
            let first = first_spike_time(params);
            let rate = params.number("rate", 1.0);
            let pattern = firing_pattern(params)?;
            let Some(first) = first else { return Ok(Err("negative first spike time".into())) };
            let times = target_rate_code(steps, first, rate, pattern, &mut rng());
            let train = |times: Vec<usize>| {
                (0..steps).map(|step| f32::from(times.contains(&step))).collect::<Vec<f32>>()
            };
            Ok(times.map(|times| train(times).into()).map_err(|error| error.to_string()))
        }
        "rate_interpolate" => {
            let times: Vec<usize> =
                values(input::<1>(case)?).into_iter().map(|time| time as usize).collect();
            let steps = steps(params).ok_or("no num_steps")?;
            let (on, off) = on_off(params);
            params.take("epsilon");
            Ok(Ok(rate_interpolate(&times, steps, on, off).into()))
        }
        "latency_interpolate" => {
            let steps = steps(params).ok_or("no num_steps")?;
            let (on, off) = on_off(params);
            match rank(case)? {
                1 => Ok(outcome(latency_interpolate::<1, 2>(input(case)?, steps, on, off))),
                2 => Ok(outcome(latency_interpolate::<2, 3>(input(case)?, steps, on, off))),
                rank => Err(format!("an input of rank {rank}")),
            }
        }
        "to_one_hot" => Ok(outcome(one_hot(labels(case)?, classes(params)?))),
        "to_one_hot_inverse" => {
            let rows: Tensor<2> = input(case)?;
            Ok(Ok(rows.neg().add_scalar(1.0).into()))
        }
        "from_one_hot" => {
            let labels = from_one_hot(input(case)?).map(|labels| labels.float());
            Ok(outcome(labels))
        }
        other => Err(format!("unknown function {other}")),
    }
}

/// Only probabilities of 0 and 1 can be compared.
fn draw(case: &Case, params: &mut Params) -> Result<Outcome, String> {
    let steps = steps(params);
    let first = first_spike_time(params);
    let over_time = params.flag("time_var_input", false) || case.name() == "rate_conv";
    let (gain, offset) = (params.number("gain", 1.0), params.number("offset", 0.0));
    let Some(first) = first else { return Ok(Err("negative first spike time".into())) };
    let x: Tensor<2> = input(case)?;
    Ok(match (over_time, steps) {
        (true, None) => outcome(rate_over_time(x, first, &mut rng())),
        (false, Some(steps)) => {
            let config = RateConfig::new(steps).with_gain(gain).with_offset(offset);
            let config = config.with_first_spike_time(first);
            outcome(rate::<2, 3>(x, &config, &mut rng()))
        }
        // Ours is one function without a number of steps and one with it.
        _ => Err("steps for an input over time, or none for one that is not".into()),
    })
}

fn latencies(
    case: &Case,
    params: &mut Params,
    curve: Option<LatencyCurve>,
) -> Result<Outcome, String> {
    let spikes = case.name() == "latency";
    let config = match latency_config(params, spikes, curve) {
        Ok(config) => config,
        Err(refused) => return Ok(Err(refused)),
    };
    match rank(case)? {
        1 => Ok(latency_outcome::<1, 2>(input(case)?, config, spikes)),
        2 => Ok(latency_outcome::<2, 3>(input(case)?, config, spikes)),
        3 => Ok(latency_outcome::<3, 4>(input(case)?, config, spikes)),
        rank => Err(format!("an input of rank {rank}")),
    }
}

fn latency_outcome<const D: usize, const E: usize>(
    x: Tensor<D>,
    config: (LatencyConfig, bool),
    spikes: bool,
) -> Outcome {
    let (mut config, steps_given) = config;
    if !spikes {
        return outcome(latency_code(x, &config));
    }
    if !steps_given {
        // As many steps as the latest spike needs.
        let times = latency_code(x.clone(), &config).map_err(|error| error.to_string())?;
        config.steps = times.round().max().into_scalar::<f32>() as usize + 1;
    }
    outcome(latency::<D, E>(x, &config))
}

/// The settings, and whether there was a number of steps among them.
fn latency_config(
    params: &mut Params,
    spikes: bool,
    curve: Option<LatencyCurve>,
) -> Result<(LatencyConfig, bool), String> {
    let steps = steps(params);
    let first = first_spike_time(params);
    let curve = curve.unwrap_or(match params.flag("linear", false) {
        true => LatencyCurve::Linear,
        false => LatencyCurve::Logarithmic,
    });
    let mut config = LatencyConfig::new(steps.unwrap_or(1))
        .with_curve(curve)
        .with_threshold(params.number("threshold", 0.01))
        .with_tau(params.number("tau", 1.0))
        .with_normalize(params.flag("normalize", false))
        .with_epsilon(params.number("epsilon", 1e-7));
    if spikes {
        let interpolate = params.flag("interpolate", false);
        let targets = on_off(params);
        let (on, off) = if interpolate { targets } else { clamped(targets) };
        config = config
            .with_on_target(on)
            .with_off_target(off)
            .with_interpolate(interpolate)
            .with_clip(params.flag("clip", false))
            .with_bypass(params.flag("bypass", false));
    }
    config.first_spike_time = first.ok_or("negative first spike time")?;
    if steps.is_none() {
        if config.normalize || spikes && !config.bypass {
            return Err("no number of steps".into());
        }
        config.steps = config.first_spike_time + 1;
    }
    Ok((config, steps.is_some()))
}

fn outcome<const D: usize>(result: Result<Tensor<D>, EncodeError>) -> Outcome {
    result.map(Array::from).map_err(|error| error.to_string())
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

/// `num_steps`, for which the library says `False` if there is none.
fn steps(params: &mut Params) -> Option<usize> {
    params.take("num_steps").and_then(Value::as_u64).map(|steps| steps as usize)
}

/// Nothing if it is negative.
fn first_spike_time(params: &mut Params) -> Option<usize> {
    match params.take("first_spike_time") {
        Some(time) => time.as_u64().map(|time| time as usize),
        None => Some(0),
    }
}

fn on_off(params: &mut Params) -> (f64, f64) {
    (params.number("on_target", 1.0), params.number("off_target", 0.0))
}

/// The library multiplies spikes by `on_target` and clamps at `off_target`: a step without a spike
/// never comes below 0, and one with a spike never below `off_target`.
fn clamped((on, off): (f64, f64)) -> (f64, f64) {
    (on.max(off), off.max(0.0))
}

fn firing_pattern(params: &mut Params) -> Result<FiringPattern, String> {
    match params.take("firing_pattern").map_or(Some("regular"), Value::as_str) {
        Some("regular") => Ok(FiringPattern::Regular),
        Some("uniform") => Ok(FiringPattern::Uniform),
        Some("poisson") => Ok(FiringPattern::Poisson),
        other => Err(format!("unknown firing pattern {other:?}")),
    }
}

fn classes(params: &mut Params) -> Result<usize, String> {
    let classes = params.take("num_classes").and_then(Value::as_u64).ok_or("no num_classes")?;
    Ok(classes as usize)
}

fn input<const D: usize>(case: &Case) -> Result<Tensor<D>, String> {
    let name = case.entry("input").and_then(Value::as_str).ok_or("no input")?;
    Ok(case.input(name))
}

fn labels(case: &Case) -> Result<Tensor<1, Int>, String> {
    Ok(input::<1>(case)?.int())
}

fn rank(case: &Case) -> Result<usize, String> {
    let name = case.entry("input").and_then(Value::as_str).ok_or("no input")?;
    Ok(shape(case.raw_input(name)).len())
}

fn shape(value: &Value) -> Vec<usize> {
    match value {
        Value::Array(values) => {
            let inner = values.first().map(shape).unwrap_or_default();
            [values.len()].into_iter().chain(inner).collect()
        }
        _ => Vec::new(),
    }
}

//! Targets of classifiers.

use snn::core::encode::{FiringPattern, TargetRateConfig, one_hot, targets_rate};

use super::{
    Case, Outcome, Params, clamped, classes, firing_pattern, first_spike_time, labels,
    latency_config, latency_outcome, on_off, outcome, rng, steps,
};
use crate::values;

pub fn latency(case: &Case, params: &mut Params, targets: bool) -> Result<Outcome, String> {
    let classes = classes(params)?;
    let config = latency_config(params, true, None);
    let (mut config, steps_given) = match config {
        Ok(config) => config,
        Err(refused) => return Ok(Err(refused)),
    };
    if !targets {
        // `targets_convert` takes these but does not pass them on.
        config.on_target = 1.0;
        config.off_target = 0.0;
        config.interpolate = false;
        config.epsilon = 1e-7;
        for name in ["correct_rate", "incorrect_rate", "firing_pattern"] {
            params.take(name);
        }
    }
    Ok(match one_hot(labels(case)?, classes) {
        Ok(rows) => latency_outcome::<2, 3>(rows, (config, steps_given), true),
        Err(error) => Err(error.to_string()),
    })
}

pub fn rate(case: &Case, params: &mut Params) -> Result<Outcome, String> {
    let classes = classes(params)?;
    let steps = steps(params);
    let Some(mut config) = rate_config(params)? else {
        return Ok(Err("negative first spike time".into()));
    };
    // Latency settings of `targets_convert`.
    for name in ["threshold", "tau", "clip", "normalize", "linear", "bypass"] {
        params.take(name);
    }
    let constant = config.correct_rate == 1.0 && config.incorrect_rate == 0.0;
    if constant {
        // The library has a shortcut for these rates, without a rise to the first spike.
        config.interpolate = false;
        if config.first_spike_time > 0 || config.on_target > config.off_target {
            (config.on_target, config.off_target) = clamped((config.on_target, config.off_target));
        }
    }
    if constant && config.first_spike_time == 0 {
        // The library leaves out the time axis, ours has one of any length.
        let config = TargetRateConfig { steps: 1, ..config };
        let targets = targets_rate(labels(case)?, classes, &config, &mut rng());
        return Ok(outcome(targets.map(|targets| targets.squeeze_dim::<2>(0))));
    }
    let Some(steps) = steps else { return Ok(Err("no number of steps".into())) };
    let config = TargetRateConfig { steps, ..config };
    Ok(outcome(targets_rate(labels(case)?, classes, &config, &mut rng())))
}

/// Without the number of steps; nothing if the first spike time is negative.
fn rate_config(params: &mut Params) -> Result<Option<TargetRateConfig>, String> {
    let first = first_spike_time(params);
    let (on, off) = on_off(params);
    params.take("epsilon");
    let config = TargetRateConfig::new(1)
        .with_correct_rate(params.number("correct_rate", 1.0))
        .with_incorrect_rate(params.number("incorrect_rate", 0.0))
        .with_firing_pattern(firing_pattern(params)?)
        .with_interpolate(params.flag("interpolate", false))
        .with_on_target(on)
        .with_off_target(off);
    Ok(first.map(|first| config.with_first_spike_time(first)))
}

/// `targets_rate` with regular spikes, from its documentation: for each step, sample and class.
pub fn documented(case: &Case) -> Result<Vec<f32>, String> {
    let mut params = case.params();
    let classes = classes(&mut params)?;
    let steps = steps(&mut params).ok_or("no num_steps")? as i64;
    let config = rate_config(&mut params)?.ok_or("negative first spike time")?;
    if config.firing_pattern != FiringPattern::Regular {
        return Err("drawn targets cannot be compared".into());
    }
    let first = config.first_spike_time as i64;
    let (on, off) = (config.on_target, config.off_target);
    let target = |rate: f64, step: i64| {
        // A spike falls in a step if some multiple of the distance 1 / rate does.
        let spikes = |step: i64| {
            let within = |multiple: i64| {
                let time = first as f64 + multiple as f64 / rate + 1e-6;
                (step as f64..(step + 1) as f64).contains(&time)
            };
            rate > 0.0 && (0..=steps).any(within)
        };
        let before = (0..step).rev().find(|step| spikes(*step)).unwrap_or(-1);
        let next = (step..steps).find(|step| spikes(*step));
        match next {
            Some(next) if next == step => on,
            Some(next) if config.interpolate => {
                off + (on - off) * (step - before - 1) as f64 / (next - before - 1) as f64
            }
            _ => off,
        }
    };
    let labels = values(labels(case)?.float());
    let mut targets = Vec::new();
    for step in 0..steps {
        for label in &labels {
            targets.extend((0..classes).map(|class| {
                let correct = class == *label as usize;
                let rate = if correct { config.correct_rate } else { config.incorrect_rate };
                target(rate, step) as f32
            }));
        }
    }
    Ok(targets)
}

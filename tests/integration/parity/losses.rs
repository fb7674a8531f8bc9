//! snnTorch's losses and accuracies, and the PyTorch losses used with them.
//!
//! Three of snnTorch's results are not what its documentation says. Our losses do what it says; they
//! are asked here for what snnTorch computes:
//!
//! * A class weight and `reduction="sum"`, except for `ce_temporal_loss`: nothing is summed.
//! * The mean squared errors multiply the axis of the classes, not that of the samples, by the
//!   weights of the samples' classes. (It fails unless there are as many of both.)
//! * A negative `off_target` below the `on_target` becomes 0: so do all targets of
//!   `mse_temporal_loss` by default.
//!
//! And `multi_spike` mixes up neurons: that one is held to a naive reference.

use burn::nn::loss::{CrossEntropyLossConfig, LpLossConfig, MseLoss, SmoothL1LossConfig};
use burn::tensor::{Tensor, TensorData};
use serde_json::Value;
use snn::train::loss::{
    Inverse, MseCountLoss, MseTemporalLoss, Readout, ReadoutCrossEntropy, ReadoutMse,
    cross_entropy, population_sums, spike_time_error,
};
use snn::train::metric::{accuracy_rate, accuracy_temporal};
use snn::train::regularize;

use super::case::{Case, Params, numbers};
use super::spike_times::spike_times;
use crate::values;

pub fn loss(case: &Case) -> Result<(), String> {
    let mut params = case.params();
    params.take("note");
    let name = case.name();
    match name {
        "accuracy_rate" | "accuracy_temporal" => accuracy(case, name, &mut params),
        "l1_rate_sparsity" => {
            let lambda = params.number("Lambda", 1e-5);
            params.all_understood()?;
            let x = input::<3>(case)?;
            hold(case, &x, regularize::l1_rate(x.clone()).mul_scalar(lambda))
        }
        _ if name.starts_with("torch.nn.") => torch(case, &name["torch.nn.".len()..], &mut params),
        _ => over_time(case, name, &mut params),
    }
}

/// The loss's own input, whose gradient is wanted.
fn input<const D: usize>(case: &Case) -> Result<Tensor<D>, String> {
    let name = text(case, "input")?;
    Ok(case.input::<D>(name).require_grad())
}

fn text<'a>(case: &Case<'a>, entry: &str) -> Result<&'a str, String> {
    case.entry(entry).and_then(Value::as_str).ok_or_else(|| format!("no {entry}"))
}

/// Losses on a sequence `[T, B, N]`.
fn over_time(case: &Case, name: &str, params: &mut Params) -> Result<(), String> {
    let reduction = Reduction::take(params)?;
    let weights = weights(case, params);
    let population = params.flag("population_code", false);
    let classes = params.take("num_classes").and_then(Value::as_u64).map(|c| c as usize);
    let classes = classes.filter(|_| population);
    let x = input::<3>(case)?;
    let target = text(case, "target")?;

    if name == "mse_temporal_loss" {
        return temporal(case, params, reduction, weights);
    }
    let entropy = match name {
        "ce_rate_loss" => Some(ReadoutCrossEntropy::ce_rate()),
        "ce_count_loss" => Some(ReadoutCrossEntropy::ce_count().with_classes(classes)),
        "ce_max_membrane_loss" | "max_over_time_nll" => {
            Some(ReadoutCrossEntropy::ce_max_membrane())
        }
        "mean_over_time_nll" => Some(ReadoutCrossEntropy::new(Readout::Mean)),
        "last_over_time_nll" => Some(ReadoutCrossEntropy::new(Readout::Last)),
        "ce_temporal_loss" => {
            let inverse = match params.take("inverse").and_then(Value::as_str) {
                None | Some("negate") => Inverse::Negate,
                Some("reciprocal") => Inverse::Reciprocal,
                Some(other) => return Err(format!("unknown inverse {other}")),
            };
            Some(ReadoutCrossEntropy::ce_temporal(inverse))
        }
        _ => None,
    };
    if let Some(loss) = entropy {
        let weights = match (name, classes, weights) {
            // The population code of this one is not a population code: neurons are compared, those
            // of the first class with the first weight, all others with the second.
            ("ce_rate_loss", Some(classes), Some(weights)) => {
                let neurons = x.dims()[2];
                let weight = |n: usize| weights[usize::from(n >= neurons / classes)];
                Some((0..neurons).map(weight).collect())
            }
            (_, _, weights) => weights,
        };
        if population && !["ce_rate_loss", "ce_count_loss"].contains(&name) {
            return Err("unknown parameter population_code".into());
        }
        params.all_understood()?;
        let reduction = match (reduction, &weights) {
            (Reduction::Sum, Some(_)) if name != "ce_temporal_loss" => Reduction::None,
            (reduction, _) => reduction,
        };
        let loss = loss.with_weights(weights);
        let targets = case.classes(target);
        let got = match reduction {
            Reduction::Mean => loss.forward(x.clone(), targets),
            other => other.apply(loss.forward_no_reduction(x.clone(), targets)),
        };
        return hold(case, &x, got);
    }

    let squares = match name {
        "mse_count_loss" => {
            let loss = MseCountLoss::new()
                .with_correct_rate(params.number("correct_rate", 1.0))
                .with_incorrect_rate(params.number("incorrect_rate", 0.0))
                .with_classes(classes);
            params.all_understood()?;
            loss.forward_no_reduction(x.clone(), case.classes(target))
        }
        "mse_membrane_loss" => {
            if params.flag("time_var_targets", false) || population {
                return Err("unknown parameter".into());
            }
            let on = params.number("on_target", 1.0);
            let off = snntorch_off(on, params.number("off_target", 0.0));
            params.all_understood()?;
            let loss = ReadoutMse::mse_membrane().with_on_target(on).with_off_target(off);
            loss.forward_no_reduction(x.clone(), case.classes(target))
        }
        other => return Err(format!("unknown loss {other}")),
    };
    hold(case, &x, weigh_and_reduce(case, squares, reduction, weights)?)
}

/// What snnTorch makes of a negative target of other classes.
fn snntorch_off(on: f64, off: f64) -> f64 {
    if on > off { off.max(0.0) } else { off }
}

/// Multiplies the last axis by the weights of the samples' classes, as snnTorch does.
fn weigh_and_reduce<const D: usize>(
    case: &Case,
    losses: Tensor<D>,
    reduction: Reduction,
    weights: Option<Vec<f64>>,
) -> Result<Tensor<1>, String> {
    let Some(weights) = weights else { return Ok(reduction.apply(losses)) };
    let targets = numbers(case.raw_input(text(case, "target")?));
    let weights: Vec<f32> = targets.iter().map(|c| weights[*c as usize] as f32).collect();
    let [batch, classes] = [targets.len(), losses.dims()[D - 1]];
    if batch != classes && batch != 1 {
        return Err(format!("{batch} weights cannot multiply {classes} classes"));
    }
    let mut shape = [1; D];
    shape[D - 1] = batch;
    let weights = Tensor::from_data(TensorData::new(weights, shape), &losses.device());
    let weighted = losses * weights;
    Ok(match reduction {
        Reduction::Mean => Reduction::Mean.apply(weighted),
        _ => Reduction::None.apply(weighted),
    })
}

fn temporal(
    case: &Case,
    params: &mut Params,
    reduction: Reduction,
    weights: Option<Vec<f64>>,
) -> Result<(), String> {
    let tolerance = params.number("tolerance", 0.0);
    let multi_spike = params.flag("multi_spike", false);
    let target_is_time = params.flag("target_is_time", false);
    let times = |value: Option<&Value>, default: f64| -> Vec<f64> {
        value.map_or(vec![default], |value| numbers(value).iter().map(|t| *t as f64).collect())
    };
    let on = times(params.take("on_target"), 0.0);
    let off = times(params.take("off_target"), -1.0);
    let off: Vec<f64> = on.iter().zip(off).map(|(on, off)| snntorch_off(*on, off)).collect();
    params.all_understood()?;

    let x = input::<3>(case)?;
    let [_, batch, neurons] = x.dims();
    let target = text(case, "target")?;
    let given = numbers(case.raw_input(target));
    let (errors, times) = if target_is_time {
        let shape = [given.len() / (batch * neurons), batch, neurons];
        let times = Tensor::from_data(TensorData::new(given.clone(), shape), &x.device());
        (spike_time_error(x.clone(), times, tolerance), given)
    } else {
        let wanted = |on: f64, off: f64| {
            let given = &given;
            (0..batch * neurons).map(move |k| {
                let right = given[k / neurons] as usize == k % neurons;
                (if right { on } else { off }) as f32
            })
        };
        let times = on.iter().zip(&off).flat_map(|(on, off)| wanted(*on, *off)).collect();
        let loss = MseTemporalLoss::new()
            .with_on_targets(on.clone())
            .with_off_targets(off.clone())
            .with_tolerance(tolerance);
        (loss.forward_no_reduction(x.clone(), case.classes(target)), times)
    };
    if !multi_spike {
        return hold(case, &x, weigh_and_reduce(case, errors, reduction, weights)?);
    }
    if weights.is_some() {
        return Err("weights are not understood with multi_spike".into());
    }
    // What snnTorch computed is reproduced by the reference alone: that shows that the reference is
    // right but for the mistake, which is then left out.
    let reduce = |(losses, grads): (Vec<f32>, Vec<f32>)| match reduction {
        Reduction::None => (losses, grads),
        Reduction::Sum => (vec![losses.iter().sum()], grads),
        Reduction::Mean => {
            let count = losses.len() as f32;
            (vec![losses.iter().sum::<f32>() / count], grads.iter().map(|g| g / count).collect())
        }
    };
    let [value, grad] = expected(case)?;
    let (losses, grads) = reduce(spike_times(&x, &times, tolerance, true));
    close("value of the reference", &losses, &value)?;
    close("grad of the reference", &grads, &grad)?;
    let (value, grad) = reduce(spike_times(&x, &times, tolerance, false));
    hold_to(&x, reduction.apply(errors), &value, &grad)
}

fn torch(case: &Case, name: &str, params: &mut Params) -> Result<(), String> {
    let reduction = Reduction::take(params)?;
    let x = input::<2>(case)?;
    let target = text(case, "target")?;
    let losses = match name {
        "CrossEntropyLoss" => {
            let weights = weights(case, params);
            let smoothing = params.number("label_smoothing", 0.0);
            params.all_understood()?;
            let targets = case.classes(target);
            if reduction == Reduction::Mean {
                let weights = weights.map(|weights| weights.iter().map(|w| *w as f32).collect());
                let loss = CrossEntropyLossConfig::new()
                    .with_weights(weights)
                    .with_smoothing(Some(smoothing as f32))
                    .init(&x.device());
                return hold(case, &x, loss.forward(x.clone(), targets));
            }
            let losses = cross_entropy(x.clone(), targets, weights.as_deref(), smoothing);
            return hold(case, &x, reduction.apply(losses));
        }
        "SmoothL1Loss" => {
            let loss = SmoothL1LossConfig::new().with_beta(params.number("beta", 1.0) as f32);
            loss.init().forward(x.clone(), case.input(target))
        }
        "L1Loss" => LpLossConfig::l1().forward_no_reduction(x.clone(), case.input(target)),
        "MSELoss" => MseLoss::new().forward_no_reduction(x.clone(), case.input(target)),
        other => return Err(format!("unknown loss torch.nn.{other}")),
    };
    params.all_understood()?;
    hold(case, &x, reduction.apply(losses))
}

fn accuracy(case: &Case, name: &str, params: &mut Params) -> Result<(), String> {
    let population = params.flag("population_code", false);
    let classes = params.take("num_classes").and_then(Value::as_u64);
    params.all_understood()?;
    let spikes = match classes.filter(|_| population) {
        Some(classes) => population_sums(input::<3>(case)?, classes as usize),
        None => input::<3>(case)?,
    };
    let targets = case.classes(text(case, "target")?);
    let got = match name {
        "accuracy_rate" => accuracy_rate(spikes, targets),
        _ => accuracy_temporal(spikes, targets),
    };
    close("value", &values(got), &numbers(case.entry("value").ok_or("no value")?))
}

#[derive(Clone, Copy, PartialEq)]
enum Reduction {
    Mean,
    Sum,
    None,
}

impl Reduction {
    fn take(params: &mut Params) -> Result<Self, String> {
        match params.take("reduction").map(|value| value.as_str().unwrap_or("not a text")) {
            None | Some("mean") => Ok(Self::Mean),
            Some("sum") => Ok(Self::Sum),
            Some("none") => Ok(Self::None),
            Some(other) => Err(format!("unknown reduction {other}")),
        }
    }

    fn apply<const D: usize>(self, losses: Tensor<D>) -> Tensor<1> {
        match self {
            Self::Mean => losses.mean(),
            Self::Sum => losses.sum(),
            Self::None => losses.flatten(0, D - 1),
        }
    }
}

/// One weight for each class; the parameter names an input of the file.
fn weights(case: &Case, params: &mut Params) -> Option<Vec<f64>> {
    let name = params.take("weight")?.as_str().expect("a weight names an input");
    Some(numbers(case.raw_input(name)).iter().map(|w| *w as f64).collect())
}

/// Holds the loss and the gradient of `x` to the file's. That of several losses is the gradient of
/// their sum.
fn hold<const D: usize>(case: &Case, x: &Tensor<D>, loss: Tensor<1>) -> Result<(), String> {
    let [value, grad] = expected(case)?;
    hold_to(x, loss, &value, &grad)
}

fn expected(case: &Case) -> Result<[Vec<f32>; 2], String> {
    let value = case.entry("value").ok_or("no value")?;
    let grad = case.entry("grad").ok_or("no grad")?;
    Ok([numbers(value), numbers(grad)])
}

fn hold_to<const D: usize>(
    x: &Tensor<D>,
    loss: Tensor<1>,
    value: &[f32],
    grad: &[f32],
) -> Result<(), String> {
    close("value", &values(loss.clone()), value)?;
    let gradients = loss.sum().backward();
    close("grad", &values(x.grad(&gradients).ok_or("no gradient")?), grad)
}

/// Within 1e-5 of each value, above a floor of 1e-6 of the largest.
fn close(name: &str, got: &[f32], expected: &[f32]) -> Result<(), String> {
    if got.len() != expected.len() {
        return Err(format!("{name}: {} values, expected {}", got.len(), expected.len()));
    }
    let largest = expected.iter().fold(0.0, |largest: f32, x| largest.max(x.abs()));
    for (k, (got, expected)) in got.iter().zip(expected).enumerate() {
        let limit = 1e-5 * expected.abs() + 1e-6 * largest;
        let close = (got - expected).abs() <= limit;
        if !close {
            return Err(format!("{name}[{k}]: {got}, expected {expected}"));
        }
    }
    Ok(())
}

//! snnTorch: `Leaky`, `Synaptic` and the surrogates.

use burn::module::Param;
use burn::tensor::Tensor;
use serde_json::Value;
use snn::core::neuron::{CubaLifConfig, CubaState, LifConfig, LifState, Neuron, SnnTorchReset};
use snn::core::surrogate::{Surrogate, spike};
use snn::core::{Coefficient, Values};

use super::case::{Case, Params, compare, compare_outputs};
use crate::{test_device, values};

/// `Leaky` or `Synaptic`: outputs once, gradients for every surrogate.
pub fn neuron(case: &Case) -> Result<(), String> {
    for (name, grads) in case.grads() {
        let surrogate = parse_surrogate(name)?;
        replay(case, surrogate, grads).map_err(|problem| format!("{name}: {problem}"))?;
    }
    Ok(())
}

fn replay(case: &Case, surrogate: Surrogate, grads: &Value) -> Result<(), String> {
    let mut params = case.params();
    let device = test_device().autodiff();
    let x: Tensor<3> = case.input("x").require_grad();
    let [_, batch, neurons] = x.dims();
    let mut outputs = Vec::new();
    let mut learned: Vec<(&str, Param<Tensor<1>>)> = Vec::new();
    let mut note = |name: &'static str, coefficient: &Coefficient| {
        learned.extend(coefficient.param().map(|param| (name, param.clone())));
    };
    if let Some(alpha) = params.take("alpha") {
        let alpha = one_or_each(alpha);
        let learn_alpha = params.flag("learn_alpha", false);
        let (lif, mechanism, delay) = leaky(&mut params, surrogate)?;
        let beta = params.take("beta").map(one_or_each).ok_or("no beta")?;
        let mut config =
            CubaLifConfig::snntorch_synaptic(alpha, beta).with_learn_alpha(learn_alpha);
        config.lif = LifConfig { beta: config.lif.beta, ..lif };
        let neuron = config.with_snntorch_reset(mechanism, delay).init(&device).unwrap();
        note("alpha", neuron.alpha());
        note("beta", neuron.beta());
        note("threshold", neuron.threshold());
        let (spikes, states) =
            neuron.record(x.clone(), CubaState::zeros([batch, neurons], &device));
        outputs.extend([("spk", spikes), ("syn", states.i), ("mem", states.v)]);
    } else {
        let (config, mechanism, delay) = leaky(&mut params, surrogate)?;
        let neuron = config.with_snntorch_reset(mechanism, delay).init(&device).unwrap();
        note("beta", neuron.beta());
        note("threshold", neuron.threshold());
        let (spikes, states) = neuron.record(x.clone(), LifState::zeros([batch, neurons], &device));
        outputs.extend([("spk", spikes), ("mem", states.v)]);
    }
    params.all_understood()?;
    compare_outputs(case, &outputs)?;

    let terms = outputs
        .iter()
        .map(|(name, output)| (output.clone() * case.input(&format!("w_{name}"))).sum());
    let loss = terms.reduce(|sum, term| sum + term).unwrap();
    let gradients = loss.backward();
    for (name, expected) in grads.as_object().unwrap() {
        let got = match name.as_str() {
            "loss" => values(loss.clone()),
            "x" => values(x.grad(&gradients).ok_or("no gradient of x")?),
            other => {
                let (_, param) = learned
                    .iter()
                    .find(|(own, _)| *own == other)
                    .ok_or_else(|| format!("unknown gradient {other}"))?;
                values(param.val().grad(&gradients).ok_or("no gradient of a parameter")?)
            }
        };
        compare(name, expected, got, false)?;
    }
    Ok(())
}

/// What `Leaky` and `Synaptic` share.
fn leaky(
    params: &mut Params,
    surrogate: Surrogate,
) -> Result<(LifConfig, SnnTorchReset, bool), String> {
    let beta = params.take("beta").map(one_or_each).ok_or("no beta")?;
    let mechanism = match params.take("reset_mechanism").and_then(Value::as_str) {
        None | Some("subtract") => SnnTorchReset::Subtract,
        Some("zero") => SnnTorchReset::Zero,
        Some("none") => SnnTorchReset::None,
        Some(other) => return Err(format!("unknown reset mechanism {other}")),
    };
    let delay = params.flag("reset_delay", true);
    let config = LifConfig::snntorch_leaky(beta)
        .with_surrogate(surrogate)
        .with_threshold(params.take("threshold").map_or(Values::One(1.0), one_or_each))
        .with_learn_beta(params.flag("learn_beta", false))
        .with_learn_threshold(params.flag("learn_threshold", false))
        .with_graded_spikes_factor(params.number("graded_spikes_factor", 1.0))
        .with_inhibition(params.flag("inhibition", false));
    Ok((config, mechanism, delay))
}

fn one_or_each(value: &Value) -> Values {
    match value {
        Value::Array(values) => {
            Values::Each(values.iter().map(|value| value.as_f64().unwrap()).collect())
        }
        value => Values::One(value.as_f64().unwrap()),
    }
}

pub fn surrogate(case: &Case) -> Result<(), String> {
    case.params().all_understood()?;
    let x: Tensor<1> = case.input("x").require_grad();
    let spikes = spike(x.clone(), 0.0, parse_surrogate(case.name())?);
    let gradients = spikes.clone().sum().backward();
    for (name, expected) in case.outputs() {
        match name.as_str() {
            "spk" => compare(name, expected, values(spikes.clone()), true)?,
            other => return Err(format!("unknown output {other}")),
        }
    }
    for (name, expected) in case.grads() {
        match name.as_str() {
            "x" => compare(name, expected, values(x.grad(&gradients).unwrap()), false)?,
            other => return Err(format!("unknown gradient {other}")),
        }
    }
    Ok(())
}

/// `name(key=value,...)`
fn parse_surrogate(text: &str) -> Result<Surrogate, String> {
    let (name, arguments) =
        text.strip_suffix(')').and_then(|t| t.split_once('(')).unwrap_or((text, ""));
    let arguments = arguments.split(',').filter(|part| !part.is_empty()).map(|part| {
        let (key, value) =
            part.split_once('=').ok_or_else(|| format!("unknown surrogate {text}"))?;
        let value = value.trim().parse::<f64>().map_err(|error| format!("{text}: {error}"))?;
        Ok((key.trim(), value))
    });
    let arguments = arguments.collect::<Result<Vec<_>, String>>()?;
    let get = |key: &str, default: f64| {
        arguments.iter().find(|(own, _)| *own == key).map_or(default, |(_, value)| *value)
    };
    let known: &[&str] = match name {
        "fast_sigmoid" | "sigmoid" => &["slope"],
        "atan" => &["alpha"],
        "triangular" => &["threshold"],
        "spike_rate_escape" => &["beta", "slope"],
        "SFS" => &["slope", "B"],
        _ => &[],
    };
    if let Some((key, _)) = arguments.iter().find(|(key, _)| !known.contains(key)) {
        return Err(format!("unknown surrogate argument {key}"));
    }
    Ok(match name {
        "fast_sigmoid" => Surrogate::FastSigmoid { slope: get("slope", 25.0) },
        "sigmoid" => Surrogate::Sigmoid { slope: get("slope", 25.0) },
        "atan" => Surrogate::ATan { alpha: get("alpha", 2.0) },
        "triangular" => Surrogate::SnnTorchTriangular { threshold: get("threshold", 1.0) },
        "straight_through_estimator" => Surrogate::StraightThrough,
        "spike_rate_escape" => {
            Surrogate::SpikeRateEscape { beta: get("beta", 1.0), slope: get("slope", 25.0) }
        }
        "heaviside" => Surrogate::Heaviside,
        "SFS" => Surrogate::SparseFastSigmoid { slope: get("slope", 25.0), bound: get("B", 1.0) },
        _ => return Err(format!("unknown surrogate {text}")),
    })
}

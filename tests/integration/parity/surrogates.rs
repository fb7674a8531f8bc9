//! The surrogates of snnTorch, Norse, SpikingJelly and sinabs by their names there.

use burn::tensor::Tensor;
use snn::core::surrogate::{Surrogate, spike};

use super::case::{Case, Params};
use crate::values;

pub fn snntorch(case: &Case) -> Result<(), String> {
    case.params().all_understood()?;
    replay(case, &snntorch_surrogate(case.name())?)
}

/// Names are `method` or `super/released_1.1.0`, which drops `alpha`.
pub fn norse(case: &Case) -> Result<(), String> {
    let mut params = case.params();
    let mut alpha = params.number("alpha", f64::NAN);
    params.all_understood()?;
    let (method, release) = case.name().split_once('/').unwrap_or((case.name(), ""));
    match release {
        "" | "alpha_honoured" => {}
        "released_1.1.0" => alpha = 1.0,
        other => return Err(format!("unknown release {other}")),
    }
    replay(case, &norse_surrogate(method, alpha)?)
}

pub fn spikingjelly(case: &Case) -> Result<(), String> {
    let mut params = case.params();
    let surrogate = spikingjelly_surrogate(case.name(), &mut params)?;
    params.all_understood()?;
    replay(case, &surrogate)
}

/// The file's `x` is the membrane minus the threshold.
fn replay(case: &Case, surrogate: &Surrogate) -> Result<(), String> {
    let x: Tensor<1> = case.input("x").require_grad();
    let spikes = spike(x.clone(), 0.0, surrogate);
    let gradients = spikes.clone().sum().backward();
    for (name, expected) in case.outputs() {
        match name.as_str() {
            "spk" | "out" => case.compare(name, expected, values(spikes.clone()), true)?,
            other => return Err(format!("unknown output {other}")),
        }
    }
    for (name, expected) in case.grads() {
        match name.as_str() {
            "x" => case.compare(name, expected, values(x.grad(&gradients).unwrap()), false)?,
            other => return Err(format!("unknown gradient {other}")),
        }
    }
    Ok(())
}

pub fn norse_surrogate(method: &str, alpha: f64) -> Result<Surrogate, String> {
    Ok(match method {
        "super" => Surrogate::SuperSpike { alpha },
        "triangle" => Surrogate::norse_triangle(alpha),
        "tanh" => Surrogate::Tanh { slope: alpha },
        "circ" => Surrogate::Circ { alpha },
        "heavi_erfc" => Surrogate::norse_heavi_erfc(alpha),
        other => return Err(format!("unknown method {other}")),
    })
}

pub fn spikingjelly_surrogate(name: &str, params: &mut Params) -> Result<Surrogate, String> {
    let mut alpha = |default| params.number("alpha", default);
    Ok(match name {
        "PiecewiseQuadratic" => Surrogate::piecewise_quadratic(alpha(1.0)),
        "PiecewiseExp" => Surrogate::piecewise_exp(alpha(1.0)),
        "Sigmoid" => Surrogate::Sigmoid { slope: alpha(4.0) },
        "SoftSign" => Surrogate::spikingjelly_soft_sign(alpha(2.0)),
        "SuperSpike" => Surrogate::spikingjelly_super_spike(alpha(1.0)),
        "ATan" => Surrogate::ATan { alpha: alpha(2.0) },
        "NonzeroSignLogAbs" => Surrogate::LogAbs { alpha: alpha(1.0) },
        "Erf" => Surrogate::erf(alpha(2.0)),
        "PiecewiseLeakyReLU" => Surrogate::PiecewiseLeakyRelu {
            width: params.number("w", 1.0),
            leak: params.number("c", 0.01),
        },
        "S2NN" => Surrogate::S2nn { alpha: alpha(4.0), beta: params.number("beta", 1.0) },
        "QPseudoSpike" => Surrogate::QPseudoSpike { alpha: alpha(2.0) },
        "LeakyKReLU" => Surrogate::LeakyRelu {
            leak: params.number("leak", 0.0),
            slope: params.number("k", 1.0),
        },
        "LogTailedReLU" => Surrogate::LogTailedRelu { leak: alpha(0.0) },
        "Rect" => Surrogate::rect(alpha(1.0)),
        other => return Err(format!("unknown surrogate {other}")),
    })
}

type Arguments<'a> = Vec<(&'a str, f64)>;

/// `name(key=value,...)`
pub fn parse(text: &str) -> Result<(&str, Arguments<'_>), String> {
    let (name, arguments) =
        text.strip_suffix(')').and_then(|t| t.split_once('(')).unwrap_or((text, ""));
    let arguments = arguments.split(',').filter(|part| !part.is_empty()).map(|part| {
        let (key, value) =
            part.split_once('=').ok_or_else(|| format!("unknown surrogate {text}"))?;
        let value = value.trim().parse::<f64>().map_err(|error| format!("{text}: {error}"))?;
        Ok((key.trim(), value))
    });
    Ok((name, arguments.collect::<Result<_, String>>()?))
}

pub fn snntorch_surrogate(text: &str) -> Result<Surrogate, String> {
    let (name, arguments) = parse(text)?;
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

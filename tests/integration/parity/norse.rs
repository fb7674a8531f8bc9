//! Norse: its cells, feed-forward and recurrent.
//!
//! `released_1.1.0` holds gradients of a release that drops `alpha` from its SuperSpike derivative:
//! the same as an `alpha` of 1, so they are replayed with that.

use burn::tensor::{Device, Tensor};
use serde_json::Value;
use snn::core::neuron::{
    AlifConfig, AlifState, CubaLiConfig, CubaLifConfig, CubaState, IzhikevichParameters, Neuron,
    NonlinearIfConfig, NonlinearIfState, NorseAdEx, NorseAdaptation, NorseParameters,
    RefractoryConfig, RefractoryState,
};
use snn::core::recurrent::{Connection, Dense, Recurrent};

use super::case::{Case, Params};
use super::run::{Leaf, Outputs, Run};
use super::surrogates::norse_surrogate;
use crate::test_device;

const WEIGHTS: [(&str, &str); 2] = [("out", "w_out"), ("state.v", "w_v")];

pub fn cell(case: &Case) -> Result<(), String> {
    for (name, grads) in case.variants() {
        let released = match name.as_str() {
            "alpha_honoured" => false,
            "released_1.1.0" => true,
            other => return Err(format!("unknown gradients {other}")),
        };
        replay(case, grads, released).map_err(|problem| format!("{name}: {problem}"))?;
    }
    Ok(())
}

/// Parameters that the cells share, and the surrogate.
fn shared(params: &mut Params, released: bool) -> Result<NorseParameters, String> {
    let default = NorseParameters::default();
    let method = params.take("method").and_then(Value::as_str).unwrap_or("super");
    if method != "super" {
        return Err(format!("unknown method {method}"));
    }
    let alpha = params.number("alpha", default.alpha);
    Ok(NorseParameters {
        tau_syn_inv: params.number("tau_syn_inv", default.tau_syn_inv),
        tau_mem_inv: params.number("tau_mem_inv", default.tau_mem_inv),
        v_leak: params.number("v_leak", default.v_leak),
        v_th: params.number("v_th", default.v_th),
        v_reset: params.number("v_reset", default.v_reset),
        alpha: if released { 1.0 } else { alpha },
        dt: params.number("dt", default.dt),
    })
}

fn adaptation(params: &mut Params) -> NorseAdaptation {
    let default = NorseAdaptation::default();
    NorseAdaptation {
        tau_adapt_inv: params.number("tau_adapt_inv", default.tau_adapt_inv),
        beta: params.number("beta", default.beta),
    }
}

fn adex(params: &mut Params) -> NorseAdEx {
    let default = NorseAdEx::default();
    NorseAdEx {
        adaptation_current: params.number("adaptation_current", default.adaptation_current),
        adaptation_spike: params.number("adaptation_spike", default.adaptation_spike),
        delta_t: params.number("delta_T", default.delta_t),
        tau_ada_inv: params.number("tau_ada_inv", default.tau_ada_inv),
    }
}

fn replay(case: &Case, grads: &Value, released: bool) -> Result<(), String> {
    let device = test_device().autodiff();
    let mut params = case.params();
    let model = case.model();
    let cell = model.strip_prefix("norse ").unwrap_or_default();
    if let Some(kind) = cell.strip_prefix("Izhikevich") {
        return izhikevich(case, grads, released, kind);
    }
    let p = shared(&mut params, released)?;
    let mut weights = WEIGHTS;
    let run = match cell {
        "LIFCell" => feed_forward(case, &CubaLifConfig::norse_lif(p).init(&device).unwrap(), cuba),
        "LICell" => feed_forward(case, &CubaLiConfig::norse_li(p).init(&device).unwrap(), cuba),
        "LIFRecurrentCell" => {
            let lif = CubaLifConfig::norse_lif_recurrent(p).init(&device).unwrap();
            recurrent(case, lif, "state.z", cuba)
        }
        "LSNNCell" => {
            let config = AlifConfig::norse_lsnn(p, adaptation(&mut params));
            feed_forward(case, &config.init(&device).unwrap(), |s| alif(s, p.v_th))
        }
        "LSNNRecurrentCell" => {
            let config = AlifConfig::norse_lsnn_recurrent(p, adaptation(&mut params));
            recurrent(case, config.init(&device).unwrap(), "state.z", |s| alif(s, p.v_th))
        }
        "LIFAdExCell" => {
            let config = NonlinearIfConfig::norse_adex(p, adex(&mut params));
            feed_forward(case, &config.init(&device).unwrap(), adex_state)
        }
        "LIFAdExRecurrentCell" => {
            let config = NonlinearIfConfig::norse_adex(p, adex(&mut params));
            recurrent(case, config.init(&device).unwrap(), "state.z", adex_state)
        }
        "LIFRefracCell" | "LIFRefracRecurrentCell" => {
            weights[1].0 = "state.lif.v";
            let refractory = RefractoryConfig::norse(params.number("rho_reset", 5.0), p.alpha);
            if cell == "LIFRefracCell" {
                let lif = CubaLifConfig::norse_lif(p).init(&device).unwrap();
                feed_forward(case, &refractory.init(lif).unwrap(), refrac)
            } else {
                let lif = CubaLifConfig::norse_lif_recurrent(p).init(&device).unwrap();
                recurrent(case, refractory.init(lif).unwrap(), "state.lif.z", refrac)
            }
        }
        other => return Err(format!("unknown model {other}")),
    };
    params.all_understood()?;
    run.compare(case, grads, &weights)
}

fn izhikevich(case: &Case, grads: &Value, released: bool, kind: &str) -> Result<(), String> {
    let device = test_device().autodiff();
    let mut params = case.params();
    let mut get = |name| params.number(name, f64::NAN);
    let p = IzhikevichParameters {
        a: get("a"),
        b: get("b"),
        c: get("c"),
        d: get("d"),
        square: get("sq"),
        linear: get("mn"),
        constant: get("bias"),
        v_th: get("v_th"),
        v_start: get("v0"),
    };
    let (tau_inv, dt, alpha) = (get("tau_inv"), get("dt"), get("alpha"));
    let alpha = if released { 1.0 } else { alpha };
    let u = get("u0");
    if (u - p.b * p.v_start).abs() > 1e-5 * u.abs() {
        return Err(format!("a recovery current that does not start at b v: {u}"));
    }
    let method = params.take("method").and_then(Value::as_str).unwrap_or("super");
    params.all_understood()?;
    let mut config = NonlinearIfConfig::norse_izhikevich(p, tau_inv, dt, alpha);
    config.cuba.lif.surrogate = norse_surrogate(method, alpha)?;
    let neuron = config.init(&device).unwrap();
    let state = |s: NonlinearIfState<3>| vec![("state.v", s.v), ("state.u", s.w)];
    let run = match kind {
        "Cell" => feed_forward(case, &neuron, state),
        "RecurrentCell" => recurrent(case, neuron, "state.z", state),
        other => return Err(format!("unknown model Izhikevich{other}")),
    };
    run.compare(case, grads, &WEIGHTS)
}

fn cuba(states: CubaState<3>) -> Outputs {
    vec![("state.v", states.v), ("state.i", states.i)]
}

fn alif(states: AlifState<3>, v_th: f64) -> Outputs {
    vec![("state.v", states.v), ("state.i", states.i), ("state.b", states.a.add_scalar(v_th))]
}

fn adex_state(states: NonlinearIfState<3>) -> Outputs {
    vec![("state.v", states.v), ("state.i", states.i), ("state.a", states.w)]
}

fn refrac(states: RefractoryState<CubaState<3>, 3>) -> Outputs {
    let CubaState { i, v } = states.neuron;
    vec![("state.lif.v", v), ("state.lif.i", i), ("state.rho", states.rho)]
}

fn feed_forward<N: Neuron>(
    case: &Case,
    neuron: &N,
    state: impl FnOnce(N::State<3>) -> Outputs,
) -> Run {
    let device = test_device().autodiff();
    let x: Tensor<3> = case.input("x").require_grad();
    let run = Run::new(neuron, x.clone(), &device, |out, states| {
        let mut outputs = state(states);
        outputs.push(("out", out));
        outputs
    });
    run.with_leaf("x", Leaf::Sequence(x))
}

fn recurrent<N: Neuron>(
    case: &Case,
    neuron: N,
    z: &'static str,
    state: impl FnOnce(N::State<3>) -> Outputs,
) -> Run {
    let device: Device = test_device().autodiff();
    // The files have weights as [to, from].
    let weight = |name| case.weight::<2>(name).transpose();
    let input = weight("input_weights").require_grad();
    let dense = Dense::new(weight("recurrent_weights"), None, false);
    let own = dense.linear.weight.val();
    let neuron = Recurrent { neuron, connection: Connection::Dense(dense) };

    let x: Tensor<3> = case.input("x").require_grad();
    let [steps, batch, inputs] = x.dims();
    let current = x.clone().reshape([steps * batch, inputs]).matmul(input.clone());
    let size = current.dims()[1];
    let current = current.reshape([steps, batch, size]);
    let run = Run::new(&neuron, current, &device, |out, states| {
        let mut outputs = state(states.neuron);
        outputs.extend([("out", out), (z, states.z)]);
        outputs
    });
    run.with_leaf("x", Leaf::Sequence(x))
        .with_leaf("input_weights", Leaf::Matrix(input))
        .with_leaf("recurrent_weights", Leaf::Matrix(own))
}

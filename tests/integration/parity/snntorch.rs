//! snnTorch: `Leaky`, `Synaptic`, `Lapicque`, `Alpha`, `RLeaky`, `RSynaptic`.

use burn::tensor::{Device, Tensor};
use serde_json::Value;
use snn::core::Values;
use snn::core::neuron::{
    AlphaConfig, AlphaState, CubaLifConfig, CubaState, LifConfig, LifState, Neuron, RcCircuit,
    SnnTorchReset,
};
use snn::core::recurrent::{Connection, Dense, OneToOneConfig, Recurrent};
use snn::core::surrogate::Surrogate;

use super::case::{Case, Params};
use super::run::{Leaf, Outputs, Run};
use super::surrogates::snntorch_surrogate;
use crate::test_device;

/// Outputs once, gradients for every surrogate.
pub fn neuron(case: &Case) -> Result<(), String> {
    for (name, grads) in case.variants() {
        let surrogate = snntorch_surrogate(name)?;
        replay(case, surrogate, grads).map_err(|problem| format!("{name}: {problem}"))?;
    }
    Ok(())
}

fn replay(case: &Case, surrogate: Surrogate, grads: &Value) -> Result<(), String> {
    let model = case.model();
    let mut params = case.params();
    let device = test_device().autodiff();
    let x: Tensor<3> = case.input("x").require_grad();
    let (mechanism, mut delay) = reset(&mut params)?;
    if model.ends_with("RSynaptic") && !delay {
        // That library resets as if it were delayed, and the file says so. Ours does not: it is held
        // to the 64-bit reference like every other neuron.
        assert!(case.note().contains("reset_delay"), "{}", case.name());
        delay = true;
    }
    let alpha = params.values("alpha");
    let run = match model.as_str() {
        "snntorch Leaky" => {
            let config =
                leaky(LifConfig::snntorch_leaky(beta(&mut params)?), &mut params, surrogate);
            let neuron = config.with_snntorch_reset(mechanism, delay).init(&device).unwrap();
            let run = Run::new(&neuron, x.clone(), &device, membrane);
            run.with_coefficient("beta", neuron.beta())
                .with_coefficient("threshold", neuron.threshold())
                .with_coefficient("graded_spikes_factor", neuron.graded_spikes_factor())
        }
        "snntorch Lapicque" => {
            let circuit = circuit(&mut params)?;
            let config = LifConfig::snntorch_lapicque(circuit, mechanism);
            let neuron = leaky(config, &mut params, surrogate).init(&device).unwrap();
            let run = Run::new(&neuron, x.clone(), &device, membrane);
            run.with_coefficient("threshold", neuron.threshold())
        }
        "snntorch Synaptic" => {
            let learn_alpha = params.flag("learn_alpha", false);
            let mut config =
                CubaLifConfig::snntorch_synaptic(alpha.ok_or("no alpha")?, beta(&mut params)?)
                    .with_learn_alpha(learn_alpha);
            config.lif = leaky(config.lif, &mut params, surrogate);
            let neuron = config.with_snntorch_reset(mechanism, delay).init(&device).unwrap();
            let run = Run::new(&neuron, x.clone(), &device, current_and_membrane);
            run.with_coefficient("alpha", neuron.alpha())
                .with_coefficient("beta", neuron.beta())
                .with_coefficient("threshold", neuron.threshold())
        }
        "snntorch Alpha" => {
            let alpha = alpha.ok_or("no alpha")?;
            let mut config = AlphaConfig::snntorch_alpha(alpha, beta(&mut params)?, mechanism);
            config.lif = leaky(config.lif, &mut params, surrogate);
            let neuron = config.init(&device).unwrap();
            let run = Run::new(&neuron, x.clone(), &device, |spk, s: AlphaState<3>| {
                vec![("spk", spk), ("syn_exc", s.e), ("syn_inh", s.h), ("mem", s.v)]
            });
            run.with_coefficient("beta", neuron.beta())
                .with_coefficient("threshold", neuron.threshold())
        }
        "snntorch RLeaky" => {
            let config = LifConfig::snntorch_rleaky(beta(&mut params)?, mechanism, delay);
            let lif = leaky(config, &mut params, surrogate).init(&device).unwrap();
            recurrent(case, &mut params, lif, x.clone(), &device, membrane)?
        }
        "snntorch RSynaptic" => {
            let alpha = alpha.ok_or("no alpha")?;
            let mut config = CubaLifConfig::snntorch_synaptic(alpha, beta(&mut params)?);
            config.lif = leaky(config.lif, &mut params, surrogate);
            let lif = config.with_snntorch_reset(mechanism, delay).init(&device).unwrap();
            recurrent(case, &mut params, lif, x.clone(), &device, current_and_membrane)?
        }
        other => return Err(format!("unknown model {other}")),
    };
    params.all_understood()?;
    let run = run.with_leaf("x", Leaf::Sequence(x));
    let weights: Vec<(&str, String)> =
        run.outputs.iter().map(|(name, _)| (*name, format!("w_{name}"))).collect();
    let weights: Vec<(&str, &str)> = weights.iter().map(|(a, b)| (*a, b.as_str())).collect();
    run.compare(case, grads, &weights)
}

fn membrane(spikes: Tensor<3>, states: LifState<3>) -> Outputs {
    vec![("spk", spikes), ("mem", states.v)]
}

fn current_and_membrane(spikes: Tensor<3>, states: CubaState<3>) -> Outputs {
    vec![("spk", spikes), ("syn", states.i), ("mem", states.v)]
}

/// `RLeaky` and `RSynaptic`: dense or one-to-one.
fn recurrent<N: Neuron>(
    case: &Case,
    params: &mut Params,
    neuron: N,
    x: Tensor<3>,
    device: &Device,
    outputs: impl FnOnce(Tensor<3>, N::State<3>) -> Outputs,
) -> Result<Run, String> {
    let learn = params.flag("learn_recurrent", true);
    let v = params.values("V").unwrap_or(Values::One(1.0));
    let size = params.take("linear_features").and_then(Value::as_u64);
    let neuron = match params.flag("all_to_all", true) {
        true => {
            size.ok_or("no linear_features")?;
            let weight: Tensor<2> = case.weight("recurrent.weight");
            let bias = case.weight("recurrent.bias");
            let dense = Dense::new(weight.transpose(), Some(bias), true);
            Recurrent { neuron, connection: Connection::Dense(dense) }
        }
        false => OneToOneConfig::new(v).with_learn(learn).init(neuron, device).unwrap(),
    };
    let run = Run::new(&neuron, x, device, |spikes, states| outputs(spikes, states.neuron));
    Ok(match &neuron.connection {
        Connection::Dense(dense) => {
            let bias = dense.linear.bias.as_ref().unwrap();
            run.with_leaf("recurrent.weight", Leaf::Matrix(dense.linear.weight.val()))
                .with_leaf("recurrent.bias", Leaf::Vector(bias.val()))
        }
        Connection::OneToOne(weight) => run.with_coefficient("V", weight),
        Connection::Conv2d(_) => run,
    })
}

fn reset(params: &mut Params) -> Result<(SnnTorchReset, bool), String> {
    let mechanism = match params.take("reset_mechanism").and_then(Value::as_str) {
        None | Some("subtract") => SnnTorchReset::Subtract,
        Some("zero") => SnnTorchReset::Zero,
        Some("none") => SnnTorchReset::None,
        Some(other) => return Err(format!("unknown reset mechanism {other}")),
    };
    Ok((mechanism, params.flag("reset_delay", true)))
}

fn beta(params: &mut Params) -> Result<Values, String> {
    params.values("beta").ok_or_else(|| "no beta".into())
}

/// Two of the three describe the circuit; with `beta` alone, `R` is 1.
fn circuit(params: &mut Params) -> Result<RcCircuit, String> {
    let dt = params.number("time_step", 1.0);
    let mut get = |name| params.take(name).and_then(Value::as_f64);
    Ok(match (get("beta"), get("R"), get("C")) {
        (_, Some(r), Some(c)) => RcCircuit { r, c, dt },
        (Some(beta), Some(r), None) => RcCircuit::from_beta(beta, r, dt),
        (Some(beta), None, Some(c)) => RcCircuit { r: dt / (c * (1.0 / beta).ln()), c, dt },
        (Some(beta), None, None) => RcCircuit::from_beta(beta, 1.0, dt),
        _ => return Err("no circuit".into()),
    })
}

/// What all of them share.
fn leaky(config: LifConfig, params: &mut Params, surrogate: Surrogate) -> LifConfig {
    config
        .with_surrogate(surrogate)
        .with_threshold(params.values("threshold").unwrap_or(Values::One(1.0)))
        .with_learn_beta(params.flag("learn_beta", false))
        .with_learn_threshold(params.flag("learn_threshold", false))
        .with_graded_spikes_factor(
            params.values("graded_spikes_factor").unwrap_or(Values::One(1.0)),
        )
        .with_learn_graded_spikes_factor(params.flag("learn_graded_spikes_factor", false))
        .with_inhibition(params.flag("inhibition", false))
}

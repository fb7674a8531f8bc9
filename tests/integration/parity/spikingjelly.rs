//! SpikingJelly: `IFNode`, `LIFNode`, `ParametricLIFNode`.

use burn::tensor::Tensor;
use serde_json::Value;
use snn::core::Values;
use snn::core::neuron::{LifConfig, LifState};

use super::case::{Case, Params};
use super::run::{Leaf, Run};
use super::surrogates::{parse, spikingjelly_surrogate};
use crate::test_device;

pub fn node(case: &Case) -> Result<(), String> {
    for (name, grads) in case.variants() {
        replay(case, name, grads).map_err(|problem| format!("{name}: {problem}"))?;
    }
    Ok(())
}

fn replay(case: &Case, surrogate: &str, grads: &Value) -> Result<(), String> {
    let device = test_device().autodiff();
    let mut params = case.params();
    let v_reset = match params.take("v_reset") {
        None => Some(0.0),
        Some(value) => value.as_f64(),
    };
    let config = match case.model().strip_prefix("spikingjelly ").unwrap_or_default() {
        "IFNode" => LifConfig::spikingjelly_if(v_reset),
        "LIFNode" => {
            let decay_input = params.flag("decay_input", true);
            LifConfig::spikingjelly_lif(params.number("tau", 2.0), decay_input, v_reset)
        }
        "ParametricLIFNode" => {
            let decay_input = params.flag("decay_input", true);
            LifConfig::spikingjelly_plif(params.number("init_tau", 2.0), decay_input, v_reset)
        }
        other => return Err(format!("unknown model {other}")),
    };
    let (name, arguments) = parse(surrogate)?;
    let arguments = arguments.into_iter().map(|(key, value)| (key.to_owned(), value.into()));
    let arguments = Value::Object(arguments.collect());
    let mut arguments = Params::of(&arguments);
    let surrogate = spikingjelly_surrogate(name, &mut arguments)?;
    arguments.all_understood()?;
    let neuron = config
        .with_surrogate(surrogate)
        .with_threshold(Values::One(params.number("v_threshold", 1.0)))
        .with_detach_reset(params.flag("detach_reset", false))
        .init(&device)
        .unwrap();
    params.all_understood()?;

    let x: Tensor<3> = case.input("x").require_grad();
    let run = Run::new(&neuron, x.clone(), &device, |spk, states: LifState<3>| {
        vec![("spk", spk), ("v", states.v)]
    });
    run.with_leaf("x", Leaf::Sequence(x)).with_coefficient("w", neuron.beta()).compare(
        case,
        grads,
        &[("spk", "w_spk"), ("v", "w_v")],
    )
}

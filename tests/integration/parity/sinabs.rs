//! sinabs: `LIF`, `IAF`, `ExpLeak`, `ALIF`. Its sequences are `[B, T, N]`.

use burn::tensor::Tensor;
use serde_json::Value;
use snn::core::Values;
use snn::core::neuron::{
    AlifConfig, AlifState, CubaLifConfig, CubaState, LiConfig, LifConfig, LifState, Reset,
};
use snn::core::surrogate::{SpikeTest, Surrogate, SurrogateUnit};

use super::case::{Case, Params};
use super::run::{Leaf, Run};
use crate::test_device;

pub fn layer(case: &Case) -> Result<(), String> {
    let device = test_device().autodiff();
    let mut params = case.params();
    let input: Tensor<3> = case.input("x");
    let input = input
        .mul_scalar(case.entry("x_scale").and_then(Value::as_f64).unwrap_or(1.0))
        .require_grad();
    let x = input.clone().swap_dims(0, 1);
    let tau_mem = params.values("tau_mem");
    let tau_syn = params.values("tau_syn");
    let v_min = params.take("min_v_mem").and_then(Value::as_f64);
    let model = case.model();
    let layer = model.strip_prefix("sinabs ").unwrap_or_default();
    let run = match layer {
        "LIF" | "IAF" | "IAFSqueeze" => {
            // Squeezing is a matter of layout only.
            params.take("batch_size");
            let lif = match layer {
                "LIF" => {
                    let norm_input = params.flag("norm_input", true);
                    let alphas = params.flag("train_alphas", false);
                    let tau_mem = tau_mem.ok_or("no tau_mem")?;
                    let config = LifConfig::sinabs_lif(tau_mem, norm_input);
                    let config = trained(config, alphas);
                    config.with_learn_beta(true)
                }
                _ => LifConfig::sinabs_iaf(),
            };
            let lif = spiking(lif, &mut params)?.with_v_min(v_min);
            match tau_syn {
                None => {
                    let neuron = lif.init(&device).unwrap();
                    let run = Run::new(&neuron, x, &device, |out, s: LifState<3>| {
                        vec![("out", out), ("v_mem", s.v)]
                    });
                    run.with_coefficient("tau_mem", neuron.beta())
                        .with_coefficient("alpha_mem", neuron.beta())
                }
                Some(tau_syn) => {
                    let config = CubaLifConfig::sinabs(tau_syn, lif).with_learn_alpha(true);
                    let neuron = config.init(&device).unwrap();
                    let run = Run::new(&neuron, x, &device, |out, s: CubaState<3>| {
                        vec![("out", out), ("v_mem", s.v), ("i_syn", s.i)]
                    });
                    run.with_coefficient("tau_mem", neuron.beta())
                        .with_coefficient("tau_syn", neuron.alpha())
                }
            }
        }
        "ExpLeak" => {
            let norm_input = params.flag("norm_input", false);
            let config = LiConfig::sinabs_exp_leak(tau_mem.ok_or("no tau_mem")?, norm_input);
            let neuron = config.with_v_min(v_min).with_learn_beta(true).init(&device).unwrap();
            let run = Run::new(&neuron, x, &device, |out, s: LifState<3>| {
                vec![("out", out), ("v_mem", s.v)]
            });
            run.with_coefficient("tau_mem", neuron.beta())
        }
        "ALIF" => {
            let norm_input = params.flag("norm_input", true);
            let tau_adapt = params.values("tau_adapt").ok_or("no tau_adapt")?;
            let scale = params.number("adapt_scale", 1.8);
            let tau_mem = tau_mem.ok_or("no tau_mem")?;
            let mut config = AlifConfig::sinabs_alif(tau_mem, tau_adapt, norm_input, scale);
            config.cuba.lif =
                spiking(config.cuba.lif, &mut params)?.with_v_min(v_min).with_learn_beta(true);
            let neuron = config.with_learn_adaptation(true).init(&device).unwrap();
            let run = Run::new(&neuron, x, &device, |out, s: AlifState<3>| {
                vec![("out", out), ("v_mem", s.v), ("b", s.a.div_scalar(scale))]
            });
            run.with_coefficient("tau_mem", neuron.beta())
                .with_coefficient("tau_adapt", neuron.adaptation())
        }
        other => return Err(format!("unknown model {other}")),
    };
    params.all_understood()?;
    let outputs =
        run.outputs.into_iter().map(|(name, tensor)| (name, tensor.swap_dims(0, 1))).collect();
    let run = Run { outputs, ..run }.with_leaf("x", Leaf::Sequence(input));
    let with_membrane = ["LIF", "IAF", "ExpLeak"].contains(&layer);
    let weights = [("out", "w_out"), ("v_mem", "w_v")];
    let grads = Value::Object(case.grads().clone());
    run.compare(case, &grads, if with_membrane { &weights } else { &weights[..1] })
}

/// `train_alphas`: the decay factor is learned instead of the time constant.
fn trained(config: LifConfig, alphas: bool) -> LifConfig {
    match alphas {
        true => {
            LifConfig { beta: snn::core::Decay::Factor(config.beta.factors().unwrap()), ..config }
        }
        false => config,
    }
}

/// Threshold, spikes, reset and surrogate.
fn spiking(config: LifConfig, params: &mut Params) -> Result<LifConfig, String> {
    let threshold = params.number("spike_threshold", 1.0);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let test = match text(params.take("spike_fn")).as_deref() {
        None => config.spike_test,
        Some("MultiSpike") => SpikeTest::Multiple { max: None },
        Some("SingleSpike") => SpikeTest::AtOrAbove,
        Some(other) => {
            let max = other.strip_prefix("MaxSpike(").and_then(|rest| rest.strip_suffix(')'));
            let max = max.and_then(|max| max.parse().ok());
            SpikeTest::Multiple { max: Some(max.ok_or_else(|| format!("unknown {other}"))?) }
        }
    };
    let (reset, detach) = match text(params.take("reset_fn")).as_deref() {
        None | Some("MembraneSubtract") => (Reset::Subtract, false),
        Some("MembraneReset") => (Reset::ToValue(0.0), true),
        Some(other) => return Err(format!("unknown reset {other}")),
    };
    // The widths of these, unlike that of the default, are not in units of the threshold.
    let (surrogate, unit) = match text(params.take("surrogate_grad_fn")).as_deref() {
        None | Some("SingleExponential") => (config.surrogate.clone(), config.surrogate_unit),
        Some("Heaviside") => {
            let surrogate = Surrogate::Window { height: 1.0 / threshold, below: 1.0 };
            (surrogate, SurrogateUnit::Membrane)
        }
        Some("Gaussian") => {
            let surrogate = Surrogate::Gaussian { scale: 1.0, mean: 0.0, sigma: 0.5 };
            (surrogate, SurrogateUnit::Membrane)
        }
        Some("MultiGaussian") => {
            let surrogate = Surrogate::MultiGaussian {
                scale: 1.0,
                mean: 0.0,
                sigma: 0.5,
                height: 0.15,
                spread: 6.0,
            };
            (surrogate, SurrogateUnit::Membrane)
        }
        Some("PeriodicExponential") => {
            let surrogate = Surrogate::PeriodicExponential {
                height: 1.0 / threshold,
                width: 0.5,
                period: threshold,
            };
            (surrogate, SurrogateUnit::Membrane)
        }
        Some(other) => return Err(format!("unknown surrogate {other}")),
    };
    Ok(config
        .with_threshold(Values::One(threshold))
        .with_spike_test(test)
        .with_reset(reset)
        .with_detach_reset(detach)
        .with_surrogate(surrogate)
        .with_surrogate_unit(unit))
}

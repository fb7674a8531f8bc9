//! Norse: `LIFCell`, `LIFRecurrentCell`, `LICell`.
//!
//! `released_1.1.0` holds gradients of a release that drops `alpha` from its SuperSpike derivative:
//! the same as an `alpha` of 1, so they are replayed with that.

use burn::module::Param;
use burn::tensor::{Device, Tensor};
use snn::core::neuron::{CubaLiConfig, CubaLifConfig, CubaState, Neuron, NorseParameters};
use snn::core::recurrent::RecurrentConfig;

use super::case::{Case, compare, compare_outputs};
use crate::{test_device, values};

fn parameters(case: &Case) -> Result<NorseParameters, String> {
    let mut params = case.params();
    let default = NorseParameters::default();
    let parameters = NorseParameters {
        tau_syn_inv: params.number("tau_syn_inv", default.tau_syn_inv),
        tau_mem_inv: params.number("tau_mem_inv", default.tau_mem_inv),
        v_leak: params.number("v_leak", default.v_leak),
        v_th: params.number("v_th", default.v_th),
        v_reset: params.number("v_reset", default.v_reset),
        alpha: params.number("alpha", default.alpha),
        dt: params.number("dt", default.dt),
    };
    params.all_understood()?;
    Ok(parameters)
}

/// What a cell returns over time, by the names of the files, and the tensors with gradients.
struct Run {
    outputs: Vec<(&'static str, Tensor<3>)>,
    leaves: Vec<(&'static str, Vec<f32>)>,
    loss: f32,
}

/// Runs `cell` with the SuperSpike steepness of each set of gradients, and compares.
fn replay(case: &Case, cell: impl Fn(NorseParameters) -> Run) -> Result<(), String> {
    for (name, grads) in case.grads() {
        let mut parameters = parameters(case)?;
        match name.as_str() {
            "alpha_honoured" => {}
            "released_1.1.0" => parameters.alpha = 1.0,
            other => return Err(format!("unknown gradients {other}")),
        }
        let run = cell(parameters);
        compare_outputs(case, &run.outputs)?;
        for (leaf, expected) in grads.as_object().unwrap() {
            let own = run.leaves.iter().find(|(own, _)| own == leaf);
            let got = match leaf.as_str() {
                "loss" => vec![run.loss],
                _ => own.ok_or_else(|| format!("unknown gradient {leaf}"))?.1.clone(),
            };
            compare(leaf, expected, got, false).map_err(|problem| format!("{name}: {problem}"))?;
        }
    }
    Ok(())
}

fn loss(case: &Case, out: &Tensor<3>, v: &Tensor<3>) -> Tensor<1> {
    (out.clone() * case.input("w_out")).sum() + (v.clone() * case.input("w_v")).sum()
}

pub fn lif(case: &Case) -> Result<(), String> {
    feed_forward(case, |parameters, device| {
        CubaLifConfig::norse_lif(parameters).init(device).unwrap()
    })
}

pub fn li(case: &Case) -> Result<(), String> {
    feed_forward(case, |parameters, device| {
        CubaLiConfig::norse_li(parameters).init(device).unwrap()
    })
}

fn feed_forward<N>(case: &Case, cell: impl Fn(NorseParameters, &Device) -> N) -> Result<(), String>
where
    N: Neuron<State<3> = CubaState<3>>,
{
    let device = test_device().autodiff();
    replay(case, |parameters| {
        let neuron = cell(parameters, &device);
        let x: Tensor<3> = case.input("x").require_grad();
        let [_, batch, neurons] = x.dims();
        let rest = neuron.initial_state([batch, neurons], &device);
        let (out, states) = neuron.record::<3, 2>(x.clone(), rest);
        let loss = loss(case, &out, &states.v);
        let gradients = loss.backward();
        Run {
            outputs: vec![("out", out), ("state.v", states.v), ("state.i", states.i)],
            leaves: vec![("x", values(x.grad(&gradients).unwrap()))],
            loss: loss.into_scalar(),
        }
    })
}

pub fn lif_recurrent(case: &Case) -> Result<(), String> {
    let device = test_device().autodiff();
    replay(case, |parameters| {
        let lif = CubaLifConfig::norse_lif_recurrent(parameters).init(&device).unwrap();
        // The files have weights as [to, from].
        let input_weights = Param::from_tensor(case.weight("input_weights"));
        let recurrent_weights = case.weight("recurrent_weights").transpose();
        let size = recurrent_weights.dims()[0];
        let config = RecurrentConfig::new(size).with_autapses(false);
        let mut neuron = config.init(lif, &device).unwrap();
        neuron.weight = Param::from_tensor(recurrent_weights);

        let x: Tensor<3> = case.input("x").require_grad();
        let [steps, batch, inputs] = x.dims();
        let current = x.clone().reshape([steps * batch, inputs]);
        let current = current.matmul(input_weights.val().transpose());
        let rest = neuron.initial_state([batch, size], &device);
        let (out, states) = neuron.record(current.reshape([steps, batch, size]), rest);
        let loss = loss(case, &out, &states.neuron.v);
        let gradients = loss.backward();
        let recurrent_grad = neuron.weight.val().grad(&gradients).unwrap().transpose();
        Run {
            outputs: vec![
                ("out", out),
                ("state.z", states.z),
                ("state.v", states.neuron.v),
                ("state.i", states.neuron.i),
            ],
            leaves: vec![
                ("x", values(x.grad(&gradients).unwrap())),
                ("input_weights", values(input_weights.val().grad(&gradients).unwrap())),
                ("recurrent_weights", values(recurrent_grad)),
            ],
            loss: loss.into_scalar(),
        }
    })
}

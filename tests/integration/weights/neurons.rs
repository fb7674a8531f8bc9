//! Parameters of neurons from files of snnTorch and SpikingJelly: loaded where they are learned or one for each neuron,
//! else equal to what is configured.

use burn::nn::LinearConfig;
use burn::tensor::Tensor;
use snn::core::neuron::*;
use snn::core::recurrent::{Connection, ConvRecurrentConfig, OneToOneConfig};
use snn::core::sequential::{ConnectionConfig, Layer, RecurrentLayerConfig};
use snn::core::weights::{LoadReport, Mapping, WeightFile};
use snn::core::{Decay, Values};
use snn::prelude::*;

use super::{Stored, assert_close, f32s, fixture, init, safetensors, written};
use crate::{test_device, values};

/// The network of `snntorch.pt`.
fn small(beta: [f64; 2], learned: bool) -> SequentialConfig {
    let leaky = |beta| LifConfig::snntorch_leaky(beta).with_learn_beta(learned);
    SequentialConfig::new()
        .layer(LinearConfig::new(3, 4))
        .layer(leaky(beta[0]))
        .layer(LinearConfig::new(4, 2))
        .layer(leaky(beta[1]))
}

fn neuron(network: &Sequential, layer: usize) -> &AnyNeuron {
    match &network.layers[layer] {
        Layer::Neuron(neuron) => neuron,
        Layer::Recurrent(recurrent) => &recurrent.neuron,
        other => panic!("{other:?}"),
    }
}

fn betas(network: &Sequential, layer: usize) -> Vec<f32> {
    match neuron(network, layer) {
        AnyNeuron::Lif(lif) => lif.beta().values(),
        AnyNeuron::CubaLif(lif) => lif.beta().values(),
        AnyNeuron::Li(li) => li.beta().values(),
        other => panic!("{other:?}"),
    }
}

/// One layer of neurons behind a linear layer, and the parameters that a file has for it.
fn load(tensors: &[Stored<'_>], layer: impl Into<LayerConfig>) -> Result<Sequential, String> {
    let linear = f32s("0.weight", &[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let file = written(&safetensors(&[&[linear], tensors].concat()));
    let config =
        SequentialConfig::new().layer(LinearConfig::new(2, 2).with_bias(false)).layer(layer);
    let mut network = init(&config);
    let file = WeightFile::open(file.path()).unwrap();
    let partly = file.load_partial(&mut network.clone(), &Mapping::InOrder);
    match file.load(&mut network, &Mapping::InOrder) {
        Ok(report) => {
            assert_eq!((report.unused, report.untouched), (vec![], vec![]));
            Ok(network)
        }
        Err(error) => {
            let error = error.to_string().split_once(": ").unwrap().1.to_string();
            // What differs is not hidden by loading a part.
            let left = ["no layer takes", "is not at rest", "there are no weights"];
            if !left.iter().any(|left| error.contains(left)) {
                partly.expect_err(&error);
            }
            Err(error)
        }
    }
}

fn one(name: &str, value: f32) -> Stored<'_> {
    f32s(name, &[], &[value])
}

/// A snnTorch `Leaky` of this threshold, with what else is given.
fn leaky<'a>(beta: f32, threshold: f32, more: &[Stored<'a>]) -> Vec<Stored<'a>> {
    let reset = ("1.reset_mechanism_val", &[][..], "I64", 0i64.to_le_bytes().to_vec());
    let own = [
        one("1.beta", beta),
        one("1.threshold", threshold),
        one("1.graded_spikes_factor", 1.0),
        reset,
        f32s("1.mem", &[0], &[]),
    ];
    // The last of a name counts.
    let own = own.into_iter().filter(|own| more.iter().all(|more| more.0 != own.0));
    own.chain(more.iter().cloned()).collect()
}

/// snnTorch 1.0 in loops: v ← β v + x - [v > 1], z = [v > 1].
fn loops(x: &[Vec<f32>]) -> Vec<f32> {
    // (k - 5) / 8 and (k - 4) / 8 for the first layer, (k - 3) / 8 and (k - 2) / 8 for the second.
    let layer = |x: &[f32], outputs: usize, first: f32| -> Vec<f32> {
        let weight = |o: usize, i: usize| ((o * x.len() + i) as f32 - first) / 8.0;
        let bias = |o: usize| (o as f32 - first + 1.0) / 8.0;
        (0..outputs)
            .map(|o| (0..x.len()).map(|i| weight(o, i) * x[i]).sum::<f32>() + bias(o))
            .collect()
    };
    let fire = |v: &mut [f32], x: Vec<f32>, beta: f32| -> Vec<f32> {
        v.iter_mut()
            .zip(x)
            .map(|(v, x)| {
                *v = beta * *v + x - f32::from(*v > 1.0);
                f32::from(*v > 1.0)
            })
            .collect()
    };
    let (mut first, mut second) = (vec![0.0; 4], vec![0.0; 2]);
    x.iter()
        .flat_map(|x| {
            let z = fire(&mut first, layer(x, 4, 5.0), 0.7);
            fire(&mut second, layer(&z, 2, 3.0), 0.55);
            second.clone()
        })
        .collect()
}

#[test]
fn a_network_of_snntorch_gives_its_membranes() {
    let file = WeightFile::open(fixture("snntorch.pt")).unwrap();
    for (config, mapping) in [
        (small([0.7, 0.55], false), Mapping::InOrder),
        (small([0.9, 0.9], true), Mapping::InOrder),
        (small([0.9, 0.9], true), Mapping::layers([(0, "0"), (1, "1"), (2, "2"), (3, "3")])),
    ] {
        let mut network = init(&config);
        let report = file.load(&mut network, &mapping).unwrap();
        let loaded = [(0, "0"), (1, "1"), (2, "2"), (3, "3")];
        let loaded = loaded.map(|(layer, name)| (layer, name.to_string())).to_vec();
        assert_eq!(report, LoadReport { loaded, unused: vec![], untouched: vec![] });
        assert_eq!([betas(&network, 1), betas(&network, 3)].concat(), [0.7, 0.55]);
        let x: Vec<Vec<f32>> =
            (0..12).map(|t| (0..3).map(|i| ((t * 5 + i * 3) % 7) as f32 / 3.0).collect()).collect();
        let rows = Tensor::<1>::from_floats(x.concat().as_slice(), &test_device());
        let rest = SequentialState::default();
        let (_, _, recording) = network.forward_recorded::<3, 3>(
            rows.reshape([12, 1, 3]),
            rest,
            Record::OutputsAndMembranes,
        );
        let expected = loops(&x);
        assert!(expected.iter().any(|v| *v > 1.0), "{expected:?}");
        assert_close(&values(recording.membranes::<3>(3)), &expected, 1e-5);
    }
}

#[test]
fn a_decay_that_is_configured_otherwise_is_named() {
    let file = WeightFile::open(fixture("snntorch.pt")).unwrap();
    let mut network = init(&small([0.7, 0.9], false));
    let expected = "3.beta is 0.55, but layer 3 (Lif) is configured with a decay of the membrane of 0.9: configure \
                    `Decay::factor(0.55)`, or `with_learn_beta(true)` to load it";
    let error = file.load(&mut network, &Mapping::InOrder).unwrap_err().to_string();
    assert!(error.ends_with(expected), "{error}");
    let error = file.load_partial(&mut network, &Mapping::InOrder).unwrap_err().to_string();
    assert!(error.ends_with(expected), "{error}");
    // Not mapped: left, and reported.
    let weights = Mapping::layers([(0, "0"), (2, "2")]);
    let report = file.load_partial(&mut network, &weights).unwrap();
    assert_eq!(report.unused.len(), 10);
    let error = file.load(&mut network, &weights).unwrap_err().to_string();
    assert!(error.contains("no layer takes 1.beta, 1.graded_spikes_factor, "), "{error}");
}

/// Of `parts.py`: `RLeaky` with a beta for each neuron, `Synaptic`, and a `ParametricLIFNode` of w = -ln 3, whose decay
/// is 1 - σ(w) = 3 / 4.
#[test]
fn recurrent_synaptic_and_parametric_neurons() {
    let zero = |config: LifConfig| {
        config.with_threshold(Values::One(0.5)).with_snntorch_reset(SnnTorchReset::Zero, true)
    };
    let rleaky = zero(LifConfig::snntorch_rleaky(vec![0.5; 2], SnnTorchReset::Zero, true));
    let synaptic = CubaLifConfig::new(Decay::factor(0.75), zero(LifConfig::snntorch_leaky(0.5)));
    let linear = || LinearConfig::new(2, 2).with_bias(false);
    let config = |plif: LifConfig| {
        SequentialConfig::new()
            .layer(linear())
            .layer(LayerConfig::recurrent(rleaky.clone(), RecurrentConfig::snntorch(2)))
            .layer(linear())
            .layer(synaptic.clone())
            .layer(linear())
            .layer(plif)
    };
    let file = WeightFile::open(fixture("neurons.pt")).unwrap();
    for plif in [
        LifConfig::spikingjelly_plif(2.0, true, None),
        LifConfig::spikingjelly_lif(4.0, true, None),
        LifConfig::new(Decay::exact(3.0, 2.0)).with_learn_beta(true),
    ] {
        let mut network = init(&config(plif));
        let report = file.load(&mut network, &Mapping::InOrder).unwrap();
        assert_eq!((report.loaded.len(), report.unused, report.untouched), (6, vec![], vec![]));
        assert_eq!(betas(&network, 1), [0.25, 0.75]);
        assert_close(&betas(&network, 5), &[0.75], 1e-6);
        let Layer::Recurrent(recurrent) = &network.layers[1] else { panic!("another layer") };
        let Connection::Dense(dense) = &recurrent.connection else { panic!("another connection") };
        // [from, to], of [[0.5, -0.5], [0.25, 0.125]] as [to, from].
        assert_eq!(values(dense.linear.weight.val()), [0.5, 0.25, -0.5, 0.125]);
        assert_eq!(values(dense.linear.bias.as_ref().unwrap().val()), [0.0625, -0.0625]);
    }
    let mut network = init(&config(LifConfig::spikingjelly_lif(2.0, true, None)));
    let error = file.load(&mut network, &Mapping::InOrder).unwrap_err().to_string();
    assert!(
        error.contains("1 - sigmoid(5.w) is 0.75, but layer 5 (Lif) is configured with a decay"),
        "{error}"
    );
    // The parameter itself is that of the file.
    let mut network = init(&config(LifConfig::spikingjelly_plif(2.0, true, None)));
    file.load(&mut network, &Mapping::InOrder).unwrap();
    let AnyNeuron::Lif(lif) = neuron(&network, 5) else { panic!("another neuron") };
    assert_close(&values(lif.beta().param().unwrap().val()), &[-1.098_612_3], 1e-6);
}

#[test]
fn what_differs_from_the_configuration_is_refused() {
    let lif = || LifConfig::snntorch_leaky(0.5);
    let synaptic = || CubaLifConfig::snntorch_synaptic(0.75, 0.5);
    let reset =
        |value: i64| ("1.reset_mechanism_val", &[][..], "I64", value.to_le_bytes().to_vec());
    let layers =
        |neuron: LayerConfig, tensors: Vec<Stored<'_>>| load(&tensors, neuron).unwrap_err();
    for (neuron, tensors, expected) in [
        (
            lif().into(),
            leaky(0.5, 2.0, &[]),
            "1.threshold is 2, but layer 1 (Lif) is configured with a threshold of 1: use \
             `with_threshold(2.0.into())`, or `with_learn_threshold(true)` to load it",
        ),
        (
            lif().into(),
            leaky(0.5, 1.0, &[f32s("1.threshold", &[2], &[1.0, 3.0])]),
            "1.threshold[1] is 3, but layer 1 (Lif) is configured with a threshold of 1: use \
             `with_threshold(vec![..].into())`, or `with_learn_threshold(true)` to load it",
        ),
        (
            lif().into(),
            leaky(0.5, 1.0, &[one("1.graded_spikes_factor", 0.5)]),
            "1.graded_spikes_factor is 0.5, but layer 1 (Lif) is configured with a graded spikes factor of 1: use \
             `with_graded_spikes_factor(0.5.into())`, or `with_learn_graded_spikes_factor(true)` to load it",
        ),
        (
            lif().into(),
            leaky(0.5, 1.0, &[reset(1)]),
            "layer 1 (Lif) does not take 1.reset_mechanism_val: it is 1 (\"zero\"), and the layer has Subtract; \
             configure `SnnTorchReset::Zero`",
        ),
        (
            lif().with_reset(Reset::ToValue(0.5)).into(),
            leaky(0.5, 1.0, &[reset(1)]),
            "layer 1 (Lif) does not take 1.reset_mechanism_val: it is 1 (\"zero\"), and the layer has \
             ToValue(0.5); configure `SnnTorchReset::Zero`",
        ),
        (
            lif().into(),
            leaky(0.5, 1.0, &[reset(7)]),
            "layer 1 (Lif) does not take 1.reset_mechanism_val: expected 0, 1 or 2, found [7.0]",
        ),
        (
            LiConfig::new(Decay::factor(0.5)).into(),
            leaky(0.5, 1.0, &[]),
            "layer 1 (Li) does not take 1.reset_mechanism_val: it is 0 (\"subtract\"), and the layer never resets; \
             use a spiking layer and record its membrane, or train with reset_mechanism=\"none\"",
        ),
        (
            lif().into(),
            leaky(0.5, 1.0, &[one("1.alpha", 0.75)]),
            "layer 1 (Lif) does not take 1.alpha: it has no synaptic current; use \
             `CubaLifConfig::snntorch_synaptic`",
        ),
        (
            synaptic().into(),
            leaky(0.5, 1.0, &[one("1.alpha", 0.5)]),
            "1.alpha is 0.5, but layer 1 (CubaLif) is configured with a decay of the synaptic current of 0.75: \
             configure an `alpha` of `Decay::factor(0.5)`, or `with_learn_alpha(true)` to load it",
        ),
        (
            synaptic().into(),
            leaky(0.5, 1.0, &[]),
            "layer 1 (CubaLif) takes 1.alpha, but there is only 1.beta, 1.graded_spikes_factor, 1.mem, \
             1.reset_mechanism_val, 1.threshold",
        ),
        (
            lif().into(),
            leaky(0.5, 1.0, &[f32s("1.beta", &[3], &[0.5, 0.25, 0.5])]),
            "1.beta[1] is 0.25, but layer 1 (Lif) is configured with a decay of the membrane of 0.5: configure \
             `Decay::factor(vec![..])`, or `with_learn_beta(true)` to load it",
        ),
        (
            lif().with_learn_beta(true).into(),
            leaky(0.5, 1.0, &[f32s("1.beta", &[2], &[0.5, 0.25])]),
            "layer 1 (Lif) does not take 1.beta: expected as many values as the decay of the membrane of the \
             layer has (1), found 2; configure `Values::Each` with a value for each neuron (channel)",
        ),
        (
            lif().with_learn_threshold(true).into(),
            leaky(0.5, -1.0, &[]),
            "1.threshold: expected a threshold above 0, got -1.0",
        ),
        (
            lif().with_learn_threshold(true).into(),
            vec![one("1.beta", 0.5)],
            "layer 1 (Lif) takes 1.threshold, but there is only 1.beta",
        ),
        (
            lif().into(),
            leaky(f32::NAN, 1.0, &[]),
            "1.beta: expected a finite number of single precision, got NaN",
        ),
        (
            LifConfig::spikingjelly_plif(2.0, true, None).into(),
            vec![one("1.beta", 1.0)],
            "layer 1 (Lif) does not take 1.beta: a value of 1 is the limit of the form in which the decay of the \
             membrane is learned; use `Decay::factor`",
        ),
        (
            lif().into(),
            leaky(0.5, 1.0, &[f32s("1.recurrent.weight", &[2, 2], &[0.0; 4])]),
            "layer 1 (Lif) does not take 1.recurrent.weight: it has no recurrent connection; use \
             `LayerConfig::recurrent`",
        ),
        (
            AlifConfig::new(synaptic(), Decay::factor(0.9), 0.3).into(),
            leaky(0.5, 1.0, &[]),
            "layer 1 (Alif) does not take 1.*: snnTorch and SpikingJelly have no such neuron; map it to no prefix",
        ),
        (lif().into(), leaky(0.5, 1.0, &[one("1.tau", 2.0)]), "no layer takes 1.tau"),
    ] {
        assert_eq!(layers(neuron, tensors), expected);
    }
}

#[test]
fn equal_values_are_taken_whatever_their_shape_and_precision() {
    let lif = || LifConfig::snntorch_leaky(0.9);
    load(&leaky(0.9, 1.0, &[]), lif()).unwrap();
    load(&leaky(0.9, 1.0, &[f32s("1.beta", &[2], &[0.9; 2])]), lif()).unwrap();
    // 0.9 in half precision: 0x3b33 is 0.89990234375.
    let half = ("1.beta", &[][..], "F16", 0x3b33u16.to_le_bytes().to_vec());
    load(&leaky(0.9, 1.0, &[half]), lif()).unwrap();
    // Used at the limit by snnTorch.
    load(&leaky(1.5, 1.0, &[]), LifConfig::snntorch_leaky(1.0)).unwrap();
    // exp(-1 / tau) of a tau of 20 steps.
    load(&leaky(0.951_229_4, 1.0, &[]), LifConfig::new(Decay::exact(20.0, 1.0))).unwrap();
    let learned = LifConfig::new(Decay::euler(10.0, 1.0)).with_learn_beta(true);
    let network = load(&leaky(0.75, 1.0, &[]), learned).unwrap();
    assert_close(&betas(&network, 1), &[0.75], 1e-6);
    let AnyNeuron::Lif(lif) = neuron(&network, 1) else { panic!("another neuron") };
    // 1 - 1 / 4
    assert_eq!(values(lif.beta().param().unwrap().val()), [4.0]);
    // A readout: no reset, and a threshold that nothing is compared with.
    let reset = ("1.reset_mechanism_val", &[][..], "I64", 2i64.to_le_bytes().to_vec());
    load(&leaky(0.5, 9.0, &[reset]), LiConfig::new(Decay::factor(0.5))).unwrap();
    // Without parameters of neurons in the file, neurons keep theirs.
    load(&[], LifConfig::snntorch_leaky(0.5).with_learn_beta(true)).unwrap();
}

#[test]
fn a_state_must_be_at_rest() {
    let lif = || LifConfig::snntorch_leaky(0.5);
    load(&leaky(0.5, 1.0, &[f32s("1.mem", &[3, 2], &[0.0; 6])]), lif()).unwrap();
    let tensors = leaky(0.5, 1.0, &[f32s("1.mem", &[1, 2], &[0.0, 0.25])]);
    assert_eq!(
        load(&tensors, lif()).unwrap_err(),
        "1.mem is not at rest: it is the state of neurons after a run, not a parameter; call \
         `snntorch.utils.reset(network)` before `torch.save`, or `load_partial`, which leaves it"
    );
}

/// R = 2, C = 5, steps of 1: decay 1 - 1 / 10, input gain 1 / 5; `beta` is exp(-1 / 10), which no step uses.
#[test]
fn a_circuit_of_lapicque() {
    let config = |r, c| {
        let circuit = RcCircuit { r, c, dt: 1.0 };
        LifConfig::snntorch_lapicque(circuit, SnnTorchReset::Subtract)
    };
    let more = [one("1.R", 2.0), one("1.C", 5.0), one("1.time_step", 1.0)];
    let tensors = leaky(0.904_837_4, 1.0, &more);
    load(&tensors, config(2.0, 5.0)).unwrap();
    let network = load(&tensors, config(4.0, 5.0).with_learn_beta(true)).unwrap();
    assert_close(&betas(&network, 1), &[0.9], 1e-6);
    let error = load(&tensors, config(4.0, 5.0)).unwrap_err();
    assert!(
        error.starts_with(
            "1 - 1.time_step / (1.R 1.C) is 0.9, but layer 1 (Lif) is configured with a decay of the membrane of 0.95"
        ),
        "{error}"
    );
    assert_eq!(
        load(&tensors, config(1.0, 10.0)).unwrap_err(),
        "layer 1 (Lif) does not take 1.C: time_step / C is 0.2, and its input gain is 0.1; use \
         `LifConfig::snntorch_lapicque`"
    );
    // A time constant of half a step: 1 - 1 / 0.5.
    let more = [one("1.R", 0.125), one("1.C", 4.0), one("1.time_step", 1.0)];
    assert_eq!(
        load(&leaky(0.9, 1.0, &more), config(2.0, 4.0)).unwrap_err(),
        "1 - 1.time_step / (1.R 1.C): expected a decay factor from 0 to 1, got -1.0"
    );
    let error = load(&leaky(0.9, 1.0, &[one("1.R", 1.0)]), config(2.0, 5.0)).unwrap_err();
    assert!(error.starts_with("layer 1 (Lif) takes 1.C, but there is only "), "{error}");
}

#[test]
fn connections_from_each_neuron_to_itself() {
    let layer = |weight: f64, learn: bool| {
        let connection = OneToOneConfig::new(Values::One(weight)).with_learn(learn);
        let connection = ConnectionConfig::OneToOne(connection);
        RecurrentLayerConfig::new(LifConfig::snntorch_leaky(0.5).into(), connection)
    };
    let weight = |network: &Sequential| {
        let Layer::Recurrent(recurrent) = &network.layers[1] else { panic!("another layer") };
        let Connection::OneToOne(weight) = &recurrent.connection else { panic!("another one") };
        weight.values()
    };
    let tensors = leaky(0.5, 1.0, &[one("1.V", 0.25), one("1.recurrent.V", 0.25)]);
    assert_eq!(weight(&load(&tensors, layer(0.0, true)).unwrap()), [0.25]);
    load(&tensors, layer(0.25, false)).unwrap();
    assert_eq!(
        load(&tensors, layer(0.5, false)).unwrap_err(),
        "1.V is 0.25, but layer 1 (Recurrent Lif) is configured with a recurrent weight of 0.5: configure \
         `OneToOneConfig::new(0.25.into())`, or `with_learn(true)` to load it"
    );
    let error = load(&leaky(0.5, 1.0, &[]), layer(0.5, false)).unwrap_err();
    assert!(
        error.starts_with("layer 1 (Recurrent Lif) takes 1.V, but there is only 1.beta, "),
        "{error}"
    );
    let dense = || LayerConfig::recurrent(LifConfig::snntorch_leaky(0.5), RecurrentConfig::new(2));
    let error = load(&tensors, dense()).unwrap_err();
    assert!(error.ends_with("is not from each neuron to itself; use `OneToOneConfig`"), "{error}");
    // Autapses that a connection does not have.
    let config = RecurrentConfig::new(2).with_autapses(false);
    let bare = LayerConfig::recurrent(LifConfig::snntorch_leaky(0.5), config);
    let weights = |diagonal: f32| {
        let weights = f32s("1.recurrent.weight", &[2, 2], &[diagonal, 1.0, 2.0, 0.0]);
        leaky(0.5, 1.0, &[weights])
    };
    load(&weights(0.0), bare.clone()).unwrap();
    let error = load(&weights(0.5), bare).unwrap_err();
    assert!(error.contains("it has no autapses, but the diagonal of the file is not 0"), "{error}");
}

/// A convolution of one channel over 1 x 3 pixels.
#[test]
fn convolutional_connections() {
    let connection = ConnectionConfig::Conv2d(ConvRecurrentConfig::new(1, [1, 3]));
    let layer = RecurrentLayerConfig::new(LifConfig::snntorch_leaky(0.5).into(), connection);
    let weight = f32s("1.recurrent.weight", &[1, 1, 1, 3], &[0.25, 0.5, 0.125]);
    let tensors = leaky(0.5, 1.0, &[weight, f32s("1.recurrent.bias", &[1], &[0.75])]);
    let network = load(&tensors, layer.clone()).unwrap();
    let Layer::Recurrent(recurrent) = &network.layers[1] else { panic!("another layer") };
    let Connection::Conv2d(conv) = &recurrent.connection else { panic!("another connection") };
    assert_eq!(values(conv.weight.val()), [0.25, 0.5, 0.125]);
    assert_eq!(values(conv.bias.as_ref().unwrap().val()), [0.75]);
    let tensors = leaky(0.5, 1.0, &[f32s("1.recurrent.weight", &[1, 1], &[0.25])]);
    assert_eq!(
        load(&tensors, layer).unwrap_err(),
        "layer 1 (Recurrent Lif) takes 1.recurrent.weight of shape [1, 1, 1, 3], got [1, 1]"
    );
}

#[test]
fn an_alpha_stays_above_beta() {
    let config = AlphaConfig::snntorch_alpha(0.9, 0.8, SnnTorchReset::Subtract);
    let mut learned = config.clone();
    learned.lif.learn_beta = true;
    load(&leaky(0.8, 1.0, &[one("1.alpha", 0.9)]), config.clone()).unwrap();
    load(&leaky(0.5, 1.0, &[one("1.alpha", 0.9)]), learned.clone()).unwrap();
    assert_eq!(
        load(&leaky(0.95, 1.0, &[one("1.alpha", 0.9)]), learned).unwrap_err(),
        "layer 1 (Alpha) does not take 1.alpha: expected an alpha above beta, found 0.9 and 0.95"
    );
    // Nothing learns it.
    let error = load(&leaky(0.8, 1.0, &[one("1.alpha", 0.95)]), config).unwrap_err();
    assert!(error.ends_with("configure an `alpha` of `Decay::factor(0.95)`"), "{error}");
}

/// `DeltaLeaky` keeps its threshold in no file; the one of its base class has no effect.
#[test]
fn a_delta_leaky_neuron_takes_its_decay_alone() {
    let lif = LifConfig::snntorch_leaky(0.5).with_threshold(Values::One(0.25));
    load(&leaky(0.5, 1.0, &[]), DeltaLeakyConfig::new(lif.clone())).unwrap();
    let error = load(&leaky(1.5, 1.0, &[]), DeltaLeakyConfig::new(lif.clone())).unwrap_err();
    assert_eq!(error, "1.beta: expected a decay factor from 0 to 1, got 1.5");
    let error = load(&leaky(0.75, 1.0, &[]), DeltaLeakyConfig::new(lif)).unwrap_err();
    assert!(error.starts_with("1.beta is 0.75, but layer 1 (DeltaLeaky) is configured"), "{error}");
}

#[test]
fn neurons_go_to_those_between_the_same_weights() {
    let linear = |name| f32s(name, &[2, 2], &[0.5; 4]);
    let tensors = [linear("0.weight"), linear("2.weight"), one("3.w", 0.0)];
    let file = written(&safetensors(&tensors));
    let file = WeightFile::open(file.path()).unwrap();
    let linear = || LinearConfig::new(2, 2).with_bias(false);
    let plif = || LifConfig::spikingjelly_plif(4.0, true, None);
    // Only the neurons behind the second layer have a parameter in the file: σ(0) = 1 / 2.
    let config = || SequentialConfig::new().layer(linear()).layer(plif()).layer(linear());
    let mut network = init(&config().layer(plif()));
    let report = file.load(&mut network, &Mapping::InOrder).unwrap();
    assert_eq!(report.loaded.iter().map(|(layer, _)| *layer).collect::<Vec<_>>(), [0, 2, 3]);
    assert_close(&[betas(&network, 1), betas(&network, 3)].concat(), &[0.75, 0.5], 1e-6);
    let mut network = init(&config().layer(plif()).layer(plif()));
    let error = file.load(&mut network, &Mapping::InOrder).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "parameters of 1 layers of neurons (3) for 2 layers of the network (3 (Lif), 4 (Lif)) between the same \
             layers with weights: select which takes which with `Mapping::layers`"
        ),
        "{error}"
    );
    // Without neurons there, it is a tensor that no layer takes.
    let mut network = init(&config());
    let error = file.load(&mut network, &Mapping::InOrder).unwrap_err().to_string();
    assert!(error.ends_with("no layer takes 3.w"), "{error}");
}

#[test]
fn neurons_of_names_without_order_are_mapped() {
    let linear = |name| f32s(name, &[2, 2], &[0.5; 4]);
    let tensors =
        [linear("fc1.weight"), one("lif1.beta", 0.5), linear("fc2.weight"), one("lif2.beta", 0.25)];
    let file = written(&safetensors(&tensors));
    let file = WeightFile::open(file.path()).unwrap();
    let config = [0.5, 0.25].into_iter().fold(SequentialConfig::new(), |config, beta| {
        config
            .layer(LinearConfig::new(2, 2).with_bias(false))
            .layer(LifConfig::snntorch_leaky(beta))
    });
    let mut network = init(&config);
    let names = [(0, "fc1"), (1, "lif1"), (2, "fc2"), (3, "lif2")];
    file.load(&mut network, &Mapping::layers(names)).unwrap();
    let error = file.load(&mut network, &Mapping::InOrder).unwrap_err().to_string();
    assert!(error.contains("the names fc1, fc2, lif1, lif2 give no order"), "{error}");
    let swapped = [(0, "fc1"), (3, "lif1"), (2, "fc2"), (1, "lif2")];
    let error = file.load(&mut network, &Mapping::layers(swapped)).unwrap_err().to_string();
    assert!(error.contains("lif1.beta is 0.5, but layer 3 (Lif) is configured with"), "{error}");
}

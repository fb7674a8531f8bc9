//! Every neuron against its reference: values over a thousand steps, gradients, state carried over
//! chunks, samples that do not see each other.

mod properties;
mod reference;
pub mod shapes;

use burn::tensor::Device;
use snn::core::neuron::*;
use snn::core::recurrent::{Connection, OneToOneConfig, Recurrent};
use snn::core::surrogate::{SpikeTest, Surrogate};
use snn::core::{Coefficient, Decay, Values};

use reference::{Reference, SLOPE};

/// A neuron and its reference.
pub struct Subject<N> {
    pub name: &'static str,
    pub neuron: N,
    pub reference: Reference,
    /// The numbers it learns, as the reference takes them.
    pub learned: Vec<f64>,
    /// Where they are in the neuron, in the same order.
    pub coefficients: fn(&N) -> Vec<&Coefficient>,
    /// Inputs are drawn from this range.
    pub input: (f32, f32),
    /// Largest error over a thousand steps, as a share of the largest membrane: nonlinear upstrokes
    /// enlarge what rounding leaves.
    pub tolerance: f64,
}

/// What is done with every subject.
pub trait Visit {
    fn visit<N: Neuron>(&mut self, subject: Subject<N>);
}

fn lif(beta: Decay, threshold: f64) -> LifConfig {
    LifConfig::new(beta)
        .with_threshold(Values::One(threshold))
        .with_surrogate(Surrogate::FastSigmoid { slope: SLOPE })
        .with_learn_beta(true)
        .with_learn_threshold(true)
}

/// Visits every neuron.
pub fn each(device: &Device, visitor: &mut impl Visit) {
    linear(device, visitor);
    adaptive(device, visitor);
    nonlinear(device, visitor);
    wrapped(device, visitor);
}

fn linear(device: &Device, visitor: &mut impl Visit) {
    let multiple = lif(Decay::factor(0.9), 0.4)
        .with_spike_test(SpikeTest::Multiple { max: None })
        .with_detach_reset(false)
        .with_v_min(Some(-0.1));
    visitor.visit(Subject {
        name: "several spikes a step",
        neuron: multiple.init(device).unwrap(),
        reference: reference::multiple,
        learned: vec![0.9, 0.4],
        coefficients: |neuron: &Lif| vec![neuron.beta(), neuron.threshold()],
        input: (-0.4, 1.0),
        tolerance: 2e-6,
    });
    let forms: [(&str, Decay, f64, Reference); 3] = [
        ("exact decay", Decay::exact(6.0, 1.0), 6.0, reference::exact),
        ("Euler decay", Decay::euler(6.0, 1.0), 6.0, reference::euler),
        ("parametric decay", Decay::parametric(6.0, 1.0), -(5f64.ln()), reference::parametric),
    ];
    for (name, decay, learned, reference) in forms {
        let config = lif(decay, 0.4)
            .with_learn_threshold(false)
            .with_input_gain(InputGain::OneMinusBeta)
            .with_reset(Reset::ToValue(0.2))
            .with_detach_reset(false);
        visitor.visit(Subject {
            name,
            neuron: config.init(device).unwrap(),
            reference,
            learned: vec![learned],
            coefficients: |neuron: &Lif| vec![neuron.beta()],
            input: (-0.2, 1.4),
            tolerance: 2e-6,
        });
    }
    for (name, mechanism, reference) in [
        ("alpha, subtracting", SnnTorchReset::Subtract, reference::alpha_subtract as Reference),
        ("alpha, to zero", SnnTorchReset::Zero, reference::alpha_zero),
    ] {
        let mut config = AlphaConfig::snntorch_alpha(0.9, 0.8, mechanism);
        config.lif.surrogate = Surrogate::FastSigmoid { slope: SLOPE };
        config.lif.threshold = Values::One(0.5);
        (config.lif.learn_beta, config.lif.learn_threshold) = (true, true);
        visitor.visit(Subject {
            name,
            neuron: config.init(device).unwrap(),
            reference,
            learned: vec![0.8, 0.5],
            coefficients: |neuron: &Alpha| vec![neuron.beta(), neuron.threshold()],
            input: (-0.2, 1.0),
            tolerance: 1e-5,
        });
    }
    visitor.visit(Subject {
        name: "delta-leaky",
        neuron: DeltaLeakyConfig::new(lif(Decay::factor(0.8), 0.5)).init(device).unwrap(),
        reference: reference::delta_leaky,
        learned: vec![0.8, 0.5],
        coefficients: |neuron: &DeltaLeaky| vec![neuron.beta(), neuron.threshold()],
        input: (-1.0, 1.0),
        tolerance: 2e-6,
    });
}

fn adaptive(device: &Device, visitor: &mut impl Visit) {
    let coefficients: fn(&Alif) -> Vec<&Coefficient> =
        |neuron| vec![neuron.alpha(), neuron.beta(), neuron.threshold(), neuron.adaptation()];
    let learned = vec![0.7, 0.8, 0.3, 0.9];
    let norse = lif(Decay::factor(0.8), 0.3)
        .with_input_gain(InputGain::OneMinusBeta)
        .with_reset(Reset::ToValue(0.0));
    let cuba = CubaLifConfig::new(Decay::factor(0.7), norse)
        .with_input_order(InputOrder::NextStep)
        .with_learn_alpha(true);
    let config = AlifConfig::new(cuba, Decay::factor(0.9), 0.3).with_learn_adaptation(true);
    visitor.visit(Subject {
        name: "adaptive threshold, decay before test",
        neuron: config.init(device).unwrap(),
        reference: reference::alif,
        learned: learned.clone(),
        coefficients,
        input: (-0.2, 1.0),
        tolerance: 2e-6,
    });
    let sinabs = lif(Decay::factor(0.8), 0.3).with_detach_reset(false);
    let cuba = CubaLifConfig::new(Decay::factor(0.7), sinabs).with_learn_alpha(true);
    let config = AlifConfig::new(cuba, Decay::factor(0.9), 0.9)
        .with_timing(AdaptationTiming::TestBeforeDecay)
        .with_normalized_jump(true)
        .with_learn_adaptation(true);
    visitor.visit(Subject {
        name: "adaptive threshold, test before decay",
        neuron: config.init(device).unwrap(),
        reference: reference::alif_test_first,
        learned,
        coefficients,
        input: (-0.2, 0.6),
        tolerance: 5e-6,
    });
}

fn nonlinear(device: &Device, visitor: &mut impl Visit) {
    let membrane =
        lif(Decay::factor(0.9), 1.2).with_reset(Reset::ToValue(0.0)).with_detach_reset(false);
    let cuba = CubaLifConfig::new(Decay::factor(0.8), membrane)
        .with_input_order(InputOrder::SameStepBeforeDecay);
    let current = AdaptationCurrent { rate: 0.02, coupling: 0.4, v_rest: 0.0, jump: 0.3 };
    let drift = Drift::Exponential { delta_t: 0.5, v_rheobase: 1.0 };
    visitor.visit(Subject {
        name: "AdEx",
        neuron: NonlinearIfConfig::new(cuba, drift)
            .with_adaptation(Some(current))
            .init(device)
            .unwrap(),
        reference: reference::adex,
        learned: vec![0.9, 1.2],
        coefficients: |neuron: &NonlinearIf| vec![neuron.beta(), neuron.threshold()],
        input: (-0.2, 1.0),
        tolerance: 1e-5,
    });
    let membrane = lif(Decay::factor(0.7), 0.9).with_reset(Reset::ToValue(-0.1));
    let cuba = CubaLifConfig::new(Decay::factor(0.0), membrane);
    visitor.visit(Subject {
        name: "quadratic",
        neuron: NonlinearIfConfig::quadratic(cuba, 0.8, 0.0, 0.6).init(device).unwrap(),
        reference: reference::quadratic,
        learned: vec![0.7, 0.9],
        coefficients: |neuron: &NonlinearIf| vec![neuron.beta(), neuron.threshold()],
        input: (-0.2, 1.0),
        tolerance: 1e-5,
    });
    let parameters = IzhikevichPreset::TonicSpiking.parameters();
    let mut config = NonlinearIfConfig::izhikevich(parameters, 0.25);
    config.cuba.lif.surrogate = Surrogate::FastSigmoid { slope: SLOPE };
    visitor.visit(Subject {
        name: "Izhikevich",
        neuron: config.init(device).unwrap(),
        reference: reference::izhikevich,
        learned: vec![],
        coefficients: |_| vec![],
        input: (10.0, 26.0),
        tolerance: 1e-3,
    });
}

fn wrapped(device: &Device, visitor: &mut impl Visit) {
    let plain = || lif(Decay::factor(0.9), 1.0).init(device).unwrap();
    visitor.visit(Subject {
        name: "refractory",
        neuron: RefractoryConfig::new(2.5).init(plain()).unwrap(),
        reference: reference::refractory,
        learned: vec![0.9, 1.0],
        coefficients: |neuron: &Refractory<Lif>| {
            vec![neuron.neuron.beta(), neuron.neuron.threshold()]
        },
        input: (-0.2, 1.0),
        tolerance: 2e-6,
    });
    visitor.visit(Subject {
        name: "one-to-one recurrence",
        neuron: OneToOneConfig::new(Values::One(-0.4)).init(plain(), device).unwrap(),
        reference: reference::one_to_one,
        learned: vec![0.9, 1.0, -0.4],
        coefficients: |neuron: &Recurrent<Lif>| {
            let Connection::OneToOne(weight) = &neuron.connection else { unreachable!() };
            vec![neuron.neuron.beta(), neuron.neuron.threshold(), weight]
        },
        input: (-0.2, 1.0),
        tolerance: 2e-6,
    });
}

//! Every option of the linear neurons, and every shape.

use burn::tensor::Device;

use super::{ORDERS, SPIKE_TESTS, agree, base, both, compare, on_gpu, resets, steps};
use crate::coefficient::Values;
use crate::decay::Decay;
use crate::neuron::{
    CubaLi, CubaLiConfig, CubaLif, CubaLifConfig, InputGain, LiConfig, Lif, LifConfig, Reset,
};
use crate::surrogate::{Surrogate, SurrogateUnit};

fn lif(what: &str, config: &LifConfig) -> f32 {
    let neuron: Lif = config.init(&Device::default().autodiff()).unwrap();
    let learned = [neuron.beta(), neuron.threshold()];
    agree::<_, 3, 2>(what, &neuron, &learned, [steps(), 2, 3])
}

#[test]
fn every_reset_agrees() {
    let mut spikes = 0.0;
    for (what, config) in resets() {
        spikes += lif(&what, &config);
        spikes += lif(&format!("{what}, bounded"), &config.with_v_min(Some(0.1)));
    }
    assert!(spikes > 500.0, "too few spikes to test anything: {spikes}");
}

#[test]
fn every_spike_test_and_unit_agrees() {
    for test in SPIKE_TESTS {
        for unit in [SurrogateUnit::Membrane, SurrogateUnit::Threshold] {
            for reset in [Reset::Subtract, Reset::ToValue(0.1)] {
                let config = base()
                    .with_threshold(Values::One(0.35))
                    .with_spike_test(test)
                    .with_surrogate_unit(unit)
                    .with_reset(reset)
                    .with_detach_reset(false);
                lif(&format!("{test:?}, {unit:?}, {reset:?}"), &config);
            }
        }
    }
}

#[test]
fn every_gain_leak_and_decay_agrees() {
    for gain in [InputGain::Unit, InputGain::OneMinusBeta, InputGain::Factor(0.6)] {
        for leak in [0.0, 0.15] {
            for decay in [
                Decay::factor(0.8),
                Decay::euler(5.0, 1.0),
                Decay::exact(vec![4.0, 6.0, 9.0], 1.0),
                Decay::parametric(3.0, 1.0),
            ] {
                let what = format!("{gain:?}, {leak}, {decay:?}");
                let config = LifConfig { beta: decay, ..base() }
                    .with_input_gain(gain)
                    .with_v_leak(leak)
                    .with_threshold(Values::Each(vec![0.4, 0.5, 0.7]));
                lif(&what, &config);
            }
        }
    }
}

#[test]
fn every_surrogate_agrees() {
    let surrogates = [
        Surrogate::default(),
        Surrogate::Sigmoid { slope: 4.0 },
        Surrogate::Tanh { slope: 2.0 },
        Surrogate::Triangular { height: 0.3, width: 1.0 },
        Surrogate::Boxcar { height: 0.5, width: 0.7 },
        Surrogate::Window { height: 1.0, below: 0.3 },
        Surrogate::sinabs_single_exponential(0.5, 1.0),
        Surrogate::PeriodicExponential { height: 1.0, width: 0.5, period: 1.0 },
        Surrogate::SpikeRateEscape { beta: 1.0, slope: 2.0 },
        Surrogate::erf(2.0),
        Surrogate::MultiGaussian { scale: 1.0, mean: 0.0, sigma: 0.5, height: 0.15, spread: 6.0 },
        Surrogate::Circ { alpha: 0.5 },
        Surrogate::LogAbs { alpha: 1.0 },
        Surrogate::QPseudoSpike { alpha: 2.0 },
        Surrogate::S2nn { alpha: 4.0, beta: 1.0 },
        Surrogate::PiecewiseLeakyRelu { width: 1.0, leak: 0.01 },
        Surrogate::LeakyRelu { leak: 0.0, slope: 1.0 },
        Surrogate::LogTailedRelu { leak: 0.0 },
        Surrogate::StraightThrough,
        Surrogate::Heaviside,
        Surrogate::SparseFastSigmoid { slope: 5.0, bound: -0.5 },
        Surrogate::SnnTorchTriangular { threshold: 1.0 },
    ];
    for surrogate in surrogates {
        lif(&format!("{surrogate:?}"), &base().with_surrogate(surrogate));
    }
    // Looked up, which only the CPU kernels do.
    if !on_gpu() {
        let sampled = Surrogate::sampled(|x| (-x * x).exp(), -2.0, 2.0, 41).unwrap();
        lif("sampled", &base().with_surrogate(sampled));
    }
}

#[test]
fn every_order_of_input_agrees() {
    let device = Device::default().autodiff();
    for order in ORDERS {
        let config =
            CubaLifConfig::new(Decay::factor(0.7), base().with_input_gain(InputGain::OneMinusBeta))
                .with_input_order(order)
                .with_learn_alpha(true);
        let neuron: CubaLif = config.init(&device).unwrap();
        let learned = [neuron.alpha(), neuron.beta(), neuron.threshold()];
        agree::<_, 3, 2>(&format!("{order:?}"), &neuron, &learned, [steps(), 2, 3]);

        let li = LiConfig::new(Decay::factor(0.8)).with_learn_beta(true).with_v_min(Some(0.2));
        let config = CubaLiConfig::new(Decay::exact(vec![2.0, 3.0, 5.0], 1.0), li)
            .with_input_order(order)
            .with_learn_alpha(true);
        let neuron: CubaLi = config.init(&device).unwrap();
        let learned = [neuron.alpha(), neuron.beta()];
        // Its outputs are numbers, not spikes.
        let what = format!("readout, {order:?}");
        let [fused, expected] = both::<_, 3, 2>(&what, &neuron, &learned, [steps(), 2, 3]);
        compare(&what, &fused, &expected, false);
    }
}

#[test]
fn every_shape_agrees() {
    let device = Device::default().autodiff();
    let neuron: Lif = base().init(&device).unwrap();
    let learned = [neuron.beta(), neuron.threshold()];
    for steps in [1, 2, 15, 16, 17, 64, 100] {
        agree::<_, 3, 2>(&format!("{steps} steps"), &neuron, &learned, [steps, 1, 2]);
    }
    agree::<_, 2, 1>("one axis", &neuron, &learned, [9, 5]);
    agree::<_, 3, 2>("several blocks", &neuron, &learned, [9, 3, 131]);
    let each = base().with_threshold(Values::Each(vec![0.6, 0.9])).init(&device).unwrap();
    let learned = [each.beta(), each.threshold()];
    agree::<_, 5, 4>("maps, one threshold per channel", &each, &learned, [9, 3, 2, 5, 7]);
    let graded = base().with_graded_spikes_factor(Values::Each(vec![0.5, 2.0]));
    let graded = graded.with_learn_graded_spikes_factor(true).init(&device).unwrap();
    let learned = [graded.beta(), graded.graded_spikes_factor()];
    agree::<_, 4, 3>("graded", &graded, &learned, [9, 3, 2, 5]);
}

/// So many neurons that a GPU takes them as vectors, and one fewer.
#[test]
fn a_layer_of_many_neurons_agrees() {
    let device = Device::default().autodiff();
    for [batch, neurons] in [[4, 65536], [3, 87381]] {
        for threshold in [Values::One(0.8), Values::Each(vec![0.9; neurons])] {
            let what = format!("{batch} x {neurons}, {}", matches!(threshold, Values::One(_)));
            let neuron: Lif = base().with_threshold(threshold).init(&device).unwrap();
            agree::<_, 3, 2>(&what, &neuron, &[], [2, batch, neurons]);
        }
    }
}

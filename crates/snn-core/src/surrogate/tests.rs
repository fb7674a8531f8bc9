use core::f64::consts::{FRAC_PI_2, PI};

use burn::tensor::{Device, Tensor};

use super::*;
use crate::real::Lanes;

/// The antiderivative of each surrogate, in 64 bits: what a soft spike would look like.
fn primitive(surrogate: &Surrogate, x: f64) -> f64 {
    let sigmoid = |k: f64| 1.0 / (1.0 + (-k * x).exp());
    match *surrogate {
        Surrogate::FastSigmoid { slope: k } | Surrogate::SuperSpike { alpha: k } => {
            x / (1.0 + k * x.abs())
        }
        Surrogate::SoftSign { height, slope } => height * x / (1.0 + slope * x.abs()),
        Surrogate::ATan { alpha } => (FRAC_PI_2 * alpha * x).atan() / PI,
        Surrogate::Sigmoid { slope } => sigmoid(slope),
        Surrogate::Tanh { slope } => (slope * x).tanh() / slope,
        Surrogate::Triangular { height, width } => {
            let c = x.clamp(-width, width);
            height * (c - c * c.abs() / (2.0 * width))
        }
        Surrogate::Boxcar { height, width } => height * x.clamp(-width / 2.0, width / 2.0),
        Surrogate::Window { height, below } => height * x.max(-below),
        Surrogate::Exponential { height, width } => {
            height * width * x.signum() * (1.0 - (-x.abs() / width).exp())
        }
        Surrogate::PeriodicExponential { height, width, period } => {
            let bump = |x: f64, width: f64| width * x.signum() * (1.0 - (-x.abs() / width).exp());
            let multiple = (x / period + 0.5).floor().max(0.0);
            let full = 2.0 * bump(period / 2.0, width / 2.0);
            let width = if x < 0.0 { width } else { width / 2.0 };
            height * (bump(x - multiple * period, width) + multiple * full)
        }
        Surrogate::SpikeRateEscape { beta, slope } => {
            slope / beta * (x - 1.0).signum() * (1.0 - (-beta * (x - 1.0).abs()).exp())
        }
        // No closed forms: Simpson's rule on the density.
        Surrogate::Gaussian { scale, mean, sigma } => scale * normal_area(x, mean, sigma),
        Surrogate::MultiGaussian { scale, mean, sigma, height, spread } => {
            let sides =
                normal_area(x, sigma, spread * sigma) + normal_area(x, -sigma, spread * sigma);
            scale * ((1.0 + height) * normal_area(x, mean, sigma) - height * sides)
        }
        Surrogate::Circ { alpha } => alpha * x / (alpha * alpha + x * x).sqrt(),
        Surrogate::LogAbs { alpha } => x.signum() * (1.0 + alpha * x.abs()).ln(),
        Surrogate::QPseudoSpike { alpha } => {
            let base = 1.0 + 2.0 * x.abs() / (alpha - 1.0);
            x.signum() * 0.5 * (1.0 - base.powf(1.0 - alpha))
        }
        Surrogate::S2nn { alpha, beta } => {
            if x < 0.0 {
                sigmoid(alpha)
            } else {
                0.5 + beta * (1.0 + x).ln()
            }
        }
        Surrogate::PiecewiseLeakyRelu { width, leak } => {
            leak * x + (0.5 / width - leak) * x.clamp(-width, width)
        }
        Surrogate::LeakyRelu { leak, slope } => leak * x.min(0.0) + slope * x.max(0.0),
        Surrogate::LogTailedRelu { leak } => {
            leak * x.min(0.0) + x.clamp(0.0, 1.0) + x.max(1.0).ln()
        }
        Surrogate::StraightThrough => x,
        Surrogate::Heaviside => x.max(0.0),
        Surrogate::SparseFastSigmoid { slope, bound } => {
            primitive(&Surrogate::FastSigmoid { slope }, x.max(bound))
        }
        Surrogate::SnnTorchTriangular { threshold } => -threshold * x.abs(),
        Surrogate::StochasticSpike { .. } | Surrogate::Sampled(_) => unreachable!(),
    }
}

fn normal_area(x: f64, mean: f64, sigma: f64) -> f64 {
    let density = |y: f64| {
        let z = (y - mean) / sigma;
        (-0.5 * z * z).exp() / (sigma * (2.0 * PI).sqrt())
    };
    let (count, h) = (400, (x + 10.0) / 800.0);
    let middles: f64 = (0..count)
        .map(|k| {
            let left = -10.0 + 2.0 * h * k as f64;
            density(left) + 4.0 * density(left + h) + density(left + 2.0 * h)
        })
        .sum();
    middles * h / 3.0
}

fn derivative(surrogate: &Surrogate, xs: &[f64]) -> Vec<f64> {
    let x = Tensor::<1>::from_floats(xs, &Device::default());
    surrogate.derivative(x).into_data().iter::<f64>().collect()
}

#[test]
fn derivatives_are_those_of_their_primitives() {
    let surrogates = [
        Surrogate::FastSigmoid { slope: 5.0 },
        Surrogate::SuperSpike { alpha: 3.0 },
        Surrogate::SoftSign { height: 0.7, slope: 2.0 },
        Surrogate::ATan { alpha: 2.0 },
        Surrogate::Sigmoid { slope: 4.0 },
        Surrogate::Tanh { slope: 1.5 },
        Surrogate::Triangular { height: 0.3, width: 0.8 },
        Surrogate::Boxcar { height: 0.4, width: 1.1 },
        Surrogate::Window { height: 2.0, below: 0.5 },
        Surrogate::Exponential { height: 2.0, width: 0.5 },
        Surrogate::PeriodicExponential { height: 1.5, width: 0.5, period: 0.8 },
        Surrogate::SpikeRateEscape { beta: 1.5, slope: 2.0 },
        Surrogate::Gaussian { scale: 1.3, mean: 0.1, sigma: 0.5 },
        Surrogate::MultiGaussian { scale: 0.9, mean: 0.1, sigma: 0.5, height: 0.15, spread: 3.0 },
        Surrogate::erf(1.7),
        Surrogate::norse_heavi_erfc(1.2),
        Surrogate::Circ { alpha: 0.6 },
        Surrogate::LogAbs { alpha: 1.4 },
        Surrogate::QPseudoSpike { alpha: 2.5 },
        Surrogate::S2nn { alpha: 4.0, beta: 0.8 },
        Surrogate::PiecewiseLeakyRelu { width: 0.9, leak: 0.05 },
        Surrogate::LeakyRelu { leak: 0.1, slope: 0.9 },
        Surrogate::LogTailedRelu { leak: 0.2 },
        Surrogate::StraightThrough,
        Surrogate::Heaviside,
        Surrogate::SparseFastSigmoid { slope: 5.0, bound: -0.25 },
        Surrogate::SnnTorchTriangular { threshold: 0.5 },
    ];
    // No point within a difference of a kink.
    let xs: Vec<f64> = (-40..40).map(|k| 0.05 * k as f64 + 0.021).collect();
    let h = 1e-4;
    for surrogate in surrogates {
        for (x, got) in xs.iter().zip(derivative(&surrogate, &xs)) {
            let expected =
                (primitive(&surrogate, x + h) - primitive(&surrogate, x - h)) / (2.0 * h);
            assert!((got - expected).abs() < 1e-5, "{surrogate:?} at {x}: {got}, {expected}");
        }
    }
}

#[test]
fn lanes_and_tensors_have_the_same_derivative() {
    let xs: Vec<f64> = (-24..24).map(|k| 0.1 * f64::from(k) + 0.03).collect();
    let surrogates = [
        Surrogate::default(),
        Surrogate::Sigmoid { slope: 4.0 },
        Surrogate::PeriodicExponential { height: 1.5, width: 0.5, period: 0.8 },
        Surrogate::QPseudoSpike { alpha: 2.5 },
        Surrogate::sampled(|x| (-x * x).exp(), -2.0, 2.0, 41).unwrap(),
    ];
    for surrogate in surrogates {
        let (chunks, _) = xs.as_chunks();
        let lanes = chunks.iter().flat_map(|chunk: &[f64; Lanes::COUNT]| {
            surrogate.derivative_of_lanes(Lanes(chunk.map(|x| x as f32))).0
        });
        for (got, expected) in lanes.zip(derivative(&surrogate, &xs)) {
            assert!((f64::from(got) - expected).abs() < 1e-6, "{surrogate:?}: {got}, {expected}");
        }
    }
}

#[test]
fn named_surrogates_have_the_heights_of_their_libraries() {
    let at_threshold = [
        (Surrogate::erf(2.0), 2.0 / PI.sqrt()),
        (Surrogate::norse_heavi_erfc(3.0), 2.0 / PI.sqrt()),
        (Surrogate::norse_triangle(0.3), 0.3),
        (Surrogate::piecewise_quadratic(1.5), 1.5),
        (Surrogate::piecewise_exp(3.0), 1.5),
        (Surrogate::spikingjelly_soft_sign(2.0), 1.0),
        (Surrogate::spikingjelly_super_spike(1.5), 1.5),
        (Surrogate::rect(0.8), 0.8),
        (Surrogate::snntorch_lso(0.1), 1.0),
        (Surrogate::sinabs_single_exponential(0.5, 1.0), 2.0),
    ];
    for (surrogate, height) in at_threshold {
        let got = derivative(&surrogate, &[0.0])[0];
        assert!((got - height).abs() < 1e-6, "{surrogate:?}: {got}");
    }
}

#[test]
fn a_sampled_derivative_is_the_function_between_and_its_ends_beyond() {
    let surrogate = Surrogate::sampled(|x| 1.0 - x.abs(), -1.0, 0.5, 7).unwrap();
    let got = derivative(&surrogate, &[-9.0, -1.0, -0.3, 0.0, 0.1, 0.5, 9.0]);
    let expected = [0.0, 0.0, 0.7, 1.0, 0.9, 0.5, 0.5];
    for (got, expected) in got.into_iter().zip(expected) {
        assert!((got - expected).abs() < 1e-6, "{got}, {expected}");
    }
    let text = serde_json::to_string(&surrogate).unwrap();
    assert_eq!(serde_json::from_str::<Surrogate>(&text).unwrap(), surrogate);
    assert!(Surrogate::sampled(|x| x, 1.0, 1.0, 3).is_err());
    assert!(Surrogate::sampled(|x| x, 0.0, 1.0, 1).is_err());
    assert!(Surrogate::sampled(|x| 1.0 / x, 0.0, 1.0, 3).is_err());
}

#[test]
fn the_noise_of_a_stochastic_spike_is_uniform_and_repeats() {
    let surrogate = |seed| Surrogate::StochasticSpike { mean: 0.1, variance: 0.2, seed };
    let xs: Vec<f64> = (0..2000).map(|k| -f64::from(k) * 1.37e-3 - 0.01).collect();
    let noise = derivative(&surrogate(3), &xs);
    assert_eq!(noise, derivative(&surrogate(3), &xs));
    assert_ne!(noise, derivative(&surrogate(4), &xs));
    // u is uniform: (u - 0.5 + 0.1) 0.2 lies in [-0.08, 0.12) with mean 0.02.
    assert!(noise.iter().all(|g| (-0.0801..0.1201).contains(g)));
    let mean = noise.iter().sum::<f64>() / 2000.0;
    assert!((mean - 0.02).abs() < 5.0 * 0.2 / 12f64.sqrt() / 2000f64.sqrt(), "{mean}");
    assert_eq!(derivative(&surrogate(3), &[0.5, 2.0]), [1.0, 1.0]);
}

#[test]
fn sigmoid_does_not_overflow_far_from_the_threshold() {
    assert_eq!(derivative(&Surrogate::Sigmoid { slope: 25.0 }, &[-1e4, 1e4]), [0.0, 0.0]);
}

#[test]
fn a_spike_has_the_derivative_it_is_given() {
    let device = Device::default().autodiff();
    let v = Tensor::<1>::from_floats([0.5, 1.0, 1.5], &device).require_grad();
    let z = spike_with(v.clone(), 1.0, |x| x.square() + 2.0);
    assert_eq!(z.to_data().try_to_vec::<f32>().unwrap(), [0.0, 0.0, 1.0]);
    let gradients = z.sum().backward();
    let gradient = v.grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap();
    assert_eq!(gradient, [2.25, 2.0, 2.25]);
}

#[test]
fn parameters_without_a_meaning_are_refused() {
    for surrogate in [
        Surrogate::FastSigmoid { slope: -1.0 },
        Surrogate::QPseudoSpike { alpha: 1.0 },
        Surrogate::Gaussian { scale: 1.0, mean: f64::NAN, sigma: 1.0 },
        Surrogate::Exponential { height: 1.0, width: 0.0 },
    ] {
        assert!(surrogate.validated().is_err(), "{surrogate:?}");
    }
}

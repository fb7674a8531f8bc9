//! Every neuron once more, for one neuron in 64 bits, written from its equations. It shares no code
//! with the library.

/// How a reference spikes: as a step, or as the straight line `z₀ + g(u₀) (u - u₀)` through an earlier
/// run, whose true gradient there is the surrogate gradient.
#[derive(Debug, Clone, Default)]
pub struct Spikes {
    /// `z₀` and `u₀` of every spike of the earlier run, in order.
    around: Option<Vec<(f64, f64)>>,
    /// Those of this run.
    pub made: Vec<(f64, f64)>,
    /// Which of the quantities tested are membranes, of neurons that could be near a threshold.
    next: usize,
}

/// Slope of the fast-sigmoid surrogate of every subject.
pub const SLOPE: f64 = 5.0;

/// A spike, and what it is as a constant.
#[derive(Debug, Clone, Copy)]
pub struct Spike {
    pub z: f64,
    pub constant: f64,
}

impl Spikes {
    pub fn around(run: &Spikes) -> Self {
        Self { around: Some(run.made.clone()), ..Self::default() }
    }

    /// A spike where `u > 0`.
    pub fn fire(&mut self, u: f64) -> Spike {
        self.fire_times(u, f64::from(u > 0.0))
    }

    /// `count` spikes, with a gradient with respect to `u`.
    pub fn fire_times(&mut self, u: f64, count: f64) -> Spike {
        let spike = match &self.around {
            None => Spike { z: count, constant: count },
            Some(around) => {
                let (z, u0) = around[self.next];
                let slope = (1.0 + SLOPE * u0.abs()).powi(-2);
                Spike { z: z + slope * (u - u0), constant: z }
            }
        };
        self.next += 1;
        self.made.push((count, u));
        spike
    }

    /// The distance of the membrane that came closest to its threshold.
    pub fn margin(&self) -> f64 {
        self.made.iter().fold(f64::MAX, |margin, (_, u)| margin.min(u.abs()))
    }
}

/// Spikes and membranes of a run.
pub type Trace = Vec<(f64, f64)>;

/// Takes the learned numbers, the input, and makes spikes.
pub type Reference = fn(&[f64], &[f64], &mut Spikes) -> Trace;

/// β as a factor, threshold: several spikes a step, subtracting reset with gradient, bound at -0.1.
pub fn multiple(p: &[f64], x: &[f64], spikes: &mut Spikes) -> Trace {
    let (beta, threshold) = (p[0], p[1]);
    let mut v = 0.0;
    let step = |x: &f64| {
        v = beta * v + x;
        let s = spikes.fire_times(v - threshold, (v / threshold).floor().max(0.0));
        v = (v - s.z * threshold).max(-0.1);
        (s.z, v)
    };
    x.iter().map(step).collect()
}

/// τ of the membrane as `exp(-1 / τ)`, input times `1 - β`, reset to 0.2 with gradient.
pub fn exact(p: &[f64], x: &[f64], spikes: &mut Spikes) -> Trace {
    lif_to_value((-1.0 / p[0]).exp(), x, spikes)
}

/// The same with `1 - 1 / τ`.
pub fn euler(p: &[f64], x: &[f64], spikes: &mut Spikes) -> Trace {
    lif_to_value(1.0 - 1.0 / p[0], x, spikes)
}

/// The same with `1 - σ(w)`.
pub fn parametric(p: &[f64], x: &[f64], spikes: &mut Spikes) -> Trace {
    lif_to_value(1.0 - 1.0 / (1.0 + (-p[0]).exp()), x, spikes)
}

fn lif_to_value(beta: f64, x: &[f64], spikes: &mut Spikes) -> Trace {
    let mut v = 0.0;
    let step = |x: &f64| {
        v = beta * v + (1.0 - beta) * x;
        let s = spikes.fire(v - 0.4);
        v = (1.0 - s.z) * v + 0.2 * s.z;
        (s.z, v)
    };
    x.iter().map(step).collect()
}

/// α, β, threshold, δ: Norse's order, jump 0.3, reset to 0, all out of the gradient.
pub fn alif(p: &[f64], x: &[f64], spikes: &mut Spikes) -> Trace {
    let (mut i, mut v, mut a) = (0.0, 0.0, 0.0);
    let step = |x: &f64| {
        v = p[1] * v + (1.0 - p[1]) * i;
        i = p[0] * i + x;
        a *= p[3];
        let s = spikes.fire(v - (p[2] + a));
        v *= 1.0 - s.constant;
        a += 0.3 * s.constant;
        (s.z, v)
    };
    x.iter().map(step).collect()
}

/// α, β, threshold, δ: sinabs' order, jump 0.9 (1 - δ), subtracting reset with gradient.
pub fn alif_test_first(p: &[f64], x: &[f64], spikes: &mut Spikes) -> Trace {
    let (mut i, mut v, mut a) = (0.0, 0.0, 0.0);
    let step = |x: &f64| {
        i = p[0] * i + x;
        v = p[1] * v + i;
        let threshold = p[2] + a;
        let s = spikes.fire(v - threshold);
        v -= s.z * threshold;
        a = p[3] * a + 0.9 * (1.0 - p[3]) * s.z;
        (s.z, v)
    };
    x.iter().map(step).collect()
}

/// β, threshold: snnTorch's Alpha with an α of 0.9, subtracting reset.
pub fn alpha_subtract(p: &[f64], x: &[f64], spikes: &mut Spikes) -> Trace {
    alpha(p, x, spikes, |r, threshold, [e, h, v], before| {
        [e - threshold * r, h * (1.0 - r), v + before * r]
    })
}

/// The same with a reset to zero.
pub fn alpha_zero(p: &[f64], x: &[f64], spikes: &mut Spikes) -> Trace {
    alpha(p, x, spikes, |r, _, state, _| state.map(|value| value * (1.0 - r)))
}

fn alpha(
    p: &[f64],
    x: &[f64],
    spikes: &mut Spikes,
    reset: impl Fn(f64, f64, [f64; 3], f64) -> [f64; 3],
) -> Trace {
    let (alpha, beta, threshold) = (0.9f64, p[0], p[1]);
    let tau = alpha.ln() / (beta.ln() - alpha.ln()) + 1.0;
    let (mut e, mut h, mut last) = (0.0, 0.0, 0.0);
    let mut trace = Trace::new();
    for x in x {
        let before = h;
        (e, h) = (alpha * e + x, beta * h - x);
        let v;
        [e, h, v] = reset(last, threshold, [e, h, tau * (e + h)], before);
        let s = spikes.fire(v - threshold);
        last = s.constant;
        trace.push((s.z, v));
    }
    trace
}

/// β, threshold of the change.
pub fn delta_leaky(p: &[f64], x: &[f64], spikes: &mut Spikes) -> Trace {
    let mut v = 0.0;
    let step = |x: &f64| {
        let before = v;
        v = p[0] * v + x;
        (spikes.fire((v - before).abs() - p[1]).z, v)
    };
    x.iter().map(step).collect()
}

/// β, threshold: AdEx with an α of 0.8 (before decay), sharpness 0.5 at 1, adaptation 0.02, 0.4, jump
/// 0.3, reset to 0 with gradient.
pub fn adex(p: &[f64], x: &[f64], spikes: &mut Spikes) -> Trace {
    let (mut i, mut v, mut w) = (0.0, 0.0f64, 0.0);
    let step = |x: &f64| {
        let before = v;
        i += x;
        v += (1.0 - p[0]) * (0.5 * ((v - 1.0) / 0.5).exp() - v - w + i);
        i *= 0.8;
        let s = spikes.fire(v - p[1]);
        v *= 1.0 - s.z;
        w += 0.02 * (0.4 * before - w) + 0.3 * s.z;
        (s.z, v)
    };
    x.iter().map(step).collect()
}

/// β, threshold: `0.8 v (v - 0.6)`, no adaptation, reset to -0.1.
pub fn quadratic(p: &[f64], x: &[f64], spikes: &mut Spikes) -> Trace {
    let mut v = 0.0;
    let step = |x: &f64| {
        v += (1.0 - p[0]) * (0.8 * v * (v - 0.6) + x);
        let s = spikes.fire(v - p[1]);
        v = (1.0 - s.constant) * v - 0.1 * s.constant;
        (s.z, v)
    };
    x.iter().map(step).collect()
}

/// Izhikevich's tonic spiking at a quarter of a ms; the input is 10 to 26.
pub fn izhikevich(_: &[f64], x: &[f64], spikes: &mut Spikes) -> Trace {
    let (mut v, mut u) = (-70.0, -14.0);
    let step = |x: &f64| {
        let before = v;
        v += 0.25 * (0.04 * v * v + 5.0 * v + 140.0 - u + x);
        u += 0.25 * 0.02 * (0.2 * before - u);
        let s = spikes.fire(v - 30.0);
        v = (1.0 - s.constant) * v - 65.0 * s.constant;
        u += 6.0 * s.constant;
        (s.z, v)
    };
    x.iter().map(step).collect()
}

/// β, threshold: a subtracting LIF that is refractory for two steps and a half.
pub fn refractory(p: &[f64], x: &[f64], spikes: &mut Spikes) -> Trace {
    let (mut v, mut rho) = (0.0, 0.0f64);
    let step = |x: &f64| {
        let held = v;
        v = p[0] * v + x;
        let s = spikes.fire(v - p[1]);
        v -= s.constant * p[1];
        if rho > 0.0 {
            (v, rho) = (held, (rho - 1.0).max(0.0));
            return (0.0, v);
        }
        rho = 2.5 * s.constant;
        (s.z, v)
    };
    x.iter().map(step).collect()
}

/// β, threshold, weight of the neuron's connection to itself.
pub fn one_to_one(p: &[f64], x: &[f64], spikes: &mut Spikes) -> Trace {
    let (mut v, mut last) = (0.0, 0.0);
    let step = |x: &f64| {
        v = p[0] * v + x + p[2] * last;
        let s = spikes.fire(v - p[1]);
        v -= s.constant * p[1];
        last = s.z;
        (s.z, v)
    };
    x.iter().map(step).collect()
}

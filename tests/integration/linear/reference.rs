//! A naive reference in 64 bits: one layer of neurons, element by element, written from the
//! equations. It shares no code with the library.

use snn::core::neuron::{InputGain, InputOrder, Reset, ResetTiming};

/// Everything that decides what a layer does.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Decay of the synaptic current; without it the input drives the membrane itself.
    pub alpha: Option<f64>,
    pub beta: f64,
    pub threshold: f64,
    pub v_leak: f64,
    pub gain: InputGain,
    pub order: InputOrder,
    pub reset: Reset,
    pub timing: ResetTiming,
    pub detach_reset: bool,
    /// Slope of the fast-sigmoid surrogate.
    pub slope: f64,
    /// Recurrent weights `[from][to]`, empty for none.
    pub recurrent: Vec<Vec<f64>>,
}

/// What happened: `[T][N]` each.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    pub z: Vec<Vec<f64>>,
    /// Membrane after the step.
    pub v: Vec<Vec<f64>>,
    /// `v - threshold` at the moment of the threshold test.
    pub u: Vec<Vec<f64>>,
}

impl Layer {
    /// Runs over `x`, `[T][N]`, from rest. With `around`, spikes are not steps but the straight
    /// lines `z₀ + g(u₀) (u - u₀)` through an earlier trace: a smooth network, whose true gradient
    /// at that trace is the surrogate gradient.
    pub fn run(&self, x: &[Vec<f64>], around: Option<&Trace>) -> Trace {
        let neurons = x[0].len();
        let (mut i, mut v) = (vec![0.0; neurons], vec![self.v_leak; neurons]);
        let mut last_z = vec![0.0; neurons];
        let mut trace = Trace::default();
        for (t, x) in x.iter().enumerate() {
            let (mut zs, mut us) = (vec![0.0; neurons], vec![0.0; neurons]);
            for n in 0..neurons {
                let feedback: f64 =
                    self.recurrent.iter().zip(&last_z).map(|(to, z)| to[n] * z).sum();
                let current = self.current(x[n] + feedback, &mut i[n]);
                let pending = f64::from(v[n] > self.threshold);

                if self.timing == ResetTiming::NextStepBeforeInput {
                    v[n] = self.reset(v[n], pending);
                }
                let gain = match self.gain {
                    InputGain::Unit => 1.0,
                    InputGain::OneMinusBeta => 1.0 - self.beta,
                    InputGain::Factor(factor) => factor,
                };
                v[n] = self.v_leak + self.beta * (v[n] - self.v_leak) + gain * current;
                let late = [ResetTiming::NextStepAfterInput, ResetTiming::ImmediateLessPending];
                if late.contains(&self.timing) {
                    v[n] = self.reset(v[n], pending);
                }

                let u = v[n] - self.threshold;
                let hard = f64::from(u > 0.0);
                let z = match around {
                    None => hard,
                    Some(trace) => {
                        let u0 = trace.u[t][n];
                        trace.z[t][n] + self.surrogate(u0) * (u - u0)
                    }
                };
                let resetting = if self.detach_reset { hard } else { z };
                match self.timing {
                    ResetTiming::Immediate => v[n] = self.reset(v[n], resetting),
                    ResetTiming::ImmediateLessPending => {
                        v[n] = self.reset(v[n], resetting - pending);
                    }
                    _ => {}
                }
                (zs[n], us[n]) = (z, u);
            }
            last_z.clone_from(&zs);
            trace.z.push(zs);
            trace.u.push(us);
            trace.v.push(v.clone());
        }
        trace
    }

    fn current(&self, x: f64, i: &mut f64) -> f64 {
        let Some(alpha) = self.alpha else { return x };
        match self.order {
            InputOrder::SameStep => {
                *i = alpha * *i + x;
                *i
            }
            InputOrder::SameStepBeforeDecay => {
                let seen = *i + x;
                *i = alpha * seen;
                seen
            }
            InputOrder::SameStepAfterDecay => {
                *i = alpha * (*i + x);
                *i
            }
            InputOrder::NextStep => {
                let seen = *i;
                *i = alpha * *i + x;
                seen
            }
        }
    }

    fn reset(&self, v: f64, z: f64) -> f64 {
        match self.reset {
            Reset::Subtract => v - z * self.threshold,
            Reset::ToValue(value) => (1.0 - z) * v + z * value,
            Reset::None => v,
        }
    }

    fn surrogate(&self, u: f64) -> f64 {
        (1.0 + self.slope * u.abs()).powi(-2)
    }
}

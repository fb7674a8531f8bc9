//! One step of the linear neurons, forward and backward: written once for whatever numbers a kernel
//! computes with.

use super::program::{FiringProgram, Program};
use crate::neuron::{InputOrder, Reset, ResetTiming};
use crate::real::Real;
use crate::surrogate::{SpikeTest, SurrogateUnit};

/// The coefficients of some columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coefficients<R> {
    pub(super) alpha: R,
    pub(super) beta: R,
    pub(super) gain: R,
    pub(super) threshold: R,
}

/// Their state between two steps.
#[derive(Debug, Clone, Copy)]
pub(super) struct State<R> {
    pub(super) v: R,
    pub(super) i: R,
}

/// What a step gives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stepped<R> {
    pub(super) state: State<R>,
    /// Spikes, or the membrane of a readout.
    pub(super) output: R,
    /// Membrane at the threshold test.
    pub(super) u: R,
}

/// Takes `state` through one step with input `x`.
#[inline(always)]
pub(super) fn step<R: Real>(
    program: &Program,
    c: &Coefficients<R>,
    x: R,
    state: State<R>,
) -> Stepped<R> {
    let (current, i) = drive(program.order, c, x, state.i);
    let Some(firing) = &program.firing else {
        let u = integrate(program.v_leak, c, current, state.v);
        let v = bound(program.v_min, u.clone());
        return Stepped { state: State { v, i }, output: u.clone(), u };
    };
    let pending = pending(firing, c, &state.v);
    let v = before_input(firing, c, state.v, &pending);
    let u = integrate(program.v_leak, c, current, v);
    let u = match (&pending, late(firing.timing)) {
        (Some(pending), true) => reset(firing, c, u, pending.clone()),
        _ => u,
    };
    let z = spikes(firing.test, c, u.clone());
    let v = match at_the_end(firing.timing, z.clone(), pending) {
        Some(s) => reset(firing, c, u.clone(), s),
        None => u.clone(),
    };
    Stepped { state: State { v: bound(program.v_min, v), i }, output: z, u }
}

/// The current that the membrane sees, and the one kept.
#[inline(always)]
fn drive<R: Real>(order: Option<InputOrder>, c: &Coefficients<R>, x: R, i: R) -> (R, R) {
    let alpha = c.alpha.clone();
    match order {
        None => (x, i),
        Some(InputOrder::SameStep) => {
            let i = alpha * i + x;
            (i.clone(), i)
        }
        Some(InputOrder::SameStepBeforeDecay) => {
            let i = i + x;
            (i.clone(), alpha * i)
        }
        Some(InputOrder::SameStepAfterDecay) => {
            let i = alpha * (i + x);
            (i.clone(), i)
        }
        Some(InputOrder::NextStep) => (i.clone(), alpha * i + x),
    }
}

/// Rounds as the composite path does, so that both spike alike.
#[inline(always)]
fn integrate<R: Real>(v_leak: f64, c: &Coefficients<R>, current: R, v: R) -> R {
    let (beta, drive) = (c.beta.clone(), c.gain.clone() * current);
    match v_leak {
        0.0 => beta * v + drive,
        leak => beta * v.plus(-leak) + drive.plus(leak),
    }
}

#[inline(always)]
fn spikes<R: Real>(test: SpikeTest, c: &Coefficients<R>, u: R) -> R {
    let (none, one) = (u.filled(0.0), u.filled(1.0));
    let threshold = c.threshold.clone();
    match test {
        SpikeTest::Above => (u - threshold).if_above(0.0, one, none),
        SpikeTest::AtOrAbove => (u - threshold).if_below(0.0, none, one),
        SpikeTest::Multiple { max } => {
            let count = (u / threshold).floor().at_least(0.0);
            max.map_or(count.clone(), |max| count.at_most(f64::from(max)))
        }
    }
}

/// Spikes that the membrane as it stands still asks a reset for, if resets are not immediate.
#[inline(always)]
fn pending<R: Real>(firing: &FiringProgram, c: &Coefficients<R>, v: &R) -> Option<R> {
    (firing.timing != ResetTiming::Immediate).then(|| spikes(firing.test, c, v.clone()))
}

/// The membrane that the input meets.
#[inline(always)]
fn before_input<R: Real>(
    firing: &FiringProgram,
    c: &Coefficients<R>,
    v: R,
    pending: &Option<R>,
) -> R {
    match (firing.timing, pending) {
        (ResetTiming::NextStepBeforeInput, Some(pending)) => reset(firing, c, v, pending.clone()),
        _ => v,
    }
}

/// Whether a reset that is due acts after the input.
fn late(timing: ResetTiming) -> bool {
    matches!(timing, ResetTiming::NextStepAfterInput | ResetTiming::ImmediateLessPending)
}

/// The spikes that are reset at the end of the step.
#[inline(always)]
fn at_the_end<R: Real>(timing: ResetTiming, z: R, pending: Option<R>) -> Option<R> {
    match (timing, pending) {
        (ResetTiming::Immediate, _) => Some(z),
        (ResetTiming::ImmediateLessPending, Some(pending)) => Some(z - pending),
        _ => None,
    }
}

#[inline(always)]
fn reset<R: Real>(firing: &FiringProgram, c: &Coefficients<R>, v: R, s: R) -> R {
    match firing.reset {
        Reset::Subtract => v - c.threshold.clone() * s,
        Reset::ToValue(value) => {
            let fired = fired(firing.test, s);
            v * one_minus(fired.clone()) + fired.times(value)
        }
        Reset::None => v,
    }
}

/// The share of a membrane that a hard reset takes away.
#[inline(always)]
fn fired<R: Real>(test: SpikeTest, s: R) -> R {
    match test {
        SpikeTest::Multiple { .. } => s.at_most(1.0),
        SpikeTest::Above | SpikeTest::AtOrAbove => s,
    }
}

#[inline(always)]
fn one_minus<R: Real>(x: R) -> R {
    x.times(-1.0).plus(1.0)
}

#[inline(always)]
fn bound<R: Real>(v_min: Option<f64>, v: R) -> R {
    match v_min {
        Some(v_min) => v.at_least(v_min),
        None => v,
    }
}

/// Gradients that flow back from step to step, and those of the coefficients so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gradients<R> {
    /// With respect to the state after the step; after [`step_back`], before it.
    pub(super) state: State<R>,
    pub(super) coefficients: Coefficients<R>,
}

/// A step as it went: what its backward pass starts from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken<R> {
    pub(super) x: R,
    /// State before the step.
    pub(super) before: State<R>,
    /// Membrane at the threshold test.
    pub(super) u: R,
}

/// Takes the gradients back through a step. `gz` is the gradient of the output, `derivative` that of
/// a spike; returns the gradient of the input.
#[inline(always)]
pub(super) fn step_back<R: Real>(
    program: &Program,
    c: &Coefficients<R>,
    taken: Taken<R>,
    gz: R,
    g: &mut Gradients<R>,
    derivative: impl FnOnce(R) -> R,
) -> R {
    let Taken { x, before, u } = taken;
    let (current, _) = drive(program.order, c, x.clone(), before.i.clone());
    let gv = g.state.v.clone();
    let Some(firing) = &program.firing else {
        let gu = unbound(program.v_min, &u, gv) + gz;
        g.state.v = integrate_back(program.v_leak, c, &current, &before.v, &gu, g);
        return drive_back(program.order, c, x, before.i, gu * c.gain.clone(), g);
    };
    let pending = pending(firing, c, &before.v);
    let gu = fire_back(program.v_min, firing, c, u, &pending, gz, g, derivative);
    let v = before_input(firing, c, before.v, &pending);
    let gv = integrate_back(program.v_leak, c, &current, &v, &gu, g);
    g.state.v = match (firing.timing, pending) {
        (ResetTiming::NextStepBeforeInput, Some(pending)) => reset_back(firing, pending, gv, g),
        _ => gv,
    };
    drive_back(program.order, c, x, before.i, gu * c.gain.clone(), g)
}

/// From the state after the step and the output to the membrane that leak and input made.
#[expect(clippy::too_many_arguments, reason = "each is one quantity of the equation")]
#[inline(always)]
fn fire_back<R: Real>(
    v_min: Option<f64>,
    firing: &FiringProgram,
    c: &Coefficients<R>,
    u: R,
    pending: &Option<R>,
    gz: R,
    g: &mut Gradients<R>,
    derivative: impl FnOnce(R) -> R,
) -> R {
    let threshold = c.threshold.clone();
    let z = spikes(firing.test, c, u.clone());
    let mut gv = g.state.v.clone();
    let mut gz = gz;
    if let Some(s) = at_the_end(firing.timing, z, pending.clone()) {
        if v_min.is_some() {
            gv = unbound(v_min, &reset(firing, c, u.clone(), s.clone()), gv);
        }
        if !firing.detach_reset {
            gz = match firing.reset {
                Reset::Subtract => gz - threshold.clone() * gv.clone(),
                Reset::ToValue(value) => {
                    let through = u.clone().times(-1.0).plus(value) * gv.clone();
                    match firing.test {
                        // A second spike takes nothing more away.
                        SpikeTest::Multiple { .. } => {
                            let closed = u.filled(0.0);
                            gz + s.clone().if_above(1.0, closed, through)
                        }
                        SpikeTest::Above | SpikeTest::AtOrAbove => gz + through,
                    }
                }
                Reset::None => gz,
            };
        }
        gv = reset_back(firing, s, gv, g);
    } else {
        gv = unbound(v_min, &u, gv);
    }

    let to = &mut g.coefficients.threshold;
    let gu = match firing.unit {
        SurrogateUnit::Membrane => {
            let through = gz * derivative(u - threshold);
            *to = to.clone() - through.clone();
            gv + through
        }
        SurrogateUnit::Threshold => {
            let x = (u - threshold.clone()) / threshold.clone();
            gv + gz * derivative(x) / threshold
        }
    };
    match (pending, late(firing.timing)) {
        (Some(pending), true) => reset_back(firing, pending.clone(), gu, g),
        _ => gu,
    }
}

/// Through `v ← reset(v, s)` with `s` a constant.
#[inline(always)]
fn reset_back<R: Real>(firing: &FiringProgram, s: R, gv: R, g: &mut Gradients<R>) -> R {
    let to = &mut g.coefficients.threshold;
    match firing.reset {
        Reset::Subtract => {
            *to = to.clone() - s * gv.clone();
            gv
        }
        Reset::ToValue(_) => gv * one_minus(fired(firing.test, s)),
        Reset::None => gv,
    }
}

/// Through leak and input; returns the gradient of the membrane before.
#[inline(always)]
fn integrate_back<R: Real>(
    v_leak: f64,
    c: &Coefficients<R>,
    current: &R,
    v: &R,
    gu: &R,
    g: &mut Gradients<R>,
) -> R {
    let to = &mut g.coefficients;
    to.beta = to.beta.clone() + gu.clone() * v.clone().plus(-v_leak);
    to.gain = to.gain.clone() + gu.clone() * current.clone();
    gu.clone() * c.beta.clone()
}

/// Through the lower bound of a membrane that was `v`.
#[inline(always)]
fn unbound<R: Real>(v_min: Option<f64>, v: &R, gv: R) -> R {
    match v_min {
        Some(v_min) => v.clone().if_below(v_min, v.filled(0.0), gv),
        None => gv,
    }
}

/// From the current that the membrane saw, and the one kept, to the input and the current before.
#[inline(always)]
fn drive_back<R: Real>(
    order: Option<InputOrder>,
    c: &Coefficients<R>,
    x: R,
    i: R,
    g_current: R,
    g: &mut Gradients<R>,
) -> R {
    let alpha = c.alpha.clone();
    let (gi, to) = (g.state.i.clone(), &mut g.coefficients.alpha);
    let mut add = |gradient: R| *to = to.clone() + gradient;
    let (gx, gi) = match order {
        None => (g_current, gi),
        Some(InputOrder::SameStep) => {
            let total = gi + g_current;
            add(total.clone() * i);
            (total.clone(), alpha * total)
        }
        Some(InputOrder::SameStepBeforeDecay) => {
            add(gi.clone() * (i + x));
            let total = g_current + alpha * gi;
            (total.clone(), total)
        }
        Some(InputOrder::SameStepAfterDecay) => {
            let total = gi + g_current;
            add(total.clone() * (i + x));
            let total = alpha * total;
            (total.clone(), total)
        }
        Some(InputOrder::NextStep) => {
            add(gi.clone() * i);
            (gi.clone(), alpha * gi + g_current)
        }
    };
    g.state.i = gi;
    gx
}

//! Parameters of neurons, as snnTorch and SpikingJelly name them.
//!
//! | file | here |
//! |---|---|
//! | snnTorch `beta`, `alpha` | decay of the membrane, of the synaptic current; used within `[0, 1]` |
//! | snnTorch `R`, `C`, `time_step` (`Lapicque`) | decay `1 - time_step / (R C)`, input gain `time_step / C` |
//! | snnTorch `threshold`, `graded_spikes_factor` | the same |
//! | snnTorch `reset_mechanism_val` | `Reset`: 0 subtracts, 1 is to zero, 2 is none |
//! | snnTorch `V`, `recurrent.weight`, `recurrent.bias` | recurrent connection |
//! | snnTorch `mem`, `syn`, `spk`, `syn_exc`, `syn_inh` | state, which must be at rest |
//! | SpikingJelly `w` (`ParametricLIFNode`) | decay `1 - σ(w)` |
//!
//! Source: snnTorch 1.0.0, SpikingJelly 2.0.0.

use burn::tensor::{DType, TensorData};

use super::error::element;
use super::file::{index, numbers};
use super::layer::Source;
use super::{WeightError, WeightProblem};
use crate::coefficient::{Coefficient, Mismatch};
use crate::neuron::{AnyNeuron, InputGain, Parts, Reset};

const PARAMETERS: [&str; 10] = [
    "beta",
    "alpha",
    "threshold",
    "graded_spikes_factor",
    "reset_mechanism_val",
    "R",
    "C",
    "time_step",
    "V",
    "w",
];

const STATE: [&str; 5] = ["mem", "syn", "spk", "syn_exc", "syn_inh"];

/// The prefix of the neurons of which a tensor is a parameter or the state.
pub(super) fn neurons_of(name: &str) -> Option<&str> {
    let (prefix, last) = name.rsplit_once('.').unwrap_or(("", name));
    match (last, owner(prefix)) {
        ("V", Some(neurons)) => Some(neurons),
        _ => (PARAMETERS.contains(&last) || STATE.contains(&last)).then_some(prefix),
    }
}

/// The prefix of the neurons whose connection back to themselves has this prefix, if it is one by its name.
pub(super) fn owner(prefix: &str) -> Option<&str> {
    match prefix {
        "recurrent" => Some(""),
        _ => prefix.strip_suffix(".recurrent"),
    }
}

/// Whether a tensor is the state of neurons, by its name.
pub(super) fn is_state(name: &str) -> bool {
    STATE.contains(&name.rsplit('.').next().unwrap_or(name))
}

/// Values of a parameter, from a tensor of a file.
pub(super) struct ParameterValues {
    /// Name of the tensor, or what is computed from it.
    label: String,
    pub values: Vec<f64>,
    shape: Vec<usize>,
    dtype: DType,
}

impl ParameterValues {
    /// Other values of the same shape.
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { values: self.values.into_iter().map(f).collect(), ..self }
    }

    fn labelled(self, label: String) -> Self {
        Self { label, ..self }
    }

    /// A number as the type of the tensor has it.
    fn rounded(&self, value: f64) -> f64 {
        let data = TensorData::from([value]).convert_dtype(self.dtype);
        data.iter::<f64>().next().unwrap_or(value)
    }

    /// The name of value number `at`.
    fn name(&self, at: usize) -> String {
        element(&self.label, &index(at, &self.shape))
    }
}

/// A parameter of a neuron, for an error.
pub(super) struct Parameter {
    /// Name of the parameter.
    pub what: &'static str,
    /// How to configure it, with the value of the file.
    pub fixed: fn(&str) -> String,
    /// How to make it a parameter that files fill.
    pub learned: Option<&'static str>,
}

const BETA: Parameter = Parameter {
    what: "decay of the membrane",
    fixed: |value| format!("configure `Decay::factor({value})`"),
    learned: Some("with_learn_beta(true)"),
};
const ALPHA: Parameter = Parameter {
    what: "decay of the synaptic current",
    fixed: |value| format!("configure an `alpha` of `Decay::factor({value})`"),
    learned: Some("with_learn_alpha(true)"),
};
const THRESHOLD: Parameter = Parameter {
    what: "threshold",
    fixed: |value| format!("use `with_threshold({value}.into())`"),
    learned: Some("with_learn_threshold(true)"),
};
const GRADED: Parameter = Parameter {
    what: "graded spikes factor",
    fixed: |value| format!("use `with_graded_spikes_factor({value}.into())`"),
    learned: Some("with_learn_graded_spikes_factor(true)"),
};

impl Source<'_> {
    /// Gives a neuron the parameters of the file.
    pub fn fill_neuron(&mut self, neuron: &mut AnyNeuron) -> Result<(), WeightError> {
        let is_alpha = matches!(neuron, AnyNeuron::Alpha(_));
        let is_delta = matches!(neuron, AnyNeuron::DeltaLeaky(_));
        let Some(parts) = neuron.parts() else {
            let problem = "snnTorch and SpikingJelly have no such neuron; map it to no prefix";
            return Err(self.misfit("*", problem));
        };
        if !PARAMETERS.iter().any(|name| self.has(name)) {
            return Err(self.missing("beta"));
        }
        let Parts { alpha, beta, threshold, graded_spikes_factor, reset, gain } = parts;
        let decay = match self.membrane_decay(gain)? {
            // Other neurons of snnTorch use a decay at its limits.
            Some(decay) if is_delta => Some(self.within(decay)?),
            decay => decay.map(limited),
        };
        self.fill(beta, decay, "beta", &BETA)?;
        let given = self.read("alpha")?.map(limited);
        match (alpha, given) {
            // A decay of 0 leaves no current: the input is the current.
            (Some(alpha), None) if alpha.param().is_some() || alpha.values() != [0.0] => {
                return Err(self.missing("alpha"));
            }
            (Some(_), None) | (None, None) => {}
            (Some(alpha), given) => {
                // Of snnTorch's `Alpha` it cannot be learned.
                let learned = ALPHA.learned.filter(|_| !is_alpha);
                self.fill(alpha, given, "alpha", &Parameter { learned, ..ALPHA })?;
                if is_alpha {
                    self.check_alpha(alpha, beta)?;
                }
            }
            (None, Some(_)) => {
                let problem = "it has no synaptic current; use `CubaLifConfig::snntorch_synaptic`";
                return Err(self.misfit("alpha", problem));
            }
        }
        let given = self.read("threshold")?;
        let spikes = threshold.is_some();
        if let Some(threshold) = threshold {
            if let Some(ParameterValues { values, label, shape, .. }) = &given
                && let Some(at) = values.iter().position(|value| *value <= 0.0)
            {
                return Err(self.file.error(WeightProblem::Number {
                    tensor: label.clone(),
                    index: index(at, shape),
                    expected: "a threshold above 0",
                    value: values[at],
                }));
            }
            self.fill(threshold, given, "threshold", &THRESHOLD)?;
        }
        let given = self.read("graded_spikes_factor")?;
        if let Some(graded) = graded_spikes_factor {
            self.fill(graded, given, "graded_spikes_factor", &GRADED)?;
        }
        self.check_reset(reset, spikes)?;
        self.pass_over_rest()
    }

    /// The decay of the membrane as a factor, in the way of the library that the file is from.
    fn membrane_decay(&mut self, gain: InputGain) -> Result<Option<ParameterValues>, WeightError> {
        if let Some(w) = self.read("w")? {
            let label = format!("1 - sigmoid({})", w.label);
            return Ok(Some(w.map(|w| 1.0 / (1.0 + w.exp())).labelled(label)));
        }
        let beta = self.read("beta")?;
        let circuit = ["R", "C", "time_step"];
        if !circuit.iter().any(|name| self.has(name)) {
            return Ok(beta);
        }
        if let Some(name) = circuit.iter().find(|name| !self.has(name)) {
            return Err(self.missing(name));
        }
        let [r, c, dt] = [self.read("R")?, self.read("C")?, self.read("time_step")?];
        let (Some(r), Some(c), Some(dt)) = (r, c, dt) else { return Ok(beta) };
        // The `beta` beside them is exp(-dt / (R C)), which the steps of `Lapicque` do not use.
        let ([r], [dt]) = (&r.values[..], &dt.values[..]) else {
            return Err(self.misfit("R", "expected one R and one time_step"));
        };
        let configured = match gain {
            InputGain::Factor(gain) => Some(gain),
            InputGain::Unit => Some(1.0),
            InputGain::OneMinusBeta => None,
        };
        let gains = || c.values.iter().map(|c| dt / c);
        let equal =
            |gain: f64| configured.is_some_and(|own| (own - gain).abs() <= 1e-6 * gain.abs());
        if let Some(gain) = gains().find(|gain| !equal(*gain)) {
            return Err(self.misfit(
                "C",
                &format!(
                    "time_step / C is {}, and its input gain is {}; use `LifConfig::snntorch_lapicque`",
                    gain as f32,
                    configured.map_or("1 - beta".into(), |gain| (gain as f32).to_string()),
                ),
            ));
        }
        let label = ["time_step", "R", "C"].map(|name| self.name(name));
        let label = format!("1 - {} / ({} {})", label[0], label[1], label[2]);
        let decay = c.map(|c| 1.0 - dt / (r * c)).labelled(label);
        self.within(decay).map(Some)
    }

    /// Decays from 0 to 1, or an error that names the first that is not.
    fn within(&self, decay: ParameterValues) -> Result<ParameterValues, WeightError> {
        match decay.values.iter().position(|value| !(0.0..=1.0).contains(value)) {
            None => Ok(decay),
            Some(at) => Err(self.file.error(WeightProblem::Number {
                tensor: decay.label,
                index: index(at, &decay.shape),
                expected: "a decay factor from 0 to 1",
                value: decay.values[at],
            })),
        }
    }

    /// Gives a coefficient the values of the file.
    pub fn fill(
        &self,
        coefficient: &mut Coefficient,
        given: Option<ParameterValues>,
        name: &str,
        parameter: &Parameter,
    ) -> Result<(), WeightError> {
        let Some(given) = given else {
            // What is configured stays, but nothing that is learned is left as it was drawn.
            return match coefficient.param() {
                Some(_) => Err(self.missing(name)),
                None => Ok(()),
            };
        };
        let refused = match coefficient.take(&given.values, |value| given.rounded(value)) {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        let Parameter { what, fixed, learned } = parameter;
        let value = |at: usize| given.values[at] as f32;
        Err(match refused {
            Mismatch::Fixed { at, configured } => {
                let values = match given.values.windows(2).all(|pair| pair[0] == pair[1]) {
                    true => format!("{:?}", value(at)),
                    false => "vec![..]".into(),
                };
                let learn = learned.map(|learned| format!(", or `{learned}` to load it"));
                self.file.error(WeightProblem::Configured {
                    layer: self.index,
                    name: self.layer.name(),
                    tensor: given.name(at),
                    found: value(at),
                    what,
                    configured: configured as f32,
                    remedy: (fixed(&values) + &learn.unwrap_or_default()).into(),
                })
            }
            Mismatch::Count(count) => self.misfit(
                name,
                &format!(
                    "expected as many values as the {what} of the layer has ({count}), found {}; configure \
                     `Values::Each` with a value for each neuron (channel)",
                    given.values.len()
                ),
            ),
            Mismatch::Limit { at } => self.misfit(
                name,
                &format!(
                    "a value of {} is the limit of the form in which the {what} is learned; use `Decay::factor`",
                    value(at)
                ),
            ),
        })
    }

    /// An alpha response needs an excitatory current that decays more slowly.
    fn check_alpha(&self, alpha: &Coefficient, beta: &Coefficient) -> Result<(), WeightError> {
        let (alpha, beta) = (alpha.values(), beta.values());
        let lowest = alpha.iter().copied().fold(f32::INFINITY, f32::min);
        let highest = beta.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        match lowest > highest {
            true => Ok(()),
            false => {
                let problem = format!("expected an alpha above beta, found {lowest} and {highest}");
                Err(self.misfit("alpha", &problem))
            }
        }
    }

    fn check_reset(&mut self, configured: Option<Reset>, spikes: bool) -> Result<(), WeightError> {
        let (Some(given), Some(configured)) = (self.read("reset_mechanism_val")?, configured)
        else {
            return Ok(());
        };
        let resets = [
            (Reset::Subtract, "subtract", "SnnTorchReset::Subtract"),
            (Reset::ToValue(0.0), "zero", "SnnTorchReset::Zero"),
            (Reset::None, "none", "SnnTorchReset::None"),
        ];
        let found = resets.iter().zip(0..).find(|(_, number)| given.values == [f64::from(*number)]);
        match found {
            Some(((reset, ..), _)) if *reset == configured => Ok(()),
            // A readout never resets.
            Some(((_, name, _), number)) if !spikes => Err(self.misfit(
                "reset_mechanism_val",
                &format!(
                    "it is {number} (\"{name}\"), and the layer never resets; use a spiking layer and record \
                     its membrane, or train with reset_mechanism=\"none\""
                ),
            )),
            Some(((_, name, remedy), number)) => Err(self.misfit(
                "reset_mechanism_val",
                &format!("it is {number} (\"{name}\"), and the layer has {configured:?}; configure `{remedy}`"),
            )),
            None => {
                let problem = format!("expected 0, 1 or 2, found {:?}", given.values);
                Err(self.misfit("reset_mechanism_val", &problem))
            }
        }
    }

    /// States that are at rest: empty, or 0. Others are left to be no tensor of any layer.
    fn pass_over_rest(&mut self) -> Result<(), WeightError> {
        for name in STATE {
            let tensor = self.name(name);
            let Some(stored) = self.file.tensors.get(&tensor) else { continue };
            let empty = stored.shape.contains(&0);
            let at_rest = |values: Vec<f64>| values.iter().all(|value| *value == 0.0);
            if empty || numbers(stored).map(at_rest).map_err(|problem| self.file.error(problem))? {
                self.taken.push(tensor);
            }
        }
        Ok(())
    }

    pub fn has(&self, name: &str) -> bool {
        self.file.tensors.contains_key(&self.name(name))
    }

    /// A tensor of the file, if there is one of this name under the prefix.
    pub fn read(&mut self, name: &str) -> Result<Option<ParameterValues>, WeightError> {
        let tensor = self.name(name);
        let Some(stored) = self.file.tensors.get(&tensor) else { return Ok(None) };
        let values = numbers(stored).map_err(|problem| self.file.error(problem))?;
        if values.is_empty() {
            return Err(self.misfit(name, "it is empty"));
        }
        self.taken.push(tensor.clone());
        Ok(Some(ParameterValues {
            label: tensor,
            values,
            shape: stored.shape.to_vec(),
            dtype: stored.dtype,
        }))
    }

    /// The error for a tensor that the neurons of the layer do not take.
    pub fn misfit(&self, tensor: &str, problem: &str) -> WeightError {
        self.file.error(WeightProblem::Neuron {
            layer: self.index,
            name: self.layer.name(),
            tensor: self.name(tensor),
            problem: problem.into(),
        })
    }
}

/// As snnTorch uses a decay.
fn limited(given: ParameterValues) -> ParameterValues {
    given.map(|value| value.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neurons_by_the_names_of_their_tensors() {
        for (name, neurons) in [
            ("1.beta", Some("1")),
            ("net.lif1.threshold", Some("net.lif1")),
            ("beta", Some("")),
            ("1.recurrent.V", Some("1")),
            ("recurrent.V", Some("")),
            ("recurrent.beta", Some("recurrent")),
            ("1.w", Some("1")),
            ("1.syn_exc", Some("1")),
            ("1.weight", None),
            ("1.recurrent.weight", None),
        ] {
            assert_eq!(neurons_of(name), neurons, "{name}");
        }
    }
}

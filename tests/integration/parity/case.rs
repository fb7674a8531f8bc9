//! Golden files: reading them, and holding results to them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use burn::tensor::{Int, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value};
use snn::core::Values;

use crate::{on_cpu, test_device, values};

/// Largest relative error.
const RELATIVE: f32 = 1e-5;
/// Floor below which a difference does not count; on a GPU, whose exponential is not that of a CPU, it
/// is a share of the largest value of the array (but at least of 1).
const FLOOR: f32 = 2e-6;

/// How often the inputs of a case that does not agree are changed at random, by how much (as a share of
/// the largest value of each), and how many times the largest change of the result that this makes is
/// allowed for. A membrane is rounded several times a step, at up to 1e-7 of its value each, and an
/// input reaches it with a gain of a tenth or so.
const NUDGES: u32 = 4;
const NUDGE: f32 = 1e-6;
const CONDITION: f32 = 4.0;

pub struct File(Value);

/// One case of a file, with what it inherits from the file.
pub struct Case<'a> {
    file: &'a Value,
    case: &'a Map<String, Value>,
    purpose: Purpose,
    /// Every array compared so far.
    log: RefCell<Vec<Vec<f32>>>,
}

/// What a case is replayed for.
enum Purpose {
    /// To hold it to the file.
    Check,
    /// To see what it gives when the last digits of its input change: 0 for no change.
    Nudge(u32),
    /// To hold it to the file, with these amounts added to the tolerances.
    CheckWithin(Vec<Vec<f32>>),
}

impl File {
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read(path).unwrap();
        let file = serde_json::from_slice(&text);
        File(file.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    pub fn library(&self) -> &str {
        self.0["library"].as_str().unwrap_or_default()
    }

    pub fn cases(&self) -> impl Iterator<Item = Case<'_>> {
        let cases = self.0["cases"].as_array().expect("a file has cases");
        cases.iter().map(|case| Case {
            file: &self.0,
            case: case.as_object().unwrap(),
            purpose: Purpose::Check,
            log: RefCell::default(),
        })
    }
}

impl<'a> Case<'a> {
    pub fn name(&self) -> &'a str {
        self.case["name"].as_str().unwrap()
    }

    /// Library and model: the file names the model, or the case's name begins with it.
    pub fn model(&self) -> String {
        let library = self.file["library"].as_str().unwrap_or_default();
        let model = self.file["model"].as_str();
        let model = model.unwrap_or_else(|| self.name().split('/').next().unwrap_or_default());
        format!("{library} {model}")
    }

    /// Parameters; taking one marks it as understood.
    pub fn params(&self) -> Params<'a> {
        let params = self.case.get("params").and_then(Value::as_object);
        Params { params, taken: BTreeSet::new() }
    }

    /// An input, `[T, B, N]` or `[N]`, on the test device with autodiff.
    pub fn input<const D: usize>(&self, name: &str) -> Tensor<D> {
        let tensor = tensor(self.raw_input(name));
        match self.purpose {
            // The gradients that go in at the outputs are inputs of the backward pass.
            Purpose::Nudge(seed) if seed > 0 && (name == "x" || name.starts_with("w_")) => {
                nudged(tensor, seed)
            }
            _ => tensor,
        }
    }

    pub fn raw_input(&self, name: &str) -> &'a Value {
        let own = self.case.get("inputs").and_then(|inputs| inputs.get(name));
        own.unwrap_or(&self.file["inputs"][name])
    }

    /// Class indices.
    pub fn classes(&self, name: &str) -> Tensor<1, Int> {
        let classes: Vec<i64> = numbers(self.raw_input(name)).iter().map(|c| *c as i64).collect();
        Tensor::from_data(classes.as_slice(), &test_device().autodiff())
    }

    /// An entry of the case itself.
    pub fn entry(&self, name: &str) -> Option<&'a Value> {
        self.case.get(name)
    }

    /// Replays a case that did not agree, to see whether it can be expected to: libraries round
    /// differently, as if the last digits of the inputs differed, and where those alone move the
    /// result, it may differ as much.
    pub fn replay_within_conditioning(
        &self,
        replay: impl Fn(&Case) -> Result<(), String>,
    ) -> Result<(), String> {
        let run = |purpose| {
            let case = Case { file: self.file, case: self.case, purpose, log: RefCell::default() };
            (replay(&case), case.log.into_inner())
        };
        let (_, base) = run(Purpose::Nudge(0));
        let mut spread: Vec<Vec<f32>> = base.iter().map(|array| vec![0.0; array.len()]).collect();
        for seed in 1..=NUDGES {
            let (_, other) = run(Purpose::Nudge(seed));
            for (spread, (a, b)) in spread.iter_mut().zip(base.iter().zip(&other)) {
                for (spread, (a, b)) in spread.iter_mut().zip(a.iter().zip(b)) {
                    *spread = spread.max(CONDITION * (a - b).abs());
                }
            }
        }
        run(Purpose::CheckWithin(spread)).0
    }

    /// Holds an array to the file's.
    pub fn compare(
        &self,
        name: &str,
        expected: &Value,
        got: Vec<f32>,
        exact: bool,
    ) -> Result<(), String> {
        let index = self.log.borrow().len();
        self.log.borrow_mut().push(got.clone());
        match &self.purpose {
            Purpose::Nudge(_) => Ok(()),
            Purpose::Check => compare(name, expected, &got, exact, |_| 0.0),
            Purpose::CheckWithin(spread) => {
                compare(name, expected, &got, exact, |k| spread[index][k])
            }
        }
    }

    pub fn weight<const D: usize>(&self, name: &str) -> Tensor<D> {
        tensor(&self.case["weights"][name])
    }

    /// What the file says about a quirk of the library.
    pub fn note(&self) -> &'a str {
        self.entry("note").and_then(Value::as_str).unwrap_or_default()
    }

    pub fn outputs(&self) -> &'a Map<String, Value> {
        self.case["outputs"].as_object().unwrap()
    }

    pub fn grads(&self) -> &'a Map<String, Value> {
        self.case["grads"].as_object().unwrap()
    }

    /// Gradients under each surrogate of the file: all of them on a CPU, one on a GPU, where every
    /// other one would be compiled for some seconds. Surrogates have files of their own.
    pub fn variants(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.grads().iter().take(if on_cpu() { usize::MAX } else { 1 })
    }
}

pub struct Params<'a> {
    params: Option<&'a Map<String, Value>>,
    taken: BTreeSet<&'static str>,
}

impl<'a> Params<'a> {
    /// The members of an object.
    pub fn of(object: &'a Value) -> Self {
        Self { params: object.as_object(), taken: BTreeSet::new() }
    }

    pub fn take(&mut self, name: &'static str) -> Option<&'a Value> {
        self.taken.insert(name);
        self.params?.get(name)
    }

    pub fn number(&mut self, name: &'static str, default: f64) -> f64 {
        self.take(name).map_or(default, |value| value.as_f64().unwrap())
    }

    pub fn flag(&mut self, name: &'static str, default: bool) -> bool {
        self.take(name).map_or(default, |value| value.as_bool().unwrap())
    }

    /// One number, or one for each neuron.
    pub fn values(&mut self, name: &'static str) -> Option<Values> {
        Some(match self.take(name)? {
            Value::Array(values) => {
                Values::Each(values.iter().map(|value| value.as_f64().unwrap()).collect())
            }
            value => Values::One(value.as_f64().unwrap()),
        })
    }

    /// Fails if a parameter was not taken.
    pub fn all_understood(&self) -> Result<(), String> {
        let keys = self.params.into_iter().flat_map(|params| params.keys());
        match keys.into_iter().find(|key| !self.taken.contains(key.as_str())) {
            Some(key) => Err(format!("unknown parameter {key}")),
            None => Ok(()),
        }
    }
}

/// `outputs` against the file's, by name; each must be there.
pub fn compare_outputs(case: &Case, outputs: &[(&str, Tensor<3>)]) -> Result<(), String> {
    for name in case.outputs().keys() {
        let found = outputs.iter().find(|(own, _)| own == name);
        let (_, got) = found.ok_or_else(|| format!("unknown output {name}"))?;
        let exact = is_binary(&case.outputs()[name]);
        case.compare(name, &case.outputs()[name], values(got.clone()), exact)?;
    }
    Ok(())
}

fn compare(
    name: &str,
    expected: &Value,
    got: &[f32],
    exact: bool,
    spread: impl Fn(usize) -> f32,
) -> Result<(), String> {
    let expected = numbers(expected);
    if expected.len() != got.len() {
        return Err(format!("{name}: {} values, expected {}", got.len(), expected.len()));
    }
    let floor = match on_cpu() {
        true => FLOOR,
        false => FLOOR * expected.iter().fold(1.0, |largest: f32, x| largest.max(x.abs())),
    };
    for (index, (&got, expected)) in got.iter().zip(expected).enumerate() {
        let limit = RELATIVE * expected.abs() + floor + spread(index);
        let limit = if exact { 0.0 } else { limit };
        // snnTorch's logistic surrogate overflows far from the threshold. Ours must not.
        let close = match expected.is_nan() {
            true => got.is_finite(),
            false => got == expected || (got - expected).abs() <= limit,
        };
        if !close {
            return Err(format!("{name}[{index}]: {got}, expected {expected}"));
        }
    }
    Ok(())
}

/// Every value up or down by a small amount, at random.
fn nudged<const D: usize>(tensor: Tensor<D>, seed: u32) -> Tensor<D> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed.into());
    let (device, shape) = (tensor.device(), tensor.dims());
    let values = values(tensor);
    let nudge = NUDGE * values.iter().fold(0.0, |largest: f32, x| largest.max(x.abs()));
    let nudged =
        values.into_iter().map(|x| if rng.random_bool(0.5) { x + nudge } else { x - nudge });
    Tensor::from_data(TensorData::new(nudged.collect::<Vec<f32>>(), shape), &device)
}

fn is_binary(value: &Value) -> bool {
    numbers(value).iter().all(|x| *x == 0.0 || *x == 1.0)
}

pub fn tensor<const D: usize>(value: &Value) -> Tensor<D> {
    let mut shape = Vec::new();
    let mut inner = value;
    while let Value::Array(array) = inner {
        shape.push(array.len());
        inner = &array[0];
    }
    let device = test_device().autodiff();
    Tensor::from_data(TensorData::new(numbers(value), shape), &device)
}

/// All numbers in a nested list, in order.
pub fn numbers(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        Value::Number(number) => vec![number.as_f64().unwrap() as f32],
        Value::String(text) if text == "inf" => vec![f32::INFINITY],
        Value::String(text) if text == "-inf" => vec![f32::NEG_INFINITY],
        Value::String(text) if text == "nan" => vec![f32::NAN],
        other => panic!("not a number: {other}"),
    }
}

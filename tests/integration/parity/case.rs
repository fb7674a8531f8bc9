//! Golden files: reading them, and holding results to them.

use std::collections::BTreeSet;
use std::path::Path;

use burn::tensor::{Tensor, TensorData};
use serde_json::{Map, Value};

use crate::{test_device, values};

/// Largest relative error.
const RELATIVE: f32 = 1e-5;
/// Floor below which a difference does not count, as a share of the largest value of the array (but
/// at least of 1): a small value is a sum of large ones of both signs, each rounded to 32 bits.
const FLOOR: f32 = 2e-6;

pub struct File(Value);

/// One case of a file, with what it inherits from the file.
pub struct Case<'a> {
    file: &'a Value,
    case: &'a Map<String, Value>,
}

impl File {
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read(path).unwrap();
        let file = serde_json::from_slice(&text);
        File(file.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    pub fn cases(&self) -> impl Iterator<Item = Case<'_>> {
        let cases = self.0["cases"].as_array().expect("a file has cases");
        cases.iter().map(|case| Case { file: &self.0, case: case.as_object().unwrap() })
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
        tensor(self.raw_input(name))
    }

    pub fn raw_input(&self, name: &str) -> &'a Value {
        let own = self.case.get("inputs").and_then(|inputs| inputs.get(name));
        own.unwrap_or(&self.file["inputs"][name])
    }

    pub fn weight(&self, name: &str) -> Tensor<2> {
        tensor(&self.case["weights"][name])
    }

    pub fn outputs(&self) -> &'a Map<String, Value> {
        self.case["outputs"].as_object().unwrap()
    }

    /// Anything else that a case has.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.case.get(key)
    }

    pub fn grads(&self) -> &'a Map<String, Value> {
        self.case["grads"].as_object().unwrap()
    }
}

pub struct Params<'a> {
    params: Option<&'a Map<String, Value>>,
    taken: BTreeSet<&'static str>,
}

impl<'a> Params<'a> {
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
        let exact = ["spk", "state.z"].contains(&name.as_str()) && is_binary(&case.outputs()[name]);
        compare(name, &case.outputs()[name], values(got.clone()), exact)?;
    }
    Ok(())
}

pub fn compare(name: &str, expected: &Value, got: Vec<f32>, exact: bool) -> Result<(), String> {
    let expected = numbers(expected);
    if expected.len() != got.len() {
        return Err(format!("{name}: {} values, expected {}", got.len(), expected.len()));
    }
    let floor = FLOOR * expected.iter().fold(1.0, |largest: f32, x| largest.max(x.abs()));
    for (index, (got, expected)) in got.into_iter().zip(expected).enumerate() {
        let limit = if exact { 0.0 } else { RELATIVE * expected.abs() + floor };
        let close = got == expected || (got - expected).abs() <= limit;
        if !close {
            return Err(format!("{name}[{index}]: {got}, expected {expected}"));
        }
    }
    Ok(())
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
fn numbers(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        Value::Number(number) => vec![number.as_f64().unwrap() as f32],
        Value::String(text) if text == "inf" => vec![f32::INFINITY],
        Value::String(text) if text == "-inf" => vec![f32::NEG_INFINITY],
        other => panic!("not a number: {other}"),
    }
}

//! What does not fit is named, and changes nothing.

use std::path::Path;

use burn::nn::conv::Conv2dConfig;
use burn::nn::{BatchNormConfig, LinearConfig};
use snn::core::layer::BatchNormThroughTimeConfig;
use snn::core::weights::{Mapping, WeightFile};
use snn::prelude::*;

use super::{Stored, f32s, fixture, init, numbers, safetensors, small, written};

fn linear(inputs: usize, outputs: usize) -> LinearConfig {
    LinearConfig::new(inputs, outputs)
}

/// Why a file is not loaded, without its path; the network is the same as before.
fn refused(tensors: &[Stored<'_>], config: SequentialConfig, mapping: &Mapping) -> String {
    let file = written(&safetensors(tensors));
    let mut network = init(&config);
    let before = numbers(&network);
    let error = WeightFile::open(file.path())
        .unwrap_or_else(|error| panic!("{error}"))
        .load(&mut network, mapping)
        .unwrap_err();
    assert_eq!(numbers(&network), before);
    let message = error.to_string();
    let path = format!("{}: ", file.path().display());
    message.strip_prefix(&path).unwrap_or_else(|| panic!("{message}")).to_string()
}

/// A linear layer of two inputs and three outputs.
fn fc<'a>(weight: &'a str, bias: &'a str) -> [Stored<'a>; 2] {
    [f32s(weight, &[3, 2], &[0.5; 6]), f32s(bias, &[3], &[0.25; 3])]
}

#[test]
fn tensors_that_do_not_fit_a_layer() {
    let one = || SequentialConfig::new().layer(linear(2, 3));
    let order = &Mapping::InOrder;
    for (tensors, expected) in [
        (
            vec![f32s("0.weight", &[2, 3], &[0.5; 6]), f32s("0.bias", &[3], &[0.0; 3])],
            "layer 0 (Linear) takes 0.weight of shape [3, 2], got [2, 3]",
        ),
        (
            vec![f32s("0.weight", &[3, 2], &[0.5; 6]), f32s("0.bias", &[3, 1], &[0.0; 3])],
            "layer 0 (Linear) takes 0.bias of shape [3], got [3, 1]",
        ),
        (
            vec![f32s("0.weight", &[3, 2], &[0.5; 6])],
            "layer 0 (Linear) takes 0.bias, but there is only 0.weight",
        ),
        (
            vec![
                f32s("0.weight", &[3, 2], &[0.5, 0.5, 0.5, f32::NAN, 0.5, 0.5]),
                f32s("0.bias", &[3], &[0.0; 3]),
            ],
            "0.weight[1, 1]: expected a finite number of single precision, got NaN",
        ),
        (
            vec![
                f32s("0.weight", &[3, 2], &[0.5; 6]),
                f32s("0.bias", &[3], &[0.0, 0.0, f32::NEG_INFINITY]),
            ],
            "0.bias[2]: expected a finite number of single precision, got -inf",
        ),
        (
            vec![
                f32s("0.weight", &[3, 2], &[0.5; 6]),
                ("0.bias", &[3], "F64", [0.0, 1e300, 0.0].map(f64::to_le_bytes).concat()),
            ],
            "0.bias[1]: expected a finite number of single precision, got 1e300",
        ),
        (
            vec![
                f32s("0.weight", &[3, 2], &[0.5; 6]),
                ("0.bias", &[3], "I32", [1i32, 2, 3].map(i32::to_le_bytes).concat()),
            ],
            "0.bias: expected floating-point numbers, got I32",
        ),
    ] {
        assert_eq!(refused(&tensors, one(), order), expected);
    }
    let unbiased = SequentialConfig::new().layer(linear(2, 3).with_bias(false));
    assert_eq!(
        refused(&fc("fc.weight", "fc.bias"), unbiased, order),
        "layer 0 (Linear) has no bias, but there is fc.bias"
    );
    let maps = SequentialConfig::new().layer(Conv2dConfig::new([2, 3], [1, 1]));
    assert_eq!(
        refused(&fc("weight", "bias"), maps, order),
        "layer 0 (Conv2d) takes weight of shape [3, 2, 1, 1], got [3, 2]"
    );
}

#[test]
fn statistics_of_a_batch_normalization() {
    let config = || SequentialConfig::new().layer(BatchNormConfig::new(2));
    let two = |name, values: [f32; 2]| f32s(name, &[2], &values);
    let mut tensors = vec![two("bn.weight", [1.0; 2]), two("bn.bias", [0.0; 2])];
    assert_eq!(
        refused(&tensors, config(), &Mapping::InOrder),
        "layer 0 (BatchNorm) takes bn.running_mean, but there is only bn.bias, bn.weight"
    );
    tensors.extend([two("bn.running_mean", [0.0; 2]), two("bn.running_var", [1.0, -0.5])]);
    assert_eq!(
        refused(&tensors, config(), &Mapping::InOrder),
        "bn.running_var[1]: expected a variance of at least 0, got -0.5"
    );
    // Beside a layer that takes weights and has no such counter.
    let counter = ("0.num_batches_tracked", &[][..], "I64", 3i64.to_le_bytes().to_vec());
    let tensors = [fc("0.weight", "0.bias").to_vec(), vec![counter]].concat();
    assert_eq!(
        refused(&tensors, SequentialConfig::new().layer(linear(2, 3)), &Mapping::InOrder),
        "no layer takes 0.num_batches_tracked"
    );
}

#[test]
fn mappings_that_do_not_fit() {
    let two = || {
        SequentialConfig::new()
            .layer(linear(2, 3))
            .layer(LayerConfig::Relu)
            .layer(linear(3, 2).with_bias(false))
            .layer(BatchNormThroughTimeConfig::new(4, 2))
    };
    let tensors = [&fc("fc1.weight", "fc1.bias")[..], &[f32s("out.weight", &[2, 3], &[0.5; 6])]];
    let tensors = tensors.concat();
    let layers = |pairs: &[(usize, &str)]| Mapping::layers(pairs.iter().copied());
    for (mapping, expected) in [
        (Mapping::InOrder, "the names fc1, out give no order; say which layer takes which"),
        (
            layers(&[(0, "fc1"), (4, "out")]),
            "the mapping gives weights to layer 4, but the network has 4",
        ),
        (
            layers(&[(0, "fc1"), (1, "out")]),
            "the mapping gives weights to layer 1, a Relu, which has none",
        ),
        (
            layers(&[(3, "out")]),
            "the mapping gives weights to layer 3, a BatchNormThroughTime, which files do not have",
        ),
        (layers(&[(0, "fc1"), (0, "out")]), "the mapping gives weights to layer 0, twice"),
        (
            layers(&[(0, "fc"), (2, "out")]),
            "layer 0 (Linear) takes fc.weight, but there is only fc1.bias, fc1.weight, out.weight",
        ),
        (layers(&[(0, "fc1")]), "no layer takes out.weight"),
        (
            layers(&[(0, "fc1"), (2, "out")]),
            "there are no weights for the layers 3 (BatchNormThroughTime)",
        ),
    ] {
        assert_eq!(refused(&tensors, two(), &mapping), expected);
    }
    let tensors = [fc("0.weight", "0.bias"), fc("2.weight", "2.bias")].concat();
    assert_eq!(
        refused(&tensors, SequentialConfig::new().layer(linear(2, 3)), &Mapping::InOrder),
        "weights of 2 layers (0, 2) for 1 layers of the network (0 (Linear))"
    );
    // Long lists are cut.
    let names: Vec<_> = (0..20).map(|k| format!("{k}.scale")).collect();
    let mut tensors = fc("fc.weight", "fc.bias").to_vec();
    tensors.extend(names.iter().map(|name| f32s(name, &[1], &[1.0])));
    let message = refused(&tensors, SequentialConfig::new().layer(linear(2, 3)), &Mapping::InOrder);
    assert!(message.ends_with("10.scale, 11.scale and 8 more"), "{message}");
}

#[test]
fn files_that_have_no_weights() {
    let message = |path: &Path| {
        let message = WeightFile::open(path).unwrap_err().to_string();
        let message = message.strip_prefix(&format!("{}: ", path.display())).map(String::from);
        message.expect("the path")
    };
    let missing = fixture("missing.pt");
    assert!(message(&missing).starts_with("No such file"), "{}", message(&missing));
    let other = message(&fixture("make.py"));
    assert!(other.starts_with("not a PyTorch or safetensors file, or damaged: "), "{other}");
    assert_eq!(message(written(&safetensors(&[])).path()), "it has no tensors");
    // A pickle of an empty dictionary.
    assert_eq!(message(written(b"\x80\x02}.").path()), "it has no tensors");
    for bytes in [&b""[..], b"PK", b"\x80"] {
        let file = written(bytes);
        assert!(message(file.path()).starts_with("not a PyTorch or safe"), "{bytes:?}");
    }
    assert!(!message(&fixture("")).is_empty());

    let error = WeightFile::open_under(fixture("zip.pt"), "ema").unwrap_err().to_string();
    assert!(
        error.ends_with(
            "zip.pt: no tensors under ema, only 0.bias, 0.weight, 1.bias, \
        1.num_batches_tracked, 1.running_mean, 1.running_var, 1.weight, 4.bias, 4.weight"
        ),
        "{error}"
    );
    // A key is a whole part of a name.
    let file = written(&safetensors(&[f32s("emanet.weight", &[1], &[0.0])]));
    assert!(WeightFile::open_under(file.path(), "ema").is_err());
}

#[test]
fn a_file_of_a_recurrent_network_is_loaded_in_part_only() {
    let config = small().layer(LayerConfig::recurrent(LifConfig::iaf(), RecurrentConfig::new(3)));
    let mut network = init(&config);
    let file = WeightFile::open(fixture("zip.pt")).unwrap();
    let error = file.load(&mut network, &Mapping::InOrder).unwrap_err().to_string();
    assert!(error.ends_with("there are no weights for the layers 5 (Recurrent Lif)"), "{error}");
    let report = file.load_partial(&mut network, &Mapping::InOrder).unwrap();
    assert_eq!(report.untouched, [(5, "Recurrent Lif".to_string())]);
}

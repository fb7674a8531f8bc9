//! Weights of PyTorch and safetensors files.

mod damaged;
mod neurons;
mod parts;
mod problems;
pub mod real;

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param, list_param_ids};
use burn::nn::conv::Conv2dConfig;
use burn::nn::{BatchNormConfig, LinearConfig, LinearLayout};
use burn::tensor::Tensor;
use snn::core::layer::{QuantizedReluConfig, ThresholdDependentBatchNormConfig};
use snn::core::sequential::Layer;
use snn::core::weights::{LoadReport, Mapping, WeightFile};
use snn::prelude::*;
use tempfile::NamedTempFile;

use crate::{test_device, values};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/weights").join(name)
}

/// The network of the fixtures.
fn small() -> SequentialConfig {
    SequentialConfig::new()
        .layer(Conv2dConfig::new([2, 4], [2, 3]).with_groups(2))
        .layer(BatchNormConfig::new(4))
        .layer(LayerConfig::Relu)
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(4, 3))
}

fn init(config: &SequentialConfig) -> Sequential {
    config.init(&test_device()).unwrap()
}

/// All numbers of a network, also those that are not learned.
fn numbers(network: &Sequential) -> Vec<Vec<f32>> {
    struct Numbers(Vec<Vec<f32>>);
    impl ModuleVisitor for Numbers {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push(values(param.val()));
        }
    }
    let mut numbers = Numbers(Vec::new());
    network.visit(&mut numbers);
    numbers.0
}

/// Output of the network of the fixtures, for what PyTorch got.
fn output(network: &Sequential) -> Vec<f32> {
    let x = (0..12).map(|k| k as f32 / 4.0).collect::<Vec<_>>();
    let x = Tensor::<1>::from_floats(x.as_slice(), &test_device()).reshape([1, 2, 2, 3]);
    values(network.step::<4, 2>(x, SequentialState::default()).0)
}

/// PyTorch 2.15.
const OUTPUT: [f32; 3] = [-3.492_856, -1.871_938_2, -0.251_020_58];

fn assert_close(got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() <= tolerance, "{got} instead of {expected}");
    }
}

/// A tensor of a safetensors file: name, shape, type, bytes.
type Stored<'a> = (&'a str, &'a [usize], &'a str, Vec<u8>);

fn f32s<'a>(name: &'a str, shape: &'a [usize], numbers: &[f32]) -> Stored<'a> {
    (name, shape, "F32", numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
}

/// The bytes of a safetensors file: the length of its header, the header, all numbers.
fn safetensors(tensors: &[Stored<'_>]) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape, dtype, bytes) in tensors {
        let offsets = [data.len(), data.len() + bytes.len()];
        let about = serde_json::json!({ "dtype": dtype, "shape": shape, "data_offsets": offsets });
        header.insert(name.to_string(), about);
        data.extend(bytes);
    }
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

/// Numbers of the fixtures.
fn eighths(from: usize, to: usize) -> Vec<f32> {
    (from..to).map(|k| (k as f32 - 7.0) / 8.0).collect()
}

/// What is in the fixtures.
fn small_tensors() -> Vec<Stored<'static>> {
    vec![
        f32s("0.weight", &[4, 1, 2, 3], &eighths(0, 24)),
        f32s("0.bias", &[4], &eighths(0, 4)),
        f32s("1.weight", &[4], &eighths(0, 4)),
        f32s("1.bias", &[4], &eighths(0, 4)),
        f32s("1.running_mean", &[4], &eighths(0, 4)),
        f32s("1.running_var", &[4], &eighths(8, 12)),
        f32s("4.weight", &[3, 4], &eighths(0, 12)),
        f32s("4.bias", &[3], &eighths(0, 3)),
    ]
}

fn written(bytes: &[u8]) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    file
}

#[test]
fn every_way_of_writing_a_file_gives_the_same_network() {
    let mut networks = Vec::new();
    for name in [
        "zip.pt",
        "legacy.pt",
        "module.pt",
        "float16.pt",
        "bfloat16.pt",
        "float64.pt",
        "views.pt",
        "checkpoint.pt",
    ] {
        let mut network = init(&small());
        let file = WeightFile::open(fixture(name)).unwrap_or_else(|error| panic!("{error}"));
        let report = file.load(&mut network, &Mapping::InOrder).unwrap_or_else(|e| panic!("{e}"));
        let loaded = [(0, "0"), (1, "1"), (4, "4")].map(|(layer, name)| (layer, name.to_string()));
        assert_eq!(
            report,
            LoadReport { loaded: loaded.into(), unused: vec![], untouched: vec![] },
            "{name}"
        );
        networks.push((name, network));
    }
    let safetensors = written(&safetensors(&small_tensors()));
    let mut network = init(&small());
    let file = WeightFile::open(safetensors.path()).unwrap();
    file.load(&mut network, &Mapping::InOrder).unwrap();
    networks.push(("safetensors", network));
    let mut network = init(&small());
    let nested = WeightFile::open_under(fixture("nested.pt"), "state_dict.net").unwrap();
    nested.load(&mut network, &Mapping::InOrder).unwrap();
    networks.push(("nested.pt", network));
    let mut network = init(&small());
    let nested = WeightFile::open(fixture("nested.pt")).unwrap();
    nested
        .load(&mut network, &Mapping::layers([(4, "net.4"), (0, "net.0"), (1, "net.1")]))
        .unwrap();
    networks.push(("nested.pt, by name", network));

    // Burn's linear weight is [in, out].
    let matrix = (0..12).map(|k| ((k % 3 * 4 + k / 3) as f32 - 7.0) / 8.0).collect();
    let expected: [Vec<f32>; 8] = [
        eighths(0, 24),
        eighths(0, 4),
        eighths(0, 4),
        eighths(0, 4),
        eighths(0, 4),
        eighths(8, 12),
        matrix,
        eighths(0, 3),
    ];
    for (name, network) in networks {
        assert_eq!(numbers(&network), expected, "{name}");
        assert_close(&output(&network), &OUTPUT, 1e-5);
    }
}

#[test]
fn a_file_prints_as_a_table() {
    let file = WeightFile::open(fixture("float16.pt")).unwrap();
    let lines = [
        "tensor                 shape         type",
        "-----------------------------------------",
        "0.bias                 [4]           F16",
        "0.weight               [4, 1, 2, 3]  F16",
        "1.bias                 [4]           F16",
        "1.num_batches_tracked  []            I64",
        "1.running_mean         [4]           F16",
        "1.running_var          [4]           F16",
        "1.weight               [4]           F16",
        "4.bias                 [3]           F16",
        "4.weight               [3, 4]        F16",
        "",
    ];
    assert_eq!(file.to_string(), lines.join("\n"));
    assert_eq!(file.shape("4.weight"), Some(&[3, 4][..]));
    assert_eq!(file.shape("5.weight"), None);
}

#[test]
fn layers_take_tensors_by_value_of_their_numbers() {
    let linear = |name, value: f32| f32s(name, &[1, 1], &[value]);
    let bytes = safetensors(&[
        linear("net.10.weight", 10.0),
        linear("net.9.weight", 9.0),
        linear("net.100.weight", 100.0),
    ]);
    let config = (0..3).fold(SequentialConfig::new(), |config, _| {
        config.layer(LinearConfig::new(1, 1).with_bias(false)).layer(LifConfig::iaf())
    });
    let mut network = init(&config);
    let file = WeightFile::open(written(&bytes).path()).unwrap();
    file.load(&mut network, &Mapping::InOrder).unwrap();
    assert_eq!(numbers(&network), [[9.0], [10.0], [100.0]]);
}

#[test]
fn quantized_units_keep_their_largest_output() {
    let config = SequentialConfig::new()
        .layer(LinearConfig::new(1, 1).with_bias(false))
        .layer(QuantizedReluConfig::new(4, 3.0));
    let load = |tensors: &[Stored<'_>]| {
        let mut network = init(&config);
        let file = WeightFile::open(written(&safetensors(tensors)).path()).unwrap();
        let report = file.load(&mut network, &Mapping::InOrder).map_err(|e| e.to_string())?;
        Ok::<_, String>((report.untouched, numbers(&network)))
    };
    let linear = f32s("0.weight", &[1, 1], &[0.5]);
    assert_eq!(load(std::slice::from_ref(&linear)), Ok((vec![], vec![vec![0.5], vec![3.0]])));
    // One that a file has is not passed over.
    let error = load(&[linear, f32s("1.up", &[1], &[2.0])]).unwrap_err();
    assert!(error.ends_with("no layer takes 1.up"), "{error}");
}

#[test]
fn parameters_stay_what_they_are_but_for_their_numbers() {
    let device = test_device().autodiff();
    let mut network = small().init(&device).unwrap();
    if let Layer::Conv2d(conv) = &mut network.layers[0] {
        conv.weight = conv.weight.clone().set_require_grad(false);
    }
    let (before, ids) = (network.clone(), list_param_ids(&network));
    let old = numbers(&before);
    WeightFile::open(fixture("zip.pt")).unwrap().load(&mut network, &Mapping::InOrder).unwrap();
    assert_eq!(list_param_ids(&network), ids);
    assert_eq!(network.devices(), before.devices());
    assert_eq!(numbers(&before), old);
    assert_ne!(numbers(&network), old);

    assert_close(&output(&network.valid()), &OUTPUT, 1e-5);

    let x = Tensor::<4>::ones([2, 2, 2, 3], &device);
    let (scores, _) = network.step::<4, 2>(x, SequentialState::default());
    let gradients = scores.square().sum().backward();
    let (Layer::Conv2d(conv), Layer::Linear(linear)) = (&network.layers[0], &network.layers[4])
    else {
        panic!("{network:?}")
    };
    assert!(conv.weight.val().grad(&gradients).is_none());
    assert!(conv.bias.as_ref().unwrap().val().grad(&gradients).is_some());
    assert!(linear.weight.val().grad(&gradients).is_some());
}

#[test]
fn layers_of_other_kinds_take_the_same_tensors() {
    let config = SequentialConfig::new()
        .layer(Conv2dConfig::new([2, 4], [2, 3]).with_groups(2))
        .layer(ThresholdDependentBatchNormConfig::new(4, 1.0))
        .layer(LayerConfig::Relu)
        .layer(LayerConfig::Flatten)
        .layer(LinearConfig::new(4, 3).with_layout(LinearLayout::Col));
    let mut network = init(&config);
    WeightFile::open(fixture("zip.pt")).unwrap().load(&mut network, &Mapping::InOrder).unwrap();
    assert_close(&output(&network), &OUTPUT, 1e-5);
}

#[test]
fn a_part_can_be_loaded_if_asked_for() {
    let config = SequentialConfig::new()
        .layer(LinearConfig::new(4, 3))
        .layer(LifConfig::snntorch_leaky(0.9))
        .layer(LinearConfig::new(3, 2));
    let mut network = init(&config);
    let old = numbers(&network);
    let file = WeightFile::open(fixture("zip.pt")).unwrap();
    let report = file.load_partial(&mut network, &Mapping::layers([(0, "4")])).unwrap();
    assert_eq!(report.loaded, [(0, "4".to_string())]);
    assert_eq!(report.untouched, [(2, "Linear".to_string())]);
    assert_eq!(report.unused.len(), 7);
    let new = numbers(&network);
    assert_eq!(new[1], [-0.875, -0.75, -0.625]);
    assert_eq!(new[2..], old[2..]);
}

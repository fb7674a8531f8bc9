//! Weights that a file holds in parts: normalized, pruned, parametrized.

use burn::nn::LinearConfig;
use burn::nn::conv::Conv2dConfig;
use proptest::prelude::*;
use snn::core::sequential::Layer;
use snn::core::weights::{Mapping, WeightFile};
use snn::prelude::*;

use super::{Stored, assert_close, f32s, fixture, init, safetensors, written};
use crate::values;

fn linear(inputs: usize, outputs: usize) -> SequentialConfig {
    SequentialConfig::new().layer(LinearConfig::new(inputs, outputs).with_bias(false))
}

/// The weight of layer `layer` as PyTorch has it, row by row.
fn weight(network: &Sequential, layer: usize) -> Vec<f32> {
    match &network.layers[layer] {
        Layer::Linear(linear) => values(linear.weight.val().transpose()),
        Layer::Conv2d(conv) => values(conv.weight.val()),
        other => panic!("{other:?}"),
    }
}

fn load(tensors: &[Stored<'_>], config: &SequentialConfig) -> Result<Sequential, String> {
    let file = written(&safetensors(tensors));
    let mut network = init(config);
    match WeightFile::open(file.path()).unwrap().load(&mut network, &Mapping::InOrder) {
        Ok(report) => {
            assert_eq!((report.unused, report.untouched), (vec![], vec![]));
            Ok(network)
        }
        Err(error) => Err(error.to_string().split_once(": ").unwrap().1.to_string()),
    }
}

/// Of `torch.nn.utils.weight_norm` and `parametrizations.weight_norm` after training, computed by NumPy as g v / |v|,
/// row by row.
#[test]
fn weights_normalized_by_pytorch() {
    let config = SequentialConfig::new()
        .layer(LinearConfig::new(3, 4))
        .layer(LayerConfig::Relu)
        .layer(LinearConfig::new(4, 2));
    let norm = [0.310_188_3, 0.480_097_03, -0.385_311_78, -0.183_234_87, 0.196_504_97];
    let parametrized = [-0.494_867_6, -0.324_348_45, 0.249_657_5, 0.104_650_67, -0.390_042];
    for (name, first, expected) in [
        ("weight_norm.pt", [0.229_140_03, 0.077_995_9, 0.387_105_46], norm),
        ("parametrized.pt", [0.053_111_892, -0.361_193_42, -0.538_063_94], parametrized),
    ] {
        let mut network = init(&config);
        let file = WeightFile::open(fixture(name)).unwrap();
        let report = file.load(&mut network, &Mapping::InOrder).unwrap();
        assert_eq!((report.unused, report.untouched), (vec![], vec![]));
        assert_close(&weight(&network, 0)[..3], &first, 1e-7);
        assert_close(&weight(&network, 2)[..5], &expected, 1e-7);
        let mut mapped = init(&config);
        file.load(&mut mapped, &Mapping::layers([(0, "0"), (2, "2")])).unwrap();
        assert_eq!(weight(&mapped, 0), weight(&network, 0));
    }
}

/// Rows (3, 4), (0, 5): norms 5 and 5; columns (3, 0), (4, 5): norms 3 and √41; 5√2 in all.
#[test]
fn a_norm_is_over_all_axes_but_that_of_g() {
    let v = [3.0, 4.0, 0.0, 5.0];
    let (all, column) = (10.0 / 50f32.sqrt(), 41f32.sqrt().recip());
    let cases: [(&[usize], &[f32], [f32; 4]); 4] = [
        (&[2, 1], &[10.0, 1.0], [6.0, 8.0, 0.0, 1.0]),
        (&[1, 2], &[6.0, 1.0], [6.0, 4.0 * column, 0.0, 5.0 * column]),
        (&[], &[10.0], v.map(|v| v * all)),
        (&[1], &[10.0], v.map(|v| v * all)),
    ];
    for (shape, g, expected) in cases {
        for (g_name, v_name) in [
            ("0.weight_g", "0.weight_v"),
            ("0.parametrizations.weight.original0", "0.parametrizations.weight.original1"),
            ("weight_g", "weight_v"),
            ("parametrizations.weight.original0", "parametrizations.weight.original1"),
        ] {
            let tensors = [f32s(g_name, shape, g), f32s(v_name, &[2, 2], &v)];
            let network = load(&tensors, &linear(2, 2)).unwrap();
            assert_close(&weight(&network, 0), &expected, 1e-6);
        }
    }
    // Maps: (1, 2, 2) has norm 3, (0, 3, 4) has 5.
    let config = SequentialConfig::new().layer(Conv2dConfig::new([1, 2], [1, 3]).with_bias(false));
    let v = f32s("0.weight_v", &[2, 1, 1, 3], &[1.0, 2.0, 2.0, 0.0, 3.0, 4.0]);
    let network = load(&[f32s("0.weight_g", &[2, 1, 1, 1], &[6.0, 5.0]), v], &config).unwrap();
    assert_close(&weight(&network, 0), &[2.0, 4.0, 4.0, 0.0, 3.0, 4.0], 1e-6);
}

/// ((1, 2), (3, 4), (5, 6)) with u = (1, 0, 2) and v = (1, -1): uᵀ W v = -1 - 2 = -3. ((1, 3, 5), (2, 4, 6)) with
/// (1, -1) and (1, 0, 2): W v = (11, 14), and -3 again.
#[test]
fn a_spectral_norm_in_evaluation() {
    let config =
        SequentialConfig::new().layer(LinearConfig::new(2, 3)).layer(LinearConfig::new(3, 2));
    let mut network = init(&config);
    let file = WeightFile::open(fixture("spectral_norm.pt")).unwrap();
    file.load(&mut network, &Mapping::InOrder).unwrap();
    assert_close(&weight(&network, 0), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(|w| w / -3.0), 1e-6);
    assert_close(&weight(&network, 1), &[1.0, 3.0, 5.0, 2.0, 4.0, 6.0].map(|w| w / -3.0), 1e-6);
}

#[test]
fn a_pruned_weight_is_masked() {
    let mut network = init(&SequentialConfig::new().layer(LinearConfig::new(2, 3)));
    let file = WeightFile::open(fixture("pruned.pt")).unwrap();
    file.load(&mut network, &Mapping::InOrder).unwrap();
    assert_eq!(weight(&network, 0), [1.0, 0.0, 3.0, 4.0, 0.0, 6.0]);
}

#[test]
fn parts_that_determine_nothing_are_refused_with_what_to_call() {
    let square = |name| f32s(name, &[2, 2], &[1.0; 4]);
    let two = |name| f32s(name, &[2], &[1.0; 2]);
    let new = "torch.nn.utils.parametrize.remove_parametrizations(module, \"weight\")";
    let norm = "torch.nn.utils.remove_weight_norm(module, \"weight\")";
    let spectral = "torch.nn.utils.remove_spectral_norm(module, \"weight\")";
    let cases: [(Vec<Stored<'_>>, &str, &str); 12] = [
        // Orthogonal, with and without a base; a parametrization without tensors of its own.
        (
            vec![
                square("0.parametrizations.weight.original"),
                square("0.parametrizations.weight.0.base"),
            ],
            "these do not determine its values",
            new,
        ),
        (
            vec![square("0.parametrizations.weight.original")],
            "these do not determine its values",
            new,
        ),
        // Weight and spectral normalization, one after the other.
        (
            vec![
                f32s("0.parametrizations.weight.original0", &[2, 1], &[1.0; 2]),
                square("0.parametrizations.weight.original1"),
                two("0.parametrizations.weight.1._u"),
                two("0.parametrizations.weight.1._v"),
            ],
            "these do not determine its values",
            new,
        ),
        (vec![square("0.weight_v")], "these do not determine its values", norm),
        (vec![square("0.weight_orig")], "these do not determine its values", spectral),
        (
            vec![square("0.weight_orig"), two("0.weight_u")],
            "these do not determine its values",
            spectral,
        ),
        (
            vec![square("0.weight"), square("0.weight_v"), f32s("0.weight_g", &[2, 1], &[1.0; 2])],
            "the file has it both as a whole and in parts",
            norm,
        ),
        (
            vec![square("0.weight_v"), f32s("0.weight_g", &[3, 1], &[1.0; 3])],
            "weight_g of shape [3, 1] is not one for weight_v of [2, 2]",
            norm,
        ),
        (
            vec![
                f32s("0.weight_v", &[2, 2], &[1.0, 0.0, 0.0, 0.0]),
                f32s("0.weight_g", &[2, 1], &[1.0; 2]),
            ],
            "weight_v is 0 in all of row 1, which has no direction",
            norm,
        ),
        (
            vec![square("0.weight_orig"), f32s("0.weight_u", &[3], &[1.0; 3]), two("0.weight_v")],
            "weight_u of 3 and weight_v of 2 values are not those of a weight of shape [2, 2]",
            spectral,
        ),
        // W v = (2, 2), and u = (1, -1): 0.
        (
            vec![
                square("0.weight_orig"),
                f32s("0.weight_u", &[2], &[1.0, -1.0]),
                two("0.weight_v"),
            ],
            "the values that follow are not finite",
            spectral,
        ),
        (
            vec![square("0.weight_orig"), two("0.weight_mask")],
            "a mask of shape [2] is not one for [2, 2]",
            "torch.nn.utils.prune.remove(module, \"weight\")",
        ),
    ];
    for (tensors, reason, remedy) in cases {
        let error = load(&tensors, &linear(2, 2)).unwrap_err();
        assert!(
            error.starts_with("layer 0 (Linear) takes 0.weight, for which the file has 0."),
            "{error}"
        );
        let end = format!(": {reason}; call `{remedy}` in Python before `torch.save`");
        assert!(error.ends_with(&end), "{error}");
    }
    // Of another shape than the layer.
    let tensors = [square("0.weight_v"), f32s("0.weight_g", &[2, 1], &[1.0; 2])];
    assert_eq!(
        load(&tensors, &linear(3, 2)).unwrap_err(),
        "layer 0 (Linear) takes 0.weight of shape [2, 3], got [2, 2]"
    );
    // No part is ever taken for the weight itself.
    let file = written(&safetensors(&tensors));
    let mut network = init(&linear(2, 2));
    let file = WeightFile::open(file.path()).unwrap();
    assert!(file.load_partial(&mut network, &Mapping::layers([(0, "0.weight_v")])).is_err());
}

proptest! {
    /// Along any axis of any weight, against the definition.
    #[test]
    fn any_weight_norm_is_its_definition(
        shape in prop::array::uniform4(1usize..4),
        axis in prop::option::of(0usize..4),
        seed in prop::collection::vec(-2.0f32..2.0, 81),
    ) {
        let count = shape.iter().product::<usize>();
        let v: Vec<f32> = seed[..count].iter().map(|v| if v.abs() < 0.01 { 1.0 } else { *v }).collect();
        let stride = |axis: usize| shape[axis + 1..].iter().product::<usize>();
        let row = |at: usize| axis.map_or(0, |axis| at / stride(axis) % shape[axis]);
        let rows = axis.map_or(1, |axis| shape[axis]);
        let g: Vec<f32> = (0..rows).map(|row| row as f32 - 0.5).collect();
        let g_shape: Vec<usize> = match axis {
            None => vec![],
            Some(axis) => (0..4).map(|other| if other == axis { shape[axis] } else { 1 }).collect(),
        };
        let norm = |row_of: usize| {
            let squares = v.iter().enumerate().filter(|(at, _)| row(*at) == row_of);
            squares.map(|(_, v)| f64::from(*v).powi(2)).sum::<f64>().sqrt()
        };
        let expected: Vec<f32> = (0..count)
            .map(|at| (f64::from(v[at]) * f64::from(g[row(at)]) / norm(row(at))) as f32)
            .collect();
        let [outputs, inputs, height, width] = shape;
        let config = SequentialConfig::new()
            .layer(Conv2dConfig::new([inputs, outputs], [height, width]).with_bias(false));
        let tensors = [f32s("0.weight_g", &g_shape, &g), f32s("0.weight_v", &shape, &v)];
        assert_close(&weight(&load(&tensors, &config).unwrap(), 0), &expected, 1e-6);
    }
}

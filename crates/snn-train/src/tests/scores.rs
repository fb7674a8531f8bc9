//! Decisions by scores that are NaN, infinite or tied.

use burn::data::dataloader::Progress;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn::train::metric::{AccuracyMetric, Adaptor, Metric, MetricMetadata, Numeric};
use proptest::prelude::*;

use super::cases;
use super::table::{OUTPUTS, table};
use crate::classify::ClassifierOutput;
use crate::loss::check::{classes, values};
use crate::metric::{accuracy, correct, predictions, top_k_accuracy};

const CLASSES: usize = 4;

/// Position of the class among the sorted ones, from 0, one comparison at a time; `None` if its score is
/// NaN. A NaN of another class is ahead.
fn rank(scores: &[f32], class: usize) -> Option<usize> {
    let own = scores[class];
    if own.is_nan() {
        return None;
    }
    let ahead = |(other, score): (usize, &f32)| {
        other != class && (score.is_nan() || *score > own || (*score == own && other < class))
    };
    Some(scores.iter().enumerate().filter(|score| ahead(*score)).count())
}

fn score() -> impl Strategy<Value = f32> {
    prop_oneof![
        Just(f32::NAN),
        Just(-f32::NAN),
        Just(f32::INFINITY),
        Just(f32::NEG_INFINITY),
        Just(0.0f32),
        Just(-0.0f32),
        Just(1.0f32),
        -2.0f32..2.0,
    ]
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn only_a_number_that_leads_is_right(
        rows in prop::collection::vec((prop::collection::vec(score(), CLASSES), 0i64..4), 1..6),
    ) {
        let batch = rows.len();
        let flat: Vec<f32> = rows.iter().flat_map(|(scores, _)| scores.clone()).collect();
        let labels: Vec<i64> = rows.iter().map(|(_, class)| *class).collect();
        let device = Device::default().autodiff();
        let scores = Tensor::<2>::from_data(TensorData::new(flat, [batch, CLASSES]), &device);
        let ranks: Vec<_> =
            rows.iter().map(|(scores, class)| rank(scores, *class as usize)).collect();
        for k in 1..=CLASSES {
            let right = ranks.iter().filter(|rank| rank.is_some_and(|rank| rank < k)).count();
            let found = values(top_k_accuracy(scores.clone(), classes(&labels), k))[0];
            prop_assert!((found - right as f32 / batch as f32).abs() < 1e-6, "{k}: {found}, {right}");
        }
        let right: Vec<bool> = ranks.iter().map(|rank| *rank == Some(0)).collect();
        let found = correct(scores.clone(), classes(&labels)).into_data();
        prop_assert_eq!(found.iter::<bool>().collect::<Vec<_>>(), right.clone());
        let share = right.iter().filter(|right| **right).count() as f32 / batch as f32;
        prop_assert!((values(accuracy(scores.clone(), classes(&labels)))[0] - share).abs() < 1e-6);
        let predicted: Tensor<1, Int> = predictions(scores);
        for ((scores, _), predicted) in rows.iter().zip(predicted.into_data().iter::<i64>()) {
            let expected = match scores.iter().any(|score| score.is_nan()) {
                true => -1,
                false => (0..CLASSES).find(|c| rank(scores, *c) == Some(0)).unwrap() as i64,
            };
            prop_assert_eq!(predicted, expected);
        }
    }
}

#[test]
fn a_sequence_that_is_not_a_number_is_never_right_nor_a_loss() {
    // Each class in turn; NaN in all outputs, in the right one, in another one, the latter two at the second
    // of three steps, which is not the last.
    for entry in table().iter().filter(|entry| entry.name != "confusion_matrix") {
        for class in 0..entry.classes as i64 {
            let nan_at: [&dyn Fn(usize, i64) -> bool; 3] =
                [&|_, _| true, &|step, output| step == 1 && output == class, &|step, output| {
                    step == 1 && output == (class + 1) % OUTPUTS as i64
                }];
            for (place, is_nan) in nan_at.iter().enumerate() {
                let outputs = OUTPUTS as i64;
                let values: Vec<f32> = (0..3 * outputs)
                    .map(|k| match is_nan((k / outputs) as usize, k % outputs) {
                        true => f32::NAN,
                        // The right output leads in every way, if it is the output of a class.
                        false => f32::from(u8::from(k % outputs == class)),
                    })
                    .collect();
                let data = TensorData::new(values, [3, 1, OUTPUTS]);
                let x = Tensor::from_data(data, &Device::default().autodiff());
                let value: f32 = (entry.value)(x, classes(&[class]), None).into_scalar();
                let name = &entry.name;
                if name.contains("Last") && place > 0 {
                    continue;
                }
                match (entry.learns, name.as_str()) {
                    (true, _) => assert!(value.is_nan(), "{name}, {place}: {value}"),
                    // The second of the best two may be right, if the NaN is not its own.
                    (false, "top_k_accuracy") => {
                        assert_eq!(value, if place == 2 { 1.0 } else { 0.0 }, "{place}");
                    }
                    (false, _) => assert_eq!(value, 0.0, "{name}, {place}"),
                }
            }
        }
    }
}

#[test]
fn the_dashboard_counts_the_same() {
    let device = Device::default();
    let nan = f32::NAN;
    // Right, tied and so the first, NaN elsewhere, NaN itself, right without a step.
    let scores = [[0.0, 2.0], [1.0, 1.0], [3.0, nan], [nan, 0.0], [5.0, 0.0]];
    let mask = [[1.0, 1.0, 1.0, 1.0, 0.0]];
    let output = ClassifierOutput {
        loss: Tensor::zeros([1], &device),
        scores: Tensor::from_floats(scores, &device),
        targets: Tensor::from_ints([1, 0, 0, 0, 0], &device),
        mask: Some(Tensor::from_floats(mask, &device)),
        rates: Vec::new(),
    };
    let right = output.correct().into_data().iter::<bool>().collect::<Vec<_>>();
    assert_eq!(right, [true, true, false, false, false]);
    let progress = Progress { items_processed: 5, items_total: 5, unit: None };
    let metadata = MetricMetadata { progress, iteration: None, lr: None };
    let mut metric = AccuracyMetric::new();
    metric.update(&output.adapt(), &metadata).unwrap();
    assert_eq!(metric.final_value().current(), 40.0);
}

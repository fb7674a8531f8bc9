//! Class indices out of range.

use burn::tensor::{Device, Int, Tensor};
use proptest::prelude::*;

use super::table::{OUTPUTS, table};
use super::{cases, panic_message};
use crate::loss::check::{classes, values};
use crate::loss::simulate_device_memory;
use crate::loss::{ReadoutMse, cross_entropy};

fn ones(batch: usize) -> Tensor<3> {
    Tensor::ones([3, batch, OUTPUTS], &Device::default().autodiff())
}

/// The message, or none if every label is a class.
fn expected(labels: &[i64], classes: usize) -> Option<String> {
    let outside = |label: &i64| *label < 0 || *label >= classes as i64;
    let sample = labels.iter().position(outside)?;
    let (last, label) = (classes - 1, labels[sample]);
    Some(format!(
        "expected class indices from 0 to {last} for {classes} classes, found class {label} of sample {sample}; "
    ))
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn the_first_label_that_is_no_class_is_named(
        labels in prop::collection::vec(prop_oneof![-2i64..6, Just(i64::from(i32::MAX))], 1..5),
        masked in any::<bool>(),
    ) {
        let batch = labels.len();
        let mask = Tensor::<2>::ones([3, batch], &Device::default().autodiff());
        let mask = masked.then_some(&mask);
        for entry in table().iter().filter(|entry| entry.classes > 0) {
            let expected = expected(&labels, entry.classes);
            let run = || (entry.value)(ones(batch), classes(&labels), mask).into_scalar::<f32>();
            let message = panic_message(run);
            let same = match (&expected, &message) {
                (Some(expected), Some(message)) => message.starts_with(expected.as_str()),
                (expected, message) => expected.is_none() && message.is_none(),
            };
            prop_assert!(same, "{}: {message:?}, not {expected:?}", entry.name);
        }
    }
}

#[test]
fn what_is_not_read_back_is_nan() {
    let named = ["confusion_matrix", "correct"];
    simulate_device_memory(|| {
        for entry in table().iter().filter(|e| e.classes > 0 && !named.contains(&e.name.as_str())) {
            for label in [-1, entry.classes as i64] {
                let value = (entry.value)(ones(3), classes(&[0, label, 1]), None);
                let value: f32 = value.into_scalar();
                assert!(value.is_nan(), "{}: {value}", entry.name);
            }
            let value: f32 = (entry.value)(ones(2), classes(&[0, 1]), None).into_scalar();
            assert!(value.is_finite(), "{}: {value}", entry.name);
        }
    });
}

#[test]
fn a_label_that_is_not_read_back_is_never_right() {
    // All scores are 0, and so is the sum over no class.
    simulate_device_memory(|| {
        for k in [-1, 4, 9] {
            let scores = Tensor::<2>::zeros([3, 4], &Device::default());
            let labels = Tensor::from_data([0, k, 0], &Device::default());
            let right = crate::metric::correct(scores, labels);
            assert_eq!(values(right.float()), [1.0, 0.0, 1.0], "{k}");
        }
    });
}

#[test]
fn losses_of_other_shapes_name_the_label_too() {
    // A class for every step, [T, B] = [3, 2]: the last step of sample 0.
    let each_step = classes(&[0, 1, 2, 3, 4, 0]).reshape([3, 2]);
    let run = |y: Tensor<2, Int>| ReadoutMse::mse_membrane().forward_each_step(ones(2), y);
    let message = panic_message(|| run(each_step)).unwrap();
    let expected =
        "expected class indices from 0 to 3 for 4 classes, found class 4 of sample 0 at step 2";
    assert!(message.starts_with(expected), "{message}");

    let logits = || ones(2).sum_dim(0).squeeze_dim::<2>(0);
    let message = panic_message(|| cross_entropy(logits(), classes(&[3, -1]), None, 0.0)).unwrap();
    assert!(message.contains("found class -1 of sample 1"), "{message}");
}

#[test]
fn a_class_may_have_no_weight() {
    // Not counted at all: the mean over no weight is 0, not 0 / 0.
    let loss = crate::loss::ReadoutCrossEntropy::ce_count()
        .with_weights(Some(vec![0.0, 1.0, 1.0, 1.0]))
        .with_weighted_mean(true);
    assert_eq!(values(loss.forward(ones(2), classes(&[0, 0]))), [0.0]);
    // ln 4 for sample 1.
    let value = values(loss.forward(ones(2), classes(&[0, 2])))[0];
    assert!((value - 4f32.ln()).abs() < 1e-6, "{value}");
}

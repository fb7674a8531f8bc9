//! Recordings of different lengths, with empty ones and with chunks in which they are over.

use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;

use super::table::{Entry, OUTPUTS, Over, table};
use super::{cases, panic_message};
use crate::loss::check::{classes, values};

/// A padded batch: values, steps of each recording, its class.
#[derive(Debug, Clone)]
struct Padded {
    steps: usize,
    recordings: Vec<(usize, i64)>,
    values: Vec<f32>,
}

impl Padded {
    fn tensors(&self, padding: f32, classes_of: usize) -> (Tensor<3>, Vec<i64>, Tensor<2>) {
        let batch = self.recordings.len();
        let mut values = self.values.clone();
        let mut mask = Vec::new();
        for step in 0..self.steps {
            for (b, (length, _)) in self.recordings.iter().enumerate() {
                mask.push(f32::from(u8::from(step < *length)));
                if step >= *length {
                    let first = (step * batch + b) * OUTPUTS;
                    values[first..first + OUTPUTS].fill(padding);
                }
            }
        }
        let device = Device::default().autodiff();
        let x = TensorData::new(values, [self.steps, batch, OUTPUTS]);
        let mask = TensorData::new(mask, [self.steps, batch]);
        let labels = self.recordings.iter().map(|(_, class)| class % classes_of.max(1) as i64);
        let (x, mask) = (Tensor::from_data(x, &device), Tensor::from_data(mask, &device));
        (x, labels.collect(), mask)
    }
}

prop_compose! {
    /// Half of the values are 0, as those of spikes mostly are.
    fn padded()(steps in 1usize..5, batch in 1usize..4)(
        recordings in prop::collection::vec((0..=steps, 0i64..4), batch),
        values in prop::collection::vec(
            prop_oneof![Just(0.0f32), -2.0f32..2.0],
            steps * batch * OUTPUTS,
        ),
        steps in Just(steps),
    ) -> Padded {
        Padded { steps, recordings, values }
    }
}

/// Value, and gradient if there is one.
fn value_and_gradient(
    entry: &Entry,
    x: Tensor<3>,
    labels: &[i64],
    mask: Option<&Tensor<2>>,
) -> (f32, Vec<f32>) {
    let x = x.require_grad();
    let value = (entry.value)(x.clone(), classes(labels), mask);
    let gradient = match entry.learns {
        true => {
            let gradient = x.grad(&value.backward());
            values(gradient.unwrap_or_else(|| panic!("{} has no gradient", entry.name)))
        }
        false => Vec::new(),
    };
    (value.into_scalar(), gradient)
}

fn close(a: f32, b: f32) -> bool {
    (a - b).abs() <= 2e-5 * b.abs().max(1.0)
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn padding_counts_for_nothing(batch in padded(), garbage in prop_oneof![
        Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY), Just(-3.0f32), Just(7.0f32),
    ]) {
        let count = batch.recordings.len();
        for entry in table() {
            let (x, labels, mask) = batch.tensors(garbage, entry.classes);
            let (value, gradient) = value_and_gradient(&entry, x.clone(), &labels, Some(&mask));
            let name = &entry.name;
            prop_assert!(value.is_finite(), "{name}: {value}");
            let (zeros, _, _) = batch.tensors(0.0, entry.classes);
            let (same, _) = value_and_gradient(&entry, zeros, &labels, Some(&mask));
            prop_assert!(close(value, same), "{name}: {value} and {same} by what padding contains");

            // The recordings alone. One without a step adds nothing.
            let mut sum = 0.0;
            let mut expected = vec![0.0; gradient.len()];
            for (b, (length, _)) in batch.recordings.iter().enumerate().filter(|(_, r)| r.0 > 0) {
                let alone = x.clone().narrow(1, b, 1).narrow(0, 0, *length).detach();
                let (value, slopes) = value_and_gradient(&entry, alone, &labels[b..=b], None);
                // Rates are per step of the batch.
                let share = if name == "Classifier rates" { *length as f32 / batch.steps as f32 } else { 1.0 };
                sum += value * share;
                for (k, slope) in slopes.into_iter().enumerate() {
                    expected[((k / OUTPUTS) * count + b) * OUTPUTS + k % OUTPUTS] = slope;
                }
            }
            let scale = match entry.over {
                Over::Mean => 1.0 / count as f32,
                Over::Sum => 1.0,
                Over::Other => {
                    // No gradient where there is none alone, so none for padding.
                    for (k, slope) in gradient.iter().enumerate() {
                        let (step, b) = (k / OUTPUTS / count, k / OUTPUTS % count);
                        let padding = step >= batch.recordings[b].0;
                        prop_assert!(slope.is_finite(), "{name}: {gradient:?}");
                        prop_assert!(!padding || *slope == 0.0, "{name}: {gradient:?}");
                    }
                    continue;
                }
            };
            prop_assert!(close(value, sum * scale), "{name}: {value}, not {}", sum * scale);
            for (slope, expected) in gradient.iter().zip(&expected) {
                prop_assert!(close(*slope, expected * scale), "{name}: {gradient:?}, not {expected:?} by {scale}");
            }
        }
    }
}

#[test]
fn a_batch_of_empty_recordings_is_zero() {
    let batch = Padded { steps: 2, recordings: vec![(0, 0), (0, 3)], values: vec![1.0; 16] };
    for entry in table() {
        let (x, labels, mask) = batch.tensors(f32::NAN, entry.classes);
        let (value, gradient) = value_and_gradient(&entry, x, &labels, Some(&mask));
        let name = &entry.name;
        assert!(gradient.iter().all(|slope| *slope == 0.0), "{name}: {gradient:?}");
        assert!(entry.over == Over::Other || value == 0.0, "{name}: {value}");
    }
}

#[test]
fn losses_of_chunks_add_up_to_those_of_the_recordings_alone() {
    // Three recordings of 1, 5 and 3 steps, in chunks of 2: over in the second, never, in the third.
    let recordings = vec![(1, 0), (5, 3), (3, 2)];
    let values = (0..5 * 3 * OUTPUTS).map(|k| (1.3 * k as f32).sin()).collect();
    let batch = Padded { steps: 5, recordings, values };
    for entry in table().iter().filter(|entry| entry.over == Over::Mean) {
        let (x, labels, mask) = batch.tensors(f32::NAN, entry.classes);
        let chunks = |x: Tensor<3>, labels: &[i64], mask: Option<&Tensor<2>>| -> f32 {
            let steps = x.dims()[0];
            let chunk = |start: usize| {
                let length = 2.min(steps - start);
                let mask = mask.map(|mask| mask.clone().narrow(0, start, length));
                let x = x.clone().narrow(0, start, length);
                // Rates are per step of the chunk.
                (entry.value)(x, classes(labels), mask.as_ref()).into_scalar::<f32>()
            };
            (0..steps).step_by(2).map(chunk).sum()
        };
        if entry.name == "Classifier rates" {
            continue;
        }
        let together = chunks(x.clone(), &labels, Some(&mask));
        let alone = [1, 5, 3].iter().enumerate().map(|(b, length)| {
            chunks(x.clone().narrow(1, b, 1).narrow(0, 0, *length), &labels[b..=b], None)
        });
        let alone = alone.sum::<f32>() / 3.0;
        assert!(close(together, alone), "{}: {together}, not {alone}", entry.name);
    }
}

#[test]
fn a_sequence_without_a_step_is_refused() {
    for entry in table() {
        let device = Device::default().autodiff();
        let x = || Tensor::<3>::zeros([0, 2, OUTPUTS], &device);
        let mask = Tensor::<2>::zeros([0, 2], &device);
        for mask in [None, Some(&mask)] {
            let run = || (entry.value)(x(), classes(&[0, 1]), mask).into_scalar::<f32>();
            let message = panic_message(run);
            // A sum, over time or of all, is 0 without steps.
            let refused = message.as_ref().is_some_and(|m| m.contains("expected at least one"));
            let sum = entry.classes == 0 && mask.is_none() && message.is_none();
            assert!(refused || sum, "{}: {message:?}", entry.name);
        }
    }
}

use std::path::PathBuf;
use std::sync::Arc;

use burn::data::dataset::{Dataset, DatasetError};
use proptest::prelude::*;

use super::*;
use crate::dataset::{Origin, Recordings, Sample};

/// Every sample is in one part, and parts are in ascending order.
fn check_conserved(parts: &[Vec<usize>], len: usize) {
    assert!(parts.iter().all(|part| part.is_sorted()));
    let mut all = parts.concat();
    all.sort_unstable();
    assert_eq!(all, (0..len).collect::<Vec<_>>());
}

fn of_class(part: &[usize], labels: &[usize], class: usize) -> usize {
    part.iter().filter(|index| labels[**index] == class).count()
}

proptest! {
    #[test]
    fn parts_have_their_share_of_each_class(
        labels in prop::collection::vec(0usize..6, 0..200),
        tenths in prop::collection::vec(1u32..10, 1..6),
        seed in any::<u64>(),
    ) {
        let sum: u32 = tenths.iter().sum();
        let shares: Vec<f64> = tenths.iter().map(|n| f64::from(*n) / f64::from(sum)).collect();
        let parts = stratified(&labels, &shares, seed).unwrap();
        check_conserved(&parts, labels.len());
        prop_assert_eq!(&parts, &stratified(&labels, &shares, seed).unwrap());
        for (part, share) in parts.iter().zip(&shares) {
            for class in 0..6 {
                let exact = share * labels.iter().filter(|label| **label == class).count() as f64;
                let found = of_class(part, &labels, class) as f64;
                prop_assert!((found - exact).abs() < 1.0, "{} of {}", found, exact);
            }
            // 6 classes could be off by 1 each.
            let exact = share * labels.len() as f64;
            prop_assert!((part.len() as f64 - exact).abs() < 3.0, "{} of {exact}", part.len());
        }
    }

    #[test]
    fn folds_validate_with_every_sample_once(
        labels in prop::collection::vec(0usize..4, 2..60),
        folds in 2usize..60,
        seed in any::<u64>(),
    ) {
        let folds = folds.min(labels.len());
        let all = stratified_k_fold(&labels, folds, seed).unwrap();
        let valid: Vec<_> = all.iter().map(|fold| fold.valid.clone()).collect();
        check_conserved(&valid, labels.len());
        for fold in &all {
            check_conserved(&[fold.train.clone(), fold.valid.clone()], labels.len());
            for class in 0..4 {
                let exact = of_class(&fold.train, &labels, class) + of_class(&fold.valid, &labels, class);
                let exact = exact as f64 / folds as f64;
                prop_assert!((of_class(&fold.valid, &labels, class) as f64 - exact).abs() < 1.0);
            }
        }
    }

    #[test]
    fn groups_stay_together(
        keys in prop::collection::vec(0u8..10, 0..100),
        seed in any::<u64>(),
    ) {
        let parts = grouped(&keys, &[0.7, 0.3], seed).unwrap();
        check_conserved(&parts, keys.len());
        let of = |part: usize| parts[part].iter().map(|index| keys[*index]);
        prop_assert!(of(0).all(|key| of(1).all(|other| key != other)));
        let folds = leave_one_group_out(&keys);
        check_conserved(&folds.iter().map(|fold| fold.valid.clone()).collect::<Vec<_>>(), keys.len());
        for fold in folds {
            let group = keys[fold.valid[0]];
            prop_assert!(fold.valid.iter().all(|index| keys[*index] == group));
            prop_assert!(fold.train.iter().all(|index| keys[*index] != group));
            prop_assert_eq!(fold.train.len() + fold.valid.len(), keys.len());
        }
    }
}

#[test]
fn many_small_classes_leave_no_part_empty() {
    // Rounded to the nearest for each class alone, the first part had all of them.
    let labels: Vec<usize> = (0..100).collect();
    let parts = stratified(&labels, &[0.8, 0.1, 0.1], 0).unwrap();
    assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [80, 10, 10]);
}

#[test]
fn a_random_split_depends_on_the_seed() {
    let parts = random(100, &[0.8, 0.1, 0.1], 1).unwrap();
    check_conserved(&parts, 100);
    assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [80, 10, 10]);
    assert_ne!(parts, random(100, &[0.8, 0.1, 0.1], 2).unwrap());
    let all = random(3, &[0.0, 1.0], 1).unwrap();
    assert_eq!(all, [vec![], vec![0, 1, 2]]);
    for shares in [&[0.5, 0.4][..], &[1.5, -0.5], &[f64::NAN], &[]] {
        let error = random(3, shares, 1).unwrap_err();
        assert!(error.to_string().contains("sum of 1"));
    }
}

#[test]
fn groups_have_their_share() {
    // 20 groups of 10.
    let users: Vec<String> = (0..200).map(|n| format!("user{:02}", n % 20)).collect();
    let parts = grouped(&users, &[0.8, 0.2], 3).unwrap();
    assert_eq!((parts[0].len(), parts[1].len()), (160, 40));
    assert_ne!(parts, grouped(&users, &[0.8, 0.2], 4).unwrap());
}

#[test]
fn subsets_are_balanced() {
    let labels: Vec<usize> = (0..90).map(|n| if n < 80 { 0 } else { 3 }).collect();
    let subset = balanced_subset(&labels, 10, 5).unwrap();
    assert_eq!((of_class(&subset, &labels, 0), of_class(&subset, &labels, 3)), (10, 10));
    assert_eq!((subset.len(), subset.is_sorted()), (20, true));
    assert_ne!(subset, balanced_subset(&labels, 10, 6).unwrap());
    let error = balanced_subset(&labels, 11, 5).unwrap_err();
    assert_eq!(error, SplitError::Class { class: 3, samples: 10, expected: 11 });
}

#[test]
fn folds_are_checked() {
    for folds in [0, 1, 4] {
        let error = stratified_k_fold(&[0, 1, 0], folds, 0).unwrap_err();
        assert_eq!(error, SplitError::Folds { folds, samples: 3 });
    }
}

/// Ten squares of their index; odd ones are of class 1.
#[derive(Debug)]
struct Squares(Vec<String>);

impl Dataset<Sample<usize>> for Squares {
    fn get(&self, index: usize) -> Result<Sample<usize>, DatasetError> {
        Ok(Sample { data: index * index, label: self.label(index) })
    }

    fn len(&self) -> usize {
        10
    }
}

impl Recordings<usize> for Squares {
    fn classes(&self) -> &[String] {
        &self.0
    }

    fn label(&self, index: usize) -> usize {
        index % 2
    }

    fn origin(&self, index: usize) -> Origin {
        Origin { path: PathBuf::from("squares"), part: index.to_string() }
    }
}

#[test]
fn a_subset_is_a_data_set() {
    let squares = Arc::new(Squares(vec!["even".into(), "odd".into()]));
    let subset = Subset::new(Arc::clone(&squares), vec![7, 2]).unwrap();
    assert_eq!((subset.len(), subset.indices()), (2, &[7, 2][..]));
    assert_eq!(subset.get(0).unwrap(), Sample { data: 49, label: 1 });
    assert_eq!((subset.classes(), subset.labels()), (&squares.0[..], vec![1, 0]));
    assert_eq!(subset.origin(1), squares.origin(2));
    let error = Subset::new(squares, vec![10]).unwrap_err();
    assert_eq!(error, SplitError::Index { index: 10, samples: 10 });
}

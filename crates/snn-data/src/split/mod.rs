//! Parts of a data set: for training, validation and tests, folds, subsets.
//!
//! A part is a list of indices in ascending order; [`Subset`] makes a data set of it. The same seed
//! gives the same parts.
//!
//! ```
//! use snn_data::split::stratified;
//!
//! let labels = [0, 0, 0, 0, 1, 1, 1, 1];
//! let parts = stratified(&labels, &[0.75, 0.25], 42)?;
//! assert_eq!((parts[0].len(), parts[1].len()), (6, 2));
//! // One of each class.
//! assert_eq!(parts[1].iter().map(|index| labels[*index]).collect::<Vec<_>>(), [0, 1]);
//! # Ok::<(), snn_data::split::SplitError>(())
//! ```

mod subset;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

pub use subset::Subset;

/// Why a set cannot be split.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SplitError {
    /// Shares that are not all of it.
    #[error("shares of {0:?}: expected some that are not negative, with a sum of 1")]
    Shares(Vec<f64>),
    /// A number of folds that the set does not have.
    #[error("{folds} folds of {samples} samples: expected 2 up to the number of samples")]
    Folds {
        /// Number of folds.
        folds: usize,
        /// Number of samples.
        samples: usize,
    },
    /// A class with too few samples.
    #[error("class {class} has {samples} samples, expected {expected} or more")]
    Class {
        /// The class.
        class: usize,
        /// Number of its samples.
        samples: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A sample that the set does not have.
    #[error("sample {index} of {samples}")]
    Index {
        /// The sample.
        index: usize,
        /// Number of samples.
        samples: usize,
    },
}

/// One way to train with most of a set and to validate with the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// What to train with.
    pub train: Vec<usize>,
    /// What to validate with.
    pub valid: Vec<usize>,
}

/// Splits a set of `len` samples at random. Each part has its share of them, rounded up or down.
///
/// # Errors
///
/// Shares that are negative or not finite, or whose sum is not 1.
pub fn random(len: usize, shares: &[f64], seed: u64) -> Result<Vec<Vec<usize>>, SplitError> {
    stratified(&vec![0; len], shares, seed)
}

/// Splits a set at random so that each part has its share of each class, rounded up or down. Which
/// part gets more is decided such that the parts as a whole have their share too, also of classes
/// with fewer samples than there are parts.
///
/// # Errors
///
/// As [`random`].
pub fn stratified(
    labels: &[usize],
    shares: &[f64],
    seed: u64,
) -> Result<Vec<Vec<usize>>, SplitError> {
    check(shares)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut parts = vec![Vec::new(); shares.len()];
    // How much less than its share each part has of the classes so far.
    let mut owed = vec![0.0; shares.len()];
    for mut samples in groups(labels).into_values() {
        samples.shuffle(&mut rng);
        let mut rest = samples.as_slice();
        for (part, size) in sizes(rest.len(), shares, &mut owed).into_iter().enumerate() {
            let (of_part, after) = rest.split_at(size);
            parts[part].extend_from_slice(of_part);
            rest = after;
        }
    }
    parts.iter_mut().for_each(|part| part.sort_unstable());
    Ok(parts)
}

/// Splits a set at random so that no group, the recordings of a person for example, is in two parts.
/// Each part has about its share of the samples, as far as whole groups allow.
///
/// # Errors
///
/// As [`random`].
pub fn grouped<G: Ord>(
    keys: &[G],
    shares: &[f64],
    seed: u64,
) -> Result<Vec<Vec<usize>>, SplitError> {
    check(shares)?;
    let mut groups: Vec<_> = groups(keys).into_values().collect();
    groups.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    // The large ones first: the small ones even out.
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let mut owed: Vec<f64> = shares.iter().map(|share| share * keys.len() as f64).collect();
    let mut parts = vec![Vec::new(); shares.len()];
    for group in groups {
        let part = most_owed(&owed);
        owed[part] -= group.len() as f64;
        parts[part].extend(group);
    }
    parts.iter_mut().for_each(|part| part.sort_unstable());
    Ok(parts)
}

/// As many folds as there are groups: each validates with one group and trains with the others.
pub fn leave_one_group_out<G: Ord>(keys: &[G]) -> Vec<Fold> {
    folds(groups(keys).into_values().collect(), keys.len())
}

/// Folds such that every sample is validated with once, each with its share of each class.
///
/// # Errors
///
/// Fewer than two folds, or more than there are samples.
pub fn stratified_k_fold(
    labels: &[usize],
    folds: usize,
    seed: u64,
) -> Result<Vec<Fold>, SplitError> {
    let samples = labels.len();
    if !(2..=samples).contains(&folds) {
        return Err(SplitError::Folds { folds, samples });
    }
    let parts = stratified(labels, &vec![1.0 / folds as f64; folds], seed)?;
    Ok(self::folds(parts, samples))
}

/// `samples` of each class that there is, drawn at random.
///
/// # Errors
///
/// A class has fewer.
pub fn balanced_subset(
    labels: &[usize],
    samples: usize,
    seed: u64,
) -> Result<Vec<usize>, SplitError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut subset = Vec::new();
    for (class, mut of_class) in groups(labels) {
        let found = of_class.len();
        if found < samples {
            return Err(SplitError::Class { class: *class, samples: found, expected: samples });
        }
        of_class.shuffle(&mut rng);
        subset.extend_from_slice(&of_class[..samples]);
    }
    subset.sort_unstable();
    Ok(subset)
}

fn check(shares: &[f64]) -> Result<(), SplitError> {
    let sum: f64 = shares.iter().sum();
    match shares.iter().all(|share| *share >= 0.0) && (sum - 1.0).abs() < 1e-9 {
        true => Ok(()),
        false => Err(SplitError::Shares(shares.to_vec())),
    }
}

/// The samples of each group, groups in the order of their keys.
fn groups<G: Ord>(keys: &[G]) -> BTreeMap<&G, Vec<usize>> {
    let mut groups = BTreeMap::<_, Vec<usize>>::new();
    keys.iter().enumerate().for_each(|(index, key)| groups.entry(key).or_default().push(index));
    groups
}

/// How many of `len` samples each part gets: its share, rounded down, and one more for those that
/// are owed most.
fn sizes(len: usize, shares: &[f64], owed: &mut [f64]) -> Vec<usize> {
    // A share of 1/49 of 49 samples is one of them.
    const ROUNDING: f64 = 1e-6;
    let exact: Vec<f64> = shares.iter().map(|share| share * len as f64).collect();
    let mut sizes: Vec<usize> = exact.iter().map(|exact| (exact + ROUNDING) as usize).collect();
    let rest = exact.iter().zip(&sizes).map(|(exact, size)| exact - *size as f64);
    let mut rest: Vec<f64> = rest.collect();
    owed.iter_mut().zip(&rest).for_each(|(owed, rest)| *owed += rest);
    for _ in sizes.iter().sum()..len {
        // Only one more, and only where the share is not whole.
        let may = owed.iter().zip(&rest);
        let may = may.map(|(owed, rest)| if *rest > ROUNDING { *owed } else { f64::MIN });
        let part = most_owed(&may.collect::<Vec<_>>());
        rest[part] = 0.0;
        sizes[part] += 1;
        owed[part] -= 1.0;
    }
    sizes
}

/// The first of the largest.
fn most_owed(owed: &[f64]) -> usize {
    let mut most = 0;
    for (part, value) in owed.iter().enumerate() {
        if *value > owed[most] {
            most = part;
        }
    }
    most
}

/// Validates with each part once.
fn folds(parts: Vec<Vec<usize>>, samples: usize) -> Vec<Fold> {
    let fold = |valid: Vec<usize>| {
        let train = (0..samples).filter(|index| valid.binary_search(index).is_err()).collect();
        Fold { train, valid }
    };
    parts.into_iter().map(fold).collect()
}

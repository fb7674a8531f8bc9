//! Files below a folder, in an order that does not depend on the file system.

use std::cmp::Ordering;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::DataError;

/// Folders in folders that are looked into: no data set has more, and a link to a folder above it
/// ends there.
const DEEPEST: usize = 4;

/// All files below a folder with one of the extensions, of which upper case is the same as lower
/// case. Sorted by [`natural`], one part of the path after the other. Files and folders whose names
/// begin with a dot are left out.
pub(super) fn files(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>, DataError> {
    let mut found = Vec::new();
    walk(folder, extensions, DEEPEST, &mut found)?;
    Ok(found)
}

fn walk(
    folder: &Path,
    extensions: &[&str],
    deepest: usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), DataError> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let unreadable = |source| DataError::File { path: folder.into(), source };
    let mut names: Vec<_> =
        entries.map_err(unreadable)?.into_iter().map(|entry| entry.file_name()).collect();
    names.sort_by(|a, b| natural(a.as_encoded_bytes(), b.as_encoded_bytes()));
    for name in names.into_iter().filter(|name| !name.as_encoded_bytes().starts_with(b".")) {
        let path = folder.join(name);
        if !path.is_dir() {
            if has_extension(&path, extensions) {
                found.push(path);
            }
        } else if let Some(deeper) = deepest.checked_sub(1) {
            walk(&path, extensions, deeper, found)?;
        }
    }
    Ok(())
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    extensions.iter().any(|wanted| wanted.eq_ignore_ascii_case(extension))
}

/// Compares names byte by byte, but runs of digits by the number that they are: `2` is before `10`.
pub(super) fn natural(a: &[u8], b: &[u8]) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    while let ([first_a, ..], [first_b, ..]) = (rest_a, rest_b) {
        let order = if first_a.is_ascii_digit() && first_b.is_ascii_digit() {
            let (number_a, number_b) = (take_number(&mut rest_a), take_number(&mut rest_b));
            number_a.len().cmp(&number_b.len()).then_with(|| number_a.cmp(number_b))
        } else {
            (rest_a, rest_b) = (&rest_a[1..], &rest_b[1..]);
            first_a.cmp(first_b)
        };
        if order.is_ne() {
            return order;
        }
    }
    // `01` and `1` are the same number, and not the same name.
    rest_a.len().cmp(&rest_b.len()).then_with(|| a.cmp(b))
}

/// The digits at the start, without leading zeros.
fn take_number<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, behind) = rest.split_at(end);
    *rest = behind;
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        let mut names = ["a10", "a9b", "a", "10", "9", "a9", "a09", "b", "A", "a-1", "00010"];
        names.sort_by(|a, b| natural(a.as_bytes(), b.as_bytes()));
        let sorted = ["9", "00010", "10", "A", "a", "a-1", "a09", "a9", "a9b", "a10", "b"];
        assert_eq!(names, sorted);
    }

    proptest! {
        /// What a sort needs.
        #[test]
        fn it_is_a_total_order(a in "[0-2a-]{0,5}", b in "[0-2a-]{0,5}", c in "[0-2a-]{0,5}") {
            let of = |a: &str, b: &str| natural(a.as_bytes(), b.as_bytes());
            prop_assert_eq!(of(&a, &b), of(&b, &a).reverse());
            prop_assert_eq!(of(&a, &b).is_eq(), a == b);
            if of(&a, &b).is_le() && of(&b, &c).is_le() {
                prop_assert!(of(&a, &c).is_le());
            }
        }
    }

    #[test]
    fn only_files_of_the_kind_and_the_same_in_every_order_of_creation() {
        let names =
            ["b/2.bin", "b/10.BIN", "a/x.bin", "a.bin", "b/3.txt", ".hidden/1.bin", "b/._2.bin"];
        let expected = ["a/x.bin", "a.bin", "b/2.bin", "b/10.BIN"];
        for turn in 0..names.len() {
            let folder = tempfile::tempdir().unwrap();
            for name in names.iter().cycle().skip(turn).take(names.len()) {
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
            let found = files(folder.path(), &["bin"]).unwrap();
            assert_eq!(found, expected.map(|name| folder.path().join(name)));
        }
    }
}

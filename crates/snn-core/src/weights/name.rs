//! The order of names with numbers in them.

use std::cmp::Ordering;

/// A part of a name. Numbers are as long as they are large, without leading zeros.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Number(usize, &'a str),
    Text(&'a str),
}

fn parts(name: &str) -> impl Iterator<Item = Part<'_>> {
    name.as_bytes().chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()).scan(
        0,
        move |start, bytes| {
            // Cuts are beside an ASCII digit, where every character ends.
            let text = &name[*start..*start + bytes.len()];
            *start += bytes.len();
            let digits = text.trim_start_matches('0');
            let number = text.starts_with(|first: char| first.is_ascii_digit());
            Some(if number { Part::Number(digits.len(), digits) } else { Part::Text(text) })
        },
    )
}

/// By numbers where there are some: `2.weight` is before `10.weight`.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    parts(a).cmp(parts(b)).then_with(|| a.cmp(b))
}

/// Whether sorted names give an order: the first thing in which two of them differ is a number.
pub(super) fn are_numbered(sorted: &[String]) -> bool {
    sorted.windows(2).all(|pair| {
        let (mut a, mut b) = (parts(&pair[0]), parts(&pair[1]));
        loop {
            match (a.next(), b.next()) {
                (Some(a), Some(b)) if a == b => {}
                (Some(Part::Number(..)), Some(Part::Number(..))) => return true,
                _ => return false,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(names: &[&str]) -> Vec<String> {
        let mut names: Vec<_> = names.iter().map(ToString::to_string).collect();
        names.sort_by(|a, b| compare(a, b));
        names
    }

    #[test]
    fn numbers_are_ordered_by_value() {
        let names =
            ["10.weight", "2.weight", "2.bias", "0.weight", "99999999999999999999999.weight"];
        assert_eq!(
            sorted(&names).join(" "),
            ["0.weight", "2.bias", "2.weight", "10.weight", "99999999999999999999999.weight",]
                .join(" ")
        );
        assert_eq!(sorted(&["é10", "é9", "é"]), ["é", "é9", "é10"]);
    }

    #[test]
    fn names_that_differ_in_text_first_give_no_order() {
        for names in [
            &["0", "12", "3"][..],
            &["features.0", "features.3"],
            &["layer1.conv", "layer2.bn"],
            &["0.0", "0.1", "2"],
            &["conv1", "conv2"],
            &["anything"],
            &[],
        ] {
            assert!(are_numbered(&sorted(names)), "{names:?}");
        }
        for names in [
            &["conv1", "fc1"][..],
            &["features.0", "classifier.0"],
            &["layer1.conv", "layer1.bn"],
            &["0", "0.1"],
            &["0", "00"],
            &["", "0"],
        ] {
            assert!(!are_numbered(&sorted(names)), "{names:?}");
        }
    }
}

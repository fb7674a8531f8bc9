//! Numbers as whole numbers, too large ones as the largest. Without the calls that `round` and `floor` are
//! on processors for which nothing newer than SSE2 is asked of the compiler.

/// The nearest whole number; halves away from 0.
#[inline]
pub(super) fn nearest(value: f64) -> i64 {
    let whole = value as i64;
    let rest = value - whole as f64;
    whole.saturating_add(i64::from(rest >= 0.5) - i64::from(rest <= -0.5))
}

/// The next smaller whole number.
#[inline]
pub(super) fn floor(value: f64) -> i64 {
    let whole = value as i64;
    whole.saturating_sub(i64::from(value < whole as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_standard_library_rounds() {
        let near = (-40..40).flat_map(|n| [f64::from(n) / 8.0, f64::from(n) / 8.0 + 1e-15]);
        let far = [0.5_f64.next_down(), 4503599627370497.5, 9007199254740993.0, 1e18, 1e19, 1e300];
        let far = far.into_iter().flat_map(|value| [value, -value]);
        for value in near.chain(far).chain([f64::INFINITY, f64::NEG_INFINITY, f64::NAN]) {
            assert_eq!(nearest(value), value.round() as i64, "{value}");
            assert_eq!(floor(value), value.floor() as i64, "{value}");
        }
    }
}

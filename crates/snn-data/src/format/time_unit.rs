//! Units of times, and the rules for times whose unit is not stated.
//!
//! Whole numbers are microseconds. A fraction shows that the unit is another one, but not which: such
//! times are refused with the readings that are possible, unless the options or the file state the
//! unit. So are times beyond [`LATEST`], which are nanoseconds since 1970 more often than anything else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::interpretation::{Basis, Finding};

/// Unit of the times in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TimeUnit {
    /// ns.
    Nanoseconds,
    /// µs.
    #[default]
    Microseconds,
    /// ms.
    Milliseconds,
    /// s.
    Seconds,
}

/// Largest time, in µs, that is plausible without a stated unit: the year 4253, counted from 1970.
const LATEST: i64 = 1 << 56;

/// Sources of the unit of times, in this order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct UnitRule {
    /// Unit of the options.
    pub option: Option<TimeUnit>,
    /// Unit that the file states.
    pub stated: Option<TimeUnit>,
    /// Unit of times with fractions in a known layout, and its name.
    pub fractions: Option<(TimeUnit, &'static str)>,
}

impl UnitRule {
    /// The unit, if it is determined without looking at the times.
    pub(super) fn known(self) -> Option<Finding<TimeUnit>> {
        let option = self.option.map(|unit| Finding::new(unit, Basis::Option));
        option.or_else(|| self.stated.map(|unit| Finding::new(unit, Basis::File)))
    }

    /// The unit of times without fractions.
    pub(super) fn of_whole(self) -> Finding<TimeUnit> {
        let assumed = "whole numbers without a unit";
        self.known().unwrap_or_else(|| Finding::assumed(TimeUnit::Microseconds, assumed))
    }

    /// The unit of times with fractions, if it is not known.
    pub(super) fn of_fractions(self) -> Option<Finding<TimeUnit>> {
        self.fractions.map(|(unit, name)| Finding::assumed(unit, format!("fractions in {name}")))
    }
}

impl TimeUnit {
    /// All units, the shortest first.
    pub const ALL: [Self; 4] =
        [Self::Nanoseconds, Self::Microseconds, Self::Milliseconds, Self::Seconds];

    /// Factor and divisor that convert to µs.
    fn ratio(self) -> (i64, i64) {
        match self {
            Self::Nanoseconds => (1, 1000),
            Self::Microseconds => (1, 1),
            Self::Milliseconds => (1000, 1),
            Self::Seconds => (1_000_000, 1),
        }
    }

    /// Converts a whole number to µs; `None` if it does not fit.
    #[inline]
    pub(super) fn whole(self, time: i64) -> Option<i64> {
        // The least value of all is what NumPy writes for a missing time.
        if time == i64::MIN {
            return None;
        }
        match self.ratio() {
            (1, 1) => Some(time),
            (factor, 1) => time.checked_mul(factor),
            (_, divisor) => Some(time / divisor),
        }
    }

    /// Converts a real number to µs, rounded toward zero as Tonic does; `None` if it does not fit.
    ///
    /// A time that was a whole number of µs before it was stored is a hair off: within `precision`,
    /// the relative rounding error of the stored type, or within 1 ns, it becomes that number again.
    pub(super) fn real(self, time: f64, precision: f64) -> Option<i64> {
        let (factor, divisor) = self.ratio();
        let time = time * factor as f64 / divisor as f64;
        let near = time.round();
        let close = (time - near).abs() < (precision * time.abs()).max(1e-3);
        let time = if close { near } else { time.trunc() };
        (time.abs() < i64::MAX as f64).then_some(time as i64)
    }
}

/// Whether a number has a fraction that is more than the rounding error of its type.
pub(super) fn has_fraction(value: f64, precision: f64) -> bool {
    // Not half of a number, whatever the type: that is a fraction.
    (value - value.round()).abs() > (4.0 * precision * value.abs()).min(0.4)
}

/// Whether a time needs a stated unit, being too large for µs.
pub(super) fn is_too_late(time: i64) -> bool {
    time.unsigned_abs() > LATEST.unsigned_abs()
}

/// Remedy that all refusals of times without a unit name.
const REMEDY: &str = "state the unit with Options::time_unit";

/// Refusal of a time with a fraction, in a recording from `first` to `last`, in the unit of the file.
pub(super) fn fraction(place: &str, value: f64, [first, last]: [f64; 2]) -> String {
    let reading = |unit: TimeUnit| {
        let us = |time: f64| unit.real(time, f64::EPSILON).map_or("?".into(), |us| us.to_string());
        format!("{} to {} µs if they are {unit}", us(first), us(last))
    };
    let [seconds, milliseconds] = [TimeUnit::Seconds, TimeUnit::Milliseconds].map(reading);
    format!(
        "{place} is {value}, but times without a unit are whole µs; {REMEDY}: the times are \
         {seconds}, {milliseconds}"
    )
}

/// Refusal of a time beyond what is plausible in µs.
pub(super) fn too_late(place: &str, value: f64) -> String {
    let years = (value / 31_557_600_000_000.0).trunc();
    format!("{place} is {value}, which would be {years} years in µs; {REMEDY} (often ns)")
}

impl fmt::Display for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nanoseconds => "ns",
            Self::Microseconds => "µs",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
        })
    }
}

/// Unit that no name is known for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a unit of time, s, ms, us or ns, found {0:?}")]
pub struct TimeUnitError(String);

impl FromStr for TimeUnit {
    type Err = TimeUnitError;

    /// Parses `s`, `ms`, `us`, `µs` or `ns`, or the word for it.
    fn from_str(text: &str) -> Result<Self, TimeUnitError> {
        Ok(match text.to_lowercase().as_str() {
            "s" | "sec" | "secs" | "second" | "seconds" => Self::Seconds,
            "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => Self::Milliseconds,
            // The micro sign and the Greek letter.
            "us" | "\u{b5}s" | "\u{3bc}s" | "usec" | "usecs" | "microsecond" | "microseconds" => {
                Self::Microseconds
            }
            "ns" | "nsec" | "nsecs" | "nanosecond" | "nanoseconds" => Self::Nanoseconds,
            _ => return Err(TimeUnitError(text.into())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_the_microsecond_that_has_begun() {
        // 0.000123 * 1e6 is 122.99999999999999.
        for (seconds, us) in
            [(0.000_123, 123), (0.521_922_896, 521_922), (-0.5, -500_000), (0.0, 0)]
        {
            assert_eq!(TimeUnit::Seconds.real(seconds, f64::EPSILON), Some(us));
        }
        for us in 0..20_000_i64 {
            assert_eq!(TimeUnit::Seconds.real(us as f64 / 1e6, f64::EPSILON), Some(us));
            // Seconds since 1970 in f64 are 0.24 µs apart, seconds beyond 1 in f32 0.06 µs or more.
            let since_1970 = 1_468_941_032_000_000 + us;
            let stored = since_1970 as f64 / 1e6;
            assert_eq!(TimeUnit::Seconds.real(stored, f64::EPSILON), Some(since_1970));
            let single = f64::from((us as f64 / 1e6) as f32 + 1.0);
            let whole = TimeUnit::Seconds.real(single, f32::EPSILON.into()).unwrap();
            assert!((whole - 1_000_000 - us).abs() <= 1, "{us}");
        }
        assert_eq!(TimeUnit::Milliseconds.whole(7), Some(7000));
        assert_eq!(
            TimeUnit::Nanoseconds.whole(1_714_550_400_000_123_999),
            Some(1_714_550_400_000_123)
        );
        assert_eq!(TimeUnit::Nanoseconds.real(2_500.0, f64::EPSILON), Some(2));
        assert_eq!(TimeUnit::Microseconds.real(f64::NAN, f64::EPSILON), None);
        assert_eq!(TimeUnit::Seconds.real(1e18, f64::EPSILON), None);
        assert_eq!(TimeUnit::Seconds.whole(i64::MAX), None);
        assert_eq!(TimeUnit::Nanoseconds.whole(i64::MIN), None);
    }

    #[test]
    fn fractions_beyond_the_rounding_error() {
        for (value, fraction) in [
            (0.0, false),
            (123.0, false),
            // 0.000123 s times 1e6.
            (122.999_999_999_999_99, false),
            (0.000_4, true),
            (-2.5, true),
            (1_468_941_032.2, true),
        ] {
            assert_eq!(has_fraction(value, f64::EPSILON), fraction, "{value}");
        }
        assert!(has_fraction(1_000.25, f32::EPSILON.into()));
        assert!(has_fraction(2_500_000.5, f32::EPSILON.into()));
    }

    #[test]
    fn units_have_names() {
        for unit in TimeUnit::ALL {
            assert_eq!(unit.to_string().parse(), Ok(unit));
        }
        assert_eq!("us".parse(), Ok(TimeUnit::Microseconds));
        assert_eq!(
            "min".parse::<TimeUnit>().unwrap_err().to_string(),
            "expected a unit of time, s, ms, us or ns, found \"min\""
        );
    }
}

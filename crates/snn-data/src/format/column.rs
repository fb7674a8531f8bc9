//! Columns of numbers as they lie in a file, and what they are of events.

use std::cell::RefCell;

use super::FormatError;
use super::interpretation::Finding;
use super::time_unit::{self, TimeUnit, UnitRule};

/// A type of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    kind: Kind,
    size: usize,
    big_endian: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Unsigned,
    Signed,
    Float,
}

/// One number in each record of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column<'a> {
    pub name: &'a str,
    number: Number,
    /// From the first number on.
    bytes: &'a [u8],
    stride: usize,
    len: usize,
    /// Where the first number is in the file.
    pub offset: usize,
}

pub(super) fn error<T>(offset: usize, problem: impl Into<String>) -> Result<T, FormatError> {
    Err(FormatError { offset, problem: problem.into() })
}

/// Values of a column of polarities, and how to do without.
pub(super) const POLARITY: &str =
    "a polarity, 0, 1 or -1; Options::columns without p reads events of one polarity";

/// Whether a polarity is that of "brighter": 1 is, 0 and -1 are not.
pub(super) fn polarity(value: i64) -> Option<bool> {
    (-1..=1).contains(&value).then_some(value == 1)
}

/// A number without a fraction.
pub(super) fn whole(value: f64) -> Option<i64> {
    // Up to 2^53 every whole number is one of its own.
    (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0).then_some(value as i64)
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (bits >> 10 & 31, f64::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(i32::from(exponent) - 25),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

impl Number {
    /// Nothing for a size that the kind does not have.
    pub fn new(kind: Kind, size: usize, big_endian: bool) -> Option<Self> {
        let sizes: &[usize] = if kind == Kind::Float { &[2, 4, 8] } else { &[1, 2, 4, 8] };
        sizes.contains(&size).then_some(Self { kind, size, big_endian })
    }

    /// Bytes of one.
    pub fn size(self) -> usize {
        self.size
    }

    /// Relative rounding error of a time that was a whole number of µs.
    fn precision(self) -> f64 {
        match (self.kind, self.size) {
            (Kind::Float, 4) => f32::EPSILON.into(),
            // Steps of half precision are far longer than 1 µs: there is nothing to restore.
            _ => f64::EPSILON,
        }
    }
}

impl<'a> Column<'a> {
    /// The first of `len` numbers is at `start` of `bytes`, each next one `stride` bytes on;
    /// `bytes` are at `offset` of the file.
    pub fn new(
        name: &'a str,
        number: Number,
        bytes: &'a [u8],
        [start, stride]: [usize; 2],
        len: usize,
        offset: usize,
    ) -> Result<Self, FormatError> {
        let last = len.saturating_sub(1).checked_mul(stride);
        let end = last.and_then(|last| last.checked_add(start)?.checked_add(number.size));
        let fits = stride > 0 && end.is_some_and(|end| end <= bytes.len());
        if len > 0 && !fits {
            let n = bytes.len();
            return error(offset + n, format!("expected {len} numbers of {name}, got {n} bytes"));
        }
        let bytes = if len == 0 { &[] } else { &bytes[start..] };
        Ok(Self { name, number, bytes, stride: stride.max(1), len, offset: offset + start })
    }

    /// Numbers one behind the other.
    pub fn packed(
        name: &'a str,
        number: Number,
        bytes: &'a [u8],
        offset: usize,
    ) -> Result<Self, FormatError> {
        Self::new(name, number, bytes, [0, number.size], bytes.len() / number.size, offset)
    }

    /// What `whole` makes of whole numbers and `real` of others; where it makes nothing, an error
    /// with the number and `wanted`.
    fn map<T>(
        &self,
        wanted: &str,
        whole: impl Fn(i64) -> Option<T>,
        real: impl Fn(f64) -> Option<T>,
    ) -> Result<Vec<T>, FormatError> {
        let Number { kind, size, .. } = self.number;
        match (kind, size) {
            (Kind::Unsigned, 1) => self.each(wanted, |b| whole(u8::from_le_bytes(b).into())),
            (Kind::Unsigned, 2) => self.each(wanted, |b| whole(u16::from_le_bytes(b).into())),
            (Kind::Unsigned, 4) => self.each(wanted, |b| whole(u32::from_le_bytes(b).into())),
            (Kind::Unsigned, _) => self.each(wanted, |b| {
                let value = u64::from_le_bytes(b);
                i64::try_from(value).map_or_else(|_| real(value as f64), &whole)
            }),
            (Kind::Signed, 1) => self.each(wanted, |b| whole(i8::from_le_bytes(b).into())),
            (Kind::Signed, 2) => self.each(wanted, |b| whole(i16::from_le_bytes(b).into())),
            (Kind::Signed, 4) => self.each(wanted, |b| whole(i32::from_le_bytes(b).into())),
            (Kind::Signed, _) => self.each(wanted, |b| whole(i64::from_le_bytes(b))),
            (Kind::Float, 2) => self.each(wanted, |b| real(half(u16::from_le_bytes(b)))),
            (Kind::Float, 4) => self.each(wanted, |b| real(f32::from_le_bytes(b).into())),
            (Kind::Float, _) => self.each(wanted, |b| real(f64::from_le_bytes(b))),
        }
    }

    fn each<const N: usize, T>(
        &self,
        wanted: &str,
        value: impl Fn([u8; N]) -> Option<T>,
    ) -> Result<Vec<T>, FormatError> {
        let mut values = Vec::with_capacity(self.len);
        let records = self.bytes.chunks(self.stride).take(self.len);
        for record in records.filter_map(|record| record.first_chunk::<N>()) {
            let mut bytes = *record;
            if self.number.big_endian {
                bytes.reverse();
            }
            match value(bytes) {
                Some(value) => values.push(value),
                None => return Err(self.refuse(values.len(), wanted)),
            }
        }
        Ok(values)
    }

    fn refuse(&self, index: usize, wanted: &str) -> FormatError {
        let (name, at) = (self.name, index * self.stride);
        let alone = Self { bytes: &self.bytes[at..], len: 1, ..*self };
        let shown = alone.map("", |value| Some(value.to_string()), |value| Some(value.to_string()));
        let shown = shown.unwrap_or_default().concat();
        let problem = format!("{name} of event {index} is {shown}, expected {wanted}");
        FormatError { offset: self.place(index), problem }
    }

    /// Times in µs, and the unit that they had.
    pub fn times(&self, rule: UnitRule) -> Result<(Vec<i64>, Finding<TimeUnit>), FormatError> {
        if let Some(unit) = rule.known() {
            return Ok((self.times_in(unit.value)?, unit));
        }
        let precision = self.number.precision();
        let plausible = |time: i64| (!time_unit::is_too_late(time)).then_some(time);
        let whole = |value: f64| {
            let fraction = time_unit::has_fraction(value, precision);
            TimeUnit::Microseconds.real(value, precision).filter(|_| !fraction).and_then(plausible)
        };
        let refusal = match self.map("a time", plausible, whole) {
            Ok(times) => return Ok((times, rule.of_whole())),
            Err(refusal) => refusal,
        };
        // Only a recording that is refused is looked at more than once.
        let numbers = self.numbers();
        let find = |is_wrong: &dyn Fn(f64) -> bool| {
            numbers.iter().position(|value| value.is_finite() && is_wrong(*value))
        };
        let name = |index: usize| format!("{} of event {index}", self.name);
        if let Some(index) = find(&|value| time_unit::has_fraction(value, precision)) {
            if let Some(unit) = rule.of_fractions() {
                return Ok((self.times_in(unit.value)?, unit));
            }
            let ends = [numbers[0], numbers[numbers.len() - 1]];
            let problem = time_unit::fraction(&name(index), numbers[index], ends);
            return error(self.place(index), problem);
        }
        match find(&|value| time_unit::is_too_late(value as i64)) {
            Some(index) => {
                error(self.place(index), time_unit::too_late(&name(index), numbers[index]))
            }
            None => Err(refusal),
        }
    }

    /// Times of a known unit in µs, rounded toward zero whatever their type, as Tonic does with spikes.
    #[cfg(feature = "hdf5")]
    pub fn times_truncated(&self, unit: TimeUnit) -> Result<Vec<i64>, FormatError> {
        self.map("a time", |value| unit.whole(value), |value| unit.real(value, 0.0))
    }

    /// Times of a known unit in µs.
    pub fn times_in(&self, unit: TimeUnit) -> Result<Vec<i64>, FormatError> {
        let precision = self.number.precision();
        let wanted = format!("a time in {unit} that fits into µs (the unit is Options::time_unit)");
        self.map(&wanted, |value| unit.whole(value), |value| unit.real(value, precision))
    }

    /// Where a number is in the file.
    fn place(&self, index: usize) -> usize {
        self.offset + index * self.stride
    }

    /// Columns or rows of pixels, where `first` is the number of the first.
    pub fn pixels(&self, first: i64) -> Result<Vec<u16>, FormatError> {
        let pixel = |value: i64| u16::try_from(value.checked_sub(first)?).ok();
        let wanted = format!("{first} to {}", first + i64::from(u16::MAX));
        self.map(&wanted, pixel, |value| pixel(whole(value)?))
    }

    /// Numbers of neurons.
    pub fn units(&self) -> Result<Vec<u32>, FormatError> {
        let unit = |value: i64| u32::try_from(value).ok().filter(|unit| *unit < u32::MAX);
        self.map("a number of a neuron", unit, |value| unit(whole(value)?))
    }

    /// Whether it became brighter.
    pub fn polarities(&self) -> Result<Vec<bool>, FormatError> {
        self.map(POLARITY, polarity, |value| polarity(whole(value)?))
    }

    /// The values, whatever they mean.
    pub fn numbers(&self) -> Vec<f64> {
        let mut numbers = Vec::with_capacity(self.len);
        self.each_number(|value| numbers.push(value));
        numbers
    }

    /// Some of the values, at most `len` from `start` on.
    pub fn part(&self, start: usize, len: usize) -> Self {
        let start = start.min(self.len);
        let at = (start * self.stride).min(self.bytes.len());
        Self { bytes: &self.bytes[at..], len: len.min(self.len - start), ..*self }
    }

    /// Calls `take` with each value.
    pub fn each_number(&self, take: impl FnMut(f64)) {
        let take = RefCell::new(take);
        let put = |value: f64| {
            (take.borrow_mut())(value);
            Some(())
        };
        // Every number is one.
        let _ = self.map("", |value| put(value as f64), put);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: Kind, size: usize, bytes: &[u8]) -> Column<'_> {
        Column::packed("t", Number::new(kind, size, false).unwrap(), bytes, 100).unwrap()
    }

    #[test]
    fn half_precision_by_its_definition() {
        let cases = [(0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (0x0001, 2f64.powi(-24))];
        for (bits, value) in cases {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
    }

    #[test]
    fn times_of_half_precision_do_not_overflow() {
        // 1.25 s are 1,250,000 µs, far beyond the 65504 of half precision.
        let bytes = 0x3d00_u16.to_le_bytes();
        assert_eq!(
            column(Kind::Float, 2, &bytes).times_in(TimeUnit::Seconds).unwrap(),
            [1_250_000]
        );
    }

    #[test]
    fn times_without_a_unit() {
        let floats = |values: &[f64]| -> Vec<u8> {
            values.iter().flat_map(|value| value.to_le_bytes()).collect()
        };
        let times = |values: &[f64], rule| column(Kind::Float, 8, &floats(values)).times(rule);
        let (whole, unit) = times(&[3.0, 7.0], UnitRule::default()).unwrap();
        assert_eq!((whole, unit.value), (vec![3, 7], TimeUnit::Microseconds));
        let refusal = times(&[0.0, 0.0004, 0.9], UnitRule::default()).unwrap_err();
        assert_eq!(
            (refusal.offset, refusal.problem.as_str()),
            (
                108,
                "t of event 1 is 0.0004, but times without a unit are whole µs; state the unit with \
                 Options::time_unit: the times are 0 to 900000 µs if they are s, 0 to 900 µs if they \
                 are ms"
            )
        );
        let seconds =
            UnitRule { fractions: Some((TimeUnit::Seconds, "text")), ..Default::default() };
        assert_eq!(times(&[0.0004], seconds).unwrap().0, [400]);
        let ms = UnitRule { option: Some(TimeUnit::Milliseconds), ..seconds };
        assert_eq!(times(&[0.5, 2.0], ms).unwrap().0, [500, 2000]);
        for wrong in [f64::NAN, f64::INFINITY, -f64::INFINITY] {
            for rule in [UnitRule::default(), seconds, ms] {
                let refusal = times(&[0.5, wrong], rule).unwrap_err();
                assert!(refusal.problem.contains("t of event"), "{refusal}");
            }
        }
        let ns = 1_714_550_400_000_000_000_i64.to_le_bytes();
        let refusal = column(Kind::Signed, 8, &ns).times(UnitRule::default()).unwrap_err();
        assert!(refusal.problem.contains("Options::time_unit (often ns)"), "{refusal}");
        let stated = UnitRule { stated: Some(TimeUnit::Nanoseconds), ..UnitRule::default() };
        let (times, _) = column(Kind::Signed, 8, &ns).times(stated).unwrap();
        assert_eq!(times, [1_714_550_400_000_000]);
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        let bytes: Vec<u8> =
            [3.0, 0.5].iter().flat_map(|value: &f32| value.to_le_bytes()).collect();
        let refusal = column(Kind::Float, 4, &bytes).pixels(1).unwrap_err();
        assert_eq!(refusal.offset, 104);
        assert_eq!(refusal.problem, "t of event 1 is 0.5, expected 1 to 65536");
        let refusal =
            column(Kind::Unsigned, 8, &[255; 8]).times_in(TimeUnit::default()).unwrap_err();
        assert!(refusal.problem.contains("is 18446744073709552000"), "{}", refusal.problem);
        assert_eq!(
            column(Kind::Signed, 1, &[255, 0, 1]).polarities().unwrap(),
            [false, false, true]
        );
        assert!(column(Kind::Unsigned, 1, &[2]).polarities().is_err());
    }

    #[test]
    fn big_endian_and_strided() {
        let number = Number::new(Kind::Signed, 2, true).unwrap();
        let bytes = [9, 0x01, 0x02, 9, 0xff, 0xfe];
        let column = Column::new("t", number, &bytes, [1, 3], 2, 0).unwrap();
        assert_eq!(column.times_in(TimeUnit::default()).unwrap(), [258, -2]);
        assert!(Column::new("t", number, &bytes, [2, 3], 2, 0).is_err());
        assert!(Column::new("t", number, &bytes, [2, usize::MAX], 3, 0).is_err());
        assert!(Column::new("t", number, &[], [usize::MAX, 1], 0, 0).is_ok());
    }
}

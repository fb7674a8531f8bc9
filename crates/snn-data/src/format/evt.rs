//! What the EVT formats of Prophesee have in common: the header, and the upper bits of the time.

use super::{Format, FormatError, header};
use crate::events::SensorSize;

/// Words of the low bits of the time that the word `TIME_HIGH` counts, in EVT 2.0 and 2.1.
pub(super) const TIME_HIGH: u32 = 0x8;

/// Whether a type of words is one of EVT 2.0: events, the upper bits of the time, triggers, others and
/// their continuation.
pub(super) fn is_known(kind: u8) -> bool {
    matches!(kind, 0x0 | 0x1 | 0x8 | 0xa | 0xe | 0xf)
}

/// What a header says.
pub(super) struct Header {
    pub len: usize,
    pub sensor: Option<SensorSize>,
    /// Whether it says that the halves of a word are swapped, or that they are not.
    pub swapped: Option<bool>,
}

/// Reads the header of a file that should be of a format. `None` if more bytes are needed.
pub(super) fn read_header(
    bytes: &[u8],
    whole: bool,
    format: Format,
) -> Result<Option<Header>, FormatError> {
    let Some(text) = header::text(bytes, "% ", "end", whole)? else { return Ok(None) };
    let said = String::from_utf8_lossy(text);
    if let Some(other) = of_header(&said)?
        && other != format
    {
        return Err(FormatError::new(
            0,
            format!("expected {format}, but the header states {other}"),
        ));
    }
    let order = header::value(&said, "% ", "endianness").or_else(|| setting(&said, "endianness"));
    let swapped = order.map(|order| order == "legacy");
    Ok(Some(Header { len: text.len(), sensor: sensor(&said), swapped }))
}

/// The format of a file that begins with a header of Prophesee; `None` if it states none.
///
/// # Errors
///
/// The header states a format that is not read, such as EVT4, HISTO3D or AER.
pub(super) fn detect(first: &[u8]) -> Result<Option<Format>, FormatError> {
    if !first.starts_with(b"% ") {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(header::text(first, "% ", "end", false)?.unwrap_or(first));
    let dat = said.starts_with("% Data file containing");
    Ok(of_header(&said)?.or(dat.then_some(Format::Dat)))
}

fn of_header(said: &str) -> Result<Option<Format>, FormatError> {
    let refuse = |name: &str| {
        let problem = format!(
            "the header states the format {name}; EVT 2.0, EVT 2.1, EVT 3.0 and DAT are read. \
             Metavision's tools convert others to them"
        );
        Err(FormatError::new(0, problem))
    };
    if let Some(name) = header::value(said, "% ", "format ") {
        let name = name.split(';').next().unwrap_or_default().trim();
        return match name.to_ascii_uppercase().as_str() {
            "EVT2" => Ok(Some(Format::Evt2)),
            "EVT21" => Ok(Some(Format::Evt21)),
            "EVT3" => Ok(Some(Format::Evt3)),
            "DAT" => Ok(Some(Format::Dat)),
            _ => refuse(name),
        };
    }
    match header::value(said, "% ", "evt ") {
        None => Ok(None),
        Some("2.0" | "2") => Ok(Some(Format::Evt2)),
        Some("2.1") => Ok(Some(Format::Evt21)),
        Some("3.0" | "3") => Ok(Some(Format::Evt3)),
        // EVT4 for 4.0, as Prophesee names it.
        Some(version) => refuse(&format!("EVT{} (evt {version})", version.trim_end_matches(".0"))),
    }
}

/// A setting behind the name of the format: `EVT3;height=720;width=1280`.
fn setting<'a>(said: &'a str, key: &str) -> Option<&'a str> {
    let settings = header::value(said, "% ", "format ")?.split(';');
    settings.filter_map(|setting| setting.split_once('=')).find(|(k, _)| *k == key).map(|(_, v)| v)
}

/// The sensor that a header states, or else that of the camera whose driver wrote it.
fn sensor(said: &str) -> Option<SensorSize> {
    let number = |text: &str| text.trim().parse::<u32>().ok();
    if let Some(size) = header::value(said, "% ", "geometry ") {
        let (width, height) = size.split_once('x')?;
        return Some(SensorSize::new(number(width)?, number(height)?));
    }
    if let Some((width, height)) = setting(said, "width").zip(setting(said, "height")) {
        return Some(SensorSize::new(number(width)?, number(height)?));
    }
    let driver = header::value(said, "% ", "plugin_name ")?;
    let drivers =
        [("gen3", 640, 480), ("gen4", 1280, 720), ("imx636", 1280, 720), ("genx320", 320, 320)];
    let (_, width, height) = drivers.into_iter().find(|(name, ..)| driver.contains(name))?;
    Some(SensorSize::new(width, height))
}

/// The upper bits of the time, as words bring them, with those above that count how often they started
/// again.
#[derive(Debug, Clone, Default)]
pub(super) struct TimeHigh {
    /// `None` before the first word.
    last: Option<i64>,
    turns: i64,
}

impl TimeHigh {
    /// The upper bits with the turns above them, for a counter of `bits`. A counter that falls by more
    /// than half of its range has started again. One that rises by almost all of it is a word that comes
    /// late, from before that: no camera is silent for so long.
    pub(super) fn update(&mut self, value: u32, bits: u32) -> i64 {
        let value = i64::from(value);
        let range = 1_i64 << bits;
        let step = value - self.last.unwrap_or(value);
        let late = step > range - range / 8 && self.turns > 0;
        self.turns += i64::from(step < -range / 2) - i64::from(late);
        self.last = Some(value);
        self.turns * range + value
    }

    /// The words from the first upper bits on, if there were none yet.
    pub(super) fn skip_unknown<'a, W>(
        &self,
        words: &'a [W],
        is_time: impl Fn(&W) -> bool,
    ) -> &'a [W] {
        if self.last.is_some() {
            return words;
        }
        &words[words.iter().position(is_time).unwrap_or(words.len())..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_word_belongs_to_the_turn_before() {
        let times = |values: &[u32]| {
            let mut high = TimeHigh::default();
            values.iter().map(|value| high.update(*value, 12)).collect::<Vec<_>>()
        };
        assert_eq!(times(&[0xfff, 0, 0xfff, 0, 1]), [0xfff, 0x1000, 0xfff, 0x1000, 0x1001]);
        // A long time without words, and a file that begins with one.
        assert_eq!(times(&[0xfff, 0, 0xd00, 0]), [0xfff, 0x1000, 0x1d00, 0x2000]);
        assert_eq!(times(&[0, 0xfff, 0]), [0, 0xfff, 0x1000]);
    }
}

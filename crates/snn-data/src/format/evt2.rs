//! EVT 2.0: words of 32 bits, little-endian, with their type in the upper 4.

use super::decoder::{Decoder, Opened, each_word};
use super::evt::{self, TIME_HIGH, TimeHigh};
use super::{EncodeError, Format, FormatError};
use crate::events::{Columns, Event, Events};

/// Bits of the time in the words of events.
pub(super) const LOW_BITS: u32 = 6;
/// Bits of the time in the words between them.
pub(super) const HIGH_BITS: u32 = 28;

#[derive(Debug, Clone, Default)]
struct Evt2 {
    high: TimeHigh,
    /// The time without its low bits.
    time: i64,
}

pub(super) fn open(bytes: &[u8], whole: bool) -> Result<Option<Opened>, FormatError> {
    let header = evt::read_header(bytes, whole, Format::Evt2)?;
    Ok(header.map(|header| Opened::new(Evt2::default(), header.sensor, header.len)))
}

impl Decoder for Evt2 {
    fn feed(&mut self, bytes: &[u8], events: &mut Columns) -> Result<usize, FormatError> {
        let (words, rest) = bytes.as_chunks::<4>();
        let is_time = |word: &[u8; 4]| u32::from(word[3] >> 4) == TIME_HIGH;
        let words = self.high.skip_unknown(words, is_time);
        each_word(words, events, |word, block, len| {
            let word = u32::from_le_bytes(*word);
            let kind = word >> 28;
            let event = Event {
                t: self.time + i64::from(word >> 22 & 0x3f),
                x: (word >> 11 & 0x7ff) as u16,
                y: (word & 0x7ff) as u16,
                p: kind == 1,
            };
            if kind == TIME_HIGH {
                self.time = self.high.update(word & 0x0fff_ffff, HIGH_BITS) << LOW_BITS;
            }
            block.put(len, event, kind <= 1)
        });
        Ok(bytes.len() - rest.len())
    }
}

/// Writes events that are sorted by time, and begin at 0 or later.
pub(super) fn encode(events: &Events) -> Result<Vec<u8>, EncodeError> {
    let (width, height) = (events.sensor().width, events.sensor().height);
    let mut bytes = format!(
        "% evt 2.0\n% format EVT2;height={height};width={width}\n% geometry {width}x{height}\n% end\n"
    )
    .into_bytes();
    bytes.reserve(4 * events.len());
    let mut last = None;
    for (index, event) in events.iter().enumerate() {
        let fits = event.x < 2048 && event.y < 2048 && event.t >> (LOW_BITS + HIGH_BITS) == 0;
        let high = event.t >> LOW_BITS;
        if !fits || last.is_some_and(|last| high < last) {
            let Event { t, x, y, .. } = event;
            return Err(EncodeError(format!(
                "event {index} (t {t}, x {x}, y {y}): expected times from 0 to 2³⁴ µs that do not fall, and \
                 coordinates below 2048; the transform `SortByTime` sorts events, `TimeAlignment` moves \
                 the first one to 0, `Crop` and `Downsample` make the sensor smaller"
            )));
        }
        if last != Some(high) {
            bytes.extend_from_slice(&(TIME_HIGH << 28 | high as u32).to_le_bytes());
            last = Some(high);
        }
        let word = u32::from(event.p) << 28
            | (event.t as u32 & 0x3f) << 22
            | u32::from(event.x) << 11
            | u32::from(event.y);
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use crate::format::Format::Evt2;
    use crate::format::tests::{events, rows};

    fn file(header: &str, words: &[u32]) -> Vec<u8> {
        let words = words.iter().flat_map(|word| word.to_le_bytes());
        header.bytes().chain(words).collect()
    }

    const CD: u32 = 1 << 28 | 63 << 22 | 640 << 11 | 480;

    #[test]
    fn fields() {
        let trigger = 0xa << 28 | 1;
        // An event before the first upper half of the time has none.
        let words = [CD, 0x8000_0002, trigger, CD, 5 << 22 | 7 << 11 | 8, 0xffff_ffff];
        let read = events(Evt2, &file("% evt 2.0\n", &words)).unwrap();
        assert_eq!(rows(&read), [(2 * 64 + 63, 640, 480, 1), (2 * 64 + 5, 7, 8, 0)]);
        assert_eq!((read.sensor().width, read.sensor().height), (641, 481));
    }

    #[test]
    fn the_time_goes_on_where_it_starts_again() {
        let words = [0x8fff_ffff, 0, 0x8000_0001, 0, 0x8000_0000, 0];
        let read = events(Evt2, &file("", &words)).unwrap();
        let turn = 1_i64 << 34;
        assert_eq!(read.t(), [turn - 64, turn + 64, turn]);
    }

    #[test]
    fn sensors() {
        let size = |header: &str| {
            let sensor = events(Evt2, &file(header, &[])).unwrap().sensor();
            (sensor.width, sensor.height)
        };
        assert_eq!(size("% evt 2.0\n% geometry 320x240\n% end\n"), (320, 240));
        assert_eq!(size("% format EVT2;height=720;width=1280\n"), (1280, 720));
        assert_eq!(size("% plugin_name hal_plugin_gen31_fx3\n% evt 2.0\n"), (640, 480));
        let small = file("% geometry 640x480\n", &[0x8000_0000, CD]);
        assert_eq!(events(Evt2, &small).unwrap_err().offset, small.len() - 4);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = events(Evt2, b"% evt 3.0\n").unwrap_err();
        assert_eq!(error.problem, "expected EVT 2.0, but the header states EVT 3.0");
        assert_eq!(events(Evt2, &file("", &[CD])[..3]).unwrap_err().offset, 0);
        assert!(events(Evt2, b"% evt 2.0\n").unwrap().is_empty());
    }

    #[test]
    fn data_behind_the_end_may_begin_like_a_header() {
        // The first byte is a percent sign, the second a space.
        let words = [0x8000_2025, 0x0000_2025];
        let read = events(Evt2, &file("% evt 2.0\n% end\n", &words)).unwrap();
        assert_eq!(rows(&read), [(0x2025 * 64, 4, 0x25, 0)]);
        assert_eq!(events(Evt2, &file("% evt 2.0\n", &words)).unwrap(), read);
    }
}

//! DAT, of Prophesee and of the ATIS before it.

use super::decoder::{Clock, Decoder, Opened, each_word};
use super::{FormatError, header};
use crate::events::{Columns, Event, SensorSize};

/// Events, and change events.
const KINDS: [u8; 2] = [0x00, 0x0c];

#[derive(Debug, Clone)]
struct Dat {
    /// Bits of x, of y and of the polarity.
    bits: [u32; 3],
    clock: Clock,
}

pub(super) fn open(bytes: &[u8], whole: bool) -> Result<Option<Opened>, FormatError> {
    let Some(text) = header::text(bytes, "% ", "end", whole)? else { return Ok(None) };
    let said = String::from_utf8_lossy(text);
    let number = |key| header::value(&said, "% ", key).and_then(|value| value.parse::<u32>().ok());
    let sensor = number("Width").zip(number("Height"));
    let sensor = sensor.map(|(width, height)| SensorSize::new(width, height));
    let old = number("Version").unwrap_or(1) < 2;
    let decoder = Dat { bits: if old { [9, 8, 1] } else { [14, 14, 4] }, clock: Clock::UNSIGNED };
    let mut len = text.len();
    // Files without a header begin with the events.
    if len > 0 {
        let Some((&[kind, size], _)) = bytes[len..].split_first_chunk() else { return Ok(None) };
        if !KINDS.contains(&kind) {
            return Err(FormatError::new(
                len,
                format!("expected events of type 0 or 12, got {kind}"),
            ));
        }
        if size != 8 {
            return Err(FormatError::new(
                len + 1,
                format!("expected events of 8 bytes, got {size}"),
            ));
        }
        len += 2;
    }
    Ok(Some(Opened::new(decoder, sensor, len)))
}

impl Decoder for Dat {
    fn feed(&mut self, bytes: &[u8], events: &mut Columns) -> Result<usize, FormatError> {
        let (words, rest) = bytes.as_chunks::<8>();
        let [x_bits, y_bits, p_bits] = self.bits;
        let mask = |bits: u32| (1_u32 << bits) - 1;
        each_word(words, events, |&[a, b, c, d, e, f, g, h], block, len| {
            let place = u32::from_le_bytes([e, f, g, h]);
            let event = Event {
                t: self.clock.at(u32::from_le_bytes([a, b, c, d])),
                x: (place & mask(x_bits)) as u16,
                y: (place >> x_bits & mask(y_bits)) as u16,
                p: place >> (x_bits + y_bits) & mask(p_bits) != 0,
            };
            block.put(len, event, true)
        });
        Ok(bytes.len() - rest.len())
    }
}

#[cfg(test)]
mod tests {
    use crate::format::Format::Dat;
    use crate::format::tests::{events, rows};

    fn file(header: &str, words: &[(u32, u32)]) -> Vec<u8> {
        let mut bytes = header.as_bytes().to_vec();
        for (time, place) in words {
            bytes.extend(time.to_le_bytes());
            bytes.extend(place.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn both_layouts() {
        let new = "% Version 2\n% Width 640\n% Height 480\n\x0c\x08";
        let read = events(Dat, &file(new, &[(5, 639 | 479 << 14 | 1 << 28), (6, 1)])).unwrap();
        assert_eq!(rows(&read), [(5, 639, 479, 1), (6, 1, 0, 0)]);
        assert_eq!((read.sensor().width, read.sensor().height), (640, 480));
        for old in ["% Version 1\n\x00\x08", "% Date 2015\n\x00\x08", ""] {
            let read = events(Dat, &file(old, &[(5, 303 | 239 << 9 | 1 << 17)])).unwrap();
            assert_eq!(rows(&read), [(5, 303, 239, 1)]);
        }
    }

    #[test]
    fn times_go_on_where_they_start_again() {
        let times = [3_000_000_000, u32::MAX, 0, 7, u32::MAX, 1];
        let words = times.map(|time| (time, 0));
        let read = events(Dat, &file("% Version 2\n\x00\x08", &words)).unwrap();
        let range = 1 << 32;
        assert_eq!(read.t(), [3_000_000_000, range - 1, range, range + 7, range - 1, range + 1]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |bytes: &[u8]| events(Dat, bytes).unwrap_err();
        assert_eq!(error(b"% Version 2\n\x0e\x08").offset, 12);
        assert_eq!(
            error(b"% Version 2\n\x00\x04").to_string(),
            "byte 13: expected events of 8 bytes, got 4"
        );
        assert_eq!(error(b"% Version 2\n\x00").problem, "the file ends within its header");
        assert_eq!(error(&file("% Version 2\n\x00\x08", &[(1, 1)])[..20]).offset, 14);
        let outside = file("% Version 2\n% Width 8\n% Height 8\n\x00\x08", &[(1, 1), (1, 8)]);
        assert_eq!(error(&outside).offset, outside.len() - 8);
    }
}

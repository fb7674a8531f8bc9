//! EVT 2.1: words of 64 bits, with their type in the upper 4; an event word holds up to 32 pixels of a
//! row.

use super::decoder::{Decoder, Opened, each_word};
use super::evt::{self, TIME_HIGH, TimeHigh};
use super::evt2::{HIGH_BITS, LOW_BITS};
use super::{Format, FormatError};
use crate::events::{Columns, Event};

#[derive(Debug, Clone)]
struct Evt21 {
    /// Whether the upper half of a word comes first, as the IMX636 sends it.
    swapped: bool,
    high: TimeHigh,
    /// The time without its low bits.
    time: i64,
}

pub(super) fn open(bytes: &[u8], whole: bool) -> Result<Option<Opened>, FormatError> {
    let Some((header, swapped)) = read_header(bytes, whole)? else { return Ok(None) };
    let decoder = Evt21 { swapped, high: TimeHigh::default(), time: 0 };
    Ok(Some(Opened::new(decoder, header.sensor, header.len)))
}

/// Reads the header and whether the upper half of a word comes first. `None` if more bytes are needed.
pub(super) fn read_header(
    bytes: &[u8],
    whole: bool,
) -> Result<Option<(evt::Header, bool)>, FormatError> {
    let Some(header) = evt::read_header(bytes, whole, Format::Evt21)? else { return Ok(None) };
    // A stream begins with a word of the time: its type tells the halves apart.
    let swapped = match (header.swapped, bytes[header.len..].first_chunk::<8>()) {
        (Some(swapped), _) => swapped,
        (None, Some([_, _, _, low, _, _, _, high])) => {
            u32::from(low >> 4) == TIME_HIGH && u32::from(high >> 4) != TIME_HIGH
        }
        (None, None) if whole => false,
        (None, None) => return Ok(None),
    };
    Ok(Some((header, swapped)))
}

impl Decoder for Evt21 {
    fn feed(&mut self, bytes: &[u8], events: &mut Columns) -> Result<usize, FormatError> {
        let (words, rest) = bytes.as_chunks::<8>();
        let head = if self.swapped { 3 } else { 7 };
        let is_time = |word: &[u8; 8]| u32::from(word[head] >> 4) == TIME_HIGH;
        let words = self.high.skip_unknown(words, is_time);
        each_word(words, events, |&[a, b, c, d, e, f, g, h], block, mut len| {
            let halves = [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])];
            let [mut pixels, head] = if self.swapped { [halves[1], halves[0]] } else { halves };
            let kind = head >> 28;
            if kind == TIME_HIGH {
                self.time = self.high.update(head & 0x0fff_ffff, HIGH_BITS) << LOW_BITS;
            }
            if kind > 1 {
                return len;
            }
            let t = self.time + i64::from(head >> 22 & 0x3f);
            let (x, y) = ((head >> 11 & 0x7ff) as u16, (head & 0x7ff) as u16);
            while pixels != 0 {
                let x = x + pixels.trailing_zeros() as u16;
                len = block.put(len, Event { t, x, y, p: kind == 1 }, true);
                pixels &= pixels - 1;
            }
            len
        });
        Ok(bytes.len() - rest.len())
    }
}

#[cfg(test)]
mod tests {
    use crate::format::Format::Evt21;
    use crate::format::tests::{events, rows};

    fn file(header: &str, words: &[u64], swapped: bool) -> Vec<u8> {
        let order = |word: &u64| if swapped { word.rotate_left(32) } else { *word }.to_le_bytes();
        header.bytes().chain(words.iter().flat_map(order)).collect()
    }

    /// Brighter at 3 µs, row 7, columns 64, 66 and 95.
    const CD: u64 = 1 << 60 | 3 << 54 | 64 << 43 | 7 << 32 | 0x8000_0005;
    const TIME: u64 = 8 << 60 | 2 << 32;

    #[test]
    fn both_orders_of_halves() {
        let words = [CD, TIME, CD, 0xa << 60 | 1 << 32, 5 << 32 | 1];
        let expected = [(131, 64, 7, 1), (131, 66, 7, 1), (131, 95, 7, 1), (128, 0, 5, 0)];
        for (header, swapped) in [
            ("% format EVT21;height=720;width=1280;endianness=legacy\n", true),
            ("% format EVT21;height=720;width=1280;endianness=little\n", false),
            ("% evt 2.1\n% endianness legacy\n", true),
        ] {
            let read = events(Evt21, &file(header, &words, swapped)).unwrap();
            assert_eq!(rows(&read), expected);
        }
        // Not said: the word of the time, which comes first, tells.
        for swapped in [true, false] {
            let read = events(Evt21, &file("% evt 2.1\n", &words[1..], swapped)).unwrap();
            assert_eq!(rows(&read), expected);
        }
    }

    #[test]
    fn the_time_goes_on_where_it_starts_again() {
        let words = [TIME | 0x0fff_ffff << 32, 1, 8 << 60, 1];
        let read = events(Evt21, &file("", &words, false)).unwrap();
        assert_eq!(read.t(), [(1 << 34) - 64, 1 << 34]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cut = file("% evt 2.1\n", &[TIME, CD], false);
        assert_eq!(events(Evt21, &cut[..20]).unwrap_err().offset, 18);
        assert_eq!(events(Evt21, b"% evt 2.0\n").unwrap_err().offset, 0);
        assert!(events(Evt21, b"% evt 2.1\n").unwrap().is_empty());
        let outside = file("% evt 2.1\n% geometry 95x8\n", &[TIME, CD], false);
        assert_eq!(events(Evt21, &outside).unwrap_err().offset, outside.len() - 8);
    }
}

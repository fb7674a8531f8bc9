//! EVT 3.0: words of 16 bits, little-endian, with their type in the upper 4, that change a state.

use std::hint::select_unpredictable;

use super::decoder::{Block, Decoder, Opened, each_word};
use super::evt::{self, TimeHigh};
use super::{Format, FormatError};
use crate::events::{Columns, Event};

/// Types of words. All others (triggers, continuations of them, vendor's own) contain no events.
const ADDR_Y: u16 = 0x0;
const ADDR_X: u16 = 0x2;
const VECT_BASE_X: u16 = 0x3;
const VECT_12: u16 = 0x4;
const VECT_8: u16 = 0x5;
pub(super) const TIME_LOW: u16 = 0x6;
pub(super) const TIME_HIGH: u16 = 0x8;

/// Bits of each half of the time.
pub(super) const TIME_BITS: u32 = 12;

#[derive(Debug, Clone, Default)]
struct Evt3 {
    high: TimeHigh,
    state: State,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// The time without its low bits.
    base: i64,
    time: i64,
    y: u16,
    /// Where the next vector begins, and the polarity of its events.
    x: u16,
    p: bool,
}

pub(super) fn open(bytes: &[u8], whole: bool) -> Result<Option<Opened>, FormatError> {
    let header = evt::read_header(bytes, whole, Format::Evt3)?;
    Ok(header.map(|header| Opened::new(Evt3::default(), header.sensor, header.len)))
}

impl Decoder for Evt3 {
    fn feed(&mut self, bytes: &[u8], events: &mut Columns) -> Result<usize, FormatError> {
        let (words, rest) = bytes.as_chunks::<2>();
        let is_time = |word: &[u8; 2]| u16::from(word[1] >> 4) == TIME_HIGH;
        let words = self.high.skip_unknown(words, is_time);
        let mut state = self.state;
        each_word(words, events, |word, block, mut len| {
            let word = u16::from_le_bytes(*word);
            let (kind, value) = (word >> 12, word & 0xfff);
            // Rows, times and single events are nine of ten words: no branch tells them apart.
            state.y = select_unpredictable(kind == ADDR_Y, value & 0x7ff, state.y);
            let time = state.base + i64::from(value);
            state.time = select_unpredictable(kind == TIME_LOW, time, state.time);
            let event =
                Event { t: state.time, x: value & 0x7ff, y: state.y, p: value & 0x800 != 0 };
            len = block.put(len, event, kind == ADDR_X);
            if OTHERS >> kind & 1 == 1 {
                len = self.other(kind, value, &mut state, block, len);
            }
            len
        });
        self.state = state;
        Ok(bytes.len() - rest.len())
    }
}

/// A bit for each type that is neither a row, a low half of the time nor a single event, and matters.
const OTHERS: u16 = 1 << VECT_BASE_X | 1 << VECT_12 | 1 << VECT_8 | 1 << TIME_HIGH;

impl Evt3 {
    /// The words of [`OTHERS`].
    #[inline(always)]
    fn other(
        &mut self,
        kind: u16,
        value: u16,
        state: &mut State,
        block: &mut Block,
        mut len: usize,
    ) -> usize {
        match kind {
            VECT_BASE_X => (state.x, state.p) = (value & 0x7ff, value & 0x800 != 0),
            TIME_HIGH => {
                let base = self.high.update(value.into(), TIME_BITS) << TIME_BITS;
                // Repeated, it says nothing new; else the low half follows.
                if base != state.base {
                    (state.base, state.time) = (base, base);
                }
            }
            // Events of neighbouring pixels of a row, one for each bit; the next vector begins behind.
            _ => {
                let width = if kind == VECT_12 { 12 } else { 8 };
                let mut pixels = value & ((1 << width) - 1);
                while pixels != 0 {
                    let x = state.x.wrapping_add(pixels.trailing_zeros() as u16);
                    len = block.put(len, Event { t: state.time, x, y: state.y, p: state.p }, true);
                    pixels &= pixels - 1;
                }
                state.x = state.x.wrapping_add(width);
            }
        }
        len
    }
}

#[cfg(test)]
mod tests {
    use crate::format::Format::Evt3;
    use crate::format::tests::{events, rows};

    fn file(header: &str, words: &[u16]) -> Vec<u8> {
        header.bytes().chain(words.iter().flat_map(|word| word.to_le_bytes())).collect()
    }

    #[test]
    fn single_events() {
        // What is before the first upper half of the time has none.
        let words = [0x2001, 0x8001, 0x6002, 0x0007, 0x2805, 0x2006, 0x6003, 0x0fff, 0x2fff];
        let read = events(Evt3, &file("% evt 3.0\n", &words)).unwrap();
        let t = 4096 + 2;
        assert_eq!(rows(&read), [(t, 5, 7, 1), (t, 6, 7, 0), (t + 1, 2047, 2047, 1)]);
    }

    #[test]
    fn vectors_follow_each_other() {
        let words =
            [0x8000, 0x6001, 0x0003, 0x3864, 0x4801, 0x4000, 0x5f81, 0x5001, 0x3000, 0x5001];
        let read = events(Evt3, &file("", &words)).unwrap();
        let columns = [100, 111, 124, 131, 132, 0];
        assert_eq!(read.x(), columns);
        assert_eq!(read.p(), [true, true, true, true, true, false]);
        assert!(read.y().iter().all(|y| *y == 3) && read.t().iter().all(|t| *t == 1));
    }

    #[test]
    fn the_time_goes_on_where_it_starts_again() {
        let words = [
            0x8fff, 0x6fff, 0x2000, 0x8fff, 0x2000, 0x8000, 0x2000, 0x6000, 0x2000, 0x6fff, 0x2000,
        ];
        let read = events(Evt3, &file("", &words)).unwrap();
        let turn = 1_i64 << 24;
        // The upper half again says nothing; the lower half does not turn the upper one.
        assert_eq!(read.t(), [turn - 1, turn - 1, turn, turn, turn + 4095]);
    }

    #[test]
    fn other_words_hold_no_events() {
        let words = [
            0x8000, 0x1005, 0x7001, 0x9001, 0xa101, 0xb001, 0xc001, 0xd001, 0xe001, 0xf001, 0x2001,
        ];
        assert_eq!(rows(&events(Evt3, &file("", &words)).unwrap()), [(0, 1, 0, 0)]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let outside = file("% format EVT3;height=720;width=1280\n", &[0x8000, 0x02d0, 0x2000]);
        let error = events(Evt3, &outside).unwrap_err();
        assert_eq!((error.offset, error.problem.contains("y 720")), (outside.len() - 2, true));
        assert_eq!(events(Evt3, &[0, 0x80, 1]).unwrap_err().offset, 2);
        assert_eq!(events(Evt3, b"% evt 2.0\n").unwrap_err().offset, 0);
    }
}

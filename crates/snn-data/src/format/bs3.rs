//! Seven bytes an event, of SLAYER.

use super::FormatError;
use super::decoder::{Decoder, Opened, each_word};
use crate::events::{Columns, Event};

#[derive(Debug, Clone)]
struct Bs3;

pub(super) fn open() -> Opened {
    Opened::new(Bs3, None, 0)
}

impl Decoder for Bs3 {
    fn feed(&mut self, bytes: &[u8], events: &mut Columns) -> Result<usize, FormatError> {
        let (words, rest) = bytes.as_chunks::<7>();
        each_word(words, events, |&[a, b, c, p, high, middle, low], block, len| {
            let x = u16::from(a) << 4 | u16::from(b >> 4);
            let y = u16::from(b & 0xf) << 8 | u16::from(c);
            let t = i64::from(u32::from_be_bytes([0, high, middle, low]));
            block.put(len, Event { t, x, y, p: p != 0 }, true)
        });
        Ok(bytes.len() - rest.len())
    }
}

#[cfg(test)]
mod tests {
    use crate::format::Format::Bs3;
    use crate::format::tests::{events, rows};

    #[test]
    fn fields() {
        let bytes = [0xab, 0xc1, 0x23, 1, 1, 2, 3, 0, 0x10, 2, 0, 0, 0, 9];
        let read = events(Bs3, &bytes).unwrap();
        assert_eq!(rows(&read), [(0x01_0203, 0xabc, 0x123, 1), (9, 1, 2, 0)]);
        assert_eq!(events(Bs3, &bytes[..10]).unwrap_err().offset, 7);
    }
}

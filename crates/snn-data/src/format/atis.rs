//! Five bytes an event, of the ATIS: `.bin` and `.bs2`.

use super::FormatError;
use super::decoder::{Decoder, Opened, each_word};
use crate::events::{Columns, Event};

/// The row that marks that the time of 23 bits was about to run over.
const MARKER: u8 = 240;
/// What a marker adds to the times behind it, in µs.
const STEP: i64 = 1 << 13;

#[derive(Debug, Clone)]
struct Atis {
    markers: bool,
    added: i64,
}

pub(super) fn open(markers: bool) -> Opened {
    Opened::new(Atis { markers, added: 0 }, None, 0)
}

impl Decoder for Atis {
    fn feed(&mut self, bytes: &[u8], events: &mut Columns) -> Result<usize, FormatError> {
        let (words, rest) = bytes.as_chunks::<5>();
        each_word(words, events, |&[x, y, high, middle, low], block, len| {
            let marker = self.markers && y == MARKER;
            self.added += if marker { STEP } else { 0 };
            let t = i64::from(u32::from_be_bytes([0, high & 0x7f, middle, low])) + self.added;
            let event = Event { t, x: x.into(), y: y.into(), p: high >> 7 == 1 };
            block.put(len, event, !marker)
        });
        Ok(bytes.len() - rest.len())
    }
}

#[cfg(test)]
mod tests {
    use crate::format::Format::{AtisBin, Bs2};
    use crate::format::tests::{events, rows};

    #[test]
    fn fields() {
        let read = events(AtisBin, &[7, 15, 0x80, 0x02, 0x8e, 33, 2, 0x7f, 0xff, 0xff]).unwrap();
        assert_eq!(rows(&read), [(654, 7, 15, 1), (0x7f_ffff, 33, 2, 0)]);
        assert_eq!((read.sensor().width, read.sensor().height), (34, 16));
    }

    #[test]
    fn markers_add_to_all_times_behind_them() {
        let bytes =
            [1, 1, 0, 0, 5, 0, 240, 0, 0, 0, 2, 2, 0, 0, 6, 9, 240, 0x80, 0, 0, 3, 3, 0, 0, 7];
        let read = rows(&events(AtisBin, &bytes).unwrap());
        assert_eq!(read, [(5, 1, 1, 0), (8192 + 6, 2, 2, 0), (16384 + 7, 3, 3, 0)]);
        // A bs2 has none: there, it is a row.
        assert_eq!(rows(&events(Bs2, &bytes).unwrap())[1], (0, 0, 240, 0));
    }

    #[test]
    fn an_event_that_is_cut() {
        let error = events(AtisBin, &[7, 15, 0, 0, 0, 1, 2]).unwrap_err();
        assert_eq!(error.offset, 5);
        assert_eq!(
            error.problem,
            "the file ends too early, 2 bytes into an event or packet; format::stream reads the events \
             before it (1)"
        );
    }
}

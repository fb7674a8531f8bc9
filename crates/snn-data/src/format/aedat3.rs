//! AEDAT 3.0 and 3.1.

use super::decoder::{Decoder, Opened, each_word};
use super::{FormatError, header};
use crate::events::{Columns, Event, SensorSize};

const MAGIC: &str = "#!AER-DAT3";
const END: &str = "!END-HEADER";
/// The type of packets of polarity events.
const POLARITY: u16 = 1;
/// Bytes of the header of a packet.
const PACKET: usize = 28;
/// Bits of the time of an event; the packet counts how often they ran over.
const TIME_BITS: u32 = 31;

#[derive(Debug, Clone)]
struct Aedat3;

pub(super) fn open(bytes: &[u8], whole: bool) -> Result<Option<Opened>, FormatError> {
    let Some(text) = header::text(bytes, "#", END, whole)? else { return Ok(None) };
    if !text.starts_with(MAGIC.as_bytes()) {
        return Err(FormatError::new(0, format!("expected a header that begins with {MAGIC}")));
    }
    let said = String::from_utf8_lossy(text);
    let source = header::value(&said, "#", "Source ").unwrap_or_default();
    Ok(Some(Opened::new(Aedat3, sensor(source), text.len())))
}

/// The sensor of a source, which is its number and its name.
fn sensor(source: &str) -> Option<SensorSize> {
    let source = source.to_ascii_uppercase();
    let names = [("DVS128", 128, 128), ("DAVIS240", 240, 180), ("DAVIS346", 346, 260)];
    let (_, width, height) = names.into_iter().find(|(name, ..)| source.contains(name))?;
    Some(SensorSize::new(width, height))
}

/// What the header of a packet says, as far as it matters.
struct Packet {
    kind: u16,
    size: usize,
    time_offset: usize,
    overflow: u32,
    capacity: usize,
    number: usize,
}

impl Packet {
    fn read(head: &[u8; PACKET]) -> Self {
        let u32_at = |at| {
            let [a, b, c, d] = [head[at], head[at + 1], head[at + 2], head[at + 3]];
            u32::from_le_bytes([a, b, c, d])
        };
        Self {
            kind: u16::from_le_bytes([head[0], head[1]]),
            size: u32_at(4) as usize,
            time_offset: u32_at(8) as usize,
            overflow: u32_at(12),
            capacity: u32_at(16) as usize,
            number: u32_at(20) as usize,
        }
    }

    /// What is wrong, and where.
    fn problem(&self) -> Option<(usize, String)> {
        if self.kind != POLARITY {
            return None;
        }
        if (self.size, self.time_offset) != (8, 4) {
            let found = format!("{} bytes with the time at {}", self.size, self.time_offset);
            return Some((
                4,
                format!("expected events of 8 bytes with the time at 4, got {found}"),
            ));
        }
        let (number, capacity) = (self.number, self.capacity);
        let more = number > capacity;
        more.then(|| (20, format!("{number} events in a packet with room for {capacity}")))
    }
}

impl Decoder for Aedat3 {
    fn feed(&mut self, bytes: &[u8], events: &mut Columns) -> Result<usize, FormatError> {
        let mut at = 0;
        while let Some((head, body)) = bytes[at..].split_first_chunk::<PACKET>() {
            let packet = Packet::read(head);
            if let Some((offset, problem)) = packet.problem() {
                return Err(FormatError::new(at + offset, problem));
            }
            let len = packet.size.checked_mul(packet.capacity);
            let Some(body) = len.and_then(|len| body.get(..len)) else { break };
            at += PACKET + body.len();
            if packet.kind != POLARITY {
                continue;
            }
            let (words, _) = body.as_chunks::<8>();
            let high = i64::from(packet.overflow) << TIME_BITS;
            let words = &words[..packet.number];
            let is_wrong = |word: &[u8; 8]| word[0] & 1 != 0 && word[7] >> 7 != 0;
            if let Some(index) = words.iter().position(is_wrong) {
                let offset = at - body.len() + 8 * index + packet.time_offset;
                let problem = format!("a time of more than {TIME_BITS} bits");
                return Err(FormatError::new(offset, problem));
            }
            each_word(words, events, |&[a, b, c, d, e, f, g, h], block, len| {
                let data = u32::from_le_bytes([a, b, c, d]);
                let event = Event {
                    // Of what is no event, the highest bit may be set.
                    t: high | i64::from(u32::from_le_bytes([e, f, g, h & 0x7f])),
                    x: (data >> 17) as u16,
                    y: (data >> 2 & 0x7fff) as u16,
                    p: data & 2 != 0,
                };
                block.put(len, event, data & 1 != 0)
            });
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use crate::format::Format;
    use crate::format::tests::{events, rows};

    const HEAD: &str = "#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n";

    fn packet(kind: u16, size: u32, overflow: u32, words: &[(u32, u32)]) -> Vec<u8> {
        let number = words.len() as u32;
        let mut bytes = [kind.to_le_bytes(), 1_u16.to_le_bytes()].concat();
        for value in [size, 4, overflow, number, number, number] {
            bytes.extend(value.to_le_bytes());
        }
        for (data, time) in words {
            bytes.extend(data.to_le_bytes());
            bytes.extend(time.to_le_bytes());
        }
        bytes
    }

    fn file(packets: &[Vec<u8>]) -> Vec<u8> {
        [HEAD.as_bytes(), &packets.concat()].concat()
    }

    #[test]
    fn polarity_packets_only() {
        let bytes = file(&[
            packet(0, 8, 0, &[(1, 1)]),
            packet(1, 8, 0, &[(3 << 17 | 4 << 2 | 0b11, 10), (5 << 17 | 6 << 2 | 0b01, 11)]),
            // One that is marked as invalid; the counter of 31 bits ran over twice.
            packet(1, 8, 2, &[(7 << 17 | 0b10, 12), (127 << 17 | 127 << 2 | 0b11, 13)]),
        ]);
        let read = events(Format::Aedat3, &bytes).unwrap();
        let late = 2 * (1 << 31) + 13;
        assert_eq!(rows(&read), [(10, 3, 4, 1), (11, 5, 6, 0), (late, 127, 127, 1)]);
        assert_eq!((read.sensor().width, read.sensor().height), (128, 128));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |bytes: &[u8]| events(Format::Aedat3, bytes).unwrap_err();
        assert_eq!(error(b"#!AER-DAT2.0\r\n").offset, 0);
        let size = error(&file(&[packet(1, 16, 0, &[(1, 1)])]));
        assert_eq!(size.offset, HEAD.len() + 4);
        let cut = file(&[packet(1, 8, 0, &[(1, 1)])]);
        assert_eq!(error(&cut[..cut.len() - 1]).offset, HEAD.len());
        // Far more events than there are bytes.
        let mut huge = packet(1, 8, 0, &[(1, 1)]);
        huge[16..24].fill(0xff);
        assert_eq!(error(&file(&[huge])).offset, HEAD.len());
        let mut more = packet(1, 8, 0, &[(1, 1)]);
        more[20] = 2;
        assert_eq!(error(&file(&[more])).problem, "2 events in a packet with room for 1");
        // 31 bits of a time: the highest bit of an event is refused, of what is no event left out.
        let late = [packet(0, 8, 0, &[]), packet(1, 8, u32::MAX, &[(1, 1), (1, 1 << 31)])];
        let time = error(&file(&late));
        assert_eq!(time.offset, HEAD.len() + 2 * 28 + 8 + 4);
        assert_eq!(time.problem, "a time of more than 31 bits");
        let largest = file(&[packet(1, 8, u32::MAX, &[(0, u32::MAX), (1, u32::MAX >> 1)])]);
        assert_eq!(events(Format::Aedat3, &largest).unwrap().t(), [i64::MAX]);
        let outside = file(&[packet(1, 8, 0, &[(128 << 17 | 1, 1)])]);
        assert!(
            error(&outside).problem.starts_with("x 128, y 0 is outside of a sensor of 128 x 128;")
        );
        assert!(events(Format::Aedat3, HEAD.as_bytes()).unwrap().is_empty());
    }
}

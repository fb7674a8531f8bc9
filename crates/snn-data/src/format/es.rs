//! Event Stream 2: the time since the event before, and what the event is.

use super::decoder::{Decoder, Opened, reserve};
use super::{EncodeError, FormatError};
use crate::events::{Columns, Event, Events, SensorSize, Spikes};

const MAGIC: &[u8] = b"Event Stream";
/// Where the type of the events is.
const KIND: usize = 15;
const GENERIC: u8 = 0;
const DVS: u8 = 1;
const ATIS: u8 = 2;
/// The longest time between two events in a byte of a DVS event, in µs.
const LONGEST: i64 = 0x7f;
/// Bytes of a header with the size of the sensor.
const HEADER: usize = 20;
/// Times, in µs, that are written: every 127 µs take a byte.
const LATEST: i64 = 1 << 36;

#[derive(Debug, Clone)]
struct Es {
    atis: bool,
    time: i64,
}

/// Whether the events are generic.
pub(super) fn is_generic(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC) && bytes.get(KIND) == Some(&GENERIC)
}

/// Reads magic, version and type. `None` if more bytes are needed.
fn kind(bytes: &[u8]) -> Result<Option<u8>, FormatError> {
    let start = bytes.len().min(MAGIC.len());
    if bytes[..start] != MAGIC[..start] {
        return Err(FormatError::new(0, "expected \"Event Stream\""));
    }
    match bytes.get(MAGIC.len()) {
        Some(2) | None => Ok(bytes.get(KIND).copied()),
        Some(version) => {
            Err(FormatError::new(MAGIC.len(), format!("expected version 2, got {version}")))
        }
    }
}

pub(super) fn open(bytes: &[u8]) -> Result<Option<Opened>, FormatError> {
    let atis = match kind(bytes)? {
        Some(DVS) => false,
        Some(ATIS) => true,
        Some(other) => {
            let what = match other {
                GENERIC => "generic events, which have no pixels, and are not streamed".into(),
                3 => "events of a display, which have no polarity".into(),
                4 => "colour events, which have no polarity".into(),
                other => format!("events of the unknown type {other}"),
            };
            return Err(FormatError::new(KIND, format!("the file holds {what}")));
        }
        None => return Ok(None),
    };
    let Some(&[a, b, c, d]) = bytes.get(KIND + 1..HEADER).and_then(|size| size.first_chunk())
    else {
        return Ok(None);
    };
    let size = [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])].map(u32::from);
    let sensor = SensorSize::new(size[0], size[1]);
    Ok(Some(Opened::new(Es { atis, time: 0 }, Some(sensor), HEADER)))
}

impl Decoder for Es {
    fn feed(&mut self, bytes: &[u8], events: &mut Columns) -> Result<usize, FormatError> {
        let mut rest = bytes;
        reserve(events, bytes.len() / 5);
        while let Some((&head, behind)) = rest.split_first() {
            // Full time bits are no event but time that passes; what is below them says how much,
            // and nothing for a reset.
            if let Some(passed) = self.overflow(head) {
                self.time += passed;
                rest = behind;
                continue;
            }
            let Some((&[a, b, c, d], behind)) = behind.split_first_chunk() else { break };
            let (step, p, keep) = match self.atis {
                true => (head >> 2, head & 2 != 0, head & 1 == 0),
                false => (head >> 1, head & 1 != 0, true),
            };
            self.time += i64::from(step);
            let (x, y) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
            if keep {
                events.push(Event { t: self.time, x, y, p });
            }
            rest = behind;
        }
        Ok(bytes.len() - rest.len())
    }
}

impl Es {
    #[inline(always)]
    fn overflow(&self, head: u8) -> Option<i64> {
        match self.atis {
            true => (head >= 0xfc).then_some(0x3f * i64::from(head & 3)),
            false => (head >= 0xfe).then_some(LONGEST * i64::from(head & 1)),
        }
    }
}

/// Generic events: the time since the one before, the number of bytes in groups of 7 bits, the bytes.
/// They are spikes of one neuron; the bytes are left out.
pub(super) fn decode_generic(bytes: &[u8]) -> Result<Spikes, FormatError> {
    kind(bytes)?;
    let (mut at, mut time, mut times) = (KIND + 1, 0, Vec::new());
    while let Some(head) = bytes.get(at) {
        let start = at;
        at += 1;
        match head {
            0xff => time += 0xfe,
            0xfe => {}
            step => {
                at = skip_bytes(bytes, at).ok_or_else(|| {
                    FormatError::new(start, "the file ends too early, within an event")
                })?;
                time += i64::from(*step);
                times.push(time);
            }
        }
    }
    let neurons = vec![0; times.len()];
    Spikes::new(times, neurons, 1).map_err(|error| FormatError::new(0, error.to_string()))
}

/// Where the bytes of a generic event end. `None` if the file ends before.
fn skip_bytes(bytes: &[u8], mut at: usize) -> Option<usize> {
    let (mut len, mut shift) = (0_usize, 0);
    loop {
        let group = *bytes.get(at)?;
        at += 1;
        len = len.checked_add(usize::from(group >> 1).checked_shl(shift)?)?;
        shift += 7;
        if group & 1 == 0 {
            return at.checked_add(len).filter(|end| *end <= bytes.len());
        }
    }
}

/// Writes DVS events that are sorted by time, and begin at 0 or later.
pub(super) fn encode(events: &Events) -> Result<Vec<u8>, EncodeError> {
    let sensor = events.sensor();
    let (Ok(width), Ok(height)) = (u16::try_from(sensor.width), u16::try_from(sensor.height))
    else {
        return Err(EncodeError(format!("Event Stream has no sensor of {sensor}")));
    };
    let mut bytes = [MAGIC, &[2, 0, 0, DVS]].concat();
    bytes.extend_from_slice(&width.to_le_bytes());
    bytes.extend_from_slice(&height.to_le_bytes());
    bytes.reserve(5 * events.len());
    let mut last = 0;
    for (index, event) in events.iter().enumerate() {
        if event.t < last || event.t >= LATEST {
            let Event { t, .. } = event;
            return Err(EncodeError(format!(
                "event {index}: expected times from 0 to 2³⁶ µs that do not fall, found {t} after {last}; \
                 the transform `SortByTime` sorts events, `TimeAlignment` moves the first one to 0"
            )));
        }
        let passed = event.t - last;
        last = event.t;
        bytes.resize(bytes.len() + (passed / LONGEST) as usize, 0xff);
        bytes.push(((passed % LONGEST) as u8) << 1 | u8::from(event.p));
        bytes.extend_from_slice(&event.x.to_le_bytes());
        bytes.extend_from_slice(&event.y.to_le_bytes());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::tests::{events, rows};
    use crate::format::{Format, Options, Recording, decode};

    fn file(kind: u8, body: &[u8]) -> Vec<u8> {
        let size: &[u8] = if kind == GENERIC { &[] } else { &[0x40, 1, 0xf0, 0] };
        [MAGIC, &[2, 0, 0, kind], size, body].concat()
    }

    #[test]
    fn dvs_events() {
        let body = [1, 0, 0, 239, 0, 0xff, 0xff, 4, 63, 1, 0, 0, 0xfe, 0, 1, 0, 2, 0];
        let read = events(Format::EventStream, &file(DVS, &body)).unwrap();
        assert_eq!(rows(&read), [(0, 0, 239, 1), (256, 319, 0, 0), (256, 1, 2, 0)]);
        assert_eq!((read.sensor().width, read.sensor().height), (320, 240));
    }

    #[test]
    fn atis_events_without_exposures() {
        // 5 µs; 3 times 63 µs; an exposure of 1 µs later; a reset; 2 µs.
        let body = [5 << 2 | 2, 1, 0, 2, 0, 0xff, 1 << 2 | 1, 9, 0, 9, 0, 0xfc, 2 << 2, 3, 0, 4, 0];
        let read = events(Format::EventStream, &file(ATIS, &body)).unwrap();
        assert_eq!(rows(&read), [(5, 1, 2, 1), (5 + 189 + 1 + 2, 3, 4, 0)]);
    }

    #[test]
    fn generic_events_are_spikes_of_one_neuron() {
        let mut body = vec![3, 4, b'a', b'b', 0xff, 0xfe, 1, 0];
        // 130 bytes, as 2 + 1 * 128.
        body.extend([9, 2 << 1 | 1, 1 << 1]);
        body.extend([7; 130]);
        let bytes = file(GENERIC, &body);
        let read = decode(Format::EventStream, &bytes, &Options::default()).unwrap();
        let Recording::Spikes(spikes) = read else { panic!("events") };
        assert_eq!((spikes.t(), spikes.units()), (&[3, 3 + 254 + 1, 3 + 254 + 1 + 9][..], 1));
        let error = decode_generic(&bytes[..bytes.len() - 1]).unwrap_err();
        assert_eq!(error.offset, 16 + 8);
        assert_eq!(decode_generic(&file(GENERIC, &[0, 0xff, 0xff])).unwrap_err().offset, 16);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |bytes: &[u8]| events(Format::EventStream, bytes).unwrap_err();
        assert_eq!(error(b"Event Strean\x02\0\0\x01").offset, 0);
        assert_eq!(error(b"Event Stream\x01\0\0\x01").problem, "expected version 2, got 1");
        assert!(error(&file(4, &[])).problem.contains("colour"));
        assert!(error(&file(9, &[])).problem.contains("unknown type 9"));
        assert_eq!(error(&file(DVS, &[])[..18]).problem, "the file ends within its header");
        assert_eq!(error(&file(DVS, &[0, 0, 0, 0, 0, 3, 1])).offset, 25);
        assert_eq!(error(&file(DVS, &[0, 0x40, 1, 0, 0])).offset, 20);
    }
}

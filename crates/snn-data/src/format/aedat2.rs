//! AEDAT 2.0, and AEDAT 1.0 before it: addresses of 16 bits, which only the DVS128 has.

use super::decoder::{Block, Clock, Decoder, Opened, each_word};
use super::interpretation::{Basis, Finding};
use super::{Camera, EncodeError, Format, FormatError, Options, PolarityBit, header};
use crate::events::{Columns, Event, Events};

const MAGIC: &str = "#!AER-DAT2";
/// The last line of the header, where jAER writes one.
const END: &str = "End Of ASCII Header";

/// Where an address holds what. A word with a bit of `other` is no event.
#[derive(Debug, Clone, Copy)]
struct Layout {
    x: u32,
    x_mask: u32,
    y: u32,
    y_mask: u32,
    polarity: u32,
    other: u32,
}

impl Layout {
    fn of(camera: Camera) -> Self {
        match camera {
            Camera::Dvs128 => {
                Self { x: 1, x_mask: 0x7f, y: 8, y_mask: 0x7f, polarity: 0, other: 0x8000_8000 }
            }
            Camera::Davis240 | Camera::Davis346 => Self {
                x: 12,
                x_mask: 0x3ff,
                y: 22,
                y_mask: 0x1ff,
                polarity: 11,
                other: 0x8000_0400,
            },
        }
    }
}

/// The polarity bit of an event that became brighter.
fn brighter(camera: Camera, polarity: PolarityBit) -> u32 {
    let jaer = u32::from(camera != Camera::Dvs128);
    match polarity {
        PolarityBit::Jaer => jaer,
        PolarityBit::Inverse => 1 - jaer,
    }
}

#[derive(Debug, Clone)]
struct Aedat2 {
    layout: Layout,
    brighter: u32,
    clock: Clock,
}

/// Events with addresses of 16 bits.
#[derive(Debug, Clone)]
struct Aedat1(Aedat2);

/// Opens a file of AEDAT 1.0, which may have no header.
pub(super) fn open_1(
    bytes: &[u8],
    whole: bool,
    options: &Options,
) -> Result<Option<Opened>, FormatError> {
    let Some(text) = header::text(bytes, "#", END, whole)? else { return Ok(None) };
    let camera = options.camera.unwrap_or(Camera::Dvs128);
    if camera != Camera::Dvs128 {
        let problem =
            "AEDAT 1.0 has addresses of 16 bits: of the cameras, those of the DVS128 only";
        return Err(FormatError::new(0, problem));
    }
    let brighter = brighter(camera, options.polarity);
    let layout = Layout::of(camera);
    let decoder = Aedat1(Aedat2 { layout, brighter, clock: Clock::SIGNED });
    let basis = match options.camera {
        Some(_) => Basis::Option,
        None => Basis::Assumption("that of the DVS128".into()),
    };
    Ok(Some(opened(decoder, camera, basis, text.len())))
}

pub(super) fn open(
    bytes: &[u8],
    whole: bool,
    options: &Options,
) -> Result<Option<Opened>, FormatError> {
    let Some(text) = header::text(bytes, "#", END, whole)? else { return Ok(None) };
    // The options may know what the header does not state.
    if !text.starts_with(MAGIC.as_bytes()) && options.format != Some(Format::Aedat2) {
        return Err(FormatError::new(0, format!("expected a header that begins with {MAGIC}")));
    }
    let said = String::from_utf8_lossy(text);
    let chip = header::value(&said, "#", "AEChip:").unwrap_or_default();
    let Some(camera) = options.camera.or_else(|| camera(chip)) else {
        let problem =
            format!("the header names no known camera (AEChip: {chip:?}); set Options::camera");
        return Err(FormatError::new(0, problem));
    };
    let brighter = brighter(camera, options.polarity);
    let decoder = Aedat2 { layout: Layout::of(camera), brighter, clock: Clock::SIGNED };
    let basis = if options.camera.is_some() { Basis::Option } else { Basis::File };
    Ok(Some(opened(decoder, camera, basis, text.len())))
}

fn opened(decoder: impl Decoder + 'static, camera: Camera, basis: Basis, header: usize) -> Opened {
    let sensor = Some(Finding::new(camera.sensor(), basis));
    Opened { sensor, ..Opened::new(decoder, None, header) }
}

/// The camera of a jAER class.
fn camera(chip: &str) -> Option<Camera> {
    let chip = chip.to_ascii_lowercase();
    let names = [
        ("dvs128", Camera::Dvs128),
        ("tmpdiff128", Camera::Dvs128),
        ("davis240", Camera::Davis240),
        ("sbret10", Camera::Davis240),
        ("davis346", Camera::Davis346),
    ];
    names.into_iter().find(|(name, _)| chip.contains(name)).map(|(_, camera)| camera)
}

/// Writes the event of a word behind the first `len`, if it is one.
#[inline(always)]
fn put(
    (layout, brighter): (Layout, u32),
    clock: &mut Clock,
    (address, time): (u32, [u8; 4]),
    block: &mut Block,
    len: usize,
) -> usize {
    let event = Event {
        t: clock.at(u32::from_be_bytes(time)),
        x: (address >> layout.x & layout.x_mask) as u16,
        y: (address >> layout.y & layout.y_mask) as u16,
        p: address >> layout.polarity & 1 == brighter,
    };
    block.put(len, event, address & layout.other == 0)
}

impl Decoder for Aedat2 {
    fn feed(&mut self, bytes: &[u8], events: &mut Columns) -> Result<usize, FormatError> {
        let (words, rest) = bytes.as_chunks::<8>();
        let (camera, clock) = ((self.layout, self.brighter), &mut self.clock);
        each_word(words, events, |&[a, b, c, d, time @ ..], block, len| {
            put(camera, clock, (u32::from_be_bytes([a, b, c, d]), time), block, len)
        });
        Ok(bytes.len() - rest.len())
    }
}

impl Decoder for Aedat1 {
    fn feed(&mut self, bytes: &[u8], events: &mut Columns) -> Result<usize, FormatError> {
        let (words, rest) = bytes.as_chunks::<6>();
        let (camera, clock) = ((self.0.layout, self.0.brighter), &mut self.0.clock);
        each_word(words, events, |&[a, b, time @ ..], block, len| {
            put(camera, clock, (u16::from_be_bytes([a, b]).into(), time), block, len)
        });
        Ok(bytes.len() - rest.len())
    }
}

/// Writes events as those of the smallest camera that has all pixels of the sensor, and which is the
/// sensor when they are read; the polarity as jAER takes it.
pub(super) fn encode(events: &Events) -> Result<Vec<u8>, EncodeError> {
    let cameras = [
        (Camera::Dvs128, "ch.unizh.ini.jaer.chip.retina.DVS128"),
        (Camera::Davis240, "eu.seebetter.ini.chips.davis.DAVIS240C"),
        (Camera::Davis346, "eu.seebetter.ini.chips.davis.Davis346B"),
    ];
    let sensor = events.sensor();
    let fits = |camera: Camera| {
        let size = camera.sensor();
        sensor.width <= size.width && sensor.height <= size.height
    };
    let Some((camera, chip)) = cameras.into_iter().find(|(camera, _)| fits(*camera)) else {
        return Err(EncodeError(format!(
            "expected a sensor of at most 346 x 260, the largest camera of AEDAT 2.0, found {sensor}; the \
             transforms `Crop` and `Downsample` make it smaller"
        )));
    };
    let (layout, brighter) = (Layout::of(camera), brighter(camera, PolarityBit::Jaer));
    let mut bytes = format!("{MAGIC}.0\r\n# AEChip: {chip}\r\n#{END}\r\n").into_bytes();
    bytes.reserve(8 * events.len());
    // Of a time there are 32 bits, which a reader takes for those next to the time before.
    let mut clock = Clock::SIGNED;
    for (index, event) in events.iter().enumerate() {
        let time = event.t as u32;
        if clock.at(time) != event.t {
            let from = if index == 0 { "0" } else { "the event before" };
            return Err(EncodeError(format!(
                "event {index}: {} µs are 2³¹ µs or more from {from}; the transform `TimeAlignment` moves \
                 the first event to 0",
                event.t
            )));
        }
        let polarity = if event.p { brighter } else { 1 - brighter };
        let address = u32::from(event.x) << layout.x
            | u32::from(event.y) << layout.y
            | polarity << layout.polarity;
        bytes.extend_from_slice(&address.to_be_bytes());
        bytes.extend_from_slice(&time.to_be_bytes());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::tests::{events, events_with, rows};
    use crate::format::{Format, FormatError};

    fn file(chip: &str, words: &[(u32, i32)]) -> Vec<u8> {
        let mut bytes = format!("#!AER-DAT2.0\r\n# AEChip: some.{chip}\r\n").into_bytes();
        for (address, time) in words {
            bytes.extend(address.to_be_bytes());
            bytes.extend(time.to_be_bytes());
        }
        bytes
    }

    fn read(chip: &str, words: &[(u32, i32)]) -> Vec<(i64, u16, u16, u8)> {
        rows(&events(Format::Aedat2, &file(chip, words)).unwrap())
    }

    #[test]
    fn addresses_of_the_dvs128() {
        let words = [(9 << 8 | 5 << 1, 3), (127 << 8 | 127 << 1 | 1, 4), (1 << 15, 5), (0, 6)];
        assert_eq!(read("DVS128", &words), [(3, 5, 9, 1), (4, 127, 127, 0), (6, 0, 0, 1)]);
        let inverse = Options { polarity: PolarityBit::Inverse, ..Options::default() };
        let bytes = file("DVS128", &words);
        let inverse = events_with(Format::Aedat2, &bytes, &inverse).unwrap();
        assert_eq!(inverse.p(), [false, true, false]);
        assert_eq!((inverse.sensor().width, inverse.sensor().height), (128, 128));
    }

    #[test]
    fn addresses_of_the_davis() {
        let event = 179 << 22 | 239 << 12 | 1 << 11;
        // Special, frame, inertial sensor.
        let others = [(event | 1 << 10, 1), (1 << 31, 2), (1 << 31 | 3 << 10, 3)];
        let words = [&[(event, 0)], &others[..], &[(7 << 12, 4)]].concat();
        assert_eq!(read("DAVIS240C", &words), [(0, 239, 179, 1), (4, 7, 0, 0)]);
        let large = [(259 << 22 | 345 << 12, 0)];
        assert_eq!(read("Davis346B", &large), [(0, 345, 259, 0)]);
        let bytes = file("DAVIS240C", &[(event, 0), large[0]]);
        let error = events(Format::Aedat2, &bytes).unwrap_err();
        assert_eq!(error.offset, bytes.len() - 8);
        assert!(error.problem.starts_with("x 345, y 259 is outside of a sensor of 240 x 180;"));
    }

    #[test]
    fn times_go_on_where_they_start_again() {
        let times = read("DVS128", &[(0, -5), (0, 3)]);
        assert_eq!((times[0].0, times[1].0), (-5, 3));
        let times = read("DVS128", &[(0, 2_000_000_000), (0, i32::MIN), (0, -1), (0, 0)]);
        let times: Vec<i64> = times.into_iter().map(|row| row.0).collect();
        assert_eq!(times, [2_000_000_000, 1 << 31, (1 << 32) - 1, 1 << 32]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |bytes: &[u8]| events(Format::Aedat2, bytes).unwrap_err();
        assert_eq!(error(b"?").problem, "expected a header that begins with #!AER-DAT2");
        assert_eq!(error(b"#!AER-DAT3.1\r\n").offset, 0);
        assert_eq!(
            error(b"#!AER-DAT2.0\r\n# AEChi"),
            FormatError::new(14, "the header does not end")
        );
        assert!(error(b"#!AER-DAT2.0\r\n").problem.contains("AEChip"));
        let cut = file("DVS128", &[(0, 0), (0, 0)]);
        assert_eq!(error(&cut[..cut.len() - 3]).offset, cut.len() - 8);
        assert!(events(Format::Aedat2, &file("DVS128", &[])).unwrap().is_empty());
    }

    #[test]
    fn an_event_that_begins_like_a_header_line() {
        // y 140 of a DAVIS: its first byte is a number sign.
        let words = [(140 << 22, 7), (1 << 12, 8)];
        assert_eq!(file("DAVIS240C", &words).iter().filter(|byte| **byte == b'#').count(), 3);
        assert_eq!(read("DAVIS240C", &words), [(7, 0, 140, 0), (8, 1, 0, 0)]);
        // With x 160, its second one is a line feed.
        let words = [(140 << 22 | 160 << 12, 7), (1 << 12, 8)];
        let expected = [(7, 160, 140, 0), (8, 1, 0, 0)];
        assert!(file("DAVIS240C", &words).windows(2).any(|pair| pair == b"#\n"));
        assert_eq!(read("DAVIS240C", &words), expected);
        // Lines of line feeds alone tell it from a header by their last one.
        for end in ["#End Of ASCII Header", "# End of ASCII Header"] {
            let head = format!("#!AER-DAT2.0\n#\n# AEChip: DAVIS240C\n{end}\n");
            let words = &file("DAVIS240C", &words)[file("DAVIS240C", &[]).len()..];
            let bytes = [head.as_bytes(), words].concat();
            assert_eq!(rows(&events(Format::Aedat2, &bytes).unwrap()), expected);
        }
    }
}

//! Whether bytes look like events of a format without a signature.
//!
//! In recordings the time seldom falls, it passes, few events are the same as the one before, and pixels
//! are those of a camera. Other content, such as compressed data, text or zeros, fails at least one.

use super::decoder::Feeder;
use super::{Format, Options, bs1, evt};
use crate::events::Columns;

/// Events for each one whose time may be earlier than that of the event before, or words for each of an
/// unknown type.
const PER_FAULT: usize = 20;

/// Events from which on they are not all the same, nor at one pixel.
const SAMPLE: usize = 16;

/// Why the first bytes of a file do not look like a format, if they do not.
pub(super) fn implausible(format: Format, first: &[u8], options: &Options) -> Option<String> {
    let (events, body) = match sample(format, first, options) {
        Ok(sample) => sample,
        Err(problem) => return Some(problem),
    };
    let (t, n) = (&events.t, events.len());
    // These formats have words without events, while nothing moves.
    if n == 0 && body >= 64 && !matches!(format, Format::Evt2 | Format::AtisBin) {
        return Some(format!("there is no event in the first {body} bytes"));
    }
    let falls = t.windows(2).filter(|pair| pair[1] < pair[0]).count();
    if falls > 1 + n / PER_FAULT {
        return Some(format!("the time falls {falls} times in the first {n} events"));
    }
    let of = |at: usize| (t[at], events.x[at], events.y[at], events.p[at]);
    let same = (1..n).filter(|at| of(*at) == of(at - 1)).count();
    if n >= SAMPLE && same > n / 2 {
        return Some(format!("{same} of the first {n} events are the same as the one before"));
    }
    let pixel = |at: usize| (events.x[at], events.y[at]);
    if n >= SAMPLE && format != Format::Bs1 && (1..n).all(|at| pixel(at) == pixel(0)) {
        return Some(format!("the first {n} events are at one pixel"));
    }
    // The ATIS has 304 x 240 pixels; no camera of the others has more than 2048 columns.
    let (width, height) = match format {
        Format::AtisBin => (304, 240),
        Format::Dat | Format::Bs3 => (2048, 2048),
        _ => (u16::MAX, u16::MAX),
    };
    let at = (0..n).find(|at| events.x[*at] >= width || events.y[*at] >= height)?;
    let (x, y) = pixel(at);
    Some(format!("event {at} is at x {x}, y {y}, beyond the sensor of any camera"))
}

/// The events in the first bytes, and how many bytes after the header there are.
fn sample(format: Format, first: &[u8], options: &Options) -> Result<(Columns, usize), String> {
    let mut events = Columns::default();
    if format == Format::Bs1 {
        is_no_text(first)?;
        let whole = first.len() - first.len() % 5;
        let spikes = bs1::decode(&first[..whole], None).map_err(|error| error.problem)?;
        // 16 bits of a neuron are a column.
        events.t = spikes.t().to_vec();
        events.x = spikes.unit().iter().map(|unit| *unit as u16).collect();
        events.y = vec![0; spikes.len()];
        events.p = vec![true; spikes.len()];
        return Ok((events, whole));
    }
    let options = Options { sensor: None, ..options.clone() };
    let feeder = Feeder::open(format, first, false, &options).map_err(|error| error.problem)?;
    let mut feeder = feeder.ok_or("the header does not end in the first 8 KiB")?;
    let body = &first[feeder.offset..];
    is_no_text(body)?;
    match format {
        Format::Evt2 => evt2_words(body)?,
        // The cameras before version 2 use 18 bits of the word with the place.
        Format::Dat if feeder.offset == 0 => {
            let unused =
                body.as_chunks::<8>().0.iter().any(|word| word[6] >> 2 != 0 || word[7] != 0);
            if unused {
                return Err("bits are set that files without a header do not use".into());
            }
        }
        _ => {}
    }
    feeder.sensor = None;
    feeder.feed(body, &mut events).map_err(|error| error.problem)?;
    Ok((events, body.len()))
}

fn is_no_text(body: &[u8]) -> Result<(), String> {
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n');
    match body.is_empty() || !body.iter().all(is_text) {
        true => Ok(()),
        false => Err("it is text".into()),
    }
}

/// Words of EVT 2.0 are of known types, and some of them are times that rise.
fn evt2_words(body: &[u8]) -> Result<(), String> {
    let words: Vec<u32> = body.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let n = words.len();
    let unknown = words.iter().filter(|word| !evt::is_known((*word >> 28) as u8)).count();
    if unknown > n / PER_FAULT {
        return Err(format!("{unknown} of the first {n} words are of unknown types"));
    }
    let times = words.iter().filter(|word| *word >> 28 == evt::TIME_HIGH);
    let times: Vec<u32> = times.map(|word| word & 0x0fff_ffff).collect();
    if n > 0 && times.is_empty() {
        return Err(format!("none of the first {n} words is a time"));
    }
    let events = words.iter().any(|word| *word >> 28 <= 1);
    let rises = times.is_sorted() && times.first() < times.last();
    if !events && n >= SAMPLE && !rises {
        return Err(format!("there is no event in the first {n} words, and no time that passes"));
    }
    Ok(())
}

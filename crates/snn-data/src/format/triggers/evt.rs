//! Triggers of EVT files: words of type `EXT_TRIGGER`, with the number of the input and its new level.

use super::Decoded;
use crate::events::{Trigger, TriggerKind, Triggers};
use crate::format::evt::{self, TIME_HIGH, TimeHigh};
use crate::format::evt2::{HIGH_BITS, LOW_BITS};
use crate::format::{Format, FormatError, evt3, evt21};

/// Type of the words, the same in all three formats.
const EXT_TRIGGER: u32 = 0xa;

fn edge(level: u32) -> TriggerKind {
    if level & 1 == 1 { TriggerKind::RisingEdge } else { TriggerKind::FallingEdge }
}

pub(super) fn decode_evt2(bytes: &[u8]) -> Result<Decoded, FormatError> {
    let header = evt::read_header(bytes, true, Format::Evt2)?.map_or(0, |header| header.len);
    let (words, damage) = words::<4>(bytes, header);
    Ok((decode_heads(words.iter().map(|word| u32::from_le_bytes(*word))), damage))
}

pub(super) fn decode_evt21(bytes: &[u8]) -> Result<Decoded, FormatError> {
    let Some((header, swapped)) = evt21::read_header(bytes, true)? else {
        return Ok((Triggers::default(), None));
    };
    let (words, damage) = words::<8>(bytes, header.len);
    let heads = words.iter().map(|&[a, b, c, d, e, f, g, h]| {
        u32::from_le_bytes(if swapped { [a, b, c, d] } else { [e, f, g, h] })
    });
    Ok((decode_heads(heads), damage))
}

/// Decodes words of EVT 2.0 or upper halves of words of EVT 2.1, which have the same fields: type in bits
/// 31..28, low bits of the time in 27..22, input in 12..8, level in 0.
fn decode_heads(heads: impl Iterator<Item = u32>) -> Triggers {
    let mut high = TimeHigh::default();
    let mut base = None;
    let mut triggers = Triggers::default();
    for head in heads {
        match (head >> 28, base) {
            (TIME_HIGH, _) => base = Some(high.update(head & 0x0fff_ffff, HIGH_BITS) << LOW_BITS),
            (EXT_TRIGGER, Some(base)) => triggers.push(Trigger {
                t: base + i64::from(head >> 22 & 0x3f),
                channel: (head >> 8 & 0x1f) as u8,
                kind: edge(head),
            }),
            _ => {}
        }
    }
    triggers
}

/// Input in bits 11..8, level in bit 0, at the time of the words before.
pub(super) fn decode_evt3(bytes: &[u8]) -> Result<Decoded, FormatError> {
    let header = evt::read_header(bytes, true, Format::Evt3)?.map_or(0, |header| header.len);
    let mut high = TimeHigh::default();
    let mut base = None;
    let mut time = 0;
    let mut triggers = Triggers::default();
    let (words, damage) = words::<2>(bytes, header);
    for word in words {
        let word = u16::from_le_bytes(*word);
        let (kind, value) = (word >> 12, word & 0xfff);
        match (kind, base) {
            (evt3::TIME_HIGH, _) => {
                let upper = high.update(value.into(), evt3::TIME_BITS) << evt3::TIME_BITS;
                // As for events: repeated, it does not change the time.
                if base != Some(upper) {
                    (base, time) = (Some(upper), upper);
                }
            }
            (evt3::TIME_LOW, Some(base)) => time = base + i64::from(value),
            (kind, Some(_)) if u32::from(kind) == EXT_TRIGGER => {
                let kind = edge(value.into());
                triggers.push(Trigger { t: time, channel: (value >> 8) as u8, kind });
            }
            _ => {}
        }
    }
    Ok((triggers, damage))
}

/// The whole words after the header, and the damage if the last one is cut.
fn words<const N: usize>(bytes: &[u8], header: usize) -> (&[[u8; N]], Option<FormatError>) {
    let (words, rest) = bytes[header..].as_chunks();
    let n = rest.len();
    let problem = format!("the file ends too early, {n} bytes into a word of {N} bytes");
    (words, (n > 0).then(|| FormatError::new(bytes.len() - n, problem)))
}

//! Triggers of AEDAT 4.0 files: packets `TRIG` with a list of tables `{ timestamp: i64, type: i8 }`.

use super::Decoded;
use crate::events::{Trigger, TriggerKind, Triggers};
use crate::format::FormatError;
use crate::format::aedat4::{Packets, read_header};
use crate::format::flatbuffer::Table;

/// DV's `TriggerType`, by number.
const KINDS: [TriggerKind; 10] = [
    TriggerKind::TimestampReset,
    TriggerKind::RisingEdge,
    TriggerKind::FallingEdge,
    TriggerKind::Pulse,
    TriggerKind::GeneratorRisingEdge,
    TriggerKind::GeneratorFallingEdge,
    TriggerKind::FrameStart,
    TriggerKind::FrameEnd,
    TriggerKind::ExposureStart,
    TriggerKind::ExposureEnd,
];

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, FormatError> {
    let mut triggers = Triggers::default();
    let Some(header) = read_header(bytes)? else {
        return Err(FormatError::new(bytes.len(), "the file ends within its header"));
    };
    let Some((stream, _)) = header.stream("TRIG")? else { return Ok((triggers, None)) };
    let body = &bytes[header.len..];
    let mut packets = Packets::new(&header, stream);
    let read = packets.each(body, |packet| append(packet, &mut triggers));
    let damage = match read.map(|read| body.len() - read) {
        Ok(0) => None,
        Ok(n) => {
            let problem = format!("the file ends too early, {n} bytes into a packet");
            Some(FormatError::new(bytes.len() - n, problem))
        }
        Err(error) => Some(error.behind(header.len)),
    };
    Ok((triggers, damage))
}

fn append(packet: &[u8], triggers: &mut Triggers) -> Result<(), String> {
    let table = Table::root(packet, b"TRIG").ok_or("expected a packet of triggers")?;
    if !table.has(0) {
        return Ok(());
    }
    let elements = table.tables(0).ok_or("a list of triggers that is longer than its packet")?;
    for element in elements {
        let element = element.ok_or("a trigger beyond the end of its packet")?;
        // Fields with the value 0 are left out.
        let number = element.i8(1).unwrap_or(0);
        let kind = usize::try_from(number).ok().and_then(|number| KINDS.get(number));
        let kind = kind.copied().unwrap_or(TriggerKind::Other(number));
        triggers.push(Trigger { t: element.i64(0).unwrap_or(0), channel: 0, kind });
    }
    Ok(())
}

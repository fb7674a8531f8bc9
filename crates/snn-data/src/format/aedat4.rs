//! AEDAT 4.0.
//!
//! The magic line; a header in a FlatBuffer, which says how packets are packed, where they end, and in
//! XML which streams there are; packets: i32 number of the stream, i32 size, a FlatBuffer, packed.

use std::io::Read;

use roxmltree::{Document, Node};
use ruzstd::decoding::StreamingDecoder;

use super::FormatError;
use super::decoder::{Decoder, Opened, each_word};
use super::flatbuffer::Table;
use crate::events::{Columns, Event, SensorSize};

const MAGIC: &[u8] = b"#!AER-DAT4.0\r\n";
/// Bytes that a byte may unpack to: as many as LZ4 can hold.
const EXPANSION: usize = 256;
/// Bytes that any packet may unpack to.
const SMALL: usize = 1 << 16;
/// The window that a reader of zstd should support at least (RFC 8878, 3.1.1.1.2).
const WINDOW: u64 = 8 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    None,
    Lz4,
    Zstd,
}

/// Start of a file: all before its packets.
pub(super) struct Header<'a> {
    pub len: usize,
    packing: Packing,
    /// Where packets end.
    end: Option<usize>,
    /// Description of the streams, XML.
    description: &'a str,
}

/// Reads the header. `None` if more bytes are needed.
pub(super) fn read_header(bytes: &[u8]) -> Result<Option<Header<'_>>, FormatError> {
    let start = bytes.len().min(MAGIC.len());
    if bytes[..start] != MAGIC[..start] {
        let problem = format!("expected {:?}", String::from_utf8_lossy(MAGIC));
        return Err(FormatError::new(0, problem));
    }
    let Some(head) = bytes.get(MAGIC.len()..) else { return Ok(None) };
    let Some((size, _)) = head.split_first_chunk::<4>() else { return Ok(None) };
    let len = 4 + u32::from_le_bytes(*size) as usize;
    let Some(head) = head.get(..len) else { return Ok(None) };
    let wrong = |problem| FormatError::new(MAGIC.len(), problem);
    let head = Table::root(head, b"IOHE").ok_or_else(|| wrong("expected a header".into()))?;
    let packing = match head.i32(0).unwrap_or(0) {
        0 => Packing::None,
        1 | 2 => Packing::Lz4,
        3 | 4 => Packing::Zstd,
        other => return Err(wrong(format!("packets packed in way {other}, which is not known"))),
    };
    let description = head.list(2, 1).and_then(|text| std::str::from_utf8(text).ok());
    // A recorder that was stopped has not written where its packets end.
    let end = head.i64(1).and_then(|at| usize::try_from(at).ok());
    let end = end.filter(|end| *end >= MAGIC.len() + len);
    let description = description.unwrap_or_default();
    Ok(Some(Header { len: MAGIC.len() + len, packing, end, description }))
}

impl Header<'_> {
    /// The stream with an identifier that has the lowest number, and the sensor that it names.
    pub(super) fn stream(
        &self,
        identifier: &str,
    ) -> Result<Option<(i32, Option<SensorSize>)>, FormatError> {
        let document = Document::parse(self.description)
            .map_err(|error| FormatError::new(MAGIC.len(), error.to_string()))?;
        let name = |node: &Node| node.attribute("name").map(str::to_owned);
        let attribute = |node: Node<'_, '_>, key| {
            let mut attributes = node.children().filter(|child| child.has_tag_name("attr"));
            let found = attributes.find(|child| child.attribute("key") == Some(key));
            found.and_then(|found| found.text()).map(str::to_owned)
        };
        let all = document.descendants().filter(|node| name(node).as_deref() == Some("outInfo"));
        let streams = all.flat_map(|node| node.children()).filter_map(|node| {
            let wanted = attribute(node, "typeIdentifier").as_deref() == Some(identifier);
            let number = name(&node)?.parse::<i32>().ok()?;
            wanted.then_some((number, node))
        });
        let Some((number, node)) = streams.min_by_key(|(number, _)| *number) else {
            return Ok(None);
        };
        let info = node.children().find(|child| name(child).as_deref() == Some("info"));
        let size = |key| attribute(info?, key)?.trim().parse::<u32>().ok();
        let sensor = size("sizeX").zip(size("sizeY"));
        Ok(Some((number, sensor.map(|(width, height)| SensorSize::new(width, height)))))
    }
}

/// Packets of one stream.
#[derive(Debug)]
pub(super) struct Packets {
    packing: Packing,
    stream: i32,
    /// Bytes before the next packet, from the start of the file.
    at: usize,
    /// Where packets end, and the table of them begins.
    end: Option<usize>,
    /// Buffer for the packet that is being read.
    unpacked: Vec<u8>,
}

impl Clone for Packets {
    /// The buffer is not part of the state.
    fn clone(&self) -> Self {
        Self { unpacked: Vec::new(), ..*self }
    }
}

impl Packets {
    pub(super) fn new(header: &Header<'_>, stream: i32) -> Self {
        let Header { packing, end, len, .. } = *header;
        Self { packing, stream, at: len, end, unpacked: Vec::new() }
    }

    /// Calls `read` with each whole packet of the stream, unpacked. Returns how many bytes the packets
    /// of all streams take.
    pub(super) fn each(
        &mut self,
        bytes: &[u8],
        mut read: impl FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<usize, FormatError> {
        let mut at = 0;
        loop {
            if self.end.is_some_and(|end| self.at >= end) {
                // The table of packets.
                self.at += bytes.len() - at;
                return Ok(bytes.len());
            }
            let Some((head, rest)) = bytes[at..].split_first_chunk::<8>() else { return Ok(at) };
            let [a, b, c, d, e, f, g, h] = *head;
            let stream = i32::from_le_bytes([a, b, c, d]);
            let size = i32::from_le_bytes([e, f, g, h]);
            let room = self.end.map_or(usize::MAX, |end| end - self.at);
            let len = usize::try_from(size).ok().filter(|len| len.saturating_add(8) <= room);
            let Some(len) = len else {
                return Err(FormatError::new(at + 4, format!("a packet of {size} bytes")));
            };
            let Some(packet) = rest.get(..len) else { return Ok(at) };
            if stream == self.stream {
                let unpacked = unpack(self.packing, packet, &mut self.unpacked).and_then(&mut read);
                unpacked.map_err(|problem| FormatError::new(at + 8, problem))?;
            }
            at += 8 + len;
            self.at += 8 + len;
        }
    }
}

fn unpack<'a>(
    packing: Packing,
    packed: &'a [u8],
    buffer: &'a mut Vec<u8>,
) -> Result<&'a [u8], String> {
    match packing {
        Packing::None => Ok(packed),
        Packing::Lz4 => read_bounded(lz4_flex::frame::FrameDecoder::new(packed), packed, buffer),
        Packing::Zstd => {
            let decoder = StreamingDecoder::new_with_max_window_size(packed, WINDOW);
            let decoder = decoder.map_err(|error| error.to_string())?;
            read_bounded(decoder, packed, buffer)
        }
    }
}

#[derive(Debug, Clone)]
struct Aedat4(Packets);

pub(super) fn open(bytes: &[u8]) -> Result<Option<Opened>, FormatError> {
    let Some(header) = read_header(bytes)? else { return Ok(None) };
    let Some((stream, sensor)) = header.stream("EVTS")? else {
        return Err(FormatError::new(MAGIC.len(), "there is no stream of events"));
    };
    Ok(Some(Opened::new(Aedat4(Packets::new(&header, stream)), sensor, header.len)))
}

impl Decoder for Aedat4 {
    fn feed(&mut self, bytes: &[u8], events: &mut Columns) -> Result<usize, FormatError> {
        self.0.each(bytes, |packet| append(packet, events))
    }
}

/// Appends the events of a packet.
fn append(packet: &[u8], events: &mut Columns) -> Result<(), String> {
    let table = Table::root(packet, b"EVTS").ok_or("expected a packet of events")?;
    if !table.has(0) {
        return Ok(());
    }
    let list = table.list(0, 16).ok_or("a list of events that is longer than its packet")?;
    let (words, _) = list.as_chunks::<16>();
    each_word(words, events, |word, block, len| {
        let &[a, b, c, d, e, f, g, h, x, x_high, y, y_high, on, ..] = word;
        let event = Event {
            t: i64::from_le_bytes([a, b, c, d, e, f, g, h]),
            x: u16::from_le_bytes([x, x_high]),
            y: u16::from_le_bytes([y, y_high]),
            p: on != 0,
        };
        block.put(len, event, true)
    });
    Ok(())
}

/// Unpacks, but not more than what a packet of that size can be.
fn read_bounded<'a>(
    from: impl Read,
    packed: &[u8],
    to: &'a mut Vec<u8>,
) -> Result<&'a [u8], String> {
    let limit = packed.len().saturating_mul(EXPANSION) + SMALL;
    to.clear();
    from.take(limit as u64 + 1).read_to_end(to).map_err(|error| error.to_string())?;
    if to.len() > limit {
        return Err(format!("{} bytes that unpack to more than {limit}", packed.len()));
    }
    Ok(to)
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use super::*;
    use crate::format::Format;
    use crate::format::tests::{events, rows};

    /// A table with an identifier, of fields of 4 bytes or offsets to a list behind it.
    pub(in crate::format) fn buffer(identifier: &[u8; 4], fields: &[Field]) -> Vec<u8> {
        let list_len = 4 + 2 * fields.len();
        let table = 8 + list_len;
        let mut bytes = (table as u32).to_le_bytes().to_vec();
        bytes.extend(identifier);
        bytes.extend((list_len as u16).to_le_bytes());
        bytes.extend((4 + 8 * fields.len() as u16).to_le_bytes());
        (0..fields.len()).for_each(|index| bytes.extend((4 + 8 * index as u16).to_le_bytes()));
        bytes.extend((list_len as i32).to_le_bytes());
        let mut behind = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            match field {
                Field::Number(number) => bytes.extend(number.to_le_bytes()),
                Field::List(len, content) => {
                    let left = 8 * (fields.len() - index) + behind.len();
                    bytes.extend((left as u64).to_le_bytes());
                    behind.extend(len.to_le_bytes());
                    behind.extend(content);
                }
            }
        }
        bytes.extend(behind);
        [(bytes.len() as u32).to_le_bytes().to_vec(), bytes].concat()
    }

    pub(in crate::format) enum Field {
        Number(i64),
        List(u32, Vec<u8>),
    }

    pub(in crate::format) fn packet(rows: &[(i64, u16, u16, u8)]) -> Vec<u8> {
        let event = |row: &(i64, u16, u16, u8)| {
            let (t, x, y, on) = row;
            [&t.to_le_bytes()[..], &x.to_le_bytes(), &y.to_le_bytes(), &[*on, 0, 0, 0]].concat()
        };
        let content: Vec<u8> = rows.iter().flat_map(event).collect();
        buffer(b"EVTS", &[Field::List(rows.len() as u32, content)])
    }

    const STREAMS: &str = r#"<dv version="2.0"><node name="outInfo" path="/">
        <node name="0"><attr key="typeIdentifier" type="string">IMUS</attr></node>
        <node name="3"><attr key="typeIdentifier" type="string">EVTS</attr></node>
        <node name="1"><attr key="typeIdentifier" type="string">EVTS</attr>
            <node name="info"><attr key="sizeX" type="int">346</attr>
                <attr key="sizeY" type="int">260</attr></node></node>
    </node></dv>"#;

    #[test]
    fn a_copy_has_no_packet() {
        let unpacked = vec![0; 1 << 10];
        let packets = Packets { packing: Packing::Zstd, stream: 3, at: 7, end: Some(9), unpacked };
        let copy = packets.clone();
        assert_eq!((copy.packing, copy.stream, copy.at, copy.end), (Packing::Zstd, 3, 7, Some(9)));
        assert_eq!(copy.unpacked.capacity(), 0);
    }

    /// A file with packets, and a table behind them.
    pub(in crate::format) fn file(
        packing: i64,
        streams: &str,
        packets: &[(i32, Vec<u8>)],
    ) -> Vec<u8> {
        let mut body = Vec::new();
        for (stream, packet) in packets {
            body.extend(stream.to_le_bytes());
            body.extend((packet.len() as i32).to_le_bytes());
            body.extend(packet);
        }
        let head = |end| {
            let description = Field::List(streams.len() as u32, streams.as_bytes().to_vec());
            buffer(b"IOHE", &[Field::Number(packing), Field::Number(end), description])
        };
        let end = MAGIC.len() + head(0).len() + body.len();
        [MAGIC, &head(end as i64), &body, b"a table"].concat()
    }

    /// A file with these events, of a DAVIS346 by its header.
    pub(crate) fn recorded(rows: &[(i64, u16, u16, u8)]) -> Vec<u8> {
        file(1, STREAMS, &[(1, lz4(&packet(rows)))])
    }

    pub(in crate::format) fn lz4(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        ruzstd::encoding::compress_to_vec(bytes, level)
    }

    const ROWS: [(i64, u16, u16, u8); 2] = [(1 << 50, 345, 259, 1), (1 << 51, 0, 7, 0)];

    #[test]
    fn the_stream_with_the_lowest_number() {
        type Pack = fn(&[u8]) -> Vec<u8>;
        let packs: [Pack; 5] = [<[u8]>::to_vec, lz4, lz4, zstd, zstd];
        for (packing, pack) in packs.into_iter().enumerate() {
            let packets = [
                (0, b"something else".to_vec()),
                (1, pack(&packet(&ROWS[..1]))),
                (3, pack(&packet(&[(0, 9, 9, 0)]))),
                (1, pack(&packet(&[]))),
                (1, pack(&packet(&ROWS[1..]))),
            ];
            let read = events(Format::Aedat4, &file(packing as i64, STREAMS, &packets)).unwrap();
            assert_eq!(rows(&read), ROWS);
            assert_eq!((read.sensor().width, read.sensor().height), (346, 260));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |bytes: &[u8]| events(Format::Aedat4, bytes).unwrap_err();
        assert_eq!(error(b"#!AER-DAT3.1\r\n").offset, 0);
        assert_eq!(
            error(b"#!AER-DAT4.0\r\n\xff\xff\xff\x7f").problem,
            "the file ends within its header"
        );
        let no_events = STREAMS.replace("EVTS", "FRME");
        assert_eq!(error(&file(0, &no_events, &[])).problem, "there is no stream of events");
        assert_eq!(error(&file(0, "<dv>", &[])).offset, MAGIC.len());
        assert!(error(&file(5, STREAMS, &[])).problem.contains("way 5"));
        let whole = file(0, STREAMS, &[(1, packet(&ROWS))]);
        let start = whole.len() - b"a table".len() - packet(&ROWS).len() - 8;
        assert_eq!(error(&whole[..start + 20]).offset, start);
        // A list that is longer than its packet; a packet that is no FlatBuffer, or not packed.
        let mut long = packet(&ROWS);
        let count = long.len() - 2 * 16 - 4;
        long[count] = 3;
        assert_eq!(error(&file(0, STREAMS, &[(1, long)])).offset, start + 8);
        for packing in [0, 1, 3] {
            assert_eq!(error(&file(packing, STREAMS, &[(1, vec![7; 40])])).offset, start + 8);
        }
        let outside = file(0, STREAMS, &[(1, packet(&[(0, 346, 0, 0)]))]);
        assert_eq!(error(&outside).offset, start);
        // A size that goes beyond the table.
        let mut beyond = whole;
        beyond[start + 4..start + 8].copy_from_slice(&i32::MAX.to_le_bytes());
        assert_eq!(error(&beyond).offset, start + 4);
    }

    #[test]
    fn a_packet_that_unpacks_to_far_more_is_refused() {
        // zstd alone packs zeros closer than the limit.
        let bomb = zstd(&vec![0; 1 << 22]);
        assert!(bomb.len() * EXPANSION + SMALL < 1 << 22, "{}", bomb.len());
        let problem = events(Format::Aedat4, &file(3, STREAMS, &[(1, bomb)])).unwrap_err().problem;
        assert!(problem.contains("unpack to more than"), "{problem}");
    }
}

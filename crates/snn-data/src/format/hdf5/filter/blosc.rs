//! Blosc (<https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst>, filter 32001).

use super::bits::{unshuffle, unshuffle_bits};
use super::codec::{Codec, Scratch};
use super::{Bytes, Problem};

/// Version, version of the codec, flags, size of an element, then u32: size, size of a block, size
/// packed.
const HEADER: usize = 16;

const SHUFFLED: u8 = 0x01;
const COPIED: u8 = 0x02;
const BITS_SHUFFLED: u8 = 0x04;
const UNSPLIT: u8 = 0x10;

/// Streams of a block, at most.
const MAX_STREAMS: usize = 16;

/// Bytes that a stream of a split block has at least.
const SMALLEST_STREAM: usize = 128;

struct Header {
    flags: u8,
    element: usize,
    size: usize,
    block: usize,
    codec: Codec,
}

/// Appends the bytes of a chunk, `limit` at most.
///
/// After the header comes the start of each block, then the blocks. A block is one stream, or one for
/// each byte of an element; a stream is its size, u32, and that many bytes. A stream that is as long as
/// what it stands for is not compressed.
pub(super) fn unpack(
    packed: &[u8],
    limit: usize,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let (header, packed) = Header::read(packed)?;
    let Header { size, block, .. } = header;
    if size > limit {
        return Err(format!("states {size} bytes, expected {limit} at most").into());
    }
    if header.flags & COPIED != 0 {
        let copied = packed.get(HEADER..HEADER + size).ok_or("ends before its copied bytes")?;
        out.extend_from_slice(copied);
        return Ok(());
    }
    if size == 0 {
        return Ok(());
    }
    if block == 0 {
        return Err("states blocks of 0 bytes".into());
    }
    let blocks = size.div_ceil(block);
    let table = blocks.checked_mul(4).and_then(|len| packed.get(HEADER..HEADER.checked_add(len)?));
    let (starts, _) = table.ok_or("ends within the starts of its blocks")?.as_chunks::<4>();
    // No two blocks share bytes, so a small chunk cannot stand for a large one again and again.
    let mut left = packed.len() - HEADER - 4 * blocks;
    let mut plain = Vec::new();
    for (index, start) in starts.iter().enumerate() {
        let len = block.min(size - index * block);
        let mut input = Bytes(packed);
        input.take(u32::from_le_bytes(*start) as usize)?;
        let whole = input.0.len();
        plain.clear();
        header.block(&mut input, len, scratch, &mut plain)?;
        left = left
            .checked_sub(whole - input.0.len())
            .ok_or("its blocks are larger than the chunk")?;
        header.reorder(&plain, out);
    }
    Ok(())
}

impl Header {
    /// Also gives the bytes without what follows the chunk.
    fn read(packed: &[u8]) -> Result<(Self, &[u8]), Problem> {
        let Some([version, _, flags, element, sizes @ ..]) = packed.first_chunk::<HEADER>() else {
            return Err("ends within its header".into());
        };
        if !(1..=2).contains(version) {
            return Err(format!("expected version 1 or 2, got {version}").into());
        }
        let (sizes, _) = sizes.as_chunks::<4>();
        let [size, block, whole] = [0, 1, 2].map(|k| u32::from_le_bytes(sizes[k]) as usize);
        let codec = match flags >> 5 {
            0 => Codec::BloscLz,
            1 => Codec::Lz4,
            3 => Codec::Zlib,
            4 => Codec::Zstd,
            // A copy is not compressed, whatever the bits say.
            _ if flags & COPIED != 0 => Codec::BloscLz,
            2 => {
                return Err(
                    "is packed by Snappy, which is not read; rewrite it with another codec".into(),
                );
            }
            other => return Err(format!("unknown codec {other}").into()),
        };
        if *element == 0 {
            return Err("states elements of 0 bytes".into());
        }
        let packed = packed.get(..whole).ok_or("is shorter than it states")?;
        if whole < HEADER {
            return Err("states a size below that of its header".into());
        }
        Ok((Self { flags: *flags, element: usize::from(*element), size, block, codec }, packed))
    }

    fn block(
        &self,
        input: &mut Bytes<'_>,
        len: usize,
        scratch: &mut Scratch,
        plain: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        // The flag alone does not split: small blocks, long elements and the last block never are.
        let split = self.flags & UNSPLIT == 0
            && len == self.block
            && len % self.element == 0
            && self.element <= MAX_STREAMS
            && len / self.element >= SMALLEST_STREAM;
        let streams = if split { self.element } else { 1 };
        for _ in 0..streams {
            let n = len / streams;
            let stream = u32::from_le_bytes(input.array()?) as usize;
            let stream = input.take(stream)?;
            if stream.len() == n {
                plain.extend_from_slice(stream);
            } else {
                self.codec.unpack_exactly(stream, n, scratch, plain)?;
            }
        }
        Ok(())
    }

    /// Appends a block in the order of its elements.
    fn reorder(&self, plain: &[u8], out: &mut Vec<u8>) {
        let elements = plain.len() / self.element;
        if self.flags & SHUFFLED != 0 {
            unshuffle(plain, self.element, out);
        } else if self.flags & BITS_SHUFFLED != 0 && elements % 8 == 0 {
            let (shuffled, rest) = plain.split_at(elements * self.element);
            unshuffle_bits(shuffled, self.element, out);
            out.extend_from_slice(rest);
        } else {
            out.extend_from_slice(plain);
        }
    }
}

//! The filters LZ4 (32004) and bitshuffle (32008), which cut a chunk into blocks.
//!
//! LZ4 (<https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md>):
//! big-endian, the size of all bytes, u64, and that of a block, u32; then for each block its packed size,
//! u32, and its bytes. A block that is as long as its bytes is not compressed.
//!
//! Bitshuffle (<https://github.com/kiyo-masui/bitshuffle>): the same frame where it compresses; a
//! block is shuffled, then compressed, always. Elements beyond the last multiple of 8 follow the blocks
//! as they are. Where it does not compress there is no frame.

use super::bits::unshuffle_bits;
use super::codec::{Codec, Scratch};
use super::{Bytes, Problem};

/// Options of bitshuffle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bitshuffle {
    /// Bytes of an element.
    pub element: usize,
    /// Elements of a block where no frame states it; 0 for the default.
    pub block: usize,
    pub codec: Option<Codec>,
}

/// Bytes that a block has by default.
const TARGET: usize = 8192;

/// Elements that a block has at least by default.
const SMALLEST: usize = 128;

/// Appends the bytes of a chunk packed by the filter LZ4, `limit` at most.
pub(super) fn unpack_lz4(
    packed: &[u8],
    limit: usize,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let mut input = Bytes(packed);
    let (size, block) = frame(&mut input, limit)?;
    let mut left = size;
    while left > 0 {
        let n = block.min(left);
        let stream = input.sized_be()?;
        if stream.len() == n {
            out.extend_from_slice(stream);
        } else {
            Codec::Lz4.unpack_exactly(stream, n, scratch, out)?;
        }
        left -= n;
    }
    Ok(())
}

/// Sizes of all bytes and of a block.
fn frame(input: &mut Bytes<'_>, limit: usize) -> Result<(usize, usize), Problem> {
    let size = u64::from_be_bytes(input.array()?);
    let block = u32::from_be_bytes(input.array()?) as usize;
    let size = usize::try_from(size).ok().filter(|size| *size <= limit);
    let size = size.ok_or_else(|| format!("states more than the {limit} bytes expected"))?;
    if size > 0 && block == 0 {
        return Err("states blocks of 0 bytes".into());
    }
    Ok((size, block))
}

impl Bitshuffle {
    /// Appends the bytes of a chunk, `limit` at most.
    pub fn unpack(
        self,
        packed: &[u8],
        limit: usize,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        let mut input = Bytes(packed);
        let size = self.element;
        let (bytes, block) = match self.codec {
            Some(_) => frame(&mut input, limit)?,
            None if packed.len() > limit => return Err("more bytes than its chunk has".into()),
            None => (packed.len(), size.saturating_mul(self.block())),
        };
        let block = block / size;
        if bytes > 0 && (block == 0 || block % 8 != 0) {
            return Err(format!("expected blocks of a multiple of 8 elements, got {block}").into());
        }
        let elements = bytes / size;
        let (mut left, mut shuffled) = (elements - elements % 8, Vec::new());
        while left > 0 {
            let n = block.min(left) * size;
            match self.codec {
                Some(codec) => {
                    shuffled.clear();
                    codec.unpack_exactly(input.sized_be()?, n, scratch, &mut shuffled)?;
                    unshuffle_bits(&shuffled, size, out);
                }
                None => unshuffle_bits(input.take(n)?, size, out),
            }
            left -= n / size;
        }
        let rest = elements % 8 * size + bytes % size;
        out.extend_from_slice(input.take(rest)?);
        Ok(())
    }

    /// Elements of a block.
    fn block(self) -> usize {
        match self.block {
            0 => (TARGET / self.element / 8 * 8).max(SMALLEST),
            block => block,
        }
    }
}

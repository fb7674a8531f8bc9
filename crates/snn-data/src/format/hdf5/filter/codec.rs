//! Compressors of one run of bytes.

use std::fmt::Display;
use std::io::Read;

use flate2::bufread::ZlibDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use super::{Problem, lz};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    BloscLz,
    Lz4,
    Lzf,
    Zlib,
    Zstd,
}

/// State of the decompressors, which serves all chunks of a dataset.
#[derive(Default)]
pub(super) struct Scratch {
    zstd: FrameDecoder,
}

/// Output of LZ4 per byte of input: a byte adds 255 to the length of a match at most.
const LZ4_DENSEST: usize = 255;

/// The windows of zstd that are always, and never, accepted. In between, a window is as large as the
/// output at most (RFC 8878, 3.1.1.1.2).
const ZSTD_WINDOWS: (u64, u64) = (8 << 20, 128 << 20);

impl Codec {
    /// Output per byte of input, at most. No memory is set aside for more.
    pub fn densest(self) -> u64 {
        match self {
            Self::BloscLz | Self::Lz4 => 256,
            // 264 bytes for 3.
            Self::Lzf => 88,
            // 258 bytes for 2 bits.
            Self::Zlib => 1032,
            // A block of 128 KiB for 4 bytes.
            Self::Zstd => 1 << 15,
        }
    }

    /// Appends what `packed` decompresses to, `limit` bytes at most. The output grows with what is
    /// found, never by a size that is only stated.
    pub fn unpack(
        self,
        packed: &[u8],
        limit: usize,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        match self {
            Self::BloscLz => lz::blosclz(packed, limit, out),
            Self::Lzf => lz::lzf(packed, limit, out),
            Self::Lz4 => {
                let start = out.len();
                out.resize(start + limit.min(packed.len().saturating_mul(LZ4_DENSEST)), 0);
                let written = lz4_flex::block::decompress_into(packed, &mut out[start..]);
                out.truncate(start + written.map_err(|error| text("LZ4", error))?);
                Ok(())
            }
            Self::Zlib => read("zlib", ZlibDecoder::new(packed), limit, out),
            Self::Zstd => {
                let (always, never) = ZSTD_WINDOWS;
                scratch.zstd.set_max_window_size((limit as u64).clamp(always, never));
                let decoder = StreamingDecoder::new_with_decoder(packed, &mut scratch.zstd);
                read("zstd", decoder.map_err(|error| text("zstd", error))?, limit, out)
            }
        }
    }

    /// [`unpack`](Self::unpack) of a run that decompresses to `len` bytes.
    pub fn unpack_exactly(
        self,
        packed: &[u8],
        len: usize,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        let start = out.len();
        self.unpack(packed, len, scratch, out)?;
        let found = out.len() - start;
        if found == len {
            Ok(())
        } else {
            Err(format!("expected {len} bytes, found {found}").into())
        }
    }
}

fn text(codec: &str, error: impl Display) -> Problem {
    format!("{codec}: {error}").into()
}

fn read(codec: &str, from: impl Read, limit: usize, out: &mut Vec<u8>) -> Result<(), Problem> {
    let read = from.take(limit as u64 + 1).read_to_end(out);
    if read.map_err(|error| text(codec, error))? > limit {
        return Err(format!("{codec}: more than {limit} bytes").into());
    }
    Ok(())
}
